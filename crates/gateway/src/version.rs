//! What this build calls itself.

/// The calendar version of this build (ruling 6).
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
