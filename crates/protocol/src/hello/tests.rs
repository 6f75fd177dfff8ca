use super::*;
use crate::scope::Scope;
use serde_json::json;

fn hello() -> HelloOk {
    let scopes: ScopeSet = [Scope::READ].into_iter().collect();
    HelloOk {
        version: "2026.11.0".into(),
        conn_id: ConnId::parse("c1").unwrap(),
        build_id: Some("b1".into()),
        boot_id: Some("boot".into()),
        methods: vec!["health".to_owned()].into(),
        events: vec!["tick".to_owned()].into(),
        capabilities: Vec::new().into(),
        snapshot: Snapshot {
            health: json!({}),
            session_defaults: Some(json!({"mainKey": "main", "ownership": "sole"})),
            suspension_phase: Some("accepting"),
            ..Snapshot::default()
        },
        canvas_host_url: Some("http://h".to_owned()),
        plugin_surface_urls: [("canvas".to_owned(), "http://h/c".to_owned())].into(),
        auth: HelloAuth {
            method: AuthMethod::Token,
            role: Role::Operator,
            scopes: scopes.clone(),
            device_token: Some(DeviceTokenGrant {
                device_token: "tok".into(),
                role: Role::Operator,
                scopes: [Scope::ADMIN].into_iter().collect(),
                issued_at_ms: Millis(7),
            }),
            says_token_scopes: false,
            device_tokens: Vec::new(),
            recovery_scope: Some("r".to_owned()),
            recovery_migration_allowed: true,
        },
        policy: Policy { attachments: Some((2, 1)), ..Policy::default() },
    }
}

fn json(hello: &HelloOk, dialect: Dialect) -> Value {
    serde_json::from_str(hello.to_json(dialect).get()).unwrap()
}

#[test]
fn protocol_3_gets_what_it_knows() {
    assert_eq!(
        json(&hello(), Dialect::V3),
        json!({
            "type": "hello-ok", "protocol": 3,
            "server": {"version": "2026.11.0", "connId": "c1"},
            "features": {"methods": ["health"], "events": ["tick"]},
            "snapshot": {
                "presence": [], "health": {}, "stateVersion": {"presence": 0, "health": 0}, "uptimeMs": 0,
                "sessionDefaults": {"mainKey": "main"},
            },
            "canvasHostUrl": "http://h",
            "auth": {"deviceToken": "tok", "role": "operator", "scopes": ["operator.admin"], "issuedAtMs": 7},
            "policy": {"maxPayload": 26_214_400, "maxBufferedBytes": 52_428_800, "tickIntervalMs": 30_000},
        })
    );
}

#[test]
fn protocol_4_gets_the_rest_too() {
    let value = json(&hello(), Dialect::V4);
    assert_eq!(value["protocol"], 4);
    assert_eq!(
        value["auth"],
        json!({
            "method": "token", "role": "operator", "scopes": ["operator.read"], "recoveryScope": "r",
            "recoveryMigrationAllowed": true, "deviceToken": "tok", "issuedAtMs": 7,
        })
    );
    let mut asking = hello();
    asking.auth.says_token_scopes = true;
    assert_eq!(json(&asking, Dialect::V4)["auth"]["deviceTokenScopes"], json!(["operator.admin"]));
    assert_eq!(value["server"]["bootId"], "boot");
    assert_eq!(value["features"]["capabilities"], json!([]));
    assert_eq!(value["snapshot"]["suspension"], json!({"phase": "accepting"}));
    assert_eq!(value["pluginSurfaceUrls"]["canvas"], "http://h/c");
    assert_eq!(value["policy"]["attachments"], json!({"maxBytes": 2, "maxImageBytes": 1}));
    assert!(value.get("canvasHostUrl").is_none());
}

#[test]
fn without_a_device_token_only_protocol_4_speaks_of_auth() {
    let mut hello = hello();
    hello.auth.device_token = None;
    assert!(json(&hello, Dialect::V3).get("auth").is_none());
    assert_eq!(json(&hello, Dialect::V4)["auth"]["method"], "token");
}
