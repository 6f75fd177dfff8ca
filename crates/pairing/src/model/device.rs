//! A paired device and its grants.

use std::net::IpAddr;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openclaw_protocol::ids::DeviceId;
use openclaw_protocol::role::Role;
use openclaw_protocol::scope::ScopeSet;
use openclaw_protocol::time::Millis;
use openclaw_protocol::words::Words;
use serde::{Deserialize, Serialize};

use super::Roles;

/// For how long the removal of a device can be undone: ten minutes.
const UNDO_MS: u64 = 600_000;

/// A paired device. Kept small: there may be ten thousand of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Device {
    /// SHA-256 of the public key.
    pub id: DeviceId,
    /// The 32 raw bytes of the Ed25519 key.
    #[serde(with = "super::stored::key")]
    pub public_key: [u8; 32],
    /// The name it gave itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<Words>,
    /// The name the owner gave it (`operatorLabel`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<Words>,
    /// The platform it was approved with, refreshed while its class stays the same (ruling 23).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<Words>,
    /// The device family it was approved with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_family: Option<Words>,
    /// `client.id` at approval.
    pub client_id: Words,
    /// `client.mode` at approval.
    pub client_mode: Words,
    /// The browser origin at approval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Words>,
    /// What it may do as an operator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator: Option<Grant>,
    /// What it may do as a node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<Grant>,
    /// The address it last came from, when that is its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote_ip: Option<IpAddr>,
    /// How the last approval came about.
    pub approved_via: ApprovedVia,
    /// First approval.
    pub created_at: Millis,
    /// Last approval.
    pub approved_at: Millis,
    /// Last connection, written lazily.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_seen_at: Option<Millis>,
    /// Raised by every change of what the device may do. A hand edit of an older revision is stale.
    pub revision: u32,
    /// What a hand edit added, as long as no approval has confirmed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub widening: Option<Box<Widening>>,
}

/// A role that was approved, with the token that carries it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Grant {
    /// The approved scopes: no token and no connection gets more.
    pub scopes: ScopeSet,
    /// The role's token. A revoked one ends the role until the next approval.
    pub token: TokenRecord,
}

/// What is kept of a token: everything but the token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TokenRecord {
    /// Goes into the derivation; never used twice for a device and role.
    pub generation: u32,
    /// The token's own scopes; counted only as far as the grant still has them.
    pub scopes: ScopeSet,
    /// When the role's first token was made.
    pub created_at: Millis,
    /// The last rotation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rotated_at: Option<Millis>,
    /// Set for good by a revocation; only a new approval makes a new generation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<Millis>,
    /// Last use, written lazily.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<Millis>,
    /// SHA-256 of a token taken over from another store, valid until the next rotation. Not part of any serialised
    /// form: the store keeps it in a column of its own.
    #[serde(skip)]
    pub imported: Option<Box<[u8; 32]>>,
}

/// Scopes that a hand edit of the view added to the operator role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Widening {
    /// What was added.
    pub added: ScopeSet,
    /// When the edit was taken.
    pub at: Millis,
}

/// What is left of a removed device: which generations were used up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tombstone {
    /// Last generation of the operator token, 0 if there was none.
    pub operator: u32,
    /// Last generation of the node token, 0 if there was none.
    pub node: u32,
    /// When the device was removed.
    pub removed_at: Millis,
}

/// A device that was removed a moment ago, kept so that a slip can be undone. In memory only: a restart forgets it.
#[derive(Clone, Debug)]
pub struct Removed {
    /// As it was.
    pub device: Arc<Device>,
    /// When it was removed.
    pub at: Millis,
}

/// What an operator had before it was narrowed, kept so that a slip can be undone. In memory only.
#[derive(Clone, Debug)]
pub struct Narrowed {
    /// The device.
    pub device_id: DeviceId,
    /// The approved scopes and those of its token, as they were.
    pub before: (ScopeSet, ScopeSet),
    /// The device's revision after it was narrowed: another one means that somebody has decided anew.
    pub revision: u32,
    /// When.
    pub at: Millis,
}

impl Narrowed {
    /// Until when it can be undone.
    pub fn until(&self) -> Millis {
        self.at.plus(UNDO_MS)
    }
}

impl Removed {
    /// Until when the removal can be undone.
    pub fn until(&self) -> Millis {
        self.at.plus(UNDO_MS)
    }
}

impl Tombstone {
    /// The last generation used for `role`.
    pub fn generation(&self, role: Role) -> u32 {
        match role {
            Role::Operator => self.operator,
            Role::Node => self.node,
        }
    }
}

/// How an approval came about (`approvedVia`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ApprovedVia {
    /// By rule, for a caller on the gateway's host.
    Silent,
    /// By somebody who may.
    Owner,
    /// By a setup code.
    Bootstrap,
    /// By the claim code.
    Claim,
    /// By its address.
    TrustedCidr,
    /// By a trusted proxy's user.
    TrustedProxy,
    /// Taken over from another store.
    Import,
}

impl ApprovedVia {
    /// The wire's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Silent => "silent",
            Self::Owner => "owner",
            Self::Bootstrap => "bootstrap",
            Self::Claim => "claim",
            Self::TrustedCidr => "trusted-cidr",
            Self::TrustedProxy => "trusted-proxy",
            Self::Import => "import",
        }
    }

    /// Reads the wire's name; anything unknown counts as taken over.
    pub fn parse(name: &str) -> Self {
        match name {
            "silent" => Self::Silent,
            "owner" => Self::Owner,
            "bootstrap" => Self::Bootstrap,
            "claim" => Self::Claim,
            "trusted-cidr" => Self::TrustedCidr,
            "trusted-proxy" => Self::TrustedProxy,
            _ => Self::Import,
        }
    }
}

impl TokenRecord {
    /// A token of this generation that was never rotated, revoked or used.
    pub fn new(generation: u32, scopes: ScopeSet, now: Millis) -> Self {
        Self {
            generation,
            scopes,
            created_at: now,
            rotated_at: None,
            revoked_at: None,
            last_used_at: None,
            imported: None,
        }
    }
}

impl Device {
    /// The grant of a role, revoked or not.
    pub fn grant(&self, role: Role) -> Option<&Grant> {
        match role {
            Role::Operator => self.operator.as_ref(),
            Role::Node => self.node.as_ref(),
        }
    }

    pub(crate) fn grant_mut(&mut self, role: Role) -> &mut Option<Grant> {
        match role {
            Role::Operator => &mut self.operator,
            Role::Node => &mut self.node,
        }
    }

    /// The grant of a role whose token is not revoked: the only ones that count.
    pub fn effective(&self, role: Role) -> Option<&Grant> {
        self.grant(role).filter(|grant| grant.token.revoked_at.is_none())
    }

    /// The roles that count.
    pub fn effective_roles(&self) -> Roles {
        Roles::BOTH
            .iter()
            .filter(|role| self.effective(*role).is_some())
            .fold(Roles::NONE, |all, role| all.union(Roles::only(role)))
    }

    /// The roles that were ever approved and not removed, revoked ones included.
    pub fn roles(&self) -> Roles {
        Roles::BOTH
            .iter()
            .filter(|role| self.grant(*role).is_some())
            .fold(Roles::NONE, |all, role| all.union(Roles::only(role)))
    }

    /// The approved scopes of a role; empty when the role does not count.
    pub fn approved_scopes(&self, role: Role) -> ScopeSet {
        self.effective(role).map(|grant| grant.scopes.clone()).unwrap_or_default()
    }

    /// The approved scopes of all roles that count, as `device.pair.list` shows them.
    pub fn all_scopes(&self) -> ScopeSet {
        self.approved_scopes(Role::Operator).union(&self.approved_scopes(Role::Node))
    }

    /// What a role's token is worth now: its scopes as far as they are still approved. `None` when revoked.
    pub fn token_scopes(&self, role: Role) -> Option<ScopeSet> {
        self.effective(role).map(|grant| grant.token.scopes.intersect_satisfied(&grant.scopes))
    }

    /// Whether the device is a page in a browser, whose token is bound to the shared secret (§4.5).
    pub fn is_browser(&self) -> bool {
        matches!(self.client_id.as_str(), "openclaw-control-ui" | "webchat-ui")
            || self.client_mode.as_str() == "webchat"
    }

    /// The public key as on the wire and in the view.
    pub fn public_key_base64url(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.public_key)
    }

    /// When it was there last, or at least approved.
    pub fn last_there(&self) -> Millis {
        self.last_seen_at.unwrap_or(self.approved_at).max(self.approved_at)
    }

    /// The name to show: the owner's, else the device's own, else the client's id.
    pub fn shown_name(&self) -> &Words {
        self.label.as_ref().or(self.display_name.as_ref()).unwrap_or(&self.client_id)
    }
}
