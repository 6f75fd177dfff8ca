//! Whom a caller may read about (ruling 32).

use openclaw_pairing::CallerAuthority;
use openclaw_protocol::ids::DeviceId;

use crate::router::Authority;

/// A device that manages only itself learns only of itself; whoever manages all devices, of all.
pub(crate) struct Sight {
    caller: CallerAuthority,
}

impl Sight {
    /// What this caller sees.
    pub(crate) fn of(caller: &Authority) -> Self {
        Self { caller: super::pairing_caller(caller) }
    }

    /// The one device it sees; `None`: all, and what belongs to no device.
    pub(crate) fn own(&self) -> Option<&DeviceId> {
        self.caller.own_device.as_ref().filter(|_| !self.caller.is_admin())
    }

    /// Whether it may read about what belongs to this device, or to none.
    pub(crate) fn covers(&self, device: Option<&DeviceId>) -> bool {
        self.own().is_none_or(|own| device == Some(own))
    }
}
