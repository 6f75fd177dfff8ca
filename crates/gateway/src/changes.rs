//! What a committed change of the pairing store means for those who are connected: events for those who may see them,
//! and an end for connections whose device lost what they were admitted with (S19, S21).

use std::sync::Arc;

use openclaw_pairing::model::Decision;
use openclaw_pairing::{CallerAuthority, Change, Device, Request, Snapshot};
use openclaw_protocol::dialect::Dialect;
use openclaw_protocol::event::EventName;
use openclaw_protocol::ids::{DeviceId, RequestId};
use openclaw_protocol::refusal::{InvalidatedWhy, Refusal};
use openclaw_protocol::role::Role;
use openclaw_protocol::time::Millis;
use serde_json::{Value, json};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use crate::core::Core;
use crate::hub::Connection;
use crate::wire::{self, Viewer};

const DIALECTS: [Dialect; 2] = [Dialect::V3, Dialect::V4];

/// Follows the store's changes until it is closed. One task; the changes come in commit order.
pub(crate) async fn follow(core: Arc<Core>, mut changes: Receiver<Change>) {
    let mut follower = Follower::default();
    loop {
        match changes.recv().await {
            Ok(change) => {
                follower.take(&core, &change);
                // What was committed together is told together: lists are read anew once, not once for each change.
                if changes.is_empty() {
                    follower.tell_changed(&core);
                }
            }
            Err(RecvError::Lagged(missed)) => {
                tracing::warn!(
                    subsystem = "gateway/pairing",
                    missed,
                    "changes came too fast; looking at every connection"
                );
                follower = Follower::default();
                sweep(&core);
                follower.outdated = true;
                follower.tell_changed(&core);
            }
            Err(RecvError::Closed) => return,
        }
    }
}

/// What has to be remembered from one change to the next.
#[derive(Debug, Default)]
struct Follower {
    /// The device whose request the previous change approved: its approval has been told.
    told: Option<DeviceId>,
    /// Lists that are on show somewhere are out of date, and nobody has been told yet.
    outdated: bool,
}

impl Follower {
    fn take(&mut self, core: &Core, change: &Change) {
        let told = self.told.take();
        match change {
            Change::Requested(request) => tell_requested(core, request),
            Change::Resolved { request_id, device_id, decision, ts } => {
                tell_resolved(core, request_id, device_id, *decision, *ts);
                self.told = (*decision == Decision::Approved).then(|| device_id.clone());
            }
            Change::Approved(device) => {
                if told.as_ref() != Some(&device.id) {
                    tell_unasked(core, device);
                }
                log_approval(device);
            }
            Change::Changed(_) => self.outdated = true,
            Change::Widened { device_id, added } => {
                tracing::warn!(
                    subsystem = "gateway/pairing",
                    device = %device_id,
                    "devices/paired.json was edited by hand: the device may now also {added}. \
                     Take it back with: openclaw devices undo {device_id}"
                );
                self.outdated = true;
            }
            Change::Narrowed { device_id, taken } => {
                tracing::info!(subsystem = "gateway/pairing", device = %device_id, "access reduced by {taken}");
                end_what_holds_no_more(core, Some(device_id));
                self.outdated = true;
            }
            Change::Removed(device_id) => {
                let removed_at = core.store.snapshot().tombstone(device_id).map(|left| left.removed_at);
                end(core, InvalidatedWhy::DeviceRemoved, |connection| {
                    is_of(connection, device_id, None) && removed_at.is_none_or(|at| connection.since <= at)
                });
                self.outdated = true;
            }
            Change::Rotated { device_id, role } => {
                let rotated_at = rotated_at(&core.store.snapshot(), device_id, *role);
                end(core, InvalidatedWhy::TokenRotated, |connection| {
                    is_of(connection, device_id, Some(*role))
                        && rotated_at.is_none_or(|at| connection.since <= at)
                });
                self.outdated = true;
            }
            Change::Revoked { device_id, role } => {
                end(core, InvalidatedWhy::TokenRevoked, |connection| {
                    is_of(connection, device_id, Some(*role))
                });
                self.outdated = true;
            }
            Change::Claimed => {
                tracing::info!(
                    subsystem = "gateway/pairing",
                    "this gateway has an operator now; claim codes are over"
                );
            }
            Change::Restored(device) => {
                tracing::info!(
                    subsystem = "gateway/pairing",
                    device = %device.id,
                    "the removal of {} was undone",
                    device.shown_name()
                );
                self.outdated = true;
            }
            // The wire knows no event of its own for a request that went without a decision.
            Change::Dropped { .. } => {
                self.outdated = true;
                self.told = told;
            }
            // The store has logged what it put aside.
            Change::SetAside(_) => self.told = told,
        }
    }

    /// Tells once that lists are out of date, when they are. Only the current generation knows the event.
    fn tell_changed(&mut self, core: &Core) {
        if std::mem::take(&mut self.outdated) {
            core.hub.broadcast_to(EventName::DEVICE_PAIR_CHANGED, &json!({}), |connection| {
                connection.dialect == Dialect::V4
            });
        }
    }
}

/// Whether an operator sees this device at all: one that came in by its own device token and is no admin sees itself.
fn sees(connection: &Connection, device: &DeviceId) -> bool {
    let authority = &connection.authority;
    let caller = CallerAuthority {
        scopes: authority.scopes.clone(),
        owner: authority.owner,
        own_device: authority.device.clone().filter(|_| authority.by_device_token),
    };
    caller.may_manage(device)
}

fn tell(core: &Core, name: &'static str, device: &DeviceId, payload: impl Fn(Viewer) -> Value) {
    for dialect in DIALECTS {
        let payload = payload(Viewer::everybody(dialect));
        core.hub.broadcast_to(name, &payload, |connection| {
            connection.dialect == dialect && sees(connection, device)
        });
    }
}

fn tell_requested(core: &Core, request: &Request) {
    let device = &request.device_id;
    tell(core, EventName::DEVICE_PAIR_REQUESTED, device, |viewer| wire::pending(request, viewer));
    if request.roles.contains(Role::Node) {
        tell(core, EventName::NODE_PAIR_REQUESTED, device, |viewer| wire::node_pending(request, viewer));
    }
    tracing::info!(
        subsystem = "gateway/pairing",
        device = %device,
        "waiting for approval: {} asks for {}. Approve it with: {}",
        request.display_name.as_ref().unwrap_or(&request.client_id).quoted(),
        request.scopes,
        core.vantage.owner.on_gateway(&format!("devices approve {}", request.id))
    );
}

fn tell_resolved(core: &Core, request: &RequestId, device: &DeviceId, decision: Decision, ts: Millis) {
    let decision = match decision {
        Decision::Approved => "approved",
        Decision::Rejected => "rejected",
    };
    tell(
        core,
        EventName::DEVICE_PAIR_RESOLVED,
        device,
        |_| json!({"requestId": request, "deviceId": device, "decision": decision, "ts": ts}),
    );
    let devices = core.store.snapshot();
    if devices.former_request(request).is_some_and(|former| former.asked.roles.contains(Role::Node)) {
        tell(
            core,
            EventName::NODE_PAIR_RESOLVED,
            device,
            |_| json!({"requestId": request, "nodeId": device, "decision": decision, "ts": ts}),
        );
    }
}

/// Clients hear of every approval, also of one that nobody had to ask for. The device itself is connecting with it at
/// this moment and learns of it from its `hello-ok`.
fn tell_unasked(core: &Core, device: &Device) {
    let payload = json!({
        "requestId": RequestId::random(),
        "deviceId": device.id,
        "decision": "approved",
        "ts": device.approved_at,
    });
    core.hub.broadcast_to(EventName::DEVICE_PAIR_RESOLVED, &payload, |connection| {
        connection.authority.device.as_ref() != Some(&device.id) && sees(connection, &device.id)
    });
}

fn log_approval(device: &Device) {
    tracing::info!(
        subsystem = "gateway/pairing",
        device = %device.id,
        "approved {} ({}) as {} with {}",
        device.shown_name(),
        device.approved_via.as_str(),
        device.effective_roles().names().join(" and "),
        device.all_scopes()
    );
}

fn is_of(connection: &Connection, device: &DeviceId, role: Option<Role>) -> bool {
    connection.authority.device.as_ref() == Some(device)
        && role.is_none_or(|role| connection.authority.role == role)
}

fn rotated_at(devices: &Snapshot, device: &DeviceId, role: Role) -> Option<Millis> {
    devices.device(device)?.grant(role)?.token.rotated_at
}

/// Closes the connections for which `which` holds.
fn end(core: &Core, why: InvalidatedWhy, which: impl Fn(&Connection) -> bool) {
    let mut closed = 0;
    for dialect in DIALECTS {
        let close = Refusal::Invalidated { why }.wire(dialect).close;
        closed +=
            core.hub.close_where(&close, |connection| connection.dialect == dialect && which(connection));
    }
    if closed > 0 {
        tracing::info!(subsystem = "gateway/pairing", "closed {closed} connections: {}", why.as_str());
    }
}

/// Whether a connection still has what it was admitted with, as far as the devices tell; the reason when it has not.
fn lost(devices: &Snapshot, connection: &Connection) -> Option<InvalidatedWhy> {
    let authority = &connection.authority;
    let id = authority.device.as_ref()?;
    let Some(device) = devices.device(id) else {
        // A device without a record and without a tombstone never was paired: it was admitted without that.
        let removed = devices.tombstone(id).is_some_and(|left| connection.since <= left.removed_at);
        return removed.then_some(InvalidatedWhy::DeviceRemoved);
    };
    let Some(grant) = device.effective(authority.role) else {
        return device.grant(authority.role).map(|_| InvalidatedWhy::TokenRevoked);
    };
    if grant.token.rotated_at.is_some_and(|at| connection.since < at) {
        return Some(InvalidatedWhy::TokenRotated);
    }
    let holds = match authority.role {
        Role::Operator => grant.scopes.covers(&authority.scopes),
        Role::Node => authority.scopes.iter().all(|scope| grant.scopes.contains(scope)),
    };
    (!holds).then_some(InvalidatedWhy::AccessReduced)
}

fn end_what_holds_no_more(core: &Core, only: Option<&DeviceId>) {
    let devices = core.store.snapshot();
    let reasons = [
        InvalidatedWhy::DeviceRemoved,
        InvalidatedWhy::TokenRevoked,
        InvalidatedWhy::TokenRotated,
        InvalidatedWhy::AccessReduced,
    ];
    for why in reasons {
        end(core, why, |connection| {
            only.is_none_or(|device| is_of(connection, device, None))
                && lost(&devices, connection) == Some(why)
        });
    }
}

/// Compares every connection with the devices as they are, for when changes were missed.
fn sweep(core: &Core) {
    end_what_holds_no_more(core, None);
}

#[cfg(test)]
mod tests;
