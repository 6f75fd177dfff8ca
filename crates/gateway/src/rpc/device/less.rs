//! `device.pair.narrow` and `device.pair.leave`: less access, without an end of the pairing, and with one. Ours alone;
//! neither is advertised.

use std::sync::Arc;

use openclaw_pairing::{CallerAuthority, Mutation, Outcome};
use openclaw_protocol::error::ErrorShape;
use openclaw_protocol::schema::{Field, NAME, NAMES};
use openclaw_protocol::scope::{Scope, ScopeSet};
use serde::Deserialize;
use serde_json::json;

use super::decide::{apply, unexpected};
use super::device_id;
use crate::core::Core;
use crate::router::{Authority, Listed, Method, Need, Reply};
use crate::rpc::refused::Doing;
use crate::rpc::{Methods, NoParams, pairing_caller};

static LESS: [Field; 2] = [Field::required("deviceId", NAME), Field::required("scopes", NAMES)];

pub(super) fn methods() -> Methods {
    vec![
        Method::new(
            "device.pair.narrow",
            Need::Scope(Scope::ADMIN),
            &LESS,
            "Leave a paired operator fewer scopes",
            narrow,
        ),
        Method::new(
            "device.pair.leave",
            Need::Operator,
            &[],
            "Remove the calling device itself, whatever its scopes",
            leave,
        ),
    ]
    .into_iter()
    .map(|method| method.listed(Listed::Hidden))
    .collect()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Less {
    device_id: String,
    scopes: Vec<String>,
}

/// `{deviceId, scopes}` → `{deviceId, scopes}`: the operator's approved scopes are these from now on. More than it has
/// is refused. Its token stays and is worth no more than that; connections that hold more are closed (4001, access
/// reduced), and the device comes back with what it has left. `device.pair.undo {what: "scopes"}` takes it back.
async fn narrow(core: Arc<Core>, caller: Authority, params: Less) -> Reply {
    let (scopes, unknown) = ScopeSet::parse_known(&params.scopes);
    if let Some(name) = unknown.first() {
        return Err(ErrorShape::invalid_request(format!("unknown scope: {name}")));
    }
    let caller_judged = pairing_caller(&caller);
    let mutation =
        device_id(&params.device_id).map(|device| Mutation::Narrow { device, scopes, caller: caller_judged });
    let applied = apply(&core, &caller, Doing::Own, mutation).await?;
    match &applied.outcome {
        Outcome::Changed { device } => Ok(json!({"deviceId": device.id, "scopes": device.all_scopes()})),
        other => Err(unexpected(other)),
    }
}

/// `{}` → `{deviceId}`: the device that calls is forgotten, with its tokens and all its connections, this one after the
/// answer. Needs no scope: giving up what one has is nobody else's business. One that is a node as well is an admin's
/// to remove.
async fn leave(core: Arc<Core>, caller: Authority, _: NoParams) -> Reply {
    let Some(device) = caller.device.clone() else {
        return Err(ErrorShape::invalid_request("this connection belongs to no paired device"));
    };
    let itself = CallerAuthority {
        scopes: caller.scopes.union(&[Scope::PAIRING].into_iter().collect()),
        owner: false,
        own_device: Some(device.clone()),
    };
    let applied =
        apply(&core, &caller, Doing::Remove, Ok(Mutation::Remove { device, caller: itself })).await?;
    match &applied.outcome {
        Outcome::Removed { device } => Ok(json!({"deviceId": device.id})),
        other => Err(unexpected(other)),
    }
}

#[cfg(test)]
mod tests {
    use openclaw_protocol::dialect::Dialect;
    use openclaw_protocol::role::Role;
    use serde_json::json;

    use crate::rpc::testing::{House, ask, by_token, operator, owner, scopes};

    #[tokio::test]
    async fn a_device_takes_its_leave_whatever_its_scopes_and_takes_nobody_along() {
        let house = House::new();
        let device = house.pair(ask(1, Role::Operator, &["read"])).await;
        let other = house.pair(ask(2, Role::Operator, &["read"])).await;
        let itself = by_token(Dialect::V4, &device, &["read"]);
        house.call(&itself, "device.pair.remove", json!({"deviceId": device})).await.unwrap_err();
        house.call(&itself, "device.pair.leave", json!({"deviceId": other})).await.unwrap_err();
        let answer = house.call(&itself, "device.pair.leave", json!({})).await.unwrap();
        assert_eq!(answer, json!({"deviceId": device}));
        let devices = house.core.store.snapshot();
        assert!(devices.device(&device).is_none() && devices.device(&other).is_some());
        for caller in [itself, owner(Dialect::V4), operator(Dialect::V4, &["admin"])] {
            house.call(&caller, "device.pair.leave", json!({})).await.unwrap_err();
        }
        // A node is not switched off by whoever holds its key as an operator.
        let both = house.pair(ask(3, Role::Operator, &["read"])).await;
        house.pair(ask(3, Role::Node, &[])).await;
        let both = by_token(Dialect::V4, &both, &["read"]);
        let refused = house.call(&both, "device.pair.leave", json!({})).await.unwrap_err();
        assert_eq!(refused.message, "device pairing removal denied");
    }

    #[tokio::test]
    async fn a_device_is_left_less_and_gets_it_back() {
        let house = House::new();
        let caller = operator(Dialect::V4, &["admin"]);
        let device = house.pair(ask(1, Role::Operator, &["write", "pairing"])).await;
        let narrow = |names: &[&str]| json!({"deviceId": device, "scopes": names});
        let call = |method: &'static str, params| house.call(&caller, method, params);
        for (names, complaint) in [
            (&["operator.admin"][..], "these scopes were not approved for this device: admin"),
            (&["node.run"], "these scopes were not approved for this device: node.run"),
            (&["operator.king"], "unknown scope: operator.king"),
        ] {
            let refused = call("device.pair.narrow", narrow(names)).await.unwrap_err();
            assert_eq!(refused.message, complaint);
        }
        let itself = by_token(Dialect::V4, &device, &["write", "pairing"]);
        house.call(&itself, "device.pair.narrow", narrow(&[])).await.unwrap_err();
        let answer = call("device.pair.narrow", narrow(&["operator.read"])).await.unwrap();
        assert_eq!(answer, json!({"deviceId": device, "scopes": ["operator.read"]}));
        let undo = json!({"deviceId": device, "what": "scopes"});
        let answer = call("device.pair.undo", undo.clone()).await.unwrap();
        assert_eq!(answer["scopes"], json!(scopes(&["write", "pairing"])));
        call("device.pair.undo", undo).await.unwrap_err();
    }
}
