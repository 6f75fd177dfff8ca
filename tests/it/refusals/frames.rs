//! What is said before anything can be read as `connect`: frames, sizes, the time limit.

use std::time::{Duration, Instant};

use openclaw_tests::{Answer, Close, Connect, Dial, Dialect, World};
use serde_json::{Value, json};
use tungstenite::Message;

use super::{check_help, split_help};

/// Sends one message instead of `connect`; the error of the response (null without one) and the close.
fn first(dial: Dial, message: Message) -> (Value, Close) {
    let mut socket = dial.open();
    socket.send_message(message);
    match socket.outcome() {
        Answer::Refused { error, close } => (error, close),
        Answer::Hello(hello) => panic!("let in: {hello}"),
    }
}

#[test]
fn text_that_is_no_json_closes_without_a_response() {
    let world = World::new();
    let gateway = world.start();
    for text in ["{not json", "", "\u{feff}", "nul"] {
        let (error, close) = first(gateway.dial(), Message::text(text));
        assert_eq!(error, Value::Null, "{text:?}");
        assert_eq!(close.code, 1000, "{text:?}: {close:?}");
    }
}

#[test]
fn json_that_is_no_request_closes_without_a_response() {
    let world = World::new();
    let gateway = world.start();
    let connect = |change: fn(&mut Value)| {
        let params = Connect::test(Dialect::V4).params("none");
        let mut frame = json!({"type": "req", "id": "c1", "method": "connect", "params": params});
        change(&mut frame);
        frame
    };
    let frames = [
        json!([]),
        json!(null),
        json!(7),
        json!("connect"),
        json!({"type": "event", "event": "connect.challenge"}),
        json!({"type": "res", "id": "c1", "ok": true}),
        connect(|frame| drop(frame.as_object_mut().unwrap().remove("id"))),
        connect(|frame| frame["id"] = json!("")),
        connect(|frame| frame["id"] = json!(1)),
        connect(|frame| frame["method"] = json!("")),
        connect(|frame| frame["extra"] = json!(true)),
    ];
    for frame in frames {
        let (error, close) = first(gateway.dial(), Message::text(frame.to_string()));
        assert_eq!(error, Value::Null, "{frame}");
        assert_eq!(close, Close { code: 1008, reason: "invalid request frame".into() }, "{frame}");
    }
}

#[test]
fn the_first_request_must_be_connect() {
    let world = World::new();
    let gateway = world.start();
    let frame = json!({"type": "req", "id": "c1", "method": "health"});
    let (error, close) = first(gateway.dial(), Message::text(frame.to_string()));
    let message = "invalid handshake: first request must be connect";
    assert_eq!((&error["code"], &error["message"]), (&json!("INVALID_REQUEST"), &json!(message)));
    let (details, help) = split_help("health first", &error);
    assert_eq!(details, json!({}));
    check_help("health first", &help);
    assert_eq!(close, Close { code: 1008, reason: message.into() });
}

#[test]
fn a_binary_frame_with_json_in_it_is_as_good_as_text() {
    let world = World::new();
    let gateway = world.start();
    for dialect in Dialect::BOTH {
        let mut socket = gateway.dial().open();
        let params = Connect::test(dialect).token(openclaw_tests::world::TOKEN).params(socket.nonce());
        let frame = json!({"type": "req", "id": "c1", "method": "connect", "params": params});
        socket.send_message(Message::binary(frame.to_string().into_bytes()));
        socket.outcome().hello();
    }
}

#[test]
fn before_hello_a_frame_has_at_most_64_kib() {
    let world = World::new();
    let gateway = world.start();
    let frame = |size: usize| {
        let empty =
            json!({"type": "req", "id": "c1", "method": "connect", "params": {"pad": ""}}).to_string();
        let padding = "x".repeat(size - empty.len());
        json!({"type": "req", "id": "c1", "method": "connect", "params": {"pad": padding}}).to_string()
    };
    let (error, close) = first(gateway.dial(), Message::text(frame(65_536)));
    assert_eq!((error["code"].as_str(), close.code), (Some("INVALID_REQUEST"), 1008));
    let (error, close) = first(gateway.dial(), Message::text(frame(65_537)));
    assert_eq!((error, close.code), (Value::Null, 1009));
}

#[test]
fn who_does_not_connect_in_time_is_closed() {
    let world = World::new().variable("OPENCLAW_HANDSHAKE_TIMEOUT_MS", "400");
    let gateway = world.start();
    let started = Instant::now();
    let mut socket = gateway.dial().open();
    let close = socket.closed();
    assert_eq!(close.code, 1000, "{close:?}");
    let took = started.elapsed();
    assert!(took > Duration::from_millis(300) && took < Duration::from_secs(3), "after {took:?}");
}
