//! Operators, nodes and waiting requests: from the running gateway, else from the readable view on the disk.

use std::path::Path;

use serde_json::{Value, json};

use super::OwnerView;
use crate::context::Context;

/// Largest view that is read.
const MAX_BYTES: u64 = 16 * 1024 * 1024;

/// Where the numbers are from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The running gateway.
    Gateway,
    /// `devices/*.json` of a stopped one.
    Files,
    /// Neither: there is no state yet, or it cannot be read.
    Nowhere,
}

/// How many there are of each kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DeviceCounts {
    /// Where the numbers are from.
    pub(crate) origin: Origin,
    /// Requests that wait for approval.
    pub(crate) pending: usize,
    /// Paired devices with the operator role.
    pub(crate) operators: usize,
    /// Of those, connected now.
    pub(crate) operators_connected: usize,
    /// Paired devices with the node role.
    pub(crate) nodes: usize,
    /// Of those, connected now.
    pub(crate) nodes_connected: usize,
}

impl DeviceCounts {
    /// Counts.
    pub(crate) fn of(context: &Context, owner: &OwnerView) -> DeviceCounts {
        if let Some(answers) = owner.answers().filter(|answers| answers.devices.is_object()) {
            let list = |name: &str| answers.devices.get(name).and_then(Value::as_array).cloned();
            let (paired, pending) = (list("paired").unwrap_or_default(), list("pending").unwrap_or_default());
            return count(Origin::Gateway, paired.iter(), pending.len());
        }
        let folder = context.paths.devices_dir();
        let (paired, pending) = (read(&folder.join("paired.json")), read(&folder.join("pending.json")));
        let origin = if paired.is_none() && pending.is_none() { Origin::Nowhere } else { Origin::Files };
        let paired = paired.unwrap_or_default();
        count(origin, paired.values(), pending.map_or(0, |requests| requests.len()))
    }

    /// For programs.
    pub(crate) fn json(&self) -> Value {
        json!({
            "pending": self.pending,
            "operators": { "paired": self.operators, "connected": self.operators_connected },
            "nodes": { "paired": self.nodes, "connected": self.nodes_connected },
            "source": match self.origin {
                Origin::Gateway => "gateway",
                Origin::Files => "files",
                Origin::Nowhere => "none",
            },
        })
    }
}

fn count<'a>(origin: Origin, paired: impl Iterator<Item = &'a Value>, pending: usize) -> DeviceCounts {
    let none =
        DeviceCounts { origin, pending, operators: 0, operators_connected: 0, nodes: 0, nodes_connected: 0 };
    paired.fold(none, |mut counts, device| {
        let named = device.get("roles").and_then(Value::as_array).into_iter().flatten();
        let roles: Vec<&str> = named.chain(device.get("role")).filter_map(Value::as_str).collect();
        let connected = usize::from(device.get("connected") == Some(&Value::Bool(true)));
        if roles.contains(&"operator") {
            counts.operators += 1;
            counts.operators_connected += connected;
        }
        if roles.contains(&"node") {
            counts.nodes += 1;
            counts.nodes_connected += connected;
        }
        counts
    })
}

fn read(path: &Path) -> Option<serde_json::Map<String, Value>> {
    if std::fs::metadata(path).ok()?.len() > MAX_BYTES {
        return None;
    }
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{DeviceCounts, Origin, count};

    #[test]
    fn a_device_with_both_roles_counts_as_each() {
        let paired = [
            json!({"role": "operator", "roles": ["operator", "node"], "connected": true}),
            json!({"role": "node"}),
            json!({"roles": ["operator"]}),
        ];
        assert_eq!(
            count(Origin::Gateway, paired.iter(), 2),
            DeviceCounts {
                origin: Origin::Gateway,
                pending: 2,
                operators: 2,
                operators_connected: 1,
                nodes: 2,
                nodes_connected: 1,
            }
        );
    }
}
