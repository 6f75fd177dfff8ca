//! C-07 to C-09, C-11, C-13: tokens and passwords.

use openclaw_tests::wait::until;
use openclaw_tests::world::{Said, TOKEN};
use openclaw_tests::{Answer, Connect, Device, Dialect, Row, World};
use serde_json::json;

use super::super::hostile::{dressed, harmless};
use super::super::stand::{Stand, everywhere};
use super::refused;

/// A token that is none, and would be a command.
const WRONG: &str = "wrong$(touch pwned)`touch pwned`;touch pwned\u{1b}[2J";

/// The token that a command showed on its terminal.
fn shown(said: &Said) -> String {
    let is_token = |line: &&str| line.len() >= 32 && line.bytes().all(|byte| byte.is_ascii_hexdigit());
    said.out
        .lines()
        .map(str::trim)
        .find(is_token)
        .unwrap_or_else(|| panic!("no token in {said:?}"))
        .to_owned()
}

/// Shows the token as the refusal says, uses it, and is approved then like every new device.
fn in_with_the_token_shown(id: &str, dialect: Dialect, connect: impl Fn() -> Connect) {
    for stand in everywhere() {
        let gateway = stand.world.start();
        let (error, _) = refused(&stand, &gateway, &connect(), id);
        // A pipe may be a log: there the command says how to see it.
        let piped = stand.world.run_fix(&error);
        assert!(!piped.all().contains(TOKEN), "{piped:?}");
        let told = stand.world.run_fix_at_terminal(&error).ok();
        harmless(&stand.world, &told);
        let right = connect().token(&shown(&told));
        let (error, _) = stand.dial().open().connect(&right).refused();
        assert_eq!(error["details"]["help"]["cause"], json!("C-01"), "{error}");
        let (_, hello, _gateway) = stand.mend(gateway, &error, &right);
        assert_eq!(hello["protocol"], json!(dialect.protocol()));
    }
}

#[test]
fn c_07_token_missing() {
    let device = Device::new();
    in_with_the_token_shown("C-07", Dialect::V4, || dressed(Connect::cli(Dialect::V4).device(&device)));
}

#[test]
fn c_08_token_differs() {
    let device = Device::new();
    in_with_the_token_shown("C-08", Dialect::V3, || {
        dressed(Connect::cli(Dialect::V3).token(WRONG).device(&device))
    });
}

#[test]
fn c_09_cached_device_token_stale() {
    for stand in everywhere() {
        let gateway = stand.world.start();
        let device = Device::new();
        let connect = || dressed(Connect::test(Dialect::V4).device(&device));
        let (error, _) = stand.dial().open().connect(&connect().token(TOKEN)).refused();
        gateway.approve(error["details"]["requestId"].as_str().unwrap());
        let hello = stand.dial().open().connect(&connect().token(TOKEN)).hello();
        let old = hello["auth"]["deviceToken"].as_str().unwrap().to_owned();
        gateway.cli(&["devices", "rotate", "--device", &device.id(), "--role", "operator"]).ok();

        let (error, _) = refused(&stand, &gateway, &connect().auth("deviceToken", &old), "C-09");
        let said = stand.world.run_fix(&error).ok();
        harmless(&stand.world, &said);
        // With the gateway's token the device gets the new one by itself, and needs nobody from then on.
        let hello = stand.dial().open().connect(&connect().token(TOKEN)).hello();
        let new = hello["auth"]["deviceToken"].as_str().unwrap();
        assert_ne!(new, old);
        stand.dial().open().connect(&connect().auth("deviceToken", new)).hello();
    }
}

#[test]
fn c_11_password_missing_or_different() {
    let with_password = |stand: &Stand| {
        stand.world.change_config(|config| {
            config["gateway"]["auth"] =
                json!({"mode": "password", "password": "correct horse battery staple"});
        });
    };
    for stand in everywhere() {
        with_password(&stand);
        let gateway = stand.world.start();
        let device = Device::new();
        let connect = || dressed(Connect::cli(Dialect::V4).device(&device));
        refused(&stand, &gateway, &connect(), "C-11");
        let (error, _) = refused(&stand, &gateway, &connect().auth("password", WRONG), "C-11");
        // The way out for those who would rather have a token. The gateway changes over while it runs.
        let said = stand.world.run_fix(&error).ok();
        harmless(&stand.world, &said);
        let told = until("a token", || {
            let told = stand.world.cli_at_terminal(&["gateway", "auth-token", "--show"]);
            (told.code == 0).then_some(told)
        });
        let right = connect().token(&shown(&told));
        let error = until("the change to tokens", || {
            let (error, _) = stand.dial().open().connect(&right).refused();
            (error["details"]["help"]["cause"] == json!("C-01")).then_some(error)
        });
        stand.mend(gateway, &error, &right);
    }
}

#[test]
fn c_13_locked_out() {
    let world = World::new().with(|config| {
        config["gateway"]["auth"]["rateLimit"] =
            json!({"maxAttempts": 3, "windowMs": 60000, "lockoutMs": 2000, "exemptLoopback": false});
        config["gateway"]["trustedProxies"] = json!(["127.0.0.1"]);
    });
    let gateway = world.start();
    let device = Device::new();
    let paired = gateway.pair_remote(&Connect::test(Dialect::V4).token(TOKEN).device(&device));
    let dial = || gateway.dial().header("X-Forwarded-For", "203.0.113.9");
    let wrong = || dressed(Connect::test(Dialect::V4).token(WRONG));
    for _ in 0..3 {
        dial().open().connect(&wrong()).refused();
    }
    let right = || dressed(Connect::test(Dialect::V4).token(TOKEN));
    let (error, close) = dial().open().connect(&right()).refused();
    let line = super::logged(&gateway, "C-13");
    Row::of("C-13").says(&(&error, &close)).says(&line).mends(&error).mends(&line);
    harmless(&world, &(&error, &line));
    assert!(error["details"]["help"]["fix"].is_null() && error["retryAfterMs"].as_u64().is_some(), "{error}");
    // The owner and a paired device with its own token are let in meanwhile; then everybody is again.
    gateway.cli(&["devices", "list"]).ok();
    let own = Connect::test(Dialect::V4).auth("deviceToken", &paired).device(&device);
    dial().open().connect(&own).hello();
    until("the end of the lock-out", || match dial().open().connect(&right()) {
        Answer::Hello(_) => Some(()),
        Answer::Refused { .. } => None,
    });
}
