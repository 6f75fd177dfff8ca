//! Spellings of guides and older versions, and tokens that stand where they should not.

use openclaw_tests::acceptance::Row;
use openclaw_tests::world::TOKEN;
use openclaw_tests::{Connect, Dialect, World};
use serde_json::json;

#[test]
fn g3_8_the_wrong_key_becomes_the_right_one() {
    let row = Row::of("G3-8");
    let world = World::new().with(|config| config["gateway"]["auth"] = json!({}));
    let said = world.cli(&["config", "set", "gateway.token", TOKEN]).ok();
    row.says(&said);
    assert_eq!(world.config()["gateway"]["auth"], json!({"token": TOKEN, "mode": "token"}));
    assert_eq!(world.config()["gateway"].get("token"), None);
    assert!(!said.all().contains(TOKEN));
    // One that a guide or an editor has left in the file counts, and is moved.
    let world = World::new().with(|config| {
        config["gateway"]["auth"] = json!({});
        config["gateway"]["token"] = json!(TOKEN);
    });
    let gateway = world.start();
    gateway.dial_remote().open().connect(&Connect::test(Dialect::V4).token(TOKEN)).hello();
    let said = gateway.cli(&["doctor", "--only", "legacy-config-keys"]).ok();
    row.mends(&said);
    world.run_fix(&said).ok();
    assert_eq!(world.config()["gateway"]["auth"]["token"], json!(TOKEN));
    gateway.dial_remote().open().connect(&Connect::test(Dialect::V4).token(TOKEN)).hello();
}

/// A supervisor that knows our unit and notes what it is told.
fn supervisor(world: &World) {
    let folder = world.home().join("bin");
    std::fs::create_dir_all(&folder).unwrap();
    let notes = world.home().join("systemctl.log");
    let script = format!(
        "#!/bin/sh\necho \"$*\" >> {}\ncase \"$*\" in\n*show*) printf 'LoadState=loaded\\nUnitFileState=enabled\\nActiveState=active\\nSubState=running\\nMainPID=0\\n';;\nesac\nexit 0\n",
        notes.display()
    );
    let path = folder.join("systemctl");
    std::fs::write(&path, script).unwrap();
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
}

#[test]
fn g3_9_a_secret_in_the_unit_is_taken_out_with_a_yes_and_not_lost() {
    let row = Row::of("G3-9");
    let world = World::new().with(|config| config["gateway"]["auth"] = json!({"mode": "token"}));
    supervisor(&world);
    let folder = world.home().join(".config/systemd/user");
    std::fs::create_dir_all(&folder).unwrap();
    let unit = folder.join("openclaw-gateway.service");
    let text = format!(
        "[Unit]\nDescription=OpenClaw Gateway\n[Service]\nExecStart=/usr/bin/openclaw gateway --port {}\nEnvironment=OPENCLAW_GATEWAY_TOKEN={TOKEN}\n[Install]\nWantedBy=default.target\n",
        world.port
    );
    std::fs::write(&unit, &text).unwrap();
    let said = world.sh("openclaw doctor --only gateway-services");
    row.says(&said);
    assert!(!said.all().contains(TOKEN), "{said:?}");
    let asked = world.sh("openclaw doctor --fix --only gateway-services");
    assert!(asked.out.contains("this needs your consent"), "{asked:?}");
    assert_eq!(std::fs::read_to_string(&unit).unwrap(), text);
    row.mends(&asked);
    let done = world.sh("openclaw doctor --fix --yes --only gateway-services");
    assert!(!std::fs::read_to_string(&unit).unwrap().contains(TOKEN), "{done:?}");
    // The token that clients have is in the configuration now.
    assert_eq!(world.config()["gateway"]["auth"]["token"], json!(TOKEN));
    assert!(!done.all().contains(TOKEN), "{done:?}");
}
