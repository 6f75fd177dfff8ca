//! What can still go wrong once a client is in.

use openclaw_tests::world::TOKEN;
use openclaw_tests::{Connect, Device, Dialect, Gateway, Socket, World};
use serde_json::json;
use tungstenite::Message;

/// A paired device with the scope to read and nothing else.
fn reader(gateway: &Gateway, dialect: Dialect) -> Socket {
    let mut socket = gateway.dial().open();
    socket.connect(&Connect::test(dialect).token(TOKEN).device(&Device::new())).hello();
    socket
}

#[test]
fn a_spoilt_frame_is_answered_and_the_connection_stays() {
    let world = World::new();
    let gateway = world.start();
    for dialect in Dialect::BOTH {
        let mut socket = reader(&gateway, dialect);
        socket.send_message(Message::text("{not json"));
        socket.send(&json!({"type": "req", "id": "spoilt", "method": "health", "bogus": 1}));
        let error = socket.answer("spoilt").unwrap_err();
        assert_eq!(error["code"], json!("INVALID_REQUEST"), "{error}");
        assert!(error["message"].as_str().unwrap().starts_with("invalid request frame: "), "{error}");
        socket.send(&json!({"type": "req", "method": "health"}));
        let error = socket.answer("invalid").unwrap_err();
        assert_eq!(error["code"], json!("INVALID_REQUEST"), "{error}");
        socket.call("health", json!({})).unwrap();
    }
}

#[test]
fn a_missing_scope_is_named() {
    let world = World::new();
    let gateway = world.start();
    for dialect in Dialect::BOTH {
        let error = reader(&gateway, dialect).call("device.pair.list", json!({})).unwrap_err();
        assert_eq!(error["message"], json!("missing scope: operator.pairing"));
        match dialect {
            Dialect::V3 => assert_eq!(error["code"], json!("INVALID_REQUEST")),
            Dialect::V4 => {
                assert_eq!(error["code"], json!("FORBIDDEN"));
                let details = &error["details"];
                assert_eq!(details["code"], json!("MISSING_SCOPE"));
                assert_eq!(details["missingScope"], json!("operator.pairing"));
                assert_eq!(details["requiredScopes"], json!(["operator.pairing"]));
            }
        }
    }
}

#[test]
fn an_unknown_method_is_unknown_to_an_admin_and_forbidden_to_others() {
    let world = World::new();
    let gateway = world.start();
    for dialect in Dialect::BOTH {
        let error = gateway.operator(dialect).call("no.such.method", json!({})).unwrap_err();
        assert_eq!(error["code"], json!("INVALID_REQUEST"));
        assert_eq!(error["message"], json!("unknown method: no.such.method"));
        let error = reader(&gateway, dialect).call("no.such.method", json!({})).unwrap_err();
        assert_eq!(error["message"], json!("missing scope: operator.admin"));
    }
}

#[test]
fn connect_comes_once() {
    let world = World::new();
    let gateway = world.start();
    for dialect in Dialect::BOTH {
        let mut socket = reader(&gateway, dialect);
        let params = Connect::test(dialect).token(TOKEN).params("none");
        let error = socket.call("connect", params).unwrap_err();
        let message =
            dialect.pick("missing scope: operator.admin", "connect is only valid as the first request");
        assert_eq!(error["message"], json!(message), "{error}");
        socket.call("health", json!({})).unwrap();
    }
}

#[test]
fn each_role_keeps_to_its_own_methods() {
    let world = World::new();
    let gateway = world.start();
    for dialect in Dialect::BOTH {
        let device = Device::new();
        let node = Connect::node_host(dialect).token(TOKEN).device(&device);
        let mut socket = gateway.dial().open();
        socket.connect(&node).hello();
        for _ in 0..5 {
            let error = socket.call("status", json!({})).unwrap_err();
            assert_eq!(error["message"], json!("unauthorized role: node"), "{error}");
        }
        // Who keeps trying is shown the door; a right call in between starts the count anew.
        socket.call("health", json!({})).unwrap();
        for _ in 0..10 {
            socket.call("status", json!({})).unwrap_err();
        }
        socket.ask("status", json!({}));
        let close = socket.closed();
        assert_eq!((close.code, close.reason.as_str()), (1008, "repeated unauthorized calls"));
    }
}
