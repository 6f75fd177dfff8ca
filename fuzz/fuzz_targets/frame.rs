//! Frames as peers send them, before anything is known about the peer. Input: the bytes of one message.

#![no_main]

use libfuzzer_sys::fuzz_target;
use openclaw_fuzz::{harmless, json5, values};
use openclaw_protocol::dialect::Dialect;
use openclaw_protocol::error::ErrorShape;
use openclaw_protocol::frame::{self, EventBody, FrameError, Inbound, Request};
use openclaw_protocol::guard::{self, GuardError};
use serde_json::{Value, json, value::RawValue};

fuzz_target!(|data: &[u8]| {
    let value = serde_json::from_slice::<Value>(data).ok();
    if let Some(value) = &value {
        the_guard_counts_exactly(data, value);
    }
    match (frame::decode(data), &value) {
        (Ok(request), Some(value)) => {
            assert!(is_request(value), "accepted");
            assert_eq!((&json!(request.id), &json!(request.method)), (&value["id"], &value["method"]));
            let params = value.get("params").filter(|params| !params.is_null());
            let kept = request.params.as_deref().map(parsed);
            assert_eq!(kept.is_some(), params.is_some());
            assert!(kept.zip(params).is_none_or(|(kept, params)| values::same(&kept, params)));
            survives_sending(&request);
        }
        // What nobody has looked at yet may be broken, and will be refused when it is looked at.
        (Ok(request), None) => {
            let params = request.params.expect("a frame without parameters is JSON");
            assert!(serde_json::from_str::<Value>(params.get()).is_err(), "its parameters are fine");
        }
        (Err(FrameError::NotJson), value) => assert!(value.is_none(), "it is JSON"),
        (Err(error @ FrameError::NotRequest { .. }), value) => {
            is_answered_harmlessly(&error);
            let FrameError::NotRequest { id, .. } = &error else { return };
            if guard::check_json(data, usize::MAX, guard::MAX_DEPTH).is_ok() {
                let value = value.as_ref().expect("only JSON can be complained about");
                assert!(!is_request(value), "refused");
                let said = value.get("id").and_then(Value::as_str).filter(|id| !id.is_empty());
                assert_eq!(id.as_deref(), said);
            }
        }
    }
    the_client_side_agrees(data, value.as_ref());
});

/// What a request is, by the contract (auth-and-pairing §1.2), written independently of the decoder.
fn is_request(value: &Value) -> bool {
    const KNOWN: [&str; 6] = ["type", "id", "method", "params", "traceparent", "expectedProfileId"];
    let Some(map) = value.as_object() else { return false };
    let text = |name: &str| value.get(name).map(|value| value.as_str().map(|text| text.chars().count()));
    values::depth(value) <= guard::MAX_DEPTH
        && map.keys().all(|key| KNOWN.contains(&key.as_str()))
        && value["type"] == "req"
        && text("id").is_some_and(|len| len > Some(0))
        && text("method").is_some_and(|len| len > Some(0))
        && text("traceparent").is_none_or(|len| len.is_some_and(|len| len <= 128))
        && text("expectedProfileId").is_none_or(|len| len > Some(0))
}

/// A guard that counts too little lets the stack overflow, one that counts too much refuses what is fine.
fn the_guard_counts_exactly(data: &[u8], value: &Value) {
    let depth = values::depth(value);
    // What a repeated member says is in the text, but no longer in the value.
    let text = std::str::from_utf8(data).expect("JSON is UTF-8");
    if json5::colons(text) == values::members(value) {
        assert_eq!(guard::check_json(data, data.len(), depth), Ok(()));
    }
    if let Some(less) = depth.checked_sub(1) {
        assert_eq!(guard::check_json(data, usize::MAX, less), Err(GuardError::TooDeep { max: less }));
    }
    if let Some(less) = data.len().checked_sub(1) {
        let error = GuardError::TooLarge { bytes: data.len(), max: less };
        assert_eq!(guard::check_json(data, less, usize::MAX), Err(error));
    }
}

fn parsed(params: &RawValue) -> Value {
    serde_json::from_str(params.get()).expect("parameters of a frame that parses")
}

fn survives_sending(request: &Request) {
    let params = request.params.as_deref();
    let text = frame::request(&request.id, &request.method, &params).expect("what was read can be written");
    let again = frame::decode(text.as_bytes()).expect("what was written can be read");
    assert_eq!((&again.id, &again.method), (&request.id, &request.method));
    assert_eq!(again.params.as_deref().map(RawValue::get), params.map(RawValue::get));
    let answer = frame::response_ok(&request.id, &params);
    let Ok(Some(Inbound::Response { id, ok: true, .. })) = frame::decode_inbound(answer.as_bytes()) else {
        panic!("an answer that the client does not understand: {answer}");
    };
    assert_eq!(id, request.id);
    let body = EventBody::new(&request.method, &params, None);
    for (text, seq) in [(body.with_seq(7), Some(7)), (body.without_seq(), None)] {
        let Ok(Some(Inbound::Event { event, seq: read, .. })) = frame::decode_inbound(text.as_bytes()) else {
            panic!("an event that the client does not understand: {text}");
        };
        assert_eq!((event, read), (request.method.clone(), seq));
    }
}

fn is_answered_harmlessly(error: &FrameError) {
    for dialect in [Dialect::V3, Dialect::V4] {
        let (id, shape) = error.answer(dialect).expect("there is somebody to answer");
        let ErrorShape { message, .. } = &shape;
        harmless(message);
        assert!(message.len() < 8_192, "a complaint of {} bytes", message.len());
        assert!(message.len() > "invalid request frame: ".len(), "a complaint that says nothing");
        let text = frame::response_error(&id, &shape);
        let Ok(Some(Inbound::Response { id: read, ok: false, error: Some(_), .. })) =
            frame::decode_inbound(text.as_bytes())
        else {
            panic!("a refusal that the client does not understand: {text}");
        };
        assert_eq!(read, id);
    }
}

/// The client's reader is lenient: it knows the same texts as JSON, and never invents a frame.
fn the_client_side_agrees(data: &[u8], value: Option<&Value>) {
    match (frame::decode_inbound(data), value) {
        (Ok(Some(Inbound::Response { id, .. })), Some(value)) => {
            assert_eq!((&value["type"], &value["id"]), (&json!("res"), &json!(id)));
        }
        (Ok(Some(Inbound::Event { event, seq, .. })), Some(value)) => {
            assert_eq!((&value["type"], &value["event"]), (&json!("event"), &json!(event)));
            assert_eq!(seq, value["seq"].as_u64());
        }
        _ => {}
    }
}
