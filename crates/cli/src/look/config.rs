//! The configuration file as it lies on the disk.

use std::path::PathBuf;

use openclaw_config::{Issue, Severity};
use serde_json::{Value, json};

use crate::context::Context;

/// What there is to say about the file.
#[derive(Debug, Clone)]
pub(crate) struct ConfigFacts {
    /// Where it is.
    pub(crate) path: PathBuf,
    /// Whether it is there.
    pub(crate) exists: bool,
    /// Whether a gateway would start with it.
    pub(crate) valid: bool,
    /// Everything found in it, the worst first.
    pub(crate) issues: Vec<Issue>,
}

impl ConfigFacts {
    /// Of the file that this run uses.
    pub(crate) fn of(context: &Context) -> ConfigFacts {
        let path = context.paths.config_path.clone();
        match context.config() {
            Ok(loaded) => ConfigFacts {
                path,
                exists: loaded.exists,
                valid: loaded.is_valid(),
                issues: loaded.issues.clone(),
            },
            Err(error) => ConfigFacts { path, exists: true, valid: false, issues: error.issues() },
        }
    }

    /// Findings that keep a gateway from starting.
    pub(crate) fn blocking(&self) -> impl Iterator<Item = &Issue> {
        self.issues.iter().filter(|issue| issue.severity != Severity::Warning && !self.valid)
    }

    /// For programs.
    pub(crate) fn json(&self) -> Value {
        let mut document = json!({ "path": self.path, "exists": self.exists, "valid": self.valid });
        if !self.issues.is_empty() {
            document["issues"] = json!(self.issues);
        }
        document
    }
}
