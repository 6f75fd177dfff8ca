//! The whole cycle of a page that edits the configuration: read, change, check, save, meet a conflict, look back, undo.

use openclaw_protocol::dialect::Dialect;
use openclaw_protocol::secret::REDACTED;
use serde_json::{Value, json};

use crate::rpc::testing::{House, TOKEN, operator, owner};

fn admin() -> crate::router::Authority {
    operator(Dialect::V4, &["admin"])
}

async fn hash(house: &House) -> Value {
    house.call(&admin(), "config.get", json!({})).await.unwrap()["hash"].clone()
}

fn file(house: &House) -> String {
    std::fs::read_to_string(&house.core.paths.config_path).unwrap()
}

#[tokio::test]
async fn a_check_says_what_saving_would_and_saves_nothing() {
    let house = House::new();
    let before = file(&house);
    let config = house.call(&admin(), "config.get", json!({})).await.unwrap();
    let raw = config["raw"].as_str().unwrap();
    let check = async |params: Value| house.call(&admin(), "config.check", params).await.unwrap();

    let edited = raw.replace("mode: 'local',", "mode: 'local', port: 18790,");
    let good = check(json!({"raw": edited, "baseHash": config["hash"]})).await;
    assert_eq!((&good["ok"], &good["changedPaths"]), (&json!(true), &json!(["gateway.port"])));
    assert_eq!((&good["reload"], &good["restartPaths"]), (&json!("restart"), &json!(["gateway.port"])));
    assert_eq!((&good["hash"], good.get("conflict")), (&config["hash"], None));
    let lines = good["lines"].to_string();
    assert!(lines.contains("port: 18790") && lines.contains(REDACTED) && !lines.contains(TOKEN), "{lines}");
    let patched = check(json!({"raw": "{gateway: {port: 18790}}", "mode": "patch"})).await;
    assert_eq!(patched["changedPaths"], good["changedPaths"]);

    for (raw, path, words) in [
        ("{gateway: {mode: 'local', port: 'x'}}", "gateway.port", "gateway.port"),
        ("{gateway: {mode: 'local', prot: 1}}", "gateway.prot", "did you mean gateway.port?"),
        ("{gateway: {mode: 'local', auth: {token: 'YOUR_TOKEN'}}}", "gateway.auth.token", "placeholder"),
        ("{\n\n  gateway: {", "", "JSON5"),
    ] {
        let bad = check(json!({"raw": raw})).await;
        assert_eq!(bad["ok"], json!(false), "{raw}");
        assert!(bad["error"].as_str().unwrap().contains(words), "{raw}: {bad}");
        assert_eq!(bad["issues"][0]["path"], json!(path), "{bad}");
    }
    let torn = check(json!({"raw": "{\n\n  gateway: {"})).await;
    assert!(torn["issues"][0]["line"].as_u64().is_some_and(|line| line >= 3), "{torn}");
    assert_eq!(check(json!({})).await["ok"], json!(true), "the file as it is");
    assert_eq!(file(&house), before);
}

#[tokio::test]
async fn whoever_comes_second_is_told_who_was_first() {
    let house = House::new();
    let base = hash(&house).await;
    let first = json!({"raw": "{gateway: {port: 18790}}", "baseHash": base});
    let saved = house.call(&admin(), "config.patch", first).await.unwrap();
    let second = json!({"raw": "{logging: {level: 'debug'}}", "baseHash": base});
    let refused = house.call(&admin(), "config.patch", second.clone()).await.unwrap_err();
    assert_eq!(refused.message, "config changed since last load; re-run config.get and retry");
    let details = refused.details.unwrap();
    assert_eq!((&details["code"], &details["hash"]), (&json!("CONFIG_CHANGED"), &saved["hash"]));
    let last = &details["lastChange"];
    assert_eq!((&last["id"], &last["origin"]), (&saved["change"], &json!("config.patch")));
    assert_eq!(last["changedPaths"], json!(["gateway.port"]));
    let checked = house.call(&admin(), "config.check", second).await.unwrap();
    assert_eq!(checked["conflict"]["lastChange"], *last);

    // After an edit by hand nobody is named.
    let text = file(&house).replace("// mine", "// still mine");
    std::fs::write(&house.core.paths.config_path, text).unwrap();
    let stale = json!({"raw": "{}", "baseHash": saved["hash"]});
    let details = house.call(&admin(), "config.set", stale).await.unwrap_err().details.unwrap();
    assert_eq!((details["hash"].is_string(), details.get("lastChange")), (true, None));
}

#[tokio::test]
async fn a_change_is_shown_and_taken_back_to_the_byte() {
    let house = House::new();
    let before = file(&house);
    let params = json!({"raw": "{gateway: {port: 18790}}", "baseHash": hash(&house).await});
    let saved = house.call(&admin(), "config.patch", params).await.unwrap();
    let change = saved["change"].as_u64().unwrap();

    let history = house.call(&admin(), "config.history", json!({"change": change})).await.unwrap();
    let row = &history["changes"][0];
    assert_eq!((&row["id"], &row["origin"]), (&json!(change), &json!("config.patch")));
    assert_eq!((&row["undoable"], &row["undone"]), (&json!(true), &json!(false)));
    let shown = &history["shown"];
    assert!(shown["lines"].to_string().contains("18790"), "{shown}");
    assert!(shown["before"].as_str().unwrap().contains("// mine"));
    assert!(shown["after"].as_str().unwrap().contains("18790"));
    assert!(!history.to_string().contains(TOKEN), "{history}");

    let dry = house.call(&admin(), "config.undo", json!({"dryRun": true})).await.unwrap();
    assert_eq!((&dry["undone"], dry.get("change")), (&json!(change), None));
    assert!(dry["lines"].to_string().contains("18790") && file(&house) != before);
    let undone = house.call(&admin(), "config.undo", json!({"change": change})).await.unwrap();
    assert_eq!((&undone["undone"], file(&house)), (&json!(change), before));
    let again = undone["change"].as_u64().unwrap();
    let history = house.call(&admin(), "config.history", json!({})).await.unwrap();
    let rows = history["changes"].as_array().unwrap();
    assert_eq!((&rows[0]["id"], &rows[0]["undoes"]), (&json!(again), &json!(change)));
    assert_eq!((&rows[1]["undone"], &rows[1]["undoable"]), (&json!(true), &json!(false)));
    house.call(&admin(), "config.undo", json!({"change": again})).await.unwrap();
    assert_eq!(house.config()["gateway"]["port"], json!(18790));

    // What came later is not taken back along with it.
    let params = json!({"raw": "{logging: {level: 'debug'}}", "baseHash": hash(&house).await});
    house.call(&owner(Dialect::V4), "config.patch", params).await.unwrap();
    let refused = house.call(&admin(), "config.undo", json!({"change": change})).await.unwrap_err();
    let details = refused.details.unwrap();
    assert_eq!(details["code"], json!("CONFIG_CHANGED_SINCE"));
    assert_eq!(details["later"].as_array().unwrap().len(), 3);
    assert!(!details.to_string().contains("config-history"), "{details}");
    assert!(house.call(&admin(), "config.undo", json!({"change": 99})).await.is_err());
}
