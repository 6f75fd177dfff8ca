//! A paired device connected: remember when, from where, and under which name. Never worth a commit of its own.

use std::net::IpAddr;
use std::sync::Arc;

use openclaw_protocol::ids::DeviceId;
use openclaw_protocol::role::Role;
use openclaw_protocol::words::Words;

use super::Work;
use crate::model::{Outcome, Rejected, class};

impl Work<'_> {
    pub(super) fn seen(
        &mut self,
        id: &DeviceId,
        role: Role,
        by_token: bool,
        display_name: Option<Words>,
        platform: Option<Words>,
        remote_ip: Option<IpAddr>,
    ) -> Result<Outcome, Rejected> {
        let mut device = (*self.find_device(id)?).clone();
        device.last_seen_at = Some(self.now);
        if display_name.is_some() {
            device.display_name = display_name;
        }
        if remote_ip.is_some() {
            device.remote_ip = remote_ip;
        }
        // A new version of the same platform replaces the old text; another class would need an approval.
        if device.platform.is_some()
            && platform.is_some()
            && class(device.platform.as_ref()) == class(platform.as_ref())
        {
            device.platform = platform;
        }
        if by_token && let Some(grant) = device.grant_mut(role) {
            grant.token.last_used_at = Some(self.now);
        }
        self.state.devices.insert(id.clone(), Arc::new(device));
        self.touched.lazy_devices.push(id.clone());
        Ok(Outcome::Done)
    }
}
