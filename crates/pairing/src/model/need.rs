//! When a connection must be paired (section 4.1, with ruling 23).

use openclaw_protocol::role::Role;
use openclaw_protocol::words::Words;

use super::request::{class, folded};
use super::roles::scopes_of_role;
use super::{Ask, Device, RequestKind, Snapshot};

/// Why a device must be approved before it may connect as it asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Need {
    /// The device is not paired.
    NotPaired,
    /// The role was never approved, or its token was revoked.
    RoleUpgrade,
    /// The approved scopes do not cover those asked for.
    ScopeUpgrade,
    /// Another platform class or device family than the one approved.
    MetadataUpgrade {
        /// What changed.
        changed: Vec<MetadataChange>,
    },
}

/// One pinned property that changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetadataChange {
    /// `platform` or `deviceFamily`.
    pub field: &'static str,
    /// The approved value.
    pub old: Words,
    /// The value now claimed; `None` when the client sends none.
    pub new: Option<Words>,
}

impl Need {
    /// The kind of request that comes of it.
    pub fn kind(&self) -> RequestKind {
        match self {
            Self::NotPaired => RequestKind::NotPaired,
            Self::RoleUpgrade => RequestKind::RoleUpgrade,
            Self::ScopeUpgrade => RequestKind::ScopeUpgrade,
            Self::MetadataUpgrade { .. } => RequestKind::MetadataUpgrade,
        }
    }
}

/// Whether the device must be approved for what it asks, and why. Order: paired, machine, role, scopes. Versions,
/// names, client ids and addresses never matter; of the platform only its class does, and only if one was stored.
pub fn need(snapshot: &Snapshot, ask: &Ask) -> Option<Need> {
    let device = match snapshot.device(&ask.device_id) {
        Some(device) if device.public_key == ask.public_key => device,
        _ => return Some(Need::NotPaired),
    };
    let changed = machine_changes(device, ask.platform.as_ref(), ask.device_family.as_ref());
    if !changed.is_empty() {
        return Some(Need::MetadataUpgrade { changed });
    }
    let Some(grant) = device.effective(ask.role) else {
        return Some(Need::RoleUpgrade);
    };
    let asked = scopes_of_role(&ask.scopes, ask.role);
    let covered = match ask.role {
        Role::Operator => grant.scopes.covers(&asked),
        // Node scopes imply nothing: each must be approved by name.
        Role::Node => asked.iter().all(|scope| grant.scopes.contains(scope)),
    };
    (!covered).then_some(Need::ScopeUpgrade)
}

/// What differs from the machine a device was approved as; only what was stored counts.
pub(crate) fn machine_changes(
    device: &Device,
    platform: Option<&Words>,
    family: Option<&Words>,
) -> Vec<MetadataChange> {
    let mut changed = Vec::new();
    if let Some(old) = device.platform.as_ref().filter(|old| !class(Some(old)).is_empty())
        && class(Some(old)) != class(platform)
    {
        changed.push(MetadataChange { field: "platform", old: old.clone(), new: platform.cloned() });
    }
    if let Some(old) = device.device_family.as_ref().filter(|old| !folded(Some(old)).is_empty())
        && folded(Some(old)) != folded(family)
    {
        changed.push(MetadataChange { field: "deviceFamily", old: old.clone(), new: family.cloned() });
    }
    changed
}
