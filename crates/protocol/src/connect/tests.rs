use super::*;
use proptest::prelude::*;
use serde_json::value::to_raw_value;

fn raw(value: &Value) -> Box<RawValue> {
    to_raw_value(value).unwrap()
}

/// A plain request of a CLI; `change` edits it.
fn base(protocol: i64, change: impl FnOnce(&mut Map<String, Value>)) -> Value {
    let mut value = json!({
        "minProtocol": protocol, "maxProtocol": protocol,
        "client": {"id": "cli", "version": "1.0.0", "platform": "linux", "mode": "cli"},
        "role": "operator", "scopes": ["operator.read"], "auth": {"token": "TOK-secret-123"},
    });
    change(value.as_object_mut().unwrap());
    value
}

fn complaint(value: &Value, dialect: Dialect) -> String {
    let params = raw(value);
    let error = parse(Some(&params)).unwrap_err();
    error.message(dialect).strip_prefix("invalid connect params: ").unwrap().to_owned()
}

type Change = fn(&mut Map<String, Value>);

/// What the two real gateways answered (captures `mar-1` and `cur-1`).
const CAPTURED: &[(Change, &str, &str)] = &[
    (
        |p| {
            p.insert("bogus".into(), json!(1));
        },
        "at root: unexpected property 'bogus'",
        "at root: unexpected property 'bogus'",
    ),
    (
        |p| p["client"]["bogus"] = json!(1),
        "at /client: unexpected property 'bogus'",
        "at /client: unexpected property 'bogus'",
    ),
    (
        |p| p["client"]["id"] = json!("my-tool"),
        "at /client/id: must be equal to constant; at /client/id: must match a schema in anyOf",
        "at /client/id: must be equal to one of the allowed values",
    ),
    (
        |p| p["client"]["id"] = json!("CLI"),
        "at /client/id: must be equal to constant; at /client/id: must match a schema in anyOf",
        "at /client/id: must be equal to one of the allowed values",
    ),
    (
        |p| p["client"]["mode"] = json!("zzz"),
        "at /client/mode: must be equal to constant; at /client/mode: must match a schema in anyOf",
        "at /client/mode: must be equal to one of the allowed values",
    ),
    (
        |p| p["client"]["version"] = json!(""),
        "at /client/version: must NOT have fewer than 1 characters",
        "at /client/version: must not have fewer than 1 characters",
    ),
    (
        |p| {
            p["client"].as_object_mut().unwrap().remove("platform");
        },
        "at /client: must have required property 'platform'",
        "at /client: must have required property 'platform'",
    ),
    (|p| p["scopes"] = json!("operator.read"), "at /scopes: must be array", "at /scopes: must be array"),
    (
        |p| p["scopes"] = json!([""]),
        "at /scopes/0: must NOT have fewer than 1 characters",
        "at /scopes/0: must not have fewer than 1 characters",
    ),
    (
        |p| p["role"] = json!(""),
        "at /role: must NOT have fewer than 1 characters",
        "at /role: must not have fewer than 1 characters",
    ),
    (
        |p| p["auth"]["foo"] = json!("x"),
        "at /auth: unexpected property 'foo'",
        "at /auth: unexpected property 'foo'",
    ),
    (
        |p| {
            p.insert("device".into(), json!({"id": "a", "publicKey": "k", "signature": "s", "signedAt": 1}));
        },
        "at /device: must have required property 'nonce'",
        "at /device: must have required property 'nonce'",
    ),
    (
        |p| {
            p.insert("device".into(), json!({"id": "a", "publicKey": "k", "signature": "s", "nonce": "n"}));
        },
        "at /device: must have required property 'signedAt'",
        "at /device: must have required property 'signedAt'",
    ),
    (
        |p| {
            p.insert(
                "device".into(),
                json!({"id": "a", "publicKey": "k", "signature": "", "signedAt": 1, "nonce": "n"}),
            );
        },
        "at /device/signature: must NOT have fewer than 1 characters",
        "at /device/signature: must not have fewer than 1 characters",
    ),
    (
        |p| {
            p.insert(
                "device".into(),
                json!({"id": "a", "publicKey": "k", "signature": "s", "signedAt": "1", "nonce": "n"}),
            );
        },
        "at /device/signedAt: must be integer",
        "at /device/signedAt: must be integer",
    ),
];

#[test]
fn complaints_read_as_captured_in_each_dialect() {
    for (change, v3, v4) in CAPTURED {
        assert_eq!(complaint(&base(3, change), Dialect::V3), *v3);
        assert_eq!(complaint(&base(4, change), Dialect::V4), *v4);
    }
}

#[test]
fn ranges_are_complained_about_as_captured() {
    let zero = base(0, |_| {});
    let text = "at /minProtocol: must be >= 1; at /maxProtocol: must be >= 1";
    assert_eq!(complaint(&zero, Dialect::V3), text);
    assert_eq!(complaint(&zero, Dialect::V4), text);
    let float = base(4, |p| p["minProtocol"] = json!(3.5));
    assert_eq!(complaint(&float, Dialect::V3), "at /minProtocol: must be integer");
    assert_eq!(complaint(&float, Dialect::V4), "at /minProtocol: must be integer");
    let half = base(4, |p| p["minProtocol"] = json!(0.5));
    assert_eq!(
        complaint(&half, Dialect::V4),
        "at /minProtocol: must be integer; at /minProtocol: must be >= 1"
    );
}

#[test]
fn missing_properties_all_in_protocol_3_the_first_in_protocol_4() {
    let empty = json!({});
    assert_eq!(
        complaint(&empty, Dialect::V3),
        "must have required property 'minProtocol'; must have required property 'maxProtocol'; must have required property 'client'"
    );
    assert_eq!(complaint(&empty, Dialect::V4), "must have required property 'minProtocol'");
    assert_eq!(parse(None).unwrap_err().message(Dialect::V3), "invalid connect params: must be object");
    for other in [json!(null), json!([]), json!("x")] {
        assert_eq!(complaint(&other, Dialect::V4), "must be object");
    }
    // Observed by running the published protocol 4 validator.
    let many = base(4, |p| {
        p.remove("maxProtocol");
        p.insert("a".into(), json!(1));
        p.insert("b".into(), json!(2));
        p["client"] = json!({"id": 5, "zz": 1});
    });
    assert_eq!(
        complaint(&many, Dialect::V4),
        "must have required property 'maxProtocol'; at root: unexpected property 'a'; at /client: must have required property 'version'; at /client: unexpected property 'zz'; at /client/id: must be equal to one of the allowed values"
    );
}

#[test]
fn details_of_protocol_4_as_the_published_validator_says_them() {
    for (name, value, want) in [
        (
            "caps",
            json!([1, ""]),
            "at /caps/0: must be string; at /caps/1: must not have fewer than 1 characters",
        ),
        ("permissions", json!({"a": 1, "b": true}), "at /permissions/a: must be boolean"),
        ("permissions", json!({"we/ird~": 1}), "at /permissions/we/ird~: must be boolean"),
        ("permissions", json!(5), "at /permissions: must be object"),
        (
            "auth",
            json!({"token": 5, "zz": 1, "yy": 2}),
            "at /auth: unexpected property 'zz'; at /auth/token: must be string",
        ),
        ("scopes", json!(null), "at /scopes: must be array"),
        ("locale", json!(5), "at /locale: must be string"),
        (
            "device",
            json!({"id": "", "publicKey": 1, "signature": "s", "signedAt": -1, "nonce": ""}),
            "at /device/id: must not have fewer than 1 characters; at /device/publicKey: must be string; at /device/signedAt: must be >= 0; at /device/nonce: must not have fewer than 1 characters",
        ),
        (
            "workerRuns",
            json!({"bundleHash": "zz", "openclawVersion": "", "protocolFeatures": ["a", "a"], "bundlePrewarm": 0}),
            "at /workerRuns/bundleHash: must not have fewer than 64 characters; at /workerRuns/bundleHash: must match pattern \"^[a-f0-9]{64}$\"; at /workerRuns/openclawVersion: must not have fewer than 1 characters; at /workerRuns/protocolFeatures: must not have duplicate items; at /workerRuns/bundlePrewarm: must be >= 1",
        ),
    ] {
        let value = base(4, |p| {
            p.insert(name.to_owned(), value);
        });
        assert_eq!(complaint(&value, Dialect::V4), want);
    }
    let long = base(4, |p| p["client"]["buildId"] = json!("x".repeat(97)));
    assert_eq!(complaint(&long, Dialect::V4), "at /client/buildId: must not have more than 96 characters");
}

#[test]
fn each_generation_knows_its_own_properties() {
    let with_build = |protocol| base(protocol, |p| p["client"]["buildId"] = json!("b"));
    assert_eq!(complaint(&with_build(3), Dialect::V3), "at /client: unexpected property 'buildId'");
    assert!(parse(Some(&raw(&with_build(4)))).is_ok());
    let tui = |protocol| base(protocol, |p| p["client"]["id"] = json!("openclaw-tui"));
    assert!(parse(Some(&raw(&tui(3)))).is_err());
    assert!(parse(Some(&raw(&tui(4)))).is_ok());
}

#[test]
fn the_range_is_seen_through_nonsense() {
    let value = json!({"minProtocol": 3, "maxProtocol": 3, "client": 5, "zz": {}});
    assert_eq!(peek_range(&raw(&value)), Some((3, 3)));
    assert_eq!(dialect_of(Some(&raw(&value))), Dialect::V3);
    for unreadable in [json!({}), json!([]), json!([3, 3]), json!({"minProtocol": "3", "maxProtocol": 3})] {
        assert_eq!(peek_range(&raw(&unreadable)), None);
        assert_eq!(dialect_of(Some(&raw(&unreadable))), Dialect::V4);
    }
    assert_eq!(peek_range(&raw(&json!({"minProtocol": 4.0, "maxProtocol": 4}))), Some((4, 4)));
}

#[test]
fn empty_credentials_stay_as_signed() {
    let value = base(4, |p| p["auth"] = json!({"token": "", "deviceToken": " d "}));
    let params = parse(Some(&raw(&value))).unwrap();
    assert_eq!(params.auth.signed_token(), "");
    assert!(params.auth.any_secret());
    let value = base(4, |p| p["auth"] = json!({"deviceToken": " d ", "bootstrapToken": "b"}));
    assert_eq!(parse(Some(&raw(&value))).unwrap().auth.signed_token(), " d ");
    let value = base(4, |p| p["auth"] = json!({"password": "p"}));
    assert_eq!(parse(Some(&raw(&value))).unwrap().auth.signed_token(), "");
}

/// Requests as the macOS, iOS and Android apps of both generations send them (ruling 8).
#[test]
fn the_apps_are_understood() {
    for (id, mode, platform, role, min, max) in [
        ("openclaw-macos", "ui", "macos 26.1.0", "operator", 3, 3),
        ("openclaw-macos", "node", "macos 26.1.0", "node", 3, 3),
        ("openclaw-ios", "ui", "ios 19.2.0", "operator", 3, 4),
        ("openclaw-ios", "node", "ios 19.2.0", "node", 4, 4),
        ("openclaw-android", "ui", "android", "operator", 4, 4),
        ("openclaw-android", "node", "android", "node", 3, 3),
    ] {
        let value = json!({
            "minProtocol": min, "maxProtocol": max,
            "client": {
                "id": id, "displayName": "My device", "version": "2026.9.6", "platform": platform,
                "deviceFamily": "Phone", "modelIdentifier": "X1", "mode": mode, "instanceId": "i-1",
            },
            "role": role, "scopes": if role == "node" { json!([]) } else { json!(["operator.read"]) },
            "caps": ["canvas"], "commands": ["camera.snap"], "permissions": {"camera": true},
            "locale": "en-US", "userAgent": "app",
            "auth": {"token": "t"},
            "device": {"id": "a", "publicKey": "k", "signature": "s", "signedAt": 1_771_891_200_000_u64, "nonce": "n"},
        });
        let params = parse(Some(&raw(&value))).unwrap();
        assert_eq!(params.client.is_native_app(), mode == "ui");
        assert_eq!(params.role().unwrap().as_str(), role);
        assert_eq!(params.to_json()["client"], value["client"]);
        assert_eq!(parse(Some(&raw(&params.to_json()))).unwrap(), params);
    }
}

#[test]
fn client_classes() {
    let client = |id: &str, mode: &str| ClientInfo::new(id, mode, "1", "linux");
    let tui = client("openclaw-tui", "cli");
    assert!(!tui.is_control_ui(Dialect::V3) && tui.is_control_ui(Dialect::V4));
    assert!(client("webchat-ui", "ui").is_webchat() && client("webchat", "webchat").is_webchat());
    assert!(client("gateway-client", "backend").is_backend_self());
    assert!(client("openclaw-browser-copilot", "ui").is_browser_ui());
    for (mode, v3, v4) in
        [("cli", false, false), ("backend", true, false), ("probe", true, false), ("ui", true, true)]
    {
        let client = client("test", mode);
        assert_eq!(
            (client.tracked_in_presence(Dialect::V3), client.tracked_in_presence(Dialect::V4)),
            (v3, v4)
        );
    }
    let mut worker = ConnectParams::new(client("cli", "cli"), 4, 4);
    assert!(!worker.claims_worker());
    worker.role_sent = Some("worker".to_owned());
    assert!(worker.claims_worker() && worker.role().is_none());
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::hash_map(
                "minProtocol|maxProtocol|client|id|mode|scopes|auth|device|token|x",
                inner,
                0..4
            )
            .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_params_are_parsed_or_complained_about(value in any_json(), name in "client|auth|device|scopes|role|caps|permissions|minProtocol") {
        let _ = parse(Some(&raw(&value)));
        for protocol in [3, 4] {
            let edited = base(protocol, |p| { p.insert(name.clone(), value.clone()); });
            match parse(Some(&raw(&edited))) {
                Ok(params) => prop_assert_eq!(parse(Some(&raw(&params.to_json()))), Ok(params)),
                Err(error) => {
                    for dialect in [Dialect::V3, Dialect::V4] {
                        let text = error.message(dialect);
                        prop_assert!(text.len() > "invalid connect params: ".len());
                        prop_assert!(!text.chars().any(crate::words::is_deceptive));
                    }
                }
            }
        }
    }
}
