//! `device.pair.list`: who waits and who is paired.

use std::sync::Arc;

use openclaw_protocol::schema::{Field, Shape};
use openclaw_protocol::scope::Scope;
use serde::Deserialize;
use serde_json::json;

use crate::core::Core;
use crate::router::{Authority, Method, Need, Reply};
use crate::rpc::{Methods, pairing_caller};
use crate::wire::detail::Detail;
use crate::wire::{self, Viewer};

static LIST: [Field; 1] = [Field::optional("detail", Shape::Boolean)];

pub(super) fn methods() -> Methods {
    vec![Method::new(
        "device.pair.list",
        Need::Scope(Scope::PAIRING),
        &LIST,
        "Devices that wait for approval, and paired devices",
        list,
    )]
}

#[derive(Deserialize)]
struct Asked {
    #[serde(default)]
    detail: bool,
}

/// `{detail?: boolean}` → `{pending: [...], paired: [...]}`, newest first. With `detail: true` the rows say more, see
/// [`Detail::pending`] and [`Detail::paired`], and the answer has `ts`, the gateway's clock, and for admins `removed`,
/// see [`Detail::removed`]. To be read anew after `device.pair.requested`, `.resolved` and `.changed`, at most a few
/// times a second, and after `presence` for who is connected.
async fn list(core: Arc<Core>, caller: Authority, params: Asked) -> Reply {
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
    if params.detail {
        let connections = core.hub.all();
        let detail = Detail::new(&devices, &connections, &judged, caller.device.as_ref(), viewer);
        let mut answer = json!({
            "ts": now,
            "pending": waiting.into_iter().map(|request| detail.pending(request)).collect::<Vec<_>>(),
            "paired": paired.into_iter().map(|device| detail.paired(device)).collect::<Vec<_>>(),
        });
        if let Some(removed) = detail.removed(now) {
            answer["removed"] = removed;
        }
        return Ok(answer);
    }
    let connected = core.hub.connected_devices();
    Ok(json!({
        "pending": waiting.into_iter().map(|request| wire::pending(request, viewer)).collect::<Vec<_>>(),
        "paired": paired
            .into_iter()
            .map(|device| wire::device(device, viewer, Some(connected.contains(&device.id))))
            .collect::<Vec<_>>(),
    }))
}
