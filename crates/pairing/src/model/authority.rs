//! In whose name a change is made, and what that allows.

use openclaw_protocol::ids::DeviceId;
use openclaw_protocol::scope::{Scope, ScopeSet};

use super::Rejected;

/// What the caller of a pairing method may do. The router has already asked for the method's scope; this is about
/// *this* device and *these* scopes.
#[derive(Clone, Debug, Default)]
pub struct CallerAuthority {
    /// The effective scopes of the caller's connection.
    pub scopes: ScopeSet,
    /// The owner of the host: everything is allowed.
    pub owner: bool,
    /// The caller's device, when it was authenticated by that device's token. Without admin it then sees and manages
    /// only itself.
    pub own_device: Option<DeviceId>,
}

impl CallerAuthority {
    /// The owner of the host (owner socket, or the command line with the gateway stopped).
    pub fn owner() -> Self {
        Self { scopes: ScopeSet::full_operator(), owner: true, own_device: None }
    }

    /// A connection with these scopes that was not authenticated by a device token.
    pub fn with_scopes(scopes: ScopeSet) -> Self {
        Self { scopes, owner: false, own_device: None }
    }

    /// Whether everything about every device is allowed.
    pub fn is_admin(&self) -> bool {
        self.owner || self.scopes.satisfies(&Scope::ADMIN)
    }

    /// Whether this device may be seen and managed at all.
    pub fn may_manage(&self, device: &DeviceId) -> bool {
        self.is_admin() || self.own_device.as_ref().is_none_or(|own| own == device)
    }

    pub(crate) fn need(&self, scope: Scope) -> Result<(), Rejected> {
        if self.owner || self.scopes.satisfies(&scope) { Ok(()) } else { Err(Rejected::MissingScope(scope)) }
    }

    pub(crate) fn need_all(&self, scopes: &ScopeSet) -> Result<(), Rejected> {
        scopes.iter().try_for_each(|scope| self.need(scope.clone()))
    }

    pub(crate) fn need_manage(&self, device: &DeviceId) -> Result<(), Rejected> {
        self.need(Scope::PAIRING)?;
        if self.may_manage(device) { Ok(()) } else { Err(Rejected::NotYours) }
    }
}
