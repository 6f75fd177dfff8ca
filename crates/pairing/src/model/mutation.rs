//! The changes there are, and what comes of them.

use std::net::IpAddr;
use std::sync::Arc;

use openclaw_protocol::ids::{DeviceId, RequestId};
use openclaw_protocol::role::Role;
use openclaw_protocol::scope::ScopeSet;
use openclaw_protocol::time::Millis;
use openclaw_protocol::words::Words;

use super::{ApprovedVia, Ask, CallerAuthority, Change, Code, CodeHash, Device, NewCode, Request, Shown};

/// A change of the pairing state. All checks that need the state are made when it is applied, not before.
#[derive(Clone, Debug)]
pub enum Mutation {
    /// A device has to wait: file, refresh or supersede its request.
    File(Ask),
    /// Admission approves by rule, without a request.
    ApproveSilently {
        /// Who, and what for.
        ask: Ask,
        /// By which rule.
        via: ApprovedVia,
    },
    /// Approve a request.
    Approve {
        /// Its id; an id that waits no longer is explained, and never grants more than it showed.
        request: RequestId,
        /// In whose name.
        caller: CallerAuthority,
        /// What the caller was shown: refused when the request is another one now.
        expect: Option<Shown>,
        /// What is given of the scopes asked for; all of them when absent. Beside what the device has already.
        scopes: Option<ScopeSet>,
        /// A paired device that goes in the same step, because the new one is the same browser or app again.
        replace: Option<DeviceId>,
    },
    /// Reject a request.
    Reject {
        /// Its id.
        request: RequestId,
        /// In whose name.
        caller: CallerAuthority,
    },
    /// Remove a device with all its roles and tokens.
    Remove {
        /// The device.
        device: DeviceId,
        /// In whose name.
        caller: CallerAuthority,
    },
    /// Bring a device back that was removed a moment ago, with everything it had. Needs an admin.
    Restore {
        /// The device.
        device: DeviceId,
        /// In whose name.
        caller: CallerAuthority,
    },
    /// Leave an operator no more than these scopes; its token stays what it is, and carries no more either. Needs an
    /// admin.
    Narrow {
        /// The device.
        device: DeviceId,
        /// What is left of the approved scopes.
        scopes: ScopeSet,
        /// In whose name.
        caller: CallerAuthority,
    },
    /// Give a device back what [`Mutation::Narrow`] took a moment ago. Needs an admin.
    Rewiden {
        /// The device.
        device: DeviceId,
        /// In whose name.
        caller: CallerAuthority,
    },
    /// Give a device the owner's label.
    Rename {
        /// The device.
        device: DeviceId,
        /// 1 to 64 characters; `None` takes the label away, so that the device's own name is shown again.
        label: Option<String>,
        /// In whose name.
        caller: CallerAuthority,
    },
    /// Make a new token for a role; the old one is void.
    Rotate {
        /// The device.
        device: DeviceId,
        /// The role.
        role: Role,
        /// The new token's scopes; the old token's when absent.
        scopes: Option<ScopeSet>,
        /// In whose name.
        caller: CallerAuthority,
    },
    /// Make the token of a role void.
    Revoke {
        /// The device.
        device: DeviceId,
        /// The role.
        role: Role,
        /// In whose name.
        caller: CallerAuthority,
    },
    /// Put a code into the world.
    MintCode {
        /// The code.
        code: NewCode,
        /// In whose name.
        caller: CallerAuthority,
    },
    /// A device presents a setup or claim code: pair it. Exactly one device wins.
    RedeemCode {
        /// The code's hash.
        code: CodeHash,
        /// The device.
        ask: Ask,
    },
    /// Exchange a join code for a setup code with the same gifts.
    RedeemJoin {
        /// The join code's hash.
        join: CodeHash,
        /// The setup code's hash.
        setup: CodeHash,
        /// The setup code's life in ms.
        ttl_ms: u64,
    },
    /// Take a code back.
    RevokeCode {
        /// The code's hash.
        code: CodeHash,
    },
    /// A paired device connected. Never waits for the disk.
    Seen {
        /// The device.
        device: DeviceId,
        /// The role it connected as.
        role: Role,
        /// Whether it used its token.
        by_token: bool,
        /// Its name for itself, if it gave one.
        display_name: Option<Words>,
        /// Its platform; kept only while the class is the approved one.
        platform: Option<Words>,
        /// Its own address, if known.
        remote_ip: Option<IpAddr>,
    },
    /// Remove all devices, reject all requests, or both. Needs an admin.
    Clear {
        /// The devices.
        devices: bool,
        /// The requests.
        requests: bool,
        /// In whose name.
        caller: CallerAuthority,
    },
    /// The owner added scopes in the readable view.
    HandEdit {
        /// The device.
        device: DeviceId,
        /// The operator scopes of the edited record.
        scopes: ScopeSet,
        /// The revision the edit was made on.
        revision: u32,
    },
    /// Take a hand edit back.
    UndoWidening {
        /// The device.
        device: DeviceId,
        /// In whose name.
        caller: CallerAuthority,
    },
    /// Let this gateway be claimed again. The owner of the host only.
    ResetLatch {
        /// In whose name.
        caller: CallerAuthority,
    },
}

/// What a change came to.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// A request waits.
    Filed {
        /// The request.
        request: Arc<Request>,
        /// Whether it is a new one (`device.pair.requested` was sent).
        created: bool,
    },
    /// A device was approved.
    Approved {
        /// As it is now.
        device: Arc<Device>,
        /// The request that was approved, if there was one.
        request: Option<Arc<Request>>,
    },
    /// A request was rejected.
    Rejected {
        /// The request.
        request: Arc<Request>,
    },
    /// A device was removed.
    Removed {
        /// As it was.
        device: Arc<Device>,
    },
    /// A device changed (label, widening, undo).
    Changed {
        /// As it is now.
        device: Arc<Device>,
    },
    /// A token was rotated.
    Rotated {
        /// As it is now.
        device: Arc<Device>,
        /// The role.
        role: Role,
        /// The new generation, for [`crate::TokenKey::derive`].
        generation: u32,
        /// The token's scopes.
        scopes: ScopeSet,
        /// When.
        rotated_at: Millis,
    },
    /// A token was revoked.
    Revoked {
        /// As it is now.
        device: Arc<Device>,
        /// The role.
        role: Role,
        /// When (an earlier revocation keeps its time).
        revoked_at: Millis,
    },
    /// A code is out.
    Minted {
        /// The code.
        code: Arc<Code>,
    },
    /// A code was redeemed.
    Redeemed {
        /// The device as it is now.
        device: Arc<Device>,
        /// The code.
        code: Arc<Code>,
        /// The same device had redeemed it before; nothing changed.
        again: bool,
    },
    /// A cleared table.
    Cleared {
        /// Devices removed.
        devices: Vec<DeviceId>,
        /// Requests rejected.
        requests: Vec<RequestId>,
    },
    /// Nothing to tell.
    Done,
}

/// An accepted change.
#[derive(Clone, Debug)]
pub struct Applied {
    /// The answer to who asked for it.
    pub outcome: Outcome,
    /// The news for everybody, in order.
    pub changes: Vec<Change>,
    pub(crate) touched: Touched,
}

/// Which rows a change touched; what to write is read from the state afterwards.
#[derive(Clone, Debug, Default)]
pub(crate) struct Touched {
    pub(crate) devices: Vec<DeviceId>,
    pub(crate) requests: Vec<RequestId>,
    pub(crate) former: Vec<RequestId>,
    pub(crate) codes: Vec<CodeHash>,
    pub(crate) tombstones: Vec<DeviceId>,
    pub(crate) latch: bool,
    /// Rows that may be written later: nobody was promised anything about them.
    pub(crate) lazy_devices: Vec<DeviceId>,
    pub(crate) lazy_requests: Vec<RequestId>,
    pub(crate) lazy_former: Vec<RequestId>,
    /// Something was taken away from a device: a backup made before this must not be the newest for long.
    pub(crate) narrowing: bool,
}

impl Touched {
    /// Whether the change must be on disk before it is acknowledged.
    pub(crate) fn is_durable(&self) -> bool {
        self.latch
            || !(self.devices.is_empty()
                && self.requests.is_empty()
                && self.former.is_empty()
                && self.codes.is_empty()
                && self.tombstones.is_empty())
    }
}
