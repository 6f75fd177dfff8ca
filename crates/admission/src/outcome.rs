//! What goes into a decision, and what comes out.

use openclaw_pairing::{Mutation, Snapshot, TokenKey};
use openclaw_protocol::connect::ConnectParams;
use openclaw_protocol::dialect::Dialect;
use openclaw_protocol::hello::AuthMethod;
use openclaw_protocol::ids::{DeviceId, Nonce};
use openclaw_protocol::refusal::{Cause, NotLocal, PairingReason, Refusal};
use openclaw_protocol::role::Role;
use openclaw_protocol::scope::ScopeSet;
use openclaw_protocol::time::Millis;
use openclaw_protocol::words::Words;

use crate::limiter::{LimitKey, Limiter};
use crate::peer::{PeerFacts, Whereabouts};
use crate::trace::Trace;

/// Who is locked out: the limiter, or the gateway's guarded one.
pub trait Locks {
    /// Milliseconds until `key` may try again, `None` when it may now.
    fn locked_for(&self, key: &LimitKey, now: Millis) -> Option<u64>;
}

impl Locks for Limiter {
    fn locked_for(&self, key: &LimitKey, now: Millis) -> Option<u64> {
        Limiter::locked_for(self, key, now)
    }
}

/// What exists at the moment of the decision.
#[derive(Clone, Copy)]
pub struct View<'a> {
    /// Devices, waiting requests and codes.
    pub devices: &'a Snapshot,
    /// The key that device tokens are derived from.
    pub tokens: &'a TokenKey,
    /// Who is locked out.
    pub locks: &'a dyn Locks,
}

/// One attempt to connect.
#[derive(Clone, Copy)]
pub struct Attempt<'a> {
    /// Where it comes from.
    pub facts: &'a PeerFacts,
    /// The nonce of this connection's challenge.
    pub nonce: &'a Nonce,
    /// The `connect` request; its shape has been checked.
    pub connect: &'a ConnectParams,
}

/// Whether this is the gateway's own secret, so that the connection ends when the secret changes.
pub fn is_shared_secret(method: AuthMethod) -> bool {
    matches!(method, AuthMethod::Token | AuthMethod::Password)
}

/// What an admitted connection is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Its role.
    pub role: Role,
    /// What it may do: requested ∩ approved, never what it merely claims.
    pub scopes: ScopeSet,
    /// The device that proved itself.
    pub device: Option<DeviceId>,
    /// Whether that device is paired, so that `hello-ok` carries its token.
    pub paired: bool,
    /// How it proved itself; `None` at the owner socket, where [`Grant::owner`] is set.
    pub method: AuthMethod,
    /// The user a trusted proxy vouches for.
    pub user: Option<Words>,
    /// Whether it came through the owner socket.
    pub owner: bool,
    /// Whether it is local (ruling 16).
    pub local: bool,
    /// Whether scopes were asked for and not given because no device identity was sent (C-17).
    pub scopes_cleared: bool,
}

/// A refusal that waits for its request id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PairingWish {
    /// Why the device must be approved.
    pub reason: PairingReason,
    /// The device that asks.
    pub device: DeviceId,
    /// The role it asks for.
    pub role: Role,
    /// The scopes it asks for.
    pub scopes: ScopeSet,
    /// The roles it has.
    pub approved_roles: Vec<Role>,
    /// The scopes it has.
    pub approved_scopes: ScopeSet,
    /// Whether it is the Control UI, which waits and goes on by itself.
    pub control_ui: bool,
    /// Whether the shared secret it sent was right: that alone does not approve a device (G4-8).
    pub token_accepted: bool,
    /// Whether this gateway has no operator yet and shows a claim code.
    pub claimable: bool,
    /// Why it did not count as local.
    pub not_local: Option<NotLocal>,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It may come in.
    Admit(Grant),
    /// Its device must be approved first; a request is filed with [`Effect::Store`], and the store gives it its id.
    Pair(PairingWish),
    /// It may not.
    Refuse(Refusal),
}

/// What must become true with the outcome.
#[derive(Debug, Clone)]
pub enum Effect {
    /// A credential was wrong.
    CountFailure(LimitKey),
    /// A credential was right: the count starts anew.
    ClearFailures(LimitKey),
    /// A change to the devices. When it lost a race, the gateway decides again.
    Store(Mutation),
}

/// Outcome, effects and story of one decision.
#[derive(Debug, Clone)]
pub struct Decision {
    /// In which dialect the answer is given.
    pub dialect: Dialect,
    /// Where the connection comes from.
    pub at: Whereabouts,
    /// The device that proved its key, whatever became of it. What merely was claimed does not stand here.
    pub device: Option<DeviceId>,
    /// The answer.
    pub outcome: Outcome,
    /// What must become true with it, in this order.
    pub effects: Vec<Effect>,
    /// What the client would meet next, after the refusal (ruling 36): only what it could see for itself.
    pub ahead: Vec<Cause>,
    /// What was checked.
    pub trace: Trace,
}
