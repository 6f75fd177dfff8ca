//! Records of devices that are damaged, old, or that somebody else wrote.

use std::os::unix::fs::{MetadataExt, PermissionsExt};

use openclaw_tests::acceptance::Row;
use openclaw_tests::connect::now_ms;
use openclaw_tests::wait::until;
use openclaw_tests::world::TOKEN;
use openclaw_tests::{Connect, Device, Dialect, World};
use serde_json::{Value, json};

/// A device of early 2026 with its token.
fn record(device: &Device, token: &str) -> Value {
    let now = now_ms();
    json!({
        "deviceId": device.id(), "publicKey": device.public_key(), "platform": "linux", "clientId": "cli",
        "clientMode": "cli", "role": "operator", "roles": ["operator"], "scopes": ["operator.read"],
        "approvedScopes": ["operator.read"],
        "tokens": {"operator": {
            "token": token, "role": "operator", "scopes": ["operator.read"], "createdAtMs": now,
        }},
        "createdAtMs": now, "approvedAtMs": now,
    })
}

fn write(world: &World, name: &str, text: &str) {
    let folder = world.state().join("devices");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::set_permissions(&folder, PermissionsExt::from_mode(0o700)).unwrap();
    std::fs::write(folder.join(name), text).unwrap();
    std::fs::set_permissions(folder.join(name), PermissionsExt::from_mode(0o600)).unwrap();
}

#[test]
fn f_05_damaged_records_are_put_aside_and_the_good_ones_count() {
    let row = Row::of("F-05");
    for damaged in ["", "{\"a\": ", "[]", "null"] {
        let world = World::new();
        write(&world, "paired.json", damaged);
        write(&world, "pending.json", damaged);
        if !damaged.is_empty() {
            let said = world.cli(&["doctor", "--only", "device-store"]);
            assert!(said.out.contains("paired.json"), "{damaged}: {said:?}");
        }
        world.start().stop();
        let kept = std::fs::read_dir(world.state().join("devices")).unwrap().flatten().any(|entry| {
            entry.file_name() != "paired.json"
                && std::fs::read_to_string(entry.path()).is_ok_and(|text| text == damaged)
        });
        assert!(kept, "what was in the file is gone: {damaged:?}");
    }
    // A good record among bad ones.
    let world = World::new();
    let device = Device::new();
    let token = "aClygqysAbFR90aKLuWe1370nnA4jS5j5etsBq7bfpI";
    let mut table = json!({ "nonsense": {"deviceId": 5}, "more": [1, 2] });
    table[device.id()] = record(&device, token);
    write(&world, "paired.json", &table.to_string());
    let gateway = world.start();
    let known =
        Connect::test(Dialect::V3).client("id", json!("cli")).client("mode", json!("cli")).device(&device);
    gateway.dial_remote().open().connect(&known.auth("deviceToken", token)).hello();
    let said = until("word of what was put aside", || {
        let printed = gateway.printed();
        printed.contains("nonsense").then_some(printed)
    });
    row.says(&said);
    assert!(
        std::fs::read_to_string(world.state().join("devices/paired.json.imported"))
            .unwrap()
            .contains("nonsense")
    );
    row.mends(&gateway.cli(&["devices", "list"]).ok());
}

#[test]
fn g4_5_pairings_survive_the_update() {
    let row = Row::of("G4-5");
    let world = World::new();
    let device = Device::new();
    let token = "aClygqysAbFR90aKLuWe1370nnA4jS5j5etsBq7bfpI";
    write(&world, "paired.json", &json!({ device.id(): record(&device, token) }).to_string());
    let gateway = world.start();
    let said = gateway.line_with("came along");
    row.says(&said);
    // The same device, of another version than before: nobody has to approve anything.
    let updated = Connect::test(Dialect::V4)
        .client("id", json!("cli"))
        .client("mode", json!("cli"))
        .client("version", json!("2027.1.1"))
        .device(&device)
        .scopes(&["read"]);
    gateway.dial_remote().open().connect(&updated.auth("deviceToken", token)).hello();
    let list = gateway.cli(&["devices", "list", "--json"]).ok().json();
    assert_eq!(list["pending"], json!([]));
    row.mends(&gateway.cli(&["doctor", "--only", "device-pairing"]).ok());
}

#[test]
fn n_07_what_others_could_have_written_is_shown_and_not_taken() {
    let row = Row::of("N-07");
    let world = World::new();
    let gateway = world.start();
    let device = Device::new();
    let narrow = Connect::test(Dialect::V4).token(TOKEN).device(&device).scopes(&["read"]);
    gateway.pair_remote(&narrow);
    let view = world.state().join("devices/paired.json");
    let text =
        until("the view", || std::fs::read_to_string(&view).ok().filter(|text| text.contains(&device.id())));
    gateway.stop();
    let widened = || {
        let mut table: Value = serde_json::from_str(&text).unwrap();
        table[device.id()]["scopes"] = json!(["operator.admin", "operator.read"]);
        format!("{table:#}")
    };
    // Writable by everybody: the repair of the mode must not make it believable.
    std::fs::write(&view, widened()).unwrap();
    std::fs::set_permissions(&view, PermissionsExt::from_mode(0o666)).unwrap();
    let said = world.cli(&["doctor", "--only", "state-integrity"]);
    row.says(&said);
    let fixed = world.cli(&["doctor", "--fix"]);
    row.mends(&fixed);
    assert_eq!(std::fs::metadata(&view).unwrap().mode() & 0o777, 0o600);
    let gateway = world.start();
    let scopes = |gateway: &openclaw_tests::Gateway<'_>| {
        let list = gateway.cli(&["devices", "list", "--json"]).ok().json();
        let paired = list["paired"].as_array().unwrap().clone();
        paired.into_iter().find(|one| one["deviceId"] == json!(device.id())).unwrap()["scopes"].clone()
    };
    assert_eq!(scopes(&gateway), json!(["operator.read"]));
    gateway.stop();
    // Of another account: only root can bring that about.
    if !rustix::process::geteuid().is_root() {
        return openclaw_tests::skipped("only root can give files away");
    }
    std::fs::remove_file(&view).unwrap();
    std::fs::write(&view, widened()).unwrap();
    std::fs::set_permissions(&view, PermissionsExt::from_mode(0o600)).unwrap();
    std::os::unix::fs::chown(&view, Some(65_534), None).unwrap();
    let said = world.cli(&["doctor"]).failed(1);
    assert!(said.out.contains("belongs to uid 65534, which is not trusted here"), "{said:?}");
    let gateway = world.start();
    assert_eq!(scopes(&gateway), json!(["operator.read"]));
}
