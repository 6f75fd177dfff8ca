//! How clients of each kind come in, and stay.

use openclaw_tests::wait::until;
use openclaw_tests::world::TOKEN;
use openclaw_tests::{Connect, Device, Dialect, Row, World, fix_of};
use serde_json::json;

use super::super::hostile::{dialled, dressed, harmless};
use super::{asked, listed, reader, waiting};

#[test]
fn g2_4_a_windows_node_gets_a_request_whatever_its_version() {
    let world = World::new();
    let gateway = world.start();
    for dialect in Dialect::BOTH {
        let device = Device::new();
        let node = dressed(Connect::node_host(dialect).token(TOKEN).device(&device))
            .client("platform", json!("win32"))
            .client("version", json!("2025.12.1"));
        let (error, request) = asked(&gateway, &node);
        Row::of("G2-4").says(&error).mends(&error);
        assert_eq!(waiting(&gateway, &request).unwrap()["deviceId"], json!(device.id()));
        let nodes = gateway.cli(&["gateway", "call", "node.pair.list", "--json"]).ok();
        assert!(nodes.out.contains(&request), "{nodes:?}");
        gateway.approve(&request);
        dialled(gateway.dial_remote()).open().connect(&node).hello();
    }
}

#[test]
fn g2_5_a_wrong_token_and_an_old_device_token_are_told_apart() {
    let world = World::new();
    let gateway = world.start();
    let device = Device::new();
    let old = gateway.pair_remote(&reader(&device));
    let own = || dressed(Connect::test(Dialect::V4).device(&device));
    let (wrong, _) = gateway.dial_remote().open().connect(&own().token("wrong")).refused();
    assert_eq!(wrong["details"]["help"]["cause"], json!("C-08"), "{wrong}");
    assert_eq!(wrong["details"]["canRetryWithDeviceToken"], json!(true), "{wrong}");
    gateway.cli(&["devices", "rotate", "--device", &device.id(), "--role", "operator"]).ok();
    let (stale, _) = gateway.dial_remote().open().connect(&own().auth("deviceToken", &old)).refused();
    assert_eq!(stale["details"]["help"]["cause"], json!("C-09"), "{stale}");
    Row::of("G2-5").says(&(&wrong, &stale)).mends(&(&wrong, &stale));
    // The stale one heals itself where the gateway's token is known.
    let hello = gateway.dial_remote().open().connect(&own().token(TOKEN)).hello();
    let new = hello["auth"]["deviceToken"].as_str().unwrap();
    gateway.dial_remote().open().connect(&own().auth("deviceToken", new)).hello();
}

#[test]
fn g2_13_an_address_alone_never_asks_for_approval() {
    let world = World::new().with(|config| config["gateway"]["trustedProxies"] = json!(["127.0.0.1"]));
    let gateway = world.start();
    let connect = reader(&Device::new());
    let from = |address: &str| gateway.dial().header("X-Forwarded-For", address).open();
    let (error, _) = from("203.0.113.9").connect(&connect).refused();
    gateway.approve(error["details"]["requestId"].as_str().unwrap());
    for address in ["203.0.113.9", "198.51.100.7", "2001:db8::7", "10.9.8.7"] {
        from(address).connect(&connect).hello();
    }
    let list = listed(&gateway);
    assert_eq!(list["pending"], json!([]), "{list}");
    Row::of("G2-13").says(&gateway.cli(&["devices", "list"]).ok());
}

#[test]
fn f_04_an_update_alone_never_asks_for_approval() {
    let world = World::new();
    let gateway = world.start();
    for (system, newer) in [("macos", "macOS 16.0"), ("ios", "iOS 19.2"), ("android", "Android 16 (SDK 36)")]
    {
        let device = Device::new();
        let app = || dressed(Connect::app(Dialect::V4, system).token(TOKEN).device(&device));
        gateway.pair_remote(&app());
        let updated = app()
            .client("version", json!("2027.1.0"))
            .client("platform", json!(newer))
            .client("modelIdentifier", json!("another model"));
        gateway.dial_remote().open().connect(&updated).hello();
    }
    assert_eq!(listed(&gateway)["pending"], json!([]));
    let log = until("the updated app in the log", || {
        std::fs::read_to_string(world.log_file()).ok().filter(|log| log.contains("2027.1.0"))
    });
    Row::of("F-04").says(&log);
}

#[test]
fn g5_9_a_mac_app_stops_going_round() {
    let world = World::new();
    let gateway = world.start();
    let device = Device::new();
    let app = dressed(Connect::app(Dialect::V4, "macos").token(TOKEN).device(&device));
    let (error, request) = asked(&gateway, &app);
    // Apps stop at a refusal that does not say to go on.
    assert!(
        error["details"]["pauseReconnect"] != json!(false) && error["retryable"] != json!(true),
        "{error}"
    );
    Row::of("G5-9").says(&error).mends(&error);
    // However often it tries, and as node too, there is one request.
    for _ in 0..4 {
        assert_eq!(asked(&gateway, &app).1, request);
    }
    gateway.approve(&request);
    gateway.dial_remote().open().connect(&app).hello();
}

#[test]
fn f_17_a_code_in_the_place_of_a_token_and_the_reverse() {
    let world = World::new();
    let gateway = world.start();
    let new = |connect: Connect| dressed(connect.device(&Device::new()));
    let knock = |connect: &Connect| dialled(gateway.dial_remote()).open().connect(connect);
    // A setup code where a token belongs is what it is, and works; one that is over says so.
    let made = world.sh("openclaw qr --setup-code-only --public-url wss://gateway.example.com").ok();
    let code = made.out.trim().to_owned();
    knock(&new(Connect::app(Dialect::V4, "ios").token(&code))).hello();
    let (again, _) = knock(&new(Connect::app(Dialect::V4, "ios").token(&code))).refused();
    // A token where a setup code belongs is told.
    let (token, _) = knock(&new(Connect::cli(Dialect::V4).auth("bootstrapToken", TOKEN))).refused();
    let both = (&again, &token);
    Row::of("F-17").says(&both).mends(&both);
    harmless(&world, &both);
    assert!(!token.to_string().contains(TOKEN) && !again.to_string().contains(&code));
    // In its right place it is the right one, and the device has to be approved only.
    let (error, _) = knock(&new(Connect::cli(Dialect::V4).token(TOKEN))).refused();
    assert_eq!(error["details"]["help"]["cause"], json!("C-01"), "{error}");
    let fresh =
        world.sh(&format!("{} --setup-code-only --public-url wss://g.example.com", fix_of(&token))).ok();
    knock(&new(Connect::app(Dialect::V4, "ios").token(fresh.out.trim()))).hello();
}
