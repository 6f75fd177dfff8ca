//! `openclaw why`: the story of a refusal, by any of its ids, with the gateway running or not, to those who may hear it.

use openclaw_tests::acceptance::fix_of;
use openclaw_tests::wait::until;
use openclaw_tests::world::TOKEN;
use openclaw_tests::{Connect, Device, Dialect, Gateway, World};
use serde_json::{Value, json};

/// Refuses a newcomer and answers the error and the id of its connection.
fn refuse(gateway: &Gateway, connect: &Connect) -> Value {
    gateway.dial_remote().open().connect(connect).refused().0
}

fn request_of(error: &Value) -> String {
    error["details"]["requestId"].as_str().unwrap().to_owned()
}

fn newcomer(device: &Device) -> Connect {
    Connect::test(Dialect::V4).token(TOKEN).device(device)
}

#[test]
fn a_refusal_is_found_by_every_id_it_has() {
    let world = World::new();
    let gateway = world.start();
    let said = gateway.cli(&["why"]).ok();
    assert_eq!(said.out, "Nobody was refused, as far back as the journal goes.\n");

    let device = Device::new();
    let request = request_of(&refuse(&gateway, &newcomer(&device)));
    let last = gateway.cli(&["why", "last"]).ok();
    let conn = gateway.cli(&["why", "--json"]).ok().json()["entry"]["connId"].as_str().unwrap().to_owned();
    assert_eq!(fix_of(&last), format!("openclaw devices approve {request}"));
    for id in [&request, &conn, &device.id(), &device.id()[..8].to_owned()] {
        assert_eq!(gateway.cli(&["why", id]).ok().out, last.out, "{id}");
    }
    let all = gateway.cli(&["why", "--all"]).ok();
    assert!(all.out.contains(&request[..8]) && all.out.contains("C-01"), "{all:?}");
    assert_eq!(gateway.cli(&["why", &request[..8]]).ok().out, last.out);
    for words in ["✓ credentials", "✗ pairing", "← refused here", "cause C-01", "(loopback)"] {
        assert!(last.out.contains(words), "no {words} in\n{}", last.out);
    }

    // It asks for more: the old id still leads to the story, and the command names the request that waits now.
    let wider = newcomer(&device).scopes(&["read", "write"]);
    let second = request_of(&refuse(&gateway, &wider));
    assert_ne!(second, request);
    assert_eq!(fix_of(&gateway.cli(&["why", &request]).ok()), format!("openclaw devices approve {second}"));
    gateway.world.run_fix(&gateway.cli(&["why", &request])).ok();
    let mended = gateway.cli(&["why", &second]).ok();
    assert!(mended.out.contains("Since then: approved just now by the owner"), "{mended:?}");
    assert!(!mended.out.contains("Fix:"), "{mended:?}");

    let unknown = gateway.cli(&["why", "abcdef-unknown"]).failed(1);
    assert!(unknown.err.contains("Looked through the journal's 1 refusal"), "{unknown:?}");
    gateway.world.run_fix(&unknown).ok();
    // Whoever is let in without being asked has a story too.
    let own = Device::new();
    gateway.dial().open().connect(&newcomer(&own)).hello();
    let told = gateway.cli(&["why", &own.id()]).ok();
    assert!(told.out.contains("without asking, as the owner's own program"), "{told:?}");
}

#[test]
fn the_story_outlives_a_kill_and_is_told_without_a_gateway() {
    let world = World::new();
    let gateway = world.start();
    let device = Device::new();
    let request = request_of(&refuse(&gateway, &newcomer(&device)));
    let wrong = Connect::cli(Dialect::V4).token("a-wrong-secret").device(&Device::new());
    refuse(&gateway, &wrong);
    let file = world.state().join("state/journal.json");
    let kept = until("both are written", || {
        std::fs::read_to_string(&file).ok().filter(|text| text.contains("tokenMismatch"))
    });
    assert!(!kept.contains(TOKEN) && !kept.contains("a-wrong-secret"), "{kept}");
    let mode = std::os::unix::fs::MetadataExt::mode(&std::fs::metadata(&file).unwrap());
    assert_eq!(mode & 0o777, 0o600);
    gateway.kill();

    let offline = world.cli(&["why", &request]).ok();
    assert!(offline.out.contains("cause C-01"), "{offline:?}");
    assert!(world.cli(&["why"]).ok().out.contains("gateway token mismatch"));
    world.run_fix(&offline).ok();
    assert!(world.cli(&["why", &request]).ok().out.contains("Since then: approved"));

    // The next gateway knows it, and what it adds is there after a clean end at once.
    let gateway = world.start();
    assert!(gateway.cli(&["why", &request]).ok().out.contains("cause C-01"));
    let status = gateway.cli(&["gateway", "call", "status", "--json"]).ok().json();
    assert_eq!(status["gateway"]["refusedLastHour"], json!(2), "{status}");
    let page = Connect::control_ui(Dialect::V4).token(TOKEN).device(&Device::new());
    gateway.dial_remote().web_origin("https://elsewhere.example.com").open().connect(&page).refused();
    gateway.stop();
    let last = world.cli(&["why", "last"]).ok();
    assert!(
        last.out.contains("cause C-14") && last.out.contains("https://elsewhere.example.com"),
        "{last:?}"
    );
}

#[test]
fn a_journal_that_cannot_be_written_costs_nothing_else() {
    let world = World::new();
    let gateway = world.start();
    // In place of the file a folder: nothing can be renamed over it, whoever runs the test.
    std::fs::create_dir(world.state().join("state/journal.json")).unwrap();
    let device = Device::new();
    let request = request_of(&refuse(&gateway, &newcomer(&device)));
    gateway.line_with("refusals are remembered only until the gateway ends");
    assert!(gateway.cli(&["why", &request]).ok().out.contains("cause C-01"));
    gateway.approve(&request);
    gateway.dial_remote().open().connect(&newcomer(&device)).hello();
    gateway.stop();
}

#[test]
fn a_device_hears_only_its_own_story() {
    let world = World::new();
    let gateway = world.start();
    let (own, other) = (Device::new(), Device::new());
    let connect = Connect::test(Dialect::V4).token(TOKEN).device(&own).scopes(&["pairing"]);
    let token = gateway.pair_remote(&connect);
    let foreign = request_of(&refuse(&gateway, &newcomer(&other)));
    let by_token = Connect::test(Dialect::V4).auth("deviceToken", &token).device(&own).scopes(&["pairing"]);
    let mut socket = gateway.dial_remote().open();
    socket.connect(&by_token).hello();
    for id in [foreign, other.id()] {
        let told = socket.call("gateway.why", json!({ "id": id })).unwrap();
        assert!(told.get("entry").is_none() && told.get("device").is_none(), "{told}");
        assert_eq!(told["looked"]["devices"], json!(1), "{told}");
    }
    let told = socket.call("gateway.why", json!({ "id": own.id() })).unwrap();
    assert_eq!(told["device"]["state"], json!("paired"), "{told}");
    assert_eq!(told["entry"]["standing"], json!("mended"), "{told}");
    let journal = socket.call("gateway.journal", json!({})).unwrap();
    let entries = journal["entries"].as_array().unwrap();
    assert!(entries.iter().all(|entry| entry["deviceId"] == json!(own.id())), "{journal}");
}

#[test]
fn an_operator_elsewhere_reads_the_story_and_is_told_where_the_command_belongs() {
    let world = World::new();
    let gateway = world.start();
    let request = request_of(&refuse(&gateway, &newcomer(&Device::new())));
    let elsewhere = World::fresh();
    let url = gateway.url();
    let words = ["why", &request, "--url", &url, "--token", TOKEN];
    let said = elsewhere.cli(&words).ok();
    assert!(said.out.contains("cause C-01"), "{said:?}");
    assert!(
        said.out.contains(&format!("Fix: openclaw devices approve {request}   # run on the gateway host")),
        "{said:?}"
    );
    world.run_fix(&said).ok();
    assert!(elsewhere.cli(&words).ok().out.contains("Since then: approved"));
    // Somebody whose device may only read is told what is missing.
    let mut reader = gateway.dial().open();
    reader.connect(&newcomer(&Device::new())).hello();
    for method in ["gateway.why", "gateway.explain"] {
        let error = reader.call(method, json!({})).unwrap_err();
        assert_eq!(error["message"], json!("missing scope: operator.pairing"), "{method}");
    }
}

#[test]
fn a_frame_full_of_nonsense_is_a_short_entry() {
    let world = World::new();
    let gateway = world.start();
    for number in 0..40 {
        let nonsense = move |params: &mut Value| {
            for name in 0..1_500 {
                params[format!("p{number}-{name}-{}", "x".repeat(16))] = json!(1);
            }
        };
        gateway.dial_remote().open().connect(&newcomer(&Device::new()).edit(nonsense)).refused();
    }
    gateway.stop();
    let size = std::fs::metadata(world.state().join("state/journal.json")).unwrap().len();
    assert!(size < 64 * 1024, "{size}");
    assert!(world.cli(&["why"]).ok().out.contains("invalid connect params"));
}
