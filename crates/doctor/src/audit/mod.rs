//! The security audit: settings and files that let in more than the owner may think. Pure findings with the command that
//! ends each; nothing is repaired here, and nothing is asked over the network.
//!
//! The ids are those of the original where it has one for the same thing, because scripts filter by them (cli §14).

mod browser;
mod exposure;
mod files;
mod proxies;
mod secrets;

use std::path::PathBuf;

use openclaw_config::Loaded;
use openclaw_config::paths::Paths;
use openclaw_protocol::refusal::Vantage;
use serde_json::{Value, json};

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// For completeness.
    Info,
    /// Should be changed.
    Warn,
    /// Somebody else can get in, or could read what lets him in.
    Critical,
}

impl Severity {
    /// The word in `--json`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Critical => "critical",
        }
    }
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Its name, for filters.
    pub check_id: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// What it is, in a few words.
    pub title: String,
    /// What was seen, and why it matters.
    pub detail: String,
    /// The command that ends it, or the decision that is needed.
    pub remediation: Option<String>,
}

impl Finding {
    fn new(
        check_id: &'static str,
        severity: Severity,
        title: impl Into<String>,
        detail: impl Into<String>,
    ) -> Self {
        Self { check_id, severity, title: title.into(), detail: detail.into(), remediation: None }
    }

    fn fix(mut self, remediation: impl Into<String>) -> Self {
        self.remediation = Some(remediation.into());
        self
    }

    fn json(&self) -> Value {
        let mut out = json!({
            "checkId": self.check_id,
            "severity": self.severity.as_str(),
            "title": self.title,
            "detail": self.detail,
        });
        if let Some(remediation) = &self.remediation {
            out["remediation"] = json!(remediation);
        }
        out
    }
}

/// What the audit looks at.
#[derive(Debug)]
pub struct Facts<'a> {
    /// Where things are.
    pub paths: &'a Paths,
    /// The configuration; `None` when the file cannot be read.
    pub loaded: Option<&'a Loaded>,
    /// This runs in a container, where the default bind is another one.
    pub in_container: bool,
    /// Service definitions that carry the gateway token in plain text, each by its file.
    pub units_with_token: Vec<PathBuf>,
    /// The log file in use.
    pub log_file: Option<PathBuf>,
    /// Where the reader is, for the commands.
    pub vantage: Vantage,
}

/// The command that leaves only these entries in a list. What could mean anything to a shell is left out of it, and an
/// empty list is the same as none.
fn keep_only(facts: &Facts<'_>, path: &str, entries: &[&str]) -> String {
    let harmless = |byte: u8| byte.is_ascii_alphanumeric() || b".:/-[]".contains(&byte);
    let kept: Vec<String> = entries
        .iter()
        .map(|entry| entry.trim())
        .filter(|entry| !entry.is_empty() && entry.bytes().all(harmless))
        .map(|entry| format!("\"{entry}\""))
        .collect();
    if kept.is_empty() {
        return facts.vantage.openclaw(&format!("config unset {path}"));
    }
    facts.vantage.openclaw(&format!("config set {path} '[{}]' --strict-json", kept.join(",")))
}

/// Everything that was found, the worst first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// When, milliseconds since the epoch.
    pub ts: u64,
    /// The findings.
    pub findings: Vec<Finding>,
}

/// Looks through the facts.
#[must_use]
pub fn run(facts: &Facts<'_>, now_ms: u64) -> Report {
    let mut findings = files::check(facts);
    match facts.loaded {
        Some(loaded) => {
            findings.extend(exposure::check(facts, loaded));
            findings.extend(proxies::check(facts, loaded));
            findings.extend(browser::check(facts, loaded));
            findings.extend(secrets::check(facts, loaded));
            findings.push(exposure::surface(facts, loaded));
        }
        None => findings.push(
            Finding::new(
                "config.unreadable",
                Severity::Warn,
                "The configuration cannot be read",
                format!(
                    "{} cannot be parsed, so what it says about access was not checked.",
                    facts.paths.short(&facts.paths.config_path)
                ),
            )
            .fix(facts.vantage.openclaw("config validate")),
        ),
    }
    // Stable: within a severity the order of the checks is kept.
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    Report { ts: now_ms, findings }
}

impl Report {
    /// How many findings have that severity.
    #[must_use]
    pub fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.severity == severity).count()
    }

    /// Something is critical: a CI job should fail.
    #[must_use]
    pub fn is_critical(&self) -> bool {
        self.count(Severity::Critical) > 0
    }

    /// `1 critical · 2 warn · 1 info`.
    #[must_use]
    pub fn summary(&self) -> String {
        let part = |severity: Severity| format!("{} {}", self.count(severity), severity.as_str());
        [Severity::Critical, Severity::Warn, Severity::Info].map(part).join(" · ")
    }

    /// Adds what a deeper look found.
    pub fn push(
        &mut self,
        check_id: &'static str,
        severity: Severity,
        title: &str,
        detail: String,
        fix: Option<String>,
    ) {
        let mut finding = Finding::new(check_id, severity, title, detail);
        finding.remediation = fix;
        self.findings.push(finding);
        self.findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    }

    /// The document of `security audit --json`, without its `deep` part.
    #[must_use]
    pub fn json(&self) -> Value {
        json!({
            "ts": self.ts,
            "summary": {
                "critical": self.count(Severity::Critical),
                "warn": self.count(Severity::Warn),
                "info": self.count(Severity::Info),
            },
            "findings": self.findings.iter().map(Finding::json).collect::<Vec<_>>(),
        })
    }
}

#[cfg(test)]
mod tests;
