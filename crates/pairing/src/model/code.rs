//! Codes that stand for an approval given in advance: setup, claim and join codes.

use std::fmt;

use openclaw_protocol::ids::DeviceId;
use openclaw_protocol::scope::ScopeSet;
use openclaw_protocol::time::Millis;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::Roles;

/// The longest life of a code: ten minutes.
pub const MAX_CODE_TTL_MS: u64 = 600_000;

/// SHA-256 of a code. The code itself is shown once and kept nowhere.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CodeHash(#[serde(with = "super::stored::key")] pub [u8; 32]);

impl CodeHash {
    /// The hash of a code as presented (already normalised, for codes that people type).
    pub fn of(code: &str) -> Self {
        Self(Sha256::digest(code.as_bytes()).into())
    }
}

impl fmt::Debug for CodeHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CodeHash({:02x}{:02x}…)", self.0[0], self.0[1])
    }
}

/// What a code is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CodeKind {
    /// In a QR or setup code: pairs the first device that presents it.
    Setup,
    /// Shown on the standard output of a gateway that never had an operator (ruling 30).
    Claim,
    /// In a join link: exchanged once for a setup code (ruling 31).
    Join,
}

/// A code to be minted.
#[derive(Clone, Debug)]
pub struct NewCode {
    /// Its hash.
    pub hash: CodeHash,
    /// What it is for.
    pub kind: CodeKind,
    /// The roles it gives; ignored for claim codes, which give operator.
    pub roles: Roles,
    /// The scopes it gives; ignored for claim codes, which give the full operator set.
    pub scopes: ScopeSet,
    /// Life in ms, cut to [`MAX_CODE_TTL_MS`].
    pub ttl_ms: u64,
    /// The device in whose name it is made; none when the owner makes it on the host.
    pub minted_by: Option<DeviceId>,
}

/// A minted code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Code {
    /// Its hash, and its name.
    pub hash: CodeHash,
    /// What it is for.
    pub kind: CodeKind,
    /// The roles it gives.
    pub roles: Roles,
    /// The scopes it gives.
    pub scopes: ScopeSet,
    /// When it was minted.
    pub created_at: Millis,
    /// From then on it is worth nothing.
    pub expires_at: Millis,
    /// The device that redeemed it. Only that device may present it again, and gets nothing new: its first answer may
    /// have been lost on the way.
    pub redeemed_by: Option<DeviceId>,
    /// The device that made it: what that one may no longer give is worth nothing any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minted_by: Option<DeviceId>,
}

impl Code {
    /// Whether the code is still within its time.
    pub fn is_live(&self, now: Millis) -> bool {
        now < self.expires_at
    }
}
