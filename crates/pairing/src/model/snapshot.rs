//! The whole pairing state as one persistent value: a clone costs nothing, readers never wait.

use std::sync::Arc;

use imbl::{HashMap, Vector};
use openclaw_protocol::ids::{DeviceId, RequestId};
use openclaw_protocol::time::Millis;
use serde::{Deserialize, Serialize};

use super::{
    Code, CodeHash, CodeKind, Device, Former, Narrowed, Network, PeerKey, Removed, Request, Tombstone,
};

/// Waiting requests per address (ruling 21).
pub const MAX_WAITING_PER_ADDRESS: usize = 16;
/// Waiting requests in all (ruling 21).
pub const MAX_WAITING: usize = 1_024;
/// Former requests remembered: enough for ten minutes of an owner's doings, and a bound against a storm.
pub const MAX_FORMER: usize = 2_048;

/// Removals, and other steps, kept for an undo: more than a person does by mistake in ten minutes.
pub(crate) const MAX_UNDOABLE: usize = 64;

/// Whether this gateway may still be claimed (ruling 30).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Latch {
    /// This gateway created its state: nothing was imported, recovered or found.
    pub created_here: bool,
    /// It has had a paired operator. Never goes back by itself.
    pub claimed: bool,
}

impl Latch {
    /// Whether a claim code may be shown and redeemed.
    pub fn is_open(self) -> bool {
        self.created_here && !self.claimed
    }
}

/// All devices, waiting requests and codes at one moment.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    pub(crate) devices: HashMap<DeviceId, Arc<Device>>,
    pub(crate) requests: HashMap<RequestId, Arc<Request>>,
    /// The one request each device may have.
    pub(crate) waiting: HashMap<DeviceId, RequestId>,
    /// Requests per address and per network, so that a storm need not be counted one by one. No zeros.
    by_peer: HashMap<PeerKey, usize>,
    by_network: HashMap<Network, usize>,
    pub(crate) former: HashMap<RequestId, Arc<Former>>,
    /// Oldest first; same keys as `former`.
    pub(crate) former_order: Vector<RequestId>,
    pub(crate) codes: HashMap<CodeHash, Arc<Code>>,
    pub(crate) tombstones: HashMap<DeviceId, Tombstone>,
    /// Devices removed a moment ago, oldest first.
    pub(crate) removed: Vector<Removed>,
    /// Operators narrowed a moment ago, oldest first.
    pub(crate) narrowed: Vector<Narrowed>,
    pub(crate) latch: Latch,
    /// Nothing expires before this moment; `None` when nothing can.
    pub(crate) next_expiry: Option<Millis>,
}

impl Snapshot {
    /// The empty state of a gateway that creates it itself.
    pub fn fresh() -> Self {
        Self { latch: Latch { created_here: true, claimed: false }, ..Self::default() }
    }

    /// A paired device.
    pub fn device(&self, id: &DeviceId) -> Option<&Arc<Device>> {
        self.devices.get(id)
    }

    /// All paired devices, in no order.
    pub fn devices(&self) -> impl Iterator<Item = &Arc<Device>> {
        self.devices.values()
    }

    /// How many devices are paired.
    pub fn device_count(&self) -> usize {
        self.devices.len()
    }

    /// A waiting request. It may have expired a moment ago: see [`Request::is_live`].
    pub fn request(&self, id: &RequestId) -> Option<&Arc<Request>> {
        self.requests.get(id)
    }

    /// The waiting request of a device.
    pub fn request_of(&self, device: &DeviceId) -> Option<&Arc<Request>> {
        self.waiting.get(device).and_then(|id| self.requests.get(id))
    }

    /// All waiting requests, in no order.
    pub fn requests(&self) -> impl Iterator<Item = &Arc<Request>> {
        self.requests.values()
    }

    /// How many requests wait.
    pub fn request_count(&self) -> usize {
        self.requests.len()
    }

    /// A request that waits no longer.
    pub fn former_request(&self, id: &RequestId) -> Option<&Arc<Former>> {
        self.former.get(id)
    }

    /// A code, live or not.
    pub fn code(&self, hash: &CodeHash) -> Option<&Arc<Code>> {
        self.codes.get(hash)
    }

    /// The codes that could still be redeemed, in no order.
    pub fn live_codes(&self, kind: CodeKind, now: Millis) -> impl Iterator<Item = &Arc<Code>> {
        self.codes
            .values()
            .filter(move |code| code.kind == kind && code.is_live(now) && code.redeemed_by.is_none())
    }

    /// What is left of a removed device.
    pub fn tombstone(&self, id: &DeviceId) -> Option<Tombstone> {
        self.tombstones.get(id).copied()
    }

    /// The devices whose removal can still be undone, newest first.
    pub fn removed(&self, now: Millis) -> impl Iterator<Item = &Removed> {
        self.removed
            .iter()
            .rev()
            .filter(move |removed| now < removed.until() && !self.devices.contains_key(&removed.device.id))
    }

    /// The narrowing of a device that can still be undone.
    pub fn narrowed(&self, id: &DeviceId, now: Millis) -> Option<&Narrowed> {
        let revision = self.devices.get(id)?.revision;
        self.narrowed
            .iter()
            .find(|step| step.device_id == *id && step.revision == revision && now < step.until())
    }

    /// Whether this gateway may still be claimed.
    pub fn latch(&self) -> Latch {
        self.latch
    }

    /// The devices whose scopes a hand edit widened, for `status`.
    pub fn widened(&self) -> impl Iterator<Item = &Arc<Device>> {
        self.devices.values().filter(|device| device.widening.is_some())
    }

    /// Puts a request in, or in place of the one with the same id (which has the same peer).
    pub(crate) fn put_request(&mut self, request: Arc<Request>) {
        self.note_expiry(request.expires_at());
        self.waiting.insert(request.device_id.clone(), request.id.clone());
        let peer = request.peer;
        if self.requests.insert(request.id.clone(), request).is_none() {
            *self.by_peer.entry(peer).or_default() += 1;
            *self.by_network.entry(peer.network()).or_default() += 1;
        }
    }

    /// Takes a request out.
    pub(crate) fn take_request(&mut self, request: &Request) {
        if self.requests.remove(&request.id).is_none() {
            return;
        }
        if self.waiting.get(&request.device_id) == Some(&request.id) {
            self.waiting.remove(&request.device_id);
        }
        count_down(&mut self.by_peer, &request.peer);
        count_down(&mut self.by_network, &request.peer.network());
    }

    /// Waiting requests from an address.
    pub(crate) fn held_by(&self, peer: PeerKey) -> usize {
        self.by_peer.get(&peer).copied().unwrap_or_default()
    }

    /// Waiting requests per network.
    pub(crate) fn held_by_networks(&self) -> impl Iterator<Item = (Network, usize)> {
        self.by_network.iter().map(|(network, held)| (*network, *held))
    }

    #[cfg(test)]
    pub(crate) fn assert_counted(&self) {
        let mut peers: std::collections::HashMap<PeerKey, usize> = Default::default();
        let mut networks: std::collections::HashMap<Network, usize> = Default::default();
        for request in self.requests.values() {
            *peers.entry(request.peer).or_default() += 1;
            *networks.entry(request.peer.network()).or_default() += 1;
            assert_eq!(self.waiting.get(&request.device_id), Some(&request.id));
        }
        assert_eq!(self.waiting.len(), self.requests.len());
        assert_eq!(self.by_peer, HashMap::from_iter(peers));
        assert_eq!(self.by_network, HashMap::from_iter(networks));
    }

    pub(crate) fn note_expiry(&mut self, at: Millis) {
        self.next_expiry = Some(self.next_expiry.map_or(at, |known| known.min(at)));
    }
}

fn count_down<K: std::hash::Hash + Eq + Clone>(counts: &mut HashMap<K, usize>, key: &K) {
    match counts.get_mut(key) {
        Some(held) if *held > 1 => *held -= 1,
        _ => {
            counts.remove(key);
        }
    }
}
