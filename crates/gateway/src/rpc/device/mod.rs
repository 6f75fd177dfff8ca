//! `device.pair.*`, `device.token.*`, `device.scopes.*`, `device.joinCode.create` (auth-and-pairing §4.6, §4.8).

mod address;
mod decide;
mod less;
mod list;
mod owner;
mod setup;
mod tokens;
mod upgrade;

pub(super) use decide::{Terms, apply, approve_request, reject_request, unexpected};

use openclaw_pairing::Rejected;
use openclaw_protocol::ids::{DeviceId, RequestId};

use super::Methods;

pub(super) fn methods() -> Methods {
    let mut methods = list::methods();
    methods.extend(decide::methods());
    methods.extend(less::methods());
    methods.extend(tokens::methods());
    methods.extend(upgrade::methods());
    methods.extend(setup::methods());
    methods.extend(owner::methods());
    methods
}

/// The request an id names. What cannot be an id names none.
pub(crate) fn request_id(text: &str) -> Result<RequestId, Rejected> {
    RequestId::parse(text.trim()).ok_or(Rejected::UnknownRequest)
}

/// The device an id names. What cannot be an id names none.
pub(crate) fn device_id(text: &str) -> Result<DeviceId, Rejected> {
    DeviceId::parse(text.trim()).ok_or(Rejected::UnknownDevice)
}
