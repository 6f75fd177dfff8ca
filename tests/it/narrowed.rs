//! Less than was asked for: approved so, kept so, taken and given back; and what a page learns while it waits.

use openclaw_tests::http::{Response, get};
use openclaw_tests::world::TOKEN;
use openclaw_tests::{Connect, Device, Dialect, Gateway, World};
use serde_json::{Value, json};

/// The refusal of an attempt from another machine.
fn refused(gateway: &Gateway, connect: &Connect) -> Value {
    gateway.dial_remote().open().connect(connect).refused().0
}

fn request_of(error: &Value) -> String {
    error["details"]["requestId"].as_str().unwrap_or_else(|| panic!("{error}")).to_owned()
}

fn asked(gateway: &Gateway, request: &str) -> Response {
    get(gateway.address(), &format!("/__openclaw__/requests/{request}")).unwrap()
}

fn state(gateway: &Gateway, request: &str) -> Value {
    asked(gateway, request).json()
}

fn page(dialect: Dialect, device: &Device, scopes: &[&str]) -> Connect {
    Connect::test(dialect).token(TOKEN).device(device).scopes(scopes)
}

#[test]
fn a_device_that_was_given_a_part_gets_in_with_that_part() {
    let world = World::new();
    let gateway = world.start();
    for dialect in Dialect::BOTH {
        let device = Device::new();
        let full = page(dialect, &device, &["admin", "pairing", "read", "write"]);
        let request = request_of(&refused(&gateway, &full));
        let mut owner = gateway.operator(dialect);
        // Nothing that was not asked for, and the refusal leaves the request as it is.
        let params = json!({"requestId": request, "scopes": ["operator.approvals", "node.run"]});
        owner.call("device.pair.approve", params).unwrap_err();
        assert_eq!(state(&gateway, &request), json!({"state": "waiting"}));
        let params = json!({"requestId": request, "scopes": ["operator.read"]});
        let answer = owner.call("device.pair.approve", params).unwrap();
        assert_eq!(answer["device"]["scopes"], json!(["operator.read"]));
        let withheld = json!(["operator.admin", "operator.pairing", "operator.write"]);
        assert_eq!(answer["withheld"], withheld);
        assert_eq!(state(&gateway, &request), json!({"state": "approved"}));

        // C-02, with what would do; and one request for the rest, however often it asks.
        let error = refused(&gateway, &full);
        assert_eq!(error["details"]["reason"], json!("scope-upgrade"), "{error}");
        if dialect == Dialect::V4 {
            assert_eq!(error["details"]["approvedScopes"], json!(["operator.read"]), "{error}");
        }
        let rest = request_of(&error);
        for _ in 0..3 {
            assert_eq!(request_of(&refused(&gateway, &full)), rest);
        }
        let list = owner.call("device.pair.list", json!({"detail": true})).unwrap();
        let mine: Vec<_> = list["pending"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|row| row["deviceId"] == json!(device.id()))
            .collect();
        assert_eq!(mine.len(), 1, "{list}");
        assert!(mine[0]["withheldAtMs"].is_u64(), "the owner has answered this already: {}", mine[0]);

        // That part lets it in, by the shared token and by its own, after a restart too.
        let hello = gateway.dial_remote().open().connect(&page(dialect, &device, &["read"])).hello();
        assert_eq!(hello["auth"]["scopes"], json!(["operator.read"]));
        let own = hello["auth"]["deviceToken"].as_str().unwrap().to_owned();
        let by_token =
            |scopes: &[&str]| Connect::test(dialect).auth("deviceToken", &own).device(&device).scopes(scopes);
        let mut socket = gateway.dial_remote().open();
        socket.connect(&by_token(&["read"])).hello();
        socket.call("config.set", json!({"raw": "{}"})).unwrap_err();
        gateway.dial_remote().open().connect(&by_token(&["read", "write"])).refused();
    }
    let (before, device) = (Dialect::V4, Device::new());
    let request = request_of(&refused(&gateway, &page(before, &device, &["read", "write"])));
    let params = json!({"requestId": request, "scopes": ["operator.read"]});
    gateway.operator(before).call("device.pair.approve", params).unwrap();
    gateway.kill();
    let gateway = world.start();
    assert_eq!(state(&gateway, &request), json!({"state": "approved"}), "remembered over a power cut");
    gateway.dial_remote().open().connect(&page(before, &device, &["read"])).hello();
}

#[test]
fn nobody_gives_in_part_what_he_does_not_have() {
    let world = World::new();
    let gateway = world.start();
    for dialect in Dialect::BOTH {
        let approver = page(dialect, &Device::new(), &["pairing", "read"]);
        gateway.pair_remote(&approver);
        let mut socket = gateway.dial_remote().open();
        socket.connect(&approver).hello();
        let request = request_of(&refused(&gateway, &page(dialect, &Device::new(), &["admin"])));
        for (scopes, fine) in [
            (json!(null), false),
            (json!(["operator.admin"]), false),
            (json!(["operator.write"]), false),
            (json!(["operator.read", "operator.pairing"]), true),
        ] {
            let mut params = json!({"requestId": request});
            if !scopes.is_null() {
                params["scopes"] = scopes.clone();
            }
            let answer = socket.call("device.pair.approve", params);
            assert_eq!(answer.is_ok(), fine, "{scopes}: {answer:?}");
        }
    }
}

#[test]
fn a_waiting_page_is_told_of_its_request_and_of_nothing_else() {
    let world = World::new();
    let gateway = world.start();
    let device = Device::new();
    let named = |name: &'static str| page(Dialect::V4, &device, &["read"]).client("displayName", json!(name));
    let first = request_of(&refused(&gateway, &named("Firefox")));
    let answer = asked(&gateway, &first);
    assert_eq!((answer.status, answer.json()), (200, json!({"state": "waiting"})));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("access-control-allow-origin"), None);
    let log = gateway.cli(&["logs", "--plain", "--limit", "500"]).out;
    assert!(!log.contains("__openclaw__"), "no line in the log: {log}");

    // The browser is given a name while it waits: the owner sees it, and the id that he saw first still does.
    let second = request_of(&refused(&gateway, &named("Peter's laptop")));
    assert_ne!(second, first);
    assert_eq!(state(&gateway, &first), json!({"state": "replaced", "requestId": second}));
    let list = gateway.cli(&["devices", "list", "--json"]).ok().json();
    assert_eq!(list["pending"].as_array().unwrap().len(), 1);
    assert_eq!(list["pending"][0]["displayName"], json!("Peter's laptop"));
    gateway.approve(&first);
    for id in [&first, &second] {
        assert_eq!(state(&gateway, id), json!({"state": "approved"}));
    }

    let other = request_of(&refused(&gateway, &page(Dialect::V4, &Device::new(), &["read"])));
    gateway.cli(&["devices", "reject", &other]).ok();
    assert_eq!(state(&gateway, &other), json!({"state": "rejected"}));
    for unknown in ["00000000-0000-4000-8000-000000000000", "x", "..%2f..%2fetc", &first[..8], &device.id()] {
        assert_eq!(state(&gateway, unknown), json!({"state": "unknown"}), "{unknown}");
    }
    // Only for reading.
    let post = openclaw_tests::http::request(
        gateway.address(),
        "POST",
        &format!("/__openclaw__/requests/{first}"),
        &[],
        "",
    );
    assert_ne!(post.unwrap().status, 200);
}

#[test]
fn a_device_takes_its_leave_and_hears_that_it_is_gone() {
    let world = World::new();
    let gateway = world.start();
    let device = Device::new();
    let connect = page(Dialect::V4, &device, &["read"]);
    gateway.pair_remote(&connect);
    let mut watching = gateway.operator(Dialect::V4);
    let mut socket = gateway.dial_remote().open();
    socket.connect(&connect).hello();
    let answer = socket.call("device.pair.leave", json!({})).unwrap();
    assert_eq!(answer, json!({"deviceId": device.id()}), "the answer comes before the end");
    let close = socket.closed();
    assert_eq!(close.code, 4001, "{close:?}");
    watching.event("device.pair.changed");

    // An admin may think better of it.
    let undo = json!({"deviceId": device.id(), "what": "removal"});
    watching.call("device.pair.undo", undo).unwrap();
    gateway.dial_remote().open().connect(&connect).hello();
}

#[test]
fn what_is_taken_from_a_device_closes_what_uses_it_and_leaves_its_token() {
    let world = World::new();
    let gateway = world.start();
    let device = Device::new();
    let connect = page(Dialect::V4, &device, &["read", "write"]);
    gateway.pair_remote(&connect);
    let mut socket = gateway.dial_remote().open();
    let hello = socket.connect(&connect).hello();
    let own = hello["auth"]["deviceToken"].as_str().unwrap().to_owned();
    let mut admin = gateway.operator(Dialect::V4);
    let params = json!({"deviceId": device.id(), "scopes": ["operator.read"]});
    admin.call("device.pair.narrow", params).unwrap();
    let close = socket.closed();
    assert_eq!(close.code, 4001, "{close:?}");
    // Neither the shared token nor its own brings back what was taken.
    let error = refused(&gateway, &connect);
    assert_eq!(error["details"]["approvedScopes"], json!(["operator.read"]), "{error}");
    let by_token =
        |scopes: &[&str]| Connect::test(Dialect::V4).auth("deviceToken", &own).device(&device).scopes(scopes);
    refused(&gateway, &by_token(&["read", "write"]));
    let mut socket = gateway.dial_remote().open();
    socket.connect(&by_token(&["read"])).hello();
    admin.call("device.pair.undo", json!({"deviceId": device.id(), "what": "scopes"})).unwrap();
    gateway.dial_remote().open().connect(&by_token(&["read", "write"])).hello();
    // What had less all the time stays connected.
    socket.call("status", json!({})).unwrap();
}

#[test]
fn the_command_line_gives_less_as_well() {
    let world = World::new();
    let gateway = world.start();
    let connect = page(Dialect::V4, &Device::new(), &["admin", "read"]);
    let request = request_of(&refused(&gateway, &connect));
    let said = gateway.cli(&["devices", "approve", "--no-wait", "--read-only", &request]).ok();
    assert!(said.out.contains("Scopes: read\n") && said.out.contains("Kept from it: admin\n"), "{said:?}");
    let error = refused(&gateway, &connect);
    assert_eq!(error["details"]["approvedScopes"], json!(["operator.read"]), "{error}");
    // What it does not ask for cannot be given, and its request waits on.
    let rest = request_of(&error);
    gateway.cli(&["devices", "approve", "--no-wait", "--scope", "read,node.run", &rest]).failed(1);
    assert_eq!(state(&gateway, &rest), json!({"state": "waiting"}));
    gateway.cli(&["devices", "approve", "--no-wait", &rest]).ok();
    gateway.dial_remote().open().connect(&connect).hello();
}
