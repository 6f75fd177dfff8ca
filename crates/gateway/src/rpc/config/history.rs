//! `config.history` and `config.undo`: the journal of changes of the file, and taking one back to the byte.
//!
//! ```json
//! // config.history {"change": 7}, optional; newest first
//! {
//!   "path": "/root/.openclaw/openclaw.json", "hash": "…",
//!   "changes": [{
//!     "id": 7, "atMs": 1795159900000, "origin": "config.patch", "changedPaths": ["gateway.port"],
//!     "undoes": 3,               // absent: it takes no other one back
//!     "undone": false,           // a later change took it back
//!     "undoable": true           // the file is what this change left, and what was before is kept
//!   }],
//!   "shown": {                   // with "change": that one
//!     "id": 7,
//!     "lines": ["- port: 1", "+ port: 2"], // secrets hidden; empty when one side is gone
//!     "before": "{…}", "after": "{…}"      // the texts, secrets hidden; null: gone, or cannot be shown safely
//!   }
//! }
//! // config.undo {"change": 7, "dryRun": false}, both optional; without change: the last one that stands
//! // answers as config.set does, with "undone": 7, and "change": the number by which this undo can be undone. Dry: "lines".
//! ```

use std::sync::Arc;

use openclaw_config::edit::EditError;
use openclaw_config::edit::history::{self, Entry};
use openclaw_config::redact::redact_text;
use openclaw_config::{Loaded, hash_of, parse};
use openclaw_doctor::patch;
use openclaw_protocol::error::{ErrorCode, ErrorShape};
use openclaw_protocol::schema::{Field, Shape};
use openclaw_protocol::scope::Scope;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Revisions;
use super::write::{Stored, answer, refused};
use crate::core::Core;
use crate::router::{Authority, Listed, Method, Need, Reply};
use crate::rpc::{Methods, whole};

const NUMBER: Shape = Shape::Integer { min: 1, max: 9_007_199_254_740_991 };

static HISTORY: [Field; 1] = [Field::optional("change", NUMBER)];
static UNDO: [Field; 2] = [Field::optional("change", NUMBER), Field::optional("dryRun", Shape::Boolean)];

pub(super) fn methods(names: &Arc<Revisions>) -> Methods {
    let (reading, undoing) = (names.clone(), names.clone());
    vec![
        Method::new(
            "config.history",
            Need::Scope(Scope::ADMIN),
            &HISTORY,
            "What changed the configuration",
            move |core, caller, params| list(core, caller, reading.clone(), params),
        )
        .listed(Listed::Hidden),
        Method::new(
            "config.undo",
            Need::Scope(Scope::ADMIN),
            &UNDO,
            "Take a change of the configuration back",
            move |core, caller, params| undo(core, caller, undoing.clone(), params),
        )
        .control_write()
        .listed(Listed::Hidden),
    ]
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Params {
    #[serde(default, deserialize_with = "whole")]
    change: Option<u64>,
    #[serde(default)]
    dry_run: bool,
}

async fn list(core: Arc<Core>, caller: Authority, names: Arc<Revisions>, params: Params) -> Reply {
    let read = tokio::task::spawn_blocking(move || {
        let stored = Stored::load(&core)?;
        let entries = history::entries(&core.paths);
        let rows: Vec<Value> = entries.iter().map(|entry| row(entry, stored.hash.as_deref())).collect();
        let mut told = json!({"path": core.paths.config_path, "changes": rows});
        if let Some(hash) = &stored.hash {
            told["hash"] = json!(names.name(hash, &caller));
        }
        if let Some(id) = params.change {
            let at = entries.iter().position(|entry| entry.id == id);
            let at = at.ok_or_else(|| refused(EditError::NoSuchChange(id)))?;
            told["shown"] = shown(&core, &entries, at, stored.loaded.as_ref());
        }
        Ok(told)
    });
    read.await.map_err(|_| ErrorShape::unavailable("the history could not be read", 1_000))?
}

fn row(entry: &Entry, now: Option<&str>) -> Value {
    let mut row = json!({
        "id": entry.id,
        "atMs": entry.at,
        "origin": entry.origin,
        "changedPaths": entry.changed_paths,
        "undone": entry.undone,
        "undoable": entry.previous_hash.is_some() && now == Some(entry.next_hash.as_str()),
    });
    if let Some(other) = entry.undoes {
        row["undoes"] = json!(other);
    }
    row
}

/// What a change did. The text after it is that before the next one, or that of the file.
fn shown(core: &Core, entries: &[Entry], at: usize, now: Option<&Loaded>) -> Value {
    let entry = &entries[at];
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).ok();
    let before = history::before(&core.paths, entry).ok().flatten().and_then(text);
    let kept = entries[..at].iter().rev().find_map(|next| {
        let bytes = history::before(&core.paths, next).ok().flatten()?;
        (hash_of(&bytes) == entry.next_hash).then_some(bytes).and_then(text)
    });
    let current = now.filter(|now| now.hash.as_deref() == Some(entry.next_hash.as_str()));
    let after = kept.or_else(|| current.map(|now| now.raw.clone()));
    let parsed = |text: &Option<String>| {
        text.as_deref().and_then(|text| Some((text.to_owned(), parse::parse(text).ok()?)))
    };
    let (before, after) = (parsed(&before), parsed(&after));
    let lines = match (&before, &after) {
        (Some((old, was)), Some((new, is))) => patch::lines((old, was), (new, is), &entry.changed_paths),
        _ => Vec::new(),
    };
    let safe =
        |side: &Option<(String, Value)>| side.as_ref().and_then(|(text, value)| redact_text(text, value));
    json!({"id": entry.id, "lines": lines, "before": safe(&before), "after": safe(&after)})
}

async fn undo(core: Arc<Core>, caller: Authority, names: Arc<Revisions>, params: Params) -> Reply {
    let undone = tokio::task::spawn_blocking(move || {
        let stored = Stored::load(&core)?;
        let editor = stored.editor(&core, "config.undo").dry_run(params.dry_run);
        let (outcome, entry) = editor.undo(params.change).map_err(later)?;
        let mut told = answer(&outcome, &caller, &names);
        told["undone"] = json!(entry.map(|entry| entry.id));
        if params.dry_run {
            let after = &outcome.loaded;
            let before = stored.loaded.as_ref().map(|old| (old.raw.as_str(), &old.source));
            let lines = before
                .map(|before| patch::lines(before, (&after.raw, &after.source), &outcome.changed_paths));
            told["lines"] = json!(lines.unwrap_or_default());
        } else if outcome.changed {
            tracing::info!(
                subsystem = "gateway/config",
                "config.undo by {}: {}",
                caller.in_words(),
                outcome.changed_paths.join(", ")
            );
        }
        Ok(told)
    });
    undone.await.map_err(|_| ErrorShape::unavailable("the undo was interrupted", 1_000))?
}

/// The copy's place on the disk is no business of a client's.
fn later(error: EditError) -> ErrorShape {
    let message = error.to_string();
    match error {
        EditError::ChangedSince { later, .. } => ErrorShape::new(ErrorCode::InvalidRequest, message)
            .with_details(json!({"code": "CONFIG_CHANGED_SINCE", "later": later})),
        other => refused(other),
    }
}
