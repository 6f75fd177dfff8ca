//! `cargo xtask test`: everything that has to hold before a change lands, cheapest first.

use anyhow::Result;

use crate::report::Report;
use crate::{deny, mutants, prepare, run, stranger, tools, web};

/// The tests that start the real binary.
const WHOLE_PROGRAM: &str = "package(openclaw-tests) and not test(/^reference::/)";
/// The tests in which OpenClaw's published client talks to it.
const REFERENCE: &str = "package(openclaw-tests) and test(/^reference::/)";

/// Does every step, or those whose name contains `word`.
pub(crate) fn run(word: Option<&str>) -> Result<()> {
    run::require_page();
    let mut report = Report::only(word);
    report.step("format", || run::run(run::cargo().args(["fmt", "--all", "--check"])));
    report.step("dependencies (deny.toml)", deny::check);
    report.step("page: packages and their licences", || web::install().and_then(|()| web::licences()));
    report.step("page: lints (biome)", web::lint);
    report.step("page: types (tsc)", web::types);
    report.tests("page: unit tests (vitest)", web::tests);
    report.step("page: size of the first view", web::size);
    report.step("lints", || {
        let clippy =
            ["clippy", "--quiet", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"];
        run::run(run::cargo().args(clippy))
    });
    report.step("docs", || {
        let doc = ["doc", "--quiet", "--workspace", "--no-deps", "--locked"];
        run::run(run::cargo().args(doc).env("RUSTDOCFLAGS", "-D warnings"))
    });
    report.step("tools and reference client", || {
        tools::nextest()?;
        prepare::prepare().map(drop)
    });
    report.tests("unit and property tests", || nextest("not package(openclaw-tests)"));
    report.tests("documentation tests", || {
        run::run_tests(run::cargo().args(["test", "--quiet", "--workspace", "--doc", "--locked"]))
    });
    report.tests("whole-program tests", || nextest(WHOLE_PROGRAM));
    report.tests("whole-program tests as an unprivileged user", stranger::run);
    report.tests("reference client", || nextest(REFERENCE));
    report.step("mutants of the admission decision", || mutants::check(None));
    report.finish()
}

/// Runs the tests that `filter` selects. Always over the whole workspace, so that one set of features is compiled.
fn nextest(filter: &str) -> (Vec<String>, Result<()>) {
    match tools::nextest() {
        Ok(mut command) => run::run_tests(command.args(["run", "--workspace", "--locked", "-E", filter])),
        Err(error) => (Vec::new(), Err(error)),
    }
}
