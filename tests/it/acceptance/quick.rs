//! The seven messages that most people arrive with, as the command line shows them.

use std::io::Read;
use std::net::TcpListener;

use openclaw_tests::acceptance::Fixed;
use openclaw_tests::world::{Said, TOKEN};
use openclaw_tests::{Row, World};
use serde_json::json;

use super::hostile::harmless;

/// A gateway for which nobody who comes over the network is local.
fn distant() -> World {
    World::new().variable("OPENCLAW_IN_CONTAINER", "1")
}

/// Another machine's home, whose gateway is the one of `world`.
fn client_of(world: &World, token: Option<&str>) -> World {
    let client = World::fresh();
    let mut remote = json!({"url": format!("ws://127.0.0.1:{}", world.port)});
    if let Some(token) = token {
        remote["token"] = json!(token);
    }
    client.write_config(&json!({"gateway": {"mode": "remote", "remote": remote}}));
    client
}

/// What the client's first command says, held against the row.
#[track_caller]
fn told(id: &str, client: &World) -> Said {
    let said = client.cli(&["health"]).failed(1);
    harmless(client, &said);
    Row::of(id).says(&said).mends(&said);
    said
}

/// Approves whatever the client is told to have approved, until it is let in.
fn let_in(world: &World, client: &World) {
    for _ in 0..3 {
        let said = client.cli(&["health"]);
        if said.code == 0 {
            return;
        }
        world.sh(&format!("{} --no-wait", openclaw_tests::fix_of(&said))).ok();
    }
    client.cli(&["health"]).ok();
}

/// The token as the fix shows it at a terminal.
fn shown(world: &World, said: &impl Fixed) -> String {
    let shown = world.run_fix_at_terminal(said).ok();
    let token = shown.out.lines().map(str::trim).find(|line| line.len() >= 32 && !line.contains(' '));
    token.unwrap_or_else(|| panic!("no token: {shown:?}")).to_owned()
}

#[test]
fn q_1_pairing_required() {
    let world = distant();
    let _gateway = world.start();
    let client = client_of(&world, Some(TOKEN));
    told("Q-1", &client);
    let_in(&world, &client);
}

#[test]
fn q_2_unauthorized() {
    let world = distant();
    let _gateway = world.start();
    let client = client_of(&world, Some("0000111122223333444455556666777788889999aaaabbbb"));
    let said = told("Q-2", &client);
    // The secret is for the owner to fill in; it stands in no message.
    let fix = openclaw_tests::fix_of(&said);
    assert!(fix.ends_with(" <token>"), "{fix}");
    let token = shown(&world, &"Fix: openclaw gateway auth-token --show".to_owned());
    client.sh(&fix.replace("<token>", &token)).ok();
    let_in(&world, &client);
}

#[test]
fn q_3_password_missing() {
    let world = distant().with(|config| {
        config["gateway"]["auth"] = json!({"mode": "password", "password": "correct horse battery staple"});
    });
    let _gateway = world.start();
    let client = client_of(&world, None);
    let said = told("Q-3", &client);
    world.run_fix(&said).ok();
    let token = openclaw_tests::wait::until("a token", || {
        let shown = world.cli_at_terminal(&["gateway", "auth-token", "--show"]);
        (shown.code == 0).then(|| shown.out.lines().next().unwrap().trim().to_owned())
    });
    client.cli(&["config", "set", "gateway.remote.token", &token]).ok();
    openclaw_tests::wait::until("the change to tokens", || {
        let said = client.cli(&["health"]);
        (said.code == 0 || said.all().contains("pairing required")).then_some(())
    });
    let_in(&world, &client);
}

#[test]
fn q_4_already_listening() {
    let world = World::new();
    let gateway = world.start();
    let said = world.start_refused();
    assert_eq!(said.code, 78, "a supervisor must not try again: {said:?}");
    Row::of("Q-4").says(&said).mends(&said);
    world.run_fix(&said).ok();
    gateway.wait_ready();
    world.cli(&["health"]).ok();
}

#[test]
fn q_5_refusing_to_bind() {
    let world = World::new().with(|config| {
        config["gateway"]["bind"] = json!("lan");
        config["gateway"]["auth"] = json!({"mode": "none"});
    });
    let said = world.start_refused();
    assert_eq!(said.code, 78, "{said:?}");
    Row::of("Q-5").says(&said).mends(&said);
    world.run_fix(&said).ok();
    assert_eq!(world.config()["gateway"]["bind"], json!("lan"), "the bind is kept");
    world.start().stop();
}

#[test]
fn q_6_no_reason() {
    let world = World::new();
    let listener = TcpListener::bind(("127.0.0.1", world.port)).unwrap();
    std::thread::scope(|scope| {
        // The far end of a tunnel that lost its other end.
        let cutting = scope.spawn(|| {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.read(&mut [0; 4096]);
        });
        told("Q-6", &client_of(&world, Some(TOKEN)));
        cutting.join().unwrap();
    });
    drop(listener);
    // With the other end there it works.
    let _gateway = world.start();
    client_of(&world, Some(TOKEN)).cli(&["health"]).ok();
}

#[test]
fn q_7_timed_out() {
    let world = World::new();
    // It takes the connection and never says a word.
    let listener = TcpListener::bind(("127.0.0.1", world.port)).unwrap();
    let client = client_of(&world, Some(TOKEN));
    let said = client.cli(&["health", "--timeout", "700"]).failed(1);
    Row::of("Q-7").says(&said).mends(&said);
    drop(listener);
    // Nothing at all is told apart from silence.
    let nothing = client.cli(&["health", "--timeout", "700"]).failed(1);
    assert!(nothing.err.contains("Nothing is listening"), "{nothing:?}");
    let _gateway = world.start();
    client.cli(&["health"]).ok();
}

#[test]
fn g3_3_a_client_without_a_token_is_told_where_it_is() {
    let world = distant();
    let _gateway = world.start();
    let client = client_of(&world, None);
    let said = told("G3-3", &client);
    let token = shown(&world, &said);
    client.cli(&["config", "set", "gateway.remote.token", &token]).ok();
    let_in(&world, &client);
}

#[test]
fn g2_14_the_code_is_explained_where_it_is_met() {
    let world = distant();
    let _gateway = world.start();
    let client = client_of(&world, Some(TOKEN));
    told("G2-14", &client);
    let_in(&world, &client);
}
