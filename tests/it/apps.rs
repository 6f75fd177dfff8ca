//! The `connect` frames of OpenClaw's own programs, both generations at once on one port.

use openclaw_tests::world::TOKEN;
use openclaw_tests::{Connect, Device, Dialect, World};
use serde_json::{Value, json};

#[test]
fn each_generation_gets_the_hello_of_its_own() {
    let world = World::new();
    let gateway = world.start();
    for dialect in Dialect::BOTH {
        let mut socket = gateway.dial().open();
        let challenge = &socket.challenge["payload"];
        assert!(challenge["ts"].is_u64() && challenge["nonce"].as_str().unwrap().len() == 36, "{challenge}");
        let hello = socket.connect(&Connect::cli(dialect).token(TOKEN).device(&Device::new())).hello();
        assert_eq!(hello["type"], json!("hello-ok"));
        assert_eq!(hello["protocol"], json!(dialect.protocol()));
        assert_eq!(hello["policy"]["maxPayload"], json!(26_214_400));
        assert_eq!(hello["policy"]["maxBufferedBytes"], json!(52_428_800));
        assert_eq!(hello["policy"]["tickIntervalMs"], json!(30_000));
        let methods = names(&hello["features"]["methods"]);
        for method in ["health", "status", "device.pair.list", "config.get", "logs.tail"] {
            assert!(methods.contains(&method), "{method} is not among {methods:?}");
        }
        for event in ["tick", "shutdown", "presence", "health", "device.pair.requested"] {
            assert!(names(&hello["features"]["events"]).contains(&event), "{event}");
        }
        let snapshot = &hello["snapshot"];
        assert_eq!(snapshot["presence"][0]["mode"], json!("gateway"), "{snapshot}");
        assert_eq!(snapshot["stateDir"], json!(world.state()), "an admin sees where the state is");
        assert_eq!(snapshot["authMode"], json!("token"));
        assert!(snapshot["uptimeMs"].is_u64());
        assert_eq!(hello["auth"]["deviceToken"].as_str().unwrap().len(), 43);
        assert_eq!(hello["auth"].get("method").is_some(), dialect == Dialect::V4);
        assert_eq!(hello["policy"].get("attachments").is_some(), dialect == Dialect::V4);
        assert_eq!(hello["features"].get("capabilities").is_some(), dialect == Dialect::V4);
    }
}

fn names(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect()
}

#[test]
fn paths_are_for_admins() {
    let world = World::new();
    let gateway = world.start();
    let reader = Connect::test(Dialect::V4).token(TOKEN).device(&Device::new());
    let hello = gateway.dial().open().connect(&reader).hello();
    for field in ["configPath", "stateDir", "authMode"] {
        assert_eq!(hello["snapshot"].get(field), None, "{field}");
    }
}

#[test]
fn the_upgrade_works_on_any_path() {
    let world = World::new();
    let gateway = world.start();
    for path in ["/", "/ws", "/some/path?token=ignored"] {
        let connect = Connect::test(Dialect::V4).token(TOKEN).device(&Device::new());
        gateway.dial().path(path).open().connect(&connect).hello();
    }
}

#[test]
fn every_program_pairs_from_afar_and_comes_back_with_its_token() {
    let world = World::new().with(|config| {
        config["gateway"]["controlUi"] = json!({"allowedOrigins": ["https://gateway.example.com"]});
    });
    let gateway = world.start();
    let mut programs: Vec<(String, Connect)> = vec![("terminal UI".into(), Connect::tui())];
    for dialect in Dialect::BOTH {
        programs.push((format!("{dialect:?} CLI"), Connect::cli(dialect)));
        programs.push((format!("{dialect:?} Control UI"), Connect::control_ui(dialect)));
        programs.push((format!("{dialect:?} node host"), Connect::node_host(dialect)));
        for system in ["macos", "ios", "android"] {
            programs.push((format!("{dialect:?} {system}"), Connect::app(dialect, system)));
        }
    }
    for (name, connect) in programs {
        let device = Device::new();
        let dial = || {
            let dial = gateway.dial_remote();
            if name.ends_with("Control UI") { dial.web_origin("https://gateway.example.com") } else { dial }
        };
        let connect = connect.device(&device);
        let with_token = connect.clone().token(TOKEN);
        let (error, _) = dial().open().connect(&with_token).refused();
        assert_eq!(error["code"], json!("NOT_PAIRED"), "{name}: {error}");
        let request = error["details"]["requestId"].as_str().unwrap();
        gateway.approve(request);
        let hello = dial().open().connect(&with_token).hello();
        let Some(token) = hello["auth"]["deviceToken"].as_str() else {
            // Nodes of the older generation never get one and keep using the shared token.
            assert!(name.starts_with("V3 node"), "{name}: {hello}");
            continue;
        };
        dial().open().connect(&connect.auth("deviceToken", token)).hello();
    }
}

#[test]
fn an_app_is_operator_and_node_on_one_key() {
    let world = World::new();
    let gateway = world.start();
    for dialect in Dialect::BOTH {
        for system in ["macos", "ios", "android"] {
            let phone = Device::new();
            let operator = Connect::app(dialect, system).token(TOKEN).device(&phone);
            let node = Connect::app_node(dialect, system).token(TOKEN).device(&phone);
            gateway.pair_remote(&operator);
            // The other role is asked for on its own, and approving it leaves the first alone.
            let (error, _) = gateway.dial_remote().open().connect(&node).refused();
            assert_eq!(error["details"]["reason"], json!("role-upgrade"), "{dialect:?} {system}: {error}");
            gateway.approve(error["details"]["requestId"].as_str().unwrap());
            let mut as_operator = gateway.dial_remote().open();
            as_operator.connect(&operator).hello();
            let mut as_node = gateway.dial_remote().open();
            as_node.connect(&node).hello();
            let nodes = as_operator.call("node.list", json!({})).unwrap();
            let entry =
                nodes["nodes"].as_array().unwrap().iter().find(|node| node["nodeId"] == json!(phone.id()));
            let entry = entry.unwrap_or_else(|| panic!("{dialect:?} {system}: {nodes}"));
            assert_eq!(entry["connected"], json!(true), "{entry}");
        }
    }
}

#[test]
fn clients_see_each_other_come_and_go() {
    let world = World::new();
    let gateway = world.start();
    for dialect in Dialect::BOTH {
        let mut observer = gateway.operator(dialect);
        let app = Connect::app(dialect, "macos").token(TOKEN).device(&Device::new());
        let mut other = gateway.dial().open();
        other.connect(&app).hello();
        let shown = |frame: &Value| {
            let list = frame["payload"]["presence"].as_array().unwrap();
            list.iter().any(|entry| entry["displayName"] == json!("A Mac") || entry["host"] == json!("A Mac"))
        };
        let event = observer.event("presence");
        assert!(event["stateVersion"]["presence"].is_u64() && event["seq"].is_u64(), "{event}");
        let list = observer.call("system-presence", json!({})).unwrap();
        let listed = json!({"payload": {"presence": list}});
        assert!(shown(&listed) || shown(&event), "{list}");
        other.close();
    }
}

#[test]
fn seq_is_without_gaps_in_both_dialects() {
    let world = World::new();
    let gateway = world.start();
    for dialect in Dialect::BOTH {
        let mut socket = gateway.dial().open();
        socket.connect(&Connect::test(dialect).token(TOKEN).device(&Device::new())).hello();
        // Make things happen, some of which this client may not see.
        for _ in 0..3 {
            gateway.operator(dialect).close();
            gateway
                .dial_remote()
                .open()
                .connect(&Connect::test(dialect).token(TOKEN).device(&Device::new()))
                .refused();
        }
        let presence = socket.event("presence");
        let mut seen: Vec<u64> =
            socket.kept().chain([&presence]).filter_map(|frame| frame["seq"].as_u64()).collect();
        seen.sort_unstable();
        assert_eq!(seen, (1..=seen.len() as u64).collect::<Vec<_>>(), "{dialect:?}");
    }
}

#[test]
fn ticks_come_as_often_as_the_policy_says() {
    let world = World::new();
    let gateway = world.start();
    let mut sockets: Vec<_> = Dialect::BOTH
        .into_iter()
        .map(|dialect| {
            let mut socket = gateway.dial().open();
            socket.connect(&Connect::test(dialect).token(TOKEN).device(&Device::new())).hello();
            socket
        })
        .collect();
    for socket in &mut sockets {
        let tick = socket.event_within("tick", std::time::Duration::from_secs(35)).expect("no tick in 35 s");
        assert!(tick["payload"]["ts"].is_u64(), "{tick}");
    }
}
