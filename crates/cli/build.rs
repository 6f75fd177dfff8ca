//! Puts the commit of the source tree into the binary, for `openclaw --version`.
//!
//! `OPENCLAW_COMMIT` wins (container builds have no `.git`); then git is asked; else the commit is `unknown`.

use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo:rerun-if-env-changed=OPENCLAW_COMMIT");
    // Only existing files: a missing one would make cargo run this script on every build.
    for file in ["../../.git/HEAD", "../../.git/logs/HEAD"] {
        if Path::new(file).exists() {
            println!("cargo:rerun-if-changed={file}");
        }
    }
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rustc-env=OPENCLAW_COMMIT={}", commit());
}

fn commit() -> String {
    let given = std::env::var("OPENCLAW_COMMIT").ok();
    given
        .or_else(ask_git)
        .filter(|commit| is_hex(commit))
        .map_or_else(|| "unknown".to_owned(), |commit| commit.chars().take(7).collect())
}

fn ask_git() -> Option<String> {
    let output = Command::new("git").args(["rev-parse", "HEAD"]).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn is_hex(text: &str) -> bool {
    text.len() >= 7 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
