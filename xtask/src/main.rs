//! The project's own chores. Nothing here is needed to run the gateway.
//!
//! `cargo xtask test` is what a developer runs before a commit and what CI runs after it; `prepare` fetches and builds
//! what the whole-program tests need; `interop` runs OpenClaw's own command lines against this gateway.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a chore talks to the person who started it")]

mod bench;
mod catalogue;
mod copy;
mod deny;
mod interop;
mod mutants;
mod prepare;
mod report;
mod run;
mod spdx;
mod stranger;
mod test;
mod tools;
mod ui;
mod web;

use std::process::ExitCode;

const USAGE: &str = "\
Usage: cargo xtask <chore>

  test      check everything: format, lints, docs, dependencies, all tests (what CI runs);
            `test <word>` does only the steps whose name contains the word
  prepare   build the binary and fetch the reference client that the whole-program tests use
  mutants   break one check of the admission decision at a time and demand that a test notices;
            `mutants <word>` breaks only those whose name contains the word
  catalogue take one cause's sentence or fix out of the catalogue of refusals at a time and demand that the
            tests named after the cause notice; `catalogue <word>` does only those whose id contains the word
  interop   run OpenClaw's own published command lines against this gateway (large download, own cache)
  bench     measure the release binary (start, memory, handshakes, storms; docs/performance.md);
            `bench <suite>` does only that
  ui build  build the page into target/ui and weigh it; `ui check` its lints, types and licences; `ui test` its unit tests
  ui portraits [folder]   draw every page and panel as the tests in Chromium meet them, wide and as a phone, light and dark
  ui figures              measure in Chromium how soon the page is there, what it weighs, and how it scrolls
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["test"] => test::run(None),
        ["test", word] => test::run(Some(word)),
        ["prepare"] => prepare::run(),
        ["interop"] => interop::run(),
        ["mutants"] => mutants::check(None),
        ["mutants", word] => mutants::check(Some(word)),
        ["catalogue"] => catalogue::check(None),
        ["catalogue", word] => catalogue::check(Some(word)),
        ["bench", words @ ..] => bench::run(words),
        ["ui", "build"] => web::install().and_then(|()| web::size()),
        ["ui", "check"] => web::check(),
        ["ui", "test"] => web::install().and_then(|()| web::tests().1),
        ["ui", "portraits"] => ui::portraits(None),
        ["ui", "portraits", folder] => ui::portraits(Some(folder)),
        ["ui", "figures"] => ui::figures(),
        ["help" | "--help" | "-h"] => {
            print!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        _ => {
            eprint!("{USAGE}");
            return ExitCode::FAILURE;
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
