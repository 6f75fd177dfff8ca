//! OpenClaw's published client, unchanged, against the real binary.

use openclaw_tests::reference::Reference;
use openclaw_tests::world::TOKEN;
use openclaw_tests::{Gateway, World};
use serde_json::{Value, json};

/// What a program that embeds the client configures.
fn options(gateway: &Gateway, more: Value) -> Value {
    let mut options = json!({
        "url": gateway.url(),
        "token": TOKEN,
        "clientName": "cli",
        "clientVersion": "2026.9.1",
        "platform": "linux",
        "mode": "cli",
        "role": "operator",
        "scopes": ["operator.read", "operator.write"],
        "minProtocol": 4,
        "maxProtocol": 4,
    });
    for (field, value) in more.as_object().unwrap() {
        options[field] = value.clone();
    }
    options
}

/// A gateway for which every TCP peer is remote: the client cannot set headers that would make it look so.
fn strict_world() -> World {
    World::new().variable("OPENCLAW_IN_CONTAINER", "1")
}

fn approve(gateway: &Gateway, error: &Value) {
    let request = error["details"]["requestId"].as_str().unwrap_or_else(|| panic!("no request in {error}"));
    gateway.approve(request);
}

#[test]
fn the_quickstart_of_its_readme_works() {
    let world = World::new();
    let gateway = world.start();
    let store = world.home().join("device.json");
    let mut client = Reference::start(
        &store,
        json!({
            "url": gateway.url(), "token": TOKEN, "minProtocol": 4, "maxProtocol": 4,
        }),
    );
    let hello = client.report("hello");
    assert_eq!(hello["hello"]["protocol"], json!(4));
    let status = client.call("status", json!({})).unwrap();
    assert!(status.is_object(), "{status}");
    let error = client.call("no.such.method", json!({})).unwrap_err();
    assert_eq!(error["code"], json!("INVALID_REQUEST"), "{error}");
    client.stop();
}

#[test]
fn it_pairs_keeps_its_token_and_survives_a_restart() {
    let world = strict_world();
    let gateway = world.start();
    let store = world.home().join("device.json");

    let mut client = Reference::start(&store, options(&gateway, json!({})));
    let error = client.report("connect-error");
    assert_eq!(error["details"]["code"], json!("PAIRING_REQUIRED"), "{error}");
    let close = client.report("close");
    assert_eq!(close["code"], json!(1008), "{close}");
    assert!(close["reason"].as_str().unwrap().contains("pairing required"), "{close}");
    client.stop();
    approve(&gateway, &error);

    let mut client = Reference::start(&store, options(&gateway, json!({})));
    client.report("hello");
    let stored = client.report("token-stored");
    assert_eq!(stored["scopes"], json!(["operator.read", "operator.write"]));
    client.call("status", json!({})).unwrap();
    let error = client.call("config.set", json!({"raw": "{}"})).unwrap_err();
    assert!(error["message"].as_str().unwrap().contains("missing scope"), "{error}");

    // It is told of the restart, comes back by itself and sees no gap.
    gateway.stop();
    let event = client.report_where("event", |report| report["event"] == json!("shutdown"));
    assert_eq!(event["payload"]["reason"], json!("gateway stopping"));
    assert_eq!(client.report("close")["code"], json!(1012));
    let gateway = world.start();
    client.report("hello");
    client.call("status", json!({})).unwrap();
    assert!(!client.has_reported("gap"));
    client.stop();

    // The stored token alone is enough.
    let mut client = Reference::start(&store, options(&gateway, json!({"token": null})));
    client.report("hello");
    client.call("status", json!({})).unwrap();
    client.stop();
}

#[test]
fn a_revoked_device_is_closed_and_told_why() {
    let world = strict_world();
    let gateway = world.start();
    let store = world.home().join("device.json");
    let mut client = Reference::start(&store, options(&gateway, json!({})));
    approve(&gateway, &client.report("connect-error"));
    client.stop();
    let mut client = Reference::start(&store, options(&gateway, json!({})));
    client.report("hello");
    client.stop();

    let mut client = Reference::start(&store, options(&gateway, json!({"token": null})));
    client.report("hello");
    let id = client.device_id.clone();
    gateway.cli(&["devices", "revoke", "--device", &id, "--role", "operator"]).ok();
    let close = client.report("close");
    assert_eq!(close["code"], json!(4001), "{close}");
    let error = client.report("connect-error");
    assert_eq!(error["details"]["code"], json!("AUTH_DEVICE_TOKEN_MISMATCH"), "{error}");
    client.report("token-cleared");
}

#[test]
fn a_wrong_shared_token_is_healed_by_the_stored_device_token() {
    let world = strict_world();
    let gateway = world.start();
    let store = world.home().join("device.json");
    let mut client = Reference::start(&store, options(&gateway, json!({})));
    approve(&gateway, &client.report("connect-error"));
    client.stop();
    let mut client = Reference::start(&store, options(&gateway, json!({})));
    client.report("token-stored");
    client.stop();
    // It tries the token it was given, is told that its own would do, and uses that.
    let mut client = Reference::start(&store, options(&gateway, json!({"token": "out-of-date"})));
    client.report("hello");
    client.stop();
}

#[test]
fn it_hears_of_requests_and_decides_them() {
    let world = World::new();
    let gateway = world.start();
    let scopes = json!(["operator.admin", "operator.pairing", "operator.read"]);
    let mut owner =
        Reference::start(&world.home().join("owner.json"), options(&gateway, json!({"scopes": scopes})));
    owner.report("hello");
    let device = openclaw_tests::Device::new();
    let connect =
        openclaw_tests::Connect::app(openclaw_tests::Dialect::V3, "ios").token(TOKEN).device(&device);
    gateway.dial_remote().open().connect(&connect).refused();
    let event = owner.report_where("event", |report| report["event"] == json!("device.pair.requested"));
    let request = event["payload"]["requestId"].clone();
    owner.call("device.pair.approve", json!({"requestId": request})).unwrap();
    gateway.dial_remote().open().connect(&connect).hello();
    let list = owner.call("device.pair.list", json!({})).unwrap();
    assert!(list["paired"].as_array().unwrap().iter().any(|entry| entry["deviceId"] == json!(device.id())));
}

#[test]
fn it_is_a_node_as_well() {
    let world = World::new();
    let gateway = world.start();
    let store = world.home().join("node.json");
    let node = json!({
        "clientName": "node-host", "mode": "node", "role": "node", "scopes": [], "clientDisplayName": "workbench",
        "caps": ["system"], "commands": ["system.which"], "deviceFamily": "Linux", "minProtocol": null,
        "maxProtocol": null,
    });
    let mut client = Reference::start(&store, options(&gateway, node));
    let hello = client.report("hello");
    assert_eq!(hello["hello"]["auth"]["role"], json!("node"), "{hello}");
    let list = gateway.cli(&["gateway", "call", "node.list", "--json"]).ok().json();
    assert_eq!(list["nodes"][0]["nodeId"], json!(client.device_id), "{list}");
    assert_eq!(list["nodes"][0]["connected"], json!(true), "{list}");
}
