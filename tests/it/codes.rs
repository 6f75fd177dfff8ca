//! Claim codes and setup codes: single use, also in a race, and never more than they say.

use std::sync::Barrier;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openclaw_tests::wait::until;
use openclaw_tests::world::TOKEN;
use openclaw_tests::{Answer, Connect, Device, Dialect, Gateway, World};
use serde_json::{Value, json};

use crate::start::claim_code;

fn shown(gateway: &Gateway) -> String {
    until("the claim code", || claim_code(&gateway.stdout()))
}

#[test]
fn the_first_device_with_the_claim_code_becomes_the_operator() {
    for dialect in Dialect::BOTH {
        let world = World::fresh();
        let gateway = world.start();
        let code = shown(&gateway);
        let device = Device::new();
        let connect = Connect::cli(dialect).device(&device);
        let hello =
            gateway.dial_remote().open().connect(&connect.clone().auth("bootstrapToken", &code)).hello();
        let token = hello["auth"]["deviceToken"].as_str().unwrap().to_owned();
        let mut socket = gateway.dial_remote().open();
        socket.connect(&connect.auth("deviceToken", &token)).hello();
        socket.call("device.pair.list", json!({})).unwrap();
        socket.call("config.get", json!({})).unwrap();

        // Once only, and gone for good: also after a restart.
        let again = Connect::cli(dialect).device(&Device::new()).auth("bootstrapToken", &code);
        gateway.dial_remote().open().connect(&again).refused();
        gateway.stop();
        let gateway = world.start();
        gateway.dial_remote().open().connect(&again).refused();
        assert_eq!(claim_code(&gateway.stdout()), None, "{}", gateway.stdout());
        // Standard output is the only place where it ever stood.
        let tail = gateway.cli(&["logs", "--json"]).out;
        assert!(!tail.contains(&code), "{tail}");
    }
}

#[test]
fn a_claim_code_typed_where_a_token_belongs_is_recognised() {
    let world = World::fresh();
    let gateway = world.start();
    let code = shown(&gateway);
    let sloppy = format!(" {} ", code.to_lowercase().replace('-', ""));
    let connect = Connect::cli(Dialect::V4).device(&Device::new()).token(&sloppy);
    gateway.dial_remote().open().connect(&connect).hello();
}

#[test]
fn guessing_claim_codes_is_stopped_after_five_tries() {
    let world = World::fresh();
    let gateway = world.start();
    let code = shown(&gateway);
    let guess = |code: &str| {
        let connect = Connect::cli(Dialect::V4).device(&Device::new()).auth("bootstrapToken", code);
        gateway.dial_remote().open().connect(&connect)
    };
    for attempt in 0..5 {
        let (error, _) = guess(&format!("AAAA-AAA{attempt}")).refused();
        assert_eq!(error["details"]["code"], json!("AUTH_BOOTSTRAP_TOKEN_INVALID"), "{error}");
    }
    let (error, _) = guess(&code).refused();
    assert_eq!(error["details"]["code"], json!("AUTH_RATE_LIMITED"), "{error}");
}

#[test]
fn a_state_that_had_an_operator_shows_no_claim_code() {
    let world = World::new();
    let gateway = world.start();
    gateway.operator(Dialect::V4).close();
    gateway.stop();
    let gateway = world.start();
    assert_eq!(claim_code(&gateway.stdout()), None);
}

/// What a setup code holds.
fn open(code: &str) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(code.trim()).unwrap()).unwrap()
}

/// Makes a setup code and returns its bootstrap token.
fn setup_code(gateway: &Gateway) -> String {
    let said =
        gateway.cli(&["qr", "--limited", "--setup-code-only", "--url", "wss://gateway.example.com"]).ok();
    let content = open(&said.out);
    assert!(!said.out.contains(TOKEN) && !content.to_string().contains(TOKEN), "{content}");
    content["bootstrapToken"].as_str().unwrap().to_owned()
}

#[test]
fn a_setup_code_admits_one_device_and_one_only() {
    for dialect in Dialect::BOTH {
        // A gateway each: the losers are wrong codes, and those of one address are counted.
        let world = World::new();
        let gateway = world.start();
        let token = setup_code(&gateway);
        let runners = 12;
        let barrier = Barrier::new(runners);
        let admitted: usize = std::thread::scope(|scope| {
            let race = |_| {
                scope.spawn(|| {
                    let connect = Connect::app_node(dialect, "ios")
                        .device(&Device::new())
                        .auth("bootstrapToken", &token);
                    let mut socket = gateway.dial_remote().open();
                    barrier.wait();
                    matches!(socket.connect(&connect), Answer::Hello(_))
                })
            };
            let all: Vec<_> = (0..runners).map(race).collect();
            all.into_iter().map(|runner| usize::from(runner.join().unwrap())).sum()
        });
        assert_eq!(admitted, 1, "{dialect:?}");
    }
}

#[test]
fn a_setup_code_grants_no_more_than_it_holds() {
    let world = World::new();
    let gateway = world.start();
    let token = setup_code(&gateway);
    let greedy = Connect::app(Dialect::V4, "ios").scopes(&["admin"]).device(&Device::new());
    gateway.dial_remote().open().connect(&greedy.auth("bootstrapToken", &token)).refused();
}

#[test]
fn a_qr_code_is_drawn_in_the_terminal() {
    let world = World::new();
    let gateway = world.start();
    let said = gateway.cli(&["qr", "--url", "wss://gateway.example.com"]).ok();
    assert!(said.out.chars().filter(|character| "█▀▄".contains(*character)).count() > 200, "{}", said.out);
    assert!(!said.out.contains(TOKEN));
}
