use openclaw_pairing::{CallerAuthority, Mutation};
use openclaw_protocol::dialect::Dialect;
use openclaw_protocol::role::Role;
use openclaw_protocol::words::Words;
use serde_json::{Value, json};

use crate::rpc::testing::{DIALECTS, House, ask, by_token, keys, operator};

async fn list(house: &House, caller: &crate::router::Authority) -> Value {
    house.call(caller, "device.pair.list", json!({"detail": true})).await.unwrap()
}

fn page(n: u8, name: &str, scopes: &[&str]) -> openclaw_pairing::Ask {
    let mut ask = ask(n, Role::Operator, scopes);
    ask.client_id = Words::new("openclaw-control-ui");
    ask.display_name = Words::some(name);
    ask
}

#[tokio::test]
async fn only_who_asks_for_more_gets_more() {
    let house = House::new();
    house.pair(ask(1, Role::Operator, &["read"])).await;
    house.file(ask(2, Role::Operator, &["read"])).await;
    for dialect in DIALECTS {
        let caller = operator(dialect, &["admin"]);
        let plain = house.call(&caller, "device.pair.list", json!({})).await.unwrap();
        let more = list(&house, &caller).await;
        assert_eq!(keys(&plain), ["pending", "paired"]);
        assert_eq!(keys(&more), ["ts", "pending", "paired", "removed"]);
        for rows in ["pending", "paired"] {
            let (plain, more) = (keys(&plain[rows][0]), keys(&more[rows][0]));
            assert!(more.len() > plain.len() && plain.iter().all(|key| more.contains(key)), "{more:?}");
        }
    }
    let small = list(&house, &operator(Dialect::V4, &["pairing"])).await;
    assert!(small.get("removed").is_none(), "an undo is an admin's");
}

#[tokio::test]
async fn a_request_tells_what_is_asked_beyond_what_the_device_has() {
    let house = House::new();
    let caller = operator(Dialect::V4, &["admin"]);
    let device = house.pair(ask(1, Role::Operator, &["read"])).await;
    let request = house.file(ask(1, Role::Operator, &["read", "write"])).await;
    let row = &list(&house, &caller).await["pending"][0];
    assert_eq!((&row["reason"], &row["kind"]), (&json!("scope-upgrade"), &json!("scope-upgrade")));
    assert_eq!(row["approvedRoles"], json!(["operator"]));
    assert_eq!(row["approvedScopes"], json!(["operator.read"]));
    assert_eq!(row["newScopes"], json!(["operator.write"]));
    assert_eq!(row["expiresAtMs"], json!(request.expires_at()));
    assert_eq!(row["sameAs"], json!([]));
    assert!(row.get("withheldAtMs").is_none() && row.get("changes").is_none(), "{row}");

    // What is shown is what is approved, and less than asked for is withheld.
    let params = json!({"requestId": request.id, "shown": row["shown"], "scopes": []});
    let answer = house.call(&caller, "device.pair.approve", params).await.unwrap();
    assert_eq!(answer["withheld"], json!(["operator.write"]));
    let decided = house.core.now();
    house.pass(1_000);
    let again = house.file(ask(1, Role::Operator, &["read", "write"])).await;
    let row = &list(&house, &caller).await["pending"][0];
    assert_eq!((&row["requestId"], &row["withheldAtMs"]), (&json!(again.id), &json!(decided)));
    let params = json!({"requestId": again.id, "scopes": ["operator.read", "operator.admin"]});
    let refused = house.call(&caller, "device.pair.approve", params).await.unwrap_err();
    assert_eq!(refused.message, "the device does not ask for this: admin");
    let params = json!({"requestId": again.id, "scopes": ["operator.king"]});
    let refused = house.call(&caller, "device.pair.approve", params).await.unwrap_err();
    assert_eq!(refused.message, "unknown scope: operator.king");

    let mut moved = ask(1, Role::Operator, &["read"]);
    moved.platform = Some(Words::new("win32"));
    house.file(moved).await;
    let row = &list(&house, &caller).await["pending"][0];
    assert_eq!(row["reason"], json!("metadata-upgrade"));
    assert_eq!(row["changes"], json!([{"field": "platform", "old": "linux", "new": "win32"}]));
    let device = house.core.store.snapshot().device(&device).cloned().unwrap();
    assert_eq!(device.all_scopes().to_strings(), ["operator.read"]);
}

#[tokio::test]
async fn a_cleared_browser_is_recognised_and_takes_the_place_of_the_old_record() {
    let house = House::new();
    let caller = operator(Dialect::V4, &["admin"]);
    let old = house.pair(page(1, "Firefox on Linux", &["read"])).await;
    house.pass(1_000);
    let mut elsewhere = page(2, "Firefox on Linux", &["admin"]);
    elsewhere.remote_ip = Some("203.0.113.77".parse().unwrap());
    let elsewhere = house.pair(elsewhere).await;
    house.pair(page(3, "Chrome on Linux", &["read"])).await;
    let request = house.file(page(4, "Firefox on Linux", &["read"])).await;
    let answer = list(&house, &caller).await;
    let same = answer["pending"][0]["sameAs"].as_array().unwrap();
    assert_eq!(keys(&same[0]), ["deviceId", "name", "lastSeenAtMs", "sameAddress", "scopes"]);
    let shown: Vec<_> =
        same.iter().map(|one| (one["deviceId"].clone(), one["sameAddress"].clone())).collect();
    assert_eq!(shown, [(json!(old), json!(true)), (json!(elsewhere), json!(false))]);
    // Who is here has its key.
    let connection = house.connect(by_token(Dialect::V4, &elsewhere, &["read"]));
    let answer = list(&house, &caller).await;
    assert_eq!(answer["pending"][0]["sameAs"].as_array().unwrap().len(), 1);
    let row = answer["paired"].as_array().unwrap().iter().find(|row| row["deviceId"] == json!(elsewhere));
    let row = row.unwrap();
    assert_eq!((&row["connected"], &row["connections"]), (&json!(true), &json!(1)));
    assert_eq!(row["connectedSinceMs"], json!(connection.since));
    // One that manages only itself learns of no other device.
    let own = list(&house, &by_token(Dialect::V4, &old, &["pairing"])).await;
    assert_eq!(own["pending"], json!([]));
    assert_eq!(own["paired"].as_array().unwrap().len(), 1);
    assert_eq!(own["paired"][0]["isSelf"], json!(true));

    let params = json!({"requestId": request.id, "replace": old});
    let answer = house.call(&caller, "device.pair.approve", params).await.unwrap();
    assert_eq!(answer["replaced"], json!(old));
    let answer = list(&house, &caller).await;
    assert_eq!(answer["removed"][0]["deviceId"], json!(old));
    assert_eq!(keys(&answer["removed"][0]), ["deviceId", "name", "removedAtMs", "undoUntilMs"]);
}

#[tokio::test]
async fn a_removal_and_a_name_are_taken_back() {
    let house = House::new();
    let caller = operator(Dialect::V4, &["admin"]);
    let device = house.pair(page(1, "Firefox", &["read"])).await;
    let call = |method: &'static str, params: Value| house.call(&caller, method, params);
    call("device.pair.rename", json!({"deviceId": device, "label": "Kitchen"})).await.unwrap();
    let row = &list(&house, &caller).await["paired"][0];
    assert_eq!((&row["name"], &row["label"]), (&json!("Kitchen"), &json!("Kitchen")));
    call("device.pair.undo", json!({"deviceId": device, "what": "name"})).await.unwrap();
    let row = &list(&house, &caller).await["paired"][0];
    assert_eq!((&row["name"], row.get("label")), (&json!("Firefox"), None));

    call("device.pair.remove", json!({"deviceId": device})).await.unwrap();
    let refused = call("device.pair.undo", json!({"deviceId": device})).await.unwrap_err();
    assert!(refused.message.contains("no paired device has this id"), "{refused:?}");
    let undo = json!({"deviceId": device, "what": "removal"});
    let small = operator(Dialect::V4, &["pairing"]);
    house.call(&small, "device.pair.undo", undo.clone()).await.unwrap_err();
    let answer = call("device.pair.undo", undo.clone()).await.unwrap();
    assert_eq!(answer, json!({"deviceId": device, "scopes": ["operator.read"]}));
    let refused = call("device.pair.undo", undo.clone()).await.unwrap_err();
    assert!(refused.message.starts_with("nothing is kept of this device"), "{refused:?}");
    call("device.pair.undo", json!({"deviceId": device, "what": "everything"})).await.unwrap_err();
}

#[tokio::test]
async fn an_edit_by_hand_is_shown_to_admins() {
    let house = House::new();
    let device = house.pair(ask(1, Role::Operator, &["read"])).await;
    let revision = house.core.store.snapshot().device(&device).unwrap().revision;
    let scopes = crate::rpc::testing::scopes(&["read", "write"]);
    let edit = Mutation::HandEdit { device: device.clone(), scopes, revision };
    house.core.store.apply(edit).await.unwrap();
    let row = &list(&house, &operator(Dialect::V4, &["admin"])).await["paired"][0];
    assert_eq!(row["handEdited"]["scopes"], json!(["operator.write"]));
    let row = &list(&house, &operator(Dialect::V4, &["pairing"])).await["paired"][0];
    assert!(row.get("handEdited").is_none(), "{row}");
    let undo = Mutation::UndoWidening { device, caller: CallerAuthority::owner() };
    house.core.store.apply(undo).await.unwrap();
}
