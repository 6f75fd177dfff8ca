//! What `--version` says.

/// The calendar version of this program.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// `OpenClaw <version> (<commit>)` (cli §1.1).
pub(crate) fn line() -> String {
    format!("OpenClaw {VERSION} ({})", env!("OPENCLAW_COMMIT"))
}
