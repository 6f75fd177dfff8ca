use openclaw_protocol::dialect::Dialect;
use openclaw_protocol::role::Role;
use openclaw_protocol::words::Words;
use serde_json::json;

use crate::rpc::testing::{DIALECTS, House, ask, keys, node, operator, owner};

/// Key orders of real listings (handshake captures 3-pairing of both generations).
const PENDING: [&str; 13] = [
    "requestId",
    "deviceId",
    "publicKey",
    "platform",
    "clientId",
    "clientMode",
    "role",
    "roles",
    "scopes",
    "remoteIp",
    "silent",
    "isRepair",
    "ts",
];
const PAIRED_V3: [&str; 12] = [
    "deviceId",
    "publicKey",
    "platform",
    "clientId",
    "clientMode",
    "role",
    "roles",
    "scopes",
    "remoteIp",
    "createdAtMs",
    "approvedAtMs",
    "tokens",
];
const APPROVED_V4: [&str; 13] = [
    "deviceId",
    "publicKey",
    "platform",
    "clientId",
    "clientMode",
    "role",
    "roles",
    "scopes",
    "remoteIp",
    "approvedVia",
    "createdAtMs",
    "approvedAtMs",
    "tokens",
];

#[tokio::test]
async fn listings_have_the_keys_of_the_captures() {
    for dialect in DIALECTS {
        let house = House::new();
        house.file(ask(1, Role::Operator, &["read"])).await;
        let request = house.file(ask(2, Role::Operator, &["admin"])).await;
        let caller = operator(dialect, &["admin"]);
        let answer =
            house.call(&caller, "device.pair.approve", json!({"requestId": request.id})).await.unwrap();
        assert_eq!(keys(&answer), ["requestId", "device"]);
        let approved: &[&str] = if dialect == Dialect::V4 { &APPROVED_V4 } else { &PAIRED_V3 };
        assert_eq!(keys(&answer["device"]), approved);
        assert_eq!(keys(&answer["device"]["tokens"][0]), ["role", "scopes", "createdAtMs"]);

        let list = house.call(&caller, "device.pair.list", json!({})).await.unwrap();
        assert_eq!(keys(&list), ["pending", "paired"]);
        assert_eq!(keys(&list["pending"][0]), PENDING);
        let mut paired = approved.to_vec();
        if dialect == Dialect::V4 {
            paired.insert(paired.len() - 1, "connected");
        }
        assert_eq!(keys(&list["paired"][0]), paired);

        // The owner sees why it waits, and what an approval can insist on.
        let mine = house.call(&owner(dialect), "device.pair.list", json!({})).await.unwrap();
        assert_eq!(mine["pending"][0]["kind"], json!("new-pairing"));
        assert_eq!(mine["pending"][0]["shown"].as_str().unwrap().len(), 16);
    }
}

#[tokio::test]
async fn nodes_show_what_they_declare_and_may_use_nothing_of_it() {
    let house = House::new();
    let mut asks = ask(3, Role::Node, &[]);
    asks.client_id = Words::new("node-host");
    asks.client_mode = Words::new("node");
    let waiting = house.file(asks.clone()).await;
    for dialect in DIALECTS {
        let caller = operator(dialect, &["admin"]);
        let list = house.call(&caller, "node.pair.list", json!({})).await.unwrap();
        assert_eq!(list["pending"][0]["requestId"], json!(waiting.id));
        assert_eq!(list["pending"][0].get("requiredApproveScopes").is_some(), dialect == Dialect::V4);
    }
    let caller = operator(Dialect::V4, &["admin"]);
    let helper = operator(Dialect::V4, &["pairing", "write"]);
    let error = house.call(&helper, "node.pair.approve", json!({"requestId": waiting.id})).await.unwrap_err();
    assert_eq!(error.message, "device pairing approval denied");
    let approved = house.call(&caller, "node.pair.approve", json!({"requestId": waiting.id})).await.unwrap();
    assert_eq!(keys(&approved), ["requestId", "node"]);
    assert_eq!(approved["node"]["nodeId"], json!(asks.device_id));

    house.connect(node(Dialect::V4, &asks.device_id));
    let v4 = house.call(&caller, "node.list", json!({})).await.unwrap();
    let row = &v4["nodes"][0];
    assert_eq!((&row["caps"], &row["commands"]), (&json!([]), &json!([])));
    assert_eq!(row["approvalState"], json!("pending-approval"));
    assert_eq!(row["pendingDeclaredCommands"], json!(["system.run"]));
    assert_eq!((&row["connected"], &row["paired"]), (&json!(true), &json!(true)));
    let v3 = house.call(&operator(Dialect::V3, &["read"]), "node.list", json!({})).await.unwrap();
    assert_eq!(
        keys(&v3["nodes"][0]),
        [
            "nodeId",
            "platform",
            "version",
            "remoteIp",
            "caps",
            "commands",
            "connectedAtMs",
            "approvedAtMs",
            "paired",
            "connected"
        ]
    );
    let described = house.call(&caller, "node.describe", json!({"nodeId": asks.device_id})).await.unwrap();
    assert_eq!(described["nodeId"], json!(asks.device_id));
    for (method, key) in [("node.describe", "nodeId"), ("node.pair.remove", "nodeId")] {
        let error = house.call(&caller, method, json!({key: "nobody"})).await.unwrap_err();
        assert_eq!(error.message, "unknown nodeId");
    }
    // A surface has no request; asking to approve the node itself says so.
    let error =
        house.call(&caller, "node.pair.approve", json!({"requestId": asks.device_id})).await.unwrap_err();
    assert!(error.message.contains("not part of this version yet"), "{}", error.message);
    let renamed =
        house.call(&caller, "node.rename", json!({"nodeId": asks.device_id, "displayName": " Shed "})).await;
    assert_eq!(renamed.unwrap()["displayName"], json!("Shed"));
    assert_eq!(
        house.call(&caller, "node.pair.remove", json!({"nodeId": asks.device_id})).await.unwrap(),
        json!({"nodeId": asks.device_id})
    );
    assert_eq!(house.call(&caller, "node.list", json!({})).await.unwrap()["nodes"], json!([]));
}

#[tokio::test]
async fn old_ways_of_pairing_nodes_tell_the_truth() {
    let house = House::new();
    let asks = ask(4, Role::Node, &[]);
    let caller = operator(Dialect::V3, &["admin"]);
    let wish = json!({"nodeId": asks.device_id, "displayName": "x", "silent": true, "permissions": {"camera": true}});
    let error = house.call(&caller, "node.pair.request", wish.clone()).await.unwrap_err();
    assert!(error.message.contains("connecting with its device key"), "{}", error.message);
    house.file(asks.clone()).await;
    let answer = house.call(&caller, "node.pair.request", wish).await.unwrap();
    assert_eq!((&answer["status"], &answer["created"]), (&json!("pending"), &json!(false)));
    let device = house.pair(ask(5, Role::Node, &[])).await;
    let token =
        house.core.tokens().issue(house.core.store.snapshot().device(&device).unwrap(), Role::Node).unwrap();
    for (token, right) in [(token.expose(), true), ("wrong", false)] {
        let answer =
            house.call(&caller, "node.pair.verify", json!({"nodeId": device, "token": token})).await.unwrap();
        assert_eq!(answer["ok"], json!(right));
        assert_eq!(answer.get("node").is_some(), right);
    }
}

#[tokio::test]
async fn who_manages_only_itself_sees_only_itself() {
    let house = House::new();
    let own = house.pair(ask(1, Role::Operator, &["pairing"])).await;
    house.pair(ask(2, Role::Operator, &["read"])).await;
    house.file(ask(3, Role::Operator, &["read"])).await;
    for dialect in DIALECTS {
        let caller = crate::rpc::testing::by_token(dialect, &own, &["pairing"]);
        let list = house.call(&caller, "device.pair.list", json!({})).await.unwrap();
        assert_eq!(list["pending"], json!([]));
        assert_eq!(list["paired"].as_array().unwrap().len(), 1);
        assert_eq!(list["paired"][0]["deviceId"], json!(own));
    }
}
