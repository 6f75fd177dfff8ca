//! The doctor itself: its lines, its exit code, its document, and what it never touches.

use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use openclaw_tests::acceptance::Row;
use openclaw_tests::world::{Said, TOKEN};
use openclaw_tests::{Connect, Device, Dialect, World};
use serde_json::{Value, json};

/// The line of a check.
#[track_caller]
fn line<'s>(said: &'s Said, what: &str) -> &'s str {
    let found =
        said.out.lines().find(|line| line.split(" – ").next().is_some_and(|head| head.ends_with(what)));
    found.unwrap_or_else(|| panic!("no line about {what}: {said:?}"))
}

#[test]
fn g2_12_the_checklist_in_its_order() {
    let row = Row::of("G2-12");
    let world = World::new();
    let gateway = world.start();
    let said = gateway.cli(&["doctor"]).ok();
    row.says(&said);
    let order = [
        "Host and port",
        "Gateway token",
        "Gateway",
        "Client connection",
        "Pairing requests",
        "This machine's CLI",
        "Container",
        "Trusted proxies",
        "Versions",
    ];
    let at: Vec<usize> = order
        .iter()
        .map(|what| {
            let line = line(&said, what);
            assert!(line.starts_with("✓ "), "{line}");
            said.out.find(line).unwrap()
        })
        .collect();
    assert!(at.is_sorted(), "{said:?}");
}

#[test]
fn d_01_one_line_a_check_and_the_exit_code_tells() {
    let row = Row::of("D-01");
    let world = World::new();
    let begun = Instant::now();
    let said = world.cli(&["doctor"]).ok();
    // Two seconds are promised; a build machine may be busy with everything else.
    assert!(begun.elapsed() < Duration::from_secs(20));
    row.says(&said);
    for line in said.out.lines().take_while(|line| !line.starts_with("Nothing is")) {
        assert!(["✓ ", "! ", "✗ "].iter().any(|mark| line.starts_with(mark)), "{line}");
        assert!(line.contains(" – "), "{line}");
    }
    let took = world.cli(&["doctor", "--json"]).ok().json();
    assert!(took["durationMs"].is_u64());
    // Something that blocks: a setting of the wrong type.
    let broken = world.with(|config| config["gateway"]["port"] = json!("x"));
    let said = broken.cli(&["doctor"]).failed(1);
    assert!(line(&said, "Configuration").starts_with("✗ "), "{said:?}");
}

#[test]
fn d_02_everything_is_looked_at() {
    let row = Row::of("D-02");
    let world = World::new();
    let gateway = world.start();
    let said = gateway.cli(&["doctor", "--deep"]).ok();
    row.says(&said);
    let document = gateway.cli(&["doctor", "--json"]).ok().json();
    let seen: Vec<&str> = document["checks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|check| check["checkId"].as_str().unwrap())
        .collect();
    for id in [
        "gateway-config",
        "legacy-config-keys",
        "unknown-config-keys",
        "gateway-start",
        "gateway-port",
        "gateway-auth",
        "gateway-health",
        "gateway-services",
        "gateway-connect",
        "device-pairing",
        "local-cli-scopes",
        "device-tokens",
        "container",
        "trusted-proxies",
        "allowed-origins",
        "security",
        "versions",
        "device-store",
        "state-integrity",
        "disk-space",
        "gateway-locks",
        "clock",
        "environment",
        "channels",
    ] {
        assert!(seen.contains(&format!("core/doctor/{id}").as_str()), "{id} is missing: {seen:?}");
    }
}

#[test]
fn d_03_repairs_say_before_after_and_how_to_undo_them() {
    let row = Row::of("D-03");
    let world = World::new().with(|config| {
        config["gateway"]["auth"] = json!({"type": "token"});
        config["gateway"]["token"] = json!(TOKEN);
    });
    std::fs::set_permissions(world.config_file(), PermissionsExt::from_mode(0o644)).unwrap();
    let said = world.cli(&["doctor"]).ok();
    row.says(&said);
    let fixed = world.cli(&["doctor", "--fix"]).ok();
    row.mends(&fixed);
    assert_eq!(world.config()["gateway"]["auth"], json!({"token": TOKEN, "mode": "token"}));
    let mode = std::fs::metadata(world.config_file()).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
    assert!(!fixed.all().contains(TOKEN), "{fixed:?}");
    // What is mended stays mended, and there is nothing left to do.
    let again = world.cli(&["doctor", "--fix"]).ok();
    assert!(again.out.contains("Nothing was changed."), "{again:?}");
}

#[test]
fn d_04_nobody_is_let_in_and_nothing_is_opened() {
    let row = Row::of("D-04");
    let world = World::new().with(|config| {
        config["gateway"]["trustedProxies"] = json!(["0.0.0.0/0"]);
        config["gateway"]["controlUi"] = json!({"allowedOrigins": ["*"]});
        config["gateway"]["token"] = json!("another-token-that-somebody-wrote");
        config["somethingOfMine"] = json!({"keep": [1, 2, 3]});
    });
    let gateway = world.start();
    let device = Device::new();
    let narrow = Connect::test(Dialect::V4).token(TOKEN).device(&device).scopes(&["read"]);
    gateway.pair_remote(&narrow);
    let waiting = Connect::test(Dialect::V4).token(TOKEN).device(&Device::new());
    gateway.dial_remote().open().connect(&waiting).refused();
    let before = std::fs::read_to_string(world.config_file()).unwrap();
    let said = gateway.cli(&["doctor", "--fix", "--yes"]);
    row.says(&said);
    assert_eq!(std::fs::read_to_string(world.config_file()).unwrap(), before, "{said:?}");
    let list = gateway.cli(&["devices", "list", "--json"]).ok().json();
    assert_eq!(list["pending"].as_array().unwrap().len(), 1);
    let paired = list["paired"].as_array().unwrap();
    let theirs = paired.iter().find(|one| one["deviceId"] == json!(device.id())).unwrap();
    assert_eq!(theirs["scopes"], json!(["operator.read"]));
    gateway.dial_remote().open().connect(&waiting).refused();
}

#[test]
fn d_06_the_document_has_everything_and_no_secret() {
    let row = Row::of("D-06");
    let world =
        World::new().with(|config| config["gateway"]["token"] = json!("another-token-that-is-a-secret"));
    let gateway = world.start();
    let said = gateway.cli(&["doctor", "--json"]).ok();
    row.says(&said.out);
    let document = said.json();
    assert_eq!((&document["schemaVersion"], &document["ok"]), (&json!(1), &json!(true)));
    let text = gateway.cli(&["doctor"]).ok();
    let checks = document["checks"].as_array().unwrap();
    for check in checks.iter().filter(|check| check["status"] != json!("skipped")) {
        let what = check["what"].as_str().unwrap();
        assert!(text.out.contains(what), "{what} is not in the text");
    }
    for secret in [TOKEN, "another-token-that-is-a-secret"] {
        assert!(!said.out.contains(secret) && !text.all().contains(secret));
    }
    assert!(
        document["findings"].as_array().unwrap().iter().all(|finding| finding["severity"] != json!("info"))
    );
}

#[test]
fn a_23_the_commands_of_the_guides_run() {
    let row = Row::of("A-23");
    let world = World::fresh();
    let said = world.cli(&["doctor"]).ok();
    row.says(&said);
    let made = world.cli(&["doctor", "--generate-gateway-token"]).ok();
    row.mends(&made);
    world.cli(&["doctor", "--fix"]).ok();
    world.cli(&["doctor", "--repair", "--non-interactive", "--no-workspace-suggestions"]).ok();
    assert_eq!(world.config()["gateway"]["auth"]["token"].as_str().map(str::len), Some(48));
}

#[test]
fn f_09_an_unknown_key_is_warned_of_with_its_line_and_kept() {
    let row = Row::of("F-09");
    let world = World::new();
    let text = format!(
        "{{\n  \"retiredThing\": {{\"a\": 1}},{}",
        &std::fs::read_to_string(world.config_file()).unwrap()[1..]
    );
    world.write_config_text(&text);
    let gateway = world.start();
    let said = gateway.cli(&["doctor", "--fix"]).ok();
    row.says(&said);
    assert_eq!(world.config()["retiredThing"], json!({"a": 1}));
    assert_eq!(std::fs::read_to_string(world.config_file()).unwrap(), text);
}

#[test]
fn f_10_a_repair_is_a_patch_and_undo_gives_the_file_back() {
    let row = Row::of("F-10");
    let world = World::new();
    let before = format!(
        "// written by hand\n{{\n  gateway: {{\n    mode: 'local', port: {}, // mine\n    token: '{TOKEN}',\n    auth: {{ type: 'token' }},\n    odd: {{ kept: true }},\n  }},\n  logging: {{ file: '{}' }},\n}}\n",
        world.port,
        world.log_file().display()
    );
    world.write_config_text(&before);
    let fixed = world.cli(&["doctor", "--fix"]).ok();
    row.says(&fixed);
    let after = std::fs::read_to_string(world.config_file()).unwrap();
    for kept in ["// written by hand", "// mine", "odd: { kept: true }", TOKEN] {
        assert!(after.contains(kept), "{kept} is gone:\n{after}");
    }
    // Each repair names its undo; the last is taken back first.
    let undos: Vec<String> = fixed
        .out
        .lines()
        .filter_map(|line| line.trim().strip_prefix("Undo: openclaw config undo "))
        .map(str::to_owned)
        .collect();
    assert!(!undos.is_empty(), "{fixed:?}");
    for number in undos.iter().rev() {
        world.cli(&["config", "undo", number]).ok();
    }
    assert_eq!(std::fs::read_to_string(world.config_file()).unwrap(), before);
    // Once somebody has written by hand, nothing is thrown away.
    world.cli(&["doctor", "--fix"]).ok();
    let edited = format!("{}// later\n", std::fs::read_to_string(world.config_file()).unwrap());
    world.write_config_text(&edited);
    let refused = world.cli(&["config", "undo"]).failed(1);
    row.mends(&refused);
    assert_eq!(std::fs::read_to_string(world.config_file()).unwrap(), edited);
}

#[test]
fn g1_5_the_token_is_where_guides_say_and_for_its_owner_only() {
    let row = Row::of("G1-5");
    let world = World::fresh();
    world.start().stop();
    let file = world.home().join(".openclaw/openclaw.json");
    let mode = || std::fs::metadata(&file).unwrap().permissions().mode() & 0o777;
    let config: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    assert_eq!((config["gateway"]["auth"]["token"].as_str().map(str::len), mode()), (Some(48), 0o600));
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o664)).unwrap();
    let said = world.cli(&["doctor"]);
    row.says(&said);
    row.mends(&said);
    world.run_fix(&line(&said, "Files").to_owned()).ok();
    assert_eq!(mode(), 0o600);
}
