//! What happened, for those who show it or must act on it.

use std::sync::Arc;

use openclaw_protocol::ids::{DeviceId, RequestId};
use openclaw_protocol::role::Role;
use openclaw_protocol::scope::ScopeSet;
use openclaw_protocol::time::Millis;
use openclaw_protocol::words::Words;

use super::{Device, Request};

/// The decision in `device.pair.resolved`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// `approved`.
    Approved,
    /// `rejected`; also for a request that a broader one superseded.
    Rejected,
}

/// One committed change, in commit order. After a lag of the broadcast compare with the snapshot instead.
#[derive(Clone, Debug)]
pub enum Change {
    /// A request waits: `device.pair.requested`.
    Requested(Arc<Request>),
    /// A request was decided: `device.pair.resolved`.
    Resolved {
        /// The request.
        request_id: RequestId,
        /// Whose.
        device_id: DeviceId,
        /// How.
        decision: Decision,
        /// When.
        ts: Millis,
    },
    /// A request went without a decision (expired, gave way): the wire knows no event for it.
    Dropped {
        /// The request.
        request_id: RequestId,
        /// Whose.
        device_id: DeviceId,
    },
    /// The device got roles or scopes, with or without a request.
    Approved(Arc<Device>),
    /// Something else about the device changed, such as its label: `device.pair.changed`.
    Changed(DeviceId),
    /// A hand edit added scopes (ruling 25).
    Widened {
        /// The device.
        device_id: DeviceId,
        /// What was added.
        added: ScopeSet,
    },
    /// Scopes of the device were taken back: what its sockets may do must be looked up again.
    Narrowed {
        /// The device.
        device_id: DeviceId,
        /// What was taken.
        taken: ScopeSet,
    },
    /// The device is gone: close all its sockets.
    Removed(DeviceId),
    /// A device is back that was removed a moment ago.
    Restored(Arc<Device>),
    /// The role's token is another one now: close the sockets of this device and role.
    Rotated {
        /// The device.
        device_id: DeviceId,
        /// The role.
        role: Role,
    },
    /// The role's token is void: close the sockets of this device and role.
    Revoked {
        /// The device.
        device_id: DeviceId,
        /// The role.
        role: Role,
    },
    /// Something in the readable view was not taken and put aside.
    SetAside(Arc<Vec<SetAside>>),
    /// The latch closed: no claim code is worth anything any more.
    Claimed,
}

/// A part of an edited or imported file that was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetAside {
    /// The record's key as found in the file, or the file's name when it concerns the whole.
    pub record: Words,
    /// Why, as a sentence.
    pub why: String,
    /// Where the owner finds it, if a copy was kept.
    pub kept_in: Option<std::path::PathBuf>,
}
