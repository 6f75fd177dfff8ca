//! Compares an edited `paired.json` with the state: what counts as the owner's approval, and what does not (ruling 25).

use std::collections::BTreeMap;

use openclaw_protocol::ids::DeviceId;
use openclaw_protocol::role::Role;
use openclaw_protocol::scope::{Scope, ScopeSet};
use openclaw_protocol::words::Words;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::model::{Device, SetAside, Snapshot, scopes_of_role};

/// Findings told one by one; a file full of them says the same over and over.
const MAX_TOLD: usize = 50;

/// Scopes to add to a device.
pub(super) struct Edit {
    pub(super) device: DeviceId,
    pub(super) scopes: ScopeSet,
    pub(super) revision: u32,
}

/// What is in the file that the state does not have.
#[derive(Default)]
pub(super) struct Found {
    pub(super) edits: Vec<Edit>,
    pub(super) set_aside: Vec<SetAside>,
}

impl Found {
    pub(super) fn refuse(&mut self, record: &str, why: impl Into<String>) {
        if self.set_aside.len() < MAX_TOLD {
            self.set_aside.push(SetAside { record: Words::new(record), why: why.into(), kept_in: None });
        }
    }
}

/// Reads the file. `Err`: it is not a JSON object at all.
pub(super) fn compare(snapshot: &Snapshot, bytes: &[u8]) -> Result<Found, String> {
    let records: BTreeMap<String, &RawValue> =
        serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    let mut found = Found::default();
    for (name, raw) in records {
        one(snapshot, &name, raw.get(), &mut found);
    }
    Ok(found)
}

fn one(snapshot: &Snapshot, name: &str, raw: &str, found: &mut Found) {
    let Ok(Value::Object(record)) = serde_json::from_str(raw) else {
        return found.refuse(name, "this is not a record of a device");
    };
    let Some(id) = DeviceId::parse(name) else {
        return found.refuse(name, "a record's key is a device id: 64 hex digits");
    };
    let Some(device) = snapshot.device(&id) else {
        let why = match snapshot.tombstone(&id) {
            Some(_) => "this device was removed; it must pair again",
            None => "new devices are not taken from this file; let the device connect and approve it",
        };
        return found.refuse(name, why);
    };
    let names = |key: &str| -> Option<Vec<&str>> {
        record.get(key)?.as_array()?.iter().map(Value::as_str).collect::<Option<Vec<_>>>()
    };
    if record.get("scopes").is_some_and(|scopes| !scopes.is_null()) && names("scopes").is_none() {
        return found.refuse(name, "`scopes` must be a list of scope names");
    }
    for (key, ours) in [("publicKey", device.public_key_base64url()), ("deviceId", device.id.to_string())] {
        if record.get(key).is_some_and(|value| value.as_str() != Some(&ours)) {
            return found.refuse(name, format!("`{key}` belongs to the gateway and was changed"));
        }
    }
    if names("roles").is_some_and(|roles| roles.iter().any(|role| !device.roles().names().contains(role))) {
        found.refuse(name, "a role is approved with `openclaw devices approve`, not in this file");
    }
    // Old generations of this file kept tokens in it.
    if record.get("tokens").is_some_and(|tokens| tokens.as_object().is_none_or(has_token_value)) {
        found.refuse(name, "tokens are not taken from this file");
    }
    let Some(scopes) = names("scopes") else { return };
    let (known, unknown) = ScopeSet::parse_known(scopes);
    for scope in unknown {
        found.refuse(name, format!("there is no scope {scope}"));
    }
    wanted(device, name, &record, &known, found);
}

fn has_token_value(tokens: &serde_json::Map<String, Value>) -> bool {
    tokens.values().any(|token| token.get("token").is_some())
}

fn wanted(
    device: &Device,
    name: &str,
    record: &serde_json::Map<String, Value>,
    known: &ScopeSet,
    found: &mut Found,
) {
    let node_scopes = scopes_of_role(known, Role::Node);
    let more_node = node_scopes
        .iter()
        .any(|scope: &Scope| !device.node.as_ref().is_some_and(|grant| grant.scopes.contains(scope)));
    if more_node {
        found.refuse(name, "node scopes are approved with `openclaw devices approve`, not in this file");
    }
    let asked = scopes_of_role(known, Role::Operator);
    let more = asked.beyond(&device.approved_scopes(Role::Operator));
    if more.is_empty() {
        return;
    }
    if device.operator.is_none() {
        return found.refuse(name, "this device is no operator; operator scopes mean nothing to it");
    }
    if device.effective(Role::Operator).is_none() {
        return found.refuse(name, "this device's operator role was revoked; it must be approved again");
    }
    if !is_current(device, record) {
        return found.refuse(
            name,
            format!(
                "the device has changed since this file was written; what it adds ({more}) was not taken"
            ),
        );
    }
    found.edits.push(Edit { device: device.id.clone(), scopes: asked, revision: device.revision });
}

/// Whether the record shows the device as it is: approved at that time, and not changed since. A record rebuilt by hand
/// may lack our `revision`, but not the time.
fn is_current(device: &Device, record: &serde_json::Map<String, Value>) -> bool {
    record.get("approvedAtMs").and_then(Value::as_u64) == Some(device.approved_at.0)
        && record.get("revision").is_none_or(|revision| revision.as_u64() == Some(u64::from(device.revision)))
}
