//! Starting other programs: from the repository's root, with their output shown as it comes.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result, bail};

/// The repository's root: this crate lives one level below it.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new(".")).to_path_buf()
}

/// Where cargo puts what it builds, asked of cargo because a developer may have moved it.
pub(crate) fn target_dir() -> Result<PathBuf> {
    let metadata = metadata(&["--no-deps"])?;
    let dir = metadata["target_directory"].as_str().context("cargo metadata names no target directory")?;
    Ok(PathBuf::from(dir))
}

/// The answer of `cargo metadata` with `extra` arguments.
pub(crate) fn metadata(extra: &[&str]) -> Result<serde_json::Value> {
    let out = output(cargo().args(["metadata", "--format-version", "1", "--locked"]).args(extra))?;
    serde_json::from_str(&out).context("cargo metadata did not answer in JSON")
}

/// The cargo that started this chore, so that a pinned toolchain stays pinned.
pub(crate) fn cargo() -> Command {
    let mut cargo = command(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    if PAGE_REQUIRED.load(Ordering::Relaxed) && std::env::var_os("OPENCLAW_UI").is_none() {
        cargo.env("OPENCLAW_UI", "required");
    }
    cargo
}

/// Whether a build without the browser app is a failure.
static PAGE_REQUIRED: AtomicBool = AtomicBool::new(false);

/// From now on cargo fails where the browser app cannot be built, unless the environment wishes otherwise.
pub(crate) fn require_page() {
    PAGE_REQUIRED.store(true, Ordering::Relaxed);
}

/// A command that runs in the repository's root.
pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(root());
    command
}

/// Runs `command`, shows what it prints, and fails unless it succeeds.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command
        .stdin(Stdio::null())
        .status()
        .with_context(|| format!("could not start {}", name(command)))?;
    if !status.success() {
        bail!("{} ended with {status}", name(command));
    }
    Ok(())
}

/// Runs `command` and returns its standard output; its standard error goes through.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let out = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("could not start {}", name(command)))?;
    if !out.status.success() {
        bail!("{} ended with {}", name(command), out.status);
    }
    String::from_utf8(out.stdout).with_context(|| format!("{} did not print UTF-8", name(command)))
}

/// Runs a test runner: shows what it prints and returns the lines in which it sums itself up, also when it failed.
pub(crate) fn run_tests(command: &mut Command) -> (Vec<String>, Result<()>) {
    let mut summaries = Vec::new();
    let result = tee(command, |line| {
        let line = line.trim();
        // cargo-nextest, libtest and Vitest, in this order; libtest also tells of rooms that have no test of the kind.
        let empty = line.contains(" 0 passed; 0 failed");
        let vitest = line.starts_with("Test Files  ") || line.starts_with("Tests  ");
        if line.starts_with("Summary [") || (line.starts_with("test result:") && !empty) || vitest {
            summaries.push(line.to_owned());
        }
    });
    (summaries, result)
}

/// Runs `command` with both outputs going through this process line by line.
fn tee(command: &mut Command, mut seen: impl FnMut(&str)) -> Result<()> {
    let (reader, writer) = std::io::pipe().context("could not make a pipe")?;
    let mut child = command
        .stdin(Stdio::null())
        .stdout(writer.try_clone().context("could not share a pipe")?)
        .stderr(writer)
        .spawn()
        .with_context(|| format!("could not start {}", name(command)))?;
    // The command holds the writing ends too; without letting go of them the reader below would never see the end.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    for line in BufReader::new(reader).split(b'\n') {
        let line = line.context("could not read what the tests print")?;
        let line = String::from_utf8_lossy(&line);
        println!("{line}");
        seen(&line);
    }
    let status = child.wait().context("could not wait for the tests")?;
    if !status.success() {
        bail!("{} ended with {status}", name(command));
    }
    Ok(())
}

/// The command as a person would write it, shortened to its program and first words.
fn name(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    let mut words = vec![program.to_string_lossy().into_owned()];
    words.extend(command.get_args().take(3).map(|word| word.to_string_lossy().into_owned()));
    format!("`{}`", words.join(" "))
}
