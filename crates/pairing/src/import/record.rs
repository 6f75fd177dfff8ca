//! One foreign record of a paired device becomes ours.

use std::net::IpAddr;

use openclaw_protocol::device_proof::PublicKey;
use openclaw_protocol::role::Role;
use openclaw_protocol::scope::ScopeSet;
use openclaw_protocol::time::Millis;
use openclaw_protocol::words::Words;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::model::{ApprovedVia, Device, Grant, Roles, TokenRecord, scopes_of_role};

/// Reads a record of the early-2026 layout. `edited_scopes`: `scopes` may hold more than `approvedScopes`, because the
/// owner put it there by hand, and counts (ruling 25); in the current original's database it does not.
pub(super) fn device(name: &str, raw: &Value, edited_scopes: bool) -> Result<Device, String> {
    let record = raw.as_object().ok_or("it is not a record")?;
    let text = |key: &str| record.get(key).and_then(Value::as_str);
    let words = |key: &str| text(key).and_then(Words::some);
    let key = text("publicKey").and_then(PublicKey::parse).ok_or("it has no public key that can be read")?;
    let id = key.device_id();
    let claimed = text("deviceId").unwrap_or(name);
    if claimed != id.as_str() {
        return Err("its device id is not that of its public key".to_owned());
    }
    let time = |key: &str| millis(record, key).ok_or_else(|| format!("it has no `{key}`"));
    let created_at = time("createdAtMs")?;
    let approved_at = time("approvedAtMs")?;
    let tokens = tokens(record.get("tokens"));
    // A token for a role outside this list was a bug of the early generation and approves nothing.
    let roles =
        names(record.get("roles")).or_else(|| text("role").map(|role| vec![role])).unwrap_or_default();
    let roles =
        roles.into_iter().filter_map(Role::parse).fold(Roles::NONE, |all, role| all.union(Roles::only(role)));
    if roles.is_empty() {
        return Err("it has no role that exists".to_owned());
    }
    let approved = scopes(record.get("approvedScopes"));
    let listed = scopes(record.get("scopes"));
    let all = match (approved, listed) {
        (Some(approved), Some(listed)) if edited_scopes => {
            approved.union(&scopes_of_role(&listed, Role::Operator))
        }
        (Some(approved), _) => approved,
        (None, listed) => listed.unwrap_or_default(),
    };
    let mut device = Device {
        id,
        public_key: *key.as_bytes(),
        display_name: words("displayName"),
        label: words("label"),
        platform: words("platform"),
        device_family: words("deviceFamily"),
        client_id: words("clientId").unwrap_or_default(),
        client_mode: words("clientMode").unwrap_or_default(),
        origin: words("browserOrigin"),
        operator: None,
        node: None,
        remote_ip: text("remoteIp").and_then(|ip| ip.parse::<IpAddr>().ok()),
        approved_via: ApprovedVia::Import,
        created_at,
        approved_at,
        last_seen_at: millis(record, "lastSeenAtMs"),
        revision: 1,
        widening: None,
    };
    for role in roles.iter() {
        let scopes = scopes_of_role(&all, role);
        let entry = tokens.iter().find(|(name, _)| name == role.as_str()).map(|(_, entry)| *entry);
        let token = token(entry, &scopes, role, approved_at);
        *device.grant_mut(role) = Some(Grant { scopes, token });
    }
    Ok(device)
}

fn token(
    entry: Option<&Map<String, Value>>,
    approved: &ScopeSet,
    role: Role,
    approved_at: Millis,
) -> TokenRecord {
    // A role without a token entry still counts: nodes of the early generation had none.
    let Some(entry) = entry else { return TokenRecord::new(1, approved.clone(), approved_at) };
    let own = scopes(entry.get("scopes")).map(|own| scopes_of_role(&own, role));
    let generation =
        entry.get("generation").and_then(Value::as_u64).and_then(|n| u32::try_from(n).ok()).unwrap_or(1);
    let mut token = TokenRecord::new(
        generation.max(1),
        own.unwrap_or_else(|| approved.clone()).intersect_satisfied(approved),
        millis(entry, "createdAtMs").unwrap_or(approved_at),
    );
    token.rotated_at = millis(entry, "rotatedAtMs");
    token.revoked_at = millis(entry, "revokedAtMs");
    token.last_used_at = millis(entry, "lastUsedAtMs");
    let plain = entry.get("token").and_then(Value::as_str).map(str::trim).filter(|plain| !plain.is_empty());
    if let (Some(plain), None) = (plain, token.revoked_at) {
        token.imported = Some(Box::new(Sha256::digest(plain.as_bytes()).into()));
    }
    token
}

/// The token entries by role: a map from role to entry, or a list of entries that name their role.
fn tokens(value: Option<&Value>) -> Vec<(String, &Map<String, Value>)> {
    match value {
        Some(Value::Object(map)) => {
            map.iter().filter_map(|(role, entry)| Some((role.clone(), entry.as_object()?))).collect()
        }
        Some(Value::Array(list)) => list
            .iter()
            .filter_map(Value::as_object)
            .filter_map(|entry| Some((entry.get("role")?.as_str()?.to_owned(), entry)))
            .collect(),
        _ => Vec::new(),
    }
}

fn names(value: Option<&Value>) -> Option<Vec<&str>> {
    let list = value?.as_array()?;
    Some(list.iter().filter_map(Value::as_str).collect())
}

/// Known scopes only; what this gateway does not know it does not grant.
fn scopes(value: Option<&Value>) -> Option<ScopeSet> {
    names(value).map(|names| ScopeSet::parse_known(names).0)
}

fn millis(record: &Map<String, Value>, key: &str) -> Option<Millis> {
    record.get(key).and_then(Value::as_u64).map(Millis)
}
