//! Where the things under test are: what `cargo xtask prepare` told, or the places where it puts them.

use std::path::{Path, PathBuf};

/// The `openclaw` binary under test.
pub fn binary() -> PathBuf {
    if let Some(path) = std::env::var_os("OPENCLAW_TEST_BINARY") {
        return path.into();
    }
    // A test binary lies in `target/debug/deps`, what it tests two floors up.
    let own = std::env::current_exe().unwrap();
    let path = own.ancestors().nth(2).unwrap().join("openclaw");
    assert!(path.exists(), "{} is not built: run `cargo xtask prepare`", path.display());
    path
}

/// The published schema of protocol 4.
pub fn schema() -> PathBuf {
    if let Some(path) = std::env::var_os("OPENCLAW_TEST_SCHEMA") {
        return path.into();
    }
    reference().join("node_modules/@openclaw/gateway-protocol/protocol.schema.json")
}

/// The folder with OpenClaw's published client and the script that drives it.
pub fn reference() -> PathBuf {
    let told = std::env::var_os("OPENCLAW_TEST_REFERENCE");
    PathBuf::from(told.expect("OPENCLAW_TEST_REFERENCE is not set: run the tests with `cargo nextest run`"))
}

/// The Node.js that runs it.
pub fn node() -> PathBuf {
    std::env::var_os("OPENCLAW_TEST_NODE").unwrap_or_else(|| "node".into()).into()
}

/// The folder with the browser's driver, beside whose parents its packages lie; `None` when they are not installed.
pub fn browser() -> Option<PathBuf> {
    let told = std::env::var_os("OPENCLAW_TEST_BROWSER").map(PathBuf::from);
    let folder = told.unwrap_or_else(|| repository().join("crates/control-ui/web/e2e"));
    let packages = folder.parent()?.join("node_modules");
    packages.join("playwright-core").is_dir().then_some(folder)
}

/// Debian's Chromium; `None` where it is not installed.
pub fn chromium() -> Option<PathBuf> {
    let told = std::env::var_os("OPENCLAW_TEST_CHROMIUM").map(PathBuf::from);
    told.or_else(|| Some(PathBuf::from("/usr/bin/chromium")).filter(|path| path.exists()))
}

/// The root of this repository.
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// What `cargo xtask catalogue` tells the binary that it built to leave out of its messages.
pub fn left_out() -> Option<(&'static str, std::ffi::OsString)> {
    Some(("OPENCLAW_TEST_BLANK", std::env::var_os("OPENCLAW_TEST_BLANK")?))
}
