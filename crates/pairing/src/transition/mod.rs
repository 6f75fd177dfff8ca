//! The pairing state machine: one pure step from a snapshot to the next.
//!
//! The writer thread runs it, and so do the property tests. A refused change leaves the state exactly as it was.

mod approve;
mod codes;
mod edits;
mod file;
mod manage;
mod seen;
mod slips;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use openclaw_protocol::ids::{DeviceId, RequestId};
use openclaw_protocol::scope::ScopeSet;
use openclaw_protocol::time::Millis;

use crate::model::{
    Applied, Change, Decision, Device, Fate, Former, MAX_FORMER, Mutation, Outcome, Rejected, Request,
    Snapshot, Tombstone, Touched,
};

/// Makes `state` the next state, or says why not. `now` is the moment of the change; `fresh_id` supplies an id for a
/// new request (unique, unguessable).
pub fn transition(
    state: &mut Snapshot,
    mutation: Mutation,
    now: Millis,
    fresh_id: &mut dyn FnMut() -> RequestId,
) -> Result<Applied, Rejected> {
    let mut work =
        Work { state: state.clone(), now, fresh_id, changes: Vec::new(), touched: Touched::default() };
    work.expire();
    let outcome = work.step(mutation)?;
    *state = work.state;
    Ok(Applied { outcome, changes: work.changes, touched: work.touched })
}

/// Lets go of what has expired by `now`. `None` when there was nothing.
pub fn expire(state: &mut Snapshot, now: Millis) -> Option<Applied> {
    if state.next_expiry.is_none_or(|at| now < at) {
        return None;
    }
    let mut no_ids = RequestId::random;
    let mut work = Work {
        state: state.clone(),
        now,
        fresh_id: &mut no_ids,
        changes: Vec::new(),
        touched: Touched::default(),
    };
    work.expire();
    *state = work.state;
    Some(Applied { outcome: Outcome::Done, changes: work.changes, touched: work.touched })
}

/// A change in the making.
struct Work<'a> {
    state: Snapshot,
    now: Millis,
    fresh_id: &'a mut dyn FnMut() -> RequestId,
    changes: Vec<Change>,
    touched: Touched,
}

impl Work<'_> {
    fn step(&mut self, mutation: Mutation) -> Result<Outcome, Rejected> {
        match mutation {
            Mutation::File(ask) => self.file(ask),
            Mutation::ApproveSilently { ask, via } => self.approve_silently(ask, via),
            Mutation::Approve { request, caller, expect, scopes, replace } => {
                self.approve(&request, &caller, expect, scopes, replace.as_ref())
            }
            Mutation::Reject { request, caller } => self.reject(&request, &caller),
            Mutation::Remove { device, caller } => self.remove(&device, &caller),
            Mutation::Restore { device, caller } => self.restore(&device, &caller),
            Mutation::Narrow { device, scopes, caller } => self.narrow(&device, &scopes, &caller),
            Mutation::Rewiden { device, caller } => self.rewiden(&device, &caller),
            Mutation::Rename { device, label, caller } => self.rename(&device, label.as_deref(), &caller),
            Mutation::Rotate { device, role, scopes, caller } => self.rotate(&device, role, scopes, &caller),
            Mutation::Revoke { device, role, caller } => self.revoke(&device, role, &caller),
            Mutation::MintCode { code, caller } => self.mint(code, &caller),
            Mutation::RedeemCode { code, ask } => self.redeem(code, ask),
            Mutation::RedeemJoin { join, setup, ttl_ms } => self.redeem_join(join, setup, ttl_ms),
            Mutation::RevokeCode { code } => self.revoke_code(code),
            Mutation::Seen { device, role, by_token, display_name, platform, remote_ip } => {
                self.seen(&device, role, by_token, display_name, platform, remote_ip)
            }
            Mutation::Clear { devices, requests, caller } => self.clear(devices, requests, &caller),
            Mutation::HandEdit { device, scopes, revision } => self.hand_edit(&device, &scopes, revision),
            Mutation::UndoWidening { device, caller } => self.undo_widening(&device, &caller),
            Mutation::ResetLatch { caller } => self.reset_latch(&caller),
        }
    }

    /// Requests and codes whose time is over.
    fn expire(&mut self) {
        if self.state.next_expiry.is_none_or(|at| self.now < at) {
            return;
        }
        let requests: Vec<_> =
            self.state.requests.values().filter(|request| !request.is_live(self.now)).cloned().collect();
        for request in requests {
            self.drop_request(&request, Fate::Expired);
        }
        let codes: Vec<_> =
            self.state.codes.values().filter(|code| !code.is_live(self.now)).map(|code| code.hash).collect();
        for hash in codes {
            self.state.codes.remove(&hash);
            self.touched.codes.push(hash);
        }
        let requests = self.state.requests.values().map(|request| request.expires_at());
        let codes = self.state.codes.values().map(|code| code.expires_at);
        self.state.next_expiry = requests.chain(codes).min();
    }

    /// Puts a device in place of what it was.
    fn put_device(&mut self, device: Device) -> Arc<Device> {
        let device = Arc::new(device);
        self.touched.devices.push(device.id.clone());
        self.state.devices.insert(device.id.clone(), Arc::clone(&device));
        device
    }

    fn put_request(&mut self, request: Request) -> Arc<Request> {
        let request = Arc::new(request);
        self.state.put_request(Arc::clone(&request));
        self.touched.requests.push(request.id.clone());
        request
    }

    /// Takes a request out and remembers what became of it.
    fn retire(&mut self, request: &Request, fate: Fate) {
        self.state.take_request(request);
        // What nobody decided may be forgotten in a power cut: then the id is simply unknown, which grants nothing.
        let decided = matches!(fate, Fate::Approved | Fate::Rejected | Fate::Superseded { .. });
        let (rows, former_rows) = if decided {
            (&mut self.touched.requests, &mut self.touched.former)
        } else {
            (&mut self.touched.lazy_requests, &mut self.touched.lazy_former)
        };
        rows.push(request.id.clone());
        former_rows.push(request.id.clone());
        let former = Former {
            id: request.id.clone(),
            device_id: request.device_id.clone(),
            fate,
            at: self.now,
            asked: request.asked(),
            withheld: ScopeSet::EMPTY,
        };
        if self.state.former.insert(request.id.clone(), Arc::new(former)).is_none() {
            self.state.former_order.push_back(request.id.clone());
        }
        while self.state.former_order.len() > MAX_FORMER {
            if let Some(oldest) = self.state.former_order.pop_front() {
                self.state.former.remove(&oldest);
                self.touched.lazy_former.push(oldest);
            }
        }
    }

    fn drop_request(&mut self, request: &Request, fate: Fate) {
        self.retire(request, fate);
        self.changes
            .push(Change::Dropped { request_id: request.id.clone(), device_id: request.device_id.clone() });
    }

    fn resolve_request(&mut self, request: &Request, fate: Fate, decision: Decision) {
        self.retire(request, fate);
        self.changes.push(Change::Resolved {
            request_id: request.id.clone(),
            device_id: request.device_id.clone(),
            decision,
            ts: self.now,
        });
    }

    /// A live request, or why there is none. An old id stands for its replacement when that asks for no more.
    fn find_request(&self, id: &RequestId) -> Result<Arc<Request>, Rejected> {
        if let Some(request) = self.state.requests.get(id) {
            return Ok(Arc::clone(request));
        }
        match self.state.former.get(id) {
            Some(former) => self.state.replacement(former, self.now),
            None => Err(Rejected::UnknownRequest),
        }
    }

    fn find_device(&self, id: &DeviceId) -> Result<Arc<Device>, Rejected> {
        self.state.devices.get(id).cloned().ok_or(Rejected::UnknownDevice)
    }

    /// Removes a device and leaves a tombstone, so that a later pairing starts with new token generations.
    fn bury(&mut self, device: &Device) {
        let before = self.state.tombstones.get(&device.id).copied().unwrap_or_default();
        let generation =
            |grant: &Option<crate::model::Grant>| grant.as_ref().map_or(0, |g| g.token.generation);
        let tombstone = Tombstone {
            operator: before.operator.max(generation(&device.operator)),
            node: before.node.max(generation(&device.node)),
            removed_at: self.now,
        };
        self.state.tombstones.insert(device.id.clone(), tombstone);
        self.touched.tombstones.push(device.id.clone());
        self.keep_for_undo(device);
        self.forget_codes_of(&device.id);
        self.state.devices.remove(&device.id);
        self.touched.devices.push(device.id.clone());
        self.touched.narrowing = true;
        self.changes.push(Change::Removed(device.id.clone()));
    }
}
