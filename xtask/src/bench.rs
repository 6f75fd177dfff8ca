//! `cargo xtask bench`: builds the release binary and the load generator, and measures.

use anyhow::Result;

use crate::run;

/// Hands `words` to the load generator: suites and its options; none means everything.
pub(crate) fn run(words: &[&str]) -> Result<()> {
    run::run(run::cargo().args(["build", "--release", "-p", "openclaw", "-p", "openclaw-bench"]))?;
    run::run(run::command(run::target_dir()?.join("release/openclaw-bench")).args(words))
}
