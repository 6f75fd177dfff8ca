//! `config.set`, `config.patch`, `config.apply`.

use std::sync::Arc;

use openclaw_config::edit::{EditError, Editor, Outcome, history};
use openclaw_config::keypath::KeyPath;
use openclaw_config::redact::redact;
use openclaw_config::reload::Decision;
use openclaw_config::{Issue, LoadError, Loaded, parse};
use openclaw_protocol::dialect::Dialect;
use openclaw_protocol::error::{ErrorCode, ErrorShape};
use openclaw_protocol::schema::{Field, NAME, Shape, TEXT};
use openclaw_protocol::scope::Scope;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Revisions;
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

/// What a write does with what is sent.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Set,
    Patch,
    Apply,
}

impl Way {
    pub(super) const fn method(self) -> &'static str {
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
    let stored = Stored::load(core)?;
    let mut editor = stored.editor(core, way.method());
    match (&stored.hash, params.base_hash.as_deref()) {
        (None, _) => {}
        (Some(_), None) => {
            return Err(ErrorShape::invalid_request(
                "config base hash required; re-run config.get and retry",
            ));
        }
        (Some(hash), Some(named)) if names.is(named.trim(), hash) => editor = editor.base_hash(hash.clone()),
        (Some(hash), Some(_)) => {
            let mut details = conflict(core, caller, names, hash);
            details["code"] = json!("CONFIG_CHANGED");
            return Err(refused(EditError::Changed).with_details(details));
        }
    }
    let asked = Asked { way, raw: &params.raw, replace_paths: &params.replace_paths };
    asked.make(editor, &stored, caller.dialect)
}

/// The file as it lies on the disk.
pub(super) struct Stored {
    /// Its hash; `None` when there is no file.
    pub(super) hash: Option<String>,
    /// `None` when it cannot be parsed.
    pub(super) loaded: Option<Loaded>,
}

impl Stored {
    pub(super) fn load(core: &Core) -> Result<Self, ErrorShape> {
        match openclaw_config::load(&core.paths, &core.env) {
            Ok(loaded) => Ok(Self { hash: loaded.hash.clone(), loaded: Some(loaded) }),
            Err(LoadError::Syntax { hash, .. }) => Ok(Self { hash: Some(hash), loaded: None }),
            Err(error) => Err(ErrorShape::new(ErrorCode::Unavailable, error.to_string())),
        }
    }

    /// An editor for it, in the name of a method.
    pub(super) fn editor<'a>(&self, core: &'a Core, method: &'a str) -> Editor<'a> {
        Editor::new(&core.paths, &core.env, method, core.now())
    }
}

/// What is to be written.
pub(super) struct Asked<'a> {
    /// How it is meant.
    pub(super) way: Way,
    /// The text.
    pub(super) raw: &'a str,
    /// Lists that a patch may shorten.
    pub(super) replace_paths: &'a [String],
}

impl Asked<'_> {
    /// Writes it, or does as if.
    pub(super) fn make(
        &self,
        editor: Editor<'_>,
        stored: &Stored,
        dialect: Dialect,
    ) -> Result<Outcome, ErrorShape> {
        if self.way != Way::Patch {
            return editor.apply(self.raw).map_err(refused);
        }
        let patch = parse::parse(self.raw).map_err(|error| ErrorShape::invalid_request(error.to_string()))?;
        if !patch.is_object() {
            return Err(ErrorShape::invalid_request("config.patch raw must be an object"));
        }
        if dialect == Dialect::V4
            && let Some(loaded) = &stored.loaded
        {
            let mut lossy = Vec::new();
            lost_entries(&patch, &loaded.source, &KeyPath::root(), &mut lossy);
            lossy.retain(|path| !self.replace_paths.iter().any(|confirmed| confirmed.trim() == path));
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
}

/// What somebody needs who wrote for another revision than this one: its name, and who made it when that is known.
pub(super) fn conflict(core: &Core, caller: &Authority, names: &Revisions, hash: &str) -> Value {
    let mut told = json!({"hash": names.name(hash, caller)});
    let last = history::entries(&core.paths).into_iter().next().filter(|entry| entry.next_hash == hash);
    if let Some(entry) = last {
        told["lastChange"] = json!({
            "id": entry.id,
            "atMs": entry.at,
            "origin": entry.origin,
            "changedPaths": entry.changed_paths,
        });
    }
    told
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

/// What the gateway will do about a change.
pub(super) fn plan_words(outcome: &Outcome) -> &'static str {
    match outcome.plan.decide(outcome.loaded.gateway.reload.mode) {
        Decision::Nothing => "none",
        Decision::Apply => "live",
        Decision::Restart => "restart",
        // Part of it, or all of it, waits for a restart that the owner makes.
        Decision::ApplyAndWait | Decision::Disabled => "waits",
    }
}

/// What a write is answered with.
pub(super) fn answer(outcome: &Outcome, caller: &Authority, names: &Revisions) -> Value {
    let plan = &outcome.plan;
    let reload = plan_words(outcome);
    let restart =
        if reload == "restart" { json!({"ok": true, "paths": plan.restart_paths}) } else { Value::Null };
    let mut answer = json!({
        "ok": true,
        "path": outcome.loaded.path,
        "hash": names.name(&outcome.new_hash, caller),
        "config": redact(&outcome.loaded.value),
        "changedPaths": outcome.changed_paths,
        "reload": reload,
        "restart": restart,
        "warnings": outcome.notes,
    });
    if !outcome.changed {
        answer["noop"] = json!(true);
    }
    // By this number it can be undone.
    if let Some(change) = outcome.change {
        answer["change"] = json!(change);
    }
    answer
}

/// A finding with everything that helps to find it and to mend it.
pub(super) fn issue(issue: &Issue) -> Value {
    let mut told = json!(issue);
    if issue.path == "<root>" {
        told["path"] = json!("");
    }
    told
}

pub(super) fn refused(error: EditError) -> ErrorShape {
    let issues = |found: &[Issue]| json!({"issues": found.iter().map(issue).collect::<Vec<_>>()});
    match error {
        EditError::Io(error) => {
            tracing::error!(subsystem = "gateway/config", "the configuration could not be written: {error}");
            ErrorShape::unavailable(format!("the configuration could not be written: {error}"), 5_000)
        }
        EditError::Invalid(found) => {
            let first = found.first().map(ToString::to_string).unwrap_or_default();
            ErrorShape::invalid_request(format!("invalid config: {first}")).with_details(issues(&found))
        }
        EditError::Load(error) => {
            ErrorShape::invalid_request(error.to_string()).with_details(issues(&error.issues()))
        }
        EditError::UnknownKey { path, suggestion } => {
            let hint = suggestion.as_ref().map(|path| format!("; did you mean {path}?")).unwrap_or_default();
            let mut found = json!({"path": path, "message": "Unrecognized key", "severity": "fatal", "kind": "unknown-key"});
            if let Some(meant) = &suggestion {
                found["hint"] = json!(format!("Did you mean {meant}?"));
            }
            ErrorShape::invalid_request(format!("invalid config: unknown key {path}{hint}"))
                .with_details(json!({"issues": [found], "suggestion": suggestion}))
        }
        EditError::Placeholder { path } => {
            let message = EditError::Placeholder { path: path.clone() }.to_string();
            let found = json!({"path": path, "message": message, "severity": "fatal", "kind": "placeholder"});
            ErrorShape::invalid_request(message).with_details(json!({"issues": [found]}))
        }
        other => ErrorShape::invalid_request(other.to_string()),
    }
}
