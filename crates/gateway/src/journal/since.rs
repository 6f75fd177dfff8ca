//! What has become of somebody since the refusal: the device and its request as they stand now.

use openclaw_pairing::{Device, Fate, Snapshot};
use openclaw_protocol::ids::{DeviceId, RequestId};
use openclaw_protocol::refusal::Refusal;
use openclaw_protocol::time::Millis;
use serde::Serialize;
use serde_json::{Value, json};

use super::Entry;
use crate::core::Core;

/// How it stands with what was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// Nothing has changed: the same attempt would be refused again, as far as the journal can know.
    Open,
    /// Its request was approved, or it has been let in since.
    Mended,
    /// It did not prove who it is, and somebody from its address has been let in since: it, or a neighbour.
    Perhaps,
    /// The owner refused it.
    Rejected,
    /// Its request waits no longer: the device files a new one when it tries again.
    Expired,
}

/// How it stands with an entry.
pub fn standing(core: &Core, entry: &Entry) -> Standing {
    let devices = core.store.snapshot();
    let admitted = admitted_since(core, &devices, entry);
    if admitted && entry.device_id.is_none() {
        return Standing::Perhaps;
    }
    let Some(id) = entry.request_id() else {
        return if admitted { Standing::Mended } else { Standing::Open };
    };
    if covers(&devices, entry) || admitted {
        return Standing::Mended;
    }
    if devices.request(id).is_some_and(|request| request.is_live(core.now())) {
        return Standing::Open;
    }
    match devices.former_request(id).map(|former| &former.fate) {
        Some(Fate::Superseded { .. }) if waiting(core, &devices, entry).is_some() => Standing::Open,
        Some(Fate::Rejected) => Standing::Rejected,
        // Approved and taken away again: it asks anew.
        _ => Standing::Expired,
    }
}

/// Whether the device now has what it was refused for the lack of.
fn covers(devices: &Snapshot, entry: &Entry) -> bool {
    let Some(device) = entry.device_id.as_ref().and_then(|id| devices.device(id)) else { return false };
    match &entry.refusal {
        Refusal::Pairing(pairing) => {
            device.approved_at >= entry.ts
                && device.effective(pairing.requested_role).is_some()
                && device.approved_scopes(pairing.requested_role).covers(&pairing.requested_scopes)
        }
        Refusal::Unauthorized(failure) => failure.gap.as_ref().is_some_and(|gap| {
            device.token_scopes(failure.role).is_some_and(|has| has.covers(&gap.requested))
        }),
        _ => false,
    }
}

/// Whether the device has been let in after the refusal; where none proved itself, whether a connection of the same
/// address has.
fn admitted_since(core: &Core, devices: &Snapshot, entry: &Entry) -> bool {
    match &entry.device_id {
        Some(id) => {
            let seen = devices.device(id).and_then(|device| device.last_seen_at);
            seen.is_some_and(|seen| seen > entry.ts)
                || connected_since(core, id).is_some_and(|at| at > entry.ts)
        }
        None => core.hub.all().iter().any(|connection| {
            connection.since > entry.ts
                && connection.client_ip.is_some()
                && connection.client_ip == entry.address
        }),
    }
}

/// Since when the device is connected.
fn connected_since(core: &Core, device: &DeviceId) -> Option<Millis> {
    let all = core.hub.all();
    all.iter()
        .filter(|connection| connection.authority.device.as_ref() == Some(device))
        .map(|connection| connection.since)
        .max()
}

/// The request that waits for the entry's device now.
pub fn waiting(core: &Core, devices: &Snapshot, entry: &Entry) -> Option<RequestId> {
    let request = devices.request_of(entry.device_id.as_ref()?)?;
    request.is_live(core.now()).then(|| request.id.clone())
}

/// The entry with the request that an approval would have to name now: a device that asked for more has another one.
pub fn with_current_request(core: &Core, entry: &Entry) -> Entry {
    let mut entry = entry.clone();
    let current = waiting(core, &core.store.snapshot(), &entry);
    match (&mut entry.refusal, current) {
        (Refusal::Pairing(pairing), Some(id)) => pairing.request_id = id,
        (Refusal::Unauthorized(failure), Some(id)) => {
            if let Some(gap) = &mut failure.gap {
                gap.request_id = Some(id);
            }
        }
        _ => {}
    }
    entry
}

/// What became of a request, for people who hold its id.
pub fn request(core: &Core, id: &RequestId) -> Option<Value> {
    let devices = core.store.snapshot();
    if let Some(request) = devices.request(id).filter(|request| request.is_live(core.now())) {
        return Some(json!({"requestId": id, "state": "waiting", "atMs": request.ts}));
    }
    let former = devices.former_request(id)?;
    let state = match &former.fate {
        Fate::Superseded { .. } => "superseded",
        Fate::Approved => "approved",
        Fate::Rejected => "rejected",
        Fate::Expired => "expired",
        Fate::GaveWay => "gave-way",
    };
    let mut told = json!({"requestId": id, "state": state, "atMs": former.at});
    if let Fate::Superseded { by } = &former.fate {
        told["by"] = json!(by);
    }
    Some(told)
}

/// The device as it stands now: `paired`, `waiting`, `removed` or `unknown`.
pub fn device(core: &Core, id: &DeviceId) -> Value {
    let devices = core.store.snapshot();
    let mut told = json!({"deviceId": id, "connectedSinceMs": connected_since(core, id)});
    let waits = devices.request_of(id).filter(|request| request.is_live(core.now()));
    match (devices.device(id), waits, devices.tombstone(id)) {
        (Some(device), ..) => describe(&mut told, device),
        (None, Some(request), _) => {
            told["state"] = json!("waiting");
            told["name"] = json!(request.display_name.as_ref().unwrap_or(&request.client_id));
        }
        (None, None, Some(tombstone)) => {
            told["state"] = json!("removed");
            told["atMs"] = json!(tombstone.removed_at);
        }
        (None, None, None) => told["state"] = json!("unknown"),
    }
    if let Some(request) = waits {
        told["requestId"] = json!(request.id);
    }
    told
}

fn describe(told: &mut Value, device: &Device) {
    told["state"] = json!("paired");
    told["name"] = json!(device.shown_name());
    told["roles"] = json!(device.effective_roles().names());
    told["scopes"] = json!(device.all_scopes());
    told["approvedVia"] = json!(device.approved_via.as_str());
    told["approvedAtMs"] = json!(device.approved_at);
    told["lastSeenAtMs"] = json!(device.last_seen_at);
}
