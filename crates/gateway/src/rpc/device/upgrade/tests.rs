use openclaw_pairing::CallerAuthority;
use openclaw_protocol::dialect::Dialect;
use serde_json::json;

use super::*;
use crate::rpc::testing::{House, ask, by_token, keys, operator, scopes};

const REQUEST: &str = "device.scopes.requestUpgrade";
const WAIT: &str = "device.scopes.waitUpgrade";

#[tokio::test]
async fn a_device_asks_for_more_and_gets_its_token_when_the_owner_agrees() {
    let house = House::new();
    let device = house.pair(ask(1, Role::Operator, &["read"])).await;
    let connection = house.connect(by_token(Dialect::V4, &device, &["read"]));
    let caller = connection.authority.clone();
    let answer = house.call(&caller, REQUEST, json!({"scopes": ["operator.admin"]})).await.unwrap();
    assert_eq!(keys(&answer), ["requestId"]);
    let request = answer["requestId"].as_str().unwrap().to_owned();
    let waits = house.call(&caller, WAIT, json!({"requestId": request}));
    let approves = async {
        let approver = operator(Dialect::V4, &["admin"]);
        house.call(&approver, "device.pair.approve", json!({"requestId": request})).await.unwrap();
    };
    let (outcome, ()) = tokio::join!(waits, approves);
    let outcome = outcome.unwrap();
    assert_eq!(keys(&outcome), ["status", "requestId", "deviceToken", "scopes"]);
    assert_eq!(outcome["status"], json!("approved"));
    assert_eq!(outcome["scopes"], json!(["operator.admin", "operator.read"]));
    let devices = house.core.store.snapshot();
    let token = outcome["deviceToken"].as_str().unwrap();
    assert!(
        house.core.store.token_key().verify(devices.device(&device).unwrap(), Role::Operator, token).is_ok()
    );
}

#[tokio::test]
async fn a_refused_an_expired_and_a_replaced_request() {
    let house = House::new();
    let device = house.pair(ask(1, Role::Operator, &["read"])).await;
    let caller = by_token(Dialect::V4, &device, &["read"]);
    let wish = |scope: &str| json!({"scopes": [format!("operator.{scope}")]});
    let first = house.call(&caller, REQUEST, wish("write")).await.unwrap()["requestId"].clone();
    // Asking for more replaces the request; who waits for the first one waits for its successor.
    let second = house.call(&caller, REQUEST, wish("admin")).await.unwrap()["requestId"].clone();
    assert_ne!(first, second);
    let reject = Mutation::Reject {
        request: RequestId::parse(second.as_str().unwrap()).unwrap(),
        caller: CallerAuthority::owner(),
    };
    house.core.store.apply(reject).await.unwrap();
    let outcome = house.call(&caller, WAIT, json!({"requestId": first})).await.unwrap();
    assert_eq!(outcome, json!({"status": "rejected", "requestId": first}));
    let third = house.call(&caller, REQUEST, wish("admin")).await.unwrap()["requestId"].clone();
    house.pass(REQUEST_TTL_MS);
    let outcome = house.call(&caller, WAIT, json!({"requestId": third})).await.unwrap();
    assert_eq!(outcome, json!({"status": "expired", "requestId": third}));
}

#[tokio::test]
async fn nobody_asks_or_waits_for_somebody_else() {
    let house = House::new();
    let device = house.pair(ask(1, Role::Operator, &["read"])).await;
    let other = house.pair(ask(2, Role::Operator, &["read"])).await;
    let caller = by_token(Dialect::V4, &device, &["read"]);
    let request = house.call(&caller, REQUEST, json!({"scopes": ["operator.admin"]})).await.unwrap();
    let message = |answer: Reply| answer.unwrap_err().message;
    let spies = by_token(Dialect::V4, &other, &["admin"]);
    assert_eq!(message(house.call(&spies, WAIT, request).await), "unknown requestId");
    assert_eq!(
        message(house.call(&caller, WAIT, json!({"requestId": "nothing"})).await),
        "unknown requestId"
    );
    let nobody = operator(Dialect::V4, &["read"]);
    assert!(
        message(house.call(&nobody, REQUEST, json!({"scopes": ["operator.admin"]})).await)
            .contains("device identity")
    );
    let unpaired = by_token(Dialect::V4, &ask(3, Role::Operator, &[]).device_id, &["read"]);
    assert_eq!(
        message(house.call(&unpaired, REQUEST, json!({"scopes": ["operator.admin"]})).await),
        "unknown deviceId"
    );
    for (wish, complaint) in [
        (json!(["operator.root"]), "unknown scope: operator.root"),
        (json!(["node.run"]), "at least one operator scope is needed"),
        (json!([]), "at least one operator scope is needed"),
        (json!(["operator.read"]), "these scopes are approved already; connect again to use them"),
    ] {
        assert_eq!(message(house.call(&caller, REQUEST, json!({"scopes": wish})).await), complaint);
    }
}

#[test]
fn an_answer_lists_no_more_scopes_than_it_may() {
    assert_eq!(listed(&scopes(&["read", "admin"])).len(), 2);
    let all = ScopeSet::full_operator();
    let listed = listed(&all);
    assert_eq!(listed.len(), MAX_SCOPES);
    let listed: ScopeSet = listed.into_iter().cloned().collect();
    assert!(listed.covers(&all), "nothing is lost that is not implied");
}
