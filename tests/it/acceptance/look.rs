//! Rows about what `openclaw status` and its kin show.

use openclaw_tests::acceptance::{Row, fix_of};
use openclaw_tests::network::is_root;
use openclaw_tests::wait::until;
use openclaw_tests::world::{Said, TOKEN};
use openclaw_tests::{Connect, Device, Dialect, Gateway, World, skipped};
use rustix::process::Signal;
use serde_json::{Value, json};

use super::service::Background;

/// As long as a generated token, and not the gateway's.
const OTHER: &str = "0000111122223333444455556666777788889999aaaabbbb";

/// Types a line in a shell that has another token in its environment.
fn with_other_token(world: &World, line: &str) -> Said {
    world.sh(&format!("export OPENCLAW_GATEWAY_TOKEN={OTHER}\n{line}"))
}

/// A newcomer from elsewhere, refused: one request waits afterwards.
fn newcomer(gateway: &Gateway<'_>) -> String {
    let connect = Connect::test(Dialect::V4).token(TOKEN).device(&Device::new());
    let (error, _) = gateway.dial_remote().open().connect(&connect).refused();
    error["details"]["requestId"].as_str().unwrap().to_owned()
}

#[test]
fn a_20_status_and_gateway_status() {
    let world = World::new();
    let gateway = world.start();
    let status = gateway.cli(&["status"]).ok();
    let short = gateway.cli(&["gateway", "status"]).ok();
    assert_eq!(short.err, "", "a healthy gateway gives nothing to complain about");
    Row::of("A-20").says(&(status, short));
    let document = gateway.cli(&["gateway", "status", "--json"]).ok().json();
    assert_eq!(document["rpc"]["ok"], json!(true), "{document:#}");
    assert_eq!(document["service"]["runtime"]["status"], json!("running"), "{document:#}");
    assert_eq!(document["service"]["runtime"]["pid"], json!(gateway.pid()), "{document:#}");
    gateway.cli(&["gateway", "status", "--require-rpc"]).ok();
    for words in [["status", "--all"], ["status", "--deep"], ["status", "--usage"], ["status", "--verbose"]] {
        gateway.cli(&words).ok();
    }
    let document = gateway.cli(&["status", "--json"]).ok().json();
    assert_eq!(document["gateway"]["reachable"], json!(true), "{document:#}");
    gateway.stop();
    // That nothing runs is a finding and no failure, unless an answer was asked for.
    world.cli(&["status"]).ok();
    world.cli(&["gateway", "status"]).ok();
    world.cli(&["gateway", "status", "--require-rpc"]).failed(1);
    let both = world.cli(&["gateway", "status", "--require-rpc", "--no-probe"]).failed(1);
    assert!(both.err.contains("--require-rpc cannot be used with --no-probe."), "{both:?}");
}

#[test]
fn g5_0_the_ladder_of_the_guides() {
    let world = World::new();
    let gateway = world.start();
    gateway.cli(&["status"]).ok();
    Row::of("G5-0").says(&gateway.cli(&["gateway", "status"]).ok());
    gateway.cli(&["logs", "--limit", "5"]).ok();
    gateway.stop();
    let stopped = world.cli(&["gateway", "status"]).ok();
    assert!(
        stopped.out.contains("Runtime: stopped") && stopped.err.contains("RPC probe: failed"),
        "{stopped:?}"
    );
    Row::of("G5-0").mends(&stopped);
    let _background = Background(&world);
    world.run_fix(&stopped).ok();
    let mended = world.cli(&["gateway", "status"]).ok();
    assert!(mended.out.contains("Runtime: running") && mended.out.contains("RPC probe: ok"), "{mended:?}");
    // The last rung: nothing is left that stands in the way.
    world.cli(&["doctor"]).ok();
}

#[test]
fn g5_0c_running_and_not_letting_in() {
    let world = World::new();
    let gateway = world.start();
    let said = with_other_token(&world, "openclaw gateway status").ok();
    assert!(said.out.contains("Runtime: running"), "{said:?}");
    Row::of("G5-0c").says(&said).mends(&said);
    let mended = with_other_token(&world, &format!("{}\nopenclaw gateway status", fix_of(&said))).ok();
    assert!(mended.out.contains("RPC probe: ok"), "{mended:?}");
    // Nor is it ever for lack of scopes: this machine's device has less than everything, and the probe asks for no more.
    let url = gateway.url();
    let narrow = ["gateway", "call", "health", "--url", &url, "--token", TOKEN];
    gateway.cli(&narrow).ok();
    let own = own_device(&gateway);
    gateway
        .cli(&["devices", "rotate", "--device", &own, "--role", "operator", "--scope", "operator.read"])
        .ok();
    let said = gateway.cli(&["gateway", "status", "--require-rpc"]).ok();
    assert!(said.out.contains("RPC probe: ok") && said.out.contains("Read probe: ok"), "{said:?}");
    assert_eq!(pending(&gateway), 0);
}

/// The id of the device as which the command line is paired.
fn own_device(gateway: &Gateway<'_>) -> String {
    let path = gateway.world.state().join("identity/device.json");
    let identity: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    identity["deviceId"].as_str().unwrap().to_owned()
}

fn devices(gateway: &Gateway<'_>) -> Value {
    gateway.cli(&["devices", "list", "--json"]).ok().json()
}

fn pending(gateway: &Gateway<'_>) -> usize {
    devices(gateway)["pending"].as_array().unwrap().len()
}

#[test]
fn g4_7_zero_and_zero_when_all_is_well() {
    let world = World::new();
    let gateway = world.start();
    Row::of("G4-7").says(&gateway.cli(&["status"]).ok());
    let request = newcomer(&gateway);
    let said = gateway.cli(&["status"]).ok();
    for line in ["Pairing: 1 pending", "Refused in last 10 min: 1", "Fix: openclaw devices list"] {
        assert!(said.out.contains(line), "{line}: {said:?}");
    }
    let document = gateway.cli(&["status", "--json"]).ok().json();
    assert_eq!((&document["pairing"]["pending"], &document["refusedLast10Min"]), (&json!(1), &json!(1)));
    gateway.approve(&request);
    assert!(gateway.cli(&["status"]).ok().out.contains("Pairing: 0 pending"));
}

#[test]
fn g1_12_operators_and_nodes_in_one_list() {
    let world = World::new();
    let gateway = world.start();
    gateway.pair_remote(&Connect::test(Dialect::V4).token(TOKEN).device(&Device::new()));
    gateway.pair_remote(&Connect::node_host(Dialect::V4).token(TOKEN).device(&Device::new()));
    Row::of("G1-12").says(&gateway.cli(&["devices", "list"]).ok());
    let roles: Vec<Value> =
        devices(&gateway)["paired"].as_array().unwrap().iter().map(|device| device["role"].clone()).collect();
    assert!(roles.contains(&json!("operator")) && roles.contains(&json!("node")), "{roles:?}");
}

#[test]
fn g5_8_channels_operators_and_nodes_apart() {
    let world = World::new();
    let gateway = world.start();
    gateway.pair_remote(&Connect::test(Dialect::V4).token(TOKEN).device(&Device::new()));
    gateway.pair_remote(&Connect::node_host(Dialect::V4).token(TOKEN).device(&Device::new()));
    let said = gateway.cli(&["status"]).ok();
    Row::of("G5-8").says(&said);
    assert!(
        said.out.contains("Operators: 1 paired, 0 connected\nNodes: 1 paired, 0 connected\n"),
        "{said:?}"
    );
    gateway.stop();
    // Of a stopped gateway the same is known from its files.
    let said = world.cli(&["status"]).ok();
    assert!(said.out.contains("Operators: 1 paired\nNodes: 1 paired\n"), "{said:?}");
}

#[test]
fn g3_11_one_line_for_each_stale_or_duplicate_secret() {
    let world = World::new().with(|config| config["gateway"]["remote"] = json!({"token": TOKEN}));
    let _gateway = world.start();
    let said = with_other_token(&world, "openclaw status").ok();
    Row::of("G3-11").says(&said).mends(&said);
    assert!(!said.all().contains(OTHER) && !said.all().contains(TOKEN), "{said:?}");
    let mended = with_other_token(&world, "unset OPENCLAW_GATEWAY_TOKEN\nopenclaw status").ok();
    assert!(!mended.out.contains("stale"), "{mended:?}");
}

#[test]
fn f_12_the_sources_of_a_secret_in_order() {
    let world = World::new().variable("OPENCLAW_GATEWAY_TOKEN", OTHER);
    let gateway = world.start();
    let said = gateway.cli(&["status"]).ok();
    Row::of("F-12").says(&said);
    assert!(!said.all().contains(OTHER) && !said.all().contains(TOKEN), "{said:?}");
    let document = gateway.cli(&["status", "--json"]).ok().json();
    let sources: Vec<(&str, &str)> = document["secretSources"]
        .as_array()
        .unwrap()
        .iter()
        .map(|source| (source["usedBy"].as_str().unwrap(), source["state"].as_str().unwrap()))
        .collect();
    assert_eq!(sources, [("gateway", "in-force"), ("gateway", "stale"), ("cli", "stale")], "{document:#}");
}

#[test]
fn g4_4_comparing_tokens() {
    let world = World::new();
    let said = world.cli(&["config", "get", "gateway.auth.token"]).ok();
    assert_eq!(said.out, "__OPENCLAW_REDACTED__\n");
    Row::of("G4-4").says(&said);
    let shown = world.cli_at_terminal(&["gateway", "auth-token", "--show"]).ok();
    assert!(shown.out.lines().any(|line| line == TOKEN), "{shown:?}");
    Row::of("G4-4").mends(&said);
    // The one that wins over the file is named beside it.
    let said = with_other_token(&world, "openclaw config get gateway.auth.token").ok();
    assert!(said.err.contains("OPENCLAW_GATEWAY_TOKEN of this shell holds another one"), "{said:?}");
    assert!(!said.all().contains(OTHER) && !said.all().contains(TOKEN), "{said:?}");
}

#[test]
fn a_25_config_get() {
    let world = World::new();
    let token = world.cli(&["config", "get", "gateway.auth.token"]).ok();
    let bind = world.cli(&["config", "get", "gateway.bind"]).ok();
    assert_eq!(bind.out, "loopback\n", "{bind:?}");
    Row::of("A-25").says(&(token, bind));
    world.cli(&["config", "set", "gateway.bind", "lan"]).ok();
    assert_eq!(world.cli(&["config", "get", "gateway.bind"]).ok().out, "lan\n");
}

#[test]
fn a_28_health_and_dashboard_when_refused() {
    let world = World::new();
    let gateway = world.start();
    let url = gateway.url();
    let health = |token: &str| gateway.cli(&["health", "--url", &url, "--token", token]);
    let said = health(OTHER).failed(1);
    Row::of("A-28").says(&said).mends(&said);
    let document = gateway.cli(&["health", "--json", "--url", &url, "--token", OTHER]).failed(1).json();
    assert_eq!(document["cause"], json!("C-08"), "{document}");
    let shown = world.run_fix_at_terminal(&said);
    let token =
        shown.out.lines().find(|line| line.len() == TOKEN.len()).unwrap_or_else(|| panic!("{shown:?}"));
    health(token).ok();
    gateway.cli(&["dashboard", "--no-open"]).ok();
}

#[test]
fn a_29_the_variable_is_used_and_named() {
    let world = World::new();
    let gateway = world.start();
    let ask = format!("OPENCLAW_GATEWAY_URL={} openclaw health", gateway.url());
    let said = with_other_token(&world, &ask).failed(1);
    Row::of("A-29").says(&said).mends(&said);
    world.sh(&format!("export OPENCLAW_GATEWAY_TOKEN={TOKEN}\n{ask}")).ok();
}

#[test]
fn f_06_looking_leaves_nothing_behind() {
    let world = World::new();
    let gateway = world.start();
    for words in [
        &["status", "--deep"][..],
        &["gateway", "status"],
        &["gateway", "probe"],
        &["security", "audit", "--deep"],
        &["logs", "--limit", "5"],
        &["health"],
    ] {
        gateway.cli(words).ok();
    }
    // Refused as well as let in.
    with_other_token(&world, "openclaw status; openclaw gateway status");
    let list = devices(&gateway);
    assert_eq!((&list["paired"], &list["pending"]), (&json!([]), &json!([])), "{list}");
    assert!(!world.state().join("identity").exists(), "no identity is made for a look");
    Row::of("F-06").says(&gateway.cli(&["status"]).ok());
}

#[test]
fn f_07_the_owner_has_everything_at_first_contact() {
    let world = World::new();
    let gateway = world.start();
    Row::of("F-07").says(&gateway.cli(&["gateway", "status"]).ok());
    let url = gateway.url();
    for method in ["health", "status", "device.pair.list", "config.get"] {
        gateway.cli(&["gateway", "call", method, "--url", &url, "--token", TOKEN]).ok();
    }
    assert_eq!(pending(&gateway), 0, "no later command wants an upgrade");
    let own = own_device(&gateway);
    let list = devices(&gateway);
    let device = list["paired"].as_array().unwrap().iter().find(|device| device["deviceId"] == json!(own));
    for scope in ["operator.admin", "operator.pairing", "operator.read", "operator.write"] {
        assert!(device.unwrap()["scopes"].as_array().unwrap().contains(&json!(scope)), "{scope}: {list}");
    }
    let said = gateway.cli(&["gateway", "status"]).ok();
    assert!(said.out.contains("Capability: admin-capable"), "{said:?}");
}

#[test]
fn f_19_a_log_that_cannot_be_written_is_named() {
    let world = World::new();
    // A folder stands where the file should be.
    std::fs::create_dir(world.log_file()).unwrap();
    let gateway = world.start();
    let said = until("the log to fail", || {
        let said = gateway.cli(&["status"]).ok();
        said.out.contains("Log lines do not reach the file").then_some(said)
    });
    assert!(said.out.contains("gateway.log"), "{said:?}");
    until("it to be told on standard error", || {
        gateway.printed().contains("cannot be written").then_some(())
    });
    let document = gateway.cli(&["status", "--json"]).ok().json();
    assert_eq!(document["troubles"][0]["what"], json!("log"), "{document:#}");
    drop(gateway);
    // A disk without room, which only root can make.
    let Some(full) = full_disk(&world) else { return skipped("a small filesystem of its own needs root") };
    Row::of("F-19").says(&(said, full));
}

/// What status says of a state directory on a disk of three megabytes.
fn full_disk(world: &World) -> Option<Said> {
    let state = world.state();
    let config = std::fs::read_to_string(world.config_file()).unwrap();
    let small = ["-t", "tmpfs", "-o", "size=3m,mode=700", "tmpfs", state.to_str().unwrap()];
    let run = |program: &str, words: &[&str]| {
        std::process::Command::new(program).args(words).status().is_ok_and(|status| status.success())
    };
    if !is_root() || !run("mount", &small) {
        return None;
    }
    world.write_config_text(&config);
    let said = world.cli(&["status"]);
    run("umount", &["-l", state.to_str().unwrap()]);
    Some(said.ok())
}

#[test]
fn g5_11_what_to_attach_to_a_report() {
    let world = World::new();
    let gateway = world.start();
    let said = with_other_token(&world, "openclaw gateway status --json").ok();
    Row::of("G5-11").says(&said);
    let document = said.json();
    assert_eq!(document["rpc"]["cause"], json!("C-08"), "{document:#}");
    for pointer in ["/cli/version", "/gateway/version"] {
        assert!(document.pointer(pointer).is_some_and(Value::is_string), "{pointer}: {document:#}");
    }
    for secret in [TOKEN, OTHER] {
        assert!(!said.all().contains(secret), "{said:?}");
    }
    for words in [&["status", "--json"][..], &["status", "--all"], &["security", "audit", "--json"]] {
        let said = gateway.cli(words).ok();
        assert!(!said.all().contains(TOKEN), "{said:?}");
    }
}

#[test]
fn an_audit_fails_ci_when_something_is_critical() {
    let world = World::new();
    let good = world.cli(&["security", "audit"]).ok();
    assert!(good.out.contains("Summary: 0 critical"), "{good:?}");
    world.change_config(|config| config["gateway"]["trustedProxies"] = json!(["0.0.0.0/0"]));
    let bad = world.cli(&["security", "audit"]).failed(1);
    assert!(bad.out.contains("CRITICAL Everybody is a trusted proxy"), "{bad:?}");
    let document = world.cli(&["security", "audit", "--json"]).failed(1).json();
    assert_eq!(document["findings"][0]["checkId"], json!("gateway.trusted_proxies_open"), "{document}");
    // A CI job has no need to read words.
    assert_eq!(document["summary"]["critical"], json!(1));
    world.sh(document["findings"][0]["remediation"].as_str().unwrap()).ok();
    world.cli(&["security", "audit"]).ok();
}

#[test]
fn a_gateway_that_hangs_is_told_from_one_that_is_gone() {
    let world = World::new();
    let gateway = world.start();
    gateway.signal(Signal::STOP);
    let said = gateway.cli(&["status", "--timeout", "300"]).ok();
    let short = gateway.cli(&["gateway", "status", "--timeout", "300"]).ok();
    gateway.signal(Signal::CONT);
    assert!(said.out.contains("does not answer its owner"), "{said:?}");
    assert!(said.out.contains("Fix: openclaw gateway restart"), "{said:?}");
    assert!(short.out.contains("Runtime: running") && short.err.contains("RPC probe: failed"), "{short:?}");
    gateway.stop();
    let gone = world.cli(&["status"]).ok();
    assert!(gone.out.contains("The gateway is not running."), "{gone:?}");
}

#[test]
fn a_port_that_somebody_else_holds_is_named() {
    let world = World::new();
    let _squatter = std::net::TcpListener::bind(("127.0.0.1", world.port)).unwrap();
    let said = world.cli(&["gateway", "status", "--timeout", "300"]).ok();
    for part in
        ["(C-18)", &format!("Port {} is already in use.", world.port), &std::process::id().to_string()]
    {
        assert!(said.err.contains(part), "{part}: {said:?}");
    }
    let document = world.cli(&["gateway", "status", "--json", "--timeout", "300"]).ok().json();
    assert_eq!(document["port"]["status"], json!("busy"), "{document:#}");
    assert_eq!(document["port"]["listeners"][0]["pid"], json!(std::process::id()), "{document:#}");
}

#[test]
fn what_keeps_a_gateway_from_starting_is_told_before_anybody_tries() {
    for (config, text) in [
        ("{}", "Gateway start blocked: set gateway.mode=local"),
        ("{gateway: {mode: 'local', bind: 'lan', auth: {mode: 'none'}}}", "Refusing to bind gateway to lan"),
        ("{gateway: {mode: 'local', auth: {mode: 'password'}}}", "no password is configured"),
    ] {
        let world = World::fresh();
        world.write_config_text(config);
        let said = world.cli(&["gateway", "status", "--timeout", "300"]).ok();
        assert!(said.err.contains(text), "{config}: {said:?}");
        world.run_fix(&said).ok();
        let mended = world.cli(&["gateway", "status", "--timeout", "300"]).ok();
        assert!(mended.err.contains("The gateway is not running."), "{config}: {mended:?}");
    }
}
