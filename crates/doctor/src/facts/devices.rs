//! Paired and waiting devices, as the running gateway lists them or as a stopped one left them in its readable view.

use std::path::Path;

use openclaw_config::Paths;
use openclaw_os::file::read_nofollow;
use openclaw_protocol::ids::{DeviceId, RequestId};
use openclaw_protocol::scope::ScopeSet;
use openclaw_protocol::time::Millis;
use openclaw_protocol::words::Words;
use serde_json::Value;

/// Largest view that is read: 10,000 devices take about 10 MiB.
const MAX_BYTES: u64 = 64 << 20;

/// Where they are from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Source {
    /// Nothing is known.
    #[default]
    Nowhere,
    /// The files of a stopped gateway.
    Files,
    /// The running gateway.
    Gateway,
}

/// A paired device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paired {
    /// Its id.
    pub id: DeviceId,
    /// Roles that are not revoked.
    pub roles: Vec<String>,
    /// Roles whose token was revoked.
    pub revoked: Vec<String>,
    /// The operator scopes in effect.
    pub scopes: ScopeSet,
    /// When the operator's token was last made, as far as that is known.
    pub rotated_at: Option<Millis>,
}

/// A waiting request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Its id.
    pub id: RequestId,
    /// Who asks.
    pub name: Words,
    /// What for.
    pub scopes: ScopeSet,
    /// The role.
    pub role: Words,
    /// The device is paired and asks for more.
    pub is_upgrade: bool,
    /// It is this machine's own device.
    pub device: Option<DeviceId>,
}

/// What a gateway did not take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetAside {
    /// The record.
    pub record: Words,
    /// Why.
    pub why: Words,
}

/// All of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Devices {
    /// Where they are from.
    pub source: Source,
    /// Paired ones.
    pub paired: Vec<Paired>,
    /// Waiting ones.
    pub waiting: Vec<Waiting>,
}

impl Devices {
    /// From the gateway's `device.pair.list`.
    #[must_use]
    pub fn listed(answer: &Value) -> Self {
        let list = |name: &str| answer.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
        Self {
            source: Source::Gateway,
            paired: list("paired").iter().filter_map(paired).collect(),
            waiting: list("pending").iter().filter_map(waiting).collect(),
        }
    }

    /// From the readable view.
    #[must_use]
    pub fn viewed(paths: &Paths) -> Self {
        let (paired_file, pending_file) =
            (paths.devices_dir().join("paired.json"), paths.devices_dir().join("pending.json"));
        let (Some(records), requests) = (read(&paired_file), read(&pending_file)) else {
            return Self::default();
        };
        Self {
            source: Source::Files,
            paired: records.values().filter_map(paired).collect(),
            waiting: requests.unwrap_or_default().values().filter_map(waiting).collect(),
        }
    }

    /// The paired device of that id.
    #[must_use]
    pub fn device(&self, id: &DeviceId) -> Option<&Paired> {
        self.paired.iter().find(|device| device.id == *id)
    }
}

fn read(path: &Path) -> Option<serde_json::Map<String, Value>> {
    serde_json::from_slice(&read_nofollow(path, MAX_BYTES).ok()?).ok()
}

fn texts<'v>(record: &'v Value, key: &str) -> Vec<&'v str> {
    record.get(key).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
}

fn scopes(record: &Value) -> ScopeSet {
    ScopeSet::parse_known(texts(record, "scopes")).0
}

fn paired(record: &Value) -> Option<Paired> {
    let id = DeviceId::parse(record.get("deviceId")?.as_str()?)?;
    // A list in answers, an object by role in the file.
    let tokens: Vec<(&str, &Value)> = match record.get("tokens") {
        Some(Value::Array(list)) => {
            list.iter().filter_map(|token| Some((token.get("role")?.as_str()?, token))).collect()
        }
        Some(Value::Object(map)) => map.iter().map(|(role, token)| (role.as_str(), token)).collect(),
        _ => Vec::new(),
    };
    let revoked: Vec<String> = tokens
        .iter()
        .filter(|(_, token)| token.get("revokedAtMs").is_some_and(Value::is_number))
        .map(|(role, _)| (*role).to_owned())
        .collect();
    let mut roles: Vec<String> = texts(record, "roles").into_iter().map(str::to_owned).collect();
    roles.extend(record.get("role").and_then(Value::as_str).map(str::to_owned));
    roles.sort();
    roles.dedup();
    roles.retain(|role| !revoked.contains(role));
    let operator = tokens.iter().find(|(role, _)| *role == "operator").map(|(_, token)| *token);
    let at = |key: &str| operator?.get(key)?.as_u64().map(Millis);
    Some(Paired {
        id,
        roles,
        revoked,
        scopes: scopes(record).operator_only(),
        rotated_at: at("rotatedAtMs").or_else(|| at("createdAtMs")),
    })
}

fn waiting(record: &Value) -> Option<Waiting> {
    let text = |key: &str| record.get(key).and_then(Value::as_str);
    Some(Waiting {
        id: RequestId::parse(text("requestId")?)?,
        name: Words::new(text("displayName").or_else(|| text("clientId")).unwrap_or("a device")),
        scopes: scopes(record),
        role: Words::new(text("role").unwrap_or("operator")),
        is_upgrade: record.get("isRepair").and_then(Value::as_bool).unwrap_or(false),
        device: text("deviceId").and_then(DeviceId::parse),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_list_and_the_view_say_the_same() {
        let id = "a".repeat(64);
        let token = json!({"role": "operator", "scopes": ["operator.read"], "createdAtMs": 5});
        let common = json!({
            "deviceId": id, "role": "operator", "roles": ["operator"], "scopes": ["operator.read"],
        });
        let mut listed = common.clone();
        listed["tokens"] = json!([token]);
        let mut viewed = common;
        viewed["tokens"] = json!({"operator": token});
        let (a, b) = (paired(&listed).unwrap(), paired(&viewed).unwrap());
        assert_eq!(a, b);
        assert_eq!((a.rotated_at, a.scopes.in_words().as_str()), (Some(Millis(5)), "read"));
        assert_eq!(paired(&json!({"deviceId": "x"})), None);
    }

    #[test]
    fn a_revoked_role_is_no_role() {
        let record = json!({
            "deviceId": "b".repeat(64), "roles": ["operator", "node"], "scopes": ["operator.read"],
            "tokens": {"operator": {"revokedAtMs": 7}, "node": {}},
        });
        let device = paired(&record).unwrap();
        assert_eq!((device.roles, device.revoked), (vec!["node".to_owned()], vec!["operator".to_owned()]));
    }
}
