//! Starting and ending: the first start, bad configuration, a taken port, signals, a full or read-only disk.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use openclaw_tests::network::is_root;
use openclaw_tests::wait::until;
use openclaw_tests::world::TOKEN;
use openclaw_tests::{Connect, Device, Dialect, World, skipped};
use rustix::process::Signal;
use serde_json::{Value, json};

fn mode(path: &std::path::Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_first_start_needs_no_configuration() {
    let world = World::fresh();
    let gateway = world.start();
    let config = world.config();
    assert_eq!(config["gateway"]["mode"], json!("local"));
    let token = config["gateway"]["auth"]["token"].as_str().unwrap();
    assert_eq!(token.len(), 48, "192 bits in hex");
    assert!(token.bytes().all(|byte| byte.is_ascii_hexdigit()));
    assert_eq!(config.get("meta"), None, "nothing is stamped into the user's file");
    assert_eq!((mode(&world.config_file()), mode(&world.state())), (0o600, 0o700));

    // The banner: where it listens, the dashboard, the claim code. The token is not in it.
    let port = world.port.to_string();
    until("the banner", || claim_code(&gateway.stdout()).map(drop));
    let banner = gateway.stdout();
    assert!(banner.contains(&format!("127.0.0.1:{port}")), "{banner}");
    assert!(banner.contains("http://"), "{banner}");
    assert!(claim_code(&banner).is_some(), "{banner}");
    assert!(!gateway.printed().contains(token), "{banner}");

    // The owner needs nothing to use it.
    gateway.cli(&["health"]).ok();
    gateway.cli(&["devices", "list"]).ok();

    // The second start changes nothing and keeps the token.
    gateway.stop();
    let before = std::fs::read_to_string(world.config_file()).unwrap();
    world.start().stop();
    assert_eq!(std::fs::read_to_string(world.config_file()).unwrap(), before);
}

/// The first `XXXX-XXXX` in a text.
pub(crate) fn claim_code(text: &str) -> Option<String> {
    let letter = |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    text.split(|character: char| !(character.is_ascii_alphanumeric() || character == '-'))
        .find(|word| {
            let bytes = word.as_bytes();
            bytes.len() == 9 && bytes[4] == b'-' && bytes[..4].iter().chain(&bytes[5..]).all(letter)
        })
        .map(str::to_owned)
}

#[test]
fn the_probes_answer_as_supervisors_expect() {
    let world = World::new();
    let gateway = world.start();
    for path in ["/health", "/healthz"] {
        let answer = gateway.get(path).unwrap();
        assert_eq!((answer.status, answer.json()), (200, json!({"ok": true, "status": "live"})), "{path}");
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
    for path in ["/ready", "/readyz"] {
        let answer = gateway.get(path).unwrap();
        assert_eq!((answer.status, &answer.json()["ready"]), (200, &json!(true)), "{path}");
    }
    let to = gateway.address();
    let post = openclaw_tests::http::request(to, "POST", "/healthz", &[], "{}").unwrap();
    assert_eq!((post.status, post.header("allow")), (405, Some("GET, HEAD")));
    let page = gateway.get("/").unwrap();
    assert_eq!(page.status, 200);
    for (header, value) in [("x-content-type-options", "nosniff"), ("referrer-policy", "no-referrer")] {
        assert_eq!(page.header(header), Some(value), "{header}");
    }
    assert_eq!(page.header("x-frame-options"), Some("DENY"));
    assert!(page.header("content-security-policy").unwrap().contains("frame-ancestors 'none'"));
    // What a scanner sees tells it nothing.
    for path in ["/", "/health", "/ready", "/nothing.js", "/api/x"] {
        let body = gateway.get(path).unwrap().body;
        assert!(!body.contains(env!("CARGO_PKG_VERSION")), "{path}: {body}");
        assert!(!body.contains(world.state().to_str().unwrap()), "{path}: {body}");
    }
    // A public name that nobody configured.
    let foreign =
        openclaw_tests::http::request(to, "GET", "/api/x", &[("Host", "evil.example.com")], "").unwrap();
    assert_eq!(foreign.status, 421);
    // A GET with half of an upgrade.
    let upgrade = [("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13")];
    let answer = openclaw_tests::http::request(to, "GET", "/", &upgrade, "").unwrap();
    assert_eq!(answer.status, 400);
    assert!(answer.body.contains("Missing or invalid Sec-WebSocket-Key header"), "{}", answer.body);
}

#[test]
fn every_fault_of_the_configuration_is_told_at_once_and_nothing_is_touched() {
    let world = World::new();
    let text = r#"{
      // A comment that must survive.
      gateway: { mode: "local", port: "eighty", bind: "everywhere", auth: { mode: "magic" } },
    }"#;
    world.write_config_text(text);
    let said = world.start_refused().failed(78);
    for word in ["gateway.port", "gateway.bind", "gateway.auth.mode", "openclaw.json"] {
        assert!(said.err.contains(word), "{word} is missing in {}", said.err);
    }
    assert_eq!(std::fs::read_to_string(world.config_file()).unwrap(), text);
    world.write_config_text("{ gateway: ");
    world.start_refused().failed(78);
    assert_eq!(std::fs::read_to_string(world.config_file()).unwrap(), "{ gateway: ");
}

#[test]
fn deeply_nested_configuration_is_refused_and_does_not_crash() {
    let world = World::new();
    world.write_config_text(&format!("{}{}", "[".repeat(200_000), "]".repeat(200_000)));
    world.start_refused().failed(78);
}

#[test]
fn a_file_without_a_mode_is_refused_with_the_known_words() {
    let world = World::new().with(|config| drop(config["gateway"].as_object_mut().unwrap().remove("mode")));
    let said = world.start_refused().failed(78);
    let words =
        "Gateway start blocked: set gateway.mode=local (current: unset) or pass --allow-unconfigured.";
    assert!(said.err.contains(words), "{}", said.err);
    World::new()
        .with(|config| drop(config["gateway"].as_object_mut().unwrap().remove("mode")))
        .arguments(&["--allow-unconfigured"])
        .start();
}

#[test]
fn unknown_and_retired_keys_are_only_warned_of() {
    let world = World::new().with(|config| {
        config["gateway"]["tokn"] = json!("x");
        config["somethingElse"] = json!(1);
    });
    let gateway = world.start();
    until("the warning", || {
        let printed = gateway.printed();
        (printed.contains("\"tokn\"") && printed.contains("\"somethingElse\"")).then_some(())
    });
}

#[test]
fn configurations_that_would_let_anybody_in_do_not_start() {
    type Change = fn(&mut Value);
    let faults: [(&str, Change, &str); 4] = [
        (
            "mode none on the network",
            |config| {
                config["gateway"]["bind"] = json!("lan");
                config["gateway"]["auth"] = json!({"mode": "none"});
            },
            "Refusing to bind gateway to lan without auth.",
        ),
        (
            "password mode without one",
            |config| config["gateway"]["auth"] = json!({"mode": "password"}),
            "Gateway auth is set to password, but no password is configured.",
        ),
        (
            "both secrets and no mode",
            |config| config["gateway"]["auth"] = json!({"token": TOKEN, "password": "x"}),
            "gateway.auth.mode is unset",
        ),
        (
            "a proxy without its settings",
            |config| config["gateway"]["auth"] = json!({"mode": "trusted-proxy"}),
            "trusted-proxy",
        ),
    ];
    for (name, change, words) in faults {
        let said = World::new().with(change).start_refused().failed(78);
        assert!(said.err.contains(words), "{name}: {}", said.err);
    }
}

#[test]
fn token_mode_without_a_token_generates_one_and_says_so() {
    let world = World::new().with(|config| config["gateway"]["auth"] = json!({"mode": "token"}));
    world.start().stop();
    assert_eq!(world.config()["gateway"]["auth"]["token"].as_str().unwrap().len(), 48);
}

#[test]
fn a_second_gateway_on_the_same_state_names_the_first() {
    let world = World::new();
    let gateway = world.start();
    let said = world.start_refused();
    assert_ne!(said.code, 0);
    assert!(said.err.contains(&format!("gateway already running (pid {})", gateway.pid())), "{}", said.err);
    assert_eq!(gateway.get("/healthz").unwrap().status, 200);
}

#[test]
fn a_taken_port_names_its_holder() {
    let world = World::new();
    let _holder = TcpListener::bind(("127.0.0.1", world.port)).unwrap();
    let said = world.start_refused();
    assert_ne!(said.code, 0);
    assert!(said.err.contains("another gateway instance is already listening"), "{}", said.err);
    assert!(said.err.contains(&std::process::id().to_string()), "{}", said.err);

    let other = World::new().with(|config| config["gateway"]["port"] = json!(world.port));
    drop(_holder);
    let gateway = world.start();
    let mut command = other.gateway_command();
    let out = command.env("OPENCLAW_GATEWAY_PORT", world.port.to_string()).output().unwrap();
    let text = String::from_utf8_lossy(&out.stderr);
    assert!(text.contains(&gateway.pid().to_string()) && text.contains("OpenClaw"), "{text}");
}

#[test]
fn a_stop_is_told_to_every_client_and_takes_less_than_a_second() {
    for signal in [Signal::TERM, Signal::INT] {
        let world = World::new();
        let mut gateway = world.start();
        let mut sockets: Vec<_> =
            Dialect::BOTH.into_iter().map(|dialect| gateway.operator(dialect)).collect();
        gateway.signal(signal);
        let (status, took) = gateway.wait();
        assert!(status.success(), "{status}");
        assert!(took < Duration::from_secs(1), "{took:?}");
        for (dialect, socket) in Dialect::BOTH.into_iter().zip(&mut sockets) {
            let event = socket.event("shutdown");
            assert_eq!(event["payload"]["reason"], json!("gateway stopping"));
            assert_eq!(event["payload"].get("restartExpectedMs"), dialect.pick(Some(&Value::Null), None));
            let close = socket.closed();
            assert_eq!((close.code, close.reason.as_str()), (1012, "service restart"));
        }
        // The place is free at once.
        world.start().stop();
    }
}

#[test]
fn a_restart_signal_restarts_in_place() {
    for signal in [Signal::USR1, Signal::USR2] {
        let world = World::new();
        let gateway = world.start();
        let mut socket = gateway.operator(Dialect::V4);
        let boot = |hello: Value| hello["server"]["bootId"].clone();
        let device = Device::new();
        let connect = Connect::test(Dialect::V4).token(TOKEN).device(&device);
        let before = boot(gateway.dial().open().connect(&connect).hello());
        let started = Instant::now();
        gateway.signal(signal);
        let event = socket.event("shutdown");
        assert_eq!(event["payload"]["reason"], json!("gateway restarting"));
        assert_eq!(socket.closed().code, 1012);
        // The listening socket is handed over: nobody is turned away meanwhile.
        let after = until("the new gateway", || {
            let hello = gateway.dial().open().connect(&connect).hello();
            (boot(hello.clone()) != before).then(|| boot(hello))
        });
        assert_ne!(after, before);
        assert!(started.elapsed() < Duration::from_secs(5));
        gateway.stop();
    }
}

#[test]
fn a_read_only_state_directory_is_told_and_loses_nothing() {
    let world = World::new();
    world.start().stop();
    let state = world.state();
    let (said, word) = if is_root() {
        let bound = mount(&["--bind", state.to_str().unwrap(), state.to_str().unwrap()])
            && mount(&["-o", "remount,bind,ro", state.to_str().unwrap()]);
        if !bound {
            return skipped("mounting is not allowed here");
        }
        let said = world.start_refused();
        unmount(&state);
        (said, "read-only")
    } else {
        // Only the outer folder closed would do no harm: all that is written lies deeper.
        let allow = |mode| {
            for folder in [&state, &state.join("state")] {
                std::fs::set_permissions(folder, PermissionsExt::from_mode(mode)).unwrap();
            }
        };
        allow(0o500);
        let said = world.start_refused();
        allow(0o700);
        (said, "permission denied")
    };
    assert_ne!(said.code, 0);
    assert!(said.err.to_lowercase().contains(word), "{}", said.err);
    world.start().stop();
}

#[test]
fn a_full_disk_is_told_and_loses_nothing() {
    if !is_root() {
        return skipped("a small filesystem of its own needs root");
    }
    let world = World::new();
    let state = world.state();
    let config = std::fs::read_to_string(world.config_file()).unwrap();
    if !mount(&["-t", "tmpfs", "-o", "size=3m,mode=700", "tmpfs", state.to_str().unwrap()]) {
        return skipped("mounting is not allowed here");
    }
    let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        world.write_config_text(&config);
        let gateway = world.start();
        let kept = Device::new();
        let connect = Connect::test(Dialect::V4).token(TOKEN).device(&kept);
        gateway.pair_remote(&connect);

        // Fill it to the last byte.
        let ballast = state.join("ballast");
        let mut size = 4 << 20;
        let mut file = std::fs::File::create(&ballast).unwrap();
        while size > 0 {
            use std::io::Write;
            if file.write_all(&vec![7; size]).is_err() {
                size /= 2;
            }
        }
        let asks = |device: &Device| Connect::test(Dialect::V4).token(TOKEN).device(device);
        let refusal = until("the disk to be noticed", || {
            let (error, _) = gateway.dial_remote().open().connect(&asks(&Device::new())).refused();
            (error["code"] == json!("UNAVAILABLE")).then_some(error)
        });
        assert_eq!(refusal["retryable"], json!(true), "{refusal}");
        assert!(refusal["details"]["help"]["sentence"].is_string(), "{refusal}");
        // Who was paired is let in all the same.
        gateway.dial_remote().open().connect(&connect).hello();

        drop(file);
        std::fs::remove_file(&ballast).unwrap();
        gateway.pair_remote(&asks(&Device::new()));
        gateway.kill();
        let gateway = world.start();
        gateway.dial_remote().open().connect(&connect).hello();
    }));
    unmount(&state);
    if let Err(panic) = done {
        std::panic::resume_unwind(panic);
    }
}

#[test]
fn a_state_directory_of_another_user_is_refused() {
    if !is_root() {
        return skipped("giving a folder away needs root");
    }
    // Run by root, the directory's owner is trusted; run by somebody else, a stranger's directory is not.
    use std::os::unix::process::CommandExt;
    let world = World::new();
    let away = |path: &std::path::Path, uid| std::os::unix::fs::chown(path, Some(uid), Some(uid)).unwrap();
    std::fs::set_permissions(world.home(), PermissionsExt::from_mode(0o755)).unwrap();
    away(&world.state(), 42_001);
    std::fs::set_permissions(world.state(), PermissionsExt::from_mode(0o777)).unwrap();
    let out = world.gateway_command().uid(42_002).gid(42_002).current_dir("/").output().unwrap();
    assert!(!out.status.success());
    let text = String::from_utf8_lossy(&out.stderr);
    assert!(text.contains(world.state().to_str().unwrap()) || text.contains("openclaw.json"), "{text}");
}

fn mount(words: &[&str]) -> bool {
    std::process::Command::new("mount").args(words).status().is_ok_and(|status| status.success())
}

fn unmount(path: &std::path::Path) {
    let _ = std::process::Command::new("umount").arg("-l").arg(path).status();
}

#[test]
fn legacy_and_moved_state_directories_are_found() {
    let world = World::new();
    std::fs::rename(world.state(), world.home().join(".clawdbot")).unwrap();
    world.start().stop();
    assert_eq!(world.config()["gateway"]["auth"]["token"], json!(TOKEN));
    assert!(std::fs::symlink_metadata(world.home().join(".clawdbot")).unwrap().is_symlink());

    let elsewhere = World::new();
    let state = elsewhere.home().join("elsewhere");
    std::fs::rename(elsewhere.state(), &state).unwrap();
    let elsewhere = elsewhere.variable("OPENCLAW_STATE_DIR", state.to_str().unwrap());
    elsewhere.start().stop();
    assert!(state.join("state/gateway.sqlite").exists());

    let work = World::fresh();
    let shown = work.cli(&["--profile", "work", "config", "file"]).ok().out;
    assert!(shown.trim().ends_with(".openclaw-work/openclaw.json"), "{shown}");
}

#[test]
fn the_version_is_printed_as_scripts_expect_it() {
    let world = World::fresh();
    for flag in ["--version", "-V", "-v"] {
        let said = world.cli(&[flag]).ok();
        let line = said.out.trim();
        assert!(line.starts_with(concat!("OpenClaw ", env!("CARGO_PKG_VERSION"), " (")), "{line}");
        assert!(line.ends_with(')'), "{line}");
    }
    assert!(!world.state().exists(), "printing the version leaves nothing behind");
}
