//! Which words approve which request, and what is said about it.

use openclaw_tests::wait::until;
use openclaw_tests::world::TOKEN;
use openclaw_tests::{Answer, Connect, Device, Dialect, Gateway, Row, World};
use serde_json::json;

use super::super::hostile::{dressed, harmless};
use super::{asked, listed, reader, waiting};

#[test]
fn a_05_the_request_id_that_was_printed_is_the_one_that_works() {
    let world = World::new();
    let gateway = world.start();
    let device = Device::new();
    let (error, request) = asked(&gateway, &reader(&device));
    for _ in 0..5 {
        assert_eq!(asked(&gateway, &reader(&device)).1, request, "it asks for the same");
    }
    // Asking for more makes another request; the old id shows what came in addition, and approves nothing.
    let wider = reader(&device).scopes(&["read", "write", "admin"]);
    let (_, newer) = asked(&gateway, &wider);
    assert_ne!(newer, request);
    let said = world.run_fix(&error).failed(1);
    harmless(&world, &said);
    Row::of("A-05").says(&said).mends(&said);
    assert!(waiting(&gateway, &newer).is_some() && said.all().contains(&newer), "{said:?}");
    world.sh(&format!("{} --no-wait", openclaw_tests::fix_of(&said))).ok();
    gateway.dial_remote().open().connect(&wider).hello();
}

#[test]
fn g4_2_an_older_id_is_explained() {
    let world = World::new();
    let gateway = world.start();
    let device = Device::new();
    let (_, older) = asked(&gateway, &reader(&device));
    asked(&gateway, &reader(&device).scopes(&["read", "pairing"]));
    let said = gateway.cli(&["devices", "approve", &older]).failed(1);
    Row::of("G4-2").says(&said).mends(&said);
    world.sh(&format!("{} --no-wait", openclaw_tests::fix_of(&said))).ok();
    gateway.dial_remote().open().connect(&reader(&device)).hello();
    // An id that was never one is not explained away.
    gateway.cli(&["devices", "approve", "00000000-0000-4000-8000-000000000000"]).failed(1);
}

#[test]
fn f_03_a_phone_that_asks_again_does_not_spoil_the_id() {
    let world = World::new();
    let gateway = world.start();
    let phone = dressed(Connect::app(Dialect::V4, "ios").token(TOKEN).device(&Device::new()));
    let (error, _) = asked(&gateway, &phone);
    for _ in 0..3 {
        asked(&gateway, &phone);
    }
    let (said, _) = approved_while_it_knocks(&gateway, &error, &phone);
    Row::of("F-03").says(&said);
    assert!(!said.all().contains("unknown requestId"), "{said:?}");
}

/// Runs the refusal's fix while the client tries again and again.
fn approved_while_it_knocks(
    gateway: &Gateway,
    refusal: &serde_json::Value,
    connect: &Connect,
) -> (openclaw_tests::world::Said, serde_json::Value) {
    std::thread::scope(|scope| {
        let approving = scope.spawn(|| gateway.world.run_fix(refusal).ok());
        let (_socket, hello) = until("being let in", || {
            let mut socket = gateway.dial_remote().open();
            match socket.connect(connect) {
                Answer::Hello(hello) => Some((socket, hello)),
                Answer::Refused { .. } => None,
            }
        });
        (approving.join().unwrap(), hello)
    })
}

#[test]
fn g2_7_the_approval_says_whom_for_what_and_when_it_is_there() {
    let world = World::new();
    let gateway = world.start();
    let connect = reader(&Device::new());
    let (error, _) = asked(&gateway, &connect);
    let (said, _) = approved_while_it_knocks(&gateway, &error, &connect);
    harmless(&world, &said);
    Row::of("G2-7").says(&said);
    // One that does not come back within five seconds is told apart.
    let (error, _) = asked(&gateway, &reader(&Device::new()));
    let said = world.run_fix(&error).ok();
    Row::of("G2-7").mends(&said);
}

#[test]
fn g3_6_no_restart_is_needed() {
    let world = World::new();
    let gateway = world.start();
    let connect = reader(&Device::new());
    let (error, _) = asked(&gateway, &connect);
    let (said, _) = approved_while_it_knocks(&gateway, &error, &connect);
    Row::of("G3-6").says(&said);
    // And one does no harm.
    gateway.stop();
    let gateway = world.start();
    gateway.dial_remote().open().connect(&connect).hello();
}

#[test]
fn f_02_the_owner_needs_no_pairing_to_approve() {
    let world = World::new();
    let gateway = world.start();
    let connect = reader(&Device::new());
    let (error, _) = asked(&gateway, &connect);
    // Not even the token: whoever owns the state directory is the owner.
    let said =
        world.sh(&format!("env -u OPENCLAW_GATEWAY_TOKEN {} --no-wait", openclaw_tests::fix_of(&error))).ok();
    Row::of("F-02").says(&said);
    gateway.dial_remote().open().connect(&connect).hello();
    assert_eq!(listed(&gateway)["paired"].as_array().unwrap().len(), 1, "the command line is no device");
}

#[test]
fn g3_5_a_device_id_a_beginning_and_a_name_are_understood() {
    let world = World::new();
    let gateway = world.start();
    let row = Row::of("G3-5");
    // The device's id is as good as its request's, and what was approved is echoed.
    let device = Device::new();
    asked(&gateway, &reader(&device));
    row.says(&gateway.cli(&["devices", "approve", &device.id(), "--no-wait"]).ok());
    // So is the beginning of a request's id; four letters where somebody looks on, eight in a script.
    let (_, request) = asked(&gateway, &reader(&Device::new()));
    gateway.cli(&["devices", "approve", &request[..4]]).failed(1);
    world.cli_at_terminal(&["devices", "approve", &request[..4], "--no-wait"]).ok();
    let (_, request) = asked(&gateway, &reader(&Device::new()));
    gateway.approve(&request[..8]);
    // A name was chosen by a stranger: it shows, and the yes is somebody's.
    let named = reader(&Device::new()).client("displayName", json!("Kitchen"));
    let (_, request) = asked(&gateway, &named);
    let shown = gateway.cli(&["devices", "approve", "kitchen", "--yes"]).failed(1);
    row.mends(&shown);
    assert!(waiting(&gateway, &request).is_some());
    let mut talk = world.sh_talking("openclaw devices approve Kitchen --no-wait");
    talk.terminal.read_until("[y/N] ");
    talk.terminal.type_line("y");
    talk.ended().ok();
    gateway.dial_remote().open().connect(&named).hello();
    // A name that two have hits neither.
    for _ in 0..2 {
        asked(&gateway, &reader(&Device::new()).client("displayName", json!("Twin")));
    }
    let both = gateway.cli(&["devices", "approve", "Twin"]).failed(1);
    assert!(both.err.contains("Twin matches 2 waiting requests; nothing was approved."), "{both:?}");
}

#[test]
fn a_24_devices_commands_as_guides_print_them() {
    let world = World::new();
    let gateway = world.start();
    gateway.cli(&["devices", "list"]).ok();
    let connect = reader(&Device::new());
    let (_, request) = asked(&gateway, &connect);
    // The preview that native apps read.
    let preview = gateway.cli(&["devices", "approve", "--latest", "--json"]).failed(1).json();
    assert_eq!(preview["selected"]["requestId"], json!(request), "{preview}");
    assert_eq!(preview["approvalState"]["kind"], json!("new-pairing"));
    assert_eq!(preview["approvalState"]["requested"]["scopes"], json!(["operator.read"]));
    assert!(preview["approvalState"].as_object().unwrap().contains_key("approved"));
    assert_eq!(preview["approveCommand"], json!(format!("openclaw devices approve {request}")));
    assert_eq!(preview["requiresAuthFlags"], json!({"token": false, "password": false}));
    let shown = gateway.cli(&["devices", "approve", "--latest"]).failed(1);
    harmless(&world, &shown);
    Row::of("A-24").mends(&shown);
    // Approved once is approved: saying so again is no failure.
    world.sh(&format!("openclaw devices approve {request} --no-wait")).ok();
    let again = gateway.cli(&["devices", "approve", &request]).ok();
    Row::of("A-24").says(&again);
    gateway.dial_remote().open().connect(&connect).hello();
}

#[test]
fn g4_1_the_two_minute_fix_in_its_order() {
    let world = World::new();
    let gateway = world.start();
    let connect = reader(&Device::new());
    let (_, request) = asked(&gateway, &connect);
    gateway.cli(&["gateway", "status"]).ok();
    gateway.cli(&["devices", "list"]).ok();
    let row = Row::of("G4-1");
    let shown = gateway.cli(&["devices", "approve", "--latest"]).failed(1);
    row.mends(&shown);
    // At a terminal it shows and asks; a no is a no.
    for (answer, code) in [("n", 1), ("y", 0)] {
        let mut talk = world.sh_talking("openclaw devices approve --latest --no-wait");
        let text = talk.terminal.read_until("[y/N] ");
        harmless(&world, &text);
        row.says(&text);
        talk.terminal.type_line(answer);
        let said = talk.ended();
        assert_eq!(said.code, code, "{said:?}");
        assert_eq!(waiting(&gateway, &request).is_some(), answer == "n");
    }
    gateway.dial_remote().open().connect(&connect).hello();
    gateway.cli(&["status"]).ok();
}
