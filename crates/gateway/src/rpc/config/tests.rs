mod browser;

use openclaw_protocol::dialect::Dialect;
use openclaw_protocol::secret::REDACTED;
use serde_json::json;

use crate::rpc::testing::{DIALECTS, House, TOKEN, keys, operator, owner};

const KEYS_V3: [&str; 11] = [
    "path",
    "exists",
    "raw",
    "parsed",
    "resolved",
    "valid",
    "config",
    "hash",
    "issues",
    "warnings",
    "legacyIssues",
];

#[tokio::test]
async fn what_is_read_holds_no_secret_and_comes_back_whole() {
    for dialect in DIALECTS {
        let house = House::new();
        let caller = operator(dialect, &["admin"]);
        let config = house.call(&caller, "config.get", json!({})).await.unwrap();
        assert!(!config.to_string().contains(TOKEN), "{config}");
        assert!(KEYS_V3.iter().all(|key| keys(&config).contains(key)));
        for key in
            ["sourceConfig", "runtimeConfig", "includedPaths", "configRevisionHash", "appliedConfigHash"]
        {
            assert_eq!(config.get(key).is_some(), dialect == Dialect::V4, "{key}");
        }
        let raw = config["raw"].as_str().unwrap();
        assert!(raw.contains("// mine") && raw.contains(REDACTED), "{raw}");
        let params = json!({"raw": raw, "baseHash": config["hash"]});
        let answer = house.call(&caller, "config.set", params).await.unwrap();
        assert_eq!((&answer["ok"], &answer["noop"]), (&json!(true), &json!(null)));
        assert!(!answer.to_string().contains(TOKEN));
        assert_eq!(house.config()["gateway"]["auth"]["token"], json!(TOKEN));
    }
}

#[tokio::test]
async fn a_write_insists_on_what_it_was_made_for() {
    let house = House::new();
    for dialect in DIALECTS {
        let caller = operator(dialect, &["admin"]);
        let message = |answer: crate::router::Reply| answer.unwrap_err().message;
        for method in ["config.set", "config.patch", "config.apply"] {
            let error = message(house.call(&caller, method, json!({"raw": "{}"})).await);
            assert_eq!(error, "config base hash required; re-run config.get and retry");
            let error = message(house.call(&caller, method, json!({"raw": "{}", "baseHash": "0000"})).await);
            assert_eq!(error, "config changed since last load; re-run config.get and retry");
        }
        // The hash of the file would be a way to try out tokens: a reader gets a keyed one, the owner the plain one.
        let seen = house.call(&caller, "config.get", json!({})).await.unwrap()["hash"].clone();
        let plain = house.call(&owner(dialect), "config.get", json!({})).await.unwrap()["hash"].clone();
        assert_ne!(seen, plain);
        assert_eq!(plain.as_str().unwrap().len(), 64);
        for hash in [seen, plain] {
            house.pass(60_000);
            let params = json!({"raw": "{}", "baseHash": hash});
            assert_eq!(house.call(&caller, "config.patch", params).await.unwrap()["noop"], json!(true));
        }
    }
}

#[tokio::test]
async fn patches_merge_and_lose_nothing_by_accident() {
    let house = House::with_config(
        r#"{gateway: {mode: "local", auth: {token: "TOK-secret-123"}, trustedProxies: ["10.0.0.1", "10.0.0.2"]}}"#,
    );
    let patch = async |dialect, raw: &str, more: serde_json::Value| {
        let caller = operator(dialect, &["admin"]);
        let hash = house.call(&caller, "config.get", json!({})).await.unwrap()["hash"].clone();
        house.pass(60_000);
        let mut params = json!({"raw": raw, "baseHash": hash});
        params.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        house.call(&caller, "config.patch", params).await
    };
    let done = patch(Dialect::V4, "{gateway: {reload: {debounceMs: 500}}}", json!({})).await.unwrap();
    assert_eq!(done["changedPaths"], json!(["gateway.reload.debounceMs"]));
    assert_eq!(done["reload"], json!("none"));
    let done = patch(Dialect::V4, "{gateway: {port: 18790}}", json!({})).await.unwrap();
    assert_eq!((&done["reload"], &done["restart"]["paths"]), (&json!("restart"), &json!(["gateway.port"])));
    let fewer = r#"{gateway: {trustedProxies: ["10.0.0.2"]}}"#;
    let error = patch(Dialect::V4, fewer, json!({})).await.unwrap_err();
    assert!(error.message.contains("gateway.trustedProxies"), "{}", error.message);
    patch(Dialect::V4, fewer, json!({"replacePaths": ["gateway.trustedProxies"]})).await.unwrap();
    patch(Dialect::V3, r#"{gateway: {trustedProxies: []}}"#, json!({})).await.unwrap();
    patch(Dialect::V4, "{gateway: {port: null}}", json!({})).await.unwrap();
    let config = house.config();
    assert_eq!(config["gateway"]["trustedProxies"], json!([]));
    assert_eq!(config["gateway"].get("port"), None);
    assert_eq!(config["gateway"]["auth"]["token"], json!(TOKEN));
    for (raw, complaint) in [
        ("{gateway: {prot: 1}}", "did you mean gateway.port?"),
        ("{gateway: {port: 'x'}}", "invalid config: gateway.port"),
        ("[1]", "must be an object"),
        ("{", "JSON5"),
        (r#"{gateway: {auth: {password: "__OPENCLAW_REDACTED__"}}}"#, "no stored value belongs there"),
    ] {
        let error = patch(Dialect::V4, raw, json!({})).await.unwrap_err();
        assert!(error.message.contains(complaint), "{raw}: {}", error.message);
    }
    assert_eq!(house.config(), config);
}

#[tokio::test]
async fn writes_to_the_control_plane_are_counted() {
    for (dialect, limit) in [(Dialect::V3, 3), (Dialect::V4, 30)] {
        let house = House::new();
        let caller = house.connect(operator(dialect, &["admin"])).authority.clone();
        for _ in 0..limit {
            let error = house.call(&caller, "config.patch", json!({"raw": "{}"})).await.unwrap_err();
            assert!(error.message.contains("base hash required"));
        }
        let error = house.call(&caller, "config.patch", json!({"raw": "{}"})).await.unwrap_err();
        assert_eq!(error.message, "rate limit exceeded for config.patch; retry after 60s");
        // The owner mends what others have worn out, and reading stays free.
        assert!(
            house
                .call(&owner(dialect), "config.patch", json!({"raw": "{}"}))
                .await
                .unwrap_err()
                .message
                .contains("base hash")
        );
        house.call(&caller, "config.get", json!({})).await.unwrap();
        house.pass(60_000);
        assert!(
            house
                .call(&caller, "config.patch", json!({"raw": "{}"}))
                .await
                .unwrap_err()
                .message
                .contains("base hash")
        );
    }
}

#[tokio::test]
async fn a_file_that_cannot_be_parsed_shows_nothing_of_itself_and_can_be_replaced() {
    let house = House::new();
    std::fs::write(&house.core.paths.config_path, format!("{{gateway: {{auth: {{token: '{TOKEN}' ")).unwrap();
    let caller = operator(Dialect::V4, &["admin"]);
    let config = house.call(&caller, "config.get", json!({})).await.unwrap();
    assert_eq!(
        (&config["valid"], &config["raw"], &config["exists"]),
        (&json!(false), &json!(null), &json!(true))
    );
    assert!(!config["issues"].as_array().unwrap().is_empty());
    assert!(!config.to_string().contains(TOKEN), "{config}");
    let params = json!({"raw": "{gateway: {mode: 'local', auth: {token: 'another-token'}}}", "baseHash": config["hash"]});
    house.call(&caller, "config.apply", params).await.unwrap();
    assert_eq!(house.config()["gateway"]["auth"]["token"], json!("another-token"));
}

#[tokio::test]
async fn the_schema_as_a_whole_and_at_one_place() {
    let house = House::new();
    let caller = operator(Dialect::V4, &["admin"]);
    let schema = house.call(&caller, "config.schema", json!({})).await.unwrap();
    assert_eq!(keys(&schema), ["schema", "uiHints", "version", "generatedAt"]);
    assert!(schema["generatedAt"].as_str().unwrap().ends_with('Z'));
    let found = house.call(&caller, "config.schema.lookup", json!({"path": "gateway.auth"})).await.unwrap();
    assert_eq!((&found["path"], &found["reloadKind"]), (&json!("gateway.auth"), &json!("hot")));
    let children = found["children"].as_array().unwrap();
    let token = children.iter().find(|child| child["key"] == json!("token")).unwrap();
    assert_eq!((&token["reloadKind"], &token["hint"]["sensitive"]), (&json!("hot"), &json!(true)));
    let port = house.call(&caller, "config.schema.lookup", json!({"path": "gateway.port"})).await.unwrap();
    assert_eq!(port["reloadKind"], json!("restart"));
    for (path, complaint) in [
        ("gateway.nope", "config schema path not found"),
        ("gateway..x", "config schema path not found"),
        ("gateway.a b", "must match pattern"),
    ] {
        let error = house.call(&caller, "config.schema.lookup", json!({"path": path})).await.unwrap_err();
        assert!(error.message.contains(complaint), "{path}: {}", error.message);
    }
}
