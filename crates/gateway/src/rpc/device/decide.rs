//! `device.pair.approve`, `.reject`, `.remove`, `.rename`: what an operator decides about devices.

use std::sync::Arc;

use openclaw_pairing::{Applied, Mutation, Outcome, Rejected, Shown};
use openclaw_protocol::error::ErrorShape;
use openclaw_protocol::ids::DeviceId;
use openclaw_protocol::schema::{Field, NAME, NAMES, Shape};
use openclaw_protocol::scope::{Scope, ScopeSet};
use serde::Deserialize;
use serde_json::json;

use super::{device_id, request_id};
use crate::core::Core;
use crate::router::{Authority, Listed, Method, Need, Reply};
use crate::rpc::refused::{Doing, error};
use crate::rpc::{Methods, pairing_caller};
use crate::wire::{self, Viewer};

const APPROVE: &str = "device.pair.approve";

static APPROVAL: [Field; 4] = [
    Field::required("requestId", NAME),
    Field::optional("shown", Shape::Text { min: 16, max: 16 }),
    Field::optional("scopes", NAMES),
    Field::optional("replace", NAME),
];
static REQUEST: [Field; 1] = [Field::required("requestId", NAME)];
static DEVICE: [Field; 1] = [Field::required("deviceId", NAME)];
static LABEL: [Field; 2] =
    [Field::required("deviceId", NAME), Field::required("label", Shape::Text { min: 1, max: 64 })];

pub(super) fn methods() -> Methods {
    let need = || Need::Scope(Scope::PAIRING);
    vec![
        Method::new(APPROVE, need(), &APPROVAL, "Approve a waiting device", approve),
        Method::new("device.pair.reject", need(), &REQUEST, "Reject a waiting device", reject),
        Method::new("device.pair.remove", need(), &DEVICE, "Remove a paired device", remove),
        Method::new("device.pair.rename", need(), &LABEL, "Name a paired device", rename).listed(Listed::V4),
    ]
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Approval {
    request_id: String,
    shown: Option<String>,
    scopes: Option<Vec<String>>,
    replace: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ByRequest {
    request_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ByDevice {
    device_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Labelled {
    device_id: String,
    label: String,
}

/// Applies a change in the caller's name, with the words of what was attempted when it is refused.
pub(crate) async fn apply(
    core: &Core,
    caller: &Authority,
    doing: Doing,
    mutation: Result<Mutation, Rejected>,
) -> Result<Applied, ErrorShape> {
    let applied = match mutation {
        Ok(mutation) => core.store.apply(mutation).await,
        Err(rejected) => Err(rejected.into()),
    };
    applied.map_err(|refused| error(refused, doing, caller))
}

/// The answer to an outcome that the change cannot have: a fault of ours, told instead of hidden.
pub(crate) fn unexpected(outcome: &Outcome) -> ErrorShape {
    tracing::error!(
        subsystem = "gateway/pairing",
        ?outcome,
        "the store answered something else than was asked"
    );
    ErrorShape::unavailable("the gateway lost track of this change; look at the list and try again", 1_000)
}

/// On what terms a request is approved.
#[derive(Debug, Default)]
pub(crate) struct Terms {
    /// Only while it is what was shown.
    expect: Option<Shown>,
    /// Only these of the scopes it asks for.
    scopes: Option<ScopeSet>,
    /// In place of this paired device.
    replace: Option<DeviceId>,
}

/// Approves in the caller's name. Also for `node.pair.approve`: devices and nodes wait in the same list.
pub(crate) async fn approve_request(
    core: &Core,
    caller: &Authority,
    request: &str,
    terms: Terms,
) -> Result<Applied, ErrorShape> {
    let Terms { expect, scopes, replace } = terms;
    let mutation = request_id(request).map(|request| Mutation::Approve {
        request,
        caller: pairing_caller(caller),
        expect,
        scopes,
        replace,
    });
    apply(core, caller, Doing::Approve, mutation).await
}

/// The terms that the parameters name.
fn terms(caller: &Authority, params: &Approval) -> Result<Terms, ErrorShape> {
    let expect = params.shown.as_deref().map(|shown| {
        Shown::parse(shown)
            .ok_or_else(|| ErrorShape::invalid_params(APPROVE, "at /shown: must be 16 hex digits"))
    });
    let scopes = params.scopes.as_ref().map(|names| {
        let (scopes, unknown) = ScopeSet::parse_known(names);
        match unknown.first() {
            Some(name) => Err(ErrorShape::invalid_request(format!("unknown scope: {name}"))),
            None => Ok(scopes),
        }
    });
    let replace = params.replace.as_deref().map(device_id).transpose();
    Ok(Terms {
        expect: expect.transpose()?,
        scopes: scopes.transpose()?,
        replace: replace.map_err(|rejected| error(rejected.into(), Doing::Approve, caller))?,
    })
}

/// `{requestId, scopes?, replace?, shown?}` → `{requestId, device, replaced?, withheld?}`.
///
/// * `scopes`: what is given of the scopes asked for, for example `["operator.read"]`; all of them when absent. More
///   than asked for is refused, and so is more than the caller holds. What a paired device has already stays with it.
/// * `replace`: a paired device that is removed in the same step, because the new one is the same browser again.
/// * `shown`: the fingerprint from `device.pair.list {detail: true}`; refused when the request is another one by now.
///
/// `withheld` lists what was asked for and not given. A device that asks for that again is refused with
/// `details.reason: "scope-upgrade"` and `details.approvedScopes`; with those it gets in.
async fn approve(core: Arc<Core>, caller: Authority, params: Approval) -> Reply {
    let terms = terms(&caller, &params)?;
    let (narrowed, replaced) = (terms.scopes.is_some(), terms.replace.clone());
    let applied = approve_request(&core, &caller, &params.request_id, terms).await?;
    match &applied.outcome {
        Outcome::Approved { device, request } => {
            let approved = request.as_ref().map_or(params.request_id.as_str(), |request| request.id.as_str());
            let mut answer =
                json!({"requestId": approved, "device": wire::device(device, Viewer::of(&caller), None)});
            if let Some(old) = replaced {
                answer["replaced"] = json!(old);
            }
            if let Some(request) = request.as_ref().filter(|_| narrowed) {
                answer["withheld"] = json!(request.scopes.beyond(&device.all_scopes()));
            }
            Ok(answer)
        }
        other => Err(unexpected(other)),
    }
}

/// Rejects in the caller's name.
pub(crate) async fn reject_request(
    core: &Core,
    caller: &Authority,
    request: &str,
) -> Result<Applied, ErrorShape> {
    let mutation =
        request_id(request).map(|request| Mutation::Reject { request, caller: pairing_caller(caller) });
    apply(core, caller, Doing::Reject, mutation).await
}

async fn reject(core: Arc<Core>, caller: Authority, params: ByRequest) -> Reply {
    let applied = reject_request(&core, &caller, &params.request_id).await?;
    match &applied.outcome {
        Outcome::Rejected { request } => Ok(json!({"requestId": request.id, "deviceId": request.device_id})),
        other => Err(unexpected(other)),
    }
}

async fn remove(core: Arc<Core>, caller: Authority, params: ByDevice) -> Reply {
    let mutation = device_id(&params.device_id)
        .map(|device| Mutation::Remove { device, caller: pairing_caller(&caller) });
    let applied = apply(&core, &caller, Doing::Remove, mutation).await?;
    match &applied.outcome {
        Outcome::Removed { device } => Ok(json!({"deviceId": device.id})),
        other => Err(unexpected(other)),
    }
}

async fn rename(core: Arc<Core>, caller: Authority, params: Labelled) -> Reply {
    let label = params.label.trim().to_owned();
    let mutation = device_id(&params.device_id).map(|device| Mutation::Rename {
        device,
        label: Some(label.clone()),
        caller: pairing_caller(&caller),
    });
    let applied = apply(&core, &caller, Doing::Rename, mutation).await?;
    match &applied.outcome {
        Outcome::Changed { device } => Ok(json!({"deviceId": device.id, "label": device.label})),
        other => Err(unexpected(other)),
    }
}
