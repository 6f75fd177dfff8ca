//! The steps of a long chore: each announced, timed, and told again at the end.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// What has been done so far. The first failure stops the rest; the account is printed either way.
#[derive(Default)]
pub(crate) struct Report {
    /// With a word here, only the steps whose name contains it are done.
    only: Option<String>,
    steps: Vec<(String, Duration, bool)>,
    /// Lines in which the test runners summed themselves up.
    summaries: Vec<String>,
    failure: Option<String>,
}

impl Report {
    /// A report of the steps whose name contains `word`, or of all of them.
    pub(crate) fn only(word: Option<&str>) -> Report {
        Report { only: word.map(str::to_owned), ..Report::default() }
    }

    /// Does one step, unless an earlier one failed.
    pub(crate) fn step(&mut self, name: &str, work: impl FnOnce() -> Result<()>) {
        self.tests(name, || (Vec::new(), work()));
    }

    /// Does one step that runs tests and returns the runner's own summary lines.
    pub(crate) fn tests(&mut self, name: &str, work: impl FnOnce() -> (Vec<String>, Result<()>)) {
        let unwanted = self.only.as_ref().is_some_and(|word| !name.contains(word));
        if self.failure.is_some() || unwanted {
            return;
        }
        println!("\n── {name}");
        let started = Instant::now();
        let (summaries, result) = work();
        let took = started.elapsed();
        self.summaries.extend(summaries.into_iter().map(|line| format!("{line}  ({name})")));
        self.steps.push((name.to_owned(), took, result.is_ok()));
        if let Err(error) = result {
            println!("{name} failed: {error:#}");
            self.failure = Some(format!("{name}: {error:#}"));
        }
    }

    /// Tells what was done and how long it took; an error when a step failed.
    pub(crate) fn finish(self) -> Result<()> {
        println!("\n── Steps");
        for (name, took, ok) in &self.steps {
            let mark = if *ok { "ok    " } else { "FAILED" };
            println!("{mark} {:>7.1} s  {name}", took.as_secs_f64());
        }
        let total: Duration = self.steps.iter().map(|(_, took, _)| *took).sum();
        println!("       {:>7.1} s  in all\n", total.as_secs_f64());
        for line in &self.summaries {
            println!("{line}");
        }
        match self.failure {
            Some(failure) => bail!("{failure}"),
            None => Ok(()),
        }
    }
}
