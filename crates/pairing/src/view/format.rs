//! The early-2026 layout of `paired.json` and `pending.json` (section 4.4): pretty JSON, two spaces, keyed by id.
//!
//! Beyond that layout a paired record carries `revision` (which state of the device it shows), `label`, and each
//! token's `generation`. The original ignores keys it does not know.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::net::IpAddr;

use openclaw_protocol::ids::{DeviceId, RequestId};
use openclaw_protocol::role::Role;
use openclaw_protocol::scope::ScopeSet;
use openclaw_protocol::time::Millis;
use openclaw_protocol::words::Words;
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use crate::model::{Device, Grant, Request, Snapshot};
use crate::token::TokenKey;

/// A device as a record of `paired.json`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PairedRecord<'a> {
    device_id: &'a DeviceId,
    public_key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    display_name: Option<&'a Words>,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<&'a Words>,
    #[serde(skip_serializing_if = "Option::is_none")]
    platform: Option<&'a Words>,
    #[serde(skip_serializing_if = "Option::is_none")]
    device_family: Option<&'a Words>,
    client_id: &'a Words,
    client_mode: &'a Words,
    role: &'static str,
    roles: Vec<&'static str>,
    scopes: ScopeSet,
    approved_scopes: ScopeSet,
    #[serde(skip_serializing_if = "Option::is_none")]
    remote_ip: Option<IpAddr>,
    tokens: BTreeMap<&'static str, TokenEntry<'a>>,
    created_at_ms: Millis,
    approved_at_ms: Millis,
    revision: u32,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TokenEntry<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
    role: &'static str,
    scopes: &'a ScopeSet,
    created_at_ms: Millis,
    #[serde(skip_serializing_if = "Option::is_none")]
    rotated_at_ms: Option<Millis>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked_at_ms: Option<Millis>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_used_at_ms: Option<Millis>,
    generation: u32,
}

/// A request as a record of `pending.json`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PendingRecord<'a> {
    request_id: &'a RequestId,
    device_id: &'a DeviceId,
    public_key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    display_name: Option<&'a Words>,
    #[serde(skip_serializing_if = "Option::is_none")]
    platform: Option<&'a Words>,
    #[serde(skip_serializing_if = "Option::is_none")]
    device_family: Option<&'a Words>,
    client_id: &'a Words,
    client_mode: &'a Words,
    role: &'static str,
    roles: Vec<&'static str>,
    scopes: &'a ScopeSet,
    #[serde(skip_serializing_if = "Option::is_none")]
    remote_ip: Option<IpAddr>,
    silent: bool,
    is_repair: bool,
    ts: Millis,
}

fn paired_record<'a>(device: &'a Device, key: Option<&TokenKey>) -> PairedRecord<'a> {
    let roles = device.roles();
    let scopes = device.all_scopes();
    let mut tokens = BTreeMap::new();
    for role in roles.iter() {
        if let Some(grant) = device.grant(role) {
            let token = key.map(|key| key.derive(device, role, grant.token.generation));
            tokens.insert(
                role.as_str(),
                token_entry(role, grant, token.map(|token| token.expose().to_owned())),
            );
        }
    }
    PairedRecord {
        device_id: &device.id,
        public_key: device.public_key_base64url(),
        display_name: device.display_name.as_ref(),
        label: device.label.as_ref(),
        platform: device.platform.as_ref(),
        device_family: device.device_family.as_ref(),
        client_id: &device.client_id,
        client_mode: &device.client_mode,
        role: roles.iter().next().unwrap_or(Role::Operator).as_str(),
        roles: roles.names(),
        approved_scopes: scopes.clone(),
        scopes,
        remote_ip: device.remote_ip,
        tokens,
        created_at_ms: device.created_at,
        approved_at_ms: device.approved_at,
        revision: device.revision,
    }
}

fn token_entry(role: Role, grant: &Grant, token: Option<String>) -> TokenEntry<'_> {
    let record = &grant.token;
    TokenEntry {
        token,
        role: role.as_str(),
        scopes: &record.scopes,
        created_at_ms: record.created_at,
        rotated_at_ms: record.rotated_at,
        revoked_at_ms: record.revoked_at,
        last_used_at_ms: record.last_used_at,
        generation: record.generation,
    }
}

fn pending_record(request: &Request) -> PendingRecord<'_> {
    PendingRecord {
        request_id: &request.id,
        device_id: &request.device_id,
        public_key: crate::model::base64url(&request.public_key),
        display_name: request.display_name.as_ref(),
        platform: request.platform.as_ref(),
        device_family: request.device_family.as_ref(),
        client_id: &request.client_id,
        client_mode: &request.client_mode,
        role: request.role.as_str(),
        roles: request.roles.names(),
        scopes: &request.scopes,
        remote_ip: request.remote_ip,
        silent: false,
        is_repair: request.is_repair,
        ts: request.ts,
    }
}

/// `paired.json`; with a key it holds the tokens too (for a return to the original).
struct Paired<'a>(&'a Snapshot, Option<&'a TokenKey>);
/// `pending.json`.
struct Pending<'a>(&'a Snapshot);

impl Serialize for Paired<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut devices: Vec<_> = self.0.devices().collect();
        devices.sort_by(|a, b| a.id.cmp(&b.id));
        let mut map = serializer.serialize_map(Some(devices.len()))?;
        for device in devices {
            map.serialize_entry(&device.id, &paired_record(device, self.1))?;
        }
        map.end()
    }
}

impl Serialize for Pending<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut requests: Vec<_> = self.0.requests().collect();
        requests.sort_by(|a, b| a.ts.cmp(&b.ts).then_with(|| a.id.cmp(&b.id)));
        let mut map = serializer.serialize_map(Some(requests.len()))?;
        for request in requests {
            map.serialize_entry(&request.id, &pending_record(request))?;
        }
        map.end()
    }
}

/// Writes `paired.json`.
pub(crate) fn paired(snapshot: &Snapshot, key: Option<&TokenKey>, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, &Paired(snapshot, key))?;
    out.write_all(b"\n")
}

/// Writes `pending.json`.
pub(crate) fn pending(snapshot: &Snapshot, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, &Pending(snapshot))?;
    out.write_all(b"\n")
}
