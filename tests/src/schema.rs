//! OpenClaw's published schema of protocol 4, applied to everything the gateway says in that dialect.

use std::collections::BTreeMap;
use std::sync::{Mutex, OnceLock};

use jsonschema::Validator;
use serde_json::{Value, json};

use crate::place;

/// The whole published document.
pub fn document() -> &'static Value {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    DOCUMENT.get_or_init(|| {
        let path = place::schema();
        let text = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        serde_json::from_slice(&text).unwrap()
    })
}

/// Definitions for the payloads of events; an event that is not here has none in the published schema.
const EVENTS: [(&str, &str); 4] = [
    ("tick", "TickEvent"),
    ("shutdown", "ShutdownEvent"),
    ("device.pair.requested", "DevicePairRequestedEvent"),
    ("device.pair.resolved", "DevicePairResolvedEvent"),
];

/// Definitions for the results of methods, likewise.
const RESULTS: [(&str, &str); 7] = [
    ("connect", "HelloOk"),
    ("config.schema", "ConfigSchemaResponse"),
    ("config.schema.lookup", "ConfigSchemaLookupResult"),
    ("device.pair.setupCode", "DevicePairSetupCodeResult"),
    ("device.pair.setupStatus", "DevicePairSetupStatusResult"),
    ("device.token.rotate", "DeviceTokenRotateResult"),
    ("logs.tail", "LogsTailResult"),
];

/// Fields that gateways of 2026.9.6 send and that the schema, published with 2026.9.1, does not know yet: definition,
/// object, field.
const LATER: [(&str, &str, &str); 1] = [("HelloOk", "/auth", "method")];
/// Fields that this gateway adds for its own page, in the same form. Published clients let unknown fields of hello-ok pass:
/// the tests in `reference::` see them do so.
const OWN: [(&str, &str, &str); 1] = [("HelloOk", "/auth", "deviceTokenScopes")];

/// Panics when a frame from the gateway is not as published. `method` is the request that a response answers.
pub fn check_frame(frame: &Value, method: Option<&str>) {
    let definition = match frame["type"].as_str() {
        Some("event") => "EventFrame",
        Some("res") => "ResponseFrame",
        other => panic!("a gateway sends events and responses, not {other:?}: {frame}"),
    };
    check(definition, frame);
    let payload = match (frame["event"].as_str(), method) {
        (Some(event), _) => EVENTS.iter().find(|(name, _)| *name == event),
        (None, Some(method)) if frame["ok"] == json!(true) => {
            RESULTS.iter().find(|(name, _)| *name == method)
        }
        _ => None,
    };
    if let Some((_, definition)) = payload {
        check(definition, &frame["payload"]);
    }
    if frame["event"] == json!("presence") {
        for entry in frame["payload"]["presence"].as_array().expect("presence is a list") {
            check("PresenceEntry", entry);
        }
    }
}

/// Panics when `value` does not match the published definition of that name.
pub fn check(definition: &str, value: &Value) {
    static VALIDATORS: Mutex<BTreeMap<String, &'static Validator>> = Mutex::new(BTreeMap::new());
    let known = VALIDATORS.lock().unwrap().get(definition).copied();
    let validator = known.unwrap_or_else(|| {
        let made: &'static Validator = Box::leak(Box::new(compile(definition)));
        VALIDATORS.lock().unwrap().insert(definition.to_owned(), made);
        made
    });
    let mut value = value.clone();
    for (_, object, field) in LATER.iter().chain(&OWN).filter(|(known, ..)| *known == definition) {
        if let Some(Value::Object(fields)) = value.pointer_mut(object) {
            fields.remove(*field);
        }
    }
    let faults: Vec<String> = validator
        .iter_errors(&value)
        .map(|fault| format!("at {:?}: {fault}", fault.instance_path().to_string()))
        .collect();
    assert!(faults.is_empty(), "not a {definition} as published:\n  {}\n{value}", faults.join("\n  "));
}

/// A validator for one definition, with only the definitions it leads to: the whole document is large.
fn compile(definition: &str) -> Validator {
    let all = &document()["definitions"];
    let mut wanted = vec![definition.to_owned()];
    let mut definitions = serde_json::Map::new();
    while let Some(name) = wanted.pop() {
        if definitions.contains_key(&name) {
            continue;
        }
        let value = all.get(&name).unwrap_or_else(|| panic!("the published schema has no {name}"));
        references(value, &mut wanted);
        definitions.insert(name, value.clone());
    }
    let schema = json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$ref": format!("#/definitions/{definition}"),
        "definitions": definitions,
    });
    jsonschema::validator_for(&schema).unwrap()
}

fn references(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            if let Some(target) = fields.get("$ref").and_then(Value::as_str) {
                found.extend(target.strip_prefix("#/definitions/").map(str::to_owned));
            }
            fields.values().for_each(|field| references(field, found));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}
