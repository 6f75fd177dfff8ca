//! A waiting request, and what is remembered of one that waits no longer.

use std::fmt;
use std::net::IpAddr;

use openclaw_protocol::ids::{DeviceId, RequestId};
use openclaw_protocol::platform;
use openclaw_protocol::role::Role;
use openclaw_protocol::scope::ScopeSet;
use openclaw_protocol::time::Millis;
use openclaw_protocol::words::Words;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{PeerKey, Roles, Seen};

/// How long a request lives after its last refresh: five minutes.
pub const REQUEST_TTL_MS: u64 = 300_000;

/// A device waiting for the owner. Everything shown to the owner is frozen when the request is made (ruling 22).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Request {
    /// The id the owner approves.
    pub id: RequestId,
    /// Who asks.
    pub device_id: DeviceId,
    /// The key it proved.
    #[serde(with = "super::stored::key")]
    pub public_key: [u8; 32],
    /// Why it has to wait.
    pub kind: RequestKind,
    /// The role first asked for (`role` on the wire).
    pub role: Role,
    /// All roles asked for.
    pub roles: Roles,
    /// All scopes asked for. Empty asks for nothing and grants nothing.
    pub scopes: ScopeSet,
    /// Its name for itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<Words>,
    /// `client.platform`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<Words>,
    /// `client.deviceFamily`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_family: Option<Words>,
    /// `client.id`.
    pub client_id: Words,
    /// `client.mode`.
    pub client_mode: Words,
    /// The browser's origin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Words>,
    /// The device's own address, when known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote_ip: Option<IpAddr>,
    /// The bucket it is counted under.
    pub peer: PeerKey,
    /// How the gateway saw it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<Box<Seen>>,
    /// Whether the device had a paired entry when it asked.
    pub is_repair: bool,
    /// When it was made (`ts`).
    pub ts: Millis,
    /// When the device last asked again.
    pub refreshed_at: Millis,
    /// Fingerprint of what is shown.
    pub shown: Shown,
    /// Set when this request took the place of a narrower one of the same device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broadened: Option<Box<Broadened>>,
    /// How often the waiting device changed its name.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub renamed: u8,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_zero(count: &u8) -> bool {
    *count == 0
}

/// Why a device has to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RequestKind {
    /// It is not paired.
    NotPaired,
    /// It asks for another role.
    RoleUpgrade,
    /// It asks for more scopes.
    ScopeUpgrade,
    /// Its platform class or family changed.
    MetadataUpgrade,
}

/// The narrower request that was superseded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Broadened {
    /// Its id.
    pub former: RequestId,
    /// When.
    pub at: Millis,
    /// What it had asked for.
    pub asked: Asked,
}

/// What an approval of a request would give.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Asked {
    /// The roles.
    pub roles: Roles,
    /// The scopes.
    pub scopes: ScopeSet,
    /// The platform that would be pinned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<Words>,
    /// The device family that would be pinned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_family: Option<Words>,
}

impl Asked {
    /// Whether somebody who agreed to this has agreed to `other` as well: the same or less.
    pub fn covers(&self, other: &Self) -> bool {
        self.roles.covers(other.roles) && self.scopes.covers(&other.scopes) && self.same_machine(other)
    }

    /// Whether platform class and device family are the same.
    pub fn same_machine(&self, other: &Self) -> bool {
        class(self.platform.as_ref()) == class(other.platform.as_ref())
            && folded(self.device_family.as_ref()) == folded(other.device_family.as_ref())
    }

    /// The roles and scopes that `other` asks for beyond this.
    pub fn missing(&self, other: &Self) -> (Roles, ScopeSet) {
        (other.roles.without(self.roles), other.scopes.beyond(&self.scopes))
    }
}

/// The platform class of an optional platform; empty when unknown.
pub(crate) fn class(platform: Option<&Words>) -> String {
    platform.map(|words| platform::class(words.as_str())).unwrap_or_default()
}

/// A device family as it is compared: trimmed, ASCII lower case.
pub(crate) fn folded(words: Option<&Words>) -> String {
    words.map(|words| words.as_str().trim().to_ascii_lowercase()).unwrap_or_default()
}

impl Request {
    /// What an approval would give.
    pub fn asked(&self) -> Asked {
        Asked {
            roles: self.roles,
            scopes: self.scopes.clone(),
            platform: self.platform.clone(),
            device_family: self.device_family.clone(),
        }
    }

    /// From when on the request counts no longer.
    pub fn expires_at(&self) -> Millis {
        self.refreshed_at.plus(REQUEST_TTL_MS)
    }

    /// Whether the request still counts.
    pub fn is_live(&self, now: Millis) -> bool {
        now < self.expires_at()
    }
}

/// Fingerprint over what the owner is shown of a request: an approval that names it is refused once the request is
/// another one. As text: 16 hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Shown(pub u64);

impl Shown {
    /// Over everything that is shown, times excepted. Parts are length-prefixed so that no two requests run together.
    pub(crate) fn of(request: &Request) -> Self {
        let mut hash = Sha256::new();
        let mut part = |text: &str| {
            hash.update((text.len() as u64).to_le_bytes());
            hash.update(text.as_bytes());
        };
        let words = |words: &Option<Words>| words.as_ref().map(|w| w.as_str().to_owned()).unwrap_or_default();
        part(request.id.as_str());
        part(request.device_id.as_str());
        part(&request.roles.names().join(","));
        part(&request.scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(","));
        part(&words(&request.display_name));
        part(&words(&request.platform));
        part(&words(&request.device_family));
        part(request.client_id.as_str());
        part(request.client_mode.as_str());
        part(&words(&request.origin));
        part(&request.remote_ip.map(|ip| ip.to_string()).unwrap_or_default());
        part(if request.is_repair { "repair" } else { "new" });
        if let Some(seen) = &request.seen {
            part(&seen.address.map(|ip| ip.to_string()).unwrap_or_default());
            part(seen.path.as_str());
            part(&words(&seen.user_agent));
        }
        let digest = hash.finalize();
        Self(digest.iter().take(8).fold(0, |value, byte| value << 8 | u64::from(*byte)))
    }

    /// Reads the 16 hex digits.
    pub fn parse(text: &str) -> Option<Self> {
        (text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit()))
            .then(|| u64::from_str_radix(text, 16).ok().map(Self))?
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// What became of a request that waits no longer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    /// The device asked for more (or from elsewhere); this request took its place.
    Superseded {
        /// The replacement.
        by: RequestId,
    },
    /// It was approved.
    Approved,
    /// It was rejected.
    Rejected,
    /// The device stopped asking for five minutes.
    Expired,
    /// All places were taken and its network held the most (ruling 21).
    GaveWay,
}

/// A request that waits no longer: its id still explains itself, and never grants more than it once showed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Former {
    /// The id.
    pub id: RequestId,
    /// Who asked.
    pub device_id: DeviceId,
    /// What became of it.
    pub fate: Fate,
    /// When.
    pub at: Millis,
    /// What was shown.
    pub asked: Asked,
    /// What of that the approver did not give.
    #[serde(default, skip_serializing_if = "ScopeSet::is_empty")]
    pub withheld: ScopeSet,
}
