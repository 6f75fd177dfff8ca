//! Approving devices: what a refusal carries, what the list shows, what words approve, and how clients come in.

mod approve;
mod clients;
mod list;

use openclaw_tests::world::TOKEN;
use openclaw_tests::{Connect, Device, Dialect, Gateway, Row, World};
use serde_json::{Value, json};

use super::hostile::{dialled, dressed};

/// A refused connection that the owner must approve, and the id of its request.
fn asked(gateway: &Gateway, connect: &Connect) -> (Value, String) {
    let (error, _) = dialled(gateway.dial_remote()).open().connect(connect).refused();
    let request = error["details"]["requestId"].as_str().unwrap_or_else(|| panic!("no request: {error}"));
    (error.clone(), request.to_owned())
}

/// The list as a program reads it.
fn listed(gateway: &Gateway) -> Value {
    gateway.cli(&["devices", "list", "--json"]).ok().json()
}

/// The entry of the waiting request with that id.
fn waiting(gateway: &Gateway, request: &str) -> Option<Value> {
    let list = listed(gateway);
    list["pending"].as_array().unwrap().iter().find(|entry| entry["requestId"] == json!(request)).cloned()
}

/// A client of no particular kind, with the gateway's token and a hostile name.
fn reader(device: &Device) -> Connect {
    dressed(Connect::test(Dialect::V4).token(TOKEN).device(device))
}

#[test]
fn a_02_wire_words_are_kept() {
    let world = World::new();
    let gateway = world.start();
    let close = |connect: &Connect| gateway.dial_remote().open().connect(connect).refused().1;
    let page = gateway
        .dial_remote()
        .web_origin("https://elsewhere.example.com")
        .open()
        .connect(&Connect::control_ui(Dialect::V4).token(TOKEN).device(&Device::new()))
        .refused()
        .1;
    let closes = [
        close(&reader(&Device::new())),
        close(&Connect::node_host(Dialect::V4).token(TOKEN)),
        close(&Connect::cli(Dialect::V4).token("wrong").device(&Device::new())),
        page,
    ];
    for close in &closes {
        assert!(close.code == 1008 && close.reason.len() <= 123, "{close:?}");
    }
    Row::of("A-02").says(&closes[..]);
    // The older clients know the short form only.
    let (_, short) = gateway
        .dial_remote()
        .open()
        .connect(&Connect::cli(Dialect::V3).token(TOKEN).device(&Device::new()))
        .refused();
    assert_eq!((short.code, short.reason.as_str()), (1008, "pairing required"));
}

#[test]
fn a_03_a_pairing_refusal_has_a_request_that_waits() {
    let world = World::new().with(|config| {
        config["gateway"]["controlUi"] = json!({"allowedOrigins": ["https://gateway.example.com"]});
    });
    let gateway = world.start();
    let device = Device::new();
    let (error, request) = asked(&gateway, &reader(&device));
    Row::of("A-03").says(&error).mends(&error);
    let told = |error: &Value, fields: &[&str]| {
        for field in fields {
            assert!(!error["details"][field].is_null(), "{field} is missing: {error}");
        }
    };
    told(&error, &["requestId", "reason", "remediationHint", "requestedRole", "requestedScopes"]);
    // Whether to go on by itself is told to the page, which does; every other client stops when nothing is said.
    let page = dressed(Connect::control_ui(Dialect::V4).token(TOKEN).device(&Device::new()));
    let dial = gateway.dial_remote().web_origin("https://gateway.example.com");
    let (waits, _) = dial.open().connect(&page).refused();
    told(&waits, &["recommendedNextStep", "retryable", "pauseReconnect"]);
    assert_eq!(waiting(&gateway, &request).unwrap()["deviceId"], json!(device.id()));
    gateway.approve(&request);
    // Of a device that is paired it also says for what.
    let (error, request) = asked(&gateway, &reader(&device).scopes(&["read", "write"]));
    assert_eq!(error["details"]["approvedScopes"], json!(["operator.read"]), "{error}");
    assert!(waiting(&gateway, &request).is_some());
    // Refused for want of room, nobody is told to be approved (C-21), and nothing is promised that does not wait.
    for _ in 0..20 {
        let connect = reader(&Device::new());
        let (error, _) = gateway.dial_remote().open().connect(&connect).refused();
        match error["details"]["requestId"].as_str() {
            Some(request) => assert!(waiting(&gateway, request).is_some(), "{error}"),
            None => assert_eq!(error["code"], json!("UNAVAILABLE"), "{error}"),
        }
    }
}
