//! Coming from OpenClaw: its devices come along, with the tokens they hold.

use openclaw_tests::connect::now_ms;
use openclaw_tests::wait::until;
use openclaw_tests::world::TOKEN;
use openclaw_tests::{Connect, Device, Dialect, World};
use serde_json::json;

#[test]
fn devices_of_early_2026_come_along_with_their_tokens() {
    let world = World::new();
    let device = Device::new();
    let token = "aClygqysAbFR90aKLuWe1370nnA4jS5j5etsBq7bfpI";
    let now = now_ms();
    let paired = json!({
        device.id(): {
            "deviceId": device.id(), "publicKey": device.public_key(), "platform": "linux", "clientId": "cli",
            "clientMode": "cli", "role": "operator", "roles": ["operator"], "scopes": ["operator.read"],
            "approvedScopes": ["operator.read"],
            "tokens": {"operator": {
                "token": token, "role": "operator", "scopes": ["operator.read"], "createdAtMs": now,
            }},
            "createdAtMs": now, "approvedAtMs": now,
        },
    });
    let folder = world.state().join("devices");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("paired.json"), format!("{paired:#}")).unwrap();

    let gateway = world.start();
    let known =
        Connect::test(Dialect::V3).client("id", json!("cli")).client("mode", json!("cli")).device(&device);
    let hello = gateway.dial_remote().open().connect(&known.clone().auth("deviceToken", token)).hello();
    assert_eq!(hello["auth"]["deviceToken"], json!(token), "the token it holds is given back");
    gateway.dial_remote().open().connect(&known.clone().token(TOKEN)).hello();
    let wrong = known.auth("deviceToken", "aClygqysAbFR90aKLuWe1370nnA4jS5j5etsBq7bfpJ");
    gateway.dial_remote().open().connect(&wrong).refused();

    until("word of the import", || gateway.printed().contains("1 paired device came along").then_some(()));
    let copy = folder.join("paired.json.imported");
    assert!(std::fs::read_to_string(&copy).unwrap().contains(token));
    assert!(!std::fs::read_to_string(folder.join("paired.json")).unwrap().contains(token));

    // A second start imports nothing twice.
    gateway.stop();
    let gateway = world.start();
    let list = gateway.cli(&["devices", "list", "--json"]).ok().json();
    assert_eq!(list["paired"].as_array().unwrap().len(), 1);
}
