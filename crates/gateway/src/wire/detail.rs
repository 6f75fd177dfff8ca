//! What `device.pair.list {detail: true}` adds to its rows: what a person wants to know before deciding.
//!
//! Clients of the two generations do not ask for it, so that they keep getting exactly the rows they know.

use std::collections::HashMap;
use std::sync::Arc;

use openclaw_pairing::model::{Former, RequestKind, Seen};
use openclaw_pairing::{CallerAuthority, Device, Request, Snapshot};
use openclaw_protocol::ids::DeviceId;
use openclaw_protocol::refusal::NotLocalWhy;
use openclaw_protocol::time::Millis;
use serde_json::{Value, json};

use super::{Viewer, device, kind, pending, said};
use crate::hub::Connection;

/// Candidates listed of the devices that a new one may have been before.
const MAX_SAME: usize = 3;

/// The connections of a device.
#[derive(Debug, Default)]
struct Live {
    connections: usize,
    since: Option<Millis>,
}

/// What the rows are made from.
pub(crate) struct Detail<'a> {
    devices: &'a Snapshot,
    live: HashMap<DeviceId, Live>,
    caller: &'a CallerAuthority,
    /// The caller's device, however it came in.
    own: Option<&'a DeviceId>,
    viewer: Viewer,
    withheld: HashMap<&'a DeviceId, Vec<&'a Arc<Former>>>,
}

impl<'a> Detail<'a> {
    pub(crate) fn new(
        devices: &'a Snapshot,
        connections: &[Arc<Connection>],
        caller: &'a CallerAuthority,
        own: Option<&'a DeviceId>,
        viewer: Viewer,
    ) -> Self {
        let mut live: HashMap<DeviceId, Live> = HashMap::new();
        for connection in connections {
            let Some(device) = &connection.authority.device else { continue };
            let live = live.entry(device.clone()).or_default();
            live.connections += 1;
            live.since = Some(live.since.map_or(connection.since, |since| since.min(connection.since)));
        }
        let mut withheld: HashMap<_, Vec<_>> = HashMap::new();
        for former in devices.withholdings() {
            withheld.entry(&former.device_id).or_default().push(former);
        }
        Self { devices, live, caller, own, viewer, withheld }
    }

    /// A waiting request, with these keys more:
    ///
    /// * `reason`: `not-paired`, `role-upgrade`, `scope-upgrade` or `metadata-upgrade`; `kind`, the same in the words
    ///   of the command line; `shown`, the fingerprint for `device.pair.approve`;
    /// * `refreshedAtMs`, when the device last asked, and `expiresAtMs`;
    /// * `approvedRoles`, `approvedScopes`: what the device has; `newScopes`: what it asks for beyond that;
    /// * `changes?`: `[{field, old, new}]` for a `metadata-upgrade`;
    /// * `withheldAtMs?`: all of `newScopes` was withheld before, by an approval at that time: no news for anybody;
    /// * `seen?`: `{path, address?, proxy?, why?, header?, listed?, host?, sentence?}`: how the gateway saw the device
    ///   when the request was made, and why that is not local: `why` is `address`, `container-network`,
    ///   `in-container`, `forwarded` (by `header`, from a proxy that is `listed` or not), `host`, `other-user` or
    ///   `other-origin`, and `sentence` says it; `userAgent?`, the browser's own words;
    /// * `sameAs`: `[{deviceId, name, lastSeenAtMs, sameAddress, scopes}]`: devices that this one may have been before
    ///   its storage was cleared, the likeliest first. For `device.pair.approve {replace}`, after asking.
    pub(crate) fn pending(&self, request: &Request) -> Value {
        let mut row = pending(request, self.viewer);
        let paired = self.devices.device(&request.device_id);
        let has = paired.map(|device| device.all_scopes()).unwrap_or_default();
        row["kind"] = json!(kind(request.kind));
        row["reason"] = json!(reason(request.kind));
        row["shown"] = json!(request.shown.to_string());
        row["refreshedAtMs"] = json!(request.refreshed_at);
        row["expiresAtMs"] = json!(request.expires_at());
        row["approvedRoles"] =
            json!(paired.map(|device| device.effective_roles().names()).unwrap_or_default());
        row["newScopes"] = json!(request.scopes.beyond(&has));
        row["approvedScopes"] = json!(has);
        let changes = self.devices.changes_of(request);
        if !changes.is_empty() {
            row["changes"] = changes
                .iter()
                .map(|change| json!({"field": change.field, "old": change.old, "new": change.new}))
                .collect();
        }
        let before = self.withheld.get(&request.device_id).into_iter().flatten().copied();
        if let Some(at) = self.devices.withheld_before(request, before) {
            row["withheldAtMs"] = json!(at);
        }
        if let Some(told) = &request.seen {
            row["seen"] = seen(told);
            if let Some(agent) = said(told.user_agent.as_ref()) {
                row["userAgent"] = json!(agent);
            }
        }
        row["sameAs"] = self.same_as(request);
        row
    }

    fn same_as(&self, request: &Request) -> Value {
        let here = |id: &DeviceId| self.live.contains_key(id);
        self.devices
            .predecessors(request, here)
            .into_iter()
            .filter(|(device, _)| self.caller.may_manage(&device.id))
            .take(MAX_SAME)
            .map(|(device, near)| {
                json!({
                    "deviceId": device.id,
                    "name": device.shown_name(),
                    "lastSeenAtMs": device.last_there(),
                    "sameAddress": near,
                    "scopes": device.all_scopes(),
                })
            })
            .collect()
    }

    /// A paired device, with these keys more:
    ///
    /// * `name`, what to call it; `label?`, the owner's name for it;
    /// * `address?`, the last one that was its own; `browserOrigin?`;
    /// * `connected`, `connections`, `connectedSinceMs?`;
    /// * `isSelf`: the caller comes from this device;
    /// * `approvedVia`, without the translation for older clients: `owner`, `silent`, `bootstrap`, `claim`,
    ///   `trusted-cidr`, `trusted-proxy` or `import`;
    /// * `handEdited?`: `{scopes, atMs}`, what an edit of `devices/paired.json` added, for admins.
    pub(crate) fn paired(&self, paired: &Device) -> Value {
        let live = self.live.get(&paired.id);
        let mut row = device(paired, self.viewer, Some(live.is_some()));
        row["name"] = json!(paired.shown_name());
        let mut put = |key: &str, value: Option<Value>| {
            if let Some(value) = value {
                row[key] = value;
            }
        };
        put("label", said(paired.label.as_ref()).map(Value::from));
        put("address", paired.remote_ip.map(|ip| json!(ip)));
        put("browserOrigin", said(paired.origin.as_ref()).map(Value::from));
        put("connectedSinceMs", live.and_then(|live| live.since).map(|since| json!(since)));
        let edit = paired.widening.as_ref().filter(|_| self.caller.is_admin());
        put("handEdited", edit.map(|edit| json!({"scopes": edit.added, "atMs": edit.at})));
        row["connected"] = json!(live.is_some());
        row["connections"] = json!(live.map_or(0, |live| live.connections));
        row["isSelf"] = json!(self.own == Some(&paired.id));
        row["approvedVia"] = json!(paired.approved_via.as_str());
        row
    }

    /// `[{deviceId, name, removedAtMs, undoUntilMs}]`, newest first: the removals that `device.pair.undo
    /// {deviceId, what: "removal"}` can still take back. For admins.
    pub(crate) fn removed(&self, now: Millis) -> Option<Value> {
        self.caller.is_admin().then(|| {
            self.devices
                .removed(now)
                .map(|removed| {
                    json!({
                        "deviceId": removed.device.id,
                        "name": removed.device.shown_name(),
                        "removedAtMs": removed.at,
                        "undoUntilMs": removed.until(),
                    })
                })
                .collect()
        })
    }
}

/// Why a device waits, in the words of its refusal.
fn reason(kind: RequestKind) -> &'static str {
    match kind {
        RequestKind::NotPaired => "not-paired",
        RequestKind::RoleUpgrade => "role-upgrade",
        RequestKind::ScopeUpgrade => "scope-upgrade",
        RequestKind::MetadataUpgrade => "metadata-upgrade",
    }
}

fn seen(seen: &Seen) -> Value {
    let mut told = json!({"path": seen.path});
    let mut put = |key: &str, value: Option<Value>| {
        if let Some(value) = value {
            told[key] = value;
        }
    };
    put("address", seen.address.map(|ip| json!(ip)));
    put("proxy", seen.proxy.map(|ip| json!(ip)));
    let not_local = seen.not_local.as_ref();
    match not_local.map(|not| &not.why) {
        Some(NotLocalWhy::Forwarded { header, listed }) => {
            put("header", Some(json!(header)));
            put("listed", Some(json!(listed)));
        }
        Some(NotLocalWhy::Host { host }) => put("host", Some(json!(host))),
        _ => {}
    }
    put("why", not_local.map(|not| json!(not.why.as_str())));
    put("sentence", not_local.map(|not| json!(not.sentence(false))));
    told
}

#[cfg(test)]
mod tests;
