//! What only this gateway has: resolving words to a request, exporting, undoing a hand edit, clearing the table.
//!
//! None of it is advertised. What only the owner may call does not exist for anybody else.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use openclaw_os::file::{Owners, open_trusted};
use openclaw_pairing::model::Broadened;
use openclaw_pairing::{Change, Fate, Mutation, Outcome, Rejected, Request, Resolved, Snapshot};
use openclaw_protocol::error::ErrorShape;
use openclaw_protocol::ids::DeviceId;
use openclaw_protocol::schema::{Field, NAME, Shape};
use openclaw_protocol::scope::{Scope, ScopeSet};
use serde::Deserialize;
use serde_json::{Value, json};

use super::decide::{apply, unexpected};
use super::device_id;
use crate::core::Core;
use crate::router::{Authority, Listed, Method, Need, Reply};
use crate::rpc::refused::{Doing, error};
use crate::rpc::{Methods, NoParams, owner_method, pairing_caller};
use crate::wire::{self, Viewer};

const RESOLVE: &str = "device.pair.resolve";
const EXPORT: &str = "device.pair.export";
const CLEAR: &str = "device.pair.clear";
const COMPLETE: &str = "device.pair.complete";
/// Largest identity file read.
const MAX_IDENTITY: u64 = 64 * 1024;

static WORDS: [Field; 2] =
    [Field::required("words", Shape::Text { min: 1, max: 256 }), Field::optional("terminal", Shape::Boolean)];
static UNDO: [Field; 2] = [
    Field::required("deviceId", NAME),
    Field::optional("what", Shape::Choice { v3: &UNDOABLE, v4: &UNDOABLE }),
];
/// What can be taken back.
const UNDOABLE: [&str; 4] = ["hand-edit", "removal", "scopes", "name"];
static TABLES: [Field; 2] =
    [Field::optional("devices", Shape::Boolean), Field::optional("requests", Shape::Boolean)];

pub(super) fn methods() -> Methods {
    let admin = || Need::Scope(Scope::ADMIN);
    vec![
        Method::new(RESOLVE, admin(), &WORDS, "Which waiting device some words mean", resolve),
        Method::new(EXPORT, admin(), &[], "Write the device files of the original gateway", export),
        Method::new("device.pair.undo", admin(), &UNDO, "Take back what was done to a device", undo),
        Method::new(
            COMPLETE,
            admin(),
            &[],
            "Give this machine's own device all of an operator's scopes",
            complete,
        ),
        Method::new(CLEAR, admin(), &TABLES, "Remove all devices, reject all requests", clear),
    ]
    .into_iter()
    .map(|method| method.listed(Listed::Hidden))
    .collect()
}

#[derive(Deserialize)]
struct Words {
    words: String,
    #[serde(default)]
    terminal: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Undo {
    device_id: String,
    what: Option<String>,
}

#[derive(Deserialize)]
struct Tables {
    #[serde(default)]
    devices: bool,
    #[serde(default)]
    requests: bool,
}

async fn resolve(core: Arc<Core>, caller: Authority, params: Words) -> Reply {
    owner_method(&caller, RESOLVE)?;
    let devices = core.store.snapshot();
    let found = devices.resolve(&params.words, params.terminal, core.now());
    Ok(resolved(&devices, &found, Viewer::of(&caller)))
}

/// `kind` is `request`, `name`, `former`, `ambiguous` or `none`. A `request` may be approved as it stands, unless a
/// `difference` says what it asks for beyond what its device was last known to ask for.
fn resolved(devices: &Snapshot, found: &Resolved, viewer: Viewer) -> Value {
    let shown = |request: &Arc<Request>| wire::pending(request, viewer);
    let list = |requests: &[Arc<Request>]| requests.iter().map(shown).collect::<Vec<_>>();
    match found {
        Resolved::Request(request) => json!({"kind": "request", "request": shown(request)}),
        Resolved::Former { former, replacement: Some(request), .. } => json!({
            "kind": "request",
            "request": shown(request),
            "note": waits_no_longer(&former.fate),
        }),
        Resolved::Former { former, replacement: None, refused } => {
            let mut answer = json!({
                "kind": "former",
                "state": state(&former.fate),
                "note": waits_no_longer(&former.fate),
            });
            if let Some(Rejected::Broadened { replacement, more_roles, more_scopes, other_machine }) = refused
            {
                answer["difference"] =
                    json!(beyond(&more_roles.names(), &more_scopes.in_words(), *other_machine));
                if let Some(request) = devices.request(replacement) {
                    answer["request"] = shown(request);
                }
            }
            answer
        }
        Resolved::Ambiguous(requests) => json!({"kind": "ambiguous", "candidates": list(requests)}),
        Resolved::Preview(requests) => match requests.as_slice() {
            [request] => json!({"kind": "name", "request": shown(request)}),
            _ => json!({"kind": "ambiguous", "candidates": list(requests)}),
        },
        Resolved::Broadened { request, from } => json!({
            "kind": "request",
            "request": shown(request),
            "difference": broadened(request, from),
        }),
        Resolved::TooShort { needed } => json!({
            "kind": "none",
            "note": format!("the beginning of a request id needs at least {needed} characters here"),
        }),
        Resolved::NotFound => json!({"kind": "none"}),
    }
}

fn state(fate: &Fate) -> &'static str {
    match fate {
        Fate::Superseded { .. } => "superseded",
        Fate::Approved => "approved",
        Fate::Rejected => "rejected",
        Fate::Expired => "expired",
        Fate::GaveWay => "gave-way",
    }
}

fn waits_no_longer(fate: &Fate) -> String {
    match fate {
        Fate::Superseded { by } => format!("This request was replaced by {by}."),
        Fate::Approved => "This request was approved already.".to_owned(),
        Fate::Rejected => "This request was rejected already.".to_owned(),
        Fate::Expired => {
            "This request has expired: the device stopped asking, and five minutes passed.".to_owned()
        }
        Fate::GaveWay => "This request gave way because too many devices were waiting.".to_owned(),
    }
}

fn broadened(request: &Request, from: &Broadened) -> String {
    let asked = request.asked();
    let (roles, scopes) = from.asked.missing(&asked);
    beyond(&roles.names(), &scopes.in_words(), !from.asked.same_machine(&asked))
}

fn beyond(roles: &[&str], scopes: &str, other_machine: bool) -> String {
    let mut parts = Vec::new();
    if !roles.is_empty() {
        parts.push(format!("role {}", roles.join(", ")));
    }
    if scopes != "nothing" {
        parts.push(format!("scopes {scopes}"));
    }
    if other_machine {
        parts.push("another kind of machine than before".to_owned());
    }
    parts.join("; ")
}

/// Writes `paired.json` and `pending.json` with tokens in them. Beside a running gateway they go into a folder of
/// their own, because `devices/` is its readable view; with the gateway stopped they go where the original looks.
async fn export(core: Arc<Core>, caller: Authority, _: NoParams) -> Reply {
    owner_method(&caller, EXPORT)?;
    let stopped = core.logging.is_none();
    let folder = if stopped {
        core.store.paths().devices_dir.clone()
    } else {
        core.paths.state_dir.join("devices-export")
    };
    let store = core.store.clone();
    let written = tokio::task::spawn_blocking(move || store.export_blocking(&folder)).await;
    let report = match written {
        Ok(written) => written.map_err(|refused| error(refused, Doing::Own, &caller))?,
        Err(_) => return Err(ErrorShape::unavailable("the export was interrupted", 1_000)),
    };
    Ok(json!({
        "files": [report.paired, report.pending],
        "devices": report.devices,
        "withoutOwnToken": report.without_own_token,
    }))
}

/// `{deviceId, what?}` → `{deviceId, scopes}`. An admin takes back:
///
/// * `"hand-edit"`, also when `what` is absent: the scopes that an edit of `devices/paired.json` added;
/// * `"removal"`: within ten minutes and while the gateway keeps running, the device is back with all it had, its
///   tokens included, unless it was paired anew meanwhile. A program that tried to connect in between may have thrown
///   its token away; then it needs the gateway's token or a setup code once more, and no approval;
/// * `"scopes"`: within the same time, and when nothing else was decided about the device since, what
///   `device.pair.narrow` took;
/// * `"name"`: the owner's name for it, so that its own is shown again.
///
/// There is no taking back a rejection (the device may ask again) nor a revoked or rotated token (approve it again).
async fn undo(core: Arc<Core>, caller: Authority, params: Undo) -> Reply {
    let judged = pairing_caller(&caller);
    let mutation = device_id(&params.device_id).map(|device| match params.what.as_deref() {
        Some("removal") => Mutation::Restore { device, caller: judged },
        Some("scopes") => Mutation::Rewiden { device, caller: judged },
        Some("name") => Mutation::Rename { device, label: None, caller: judged },
        _ => Mutation::UndoWidening { device, caller: judged },
    });
    let applied = apply(&core, &caller, Doing::Own, mutation).await?;
    match &applied.outcome {
        Outcome::Changed { device } => Ok(json!({"deviceId": device.id, "scopes": device.all_scopes()})),
        other => Err(unexpected(other)),
    }
}

/// Completes the scopes of the device whose identity lies in this state directory: the owner's own command line is
/// never left with part of what an operator may do (G5-1). Which device that is, nobody can say from outside, so that
/// this widens no other. Undone like a hand edit.
async fn complete(core: Arc<Core>, caller: Authority, _: NoParams) -> Reply {
    owner_method(&caller, COMPLETE)?;
    let at = core.paths.state_dir.clone();
    let found = tokio::task::spawn_blocking(move || own_device(&at)).await;
    let id = match found {
        Ok(Ok(id)) => id,
        Ok(Err(why)) => return Err(ErrorShape::invalid_request(why)),
        Err(_) => return Err(ErrorShape::unavailable("reading the identity was interrupted", 1_000)),
    };
    let revision = core.store.snapshot().device(&id).map(|device| device.revision);
    let mutation = match revision {
        Some(revision) => Ok(Mutation::HandEdit { device: id, scopes: ScopeSet::full_operator(), revision }),
        None => Err(Rejected::UnknownDevice),
    };
    let applied = apply(&core, &caller, Doing::Own, mutation).await?;
    let added: Vec<_> = applied
        .changes
        .iter()
        .filter_map(|change| match change {
            Change::Widened { added, .. } => Some(added.to_strings()),
            _ => None,
        })
        .flatten()
        .collect();
    match &applied.outcome {
        Outcome::Changed { device } => {
            Ok(json!({"deviceId": device.id, "scopes": device.all_scopes(), "added": added}))
        }
        other => Err(unexpected(other)),
    }
}

/// The device id of `identity/device.json`, when nobody else can have written it.
fn own_device(state_dir: &Path) -> Result<DeviceId, String> {
    let owners = Owners::of_state(state_dir);
    let file = open_trusted(state_dir, Path::new("identity/device.json"), &owners)
        .map_err(|distrust| distrust.to_string())?;
    let identity: Value = serde_json::from_reader(file.take(MAX_IDENTITY))
        .map_err(|error| format!("identity/device.json is not JSON: {error}"))?;
    identity
        .get("deviceId")
        .and_then(Value::as_str)
        .and_then(DeviceId::parse)
        .ok_or_else(|| "identity/device.json names no device".to_owned())
}

async fn clear(core: Arc<Core>, caller: Authority, params: Tables) -> Reply {
    owner_method(&caller, CLEAR)?;
    let Tables { devices, requests } = params;
    let mutation = Mutation::Clear { devices, requests, caller: pairing_caller(&caller) };
    let applied = apply(&core, &caller, Doing::Own, Ok(mutation)).await?;
    match &applied.outcome {
        Outcome::Cleared { devices, requests } => {
            Ok(json!({"removedDevices": devices, "rejectedPending": requests}))
        }
        other => Err(unexpected(other)),
    }
}

#[cfg(test)]
mod tests;
