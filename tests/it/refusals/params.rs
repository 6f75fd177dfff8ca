//! `connect` whose parameters are not as described: schema, protocol range, role.

use openclaw_tests::world::TOKEN;
use openclaw_tests::{Connect, Device, Dialect, World};
use serde_json::{Value, json};

use super::{Row, check_all};

/// A spoilt `connect` and the errors it earns in each dialect, where they differ.
struct Spoilt {
    name: &'static str,
    change: fn(&mut Value),
    v3: &'static str,
    v4: &'static str,
}

const fn both(name: &'static str, change: fn(&mut Value), errors: &'static str) -> Spoilt {
    Spoilt { name, change, v3: errors, v4: errors }
}

fn remove(params: &mut Value, field: &str) {
    params.as_object_mut().unwrap().remove(field);
}

const SPOILT: &[Spoilt] = &[
    both("params are a list", |params| *params = json!([]), "must be object"),
    both("one required field", |params| remove(params, "client"), "must have required property 'client'"),
    both("unexpected field", |params| params["bogus"] = json!(1), "at root: unexpected property 'bogus'"),
    both(
        "unexpected field of client",
        |params| params["client"]["bogus"] = json!(1),
        "at /client: unexpected property 'bogus'",
    ),
    both(
        "client without platform",
        |params| remove(&mut params["client"], "platform"),
        "at /client: must have required property 'platform'",
    ),
    both("scopes is text", |params| params["scopes"] = json!("operator.read"), "at /scopes: must be array"),
    both(
        "protocol is no whole number",
        |params| params["minProtocol"] = json!(3.5),
        "at /minProtocol: must be integer",
    ),
    both(
        "auth with an unknown field",
        |params| params["auth"] = json!({"foo": "x"}),
        "at /auth: unexpected property 'foo'",
    ),
    both(
        "device without nonce",
        |params| remove(&mut params["device"], "nonce"),
        "at /device: must have required property 'nonce'",
    ),
    both(
        "device without signedAt",
        |params| remove(&mut params["device"], "signedAt"),
        "at /device: must have required property 'signedAt'",
    ),
    both(
        "signedAt is text",
        |params| params["device"]["signedAt"] = json!("now"),
        "at /device/signedAt: must be integer",
    ),
    Spoilt {
        name: "unknown client id",
        change: |params| params["client"]["id"] = json!("somebody"),
        v3: "at /client/id: must be equal to constant; at /client/id: must match a schema in anyOf",
        v4: "at /client/id: must be equal to one of the allowed values",
    },
    Spoilt {
        name: "client id in capitals",
        change: |params| params["client"]["id"] = json!("CLI"),
        v3: "at /client/id: must be equal to constant; at /client/id: must match a schema in anyOf",
        v4: "at /client/id: must be equal to one of the allowed values",
    },
    Spoilt {
        name: "unknown client mode",
        change: |params| params["client"]["mode"] = json!("sleeping"),
        v3: "at /client/mode: must be equal to constant; at /client/mode: must match a schema in anyOf",
        v4: "at /client/mode: must be equal to one of the allowed values",
    },
    Spoilt {
        name: "empty version",
        change: |params| params["client"]["version"] = json!(""),
        v3: "at /client/version: must NOT have fewer than 1 characters",
        v4: "at /client/version: must not have fewer than 1 characters",
    },
    Spoilt {
        name: "empty scope",
        change: |params| params["scopes"] = json!([""]),
        v3: "at /scopes/0: must NOT have fewer than 1 characters",
        v4: "at /scopes/0: must not have fewer than 1 characters",
    },
    Spoilt {
        name: "empty role",
        change: |params| params["role"] = json!(""),
        v3: "at /role: must NOT have fewer than 1 characters",
        v4: "at /role: must not have fewer than 1 characters",
    },
    Spoilt {
        name: "empty signature",
        change: |params| params["device"]["signature"] = json!(""),
        v3: "at /device/signature: must NOT have fewer than 1 characters",
        v4: "at /device/signature: must not have fewer than 1 characters",
    },
];

#[test]
fn schema_errors_are_worded_as_each_generation_words_them() {
    let world = World::new();
    let gateway = world.start();
    check_all(&gateway, |dialect| {
        let mut rows = Vec::new();
        for spoilt in SPOILT {
            // Without a readable range the answer is in the newer dialect.
            if dialect == Dialect::V3
                && ["params are a list", "protocol is no whole number"].contains(&spoilt.name)
            {
                continue;
            }
            let change = spoilt.change;
            let connect = Connect::test(dialect).token(TOKEN).device(&Device::new()).edit(change);
            let message = format!("invalid connect params: {}", dialect.pick(spoilt.v3, spoilt.v4));
            rows.push(Row::new(spoilt.name, connect, "INVALID_REQUEST", &message, json!({})));
        }
        // What one generation knows and the other does not.
        let build =
            Connect::test(dialect).token(TOKEN).edit(|params| params["client"]["buildId"] = json!("dev"));
        if dialect == Dialect::V3 {
            let message = "invalid connect params: at /client: unexpected property 'buildId'";
            rows.push(Row::new(
                "a field of the newer generation",
                build,
                "INVALID_REQUEST",
                message,
                json!({}),
            ));
        }
        rows
    });
}

#[test]
fn the_older_dialect_names_every_missing_field_and_the_newer_the_first() {
    let world = World::new();
    let gateway = world.start();
    check_all(&gateway, |dialect| {
        let connect = Connect::test(dialect).edit(|params| {
            remove(params, "client");
            params["scopes"] = json!(3);
            params["bogus"] = json!(1);
        });
        // Whatever else is wrong, both begin with what is missing.
        let error = gateway.dial().open().connect(&connect).refused().0;
        let message = error["message"].as_str().unwrap();
        assert!(
            message.starts_with("invalid connect params: must have required property 'client'"),
            "{message}"
        );
        Vec::new()
    });
}

#[test]
fn a_range_that_neither_generation_fits_is_a_protocol_mismatch() {
    let world = World::new();
    let gateway = world.start();
    for (min, max) in [(1, 2), (5, 6), (4, 3)] {
        let connect = Connect::test(Dialect::V4).token(TOKEN).edit(move |params| {
            params["minProtocol"] = json!(min);
            params["maxProtocol"] = json!(max);
        });
        let details = json!({
            "code": "PROTOCOL_MISMATCH", "clientMinProtocol": min, "clientMaxProtocol": max, "expectedProtocol": 4,
            "minimumProbeProtocol": 3,
        });
        Row::new("range", connect, "INVALID_REQUEST", "protocol mismatch", details)
            .closing(1002)
            .check(gateway.dial_remote());
    }
}

#[test]
fn a_range_that_holds_both_is_served_in_the_newer() {
    let world = World::new();
    let gateway = world.start();
    for (min, max, expected) in [(3, 3, 3), (4, 4, 4), (3, 4, 4), (1, 10, 4), (1, 3, 3), (4, 9, 4)] {
        let dialect = if expected == 3 { Dialect::V3 } else { Dialect::V4 };
        let connect = Connect::test(dialect).token(TOKEN).edit(move |params| {
            params["minProtocol"] = json!(min);
            params["maxProtocol"] = json!(max);
        });
        let hello = gateway.dial_remote().open().connect(&connect).hello();
        assert_eq!(hello["protocol"], json!(expected), "{min}..{max}");
    }
}

#[test]
fn only_operators_and_nodes_have_a_role_here() {
    let world = World::new();
    let gateway = world.start();
    check_all(&gateway, |dialect| {
        let connect = Connect::test(dialect).token(TOKEN).edit(|params| params["role"] = json!("emperor"));
        vec![Row::new("role", connect, "INVALID_REQUEST", "invalid role", json!({}))]
    });
    let worker = Connect::test(Dialect::V4).token(TOKEN).edit(|params| params["role"] = json!("worker"));
    let (error, close) = gateway.dial_remote().open().connect(&worker).refused();
    assert_eq!((error, close.code, close.reason.as_str()), (Value::Null, 1008, "invalid-handshake"));
}
