//! The command line around a gateway: what people type and what scripts read.

use openclaw_tests::wait::until;
use openclaw_tests::world::TOKEN;
use openclaw_tests::{Connect, Device, Dialect, World};
use serde_json::json;

#[test]
fn config_edits_keep_comments_order_and_unknown_keys() {
    let world = World::new();
    world.write_config_text(
        "{\n  // The house.\n  gateway: {\n    mode: \"local\", // not remote\n    port: 18789,\n  },\n  zebra: 1,\n}\n",
    );
    let said = world.cli(&["config", "set", "gateway.port", "18790"]).ok();
    assert!(said.out.contains("Updated gateway.port."), "{said:?}");
    let text = std::fs::read_to_string(world.config_file()).unwrap();
    for part in ["// The house.", "// not remote", "18790", "zebra"] {
        assert!(text.contains(part), "{part} is lost: {text}");
    }
    assert!(text.find("gateway").unwrap() < text.find("zebra").unwrap());
    assert!(std::fs::read_to_string(world.state().join("openclaw.json.bak")).unwrap().contains("18789"));
    assert_eq!(world.cli(&["config", "get", "gateway.port"]).ok().out.trim(), "18790");
    world.cli(&["config", "unset", "gateway.port"]).ok();
    assert!(!std::fs::read_to_string(world.config_file()).unwrap().contains("18790"));
}

#[test]
fn config_refuses_what_it_does_not_know_and_suggests() {
    let world = World::new();
    let before = std::fs::read_to_string(world.config_file()).unwrap();
    let said = world.cli(&["config", "set", "gateway.prot", "1"]).failed(1);
    assert!(said.err.contains("gateway.port"), "{said:?}");
    world.cli(&["config", "set", "gateway.port", "eighty"]).failed(1);
    assert_eq!(std::fs::read_to_string(world.config_file()).unwrap(), before);
    world.cli(&["config", "set", "gateway.prot", "1", "--force"]).ok();
    assert_eq!(world.config()["gateway"]["prot"], json!(1));
    world.cli(&["config", "get", "no.such.path"]).failed(1);
}

#[test]
fn secrets_are_not_shown_and_the_marker_is_never_stored() {
    let world = World::new();
    let said = world.cli(&["config", "get", "gateway.auth.token"]).ok();
    assert!(said.out.contains("__OPENCLAW_REDACTED__") && !said.all().contains(TOKEN), "{said:?}");
    world.cli(&["config", "set", "gateway.auth.token", "__OPENCLAW_REDACTED__"]);
    assert_eq!(world.config()["gateway"]["auth"]["token"], json!(TOKEN));
    let gateway = world.start();
    // Shown on a terminal only; this is a pipe.
    assert!(!gateway.cli(&["gateway", "auth-token", "--show"]).all().contains(TOKEN));
    let connect = Connect::test(Dialect::V4).token("__OPENCLAW_REDACTED__").device(&Device::new());
    let (error, _) = gateway.dial_remote().open().connect(&connect).refused();
    assert!(error["details"]["help"].to_string().contains("openclaw gateway auth-token --show"), "{error}");
}

#[test]
fn the_token_is_shown_to_whoever_sits_at_a_terminal() {
    let world = World::new();
    let _gateway = world.start();
    let plain = world.cli_at_terminal(&["gateway", "auth-token"]).ok();
    assert!(plain.out.contains("gateway auth-token --show") && !plain.out.contains(TOKEN), "{plain:?}");
    let shown = world.cli_at_terminal(&["gateway", "auth-token", "--show"]).ok();
    assert!(shown.out.lines().any(|line| line == TOKEN), "{shown:?}");
    // A pipe may be a log.
    let piped = world.cli(&["gateway", "auth-token", "--show"]).failed(1);
    assert!(piped.err.contains("not a terminal") && !piped.all().contains(TOKEN), "{piped:?}");
    let entries = std::fs::read_to_string(world.log_file()).unwrap();
    assert!(!entries.contains(TOKEN));
}

#[test]
fn config_edits_under_a_running_gateway_keep_what_a_person_wrote() {
    let world = World::new();
    let comment = "// Never change this on a Friday.";
    let text = world.config_file();
    let written = std::fs::read_to_string(&text).unwrap().replacen('{', &format!("{{\n  {comment}"), 1);
    world.write_config_text(&written);
    let gateway = world.start();
    let mut socket = gateway.operator(Dialect::V4);
    let get = |socket: &mut openclaw_tests::Socket| socket.call("config.get", json!({})).unwrap();
    let read = || std::fs::read_to_string(&text).unwrap();
    let origins = |number: usize| json!({"gateway": {"controlUi": {"allowedOrigins": [format!("https://a{number}.example.com")]}}});

    // By the command line and over the wire; both apply live.
    let path = "gateway.controlUi.allowedOrigins";
    gateway.cli(&["config", "set", path, r#"["https://a0.example.com"]"#]).ok();
    assert!(read().contains(comment) && read().contains("https://a0.example.com"), "{}", read());
    until("the first change", || gateway.printed().contains("config hot reload applied").then_some(()));
    let seen = get(&mut socket);
    let patch = json!({"raw": origins(1).to_string(), "baseHash": seen["hash"], "replacePaths": [path]});
    socket.call("config.patch", patch).unwrap();
    assert!(read().contains(comment) && read().contains("https://a1.example.com"), "{}", read());
    assert!(!read().contains("https://a0.example.com") && read().contains(TOKEN), "{}", read());

    // Somebody edits the file by hand: what is based on the former text is refused and changes nothing.
    let seen = get(&mut socket);
    let edited = read().replacen(comment, "// Edited by hand.", 1);
    world.write_config_text(&edited);
    for method in ["config.set", "config.patch", "config.apply"] {
        let raw = if method == "config.patch" { json!(origins(2).to_string()) } else { seen["raw"].clone() };
        let error = socket.call(method, json!({"raw": raw, "baseHash": seen["hash"]})).unwrap_err();
        assert_eq!(error["code"], json!("INVALID_REQUEST"), "{method}: {error}");
        assert!(error["message"].as_str().unwrap().contains("config changed"), "{method}: {error}");
        assert_eq!(read(), edited, "{method}");
    }
    let patch =
        json!({"raw": origins(3).to_string(), "baseHash": get(&mut socket)["hash"], "replacePaths": [path]});
    socket.call("config.patch", patch).unwrap();
    assert!(read().contains("// Edited by hand.") && read().contains("https://a3.example.com"), "{}", read());

    // An edit by hand applies live like any other.
    let ui = "https://hand.example.com";
    world.write_config_text(&read().replace("https://a3.example.com", ui));
    let connect = Connect::control_ui(Dialect::V4).token(TOKEN).device(&Device::new());
    until("the edit by hand", || {
        let (error, _) = gateway.dial_remote().web_origin(ui).open().connect(&connect).refused();
        (error["details"]["code"] == json!("PAIRING_REQUIRED")).then_some(())
    });
    socket.call("health", json!({})).unwrap();
}

#[test]
fn config_file_validate_and_schema() {
    let world = World::new();
    let shown = world.cli(&["config", "file"]).ok().out;
    assert!(shown.trim().ends_with(".openclaw/openclaw.json"), "{shown}");
    let valid = world.cli(&["config", "validate", "--json"]).ok().json();
    assert_eq!(valid["valid"], json!(true));
    let schema = world.cli(&["config", "schema"]).ok().json();
    assert!(schema["properties"]["gateway"].is_object());
    world.write_config_text("{ gateway: { port: [] } }");
    let said = world.cli(&["config", "validate", "--json"]).failed(1);
    assert_eq!(said.json()["valid"], json!(false));
    assert!(said.out.contains("gateway.port"), "{said:?}");
    assert_eq!(
        world.cli(&["config", "get", "gateway.bind"]).code,
        1,
        "an invalid file is told, not guessed at"
    );
}

#[test]
fn live_changes_apply_without_a_restart() {
    let world = World::new();
    let gateway = world.start();
    let mut socket = gateway.operator(Dialect::V4);
    let ui = "https://gateway.example.com";
    let device = Device::new();
    let connect = Connect::control_ui(Dialect::V4).token(TOKEN).device(&device);
    let refused = || {
        gateway.dial_remote().web_origin(ui).open().connect(&connect).refused().0["details"]["code"].clone()
    };
    assert_eq!(refused(), json!("CONTROL_UI_ORIGIN_NOT_ALLOWED"));
    world.cli(&["config", "set", "gateway.controlUi.allowedOrigins", &json!([ui]).to_string()]).ok();
    until("the new origin", || (refused() == json!("PAIRING_REQUIRED")).then_some(()));
    socket.call("health", json!({})).unwrap();
}

#[test]
fn a_rotated_shared_token_applies_live_and_paired_devices_stay() {
    let world = World::new();
    let gateway = world.start();
    let device = Device::new();
    let connect = Connect::test(Dialect::V4).device(&device);
    let token = gateway.pair_remote(&connect.clone().token(TOKEN));
    let new = "0123456789abcdef0123456789abcdef0123456789abcdef";
    world.cli(&["config", "set", "gateway.auth.token", new]).ok();
    // Trying until it works would be guessing, and be locked out.
    until("the new token", || gateway.printed().contains("config hot reload applied").then_some(()));
    gateway.dial_remote().open().connect(&Connect::test(Dialect::V4).token(new)).hello();
    gateway.dial_remote().open().connect(&Connect::test(Dialect::V4).token(TOKEN)).refused();
    gateway.dial_remote().open().connect(&connect.auth("deviceToken", &token)).hello();
    let audit = std::fs::read_to_string(world.state().join("logs/config-audit.jsonl")).unwrap();
    assert!(audit.contains("config.write") && !audit.contains(new) && !audit.contains(TOKEN), "{audit}");
}

#[test]
fn rpc_from_the_command_line() {
    let world = World::new();
    let gateway = world.start();
    let health = gateway.cli(&["gateway", "call", "health", "--json"]).ok().json();
    assert_eq!(health["ok"], json!(true));
    gateway.cli(&["gateway", "call", "no.such.method"]).failed(1);
    assert!(gateway.cli(&["gateway", "health"]).ok().out.contains("OK"));
    assert_eq!(gateway.cli(&["health", "--json"]).ok().json()["ok"], json!(true));
    let probe = gateway.cli(&["gateway", "probe", "--json"]).ok().json();
    assert_eq!(probe["ok"], json!(true), "{probe}");
    // The same over TCP with the credentials of a client.
    let url = gateway.url();
    let wrong = gateway.cli(&["gateway", "call", "health", "--url", &url, "--token", "wrong"]).failed(1);
    assert!(wrong.err.contains("gateway token mismatch"), "{wrong:?}");
    let with_token = ["gateway", "call", "health", "--url", &url, "--token", TOKEN, "--json"];
    assert_eq!(gateway.cli(&with_token).ok().json()["ok"], json!(true));
    let bare = gateway.cli(&["gateway", "call", "health", "--url", &url]).failed(1);
    assert!(bare.err.contains("gateway url override requires explicit credentials"), "{bare:?}");
}

#[test]
fn a_gateway_that_is_not_there_is_told_in_one_breath() {
    let world = World::new();
    for words in [vec!["health"], vec!["gateway", "call", "status"]] {
        let said = world.cli(&words).failed(1);
        let target = format!("ws://127.0.0.1:{}", world.port);
        assert!(said.err.contains(&target) && said.err.contains("openclaw gateway"), "{said:?}");
        assert!(!said.err.contains("panicked") && !said.err.contains("stack"), "{said:?}");
    }
    let far = world.cli(&["health", "--url", "ws://gateway.invalid:1", "--token", "x"]).failed(1);
    assert!(far.err.contains("plaintext ws://"), "{far:?}");
}

#[test]
fn the_log_is_json_lines_without_secrets() {
    let world = World::new();
    let gateway = world.start();
    let device = Device::new();
    let connect = Connect::test(Dialect::V4).token(TOKEN).device(&device);
    let device_token = gateway.pair_remote(&connect);
    gateway.dial_remote().open().connect(&Connect::test(Dialect::V4).token("a-wrong-secret")).refused();
    until("the refusal in the log", || {
        std::fs::read_to_string(world.log_file()).ok().filter(|log| log.contains("mismatch"))
    });
    let log = std::fs::read_to_string(world.log_file()).unwrap();
    for line in log.lines() {
        let entry: serde_json::Value =
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert!(entry["time"].is_string() && entry["_meta"]["logLevelName"].is_string(), "{line}");
    }
    for secret in [TOKEN, device_token.as_str(), "a-wrong-secret"] {
        assert!(!log.contains(secret), "{secret} is in the log");
        assert!(!gateway.printed().contains(secret), "{secret} was printed");
    }
    let shown = gateway.cli(&["logs", "--limit", "50"]).ok();
    assert!(shown.out.contains("gateway"), "{shown:?}");
    // The journal of refusals names the cause and no secret.
    assert!(!shown.out.contains("a-wrong-secret"));
}

#[test]
fn unknown_commands_fail_with_one_and_say_what_is_near() {
    let world = World::new();
    for words in
        [vec!["authenticate"], vec!["devices", "lst"], vec!["config", "--nonsense"], vec!["config", "get"]]
    {
        let said = world.cli(&words);
        assert_eq!(said.code, 1, "{words:?}: {said:?}");
        assert!(!said.err.is_empty(), "{words:?}");
    }
    let absent = world.cli(&["onboard"]).failed(1);
    assert_eq!(absent.err.trim().lines().count(), 1, "{absent:?}");
}

#[test]
fn completion_for_each_shell() {
    let world = World::fresh();
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let said = world.cli(&["completion", "--shell", shell]).ok();
        assert!(said.out.contains("openclaw"), "{shell}: {said:?}");
    }
}

#[test]
fn approving_by_words() {
    let world = World::new();
    let gateway = world.start();
    let ask = |connect: &Connect| {
        let (error, _) = gateway.dial_remote().open().connect(connect).refused();
        error["details"]["requestId"].as_str().unwrap().to_owned()
    };
    // Without a terminal a bare `approve` only shows, and says the exact command.
    let first = Connect::test(Dialect::V4).token(TOKEN).device(&Device::new());
    let request = ask(&first);
    for words in [vec!["devices", "approve"], vec!["devices", "approve", "--latest"]] {
        let said = gateway.cli(&words).failed(1);
        assert!(said.err.contains(&format!("openclaw devices approve {request}")), "{said:?}");
    }
    gateway.cli(&["devices", "approve", "--latest", "--yes", "--no-wait"]).ok();
    gateway.dial_remote().open().connect(&first).hello();

    // A prefix needs eight letters where nobody looks on; a device id is as good as its request.
    let second = Connect::test(Dialect::V4).token(TOKEN).device(&Device::new());
    let request = ask(&second);
    gateway.cli(&["devices", "approve", &request[..5]]).failed(1);
    gateway.approve(&request[..9]);
    let third = Device::new();
    ask(&Connect::test(Dialect::V4).token(TOKEN).device(&third));
    gateway.approve(&third.id());
    let unknown = gateway.cli(&["devices", "approve", "00000000-0000-4000-8000-000000000000"]).failed(1);
    assert!(unknown.err.contains("devices list"), "{unknown:?}");

    // A name, whatever is in it, only previews.
    let named = Connect::test(Dialect::V4)
        .token(TOKEN)
        .device(&Device::new())
        .client("displayName", json!("Ada\u{202e}\u{1b}[31m phone"));
    ask(&named);
    gateway.cli(&["devices", "approve", "Ada"]).failed(1);
    let list = gateway.cli(&["devices", "list"]).ok();
    assert!(!list.out.contains('\u{1b}') && !list.out.contains('\u{202e}'), "{list:?}");
}
