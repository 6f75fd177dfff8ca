//! JSON shapes of waiting requests, paired devices and nodes (auth-and-pairing §4.6 and §4.7).
//!
//! What is shown depends on who looks: a dialect has its own set of keys, and a few facts are for the owner alone.
//! Nothing in here holds a secret: tokens appear as summaries.

use std::collections::BTreeMap;

use openclaw_pairing::model::RequestKind;
use openclaw_pairing::{ApprovedVia, Device, Request};
use openclaw_protocol::dialect::Dialect;
use openclaw_protocol::role::Role;
use openclaw_protocol::scope::ScopeSet;
use openclaw_protocol::time::Millis;
use openclaw_protocol::words::Words;
use serde::Serialize;
use serde_json::{Value, json};

use crate::hub::{Connection, Declared};
use crate::router::Authority;

/// For whom something is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Viewer {
    /// Whose keys.
    pub(crate) dialect: Dialect,
    /// Whether the owner looks.
    pub(crate) owner: bool,
}

impl Viewer {
    /// The caller of a method.
    pub(crate) fn of(caller: &Authority) -> Self {
        Self { dialect: caller.dialect, owner: caller.owner }
    }

    /// Everybody who speaks this dialect.
    pub(crate) fn everybody(dialect: Dialect) -> Self {
        Self { dialect, owner: false }
    }

    fn is_v4(self) -> bool {
        self.dialect == Dialect::V4
    }
}

/// Serialised, or `null` when a value has no JSON form, which these types always have.
fn json(shape: &impl Serialize) -> Value {
    serde_json::to_value(shape).unwrap_or(Value::Null)
}

/// A stranger's words, unless they are empty: the published shapes want at least one character.
fn said(words: Option<&Words>) -> Option<&str> {
    words.map(Words::as_str).filter(|text| !text.is_empty())
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PendingRow<'a> {
    request_id: &'a str,
    device_id: &'a str,
    public_key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    display_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    platform: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    device_family: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_mode: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    browser_origin: Option<&'a str>,
    role: Role,
    roles: Vec<&'static str>,
    scopes: &'a ScopeSet,
    #[serde(skip_serializing_if = "Option::is_none")]
    remote_ip: Option<String>,
    silent: bool,
    is_repair: bool,
    ts: Millis,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    shown: Option<String>,
}

/// A waiting request: an entry of `device.pair.list`, and the payload of `device.pair.requested`. The owner also sees
/// why the device waits (`kind`), and the fingerprint (`shown`) by which an approval can insist on exactly this.
pub(crate) fn pending(request: &Request, viewer: Viewer) -> Value {
    json(&PendingRow {
        request_id: request.id.as_str(),
        device_id: request.device_id.as_str(),
        public_key: base64url(&request.public_key),
        display_name: said(request.display_name.as_ref()),
        platform: said(request.platform.as_ref()),
        device_family: said(request.device_family.as_ref()),
        client_id: said(Some(&request.client_id)),
        client_mode: said(Some(&request.client_mode)),
        browser_origin: said(request.origin.as_ref()).filter(|_| viewer.is_v4()),
        role: request.role,
        roles: request.roles.names(),
        scopes: &request.scopes,
        remote_ip: request.remote_ip.map(|ip| ip.to_string()),
        silent: false,
        is_repair: request.is_repair,
        ts: request.ts,
        kind: viewer.owner.then(|| kind(request.kind)),
        shown: viewer.owner.then(|| request.shown.to_string()),
    })
}

/// Why a device waits, in the words of the current generation's listing.
pub(crate) fn kind(kind: RequestKind) -> &'static str {
    match kind {
        RequestKind::NotPaired => "new-pairing",
        RequestKind::RoleUpgrade => "role-upgrade",
        RequestKind::ScopeUpgrade => "scope-upgrade",
        RequestKind::MetadataUpgrade => "re-approval",
    }
}

fn base64url(key: &[u8; 32]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(key)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DeviceRow<'a> {
    device_id: &'a str,
    public_key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    display_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    operator_label: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    platform: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    device_family: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_mode: Option<&'a str>,
    role: Role,
    roles: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scopes: Option<ScopeSet>,
    #[serde(skip_serializing_if = "Option::is_none")]
    remote_ip: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    approved_via: Option<&'static str>,
    created_at_ms: Millis,
    approved_at_ms: Millis,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_seen_at_ms: Option<Millis>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_seen_reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    connected: Option<bool>,
    tokens: Vec<TokenRow>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hand_edited: Option<Value>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TokenRow {
    role: Role,
    scopes: ScopeSet,
    created_at_ms: Millis,
    #[serde(skip_serializing_if = "Option::is_none")]
    rotated_at_ms: Option<Millis>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked_at_ms: Option<Millis>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_used_at_ms: Option<Millis>,
}

/// A paired device: an entry of `device.pair.list`, where `connected` is known, or the answer of an approval, where it
/// is not said.
pub(crate) fn device(device: &Device, viewer: Viewer, connected: Option<bool>) -> Value {
    let roles = device.roles();
    let scopes = device.all_scopes();
    // Early-2026 gateways left the key out for nodes without scopes.
    let names_scopes = viewer.is_v4() || device.operator.is_some() || !scopes.is_empty();
    json(&DeviceRow {
        device_id: device.id.as_str(),
        public_key: device.public_key_base64url(),
        display_name: said(device.display_name.as_ref()),
        operator_label: said(device.label.as_ref()).filter(|_| viewer.is_v4()),
        platform: said(device.platform.as_ref()),
        device_family: said(device.device_family.as_ref()),
        client_id: said(Some(&device.client_id)),
        client_mode: said(Some(&device.client_mode)),
        role: roles.iter().next().unwrap_or(Role::Operator),
        roles: roles.names(),
        scopes: names_scopes.then_some(scopes),
        remote_ip: device.remote_ip.map(|ip| ip.to_string()),
        approved_via: approved_via(device.approved_via).filter(|_| viewer.is_v4()),
        created_at_ms: device.created_at,
        approved_at_ms: device.approved_at,
        last_seen_at_ms: device.last_seen_at.filter(|_| viewer.is_v4()),
        last_seen_reason: last_seen_reason(device).filter(|_| viewer.is_v4()),
        connected: connected.filter(|_| viewer.is_v4()),
        tokens: tokens(device),
        hand_edited: device
            .widening
            .as_ref()
            .filter(|_| viewer.owner)
            .map(|widening| json!({"scopes": widening.added, "atMs": widening.at})),
    })
}

/// The words of protocol 4. A claim code is a bootstrap token to its clients; of a device taken over from another
/// store nobody knows how it was approved.
fn approved_via(via: ApprovedVia) -> Option<&'static str> {
    match via {
        ApprovedVia::Claim => Some(ApprovedVia::Bootstrap.as_str()),
        ApprovedVia::Import => None,
        other => Some(other.as_str()),
    }
}

/// How the device came in the last time: the store writes both moments in one step.
fn last_seen_reason(device: &Device) -> Option<&'static str> {
    let seen = device.last_seen_at?;
    let by_token = [&device.operator, &device.node]
        .into_iter()
        .flatten()
        .any(|grant| grant.token.last_used_at == Some(seen));
    Some(if by_token { "device-token-auth" } else { "connect" })
}

/// One summary for each role, sorted by its name.
fn tokens(device: &Device) -> Vec<TokenRow> {
    [Role::Node, Role::Operator]
        .into_iter()
        .filter_map(|role| {
            let grant = device.grant(role)?;
            let record = &grant.token;
            Some(TokenRow {
                role,
                scopes: record.scopes.intersect_satisfied(&grant.scopes),
                created_at_ms: record.created_at,
                rotated_at_ms: record.rotated_at,
                revoked_at_ms: record.revoked_at,
                last_used_at_ms: record.last_used_at,
            })
        })
        .collect()
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NodeRow<'a> {
    node_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    display_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    platform: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_mode: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    device_family: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    remote_ip: Option<String>,
    caps: [&'static str; 0],
    commands: [&'static str; 0],
    #[serde(skip_serializing_if = "Option::is_none")]
    path_env: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    approval_state: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pending_declared_caps: Option<&'a [Words]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pending_declared_commands: Option<&'a [Words]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pending_declared_permissions: Option<&'a BTreeMap<Words, bool>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    connected_at_ms: Option<Millis>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_connected_at_ms: Option<Millis>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_seen_at_ms: Option<Millis>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_seen_reason: Option<&'static str>,
    approved_at_ms: Millis,
    paired: bool,
    connected: bool,
}

/// A paired node as `node.list` and `node.describe` show it, with its connection when there is one.
///
/// What a node says it can do is not approved by pairing the device, so `caps` and `commands`, which mean "may be
/// used", are empty, and the declared ones are shown as pending.
pub(crate) fn node(device: &Device, connection: Option<&Connection>, viewer: Viewer) -> Value {
    let declared = connection.and_then(|connection| connection.declared.as_deref());
    let pending = declared.filter(|declared| viewer.is_v4() && !declared.is_empty());
    let since = connection.map(|connection| connection.since);
    let state = connection
        .map(|_| if declared.is_none_or(Declared::is_empty) { "approved" } else { "pending-approval" });
    json(&NodeRow {
        node_id: device.id.as_str(),
        display_name: said(device.label.as_ref()).or_else(|| said(device.display_name.as_ref())),
        platform: said(device.platform.as_ref()),
        version: declared.and_then(|declared| said(Some(&declared.version))),
        client_id: said(Some(&device.client_id)).filter(|_| viewer.is_v4()),
        client_mode: said(Some(&device.client_mode)).filter(|_| viewer.is_v4()),
        device_family: said(device.device_family.as_ref()),
        remote_ip: device.remote_ip.map(|ip| ip.to_string()),
        caps: [],
        commands: [],
        path_env: declared.and_then(|declared| declared.path_env.as_deref()),
        approval_state: state.filter(|_| viewer.is_v4()),
        pending_declared_caps: pending.map(|declared| declared.caps.as_slice()),
        pending_declared_commands: pending.map(|declared| declared.commands.as_slice()),
        pending_declared_permissions: pending
            .map(|declared| &declared.permissions)
            .filter(|map| !map.is_empty()),
        connected_at_ms: since,
        last_connected_at_ms: since.filter(|_| viewer.is_v4()),
        last_seen_at_ms: since.or(device.last_seen_at).filter(|_| viewer.is_v4()),
        last_seen_reason: last_seen_reason(device).filter(|_| viewer.is_v4()),
        approved_at_ms: device.approved_at,
        paired: true,
        connected: connection.is_some(),
    })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NodePairRow<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<&'a str>,
    node_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_mode: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    display_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    platform: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    device_family: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    remote_ip: Option<String>,
    caps: [&'static str; 0],
    commands: [&'static str; 0],
    #[serde(skip_serializing_if = "Option::is_none")]
    required_approve_scopes: Option<[&'static str; 2]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_repair: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    silent: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_at_ms: Option<Millis>,
    #[serde(skip_serializing_if = "Option::is_none")]
    approved_at_ms: Option<Millis>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_seen_at_ms: Option<Millis>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_seen_reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ts: Option<Millis>,
}

/// A device that waits to become a node: an entry of `node.pair.list`, and the payload of `node.pair.requested`.
pub(crate) fn node_pending(request: &Request, viewer: Viewer) -> Value {
    json(&NodePairRow {
        request_id: Some(request.id.as_str()),
        node_id: request.device_id.as_str(),
        client_id: said(Some(&request.client_id)).filter(|_| viewer.is_v4()),
        client_mode: said(Some(&request.client_mode)).filter(|_| viewer.is_v4()),
        display_name: said(request.display_name.as_ref()),
        platform: said(request.platform.as_ref()),
        device_family: said(request.device_family.as_ref()),
        remote_ip: request.remote_ip.map(|ip| ip.to_string()),
        caps: [],
        commands: [],
        // Who is not an admin approves no other role than operator.
        required_approve_scopes: viewer.is_v4().then_some(["operator.pairing", "operator.admin"]),
        is_repair: Some(request.is_repair),
        silent: Some(false),
        created_at_ms: None,
        approved_at_ms: None,
        last_seen_at_ms: None,
        last_seen_reason: None,
        ts: Some(request.ts),
    })
}

/// A paired node in `node.pair.list`, and the `node` of an approval.
pub(crate) fn node_paired(device: &Device, viewer: Viewer) -> Value {
    json(&NodePairRow {
        request_id: None,
        node_id: device.id.as_str(),
        client_id: said(Some(&device.client_id)).filter(|_| viewer.is_v4()),
        client_mode: said(Some(&device.client_mode)).filter(|_| viewer.is_v4()),
        display_name: said(device.label.as_ref()).or_else(|| said(device.display_name.as_ref())),
        platform: said(device.platform.as_ref()),
        device_family: said(device.device_family.as_ref()),
        remote_ip: device.remote_ip.map(|ip| ip.to_string()),
        caps: [],
        commands: [],
        required_approve_scopes: None,
        is_repair: None,
        silent: None,
        created_at_ms: Some(device.created_at),
        approved_at_ms: Some(device.approved_at),
        last_seen_at_ms: device.last_seen_at.filter(|_| viewer.is_v4()),
        last_seen_reason: last_seen_reason(device).filter(|_| viewer.is_v4()),
        ts: None,
    })
}

pub(crate) mod detail;
#[cfg(test)]
mod tests;
