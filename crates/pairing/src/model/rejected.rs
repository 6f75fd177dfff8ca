//! Why a change was refused. Nothing has happened when one of these comes back.

use openclaw_protocol::ids::RequestId;
use openclaw_protocol::role::Role;
use openclaw_protocol::scope::{Scope, ScopeSet};

use super::{Fate, Roles, Shown};

/// A refusal of a pairing change. The text is for people; wire texts are the gateway's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    /// No request of that id waits, and none is remembered.
    #[error("no waiting request has this id: run `openclaw devices list` and use a current one")]
    UnknownRequest,
    /// The request waits no longer.
    #[error(
        "this request waits no longer ({}): run `openclaw devices list` and use a current one",
        fate_words(fate)
    )]
    FormerRequest {
        /// What became of it.
        fate: Fate,
    },
    /// The device asks for more by now than this id showed.
    #[error(
        "the device asks for more by now{}: look at request {replacement} and approve that one",
        difference(*more_roles, more_scopes, *other_machine)
    )]
    Broadened {
        /// The request that waits now.
        replacement: RequestId,
        /// The roles that were not shown.
        more_roles: Roles,
        /// The scopes that were not shown.
        more_scopes: ScopeSet,
        /// It also claims to be another kind of machine than shown.
        other_machine: bool,
    },
    /// The device that is to give way to the new one is that device itself.
    #[error("a device cannot replace itself: its new access is added to what it has")]
    ReplacesItself,
    /// More scopes are given than the device asks for.
    #[error("the device does not ask for this: {}", .0.in_words())]
    BeyondAsked(ScopeSet),
    /// The device would keep more than it is given: it changed, and an approval lets it have what it had.
    #[error(
        "the device was approved for more before and would keep it ({}): approve all of it, or remove the device first",
        .0.in_words()
    )]
    WouldKeep(ScopeSet),
    /// The request is not the one that was shown.
    #[error("the request has changed since it was shown: look at it again, then approve it")]
    Changed {
        /// The fingerprint of the request as it is now.
        now: Shown,
    },
    /// No such device.
    #[error("no paired device has this id: see `openclaw devices list`")]
    UnknownDevice,
    /// The caller lacks a scope.
    #[error("missing scope: {0}")]
    MissingScope(Scope),
    /// Other roles than operator are an admin's matter.
    #[error("only an admin may decide about the {0} role")]
    RoleNeedsAdmin(Role),
    /// A device without admin manages only itself.
    #[error("a device without operator.admin manages only itself")]
    NotYours,
    /// Too many devices are waiting (ruling 21, cause C-21).
    #[error("too many devices are waiting for approval: try again in {} s", retry_after_ms.div_ceil(1000))]
    TooMany {
        /// When a place may be free, in ms.
        retry_after_ms: u64,
    },
    /// The role was not approved for this device.
    #[error("the role was never approved for this device")]
    RoleNotApproved,
    /// The token was revoked; only a new approval helps.
    #[error("the token was revoked: the device must be approved again")]
    Revoked,
    /// More scopes than were approved.
    #[error("these scopes were not approved for this device: {}", .0.in_words())]
    BeyondApproved(ScopeSet),
    /// The code is unknown, expired or used up. One answer for all three: a stranger learns nothing from it.
    #[error("the code is not valid any more: ask for a new one")]
    CodeInvalid,
    /// The code is good, but not for this role or these scopes.
    #[error("the code does not cover what the device asks for")]
    CodeTooNarrow,
    /// Too many codes are out.
    #[error("too many codes are waiting to be used: wait ten minutes, or remove some")]
    TooManyCodes,
    /// This gateway had an operator before, or did not create its state.
    #[error("this gateway cannot be claimed: it has had an operator before")]
    NotClaimable,
    /// Empty label.
    #[error("label required")]
    LabelRequired,
    /// More than 64 characters.
    #[error("a label has at most 64 characters")]
    LabelTooLong,
    /// Device id and public key do not belong together.
    #[error("the device id is not that of the public key")]
    KeyMismatch,
    /// The hand edit was made on an older state of the device.
    #[error("the device has changed since the edited file was written")]
    Stale,
    /// There is no removal to undo.
    #[error(
        "nothing is kept of this device: a removal can be undone for ten minutes, while the gateway keeps running; \
         let the device pair again"
    )]
    NotKept,
    /// There is no narrowing to undo.
    #[error(
        "nothing is kept of what this device had: taking access away can be undone for ten minutes, while the gateway \
         keeps running and nothing else is changed; let the device ask for more"
    )]
    NothingTaken,
    /// There is no widening to undo.
    #[error("no hand edit is in force for this device")]
    NothingToUndo,
    /// The device needs no approval for what it asks: it was approved meanwhile.
    #[error("the device is already approved for this")]
    NotNeeded,
}

fn fate_words(fate: &Fate) -> String {
    match fate {
        Fate::Superseded { by } => format!("replaced by {by}"),
        Fate::Approved => "already approved".to_owned(),
        Fate::Rejected => "already rejected".to_owned(),
        Fate::Expired => "the device stopped asking, and five minutes passed".to_owned(),
        Fate::GaveWay => "too many devices were waiting, and it gave way".to_owned(),
    }
}

fn difference(roles: Roles, scopes: &ScopeSet, other_machine: bool) -> String {
    let mut parts = Vec::new();
    if !roles.is_empty() {
        parts.push(format!("role {}", roles.names().join(", ")));
    }
    if !scopes.is_empty() {
        parts.push(scopes.in_words());
    }
    if other_machine {
        parts.push("another kind of machine".to_owned());
    }
    if parts.is_empty() { String::new() } else { format!(" ({})", parts.join("; ")) }
}
