//! What `devices list` shows, and getting rid of what is old in it.

use openclaw_tests::connect::now_ms;
use openclaw_tests::world::TOKEN;
use openclaw_tests::{Connect, Device, Dialect, Row, World};
use serde_json::{Value, json};

use super::super::hostile::{self, dressed, harmless};
use super::{asked, listed, reader};

/// The lines in which a command is offered for copying.
fn offered(text: &str, containing: &str) -> String {
    let line = text.lines().find(|line| line.contains(containing));
    let line = line.unwrap_or_else(|| panic!("{containing} is not offered: {text}"));
    line[line.find("openclaw ").unwrap()..].to_owned()
}

#[test]
fn g2_3_the_list_begins_with_what_is_to_be_done() {
    let world = World::new().profile("work");
    let gateway = world.start();
    let connect = reader(&Device::new());
    asked(&gateway, &connect);
    let list = gateway.cli(&["devices", "list"]).ok();
    harmless(&world, &list);
    let first = list.out.lines().next().unwrap().to_owned();
    Row::of("G2-3").says(&first).mends(&first);
    world.sh(&format!("{} --no-wait", offered(&first, "devices approve"))).ok();
    gateway.dial_remote().open().connect(&connect).hello();
    let list = gateway.cli(&["devices", "list"]).ok();
    assert!(list.out.starts_with("Paired (1)"), "{list:?}");
}

#[test]
fn g3_4_the_list_shows_who_what_where_and_since_when() {
    let world = World::new().with(|config| config["gateway"]["trustedProxies"] = json!(["127.0.0.1"]));
    let gateway = world.start();
    let phone = Connect::app(Dialect::V4, "ios").token(TOKEN).device(&Device::new());
    let dial = gateway.dial().header("X-Forwarded-For", "203.0.113.9");
    dial.open().connect(&phone).refused();
    let (_, request) = asked(&gateway, &reader(&Device::new()));
    let list = gateway.cli(&["devices", "list"]).ok();
    harmless(&world, &list);
    Row::of("G3-4").says(&list);
    assert!(list.out.contains(&request), "{list:?}");
    gateway.approve(&request);
    let list = gateway.cli(&["devices", "list"]).ok();
    assert!(list.out.contains("Last seen"), "{list:?}");
}

#[test]
fn g1_4_a_device_that_lost_its_key_takes_its_old_place() {
    let world = World::new();
    let gateway = world.start();
    let browser = |device: &Device| {
        dressed(Connect::app(Dialect::V4, "macos").token(TOKEN).device(device))
            .client("displayName", json!(format!("{} of Ada", hostile::NAME)))
    };
    let (before, after) = (Device::new(), Device::new());
    gateway.pair_remote(&browser(&before));
    let (_, request) = asked(&gateway, &browser(&after));
    // The owner is asked whether it is the same one again; the stranger is not told that there is another.
    let list = openclaw_tests::wait::until("the old device to have gone", || {
        let list = gateway.cli(&["devices", "list"]).ok();
        list.out.contains("--replace").then_some(list)
    });
    harmless(&world, &list);
    Row::of("G1-4").says(&list).mends(&list);
    let said = world.sh(&format!("{} --no-wait", offered(&list.out, "--replace"))).ok();
    assert!(
        said.out.contains("Approved") && said.out.contains(&format!("Removed {}", before.id())),
        "{said:?}"
    );
    assert!(said.out.contains(&request), "{said:?}");
    gateway.dial_remote().open().connect(&browser(&after)).hello();
    let paired = listed(&gateway)["paired"].clone();
    let ids: Vec<&Value> = paired.as_array().unwrap().iter().map(|device| &device["deviceId"]).collect();
    assert_eq!(ids, [&json!(after.id())]);
}

#[test]
fn g4_6_devices_that_were_not_seen_for_a_month_are_removed() {
    let world = World::new();
    let now = now_ms();
    let old = now - 40 * 86_400_000;
    let record = |device: &Device, name: &str, then: u64| {
        json!({
            "deviceId": device.id(), "publicKey": device.public_key(), "displayName": name, "platform": "macOS",
            "clientId": "openclaw-macos", "clientMode": "ui", "role": "operator", "roles": ["operator"],
            "scopes": ["operator.read"], "approvedScopes": ["operator.read"], "tokens": {},
            "createdAtMs": then, "approvedAtMs": then,
        })
    };
    let (gone, here, tablet) = (Device::new(), Device::new(), Device::new());
    let paired = json!({
        gone.id(): record(&gone, hostile::NAME, old),
        tablet.id(): record(&tablet, "Tablet", now),
        here.id(): record(&here, hostile::NAME, now),
    });
    let folder = world.state().join("devices");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("paired.json"), format!("{paired:#}")).unwrap();
    let gateway = world.start();
    let list = gateway.cli(&["devices", "list"]).ok();
    harmless(&world, &list);
    Row::of("G4-6").says(&list).mends(&list);
    // Those of one name stand together.
    let named: Vec<bool> = list
        .out
        .lines()
        .filter(|line| line.contains("operator"))
        .map(|line| line.contains("Tablet"))
        .collect();
    assert_eq!(named, [false, false, true], "{list:?}");

    // Without a terminal it only shows; then it does what it showed.
    let shown = world.sh(&offered(&list.out, "devices prune")).failed(1);
    assert!(shown.out.contains(&gone.id()[..12]) && !shown.out.contains(&here.id()[..12]), "{shown:?}");
    world.sh(&offered(&shown.err, "--yes")).ok();
    let left = listed(&gateway)["paired"].clone();
    assert_eq!(left.as_array().unwrap().len(), 2, "{left}");
    assert!(!left.to_string().contains(&gone.id()));
}
