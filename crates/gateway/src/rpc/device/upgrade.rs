//! `device.scopes.requestUpgrade` and `.waitUpgrade`: a connected device asks for more, and waits for the owner.
//!
//! The request is an ordinary one; whoever may approve pairing sees it in the same list.

use std::sync::Arc;
use std::time::Duration;

use openclaw_pairing::model::REQUEST_TTL_MS;
use openclaw_pairing::{ApplyError, Ask, Device, Fate, Mutation, Outcome, PeerKey, Rejected, Snapshot};
use openclaw_protocol::error::ErrorShape;
use openclaw_protocol::ids::{DeviceId, RequestId};
use openclaw_protocol::role::Role;
use openclaw_protocol::schema::{Field, NAME, Shape};
use openclaw_protocol::scope::{Scope, ScopeSet};
use openclaw_protocol::time::Millis;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio::sync::broadcast::error::RecvError;

use super::decide::unexpected;
use super::request_id;
use crate::core::Core;
use crate::router::{Authority, Listed, Method, Need, Reply};
use crate::rpc::Methods;
use crate::rpc::refused::{Doing, error};

/// Scopes that one upgrade may name, and that an answer may list (published schema).
const MAX_SCOPES: usize = 8;
/// Calls that may wait at the same time: each is a task, and a client must not make as many as it likes.
const MAX_WAITING: usize = 256;
/// How often a waiting call looks whether its client is still there.
const LOOK_MS: u64 = 15_000;

static SCOPES: [Field; 1] =
    [Field::required("scopes", Shape::Texts { max_items: MAX_SCOPES, max: usize::MAX, unique: true })];
static REQUEST: [Field; 1] = [Field::required("requestId", NAME)];

pub(super) fn methods() -> Methods {
    let places = Arc::new(Semaphore::new(MAX_WAITING));
    let wait = move |core: Arc<Core>, caller: Authority, params: Waiting| {
        let places = places.clone();
        async move {
            let Ok(_place) = places.try_acquire() else {
                return Err(ErrorShape::unavailable(
                    "too many calls are waiting for an approval; retry later",
                    5_000,
                ));
            };
            wait(&core, &caller, &params).await
        }
    };
    vec![
        Method::new(
            "device.scopes.requestUpgrade",
            Need::Scope(Scope::READ),
            &SCOPES,
            "Ask for more scopes for the calling device",
            request,
        )
        .listed(Listed::V4),
        Method::new(
            "device.scopes.waitUpgrade",
            Need::Scope(Scope::READ),
            &REQUEST,
            "Wait until such a request is decided",
            wait,
        )
        .listed(Listed::V4)
        .long(),
    ]
}

#[derive(Deserialize)]
struct Wish {
    scopes: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Waiting {
    request_id: String,
}

/// The caller's own paired device.
fn own_device(core: &Core, caller: &Authority) -> Result<Arc<Device>, ErrorShape> {
    let id = caller.device.as_ref();
    let id =
        id.ok_or_else(|| ErrorShape::invalid_request("device identity required to ask for more scopes"))?;
    let devices = core.store.snapshot();
    devices.device(id).cloned().ok_or_else(|| ErrorShape::invalid_request("unknown deviceId"))
}

async fn request(core: Arc<Core>, caller: Authority, params: Wish) -> Reply {
    let device = own_device(&core, &caller)?;
    let (scopes, unknown) = ScopeSet::parse_known(&params.scopes);
    if let Some(name) = unknown.first() {
        return Err(ErrorShape::invalid_request(format!("unknown scope: {name}")));
    }
    let scopes = scopes.operator_only();
    if scopes.is_empty() {
        return Err(ErrorShape::invalid_request("at least one operator scope is needed"));
    }
    let ask = ask_of(&core, &caller, &device, scopes);
    match core.store.apply(Mutation::File(ask)).await {
        Ok(applied) => match &applied.outcome {
            Outcome::Filed { request, .. } => Ok(json!({"requestId": request.id})),
            other => Err(unexpected(other)),
        },
        Err(ApplyError::Rejected(Rejected::NotNeeded)) => {
            Err(ErrorShape::invalid_request("these scopes are approved already; connect again to use them"))
        }
        Err(refused) => Err(error(refused, Doing::Own, &caller)),
    }
}

/// The device as it was approved, asking for more: nothing it could not have changed by itself comes into it.
fn ask_of(core: &Core, caller: &Authority, device: &Device, scopes: ScopeSet) -> Ask {
    let connection = caller.conn.as_ref().and_then(|conn| core.hub.find(conn));
    let address = connection.and_then(|connection| connection.client_ip);
    Ask {
        device_id: device.id.clone(),
        public_key: device.public_key,
        role: Role::Operator,
        scopes,
        client_id: device.client_id.clone(),
        client_mode: device.client_mode.clone(),
        display_name: device.display_name.clone(),
        platform: device.platform.clone(),
        device_family: device.device_family.clone(),
        remote_ip: device.remote_ip,
        origin: device.origin.clone(),
        peer: address.map_or_else(PeerKey::local, PeerKey::of),
        seen: None,
    }
}

async fn wait(core: &Core, caller: &Authority, params: &Waiting) -> Reply {
    let device = own_device(core, caller)?.id.clone();
    let asked =
        request_id(&params.request_id).map_err(|refused| error(refused.into(), Doing::Approve, caller))?;
    // Subscribed before the first look, so that nothing decided in between is missed.
    let mut changes = core.store.subscribe();
    loop {
        let now = core.now();
        let devices = core.store.snapshot();
        let until = match look(&devices, &device, &asked, now) {
            Look::Decided(status) => return Ok(answer(core, &devices, &device, &asked, status)),
            Look::Unknown => return Err(error(Rejected::UnknownRequest.into(), Doing::Approve, caller)),
            Look::Waits { until } => until,
        };
        if caller.conn.as_ref().is_some_and(|conn| core.hub.find(conn).is_none()) {
            return Err(ErrorShape::unavailable("the client that waited is gone", 0));
        }
        let pause = Duration::from_millis(until.since(now).clamp(1, LOOK_MS));
        let closed = tokio::select! {
            change = changes.recv() => matches!(change, Err(RecvError::Closed)),
            () = tokio::time::sleep(pause) => false,
        };
        if closed {
            return Err(ErrorShape::unavailable("the gateway is going down", 1_000));
        }
    }
}

/// What has become of a request by now.
#[derive(Debug, PartialEq, Eq)]
enum Look {
    Waits { until: Millis },
    Decided(&'static str),
    Unknown,
}

/// Follows a request to the one that took its place. Somebody else's request is an unknown one.
fn look(devices: &Snapshot, device: &DeviceId, asked: &RequestId, now: Millis) -> Look {
    let mut id = asked.clone();
    // A chain of replacements cannot be longer than what is remembered.
    for _ in 0..openclaw_pairing::model::MAX_FORMER {
        if let Some(request) = devices.request(&id) {
            return match (request.device_id == *device, request.is_live(now)) {
                (true, true) => Look::Waits { until: request.expires_at() },
                (true, false) => Look::Decided("expired"),
                (false, _) => Look::Unknown,
            };
        }
        let Some(former) = devices.former_request(&id).filter(|former| former.device_id == *device) else {
            return Look::Unknown;
        };
        match &former.fate {
            Fate::Superseded { by } => id = by.clone(),
            Fate::Approved => return Look::Decided("approved"),
            Fate::Rejected => return Look::Decided("rejected"),
            Fate::Expired | Fate::GaveWay => return Look::Decided("expired"),
        }
    }
    Look::Unknown
}

/// An approval hands the device its token, as `hello-ok` would.
fn answer(core: &Core, devices: &Snapshot, device: &DeviceId, asked: &RequestId, status: &str) -> Value {
    let granted = devices.device(device).filter(|_| status == "approved").and_then(|device| {
        let token = core.tokens().issue(device, Role::Operator)?;
        Some((token, device.token_scopes(Role::Operator)?))
    });
    match granted {
        Some((token, scopes)) => json!({
            "status": status,
            "requestId": asked,
            "deviceToken": token.expose(),
            "scopes": listed(&scopes),
        }),
        // Approved and revoked again before anybody asked: there is nothing to hand over.
        None if status == "approved" => json!({"status": "rejected", "requestId": asked}),
        None => json!({"status": status, "requestId": asked}),
    }
}

/// At most as many scopes as an answer may list; what others imply goes first.
fn listed(scopes: &ScopeSet) -> Vec<&Scope> {
    let mut listed: Vec<&Scope> = scopes.iter().collect();
    while listed.len() > MAX_SCOPES {
        let implied = listed.iter().position(|scope| {
            **scope != Scope::ADMIN
                && listed
                    .iter()
                    .any(|other| other != scope && other.implies(scope) && **other != Scope::ADMIN)
        });
        listed.remove(implied.unwrap_or(listed.len() - 1));
    }
    listed
}

// A request outlives several looks, or waiting would poll for nothing.
const _: () = assert!(LOOK_MS * 2 < REQUEST_TTL_MS);

#[cfg(test)]
mod tests;
