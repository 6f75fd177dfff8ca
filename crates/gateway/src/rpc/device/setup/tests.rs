use openclaw_protocol::words::Words;
use serde_json::json;

use super::*;
use crate::rpc::testing::{House, ask, drain, keys, operator, owner, scopes};

async fn code(house: &House, params: Value) -> Value {
    house.call(&operator(Dialect::V4, &["admin"]), "device.pair.setupCode", params).await.unwrap()
}

async fn status(house: &House, setup: &Value) -> Value {
    let params = json!({"setupId": setup["setupId"]});
    house.call(&operator(Dialect::V4, &["admin"]), "device.pair.setupStatus", params).await.unwrap()
}

#[tokio::test]
async fn a_setup_code_holds_an_address_and_a_token_that_pairs_once() {
    let house = House::new();
    let made = code(&house, json!({"publicUrl": "https://gw.example.com"})).await;
    assert_eq!(
        keys(&made),
        ["setupId", "setupCode", "gatewayUrl", "auth", "urlSource", "access", "expiresAtMs"]
    );
    assert_eq!((&made["gatewayUrl"], &made["access"]), (&json!("wss://gw.example.com"), &json!("full")));
    let opened = SetupCode::decode(made["setupCode"].as_str().unwrap()).unwrap();
    assert_eq!(opened.url, "wss://gw.example.com");
    assert_eq!(opened.expires_at_ms, made["expiresAtMs"].as_u64());
    assert!(!made.to_string().contains(crate::rpc::testing::TOKEN));
    assert_eq!(status(&house, &made).await, json!({}));

    let watching = house.connect(operator(Dialect::V4, &["pairing"]));
    let older = house.connect(operator(Dialect::V3, &["pairing"]));
    let hash = CodeHash::of(opened.bootstrap_token.expose());
    let mut asks = ask(1, Role::Node, &[]);
    asks.display_name = Some(Words::new("Phone"));
    let mut changes = house.core.store.subscribe();
    house.core.store.apply(Mutation::RedeemCode { code: hash, ask: asks.clone() }).await.unwrap();
    let told = status(&house, &made).await;
    assert_eq!(keys(&told["completion"]), ["setupId", "deviceId", "deviceName", "access", "ts"]);
    assert_eq!(told["completion"]["deviceId"], json!(asks.device_id));
    assert_eq!(told["completion"]["deviceName"], json!("Phone"));
    // The event comes from a task of its own, which wakes with the same change.
    changes.recv().await.unwrap();
    let event = loop {
        if let Some(event) = drain(&watching).0.pop() {
            break event;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(event, ("device.pair.setup.completed".to_owned(), told["completion"].clone()));
    assert_eq!(drain(&older).0, vec![]);
}

#[tokio::test]
async fn full_access_needs_a_way_that_nobody_can_read() {
    let house = House::new();
    for (params, access, downgraded) in [
        (json!({"publicUrl": "wss://gw.example.com"}), "full", false),
        (json!({"publicUrl": "ws://127.0.0.1:18789"}), "full", false),
        (json!({"publicUrl": "ws://192.168.1.2:18789"}), "limited", true),
        (json!({"publicUrl": "ws://192.168.1.2:18789", "bootstrapProfile": "limited"}), "limited", false),
        (json!({"publicUrl": "ws://192.168.1.2:18789", "bootstrapProfile": "node"}), "node", false),
    ] {
        let made = code(&house, params).await;
        assert_eq!(made["access"], json!(access));
        assert_eq!(made.get("accessDowngraded").is_some(), downgraded);
        let opened = SetupCode::decode(made["setupCode"].as_str().unwrap()).unwrap();
        let devices = house.core.store.snapshot();
        let stored = devices.code(&CodeHash::of(opened.bootstrap_token.expose())).unwrap();
        assert_eq!(stored.scopes.contains(Scope::ADMIN), access == "full");
        assert_eq!(stored.roles.contains(Role::Operator), access != "node");
    }
}

#[tokio::test]
async fn without_an_address_the_sentence_that_guides_quote() {
    let house = House::new();
    let caller = operator(Dialect::V4, &["admin"]);
    let message = |answer: Reply| answer.unwrap_err().message;
    let error = message(house.call(&caller, "device.pair.setupCode", json!({})).await);
    assert!(error.starts_with("Gateway is only bound to loopback. Set gateway.bind=lan"), "{error}");
    let error = message(
        house.call(&caller, "device.pair.setupCode", json!({"publicUrl": "ws://gw.example.com"})).await,
    );
    assert!(error.contains("in the clear"), "{error}");
    let error = message(house.call(&caller, "device.pair.setupCode", json!({"joinUrl": true})).await);
    assert!(error.contains("not part of this version"), "{error}");
}

#[tokio::test]
async fn a_join_code_is_typed_in_place_of_a_token() {
    let house = House::new();
    let made = house.call(&owner(Dialect::V4), "device.joinCode.create", json!({})).await.unwrap();
    let typed = made["code"].as_str().unwrap();
    assert!(openclaw_protocol::claim_code::recognise(typed));
    let hash = CodeHash::of(ClaimCode::parse(&typed.to_lowercase()).unwrap().expose());
    let redeem = |n, names: &[&str]| Mutation::RedeemCode { code: hash, ask: ask(n, Role::Operator, names) };
    house.core.store.apply(redeem(1, &["admin"])).await.unwrap();
    house.core.store.apply(redeem(2, &["read"])).await.unwrap_err();

    let params = json!({"scopes": ["operator.read"]});
    let made = house.call(&owner(Dialect::V4), "device.joinCode.create", params).await.unwrap();
    assert_eq!(made["scopes"], json!(scopes(&["read"])));
    for (params, complaint) in [
        (json!({"role": "king"}), "a device joins as operator or as node"),
        (json!({"role": "node", "scopes": ["operator.read"]}), "a node has no operator scopes"),
        (json!({"scopes": ["operator.root"]}), "unknown scope: operator.root"),
    ] {
        let error = house.call(&owner(Dialect::V4), "device.joinCode.create", params).await.unwrap_err();
        assert_eq!(error.message, complaint);
    }
}

#[tokio::test]
async fn a_page_learns_what_it_may_offer() {
    let house = House::new();
    let admin = operator(Dialect::V4, &["admin"]);
    let offered = house.call(&admin, "device.pair.addresses", json!({})).await.unwrap();
    assert_eq!(offered["choices"], json!([]));
    assert!(offered["problem"].as_str().unwrap().starts_with("Gateway is only bound to loopback."));
    for access in [Access::Full, Access::Limited, Access::Node] {
        let grant = &offered["grants"][access.as_str()];
        assert_eq!(grant, &json!({"roles": access.roles().names(), "scopes": access.scopes()}));
    }
    let house = House::with_config(
        "{gateway: {mode: 'local', auth: {mode: 'token', token: 'TOK-secret-123'}, publicOrigin: 'https://gw.example.com'}}",
    );
    let offered = house.call(&admin, "device.pair.addresses", json!({})).await.unwrap();
    assert_eq!(keys(&offered), ["choices", "grants"]);
    let choice = json!({
        "url": "wss://gw.example.com", "source": "gateway.publicOrigin", "safe": true, "access": "full",
    });
    assert_eq!(offered["choices"], json!([choice]));
    assert_eq!(code(&house, json!({})).await["gatewayUrl"], choice["url"]);
}
