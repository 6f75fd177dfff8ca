//! `node.pair.*`: the device list, narrowed to nodes.

use std::sync::Arc;

use openclaw_pairing::{Mutation, Outcome, Request};
use openclaw_protocol::error::ErrorShape;
use openclaw_protocol::ids::{DeviceId, RequestId};
use openclaw_protocol::role::Role;
use openclaw_protocol::schema::{Field, NAME, NAMES, Shape};
use openclaw_protocol::scope::Scope;
use openclaw_protocol::secret::Secret;
use serde::Deserialize;
use serde_json::json;

use super::list::{is_node, unknown_node};
use crate::core::Core;
use crate::router::{Authority, Listed, Method, Need, Reply};
use crate::rpc::device::{Terms, apply, approve_request, device_id, reject_request, unexpected};
use crate::rpc::refused::Doing;
use crate::rpc::{Methods, NoParams, pairing_caller};
use crate::wire::{self, Viewer};

static REQUEST: [Field; 1] = [Field::required("requestId", NAME)];
static NODE: [Field; 1] = [Field::required("nodeId", NAME)];
static PROOF: [Field; 2] = [Field::required("nodeId", NAME), Field::required("token", NAME)];
static ASK: [Field; 13] = [
    Field::required("nodeId", NAME),
    Field::optional("displayName", NAME),
    Field::optional("platform", NAME),
    Field::optional("version", NAME),
    Field::optional("coreVersion", NAME),
    Field::optional("uiVersion", NAME),
    Field::optional("deviceFamily", NAME),
    Field::optional("modelIdentifier", NAME),
    Field::optional("caps", NAMES),
    Field::optional("commands", NAMES),
    Field::optional("permissions", Shape::Flags),
    Field::optional("remoteIp", NAME),
    Field::optional("silent", Shape::Boolean),
];

pub(super) fn methods() -> Methods {
    let need = || Need::Scope(Scope::PAIRING);
    vec![
        Method::new("node.pair.list", need(), &[], "Nodes that wait for approval, and paired nodes", list),
        Method::new("node.pair.approve", need(), &REQUEST, "Approve a waiting node", approve),
        Method::new("node.pair.reject", need(), &REQUEST, "Reject a waiting node", reject),
        Method::new("node.pair.remove", need(), &NODE, "Take the node role from a device", remove)
            .listed(Listed::V4),
        Method::new("node.pair.request", need(), &ASK, "The waiting request of a node", request)
            .listed(Listed::V3),
        Method::new("node.pair.verify", need(), &PROOF, "Whether a token is a node's", verify)
            .listed(Listed::V3),
    ]
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ByRequest {
    request_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ByNode {
    node_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Proof {
    node_id: String,
    token: Secret,
}

/// Whether a request is about becoming a node.
fn asks_to_be_node(request: &Request) -> bool {
    request.roles.contains(Role::Node)
}

async fn list(core: Arc<Core>, caller: Authority, _: NoParams) -> Reply {
    let viewer = Viewer::of(&caller);
    let judged = pairing_caller(&caller);
    let now = core.now();
    let devices = core.store.snapshot();
    let mut waiting: Vec<_> = devices
        .requests()
        .filter(|request| {
            asks_to_be_node(request) && request.is_live(now) && judged.may_manage(&request.device_id)
        })
        .collect();
    waiting.sort_by(|a, b| b.ts.cmp(&a.ts).then_with(|| a.id.cmp(&b.id)));
    let mut paired: Vec<_> =
        devices.devices().filter(|device| is_node(device) && judged.may_manage(&device.id)).collect();
    paired.sort_by(|a, b| b.approved_at.cmp(&a.approved_at).then_with(|| a.id.cmp(&b.id)));
    Ok(json!({
        "pending": waiting.into_iter().map(|request| wire::node_pending(request, viewer)).collect::<Vec<_>>(),
        "paired": paired.into_iter().map(|device| wire::node_paired(device, viewer)).collect::<Vec<_>>(),
    }))
}

/// Only requests that are about nodes are decided here: somebody who approves a node must not approve an operator.
fn about_node(core: &Core, request: &str) -> Result<(), ErrorShape> {
    let devices = core.store.snapshot();
    if let Some(id) = RequestId::parse(request.trim()) {
        let waits = devices.request(&id).is_some_and(|request| asks_to_be_node(request));
        if waits || devices.former_request(&id).is_some_and(|former| former.asked.roles.contains(Role::Node))
        {
            return Ok(());
        }
    }
    // A node's own id stands for what it declares, which has no request here.
    let node = DeviceId::parse(request.trim()).and_then(|id| devices.device(&id).cloned());
    if node.is_some_and(|device| is_node(&device)) {
        return Err(ErrorShape::invalid_request(
            "this node is paired; approving what it may run is not part of this version yet",
        ));
    }
    Err(ErrorShape::invalid_request("unknown requestId"))
}

async fn approve(core: Arc<Core>, caller: Authority, params: ByRequest) -> Reply {
    about_node(&core, &params.request_id)?;
    let applied = approve_request(&core, &caller, &params.request_id, Terms::default()).await?;
    match &applied.outcome {
        Outcome::Approved { device, request } => {
            let approved = request.as_ref().map_or(params.request_id.as_str(), |request| request.id.as_str());
            Ok(json!({"requestId": approved, "node": wire::node_paired(device, Viewer::of(&caller))}))
        }
        other => Err(unexpected(other)),
    }
}

async fn reject(core: Arc<Core>, caller: Authority, params: ByRequest) -> Reply {
    about_node(&core, &params.request_id)?;
    let applied = reject_request(&core, &caller, &params.request_id).await?;
    match &applied.outcome {
        Outcome::Rejected { request } => Ok(json!({"requestId": request.id, "nodeId": request.device_id})),
        other => Err(unexpected(other)),
    }
}

/// Takes the node role away for good. A device that is nothing else is removed; one that is an operator too keeps
/// that, and its token as a node is void.
async fn remove(core: Arc<Core>, caller: Authority, params: ByNode) -> Reply {
    let devices = core.store.snapshot();
    let device = DeviceId::parse(params.node_id.trim()).and_then(|id| devices.device(&id).cloned());
    let device = device.filter(|device| is_node(device)).ok_or_else(unknown_node)?;
    let as_caller = pairing_caller(&caller);
    let mutation = device_id(&params.node_id).map(|id| {
        if device.operator.is_some() {
            Mutation::Revoke { device: id, role: Role::Node, caller: as_caller }
        } else {
            Mutation::Remove { device: id, caller: as_caller }
        }
    });
    apply(&core, &caller, Doing::Remove, mutation).await?;
    Ok(json!({"nodeId": device.id}))
}

/// Early-2026 tools file a request in a node's name. Here only the node itself can, because a request is about its
/// key; what it has filed is answered.
async fn request(core: Arc<Core>, caller: Authority, params: ByNode) -> Reply {
    let devices = core.store.snapshot();
    let now = core.now();
    let id = DeviceId::parse(params.node_id.trim());
    let waiting = id.as_ref().and_then(|id| devices.request_of(id));
    let waiting = waiting.filter(|request| asks_to_be_node(request) && request.is_live(now));
    match waiting.filter(|request| pairing_caller(&caller).may_manage(&request.device_id)) {
        Some(request) => Ok(json!({
            "status": "pending",
            "request": wire::node_pending(request, Viewer::of(&caller)),
            "created": false,
        })),
        None => Err(ErrorShape::invalid_request(
            "a node asks for pairing by connecting with its device key: start it, then look at node.pair.list",
        )),
    }
}

async fn verify(core: Arc<Core>, caller: Authority, params: Proof) -> Reply {
    let devices = core.store.snapshot();
    let device = DeviceId::parse(params.node_id.trim()).and_then(|id| devices.device(&id));
    let device = device.filter(|device| pairing_caller(&caller).may_manage(&device.id));
    let right = device
        .filter(|device| core.tokens().verify(device, Role::Node, params.token.expose().trim()).is_ok());
    Ok(match right {
        Some(device) => json!({"ok": true, "node": wire::node_paired(device, Viewer::of(&caller))}),
        None => json!({"ok": false}),
    })
}
