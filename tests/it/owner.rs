//! The owner's own way in: the socket in the state directory, and the state itself when no gateway runs.

use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::PathBuf;

use openclaw_tests::network::is_root;
use openclaw_tests::wait::until;
use openclaw_tests::world::TOKEN;
use openclaw_tests::{Connect, Device, Dialect, World, place, skipped};
use serde_json::json;

#[test]
fn the_socket_lies_in_the_state_directory_for_the_owner_alone() {
    let world = World::new();
    let gateway = world.start();
    let socket = world.state().join("gateway.sock");
    let metadata = std::fs::metadata(&socket).unwrap();
    assert!(metadata.file_type().is_socket());
    assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
    gateway.stop();
    assert!(!socket.exists(), "an orderly stop takes the socket away");
}

#[test]
fn the_owner_is_not_refused_whatever_is_configured() {
    let world = World::new().with(|config| {
        config["gateway"]["auth"] = json!({"mode": "password", "password": "correct horse battery staple"});
    });
    let gateway = world.start();
    // The file changes to a secret that the gateway does not know yet, or that the command cannot read.
    world.change_config(|config| config["gateway"]["auth"]["password"] = json!("${NOWHERE}"));
    gateway.cli(&["devices", "list"]).ok();
    gateway.cli(&["health"]).ok();
    gateway.cli(&["logs", "--limit", "5"]).ok();
}

#[test]
fn a_socket_left_by_a_dead_gateway_is_no_obstacle() {
    let world = World::new();
    world.start().kill();
    assert!(world.state().join("gateway.sock").exists());
    let gateway = world.start();
    gateway.cli(&["devices", "list"]).ok();
}

/// A world whose state directory has so long a path that no socket fits into it.
fn deep_world() -> World {
    let world = World::new();
    let deep = world.home().join("d".repeat(90)).join("e".repeat(60));
    std::fs::create_dir_all(deep.parent().unwrap()).unwrap();
    std::fs::rename(world.state(), &deep).unwrap();
    world.variable("OPENCLAW_STATE_DIR", deep.to_str().unwrap())
}

/// Where the socket of such a world lies.
fn private_folder(world: &World) -> PathBuf {
    world.home().join("tmp").join(format!("openclaw-{}", rustix::process::geteuid().as_raw()))
}

#[test]
fn a_long_path_gets_a_short_socket_in_a_private_folder() {
    let world = deep_world();
    let gateway = world.start();
    gateway.cli(&["devices", "list"]).ok();
    let folder = private_folder(&world);
    assert_eq!(std::fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
    let names =
        std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let names: Vec<String> = names.collect();
    let mut sockets = names.iter().filter_map(|name| Some((folder.join(name), name.strip_suffix(".sock")?)));
    let (socket, digits) = sockets.next().unwrap_or_else(|| panic!("{names:?}"));
    assert!(digits.len() == 8 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()), "{names:?}");
    let metadata = std::fs::metadata(&socket).unwrap();
    assert!(metadata.file_type().is_socket());
    assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
    gateway.stop();
    assert!(!socket.exists());
}

#[test]
fn a_folder_that_others_can_write_to_holds_no_socket() {
    let world = deep_world();
    let folder = private_folder(&world);
    std::fs::create_dir(&folder).unwrap();
    std::fs::set_permissions(&folder, PermissionsExt::from_mode(0o777)).unwrap();
    let gateway = world.start();
    let mode = std::fs::metadata(&folder).unwrap().permissions().mode() & 0o777;
    let entries = std::fs::read_dir(&folder).unwrap().count();
    assert!(mode == 0o700 || entries == 0, "{mode:o} with {entries} entries");
    // The gateway serves all the same.
    gateway.operator(Dialect::V4).call("health", json!({})).unwrap();
}

/// A provider of secrets that answers and leaves something behind: a process without a parent, which waits until it is
/// told and then uses the owner's command line.
const STRAY: &str = r#"#!/bin/sh
setsid sh -c 'read go < "$HOME/go"; "$OPENCLAW" devices list; echo "exit $?"' \
    < /dev/null > "$HOME/stray.out" 2>&1 &
echo "$TOKEN"
"#;

#[test]
fn what_the_gateway_starts_is_not_the_owner() {
    let world = World::new();
    let script = world.home().join("provider.sh");
    std::fs::write(&script, STRAY).unwrap();
    std::fs::set_permissions(&script, PermissionsExt::from_mode(0o700)).unwrap();
    world.change_config(|config| {
        config["gateway"]["auth"]["token"] =
            json!({"source": "exec", "provider": "stray", "id": "gateway/token"});
        let env = json!({"TOKEN": TOKEN, "OPENCLAW": place::binary()});
        config["secrets"] = json!({"providers": {"stray": {
            "source": "exec", "command": script, "jsonOnly": false, "passEnv": ["HOME", "PATH"], "env": env,
            // A temporary folder is nobody's in particular.
            "allowInsecurePath": true,
        }}});
    });
    let go = world.home().join("go");
    assert!(std::process::Command::new("mkfifo").arg(&go).status().unwrap().success());
    let gateway = world.start();
    // The same command from elsewhere is the owner's.
    gateway.cli(&["devices", "list"]).ok();
    std::fs::write(&go, "go\n").unwrap();
    let said = until("the stray process", || {
        std::fs::read_to_string(world.home().join("stray.out")).ok().filter(|text| text.contains("exit "))
    });
    assert!(!said.contains("exit 0"), "{said}");
    assert!(!said.contains("Paired") && !said.contains("No device pairing entries"), "{said}");
    gateway.line_with("at the owner socket: the gateway started it");
    assert_eq!(gateway.cli(&["devices", "list", "--json"]).ok().json()["paired"], json!([]));
}

#[test]
fn with_the_gateway_stopped_the_same_commands_work_on_the_state() {
    let world = World::new();
    let gateway = world.start();
    let device = Device::new();
    let connect = Connect::test(Dialect::V4).token(TOKEN).device(&device);
    let (error, _) = gateway.dial_remote().open().connect(&connect).refused();
    let request = error["details"]["requestId"].as_str().unwrap().to_owned();
    gateway.stop();

    let list = world.cli(&["devices", "list", "--json"]).ok().json();
    assert_eq!(list["pending"][0]["requestId"], json!(request));
    world.cli(&["devices", "approve", &request]).ok();
    world.cli(&["config", "get", "gateway.port"]).ok();

    let gateway = world.start();
    let hello = gateway.dial_remote().open().connect(&connect).hello();
    let token = hello["auth"]["deviceToken"].as_str().unwrap().to_owned();
    gateway.stop();
    world.cli(&["devices", "revoke", "--device", &device.id(), "--role", "operator"]).ok();
    let gateway = world.start();
    let own = Connect::test(Dialect::V4).auth("deviceToken", &token).device(&device);
    gateway.dial_remote().open().connect(&own).refused();
}

#[test]
fn another_user_does_not_get_in_by_the_socket() {
    if !is_root() {
        return skipped("becoming another user needs root");
    }
    let world = World::new();
    let _gateway = world.start();
    // Even where the folders would let him through.
    for folder in [world.home().to_path_buf(), world.state()] {
        std::fs::set_permissions(folder, PermissionsExt::from_mode(0o755)).unwrap();
    }
    std::fs::set_permissions(world.state().join("gateway.sock"), PermissionsExt::from_mode(0o666)).unwrap();
    let said = world.cli_as(42_007, &["devices", "list"]);
    assert_ne!(said.code, 0, "{said:?}");
    assert!(!said.out.contains("Paired"), "{said:?}");
}
