//! Rows about what the log, `why` and `explain` tell.

use openclaw_tests::acceptance::{Heard, fix_of};
use openclaw_tests::background::Background;
use openclaw_tests::wait::until;
use openclaw_tests::world::{Said, TOKEN};
use openclaw_tests::{Connect, Device, Dialect, Gateway, Row, World};
use serde_json::{Value, json};

use super::hostile::{dialled, dressed, harmless};

/// The refusals in the gateway's log, newest first.
fn logged(gateway: &Gateway) -> Vec<Value> {
    let log = std::fs::read_to_string(gateway.world.log_file()).unwrap_or_default();
    let lines = log.lines().rev().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.filter(|line| line["cause"].is_string()).collect()
}

/// The same as fields, for everything that `openclaw logs --json` prints.
fn log_lines(said: &Said) -> Vec<Value> {
    said.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn newcomer(device: &Device) -> Connect {
    Connect::test(Dialect::V4).token(TOKEN).device(device)
}

fn request_of(error: &Value) -> String {
    error["details"]["requestId"].as_str().unwrap_or_else(|| panic!("{error}")).to_owned()
}

#[test]
fn a_01_one_cause_and_one_fix_wherever_it_shows() {
    let world = World::new();
    let gateway = world.start();
    let page = || Connect::control_ui(Dialect::V4).token(TOKEN).device(&Device::new());
    let foreign = || gateway.dial_remote().web_origin("https://evil.example.com/$(touch%20pwned)");
    let remote = || dialled(gateway.dial_remote());
    let new = || Connect::test(Dialect::V4).device(&Device::new());
    for (id, dial, connect) in [
        ("C-01", remote(), dressed(new().token(TOKEN))),
        ("C-05", remote(), dressed(Connect::control_ui(Dialect::V4).token(TOKEN))),
        ("C-06", remote(), dressed(new().token(TOKEN)).clock_skew_ms(600_000)),
        ("C-07", remote(), dressed(new())),
        ("C-08", remote(), dressed(new().token("a-wrong-secret"))),
        ("C-14", foreign(), dressed(page())),
        ("C-27", remote(), dressed(new().auth("bootstrapToken", "ZZZZ-ZZZZ"))),
    ] {
        let dial = if id == "C-05" { dial.web_origin("http://gateway.example.com") } else { dial };
        // C-05 is met by a page that may connect.
        if id == "C-05" {
            world.change_config(|config| {
                config["gateway"]["controlUi"]["allowedOrigins"] = json!(["http://gateway.example.com"]);
            });
            until("the page to be allowed", || {
                let words = [
                    "gateway",
                    "explain",
                    "--host=gateway.example.com",
                    "--client=control-ui",
                    "--with-gateway-token",
                    "--json",
                ];
                (gateway.cli(&words).json()["cause"] != json!("C-14")).then_some(())
            });
        }
        let (error, close) = dial.open().connect(&connect).refused();
        let help = &error["details"]["help"];
        assert_eq!(help["cause"], json!(id), "{error}");
        let told = gateway.cli(&["why", "last", "--json"]).ok().json()["entry"].clone();
        let line =
            until("the line", || logged(&gateway).into_iter().find(|line| line["connId"] == told["connId"]));
        assert_eq!((&line["cause"], &told["cause"]), (&help["cause"], &help["cause"]), "{line} {told}");
        assert_eq!((&line["fix"], &told["fix"]), (&help["fix"], &help["fix"]), "{line} {told}");
        assert_eq!(told["closeReason"], json!(close.reason), "{told}");
        assert!(line.heard().contains(&format!("reason=\"{}\"", close.reason)), "{line}");
        assert!(line.heard().contains(&format!("cause={id}")), "{line}");
        let story = gateway.cli(&["why", told["connId"].as_str().unwrap()]).ok();
        assert!(story.out.contains(&format!("cause {id})")), "{story:?}");
        if let Some(fix) = help["fix"].as_str() {
            assert_eq!(fix_of(&story), fix, "{id}");
        }
        harmless(&world, &((&error, &line), &story));
        assert!(!story.all().contains("a-wrong-secret") && !line.heard().contains("a-wrong-secret"));
    }
}

#[test]
fn a_01_the_command_line_says_what_the_log_says() {
    let world = World::new()
        .with(|config| config["gateway"]["nodes"] = json!({"pairing": {"autoApproveLocal": false}}));
    let gateway = world.start();
    // Somebody else's home on the same machine.
    let elsewhere = World::fresh();
    let url = gateway.url();
    let words = ["health", "--url", &url, "--token", TOKEN];
    let text = elsewhere.cli(&words).failed(1);
    let document = elsewhere.cli(&[&words[..], &["--json"]].concat()).failed(1);
    let line = until("the line", || logged(&gateway).into_iter().find(|line| line["cause"] == json!("C-01")));
    Row::of("A-01").says(&((&text, &document), &line)).mends(&((&text, &document), &line));
    assert_eq!(document.json()["cause"], line["cause"]);
    assert_eq!(fix_of(&text), line["fix"]);
    assert_eq!(fix_of(&document), line["fix"]);
    world.run_fix(&text).ok();
    elsewhere.cli(&words).ok();
}

#[test]
fn a_07_repeats_are_one_line_with_the_fix_and_a_count() {
    let world = World::new();
    let gateway = world.start();
    let device = Device::new();
    for _ in 0..16 {
        dialled(gateway.dial_remote()).open().connect(&dressed(newcomer(&device))).refused();
    }
    let shown = until("the last count", || {
        Some(gateway.cli(&["logs"]).ok()).filter(|said| said.out.contains("×16 in"))
    });
    let about: Vec<&str> = shown.out.lines().filter(|line| line.contains("closed before connect")).collect();
    assert_eq!(about.len(), 2, "{about:#?}");
    Row::of("A-07").says(&about[1].to_owned()).mends(&about[0].to_owned());
    harmless(&world, &shown);
    // For programs each line stays, with its parts beside it.
    let lines =
        log_lines(&gateway.cli(&["logs", "--json", "--cause", "c-01", "--device", &device.id()[..8]]).ok());
    let refusals: Vec<&Value> = lines.iter().filter(|line| line["type"] == json!("log")).collect();
    assert!((2..=6).contains(&refusals.len()), "{refusals:#?}");
    for line in refusals {
        assert_eq!((&line["cause"], &line["deviceId"]), (&json!("C-01"), &json!(device.id())), "{line}");
    }
    let none = gateway.cli(&["logs", "--cause", "C-14"]).ok();
    assert!(!none.out.contains("closed before connect"), "{none:?}");
    world.run_fix(&about[0].to_owned()).ok();
    gateway.dial_remote().open().connect(&newcomer(&device)).hello();
}

#[test]
fn a_22_the_owner_reads_the_log_without_being_paired() {
    let world = World::new();
    let gateway = world.start();
    let mut command = world.command(&["logs", "--follow", "--interval", "50"]);
    let follow = Background::start(world.origin(), &mut command);
    Row::of("A-22").says(&follow.line_with("Log file:"));
    let (error, _) = gateway.dial_remote().open().connect(&newcomer(&Device::new())).refused();
    follow.line_with(&request_of(&error));
    gateway.stop();
    follow.line_with("[logs] gateway disconnected; reconnecting");
    let gateway = world.start();
    follow.line_with("[logs] gateway reconnected");
    let (error, _) = gateway.dial_remote().open().connect(&newcomer(&Device::new())).refused();
    let line = follow.line_with(&format!(
        "reason=\"pairing required: device is not approved yet (requestId: {}",
        request_of(&error)
    ));
    Row::of("A-22").mends(&line);
    world.run_fix(&line).ok();
    // Looking leaves nothing behind: no identity, no device of its own.
    assert!(!world.state().join("identity").exists());
    let list = gateway.cli(&["devices", "list", "--json"]).ok().json();
    let names: Vec<&Value> =
        list["paired"].as_array().unwrap().iter().map(|device| &device["clientId"]).collect();
    assert_eq!(names, [&json!("test")], "{list}");
}

#[test]
fn g2_8_the_log_says_what_kind_of_address_it_is() {
    let world = World::new().with(|config| config["gateway"]["trustedProxies"] = json!(["127.0.0.1"]));
    let gateway = world.start();
    let device = Device::new();
    for (address, words) in [
        ("172.18.0.1", "client 172.18.0.1 (container bridge)"),
        ("192.168.1.20", "client 192.168.1.20 (private network)"),
        ("100.101.102.103", "client 100.101.102.103 (tailnet or carrier network)"),
        ("203.0.113.9", "client 203.0.113.9 (public)"),
    ] {
        let dial = gateway.dial().header("X-Forwarded-For", address);
        let connect = if address == "172.18.0.1" { newcomer(&device) } else { newcomer(&Device::new()) };
        dial.open().connect(&connect).refused();
        let line = until(words, || logged(&gateway).into_iter().find(|line| line.heard().contains(words)));
        if address == "172.18.0.1" {
            Row::of("G2-8").says(&line).mends(&line);
            world.run_fix(&line).ok();
            gateway.dial().header("X-Forwarded-For", address).open().connect(&connect).hello();
        }
    }
}

#[test]
fn g2_10_a_first_connection_is_told_that_it_is_normal() {
    let world = World::new();
    let gateway = world.start();
    for connect in
        [newcomer(&Device::new()), Connect::app(Dialect::V4, "ios").token(TOKEN).device(&Device::new())]
    {
        let (error, _) = gateway.dial_remote().open().connect(&connect).refused();
        let story = gateway.cli(&["why", &request_of(&error)]).ok();
        Row::of("G2-10").says(&error).says(&story).mends(&error).mends(&story);
        world.run_fix(&story).ok();
        gateway.dial_remote().open().connect(&connect).hello();
        // Once, and not again.
        gateway.dial_remote().open().connect(&connect).hello();
    }
}

#[test]
fn g4_8_a_right_token_is_told_to_be_right_and_not_enough() {
    let world = World::new();
    let gateway = world.start();
    let connect = newcomer(&Device::new());
    let (error, _) = gateway.dial_remote().open().connect(&connect).refused();
    let story = gateway.cli(&["why", "last"]).ok();
    Row::of("G4-8").says(&error).says(&story).mends(&story);
    assert!(story.out.contains("✓ credentials") && story.out.contains("✗ pairing"), "{story:?}");
    world.run_fix(&story).ok();
    gateway.dial_remote().open().connect(&connect).hello();
}

#[test]
fn f_18_thousands_of_reconnects_fill_neither_log_nor_list() {
    let world = World::new();
    let gateway = world.start();
    let device = Device::new();
    let connect = newcomer(&device);
    let attempts = 2_048;
    let requests: std::collections::HashSet<String> = std::thread::scope(|scope| {
        let knocking = |_| {
            scope.spawn(|| {
                let refused = |_| request_of(&gateway.dial_remote().open().connect(&connect).refused().0);
                (0..attempts / 8).map(refused).collect::<Vec<_>>()
            })
        };
        let all: Vec<_> = (0..8).map(knocking).collect();
        all.into_iter().flat_map(|one| one.join().unwrap()).collect()
    });
    assert_eq!(requests.len(), 1, "the id of the request changes: {requests:?}");
    let list = gateway.cli(&["devices", "list", "--json"]).ok().json();
    assert_eq!(list["pending"].as_array().unwrap().len(), 1, "{list}");
    let lines = until("the counts", || {
        Some(logged(&gateway)).filter(|lines| lines.iter().any(|line| line.heard().contains("×1024 in 60 s")))
    });
    // Each count is twice the one before, in each minute anew.
    assert!(lines.len() <= 3 * 12, "{} lines for {attempts} refusals", lines.len());
    let story = gateway.cli(&["why", "last"]).ok();
    Row::of("F-18").says(&(&story, &lines[0])).mends(&story);
    // Whoever keeps guessing is told how long to pause.
    let guess = || Connect::test(Dialect::V4).token("a-wrong-secret").device(&Device::new());
    let paused = until("the lock", || {
        let (error, _) = gateway.dial_remote().open().connect(&guess()).refused();
        error["retryAfterMs"].as_u64()
    });
    assert!(paused > 1_000, "{paused}");
    world.run_fix(&story).ok();
    // The list was short, and the way in is free.
    gateway.dial().open().connect(&connect).hello();
}
