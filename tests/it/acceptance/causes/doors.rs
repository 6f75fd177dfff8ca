//! C-14, C-17 and C-21: pages from elsewhere, calls without the scope, and a full waiting list.

use openclaw_tests::acceptance::fix_of;
use openclaw_tests::wait::until;
use openclaw_tests::world::TOKEN;
use openclaw_tests::{Connect, Device, Dialect, Row, World};
use serde_json::json;

use super::super::hostile::{self, dressed, harmless};
use super::super::stand::everywhere;
use super::refused_at;

#[test]
fn c_14_page_origin_refused() {
    for stand in everywhere() {
        let gateway = stand.world.start();
        let device = Device::new();
        let connect = || dressed(Connect::control_ui(Dialect::V4).token(TOKEN).device(&device));
        // A page whose address is a command is refused too, and none of it gets into the command.
        let (error, _) = stand.dial().web_origin(hostile::ORIGIN).open().connect(&connect()).refused();
        assert!(!fix_of(&error).contains("pwned") && !fix_of(&error).contains("$("), "{error}");

        let dial = || stand.dial().web_origin("https://Claw.Example.com:8443");
        let (error, _) = refused_at(dial(), &stand, &gateway, &connect(), "C-14");
        let said = stand.world.run_fix(&error).ok();
        harmless(&stand.world, &said);
        let error = until("the new origin", || {
            let (error, _) = dial().open().connect(&connect()).refused();
            (error["details"]["help"]["cause"] == json!("C-01")).then_some(error)
        });
        stand.world.run_fix(&json!({"fix": format!("{} --no-wait", fix_of(&error))})).ok();
        dial().open().connect(&connect()).hello();
    }
}

#[test]
fn c_17_missing_scope_on_a_call() {
    for stand in everywhere() {
        let gateway = stand.world.start();
        let device = Device::new();
        let connect = || dressed(Connect::test(Dialect::V4).token(TOKEN).device(&device));
        let (error, _) = stand.dial().open().connect(&connect()).refused();
        gateway.approve(error["details"]["requestId"].as_str().unwrap());
        let mut socket = stand.dial().open();
        socket.connect(&connect()).hello();
        // The device has asked for more before, and the request waits.
        let wider = || connect().scopes(&["read", "pairing"]);
        stand.dial().open().connect(&wider()).refused();
        let error = socket.call("device.pair.list", json!({})).unwrap_err();
        Row::of("C-17").says(&error).mends(&error);
        harmless(&stand.world, &error);
        stand.world.run_fix(&json!({"fix": format!("{} --no-wait", fix_of(&error))})).ok();
        let mut socket = stand.dial().open();
        socket.connect(&wider()).hello();
        socket.call("device.pair.list", json!({})).unwrap();
    }
}

#[test]
fn c_21_too_many_devices_are_waiting() {
    let world = World::new();
    let gateway = world.start();
    let ask = || {
        let connect = dressed(Connect::test(Dialect::V4).token(TOKEN).device(&Device::new()));
        hostile::dialled(gateway.dial_remote()).open().connect(&connect).refused()
    };
    for _ in 0..16 {
        let (error, _) = ask();
        assert_eq!(error["details"]["help"]["cause"], json!("C-01"), "{error}");
    }
    let (error, close) = ask();
    assert!(error["retryAfterMs"].as_u64().is_some() && error["details"]["requestId"].is_null(), "{error}");
    let line = super::logged(&gateway, "C-21");
    Row::of("C-21").says(&(&error, &close)).says(&line).mends(&error).mends(&line);
    let list = world.run_fix(&error).ok();
    harmless(&world, &(&error, &list));
    // The list says what to do about the crowd; then there is room.
    assert!(list.out.starts_with("16 requests are waiting."), "{list:?}");
    world.sh("openclaw devices clear --pending --yes").ok();
    let (error, _) = ask();
    assert_eq!(error["details"]["help"]["cause"], json!("C-01"), "{error}");
}
