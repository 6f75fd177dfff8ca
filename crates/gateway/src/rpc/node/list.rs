//! `node.list`, `node.describe`, `node.rename`.

use std::collections::HashMap;
use std::sync::Arc;

use openclaw_pairing::{Device, Mutation, Outcome};
use openclaw_protocol::error::ErrorShape;
use openclaw_protocol::ids::DeviceId;
use openclaw_protocol::role::Role;
use openclaw_protocol::schema::{Field, NAME};
use openclaw_protocol::scope::Scope;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::core::Core;
use crate::hub::Connection;
use crate::router::{Authority, Method, Need, Reply};
use crate::rpc::device::{apply, device_id, unexpected};
use crate::rpc::refused::Doing;
use crate::rpc::{Methods, NoParams, pairing_caller};
use crate::wire::{self, Viewer};

static NODE: [Field; 1] = [Field::required("nodeId", NAME)];
static NAMED: [Field; 2] = [Field::required("nodeId", NAME), Field::required("displayName", NAME)];

pub(super) fn methods() -> Methods {
    vec![
        Method::new("node.list", Need::Scope(Scope::READ), &[], "Paired nodes", list),
        Method::new("node.describe", Need::Scope(Scope::READ), &NODE, "One paired node", describe),
        Method::new("node.rename", Need::Scope(Scope::PAIRING), &NAMED, "Name a paired node", rename),
    ]
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ByNode {
    node_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Named {
    node_id: String,
    display_name: String,
}

/// Whether a device is a node: approved as one, and not revoked.
pub(super) fn is_node(device: &Device) -> bool {
    device.effective(Role::Node).is_some()
}

/// The connection of each connected node; of several the newest.
fn connections(core: &Core) -> HashMap<DeviceId, Arc<Connection>> {
    let mut newest: HashMap<DeviceId, Arc<Connection>> = HashMap::new();
    for connection in core.hub.all() {
        let Some(device) =
            connection.authority.device.clone().filter(|_| connection.authority.role == Role::Node)
        else {
            continue;
        };
        let older = newest.get(&device).is_some_and(|known| known.since >= connection.since);
        if !older {
            newest.insert(device, connection);
        }
    }
    newest
}

async fn list(core: Arc<Core>, caller: Authority, _: NoParams) -> Reply {
    let viewer = Viewer::of(&caller);
    let devices = core.store.snapshot();
    let connections = connections(&core);
    let mut nodes: Vec<_> = devices.devices().filter(|device| is_node(device)).collect();
    nodes.sort_by_key(|device| {
        (!connections.contains_key(&device.id), device.shown_name().clone(), device.id.clone())
    });
    let nodes: Vec<Value> = nodes
        .into_iter()
        .map(|device| wire::node(device, connections.get(&device.id).map(Arc::as_ref), viewer))
        .collect();
    Ok(json!({"ts": core.now(), "nodes": nodes}))
}

async fn describe(core: Arc<Core>, caller: Authority, params: ByNode) -> Reply {
    let devices = core.store.snapshot();
    let device = DeviceId::parse(params.node_id.trim()).and_then(|id| devices.device(&id));
    let device = device.filter(|device| is_node(device)).ok_or_else(unknown_node)?;
    let connections = connections(&core);
    let node = wire::node(device, connections.get(&device.id).map(Arc::as_ref), Viewer::of(&caller));
    let mut answer = json!({"ts": core.now()});
    if let (Some(answer), Value::Object(node)) = (answer.as_object_mut(), node) {
        answer.extend(node);
    }
    Ok(answer)
}

pub(super) fn unknown_node() -> ErrorShape {
    ErrorShape::invalid_request("unknown nodeId")
}

async fn rename(core: Arc<Core>, caller: Authority, params: Named) -> Reply {
    let devices = core.store.snapshot();
    let known = DeviceId::parse(params.node_id.trim())
        .and_then(|id| devices.device(&id).cloned())
        .filter(|device| is_node(device));
    if known.is_none() {
        return Err(unknown_node());
    }
    let mutation = device_id(&params.node_id).map(|device| Mutation::Rename {
        device,
        label: Some(params.display_name.trim().to_owned()),
        caller: pairing_caller(&caller),
    });
    let applied = apply(&core, &caller, Doing::Rename, mutation).await?;
    match &applied.outcome {
        Outcome::Changed { device } => Ok(json!({"nodeId": device.id, "displayName": device.label})),
        other => Err(unexpected(other)),
    }
}
