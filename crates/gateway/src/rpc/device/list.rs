//! `device.pair.list`: who waits and who is paired.

use std::sync::Arc;

use openclaw_protocol::scope::Scope;
use serde_json::json;

use crate::core::Core;
use crate::router::{Authority, Method, Need, Reply};
use crate::rpc::{Methods, NoParams, pairing_caller};
use crate::wire::{self, Viewer};

pub(super) fn methods() -> Methods {
    vec![Method::new(
        "device.pair.list",
        Need::Scope(Scope::PAIRING),
        &[],
        "Devices that wait for approval, and paired devices",
        list,
    )]
}

async fn list(core: Arc<Core>, caller: Authority, _: NoParams) -> Reply {
    let viewer = Viewer::of(&caller);
    let judged = pairing_caller(&caller);
    let now = core.now();
    let devices = core.store.snapshot();
    let mut waiting: Vec<_> = devices
        .requests()
        .filter(|request| request.is_live(now) && judged.may_manage(&request.device_id))
        .collect();
    waiting.sort_by(|a, b| b.ts.cmp(&a.ts).then_with(|| a.id.cmp(&b.id)));
    let mut paired: Vec<_> = devices.devices().filter(|device| judged.may_manage(&device.id)).collect();
    paired.sort_by(|a, b| b.approved_at.cmp(&a.approved_at).then_with(|| a.id.cmp(&b.id)));
    let connected = core.hub.connected_devices();
    Ok(json!({
        "pending": waiting.into_iter().map(|request| wire::pending(request, viewer)).collect::<Vec<_>>(),
        "paired": paired
            .into_iter()
            .map(|device| wire::device(device, viewer, Some(connected.contains(&device.id))))
            .collect::<Vec<_>>(),
    }))
}
