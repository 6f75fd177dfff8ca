//! The life of a paired device: asked for, approved, kept over restarts, narrowed, revoked, forgotten.

use std::time::{Duration, Instant};

use openclaw_tests::wait::until;
use openclaw_tests::world::TOKEN;
use openclaw_tests::{Answer, Connect, Device, Dialect, Gateway, World};
use serde_json::{Value, json};

fn list(gateway: &Gateway) -> Value {
    gateway.cli(&["devices", "list", "--json"]).ok().json()
}

fn waiting(gateway: &Gateway) -> Vec<Value> {
    list(gateway)["pending"].as_array().unwrap().clone()
}

fn paired(gateway: &Gateway, device: &Device) -> Option<Value> {
    list(gateway)["paired"]
        .as_array()
        .unwrap()
        .iter()
        .find(|entry| entry["deviceId"] == json!(device.id()))
        .cloned()
}

/// The request id out of a refusal.
fn request_id(gateway: &Gateway, connect: &Connect) -> String {
    let (error, _) = gateway.dial_remote().open().connect(connect).refused();
    error["details"]["requestId"].as_str().unwrap_or_else(|| panic!("{error}")).to_owned()
}

#[test]
fn a_second_device_is_refused_approved_and_stays_paired() {
    for dialect in Dialect::BOTH {
        let world = World::new();
        let gateway = world.start();
        let device = Device::new();
        let connect = Connect::cli(dialect).token(TOKEN).device(&device);

        // Refused, with the request that the owner sees and the command that admits it.
        let (error, _) = gateway.dial_remote().open().connect(&connect).refused();
        let request = error["details"]["requestId"].as_str().unwrap();
        let fix = error["details"]["help"]["fix"].to_string();
        assert!(fix.contains(&format!("openclaw devices approve {request}")), "{fix}");
        let human = gateway.cli(&["devices", "list"]).ok().out;
        assert!(human.contains("Pending (1)") && human.contains(&request[..8]), "{human}");

        // It knocks again while the command waits for it, and the command says when it is in.
        let (said, hello) = std::thread::scope(|scope| {
            let approving = scope.spawn(|| gateway.cli(&["devices", "approve", request]).ok());
            let mut socket = gateway.dial_remote().open();
            let hello = until("being let in", || match socket.connect(&connect) {
                Answer::Hello(hello) => Some(hello),
                Answer::Refused { .. } => {
                    socket = gateway.dial_remote().open();
                    None
                }
            });
            // It stays until the command has ended.
            (approving.join().unwrap(), hello)
        });
        assert!(said.out.contains(&format!("Approved {} ({request})", device.id())), "{said:?}");
        assert!(said.out.contains("is connected."), "{said:?}");

        // Let in, with a token of its own that suffices from now on.
        let token = hello["auth"]["deviceToken"].as_str().unwrap().to_owned();
        assert_eq!(hello["auth"]["role"], json!("operator"));
        let own = Connect::cli(dialect).auth("deviceToken", &token).device(&device);
        let hello = gateway.dial_remote().open().connect(&own).hello();
        assert_eq!(hello["auth"]["deviceToken"], json!(token), "the same token again");

        // Still so after an orderly restart, and after a power cut.
        gateway.stop();
        let gateway = world.start();
        gateway.dial_remote().open().connect(&own).hello();
        gateway.kill();
        let gateway = world.start();
        gateway.dial_remote().open().connect(&own).hello();
        assert_eq!(waiting(&gateway), Vec::<Value>::new());
    }
}

#[test]
fn the_approval_survives_a_power_cut_right_after_it_was_acknowledged() {
    let world = World::new();
    let gateway = world.start();
    let device = Device::new();
    let connect = Connect::test(Dialect::V4).token(TOKEN).device(&device);
    let request = request_id(&gateway, &connect);
    gateway.approve(&request);
    gateway.kill();
    let gateway = world.start();
    gateway.dial_remote().open().connect(&connect).hello();
}

#[test]
fn asking_again_keeps_the_request_and_asking_for_more_supersedes_it() {
    let world = World::new();
    let gateway = world.start();
    for dialect in Dialect::BOTH {
        let device = Device::new();
        let asks = |scopes: &[&str]| Connect::test(dialect).token(TOKEN).device(&device).scopes(scopes);
        let first = request_id(&gateway, &asks(&["read", "write"]));
        assert_eq!(request_id(&gateway, &asks(&["read", "write"])), first, "the same again");
        assert_eq!(request_id(&gateway, &asks(&["read"])), first, "less than was asked for");
        let broader = request_id(&gateway, &asks(&["read", "admin"]));
        assert_ne!(broader, first);

        // The old id explains itself and grants nothing.
        let said = gateway.cli(&["devices", "approve", &first]).failed(1);
        assert!(said.all().contains(&broader), "{said:?}");
        assert!(paired(&gateway, &device).is_none());
        let mine: Vec<Value> = waiting(&gateway)
            .into_iter()
            .filter(|request| request["deviceId"] == json!(device.id()))
            .collect();
        assert_eq!(mine.len(), 1);
        assert_eq!(mine[0]["requestId"], json!(broader));
    }
}

#[test]
fn those_who_may_pair_hear_of_requests_and_decisions() {
    let world = World::new();
    let gateway = world.start();
    for dialect in Dialect::BOTH {
        let mut observer = gateway.operator(dialect);
        let mut reader = gateway.dial().open();
        reader.connect(&Connect::test(dialect).token(TOKEN).device(&Device::new())).hello();
        let device = Device::new();
        let request = request_id(&gateway, &Connect::test(dialect).token(TOKEN).device(&device));
        let event = observer.event("device.pair.requested");
        assert_eq!(event["payload"]["requestId"], json!(request));
        assert_eq!(event["payload"]["deviceId"], json!(device.id()));
        observer.call("device.pair.approve", json!({"requestId": request})).unwrap();
        // The reader was approved silently, which is told as well.
        let event = loop {
            let event = observer.event("device.pair.resolved");
            if event["payload"]["deviceId"] == json!(device.id()) {
                break event;
            }
        };
        assert_eq!(event["payload"]["requestId"], json!(request));
        assert_eq!(event["payload"]["decision"], json!("approved"));
        reader.call("health", json!({})).unwrap();
        assert!(!reader.kept().any(|frame| frame["event"].as_str().unwrap().starts_with("device.pair.")));
    }
}

#[test]
fn a_rejected_device_may_ask_again() {
    let world = World::new();
    let gateway = world.start();
    let connect = Connect::test(Dialect::V4).token(TOKEN).device(&Device::new());
    let request = request_id(&gateway, &connect);
    let said = gateway.cli(&["devices", "reject", &request]).ok();
    assert!(said.out.contains("Rejected"), "{said:?}");
    gateway.cli(&["devices", "approve", &request]).failed(1);
    assert_ne!(request_id(&gateway, &connect), request);
}

/// Pairs a device, keeps a connection of it open, does something to it, and expects that connection gone at once.
fn closes_at_once(what: &str, act: impl Fn(&Gateway, &Device)) {
    for dialect in Dialect::BOTH {
        let world = World::new();
        let gateway = world.start();
        let device = Device::new();
        let connect = Connect::test(dialect).token(TOKEN).device(&device);
        let token = gateway.pair_remote(&connect);
        let own = Connect::test(dialect).auth("deviceToken", &token).device(&device);
        let mut socket = gateway.dial_remote().open();
        socket.connect(&own).hello();

        let started = Instant::now();
        act(&gateway, &device);
        let close =
            socket.closed_within(Duration::from_secs(2)).unwrap_or_else(|| panic!("{what}: still open"));
        assert!(started.elapsed() < Duration::from_secs(1), "{what}: {:?}", started.elapsed());
        assert!(close.code == 4001 || close.code == 1008, "{what}: {close:?}");

        let (error, _) = gateway.dial_remote().open().connect(&own).refused();
        assert_eq!(error["details"]["code"], json!("AUTH_DEVICE_TOKEN_MISMATCH"), "{what}: {error}");
        gateway.stop();
        let gateway = world.start();
        gateway.dial_remote().open().connect(&own).refused();
    }
}

#[test]
fn revoking_closes_the_device_at_once() {
    closes_at_once("revoke", |gateway, device| {
        gateway.cli(&["devices", "revoke", "--device", &device.id(), "--role", "operator"]).ok();
    });
}

#[test]
fn removing_closes_the_device_at_once() {
    closes_at_once("remove", |gateway, device| {
        gateway.cli(&["devices", "remove", &device.id()]).ok();
    });
}

#[test]
fn rotating_closes_the_device_at_once() {
    closes_at_once("rotate", |gateway, device| {
        let said = gateway.cli(&["devices", "rotate", "--device", &device.id(), "--role", "operator"]).ok();
        assert_eq!(said.json().get("token"), None, "the new token is the device's alone: {said:?}");
    });
}

#[test]
fn a_revoked_device_does_not_come_back_by_the_shared_token() {
    let world = World::new();
    let gateway = world.start();
    for dialect in Dialect::BOTH {
        let device = Device::new();
        let connect = Connect::test(dialect).token(TOKEN).device(&device);
        gateway.pair_remote(&connect);
        gateway.cli(&["devices", "revoke", "--device", &device.id(), "--role", "operator"]).ok();
        let (error, _) = gateway.dial_remote().open().connect(&connect).refused();
        assert_eq!(error["details"]["code"], json!("PAIRING_REQUIRED"), "{error}");
    }
}

#[test]
fn nobody_approves_more_than_he_has() {
    let world = World::new();
    let gateway = world.start();
    for dialect in Dialect::BOTH {
        // A device that may pair others and read, and nothing else.
        let helper = Device::new();
        let connect = Connect::test(dialect).token(TOKEN).device(&helper).scopes(&["read", "pairing"]);
        gateway.pair_remote(&connect);
        let mut helper = gateway.dial_remote().open();
        helper.connect(&connect).hello();

        let asks =
            |scopes: &[&str]| Connect::test(dialect).token(TOKEN).device(&Device::new()).scopes(scopes);
        let admin = request_id(&gateway, &asks(&["admin"]));
        let error = helper.call("device.pair.approve", json!({"requestId": admin})).unwrap_err();
        assert!(error["message"].as_str().unwrap().contains("missing scope: operator.admin"), "{error}");
        let node = Connect::node_host(dialect).token(TOKEN).device(&Device::new());
        let node = request_id(&gateway, &node);
        helper.call("device.pair.approve", json!({"requestId": node})).unwrap_err();
        let read = request_id(&gateway, &asks(&["read"]));
        helper.call("device.pair.approve", json!({"requestId": read})).unwrap();
        let error = helper.call("device.pair.approve", json!({"requestId": "no-such-request"})).unwrap_err();
        assert!(error["message"].as_str().unwrap().contains("unknown requestId"), "{error}");
    }
}

#[test]
fn what_a_client_claims_is_not_what_it_gets() {
    let world = World::new();
    let gateway = world.start();
    for dialect in Dialect::BOTH {
        // The shared token without a device, from afar: in, with no scopes at all.
        for connect in [
            Connect::cli(dialect),
            Connect::backend(dialect),
            Connect::test(dialect),
            Connect::probe(dialect),
        ] {
            let mut socket = gateway.dial_remote().open();
            let hello = socket.connect(&connect.token(TOKEN)).hello();
            if dialect == Dialect::V4 {
                assert_eq!(hello["auth"]["scopes"], json!([]), "{hello}");
            }
            assert!(hello["snapshot"].get("stateDir").is_none() || dialect == Dialect::V3);
            socket.call("health", json!({})).unwrap();
            let error = socket.call("status", json!({})).unwrap_err();
            assert_eq!(error["message"], json!("missing scope: operator.read"));
        }
        // A paired device gets what was approved and asked for.
        let device = Device::new();
        let all = Connect::cli(dialect).token(TOKEN).device(&device);
        gateway.pair_remote(&all);
        let less = all.scopes(&["read"]);
        let mut socket = gateway.dial_remote().open();
        socket.connect(&less).hello();
        socket.call("status", json!({})).unwrap();
        socket.call("device.pair.list", json!({})).unwrap_err();
    }
}

#[test]
fn versions_names_and_addresses_may_change_and_the_platform_may_not() {
    let world = World::new().with(|config| config["gateway"]["trustedProxies"] = json!(["127.0.0.1"]));
    let gateway = world.start();
    for dialect in Dialect::BOTH {
        let device = Device::new();
        let connect = || Connect::app(dialect, "ios").token(TOKEN).device(&device);
        gateway.pair_remote(&connect());
        let changed = connect()
            .client("version", json!("2027.1.0"))
            .client("displayName", json!("New name"))
            .client("platform", json!("iOS 19.2"));
        let dial = gateway.dial().header("X-Forwarded-For", "198.51.100.77");
        dial.clone().open().connect(&changed).hello();
        let moved = connect().client("platform", json!("android 15"));
        let (error, _) = dial.open().connect(&moved).refused();
        assert_eq!(error["details"]["reason"], json!("metadata-upgrade"), "{error}");
    }
}

#[test]
fn local_programs_of_the_owner_pair_silently() {
    let world = World::new();
    let gateway = world.start();
    for dialect in Dialect::BOTH {
        let mut observer = gateway.operator(dialect);
        let device = Device::new();
        let hello =
            gateway.dial().open().connect(&Connect::cli(dialect).token(TOKEN).device(&device)).hello();
        assert!(hello["auth"]["deviceToken"].is_string(), "{hello}");
        assert!(paired(&gateway, &device).is_some());
        let resolved = observer.event("device.pair.resolved");
        assert_eq!(resolved["payload"]["deviceId"], json!(device.id()));
        // A page in a browser is not the owner, even on this host.
        let page = gateway.dial().web_origin("http://localhost:3000");
        let cli = Connect::cli(dialect).token(TOKEN).device(&Device::new());
        let (error, _) = page.open().connect(&cli).refused();
        assert_eq!(error["details"]["code"], json!("PAIRING_REQUIRED"), "{error}");
    }
}

#[test]
fn the_readable_view_follows_within_a_second_and_holds_no_secret() {
    let world = World::new();
    let gateway = world.start();
    let device = Device::new();
    let connect = Connect::test(Dialect::V4).token(TOKEN).device(&device);
    let request = request_id(&gateway, &connect);
    let view = |name: &str| -> Value {
        let text = std::fs::read_to_string(world.state().join("devices").join(name)).unwrap_or_default();
        serde_json::from_str(&text).unwrap_or(Value::Null)
    };
    until("pending.json", || view("pending.json").get(&request).cloned());
    gateway.approve(&request);
    let record = until("paired.json", || view("paired.json").get(device.id()).cloned());
    assert_eq!(record["scopes"], json!(["operator.read"]));
    let token = gateway.dial_remote().open().connect(&connect).hello()["auth"]["deviceToken"].clone();
    let token = token.as_str().unwrap();
    for name in ["paired.json", "pending.json"] {
        let path = world.state().join("devices").join(name);
        assert!(!std::fs::read_to_string(&path).unwrap().contains(token));
        let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&path).unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600, "{}", path.display());
    }
    // Nor does any file below the state directory.
    for entry in walk(&world.state()) {
        // What was being written a moment ago has another name by now.
        let Ok(bytes) = std::fs::read(&entry) else { continue };
        let found = bytes.windows(token.len()).any(|window| window == token.as_bytes());
        assert!(!found, "the device token stands in {}", entry.display());
    }
}

fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            files.extend(walk(&entry.path()));
        } else if kind.is_file() {
            files.push(entry.path());
        }
    }
    files
}

#[test]
fn scopes_edited_by_hand_count_within_a_second_and_nothing_else_does() {
    let world = World::new();
    let gateway = world.start();
    let device = Device::new();
    let narrow = Connect::test(Dialect::V4).token(TOKEN).device(&device);
    gateway.pair_remote(&narrow);
    let wide = narrow.clone().scopes(&["read", "admin"]);
    let (error, _) = gateway.dial_remote().open().connect(&wide).refused();
    assert_eq!(error["details"]["reason"], json!("scope-upgrade"));

    let path = world.state().join("devices/paired.json");
    let read = || -> Option<Value> { serde_json::from_str(&std::fs::read_to_string(&path).ok()?).ok() };
    let mut view = until("paired.json", || read().filter(|view| view.get(device.id()).is_some()));
    view[device.id()]["scopes"] = json!(["operator.read", "operator.admin"]);
    // A key that somebody swaps in beside it is not taken.
    let stranger = Device::new();
    let mut forged = view[device.id()].clone();
    forged["deviceId"] = json!(stranger.id());
    forged["publicKey"] = json!(stranger.public_key());
    view[stranger.id()] = forged;
    std::fs::write(&path, view.to_string()).unwrap();

    let mut socket = until("the edit to count", || {
        let mut socket = gateway.dial_remote().open();
        matches!(socket.connect(&wide), Answer::Hello(_)).then_some(socket)
    });
    socket.call("config.get", json!({})).unwrap();
    let unknown = Connect::test(Dialect::V4).token(TOKEN).device(&stranger);
    let (error, _) = gateway.dial_remote().open().connect(&unknown).refused();
    assert_eq!(error["details"]["reason"], json!("not-paired"), "{error}");
}
