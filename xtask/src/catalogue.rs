//! `cargo xtask catalogue`: takes one cause's sentence, then its fix, out of the catalogue of refusals, and demands
//! that the tests named after the cause notice. What no test misses could say anything.
//!
//! One copy of the sources is built. In it every function that makes a help asks the environment which part of which
//! cause to leave out; the program itself knows nothing of that.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};

use crate::{copy, prepare, run, stranger};

/// How the copy is told: `C-01:sentence` or `C-01:fix`. The harness of the tests passes it on.
const VARIABLE: &str = "OPENCLAW_TEST_BLANK";
/// The causes of the acceptance list.
const CAUSES: u32 = 21;
/// Causes where only waiting helps: there is no fix to leave out.
const WITHOUT_FIX: [&str; 1] = ["C-13"];

/// What the copy has in addition, in the module of refusals.
const BLANKED: &str = r#"
/// The help without the part that the environment says to leave out.
pub fn blanked(mut help: Help) -> Help {
    let told = std::env::var("OPENCLAW_TEST_BLANK").unwrap_or_default();
    match told.split_once(':') {
        Some((cause, "sentence")) if cause == help.cause.id() => help.sentence.clear(),
        Some((cause, "fix")) if cause == help.cause.id() => help.fix = None,
        _ => {}
    }
    help
}
"#;

/// Takes out both parts of every cause whose id contains `word`.
pub(crate) fn check(word: Option<&str>) -> Result<()> {
    let began = Instant::now();
    let work = run::target_dir()?.join("catalogue");
    let binary = patched_binary(&work)?;
    let tests = Tests { program: stranger::test_binary()?, prepared: prepare::prepare()?, binary };
    let causes: Vec<String> = (1..=CAUSES)
        .map(|number| format!("C-{number:02}"))
        .filter(|cause| word.is_none_or(|word| cause.contains(word)))
        .collect();
    let mut complaints = Vec::new();
    for cause in &causes {
        match tests.pass(cause, None)? {
            Passed::None => complaints.push(format!("{cause}: no test is named after it")),
            Passed::No => complaints.push(format!("{cause}: its tests fail before anything is left out")),
            Passed::Yes => {
                let parts = ["sentence", "fix"];
                for part in
                    parts.iter().filter(|part| **part == "sentence" || !WITHOUT_FIX.contains(&cause.as_str()))
                {
                    let missed = matches!(tests.pass(cause, Some(part))?, Passed::No);
                    println!("{}  {cause} without its {part}", if missed { "missed  " } else { "UNNOTICED" });
                    if !missed {
                        complaints.push(format!("{cause}: nobody misses its {part}"));
                    }
                }
            }
        }
    }
    println!(
        "catalogue: {} causes, {} complaints, {:.0} s",
        causes.len(),
        complaints.len(),
        began.elapsed().as_secs_f64()
    );
    if complaints.is_empty() { Ok(()) } else { bail!("{}", complaints.join("; ")) }
}

/// How a cause's tests went.
enum Passed {
    Yes,
    No,
    /// There are none.
    None,
}

/// The whole-program tests, to be run against the copy.
struct Tests {
    program: PathBuf,
    prepared: prepare::Prepared,
    binary: PathBuf,
}

impl Tests {
    /// Runs those of a cause.
    fn pass(&self, cause: &str, part: Option<&str>) -> Result<Passed> {
        let name = format!("::{}_", cause.to_lowercase().replace('-', "_"));
        let mut command = Command::new(&self.program);
        command.arg(&name).current_dir(run::root().join("tests"));
        command.envs(self.prepared.variables()).env("OPENCLAW_TEST_BINARY", &self.binary);
        match part {
            Some(part) => command.env(VARIABLE, format!("{cause}:{part}")),
            None => command.env_remove(VARIABLE),
        };
        let output = command.output().context("the tests did not start")?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        if text.contains("running 0 tests") {
            return Ok(Passed::None);
        }
        if part.is_none() && !output.status.success() {
            println!("{text}{}", String::from_utf8_lossy(&output.stderr));
        }
        Ok(if output.status.success() { Passed::Yes } else { Passed::No })
    }
}

/// Builds the copy and returns its binary.
fn patched_binary(work: &Path) -> Result<PathBuf> {
    let mut files = copy::workspace(&[], "cli")?;
    let mut functions = 0;
    for (name, content) in
        files.iter_mut().filter(|(name, _)| name.extension().is_some_and(|end| end == "rs"))
    {
        let own = name.starts_with("crates/protocol");
        let path = if own { "crate::refusal::blanked" } else { "openclaw_protocol::refusal::blanked" };
        let (patched, count) = patch(std::str::from_utf8(content)?, path);
        functions += count;
        if count > 0 {
            *content = patched.into_bytes();
        }
    }
    // The catalogue has dozens of them; fewer would mean that they are written in a way that is not found here.
    ensure!(functions > 20, "only {functions} functions that make a help were found");
    let module =
        files.get_mut(Path::new("crates/protocol/src/refusal.rs")).context("the catalogue has moved")?;
    let at = find(module, b"#[cfg(test)]").unwrap_or(module.len());
    module.splice(at..at, BLANKED.bytes());
    let tree = work.join("tree");
    copy::write(&files, &tree)?;
    let build = work.join("build");
    let mut cargo = run::cargo();
    // Nothing is left out of the page: it has these words from the gateway.
    cargo.args(["build", "--quiet", "-p", "openclaw"]).current_dir(&tree).env("OPENCLAW_UI", "off");
    run::run(cargo.env("CARGO_TARGET_DIR", &build).env("RUSTFLAGS", "-Awarnings"))
        .context("the copy does not compile")?;
    Ok(build.join("debug/openclaw"))
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).rposition(|window| window == wanted)
}

/// Sends what every function returns that returns a help through `path`. The sources are formatted, so a function ends
/// with the first brace that stands as far to the left as its head.
fn patch(source: &str, path: &str) -> (String, usize) {
    let mut patched = String::with_capacity(source.len());
    let mut ends: Vec<String> = Vec::new();
    let mut count = 0;
    for line in source.lines() {
        let indent = &line[..line.len() - line.trim_start().len()];
        if line.ends_with("-> Help {") && !line.contains("const fn") && !line.trim_start().starts_with("//") {
            patched.push_str(&format!("{line}\n{path}((|| {{\n"));
            ends.push(format!("{indent}}}"));
            count += 1;
        } else if ends.last().is_some_and(|end| end == line) {
            ends.pop();
            patched.push_str(&format!("}})())\n{line}\n"));
        } else {
            patched.push_str(line);
            patched.push('\n');
        }
    }
    (patched, count)
}

#[cfg(test)]
mod tests {
    use super::patch;

    #[test]
    fn every_function_that_returns_a_help_is_wrapped() {
        let source = "impl A {\n    fn help(&self) -> Help {\n        if x {\n            y\n        }\n    }\n}\nfn other() -> u8 {\n}\n";
        let expected = "impl A {\n    fn help(&self) -> Help {\np((|| {\n        if x {\n            y\n        }\n})())\n    }\n}\nfn other() -> u8 {\n}\n";
        assert_eq!(patch(source, "p"), (expected.to_owned(), 1));
    }
}
