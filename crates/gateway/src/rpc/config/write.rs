//! `config.set`, `config.patch`, `config.apply`.

use std::sync::Arc;

use openclaw_config::edit::{EditError, Editor, Outcome};
use openclaw_config::keypath::KeyPath;
use openclaw_config::redact::redact;
use openclaw_config::reload::Decision;
use openclaw_config::{LoadError, parse};
use openclaw_protocol::dialect::Dialect;
use openclaw_protocol::error::{ErrorCode, ErrorShape};
use openclaw_protocol::schema::{Field, NAME, Shape, TEXT};
use openclaw_protocol::scope::Scope;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Revisions, shown};
use crate::core::Core;
use crate::router::{Authority, Method, Need, Reply};
use crate::rpc::Methods;

const COUNT: Shape = Shape::Integer { min: 0, max: 9_007_199_254_740_991 };

static DELIVERY: [Field; 4] = [
    Field::optional("channel", TEXT),
    Field::optional("to", TEXT),
    Field::optional("accountId", TEXT),
    Field::optional("threadId", Shape::Any),
];
static SET: [Field; 2] = [Field::required("raw", NAME), Field::optional("baseHash", NAME)];
static APPLY: [Field; 6] = [
    Field::required("raw", NAME),
    Field::optional("baseHash", NAME),
    Field::optional("sessionKey", TEXT),
    Field::since_v4("deliveryContext", Shape::Object(&DELIVERY)),
    Field::optional("note", TEXT),
    Field::optional("restartDelayMs", COUNT),
];
static PATCH: [Field; 7] = [
    Field::required("raw", NAME),
    Field::optional("baseHash", NAME),
    Field::optional("sessionKey", TEXT),
    Field::since_v4("deliveryContext", Shape::Object(&DELIVERY)),
    Field::optional("note", TEXT),
    Field::optional("restartDelayMs", COUNT),
    Field::since_v4("replacePaths", Shape::Texts { max_items: 256, max: usize::MAX, unique: false }),
];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Params {
    raw: String,
    base_hash: Option<String>,
    #[serde(default)]
    replace_paths: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Set,
    Patch,
    Apply,
}

impl Way {
    const fn method(self) -> &'static str {
        match self {
            Self::Set => "config.set",
            Self::Patch => "config.patch",
            Self::Apply => "config.apply",
        }
    }
}

pub(super) fn methods(names: &Arc<Revisions>) -> Methods {
    let write = |way: Way| {
        let names = names.clone();
        move |core, caller, params| write(core, caller, names.clone(), way, params)
    };
    let admin = || Need::Scope(Scope::ADMIN);
    vec![
        Method::new("config.set", admin(), &SET, "Replace the configuration", write(Way::Set)),
        Method::new(
            "config.patch",
            admin(),
            &PATCH,
            "Merge a patch into the configuration",
            write(Way::Patch),
        )
        .control_write(),
        Method::new(
            "config.apply",
            admin(),
            &APPLY,
            "Replace the configuration and apply it",
            write(Way::Apply),
        )
        .control_write(),
    ]
}

async fn write(core: Arc<Core>, caller: Authority, names: Arc<Revisions>, way: Way, params: Params) -> Reply {
    let who = caller.in_words();
    let written = tokio::task::spawn_blocking(move || {
        let outcome = change(&core, &caller, &names, way, &params)?;
        if outcome.changed {
            tracing::info!(
                subsystem = "gateway/config",
                "{} by {who}: {}",
                way.method(),
                outcome.changed_paths.join(", ")
            );
        }
        Ok(answer(&outcome, &caller, &names))
    });
    written.await.map_err(|_| ErrorShape::unavailable("the configuration write was interrupted", 1_000))?
}

fn change(
    core: &Core,
    caller: &Authority,
    names: &Revisions,
    way: Way,
    params: &Params,
) -> Result<Outcome, ErrorShape> {
    let stored = match openclaw_config::load(&core.paths, &core.env) {
        Ok(loaded) => Stored { hash: loaded.hash, source: Some(loaded.source) },
        Err(LoadError::Syntax { hash, .. }) => Stored { hash: Some(hash), source: None },
        Err(error) => return Err(ErrorShape::new(ErrorCode::Unavailable, error.to_string())),
    };
    let mut editor = Editor::new(&core.paths, &core.env, way.method(), core.now());
    match (&stored.hash, params.base_hash.as_deref()) {
        (None, _) => {}
        (Some(_), None) => {
            return Err(ErrorShape::invalid_request(
                "config base hash required; re-run config.get and retry",
            ));
        }
        (Some(hash), Some(named)) if names.is(named.trim(), hash) => editor = editor.base_hash(hash.clone()),
        (Some(_), Some(_)) => return Err(refused(EditError::Changed)),
    }
    if way != Way::Patch {
        return editor.apply(&params.raw).map_err(refused);
    }
    let patch = parse::parse(&params.raw).map_err(|error| ErrorShape::invalid_request(error.to_string()))?;
    if !patch.is_object() {
        return Err(ErrorShape::invalid_request("config.patch raw must be an object"));
    }
    if caller.dialect == Dialect::V4
        && let Some(source) = &stored.source
    {
        let mut lossy = Vec::new();
        lost_entries(&patch, source, &KeyPath::root(), &mut lossy);
        lossy.retain(|path| !params.replace_paths.iter().any(|confirmed| confirmed.trim() == path));
        if !lossy.is_empty() {
            return Err(ErrorShape::invalid_request(format!(
                "config.patch would remove entries of {}; name them in replacePaths to confirm",
                lossy.join(", ")
            ))
            .with_details(json!({"replacePaths": lossy})));
        }
    }
    editor.patch(&patch).map_err(refused)
}

struct Stored {
    hash: Option<String>,
    /// `None` when the file cannot be parsed.
    source: Option<Value>,
}

/// The arrays that a patch would replace by one without all of their entries: a patch has no way to say "add", and
/// whoever means to add would lose what stands there.
fn lost_entries(patch: &Value, source: &Value, at: &KeyPath, lossy: &mut Vec<String>) {
    match (patch, source) {
        (Value::Object(patch), Value::Object(source)) => {
            for (key, value) in patch {
                if let Some(stored) = source.get(key) {
                    lost_entries(value, stored, &at.key(key), lossy);
                }
            }
        }
        (Value::Array(new), Value::Array(stored)) => {
            let named = |entry: &Value| entry.get("id").or_else(|| entry.get("name")).cloned();
            let kept = |entry: &Value| {
                new.iter()
                    .any(|other| other == entry || (named(entry).is_some() && named(entry) == named(other)))
            };
            if !stored.iter().all(kept) {
                lossy.push(at.to_string());
            }
        }
        _ => {}
    }
}

fn answer(outcome: &Outcome, caller: &Authority, names: &Revisions) -> Value {
    let plan = &outcome.plan;
    let decision = plan.decide(outcome.loaded.gateway.reload.mode);
    let reload = match decision {
        Decision::Nothing => "none",
        Decision::Apply => "live",
        Decision::Restart => "restart",
        // Part of it, or all of it, waits for a restart that the owner makes.
        Decision::ApplyAndWait | Decision::Disabled => "waits",
    };
    let mut answer = json!({
        "ok": true,
        "path": outcome.loaded.path,
        "hash": names.name(&outcome.new_hash, caller),
        "config": redact(&outcome.loaded.value),
        "changedPaths": outcome.changed_paths,
        "reload": reload,
        "restart": if decision == Decision::Restart { json!({"ok": true, "paths": plan.restart_paths}) } else { Value::Null },
        "warnings": outcome.notes,
    });
    if !outcome.changed {
        answer["noop"] = json!(true);
    }
    answer
}

fn refused(error: EditError) -> ErrorShape {
    match error {
        EditError::Io(error) => {
            tracing::error!(subsystem = "gateway/config", "the configuration could not be written: {error}");
            ErrorShape::unavailable(format!("the configuration could not be written: {error}"), 5_000)
        }
        EditError::Invalid(issues) => {
            let first = issues.first().map(ToString::to_string).unwrap_or_default();
            ErrorShape::invalid_request(format!("invalid config: {first}"))
                .with_details(json!({"issues": issues.iter().map(shown).collect::<Vec<_>>()}))
        }
        EditError::UnknownKey { path, suggestion } => {
            let hint = suggestion.as_ref().map(|path| format!("; did you mean {path}?")).unwrap_or_default();
            ErrorShape::invalid_request(format!("invalid config: unknown key {path}{hint}")).with_details(
                json!({
                    "issues": [{"path": path, "message": "Unrecognized key"}],
                    "suggestion": suggestion,
                }),
            )
        }
        other => ErrorShape::invalid_request(other.to_string()),
    }
}
