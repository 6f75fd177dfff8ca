//! What is wrong with a configuration, in the shape scripts know (`path`, `message`), with how bad it is.

use std::fmt;
use std::path::PathBuf;

use serde::Serialize;

/// How bad an issue is (ruling 11). Ordered: the worst is the greatest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Said, and nothing more: unknown or retired keys, missing environment variables.
    Warning,
    /// The part of the configuration that holds it is off, everything else runs.
    PartOff,
    /// The gateway does not start (exit 78); commands that need a valid file refuse.
    Fatal,
}

/// The kind of an issue, for callers that treat kinds differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum IssueKind {
    /// A key that no version we know has. Refused by `config set`, warned about on load.
    UnknownKey,
    /// A known key with a value of the wrong type or outside its choices.
    WrongType,
    /// A key of an older version; loading honours what it meant.
    Legacy,
    /// Values that are fine alone and wrong together.
    Inconsistent,
    /// `${VAR}` or a secret reference that does not resolve.
    Unresolved,
    /// A `$include` that could not be followed.
    Include,
    /// The file is not JSON5, too large or nested too deeply.
    Syntax,
    /// A redaction marker or a guide's placeholder where a secret belongs (ruling 34).
    Placeholder,
    /// A range of trusted proxies that is so wide that it vouches for strangers. Refused by `config set` unless it is
    /// said twice, warned about on load.
    TooBroad,
}

/// One finding about the configuration file. Contains no secret value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Issue {
    /// Dotted path of the value, `<root>` for the whole file.
    pub path: String,
    /// One sentence; the original's wording where it has one (cli spec section 4.2).
    pub message: String,
    /// How bad it is.
    pub severity: Severity,
    /// What kind of finding it is.
    pub kind: IssueKind,
    /// Line in `file`, counted from 1, when it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// The file it stands in, when that is an included one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<PathBuf>,
    /// The way out, when there is one that can be said in a sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// What the finding is about, unescaped: the unknown key, the missing variable. Not for showing.
    #[serde(skip)]
    pub(crate) subject: Option<String>,
}

impl Issue {
    pub(crate) fn new(
        path: impl Into<String>,
        severity: Severity,
        kind: IssueKind,
        message: impl Into<String>,
    ) -> Self {
        let path = path.into();
        let path = if path.is_empty() { "<root>".to_owned() } else { path };
        Self {
            path,
            message: message.into(),
            severity,
            kind,
            line: None,
            file: None,
            hint: None,
            subject: None,
        }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub(crate) fn about(mut self, subject: &str) -> Self {
        self.subject = Some(subject.to_owned());
        self
    }

    /// Whether it says the same as `other` wherever it stands in the file: used to tell new findings from old ones.
    #[must_use]
    pub fn same_finding(&self, other: &Issue) -> bool {
        self.path == other.path && self.kind == other.kind && self.message == other.message
    }
}

/// `path: message`, the form of every list of problems.
impl fmt::Display for Issue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.message)
    }
}

/// The worst severity in a list.
#[must_use]
pub fn worst(issues: &[Issue]) -> Option<Severity> {
    issues.iter().map(|i| i.severity).max()
}
