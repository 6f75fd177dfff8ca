//! The story of one decision: which checks ran, in which order, what each saw and concluded.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// What one check concluded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The check was satisfied.
    Pass,
    /// The check refused the connection, or would have if an earlier one had not.
    Fail,
    /// The check did not apply, or was not allowed to run after an earlier failure.
    Skip,
    /// A fact worth knowing that decides nothing by itself.
    Note,
}

/// One line of the trace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// Stable name of the check, e.g. `origin`.
    pub name: Cow<'static, str>,
    /// What it concluded.
    pub verdict: Verdict,
    /// What it saw, in words. Never a secret; the words of strangers are escaped before they come here.
    pub saw: String,
}

/// The ordered list of checks of one decision.
///
/// It goes on past the first failure (ruling 36), so that the owner sees at once what would fail next.
/// It never holds a secret and is safe to show to the owner, and only to the owner (ruling 32).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Trace(Vec<Check>);

impl Trace {
    /// The checks in the order in which they ran.
    pub fn checks(&self) -> &[Check] {
        &self.0
    }

    /// The checks that failed, in order: the first refused the connection, the others would have been next.
    pub fn failures(&self) -> impl Iterator<Item = &Check> {
        self.0.iter().filter(|check| check.verdict == Verdict::Fail)
    }

    pub(crate) fn pass(&mut self, name: &'static str, saw: impl Into<String>) {
        self.push(name, Verdict::Pass, saw);
    }

    pub(crate) fn fail(&mut self, name: &'static str, saw: impl Into<String>) {
        self.push(name, Verdict::Fail, saw);
    }

    pub(crate) fn skip(&mut self, name: &'static str, saw: impl Into<String>) {
        self.push(name, Verdict::Skip, saw);
    }

    pub(crate) fn note(&mut self, name: &'static str, saw: impl Into<String>) {
        self.push(name, Verdict::Note, saw);
    }

    fn push(&mut self, name: &'static str, verdict: Verdict, saw: impl Into<String>) {
        self.0.push(Check { name: Cow::Borrowed(name), verdict, saw: saw.into() });
    }
}
