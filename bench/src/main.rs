//! Measures the gateway from outside: the real release binary, its own state directory, clients over real sockets.
//!
//! `cargo xtask bench` builds the binary and runs every suite; `cargo run --release -p openclaw-bench -- storm` runs
//! one. Bounds that do not depend on the machine's speed are asserted (exit code 1 when one breaks); speed is
//! reported beside its aim and never fails anything. What the figures were, and how to read them:
//! `docs/performance.md`.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a measurement talks to the person who started it"
)]

mod crowd;
mod device;
mod figures;
mod gateway;
mod peer;
mod place;
mod proc;
mod suites;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use crate::figures::Report;
use crate::place::Binary;
use crate::suites::{SUITES, Scale};

const USAGE: &str = "\
Usage: openclaw-bench [--quick] [--binary <path>] [<suite>...]

  --quick            a tenth of the devices, connections and runs: to see that it works
  --binary <path>    the openclaw binary to measure (default: the one beside this program)

Without a suite, all of them run, in this order:
";

/// What the command line asks for.
struct Asked {
    scale: Scale,
    binary: Option<PathBuf>,
    suites: Vec<String>,
}

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("openclaw-bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<bool> {
    let Some(asked) = parse(std::env::args().skip(1))? else {
        print!("{USAGE}");
        for suite in SUITES {
            println!("  {:<12} {}", suite.name, suite.what);
        }
        return Ok(true);
    };
    proc::raise_descriptor_limit();
    let binary = Binary::find(asked.binary)?;
    let mut report = Report::new(&binary);
    for suite in SUITES {
        if asked.suites.is_empty() || asked.suites.iter().any(|name| name == suite.name) {
            report.begin(suite.name, suite.what);
            (suite.run)(&binary, &asked.scale, &mut report)
                .with_context(|| format!("suite `{}`", suite.name))?;
        }
    }
    report.print_table();
    Ok(report.is_sound())
}

/// Reads the arguments; `None` when help was asked for.
fn parse(mut words: impl Iterator<Item = String>) -> Result<Option<Asked>> {
    let mut asked = Asked { scale: Scale::FULL, binary: None, suites: Vec::new() };
    while let Some(word) = words.next() {
        match word.as_str() {
            "--help" | "-h" | "help" => return Ok(None),
            "--quick" => asked.scale = Scale::QUICK,
            "--binary" => asked.binary = Some(words.next().context("--binary needs a path")?.into()),
            name if SUITES.iter().any(|suite| suite.name == name) => asked.suites.push(word),
            other => bail!("there is no suite `{other}`; `--help` lists them"),
        }
    }
    Ok(Some(asked))
}
