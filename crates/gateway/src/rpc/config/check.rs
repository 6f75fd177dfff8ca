//! `config.check`: what saving would say and do, without saving.
//!
//! ```json
//! // config.check {"raw": "{…}", "mode": "set", "baseHash": "…", "replacePaths": ["…"]}
//! // mode: "set" (the whole text, as config.set) or "patch" (as config.patch). Without raw: the file as it is.
//! {
//!   "ok": true,                  // false: saving would be refused, "error" says why
//!   "error": "invalid config: …",
//!   "issues": [{"path": "gateway.port", "message": "…", "severity": "fatal", "kind": "wrong-type", "line": 7, "hint": "…"}],
//!                                // severity: fatal, part-off, warning; line and hint may be absent; path "" is the whole file
//!   "changedPaths": ["gateway.port"],
//!   "lines": ["- port: 1", "+ port: 2"],   // secrets hidden
//!   "reload": "restart",         // none, live, restart, waits (for a restart that the owner makes)
//!   "restartPaths": ["gateway.port"],
//!   "warnings": ["…"],           // sentences about the edit, e.g. that comments would be lost
//!   "hash": "…",                 // the file as it is now: the baseHash of a write
//!   "conflict": {"hash": "…", "lastChange": {"id": 7, "atMs": 1795159900000, "origin": "config set", "changedPaths": ["…"]}}
//!                                // when baseHash is not that; lastChange is absent after an edit by hand
//!   "replacePaths": ["gateway.trustedProxies"], // with ok false: lists that a patch would shorten; name them to confirm
//!   "suggestion": "gateway.port" // with ok false: the key that was perhaps meant
//! }
//! ```

use std::sync::Arc;

use openclaw_config::Loaded;
use openclaw_doctor::patch;
use openclaw_protocol::error::{ErrorCode, ErrorShape};
use openclaw_protocol::schema::{Field, NAME, Shape};
use openclaw_protocol::scope::Scope;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Revisions;
use super::write::{Asked, Stored, Way, conflict, issue, plan_words};
use crate::core::Core;
use crate::router::{Authority, Listed, Method, Need, Reply};

const WAYS: [&str; 2] = ["set", "patch"];

static CHECK: [Field; 4] = [
    Field::optional("raw", NAME),
    Field::optional("baseHash", NAME),
    Field::optional("mode", Shape::Choice { v3: &WAYS, v4: &WAYS }),
    Field::optional("replacePaths", Shape::Texts { max_items: 256, max: usize::MAX, unique: false }),
];

pub(super) fn method(names: &Arc<Revisions>) -> Method {
    let names = names.clone();
    Method::new(
        "config.check",
        Need::Scope(Scope::ADMIN),
        &CHECK,
        "What saving a configuration would say and do",
        move |core, caller, params| check(core, caller, names.clone(), params),
    )
    .listed(Listed::Hidden)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Params {
    raw: Option<String>,
    base_hash: Option<String>,
    mode: Option<String>,
    #[serde(default)]
    replace_paths: Vec<String>,
}

async fn check(core: Arc<Core>, caller: Authority, names: Arc<Revisions>, params: Params) -> Reply {
    let checked = tokio::task::spawn_blocking(move || checked(&core, &caller, &names, &params)).await;
    checked.map_err(|_| ErrorShape::unavailable("the check was interrupted", 1_000))?
}

fn checked(core: &Core, caller: &Authority, names: &Revisions, params: &Params) -> Reply {
    let stored = Stored::load(core)?;
    let Some(raw) = &params.raw else { return Ok(as_it_is(core, caller, names)) };
    let way = if params.mode.as_deref() == Some("patch") { Way::Patch } else { Way::Set };
    let asked = Asked { way, raw, replace_paths: &params.replace_paths };
    let editor = stored.editor(core, way.method()).dry_run(true);
    let mut answer = match asked.make(editor, &stored, caller.dialect) {
        Ok(outcome) => {
            let nothing = Value::Object(serde_json::Map::new());
            let before = stored.loaded.as_ref().map_or(("", &nothing), |old| (old.raw.as_str(), &old.source));
            let after = (outcome.loaded.raw.as_str(), &outcome.loaded.source);
            let lines = if outcome.changed {
                patch::lines(before, after, &outcome.changed_paths)
            } else {
                Vec::new()
            };
            json!({
                "ok": true,
                "issues": issues(&outcome.loaded),
                "changedPaths": outcome.changed_paths,
                "lines": lines,
                "reload": plan_words(&outcome),
                "restartPaths": outcome.plan.restart_paths,
                "warnings": outcome.notes,
            })
        }
        // Not the edit's fault.
        Err(error) if error.code == ErrorCode::Unavailable => return Err(error),
        Err(error) => {
            let found = error.details.as_ref().and_then(|details| details.get("issues")).cloned();
            let mut answer = nothing_to_do(false, found.unwrap_or(json!([])));
            answer["error"] = json!(error.message);
            for name in ["replacePaths", "suggestion"] {
                if let Some(value) = error.details.as_ref().and_then(|details| details.get(name)) {
                    answer[name] = value.clone();
                }
            }
            answer
        }
    };
    if let Some(hash) = &stored.hash {
        answer["hash"] = json!(names.name(hash, caller));
        if params.base_hash.as_deref().is_some_and(|named| !names.is(named.trim(), hash)) {
            answer["conflict"] = conflict(core, caller, names, hash);
        }
    }
    Ok(answer)
}

/// The findings about the file as it is.
fn as_it_is(core: &Core, caller: &Authority, names: &Revisions) -> Value {
    let (valid, found, hash) = match openclaw_config::load(&core.paths, &core.env) {
        Ok(loaded) => (loaded.is_valid(), issues(&loaded), loaded.hash),
        Err(error) => (false, error.issues().iter().map(issue).collect(), None),
    };
    let mut answer = nothing_to_do(valid, json!(found));
    if let Some(hash) = hash {
        answer["hash"] = json!(names.name(&hash, caller));
    }
    answer
}

fn issues(loaded: &Loaded) -> Vec<Value> {
    loaded.issues.iter().map(issue).collect()
}

/// The answer when nothing would be written.
fn nothing_to_do(ok: bool, issues: Value) -> Value {
    json!({
        "ok": ok,
        "issues": issues,
        "changedPaths": [],
        "lines": [],
        "reload": "none",
        "restartPaths": [],
        "warnings": [],
    })
}
