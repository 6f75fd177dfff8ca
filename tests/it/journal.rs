//! What is remembered of refusals: the journal and the log, each telling cause and cure once.

use std::fs;

use openclaw_tests::wait::until;
use openclaw_tests::world::TOKEN;
use openclaw_tests::{Connect, Device, Dialect, Gateway, World};
use serde_json::{Value, json};

fn journal(gateway: &Gateway) -> Vec<Value> {
    let said = gateway.cli(&["gateway", "call", "gateway.journal", "--json"]).ok();
    assert!(!said.out.contains(TOKEN) && !said.out.contains("a-wrong-secret"), "{said:?}");
    said.json()["entries"].as_array().unwrap().clone()
}

#[test]
fn the_journal_tells_who_was_refused_and_why() {
    let world = World::new();
    let gateway = world.start();
    let device = Device::new();
    let newcomer = Connect::test(Dialect::V4).token(TOKEN).device(&device);
    let (error, _) = gateway.dial_remote().open().connect(&newcomer).refused();
    let request = &error["details"]["requestId"];
    let wrong = Connect::cli(Dialect::V3).token("a-wrong-secret").device(&Device::new());
    gateway.dial_remote().header("X-Forwarded-For", "203.0.113.9").open().connect(&wrong).refused();
    let page = Connect::control_ui(Dialect::V4).token(TOKEN).device(&Device::new());
    gateway.dial_remote().web_origin("https://elsewhere.example.com").open().connect(&page).refused();

    let entries = journal(&gateway);
    assert_eq!(entries.len(), 3, "{entries:?}");
    let [origin, mismatch, pairing] = &entries[..] else { unreachable!() };
    assert_eq!(pairing["cause"], json!("C-01"), "{pairing}");
    assert_eq!(pairing["deviceId"], json!(device.id()));
    assert_eq!(pairing["requestId"], *request);
    assert_eq!(pairing["fix"], json!(format!("openclaw devices approve {}", request.as_str().unwrap())));
    assert_eq!(pairing["client"], json!("test/test 1.0.0 on linux"));
    assert_eq!(pairing["path"], json!("direct"));
    assert!(mismatch["message"].as_str().unwrap().contains("gateway token mismatch"), "{mismatch}");
    assert!(mismatch["path"].as_str().unwrap().contains("unlisted, with x-forwarded-for"), "{mismatch}");
    assert!(origin["message"].as_str().unwrap().contains("origin not allowed"), "{origin}");
    for entry in &entries {
        assert_eq!(entry["count"], json!(1), "{entry}");
        assert!(
            entry["ts"].is_u64() && entry["sentence"].is_string() && entry["connId"].is_string(),
            "{entry}"
        );
        assert!(entry["trace"].to_string().len() > 20, "the way of the decision is told: {entry}");
    }

    // Not for everybody: a reader is no judge of others.
    let mut reader = gateway.dial().open();
    reader.connect(&Connect::test(Dialect::V4).token(TOKEN).device(&Device::new())).hello();
    let error = reader.call("gateway.journal", json!({})).unwrap_err();
    assert_eq!(error["message"], json!("missing scope: operator.pairing"), "{error}");
}

#[test]
fn what_repeats_is_counted_and_not_repeated() {
    let world = World::new();
    let gateway = world.start();
    let device = Device::new();
    let attempts = 20;
    for _ in 0..attempts {
        let connect = Connect::test(Dialect::V4).token(TOKEN).device(&device);
        gateway.dial_remote().open().connect(&connect).refused();
    }
    let entries = journal(&gateway);
    assert_eq!(entries.len(), 1, "{entries:?}");
    assert_eq!(entries[0]["count"], json!(attempts));

    let told = |text: &str| text.lines().filter(|line| line.contains("closed before connect")).count();
    let log = until("the last count", || {
        fs::read_to_string(world.log_file()).ok().filter(|log| log.contains("×16 in 60 s"))
    });
    assert!((2..=5).contains(&told(&log)), "{} lines for {attempts} equal refusals:\n{log}", told(&log));
    until("the console", || gateway.printed().contains("×16 in 60 s").then_some(()));
    assert!(told(&gateway.printed()) <= 5, "{}", gateway.printed());
    // Another device is another story.
    let other = Connect::test(Dialect::V4).token(TOKEN).device(&Device::new());
    gateway.dial_remote().open().connect(&other).refused();
    assert_eq!(journal(&gateway).len(), 2);
}

#[test]
fn a_storm_of_refusals_fills_neither_journal_nor_log() {
    let world = World::new().with(|config| config["gateway"]["trustedProxies"] = json!(["127.0.0.1"]));
    let gateway = world.start();
    for number in 0..300 {
        let connect = Connect::test(Dialect::V4).token(TOKEN).device(&Device::new());
        let address = format!("203.0.113.{}", number % 250);
        gateway.dial().header("X-Forwarded-For", &address).open().connect(&connect).refused();
    }
    let said =
        gateway.cli(&["gateway", "call", "gateway.journal", "--json", "--params", "{\"limit\":1000}"]).ok();
    let entries = said.json()["entries"].as_array().unwrap().len();
    assert!(entries <= 256, "{entries} entries");
}
