use openclaw_protocol::dialect::Dialect;
use openclaw_protocol::role::Role;
use serde_json::{Value, json};

use crate::rpc::testing::{House, TOKEN, ask, by_token, operator, owner};

const REMOTE: &str = "203.0.113.9";

async fn explain(house: &House, described: Value) -> Value {
    house.call(&owner(Dialect::V4), "gateway.explain", described).await.unwrap()
}

/// Outcome and what it comes from, in one word each.
fn summary(answer: &Value) -> String {
    let text = |name: &str| answer[name].as_str().unwrap_or_default().to_owned();
    match answer["outcome"].as_str() {
        Some("admit") => format!("admit {}", text("how")),
        _ => format!("{} {}", text("outcome"), text("cause")),
    }
}

#[tokio::test]
async fn every_kind_of_peer_is_told_what_it_would_meet() {
    let house = House::new();
    let paired = house.pair(ask(1, Role::Operator, &["read"])).await;
    let waiting = house.file(ask(2, Role::Operator, &["read"])).await;
    for (described, expected) in [
        (json!({}), "admit silently"),
        (json!({"token": TOKEN}), "admit silently"),
        (json!({"uid": 4_000_000, "token": TOKEN}), "pair C-01"),
        (json!({"from": "owner-socket"}), "admit owner"),
        (json!({"from": REMOTE}), "refuse C-07"),
        (json!({"from": REMOTE, "token": "wrong"}), "refuse C-08"),
        (json!({"from": REMOTE, "token": "YOUR_TOKEN"}), "refuse C-08"),
        (json!({"from": REMOTE, "token": TOKEN}), "pair C-01"),
        (json!({"from": REMOTE, "gatewaySecret": true}), "pair C-01"),
        (
            json!({"from": REMOTE, "gatewaySecret": true, "client": "control-ui", "host": "192.168.1.10:18789", "device": "none"}),
            "refuse C-05",
        ),
        (
            json!({"from": REMOTE, "gatewaySecret": true, "client": "control-ui", "origin": "https://evil.example"}),
            "refuse C-14",
        ),
        (
            json!({"from": REMOTE, "gatewaySecret": true, "client": "control-ui", "host": "192.168.1.10:18789"}),
            "pair C-01",
        ),
        (json!({"from": REMOTE, "gatewaySecret": true, "protocol": 2}), "refuse C-16"),
        (json!({"from": REMOTE, "gatewaySecret": true, "role": "king"}), "refuse C-22"),
        (json!({"from": REMOTE, "gatewaySecret": true, "client": "nonsense/cli"}), "refuse C-22"),
        (json!({"from": REMOTE, "code": "ZZZZ-ZZZZ"}), "refuse C-27"),
        (json!({"from": REMOTE, "device": paired}), "admit paired"),
        (json!({"from": REMOTE, "device": &paired.as_str()[..6]}), "admit paired"),
        (json!({"from": REMOTE, "device": paired, "scopes": ["admin"]}), "refuse C-10"),
        (json!({"from": REMOTE, "device": paired, "scopes": ["admin"], "token": TOKEN}), "pair C-02"),
        (json!({"from": REMOTE, "device": paired, "client": "node", "token": TOKEN}), "pair C-03"),
        (json!({"from": REMOTE, "device": paired, "platform": "win32", "token": TOKEN}), "pair C-04"),
        (json!({"from": REMOTE, "device": paired, "deviceToken": "stale"}), "refuse C-09"),
        (json!({"from": REMOTE, "device": waiting.device_id, "gatewaySecret": true}), "pair C-01"),
        (json!({"client": "backend", "token": TOKEN}), "admit without-device"),
    ] {
        let answer = explain(&house, described.clone()).await;
        // On this machine without a token the mode decides, which is token.
        let expected = if described == json!({}) { "refuse C-07" } else { expected };
        assert_eq!(summary(&answer), expected, "{described} {answer:#}");
        assert!(!answer.to_string().contains(TOKEN) && !answer.to_string().contains("stale\""), "{answer}");
    }
    // A request that waits already is named, one that nobody has filed is a placeholder.
    let known = explain(&house, json!({"from": REMOTE, "device": waiting.device_id, "token": TOKEN})).await;
    assert_eq!(known["fix"], json!(format!("openclaw devices approve {}", waiting.id)));
    let new = explain(&house, json!({"from": REMOTE, "token": TOKEN})).await;
    assert_eq!(new["fix"], json!("openclaw devices approve <requestId>"));
}

#[tokio::test]
async fn nothing_comes_of_it() {
    let house = House::new();
    let before = house.core.store.snapshot();
    for _ in 0..50 {
        let wrong = explain(&house, json!({"from": REMOTE, "token": "wrong"})).await;
        assert_eq!((&wrong["cause"], &wrong["countsAsWrong"]), (&json!("C-08"), &json!(true)));
        explain(&house, json!({"from": REMOTE, "token": TOKEN})).await;
        explain(&house, json!({"token": TOKEN})).await;
        explain(&house, json!({"from": REMOTE, "code": "ZZZZ-ZZZZ"})).await;
    }
    let after = house.core.store.snapshot();
    assert!(std::sync::Arc::ptr_eq(&before, &after), "the device store was not touched");
    assert!(house.core.limiter().is_empty() && house.core.journal.entries(9).is_empty());
}

#[tokio::test]
async fn a_lock_out_and_a_full_list_are_foreseen() {
    let house = House::new();
    for number in 0..16 {
        house.file(ask(10 + number, Role::Operator, &["read"])).await;
    }
    let full = explain(&house, json!({"from": REMOTE, "token": TOKEN})).await;
    assert_eq!(summary(&full), "refuse C-21");
    let elsewhere = explain(&house, json!({"from": "203.0.113.10", "token": TOKEN})).await;
    assert_eq!(summary(&elsewhere), "pair C-01");
    use openclaw_admission::limiter::{CredentialClass, LimitKey, Who};
    let who = Who::Address(REMOTE.parse().unwrap());
    for _ in 0..10 {
        let key = LimitKey { class: CredentialClass::Shared, who: who.clone() };
        house.core.limiter().count_failure(&key, house.core.now());
    }
    let locked = explain(&house, json!({"from": REMOTE, "token": TOKEN})).await;
    assert_eq!(summary(&locked), "refuse C-13");
}

#[tokio::test]
async fn proxies_and_headers_are_seen_as_the_door_sees_them() {
    let house = House::with_config(&format!(
        "{{ gateway: {{ mode: 'local', auth: {{ mode: 'token', token: '{TOKEN}' }}, trustedProxies: ['10.0.0.1'] }} }}"
    ));
    let forwarded = ["X-Forwarded-For: 203.0.113.9"];
    let unlisted =
        explain(&house, json!({"from": "192.168.1.4", "headers": forwarded, "token": TOKEN})).await;
    assert_eq!(
        unlisted["unlistedProxy"],
        json!({"address": "192.168.1.4", "headers": ["x-forwarded-for"], "offered": false, "listed": ["10.0.0.1"]})
    );
    // A stranger's address is in the sentence, and in no command.
    let help = &unlisted["proxyHelp"];
    assert!(help["sentence"].as_str().unwrap().contains("a proxy at 192.168.1.4"), "{help}");
    assert!(help["fix"].as_str().is_some_and(|fix| fix.contains("10.0.0.1") && !fix.contains("192.168.1.4")));
    let listed = explain(&house, json!({"from": "10.0.0.1", "headers": forwarded, "token": TOKEN})).await;
    assert_eq!(listed.get("unlistedProxy").or(listed.get("proxyHelp")), None);
    assert!(listed["trace"][0]["saw"].as_str().unwrap().contains("203.0.113.9"), "{listed}");
    let local =
        explain(&house, json!({"headers": ["Host: gw.example.com", "Accept: x"], "token": TOKEN})).await;
    assert_eq!((summary(&local), &local["local"]), ("pair C-01".to_owned(), &json!(false)));
    assert_eq!(
        local["peer"]["headers"],
        json!(["host: gw.example.com"]),
        "what no decision looks at is left out"
    );
}

#[tokio::test]
async fn what_does_not_fit_is_said() {
    let house = House::new();
    for (described, why) in [
        (json!({"from": "somewhere"}), "at /from"),
        (json!({"headers": ["no colon"]}), "at /headers"),
        (json!({"headers": ["Bad Name: x"]}), "at /headers"),
        (json!({"client": "browser"}), "at /client: one of cli, control-ui"),
        (json!({"device": "0123456789"}), "no device 0123456789 is known"),
        (json!({"whatever": 1}), "whatever"),
    ] {
        let error = house.call(&owner(Dialect::V4), "gateway.explain", described.clone()).await.unwrap_err();
        assert!(error.message.contains(why), "{described}: {}", error.message);
    }
}

#[tokio::test]
async fn others_learn_only_what_is_theirs_and_cannot_try_secrets_without_end() {
    let house = House::new();
    let own = house.pair(ask(1, Role::Operator, &["pairing"])).await;
    let other = house.pair(ask(2, Role::Operator, &["read"])).await;
    let caller = by_token(Dialect::V4, &own, &["pairing"]);
    for foreign in [other.as_str(), "0000", &own.as_str()[..8]] {
        let error = house.call(&caller, "gateway.explain", json!({"device": foreign})).await.unwrap_err();
        assert_eq!(error.message, "missing scope: operator.admin", "{foreign}");
    }
    for described in [json!({"device": own}), json!({"device": "new"}), json!({})] {
        house.call(&caller, "gateway.explain", described).await.unwrap();
    }
    // To compare is to try.
    let tries = |number: u32| json!({"from": REMOTE, "password": format!("guess-{number}")});
    let guest = operator(Dialect::V4, &["pairing"]);
    let error = house.call(&guest, "gateway.explain", tries(0)).await.unwrap_err();
    assert_eq!(error.message, "missing scope: operator.admin");
    house.call(&guest, "gateway.explain", json!({"from": REMOTE, "gatewaySecret": true})).await.unwrap();
    let admin = operator(Dialect::V4, &["admin"]);
    let mut answered = 0;
    for number in 0..200 {
        answered += u32::from(house.call(&admin, "gateway.explain", tries(number)).await.is_ok());
    }
    assert!((1..=30).contains(&answered), "{answered}");
}

#[tokio::test]
async fn what_would_be_next_is_told_to_the_end() {
    let house = House::new();
    for (described, ahead) in [
        (
            json!({"from": REMOTE, "client": "control-ui", "device": "none", "origin": "https://evil.example"}),
            json!(["C-05", "C-07", "C-01"]),
        ),
        (json!({"from": REMOTE, "token": "wrong"}), json!(["C-01"])),
        (json!({"from": REMOTE, "protocol": 2}), json!(["C-07", "C-01"])),
        (json!({"from": REMOTE, "code": "ZZZZ-ZZZZ"}), json!(["C-01"])),
        (json!({"token": "wrong"}), json!([])),
        (json!({"from": REMOTE, "token": TOKEN}), json!([])),
    ] {
        let answer = explain(&house, described.clone()).await;
        assert_eq!(answer["ahead"], ahead, "{described} {answer:#}");
        if ahead != json!([]) {
            assert!(answer["sentence"].as_str().unwrap().contains(" After that, "), "{answer}");
        }
    }
}
