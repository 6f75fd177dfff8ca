//! What was measured, printed as it comes and once more as a table for `docs/performance.md`.

use std::time::Duration;

use crate::place::Binary;
use crate::proc;

/// The unit of a figure, which decides how it is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    /// Milliseconds.
    Ms,
    /// Microseconds.
    Us,
    /// MiB, given in KiB.
    MiB,
    /// KiB.
    KiB,
    /// Something per second.
    PerSecond,
    /// How many times as much.
    Times,
}

impl Unit {
    fn show(self, value: f64) -> String {
        match self {
            Unit::Ms => format!("{value:.1} ms"),
            Unit::Us => format!("{value:.0} µs"),
            Unit::MiB => format!("{:.1} MiB", value / 1024.0),
            Unit::KiB => format!("{value:.1} KiB"),
            Unit::PerSecond => format!("{value:.0} /s"),
            Unit::Times => format!("{value:.1} ×"),
        }
    }
}

struct Row {
    suite: &'static str,
    name: String,
    shown: String,
    aim: Option<(String, bool)>,
}

/// Everything that was measured and checked in one run.
pub(crate) struct Report {
    suite: &'static str,
    rows: Vec<Row>,
    broken: Vec<String>,
    held: usize,
}

impl Report {
    /// An empty report; prints on what machine it is made.
    pub(crate) fn new(binary: &Binary) -> Report {
        println!("{} · {}", jiff::Timestamp::now().strftime("%Y-%m-%d %H:%MZ"), proc::machine());
        println!("{} ({})", binary.version, binary.path.display());
        Report { suite: "", rows: Vec::new(), broken: Vec::new(), held: 0 }
    }

    /// What follows belongs to this suite.
    pub(crate) fn begin(&mut self, suite: &'static str, what: &str) {
        println!("\n{suite}: {what}");
        self.suite = suite;
    }

    /// A figure without an aim.
    pub(crate) fn figure(&mut self, name: impl Into<String>, value: f64, unit: Unit) {
        self.take(name.into(), unit.show(value), None);
    }

    /// A figure and what it should not exceed.
    pub(crate) fn figure_below(&mut self, name: impl Into<String>, value: f64, unit: Unit, aim: f64) {
        let aim = (format!("≤ {}", unit.show(aim)), value <= aim);
        self.take(name.into(), unit.show(value), Some(aim));
    }

    /// A bound that holds on any machine. A broken one makes the run fail.
    pub(crate) fn must(&mut self, holds: bool, what: impl Into<String>) {
        let what = what.into();
        println!("  {} {what}", if holds { "holds:" } else { "BROKEN:" });
        if holds {
            self.held += 1;
        } else {
            self.broken.push(format!("{}: {what}", self.suite));
        }
    }

    /// Something worth reading that is no figure.
    pub(crate) fn note(&self, words: &str) {
        println!("  {words}");
    }

    fn take(&mut self, name: String, shown: String, aim: Option<(String, bool)>) {
        let mark = match &aim {
            Some((aim, true)) => format!("   (aim {aim}: reached)"),
            Some((aim, false)) => format!("   (aim {aim}: NOT reached)"),
            None => String::new(),
        };
        println!("  {name}: {shown}{mark}");
        self.rows.push(Row { suite: self.suite, name, shown, aim });
    }

    /// True when no bound is broken.
    pub(crate) fn is_sound(&self) -> bool {
        self.broken.is_empty()
    }

    /// The figures as a Markdown table, and the broken bounds.
    pub(crate) fn print_table(&self) {
        if !self.rows.is_empty() {
            println!("\n| suite | figure | measured | aim | reached |\n| --- | --- | --- | --- | --- |");
        }
        for row in &self.rows {
            let (aim, reached) = match &row.aim {
                Some((aim, reached)) => (aim.as_str(), if *reached { "yes" } else { "**no**" }),
                None => ("", ""),
            };
            println!("| {} | {} | {} | {aim} | {reached} |", row.suite, row.name, row.shown);
        }
        println!("\n{} bounds hold, {} are broken.", self.held, self.broken.len());
        for broken in &self.broken {
            println!("BROKEN {broken}");
        }
    }
}

/// Durations in order of size.
#[derive(Debug)]
pub(crate) struct Spread(Vec<Duration>);

impl Spread {
    /// Sorts what was measured.
    pub(crate) fn of(mut times: Vec<Duration>) -> Spread {
        times.sort_unstable();
        Spread(times)
    }

    /// The value that the given part of all measurements does not exceed, in milliseconds; 0 without measurements.
    pub(crate) fn part(&self, part: f64) -> f64 {
        let last = self.0.len().saturating_sub(1);
        // Rounded to an index that exists.
        let at = (last as f64 * part).round() as usize;
        self.0.get(at).map_or(0.0, |time| ms(*time))
    }

    /// The middle value in milliseconds.
    pub(crate) fn median(&self) -> f64 {
        self.part(0.5)
    }

    /// The largest value in milliseconds.
    pub(crate) fn max(&self) -> f64 {
        self.part(1.0)
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

/// A duration in milliseconds.
pub(crate) fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_spread() {
        let spread = Spread::of((1..=101).rev().map(Duration::from_millis).collect());
        assert_eq!(
            [spread.part(0.0), spread.median(), spread.part(0.99), spread.max()],
            [1.0, 51.0, 100.0, 101.0]
        );
        assert_eq!(Spread::of(Vec::new()).median(), 0.0);
    }
}
