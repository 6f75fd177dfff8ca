//! What those who decide about a request want to know of its past: which paired device a new one may have been before
//! it lost its key, what changed, and what was decided before.

use std::sync::Arc;

use openclaw_protocol::ids::DeviceId;
use openclaw_protocol::likeness::Likeness;
use openclaw_protocol::time::Millis;

use super::{Device, Former, MetadataChange, Request, Snapshot, machine_changes};

fn request_looks(request: &Request) -> Likeness<'_> {
    let Request { client_id, platform, display_name, remote_ip, .. } = request;
    Likeness::new(Some(client_id), platform.as_ref(), display_name.as_ref(), remote_ip.as_ref())
}

fn device_looks(device: &Device) -> Likeness<'_> {
    let Device { client_id, platform, display_name, remote_ip, .. } = device;
    Likeness::new(Some(client_id), platform.as_ref(), display_name.as_ref(), remote_ip.as_ref())
}

impl Snapshot {
    /// The paired devices that a new device may have been before, the likeliest first: from the same address, then the
    /// one that was there last. `here` holds for those that are connected, which cannot have lost their key.
    pub fn predecessors(
        &self,
        request: &Request,
        here: impl Fn(&DeviceId) -> bool,
    ) -> Vec<(&Arc<Device>, bool)> {
        if self.device(&request.device_id).is_some() {
            return Vec::new();
        }
        let new = request_looks(request);
        let mut found: Vec<_> = self
            .devices()
            .filter(|device| new.may_be(&device_looks(device)) && !here(&device.id))
            .map(|device| (device, new.same_place(&device_looks(device))))
            .collect();
        found.sort_by(|(a, a_near), (b, b_near)| {
            (b_near, b.last_there(), &a.id).cmp(&(a_near, a.last_there(), &b.id))
        });
        found
    }

    /// What a paired device says about itself that differs from what it was approved as.
    pub fn changes_of(&self, request: &Request) -> Vec<MetadataChange> {
        self.device(&request.device_id).map_or_else(Vec::new, |device| {
            machine_changes(device, request.platform.as_ref(), request.device_family.as_ref())
        })
    }

    /// The approvals that gave less than was asked for, in no order.
    pub fn withholdings(&self) -> impl Iterator<Item = &Arc<Former>> {
        self.former.values().filter(|former| !former.withheld.is_empty())
    }

    /// When all that the device asks for beyond what it has was withheld before, by these approvals.
    pub fn withheld_before<'a>(
        &self,
        request: &Request,
        approvals: impl IntoIterator<Item = &'a Arc<Former>>,
    ) -> Option<Millis> {
        let device = self.device(&request.device_id)?;
        let more = request.scopes.beyond(&device.all_scopes());
        approvals
            .into_iter()
            .filter(|former| former.device_id == device.id && former.withheld.covers(&more))
            .map(|former| former.at)
            .max()
            .filter(|_| !more.is_empty())
    }
}
