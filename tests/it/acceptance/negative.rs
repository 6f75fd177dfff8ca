//! What must stay refused, whatever is mended.

use openclaw_tests::acceptance::fix_of;
use openclaw_tests::world::TOKEN;
use openclaw_tests::{Connect, Device, Dialect, Row, World};
use serde_json::{Value, json};

use super::hostile::{self, dressed, harmless};
use crate::start::claim_code;

fn list(world: &World) -> Value {
    world.cli(&["devices", "list", "--json"]).ok().json()
}

#[test]
fn n_02_what_changed_after_it_was_shown_is_not_approved() {
    let world = World::new();
    let gateway = world.start();
    let device = Device::new();
    let connect = || dressed(Connect::test(Dialect::V4).token(TOKEN).device(&device));
    let knock = |connect: Connect| gateway.dial_remote().open().connect(&connect).refused();
    knock(connect());
    let mut talk = world.sh_talking("openclaw devices approve --latest --no-wait");
    let shown = talk.terminal.read_until("[y/N] ");
    assert!(shown.contains("scopes: read") && !shown.contains("admin"), "{shown}");
    // While the owner reads, the device asks for everything.
    let (error, _) = knock(connect().scopes(&["read", "admin"]));
    talk.terminal.type_line("y");
    let said = talk.ended();
    assert_ne!(said.code, 0, "{said:?}");
    Row::of("N-02").says(&said).mends(&said);
    harmless(&world, &said);
    assert_eq!(list(&world)["paired"], json!([]));
    // Looked at again it can be approved like any other.
    world.sh(&format!("{} --no-wait", fix_of(&error))).ok();
    gateway.dial_remote().open().connect(&connect().scopes(&["read", "admin"])).hello();
}

#[test]
fn n_03_nobody_approves_more_than_he_has() {
    let world = World::new();
    let gateway = world.start();
    let helper = Device::new();
    let connect = |device: &Device| dressed(Connect::test(Dialect::V4).token(TOKEN).device(device));
    let helping = connect(&helper).scopes(&["read", "pairing"]);
    gateway.pair_remote(&helping);
    let mut socket = gateway.dial_remote().open();
    socket.connect(&helping).hello();
    for (wanted, node) in [
        (connect(&Device::new()).scopes(&["read", "admin"]), false),
        (dressed(Connect::node_host(Dialect::V4).token(TOKEN).device(&Device::new())), true),
    ] {
        let (error, _) = gateway.dial_remote().open().connect(&wanted).refused();
        let refused = socket.call("device.pair.approve", json!({"requestId": error["details"]["requestId"]}));
        let refused = refused.expect_err("approved with less than was asked for");
        if !node {
            Row::of("N-03").says(&refused);
        }
        gateway.dial_remote().open().connect(&wanted).refused();
    }
    // The owner can.
    let pending = list(&world)["pending"].as_array().unwrap().len();
    assert_eq!(pending, 2);
}

#[test]
fn n_04_a_claim_code_is_over_once_it_was_used_or_guessed_at() {
    let world = World::fresh();
    let gateway = world.start();
    let shown = || openclaw_tests::wait::until("the claim code", || claim_code(&gateway.stdout()));
    let claim = |code: &str| {
        let connect = dressed(Connect::cli(Dialect::V4).device(&Device::new()).auth("bootstrapToken", code));
        hostile::dialled(gateway.dial_remote()).open().connect(&connect)
    };
    let code = shown();
    for wrong in ["AAAA-AAA1", "$(touch pwned)", "AAAA-AAA3", "AAAA-AAA4", "AAAA-AAA5"] {
        let (error, close) = claim(wrong).refused();
        Row::of("N-04").says(&(&error, &close));
        harmless(&world, &error);
    }
    // The right one does not help the guesser now.
    let (error, _) = claim(&code).refused();
    assert_eq!(error["details"]["code"], json!("AUTH_RATE_LIMITED"), "{error}");
    drop(gateway);

    let world = World::fresh();
    let gateway = world.start();
    let code = openclaw_tests::wait::until("the claim code", || claim_code(&gateway.stdout()));
    let claim = |code: &str| {
        let connect = dressed(Connect::cli(Dialect::V4).device(&Device::new()).auth("bootstrapToken", code));
        gateway.dial_remote().open().connect(&connect)
    };
    claim(&code).hello();
    let (error, _) = claim(&code).refused();
    Row::of("N-04").says(&error).mends(&error);
    gateway.stop();
    let gateway = world.start();
    assert_eq!(claim_code(&gateway.stdout()), None, "a claimed gateway shows none again");
}

#[test]
fn n_05_no_token_in_pipes_logs_documents_or_urls() {
    let world = World::new();
    let gateway = world.start();
    let device = Device::new();
    let connect = dressed(Connect::cli(Dialect::V4).token(TOKEN).device(&device));
    let own = gateway.pair_remote(&connect);
    let refused = world.cli(&["gateway", "auth-token", "--show"]).failed(1);
    Row::of("N-05").says(&refused);
    let shown = world.cli_at_terminal(&["gateway", "auth-token", "--show"]).ok();
    assert!(shown.out.contains(TOKEN), "at a terminal it is shown");
    Row::of("N-05").mends(&world.cli(&["gateway", "auth-token"]).ok());
    gateway.get(&format!("/?token={TOKEN}"));
    gateway.get(&format!("/nothing/here?token={TOKEN}&x=1"));
    world.cli(&["devices", "rotate", "--device", &device.id(), "--role", "operator", "--show"]).failed(1);
    let commands: [&[&str]; 12] = [
        &["config", "get", "gateway.auth.token"],
        &["config", "get", "gateway", "--json"],
        &["gateway", "status", "--json"],
        &["status", "--all"],
        &["status", "--json"],
        &["doctor"],
        &["doctor", "--json"],
        &["devices", "list", "--json"],
        &["logs", "--json", "--limit", "200"],
        &["dashboard", "--no-open"],
        &["security", "audit", "--json"],
        &["gateway", "call", "config.get", "--json"],
    ];
    let mut heard: Vec<(String, String)> =
        commands.iter().map(|words| (words.join(" "), world.cli(words).all())).collect();
    heard.push(("standard output".to_owned(), gateway.printed()));
    heard.push(("the log file".to_owned(), std::fs::read_to_string(world.log_file()).unwrap()));
    for entry in walk(&world.state().join("logs")) {
        heard.push((
            entry.display().to_string(),
            String::from_utf8_lossy(&std::fs::read(&entry).unwrap()).into(),
        ));
    }
    for (place, text) in heard {
        assert!(!text.contains(TOKEN), "{place} has the gateway's token: {text}");
        assert!(!text.contains(&own), "{place} has a device's token: {text}");
    }
}

fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}

#[test]
fn n_06_a_page_on_this_machine_that_guesses_is_locked_out() {
    let world = World::new();
    let gateway = world.start();
    let page = || gateway.dial().web_origin(&format!("http://127.0.0.1:{}", world.port));
    let wrong = || dressed(Connect::control_ui(Dialect::V4).token("wrong").device(&Device::new()));
    let locked = openclaw_tests::wait::until("the lock-out", || {
        let (error, close) = page().open().connect(&wrong()).refused();
        (error["details"]["code"] == json!("AUTH_RATE_LIMITED")).then_some((error, close))
    });
    Row::of("N-06").says(&(&locked.0, &locked.1)).mends(&locked.0);
    harmless(&world, &locked.0);
    // Nor does the right token help it now; the owner's own programs are not locked out with it.
    let right = Connect::control_ui(Dialect::V4).token(TOKEN).device(&Device::new());
    page().open().connect(&right).refused();
    gateway.operator(Dialect::V4).close();
    for _ in 0..20 {
        gateway.dial().open().connect(&Connect::test(Dialect::V4).token("wrong")).refused();
    }
    gateway.dial().open().connect(&Connect::test(Dialect::V4).token(TOKEN)).hello();
}
