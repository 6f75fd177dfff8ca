//! What a check says: one line for a person, the same facts for a program (D-01, D-06).

use openclaw_protocol::words::escape;
use serde_json::{Value, json};

use crate::repair::Repair;

/// Longest fact shown; what is longer is a file's fault and not worth a screen.
const MAX_FACT: usize = 400;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The check could not be made here, or there is nothing to check.
    Skipped,
    /// All is well.
    Ok,
    /// Worth knowing; everything works.
    Warning,
    /// Something does not work until it is mended; the exit code says so.
    Blocking,
}

impl Severity {
    /// The mark in front of the line.
    #[must_use]
    pub fn mark(self) -> &'static str {
        match self {
            Self::Skipped => "–",
            Self::Ok => "✓",
            Self::Warning => "!",
            Self::Blocking => "✗",
        }
    }

    /// The word that the current generation's `--json` uses (cli spec §10.3).
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Skipped | Self::Ok => "info",
            Self::Warning => "warning",
            Self::Blocking => "error",
        }
    }
}

/// The way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fix {
    /// A command that can be run as it stands (ruling 33).
    Command(String),
    /// A decision or a step that no command makes.
    Advice(String),
}

/// What a check found.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// Id of the check.
    pub check: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What was looked at.
    pub what: String,
    /// What is the case. Words of strangers in it are escaped.
    pub fact: String,
    /// The way out, when there is something to leave.
    pub fix: Option<Fix>,
    /// What `--fix` does about it.
    pub repair: Option<Repair>,
    /// The cause id of the list of causes, when it is one: `C-18`.
    pub cause: Option<String>,
    /// Path in the configuration, when it is about one.
    pub path: Option<String>,
    /// Line of the configuration file.
    pub line: Option<u32>,
}

impl Finding {
    fn new(check: &'static str, severity: Severity, what: &str, fact: impl Into<String>) -> Self {
        Self {
            check,
            severity,
            what: what.to_owned(),
            fact: escape(&fact.into(), MAX_FACT),
            fix: None,
            repair: None,
            cause: None,
            path: None,
            line: None,
        }
    }

    /// All is well.
    pub(crate) fn ok(check: &'static str, what: &str, fact: impl Into<String>) -> Self {
        Self::new(check, Severity::Ok, what, fact)
    }

    /// Worth knowing.
    pub(crate) fn warning(check: &'static str, what: &str, fact: impl Into<String>) -> Self {
        Self::new(check, Severity::Warning, what, fact)
    }

    /// Does not work until it is mended.
    pub(crate) fn blocking(check: &'static str, what: &str, fact: impl Into<String>) -> Self {
        Self::new(check, Severity::Blocking, what, fact)
    }

    /// Could not be looked at.
    pub(crate) fn skipped(check: &'static str, what: &str, why: impl Into<String>) -> Self {
        Self::new(check, Severity::Skipped, what, why)
    }

    /// The command that ends it.
    pub(crate) fn fix(mut self, command: impl Into<String>) -> Self {
        self.fix = Some(Fix::Command(command.into()));
        self
    }

    /// What to do, where no command does it.
    pub(crate) fn advice(mut self, text: impl Into<String>) -> Self {
        self.fix = Some(Fix::Advice(text.into()));
        self
    }

    /// `--fix` can do it.
    pub(crate) fn repair(mut self, repair: Repair) -> Self {
        self.repair = Some(repair);
        self
    }

    /// It is a cause that messages carry.
    pub(crate) fn cause(mut self, id: impl Into<String>) -> Self {
        self.cause = Some(id.into());
        self
    }

    /// It is about a place in the configuration file.
    pub(crate) fn at(mut self, path: &str, line: Option<u32>) -> Self {
        self.path = Some(path.to_owned());
        self.line = line;
        self
    }

    /// The line of D-01: `✗ what – fact – Fix: command`.
    #[must_use]
    pub fn to_line(&self) -> String {
        let fix = match &self.fix {
            Some(Fix::Command(command)) => format!(" – Fix: {command}"),
            Some(Fix::Advice(text)) => format!(" – {text}"),
            None => String::new(),
        };
        format!("{} {} – {}{fix}", self.severity.mark(), self.what, self.fact)
    }

    /// For programs: the keys of the current generation, and ours beside them.
    #[must_use]
    pub fn json(&self) -> Value {
        let mut out = json!({
            "checkId": format!("core/doctor/{}", self.check),
            "severity": self.severity.word(),
            "message": format!("{}: {}", self.what, self.fact),
            "status": match self.severity {
                Severity::Skipped => "skipped",
                Severity::Ok => "ok",
                Severity::Warning => "warning",
                Severity::Blocking => "blocking",
            },
            "what": self.what,
            "fact": self.fact,
            "repairable": self.repair.is_some(),
        });
        match &self.fix {
            Some(Fix::Command(command)) => {
                out["fix"] = json!(command);
                out["fixHint"] = json!(command);
            }
            Some(Fix::Advice(text)) => out["fixHint"] = json!(text),
            None => {}
        }
        if let Some(cause) = &self.cause {
            out["cause"] = json!(cause);
        }
        if let Some(path) = &self.path {
            out["path"] = json!(path);
        }
        if let Some(line) = self.line {
            out["line"] = json!(line);
        }
        out
    }
}

/// What each of these findings is called, for whoever chooses among them: the check, and beside it what the repair would
/// do, so that the name of a repair never stands for another one that was found meanwhile.
#[must_use]
pub fn ids(findings: &[Finding]) -> Vec<String> {
    let mut ids: Vec<String> = Vec::with_capacity(findings.len());
    for finding in findings {
        let base = match &finding.repair {
            Some(repair) => {
                let digest = openclaw_config::hash_of(format!("{repair:?}").as_bytes());
                format!("{}:{}", finding.check, &digest[..8])
            }
            None => finding.check.to_owned(),
        };
        let mut id = base.clone();
        let mut number = 1;
        while ids.contains(&id) {
            number += 1;
            id = format!("{base}#{number}");
        }
        ids.push(id);
    }
    ids
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    #[test]
    fn each_finding_has_a_name_of_its_own_and_a_repair_keeps_it() {
        let mode = |to| Repair::Mode { path: PathBuf::from("/x"), from: 0o644, to, view_first: false };
        let finding = |repair: Option<Repair>| Finding { repair, ..Finding::warning("files", "Files", "f") };
        let found = [finding(None), finding(Some(mode(0o600))), finding(None), finding(Some(mode(0o400)))];
        let names = ids(&found);
        assert_eq!((names[0].as_str(), names[2].as_str()), ("files", "files#2"));
        assert!(names[1].starts_with("files:") && names[1].len() == 14 && names[1] != names[3], "{names:?}");
        assert_eq!(ids(&found[3..]), names[3..], "whatever is found beside it");
    }

    #[test]
    fn one_line_each_whatever_is_in_it() {
        let finding =
            Finding::blocking("x", "Port", "held by \u{1b}[31mevil\nname").fix("openclaw gateway restart");
        let line = finding.to_line();
        assert!(!line.contains(['\u{1b}', '\n']), "{line}");
        assert!(line.starts_with("✗ Port – held by ") && line.ends_with(" – Fix: openclaw gateway restart"));
        let json = finding.json();
        assert_eq!(
            (json["severity"].as_str(), json["fixHint"].as_str()),
            (Some("error"), json["fix"].as_str())
        );
        assert_eq!(Finding::ok("x", "Clock", "fine").to_line(), "✓ Clock – fine");
        let advice = Finding::warning("x", "TLS", "off").advice("put a proxy in front");
        assert_eq!(advice.to_line(), "! TLS – off – put a proxy in front");
        assert_eq!(advice.json().get("fix"), None);
    }
}
