//! `config.get`.

use std::sync::Arc;

use openclaw_config::redact::{redact, redact_text};
use openclaw_config::{LoadError, Loaded};
use openclaw_protocol::dialect::Dialect;
use openclaw_protocol::error::ErrorShape;
use serde_json::{Value, json};

use super::{Findings, Revisions};
use crate::core::Core;
use crate::router::{Authority, Reply};

pub(super) async fn get(core: Arc<Core>, caller: Authority, names: Arc<Revisions>) -> Reply {
    let read = tokio::task::spawn_blocking(move || {
        let in_force = core.policy().loaded.hash.clone();
        match openclaw_config::load(&core.paths, &core.env) {
            Ok(loaded) => readable(&loaded, in_force.as_deref(), &caller, &names),
            Err(error) => unreadable(&core, &error, &caller, &names),
        }
    });
    read.await.map_err(|_| ErrorShape::unavailable("the configuration could not be read", 1_000))
}

fn readable(loaded: &Loaded, in_force: Option<&str>, caller: &Authority, names: &Revisions) -> Value {
    let findings = Findings::of(&loaded.issues);
    let source = redact(&loaded.source);
    let value = redact(&loaded.value);
    let hash = loaded.hash.as_deref().map(|hash| names.name(hash, caller));
    let mut answer = json!({
        "path": loaded.path,
        "exists": loaded.exists,
        "raw": if loaded.exists { redact_text(&loaded.raw, &loaded.source) } else { None },
        "parsed": source,
        "resolved": value,
        "valid": loaded.is_valid(),
        "config": value,
        "hash": hash,
        "issues": findings.issues,
        "warnings": findings.warnings,
        "legacyIssues": findings.legacy,
    });
    if caller.dialect == Dialect::V4 {
        answer["sourceConfig"] = source;
        answer["runtimeConfig"] = value;
        answer["includedPaths"] =
            json!(loaded.include_owned.iter().map(ToString::to_string).collect::<Vec<_>>());
        answer["includeProvenance"] = json!([]);
        answer["agentRosterIncludeOwned"] = json!(is_included(loaded, "agents"));
        answer["bindingsIncludeOwned"] = json!(is_included(loaded, "bindings"));
        answer["configRevisionHash"] = answer["hash"].clone();
        answer["appliedConfigHash"] = json!(in_force.map(|hash| names.name(hash, caller)));
    }
    answer
}

/// Whether a section of the file, or the whole file, comes from another one.
fn is_included(loaded: &Loaded, section: &str) -> bool {
    loaded.include_owned.iter().any(|path| path.is_root() || path.to_string() == section)
}

/// A file that cannot be parsed is told as such. Nothing of its text is shown: where a secret ends cannot be known.
fn unreadable(core: &Core, error: &LoadError, caller: &Authority, names: &Revisions) -> Value {
    let hash = match error {
        LoadError::Syntax { hash, .. } => Some(names.name(hash, caller)),
        LoadError::Unreadable { .. } => None,
    };
    let findings = Findings::of(&error.issues());
    json!({
        "path": core.paths.config_path,
        "exists": true,
        "raw": null,
        "parsed": {},
        "resolved": {},
        "valid": false,
        "config": {},
        "hash": hash,
        "issues": findings.issues,
        "warnings": findings.warnings,
        "legacyIssues": findings.legacy,
    })
}
