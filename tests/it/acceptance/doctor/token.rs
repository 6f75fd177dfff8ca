//! The gateway's token: made, replaced, compared, and never shown.

use openclaw_tests::acceptance::{Row, fix_of};
use openclaw_tests::wait::until;
use openclaw_tests::world::TOKEN;
use openclaw_tests::{Connect, Device, Dialect, World};
use serde_json::json;

/// The token in the file.
fn stored(world: &World) -> String {
    world.config()["gateway"]["auth"]["token"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn c_12_a_token_that_was_removed_stays_in_force_and_is_made_anew() {
    let row = Row::of("C-12");
    let world = World::new();
    let gateway = world.start();
    world.change_config(|config| config["gateway"]["auth"] = json!({"mode": "token"}));
    let said = gateway.line_with("The token was removed from the configuration");
    row.says(&said);
    gateway.dial_remote().open().connect(&Connect::test(Dialect::V4).token(TOKEN)).hello();
    row.mends(&said);
    let made = world.run_fix(&said).ok();
    assert!(made.out.contains("no restart is needed") && stored(&world).len() == 48, "{made:?}");
    gateway.dial_remote().open().connect(&Connect::test(Dialect::V4).token(&stored(&world))).hello();
    gateway.dial_remote().open().connect(&Connect::test(Dialect::V4).token(TOKEN)).refused();
}

#[test]
fn c_19_a_bind_without_a_lock_is_refused_and_gets_one() {
    let row = Row::of("C-19");
    let world = World::new().with(|config| {
        config["gateway"]["bind"] = json!("lan");
        config["gateway"]["auth"] = json!({"mode": "none"});
    });
    let said = world.start_refused().failed(78);
    row.says(&said).mends(&said);
    world.run_fix(&said).ok();
    assert_eq!(
        world.config()["gateway"]["bind"],
        json!("lan"),
        "how far it can be reached is the owner's decision"
    );
    let gateway = world.start();
    gateway.dial_remote().open().connect(&Connect::test(Dialect::V4)).refused();
    gateway.dial_remote().open().connect(&Connect::test(Dialect::V4).token(&stored(&world))).hello();
}

#[test]
fn g1_6_a_token_is_made_live_and_kept_when_it_is_there() {
    let row = Row::of("G1-6");
    let world = World::fresh();
    let made = world.cli(&["doctor", "--generate-gateway-token"]).ok();
    row.says(&made);
    let first = stored(&world);
    assert!(first.len() == 48 && !made.all().contains(&first), "{made:?}");
    let kept = world.cli(&["doctor", "--generate-gateway-token"]).ok();
    assert!(kept.out.contains("it was kept") && stored(&world) == first, "{kept:?}");
    // Under a running gateway, on another one with a token of its own.
    let world = World::new();
    let gateway = world.start();
    let replaced = gateway.cli(&["doctor", "--generate-gateway-token", "--force"]).ok();
    row.mends(&replaced);
    assert_ne!(stored(&world), TOKEN);
    gateway.dial_remote().open().connect(&Connect::test(Dialect::V4).token(&stored(&world))).hello();
    gateway.dial_remote().open().connect(&Connect::test(Dialect::V4).token(TOKEN)).refused();
}

#[test]
fn d_07_the_flag_does_nothing_else() {
    let row = Row::of("D-07");
    let world = World::new();
    let text = String::from(
        "// odd\n{\n  gateway: {\n    mode: 'local',\n    port: 'x',\n    bind: '0.0.0.0',\n    auth: { type: 'token' },\n  },\n  bogus: 1,\n}\n",
    );
    world.write_config_text(&text);
    let said = world.cli(&["doctor", "--generate-gateway-token"]).ok();
    row.says(&said);
    let after = std::fs::read_to_string(world.config_file()).unwrap();
    for kept in ["// odd", "port: 'x'", "bind: '0.0.0.0'", "type: 'token'", "bogus: 1"] {
        assert!(after.contains(kept), "{kept} is gone:\n{after}");
    }
    let gained: Vec<&str> = after.lines().filter(|line| !text.contains(line.trim())).collect();
    assert!(gained.iter().all(|line| line.contains("token")), "{gained:?}");
    // A file that is no JSON5 is left alone, and that is said.
    world.write_config_text("{gateway:");
    let refused = world.cli(&["doctor", "--generate-gateway-token"]).failed(1);
    row.mends(&refused);
    assert_eq!(std::fs::read_to_string(world.config_file()).unwrap(), "{gateway:");
}

#[test]
fn g5_2_a_new_token_is_in_force_at_once_and_the_old_one_says_so() {
    let row = Row::of("G5-2");
    let world = World::new();
    let gateway = world.start();
    gateway.cli(&["doctor", "--generate-gateway-token", "--force"]).ok();
    let old = gateway.url();
    let said = gateway.cli(&["gateway", "call", "health", "--url", &old, "--token", TOKEN]).failed(1);
    row.says(&said);
    // The guide's order: a new token, then a restart. The restart is not needed, and harmless.
    let made = gateway.cli(&["auth", "regenerate"]).ok();
    row.mends(&made);
    gateway.cli(&["health"]).ok();
    let fresh = stored(&world);
    gateway.cli(&["gateway", "call", "health", "--url", &old, "--token", &fresh]).ok();
}

#[test]
fn a_27_auth_regenerate_tells_the_clients() {
    let row = Row::of("A-27");
    let world = World::new();
    let gateway = world.start();
    let mut by_secret = gateway.dial_remote().open();
    by_secret.connect(&Connect::test(Dialect::V4).token(TOKEN)).hello();
    let device = Device::new();
    let paired = Connect::test(Dialect::V4).device(&device);
    let token = gateway.pair_remote(&paired.clone().token(TOKEN));
    let said = gateway.cli(&["auth", "regenerate"]).ok();
    row.says(&said);
    assert!(stored(&world) != TOKEN && !said.all().contains(&stored(&world)), "{said:?}");
    let close = by_secret.closed();
    assert!(close.reason.contains("auth"), "{close:?}");
    gateway.dial_remote().open().connect(&paired.auth("deviceToken", &token)).hello();
    let shown = gateway.cli(&["auth", "show"]).ok();
    assert!(shown.out.contains("fingerprint") && !shown.all().contains(&stored(&world)), "{shown:?}");
    // What the guide does next works with the new one.
    row.mends(&said);
    world.cli(&["config", "undo"]).ok();
    assert_eq!(stored(&world), TOKEN);
}

#[test]
fn a_26_set_by_command_and_applied_live_without_a_word_of_the_secret() {
    let row = Row::of("A-26");
    let world = World::new();
    let gateway = world.start();
    world.cli(&["config", "set", "gateway.auth.mode", "token"]).ok();
    let said = world.sh("openclaw config set gateway.auth.token \"$(openssl rand -hex 32 2>/dev/null || head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \\n')\"").ok();
    row.says(&said);
    let new = stored(&world);
    assert!(new.len() == 64 && !said.all().contains(&new), "{said:?}");
    until("the new token", || gateway.printed().contains("config hot reload applied").then_some(()));
    gateway.dial_remote().open().connect(&Connect::test(Dialect::V4).token(&new)).hello();
    let other = "an-alias-token-of-enough-letters-1";
    let said = world.cli(&["config", "set", "gateway.token", other]).ok();
    row.mends(&said);
    assert!(stored(&world) == other && !said.all().contains(other));
    assert_eq!(world.config()["gateway"].get("token"), None);
}

#[test]
fn g5_4_the_guides_sequence_ends_in_token_mode() {
    let row = Row::of("G5-4");
    let world = World::new().with(|config| config["gateway"]["auth"] = json!({"mode": "password"}));
    let refused = world.start_refused().failed(78);
    row.says(&refused);
    assert_eq!(fix_of(&refused), "openclaw config set gateway.auth.mode token");
    for line in [
        "openclaw doctor --generate-gateway-token",
        "openclaw doctor --fix",
        "openclaw config set gateway.auth.mode token",
    ] {
        world.sh(line);
    }
    let gateway = world.start();
    let status = gateway.cli(&["gateway", "status"]).ok();
    row.mends(&status);
    gateway.dial_remote().open().connect(&Connect::test(Dialect::V4).token(&stored(&world))).hello();
    // A fresh install has both already.
    let fresh = World::fresh();
    fresh.start().stop();
    assert_eq!(fresh.config()["gateway"]["auth"]["mode"], json!("token"));
}

#[test]
fn g5_5_the_bind_in_force_is_told_and_kept() {
    let row = Row::of("G5-5");
    let world = World::new();
    let told = world.cli(&["config", "get", "gateway.bind"]).ok();
    assert_eq!(told.out, "loopback\n");
    world.cli(&["config", "set", "gateway.bind", "lan"]).ok();
    world.change_config(|config| config["gateway"]["auth"] = json!({"mode": "none"}));
    let refused = world.start_refused().failed(78);
    row.says(&refused);
    let fixed = world.cli(&["doctor", "--fix"]).ok();
    row.mends(&fixed);
    assert_eq!(world.cli(&["config", "get", "gateway.bind"]).ok().out, "lan\n");
    let gateway = world.start();
    // The client of the guide exports the token.
    let line = format!(
        "export OPENCLAW_GATEWAY_TOKEN={}; export OPENCLAW_GATEWAY_URL={}; openclaw gateway call health --json",
        stored(&world),
        gateway.url()
    );
    assert_eq!(world.sh(&line).ok().json()["ok"], json!(true));
}
