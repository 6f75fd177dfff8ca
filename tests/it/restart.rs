//! Restarting in place: the same process, the same sockets, the same devices, perhaps another program.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use openclaw_tests::wait::until;
use openclaw_tests::world::TOKEN;
use openclaw_tests::{Connect, Device, Dialect, Gateway, World, place};
use rustix::process::Signal;
use serde_json::{Value, json};

fn boot(hello: &Value) -> Value {
    hello["server"]["bootId"].clone()
}

/// Restarts and returns when every old connection has been told.
fn restart(gateway: &Gateway) {
    let mut socket = gateway.operator(Dialect::V4);
    gateway.signal(Signal::USR2);
    assert_eq!(socket.event("shutdown")["payload"]["reason"], json!("gateway restarting"));
    assert_eq!(socket.closed().code, 1012);
}

#[test]
fn whoever_knocks_during_a_restart_waits_and_is_served() {
    let world = World::new();
    let gateway = world.start();
    let device = Device::new();
    let connect = Connect::test(Dialect::V4).token(TOKEN).device(&device);
    let before = boot(&gateway.dial().open().connect(&connect).hello());
    let pid = gateway.pid();
    for _ in 0..3 {
        restart(&gateway);
        // Each of these comes when nobody accepts, or just somebody does. None is refused, none is cut off.
        let after = std::thread::scope(|scope| {
            let knocking = |_| scope.spawn(|| boot(&gateway.dial().open().connect(&connect).hello()));
            let all: Vec<_> = (0..12).map(knocking).collect();
            all.into_iter().map(|one| one.join().unwrap()).collect::<Vec<_>>()
        });
        assert!(after.iter().all(|boot| *boot == after[0] && *boot != before), "{before} {after:?}");
    }
    assert_eq!(gateway.pid(), pid);
    gateway.cli(&["devices", "list"]).ok();
    gateway.stop();
}

/// The file that a process runs.
fn running(gateway: &Gateway) -> (u64, u64) {
    let metadata = fs::metadata(format!("/proc/{}/exe", gateway.pid())).unwrap();
    (metadata.dev(), metadata.ino())
}

fn file(path: &Path) -> (u64, u64) {
    let metadata = fs::metadata(path).unwrap();
    (metadata.dev(), metadata.ino())
}

/// Puts another build in place as package managers do: beside it, then renamed over it.
fn update(binary: &Path) {
    let new = binary.with_extension("new");
    fs::copy(place::binary(), &new).unwrap();
    fs::rename(&new, binary).unwrap();
}

#[test]
fn pairing_survives_restarts_power_cuts_and_updates() {
    let folder = tempfile::tempdir().unwrap();
    let binary = folder.path().join("openclaw");
    fs::copy(place::binary(), &binary).unwrap();
    let world = World::new().binary(&binary);
    let mut gateway = world.start();
    let owned: Vec<(Connect, String)> = Dialect::BOTH
        .into_iter()
        .map(|dialect| {
            let connect = Connect::cli(dialect).device(&Device::new());
            let token = gateway.pair_remote(&connect.clone().token(TOKEN));
            (connect.auth("deviceToken", &token), token)
        })
        .collect();
    let node = Connect::node_host(Dialect::V4).device(&Device::new());
    let node_token = gateway.pair_remote(&node.clone().token(TOKEN));
    let node = node.auth("deviceToken", &node_token);
    let all_get_in = |gateway: &Gateway, what: &str| {
        for (connect, token) in &owned {
            let hello = gateway.dial_remote().open().connect(connect).hello();
            assert_eq!(hello["auth"]["deviceToken"], json!(token), "{what}");
        }
        gateway.dial_remote().open().connect(&node).hello();
    };

    restart(&gateway);
    all_get_in(&gateway, "after a restart in place");

    let old = running(&gateway);
    update(&binary);
    restart(&gateway);
    all_get_in(&gateway, "after an update under the running gateway");
    assert_ne!(running(&gateway), old);
    assert_eq!(running(&gateway), file(&binary), "the new program runs");

    gateway.kill();
    update(&binary);
    gateway = world.start();
    all_get_in(&gateway, "after a power cut and an update");
    gateway.stop();
    gateway = world.start();
    all_get_in(&gateway, "after an orderly stop");
}

#[test]
fn a_restart_that_finds_a_broken_configuration_does_not_take_the_devices_with_it() {
    let world = World::new();
    let gateway = world.start();
    let connect = Connect::test(Dialect::V4).token(TOKEN).device(&Device::new());
    gateway.pair_remote(&connect);
    let good = fs::read_to_string(world.config_file()).unwrap();
    world.write_config_text("{ gateway: ");
    until("the warning", || gateway.printed().contains("config reload skipped").then_some(()));
    // The one that runs goes on with what it knows.
    gateway.dial_remote().open().connect(&connect).hello();
    world.write_config_text(&good);
    restart(&gateway);
    gateway.dial_remote().open().connect(&connect).hello();
}
