use super::*;
use crate::error::ErrorShape;
use proptest::prelude::*;
use serde_json::json;

fn errors(text: &str) -> FrameError {
    decode(text.as_bytes()).unwrap_err()
}

#[test]
fn requests_are_read() {
    let frame = decode(br#"{"type":"req","id":"c1","method":"connect","params":{"a":[1, 2]}}"#).unwrap();
    assert_eq!((frame.id.as_str(), frame.method.as_str()), ("c1", "connect"));
    assert_eq!(frame.params.unwrap().get(), r#"{"a":[1, 2]}"#);
    assert!(decode(br#"{"type":"req","id":"c1","method":"health"}"#).unwrap().params.is_none());
    let v4 = br#"{"type":"req","id":"c1","method":"x","traceparent":"00-1","expectedProfileId":"p"}"#;
    assert!(decode(v4).is_ok());
    // The clients' language takes the last of two properties of one name.
    let twice = decode(br#"{"type":"req","id":"a","id":"b","method":"x","params":{"k":1}}"#).unwrap();
    assert_eq!(twice.id, "b");
    assert_eq!(twice.params.unwrap().get(), r#"{"k":1}"#);
}

#[test]
fn other_json_is_complained_about_as_captured() {
    for (text, id, v3, v4) in [
        ("[]", None, "must be object", "must be object"),
        ("null", None, "must be object", "must be object"),
        (r#"["req","a","b",null,null,null]"#, None, "must be object", "must be object"),
        (
            r#"{"type":"req","id":"r8","method":"x","traceparent":null}"#,
            Some("r8"),
            "at /traceparent: must be string",
            "at /traceparent: must be string",
        ),
        (
            r#"{"type":"req"}"#,
            None,
            "must have required property 'id'; must have required property 'method'",
            "must have required property 'id'",
        ),
        (
            r#"{"type":"event","event":"x"}"#,
            None,
            "must have required property 'id'; must have required property 'method'; at root: unexpected property 'event'; at /type: must be equal to constant",
            "must have required property 'id'; at root: unexpected property 'event'; at /type: must be equal to constant",
        ),
        (
            r#"{"type":"req","id":"","method":"x"}"#,
            None,
            "at /id: must NOT have fewer than 1 characters",
            "at /id: must not have fewer than 1 characters",
        ),
        (
            r#"{"type":"req","id":"r7","method":"x","extra":1}"#,
            Some("r7"),
            "at root: unexpected property 'extra'",
            "at root: unexpected property 'extra'",
        ),
    ] {
        let error = errors(text);
        let (answered, shape) = error.answer(Dialect::V3).unwrap();
        assert_eq!(answered, id.unwrap_or("invalid"));
        assert_eq!(shape, ErrorShape::invalid_request(format!("invalid request frame: {v3}")));
        assert_eq!(error.answer(Dialect::V4).unwrap().1.message, format!("invalid request frame: {v4}"));
    }
    for text in ["", "{not json", "{\"type\":\"req\",\"id\":\"\u{0}"] {
        assert_eq!(errors(text), FrameError::NotJson);
        assert_eq!(errors(text).answer(Dialect::V4), None);
    }
    assert_eq!(decode(b"{\"type\":\"\xff\"}").unwrap_err(), FrameError::NotJson);
}

#[test]
fn deep_frames_never_reach_a_parser() {
    let deep = format!(r#"{{"type":"req","id":"a","method":"x","params":{}}}"#, "[".repeat(1_000_000));
    assert!(matches!(errors(&deep), FrameError::NotRequest { .. }));
}

#[test]
fn answers_and_events_have_the_wire_shape() {
    assert_eq!(
        response_ok("r1", &json!({"a": 1})),
        r#"{"type":"res","id":"r1","ok":true,"payload":{"a":1}}"#
    );
    assert_eq!(
        response_error("r1", &ErrorShape::invalid_request("no")),
        r#"{"type":"res","id":"r1","ok":false,"error":{"code":"INVALID_REQUEST","message":"no"}}"#
    );
    let version = StateVersion { presence: 1, health: 2 };
    assert_eq!(
        event("presence", &json!([]), Some(7), Some(version)),
        r#"{"type":"event","event":"presence","payload":[],"stateVersion":{"presence":1,"health":2},"seq":7}"#
    );
    assert_eq!(
        challenge(&Nonce::parse("n-1").unwrap(), Millis(5)),
        r#"{"type":"event","event":"connect.challenge","payload":{"nonce":"n-1","ts":5}}"#
    );
    let unwritable: std::collections::BTreeMap<(u8, u8), u8> = [((1, 1), 1)].into();
    assert!(response_ok("r1", &unwritable).contains(r#""ok":false"#));
    assert_eq!(event("x", &unwritable, None, None), r#"{"type":"event","event":"x","payload":null}"#);
}

#[test]
fn clients_read_leniently() {
    let read = |text: &str| decode_inbound(text.as_bytes()).unwrap();
    match read(
        r#"{"type":"res","id":"c1","ok":false,"error":{"code":"NOT_PAIRED","message":"m","x":1},"new":2}"#,
    ) {
        Some(Inbound::Response { id, ok, payload, error }) => {
            assert_eq!((id.as_str(), ok, payload.is_none()), ("c1", false, true));
            assert_eq!(error.unwrap().message, "m");
        }
        other => panic!("{other:?}"),
    }
    match read(r#"{"type":"event","event":"shutdown","payload":{"restartExpectedMs":null},"seq":3}"#) {
        Some(Inbound::Event { event, seq, .. }) => assert_eq!((event.as_str(), seq), ("shutdown", Some(3))),
        other => panic!("{other:?}"),
    }
    assert!(read(r#"{"type":"future"}"#).is_none());
    assert!(decode_inbound(b"[]").is_err());
}

proptest! {
    #[test]
    fn decoding_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = decode(&bytes);
        let _ = decode_inbound(&bytes);
    }

    #[test]
    fn whatever_is_written_is_read(id in "\\PC{1,20}", method in "[a-z.]{1,20}", text in "\\PC{0,40}", seq in any::<u64>()) {
        let frame = decode(request(&id, &method, &json!({"t": text})).unwrap().as_bytes()).unwrap();
        prop_assert_eq!((&frame.id, &frame.method), (&id, &method));
        let body = EventBody::new(&method, &json!({"t": text}), None);
        match decode_inbound(body.with_seq(seq).as_bytes()).unwrap() {
            Some(Inbound::Event { event, seq: read, payload, .. }) => {
                prop_assert_eq!(event, method);
                prop_assert_eq!(read, Some(seq));
                let payload: Value = serde_json::from_str(payload.unwrap().get()).unwrap();
                prop_assert_eq!(&payload["t"], &json!(text));
            }
            other => prop_assert!(false, "{:?}", other),
        }
    }

    #[test]
    fn complaints_name_something(text in "\\{(\"(type|id|method|x)\":(\"req\"|\"\"|1|null),?){0,4}\\}") {
        if let Err(FrameError::NotRequest { errors, .. }) = decode(text.as_bytes()) {
            prop_assert!(!errors.text(Dialect::V3).is_empty() && !errors.text(Dialect::V4).is_empty());
        }
    }
}
