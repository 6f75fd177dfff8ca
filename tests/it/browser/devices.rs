//! The page of devices: what an owner sees and decides there, and that it is so afterwards.

use std::time::Duration;

use openclaw_tests::wait::until;
use openclaw_tests::world::TOKEN;
use openclaw_tests::{Browser, Connect, Device, Dialect, Gateway, Page, World};
use serde_json::{Value, json};

use super::signed_in;

/// A device on another host, under the name that people see.
fn connect(device: &Device, name: &str) -> Connect {
    let client = Connect::test(Dialect::V4).token(TOKEN).device(device).client("displayName", json!(name));
    client.scopes(&["admin", "read"])
}

/// It knocks and is told to wait; the id of its request.
fn knocks(gateway: &Gateway, device: &Device, name: &str) -> String {
    let (error, _) = gateway.dial_remote().open().connect(&connect(device, name)).refused();
    error["details"]["requestId"].as_str().unwrap_or_else(|| panic!("{error}")).to_owned()
}

/// A device that is paired, with all scopes that tests ask for.
fn paired(gateway: &Gateway, name: &str) -> Device {
    let device = Device::new();
    gateway.pair_remote(&connect(&device, name));
    device
}

fn list(gateway: &Gateway) -> Value {
    gateway.cli(&["devices", "list", "--json"]).ok().json()
}

fn entry(gateway: &Gateway, device: &Device) -> Option<Value> {
    let id = json!(device.id());
    list(gateway)["paired"].as_array().unwrap().iter().find(|entry| entry["deviceId"] == id).cloned()
}

/// Opens the line of a device.
fn open_line(page: &Page, name: &str) {
    page.click("button", &format!("{name}…"));
}

#[test]
fn a_request_says_who_asks_for_what_and_is_decided() {
    let world = World::new();
    let gateway = world.start();
    let Some(browser) = Browser::start(&world) else { return };
    let page = signed_in(&browser, "/devices");
    page.sees("Nobody waits");
    page.portrait("devices-empty");

    let tablet = Device::new();
    let request = knocks(&gateway, &tablet, "Kitchen tablet");
    page.sees_role("article", "Kitchen tablet");
    page.sees_role("heading", "Waiting for you (1)");
    page.sees(&request[..8]);
    page.portrait("devices-request");
    page.click("button", "Reject");
    page.sees("Kitchen tablet was rejected");
    page.gone_role("article", "Kitchen tablet");
    assert_eq!(list(&gateway)["pending"], json!([]));

    knocks(&gateway, &tablet, "Kitchen tablet");
    page.click("button", "Approve as read only");
    page.sees_role("heading", "Operators (2)");
    assert_eq!(entry(&gateway, &tablet).unwrap()["scopes"], json!(["operator.read"]));
    // What it was not given it may ask for: no news for the owner, and told so on the page.
    knocks(&gateway, &tablet, "Kitchen tablet");
    page.sees("You gave it less");
    page.sees("asks in addition for");
    page.gone("1 waiting for approval");
}

#[test]
fn any_page_shows_a_request_and_what_became_of_it_elsewhere() {
    let world = World::new();
    let gateway = world.start();
    let Some(browser) = Browser::start(&world) else { return };
    let page = signed_in(&browser, "/logs");
    page.sees_role("heading", "Logs");
    let phone = Device::new();
    let request = knocks(&gateway, &phone, "Pocket phone");
    page.sees_role("region", "Devices that wait for you");
    page.sees("Pocket phone asks to be let in");
    page.portrait("notice-one");
    gateway.approve(&request);
    page.sees("Pocket phone was approved elsewhere");
    page.gone_role("region", "Devices that wait for you");

    for name in ["First tablet", "Second tablet", "Third tablet"] {
        knocks(&gateway, &Device::new(), name);
    }
    page.sees("3 devices are waiting");
    page.portrait("notice-several");
    page.click("button", "Look at them");
    page.sees_role("heading", "Waiting for you (3)");
    assert_eq!(page.count("button", "Reject"), 3);
}

#[test]
fn a_paired_device_is_renamed_limited_and_its_token_replaced_and_revoked() {
    let world = World::new();
    let gateway = world.start();
    let laptop = paired(&gateway, "Old laptop");
    let Some(browser) = Browser::start(&world) else { return };
    let page = signed_in(&browser, "/devices");
    open_line(&page, "Old laptop");
    page.portrait("devices-open");

    page.click("button", "Rename Old laptop");
    page.fill("Name", "Desk");
    page.press("Enter");
    page.sees_role("heading", "Desk");
    assert_eq!(entry(&gateway, &laptop).unwrap()["operatorLabel"], json!("Desk"));

    // Less than it was approved for: its connection ends, and the gateway's token does not bring the rest back.
    let mut socket = gateway.dial_remote().open();
    let hello = socket.connect(&connect(&laptop, "Old laptop")).hello();
    page.sees("connected");
    page.click("button", "Read only");
    page.sees("Desk will lose access at once");
    page.portrait("devices-limit");
    page.click("button", "Save what it may do");
    assert!(socket.closed_within(Duration::from_secs(20)).is_some());
    page.gone("Desk will lose access at once");
    assert_eq!(entry(&gateway, &laptop).unwrap()["scopes"], json!(["operator.read"]));
    gateway.dial_remote().open().connect(&connect(&laptop, "Old laptop")).refused();
    let less = connect(&laptop, "Old laptop").scopes(&["read"]);
    let after = gateway.dial_remote().open().connect(&less).hello();
    assert_eq!(after["auth"]["deviceToken"], hello["auth"]["deviceToken"], "worth less, and still its own");

    page.click("button", "Replace");
    page.click("button", "Replace the token");
    page.sees("The token of Desk was replaced");
    let again = gateway.dial_remote().open().connect(&less).hello();
    assert_ne!(again["auth"]["deviceToken"], after["auth"]["deviceToken"]);

    page.click("button", "Revoke");
    page.portrait("devices-revoke");
    page.click("button", "Revoke the token");
    page.sees("Desk may no longer come in as operator");
    gateway.dial_remote().open().connect(&less).refused();
}

#[test]
fn a_removal_can_be_taken_back() {
    let world = World::new();
    let gateway = world.start();
    let laptop = paired(&gateway, "Old laptop");
    let Some(browser) = Browser::start(&world) else { return };
    let page = signed_in(&browser, "/devices");
    open_line(&page, "Old laptop");
    page.press("Delete");
    page.sees_role("alertdialog", "Remove Old laptop?");
    page.click("button", "Remove");
    page.sees("Old laptop was removed");
    assert_eq!(entry(&gateway, &laptop), None);
    page.sees("Removed a moment ago");
    page.portrait("devices-removed");
    page.click("button", "Bring back");
    page.sees("Old laptop is back");
    gateway.dial_remote().open().connect(&connect(&laptop, "Old laptop")).hello();

    // This browser itself is asked about in other words.
    page.click("button", "…this browser…");
    page.click("button", "Remove this device");
    page.sees_role("alertdialog", "Remove this very browser?");
    page.click("button", "Cancel");
    assert_eq!(list(&gateway)["paired"].as_array().unwrap().len(), 2);
}

#[test]
fn the_same_browser_again_replaces_its_older_entry() {
    let world = World::new();
    let gateway = world.start();
    let before = paired(&gateway, "Firefox on Android");
    let Some(browser) = Browser::start(&world) else { return };
    let page = signed_in(&browser, "/devices");
    let after = Device::new();
    knocks(&gateway, &after, "Firefox on Android");
    page.sees("The same browser as Firefox on Android, last seen");
    page.portrait("devices-same");
    page.click("button", "Approve and replace it");
    page.sees("Its older entry is gone");
    assert_eq!(entry(&gateway, &before), None);
    assert!(entry(&gateway, &after).is_some());
}

#[test]
fn a_link_to_a_request_leads_to_it_or_says_what_became_of_it() {
    let world = World::new();
    let gateway = world.start();
    let Some(browser) = Browser::start(&world) else { return };
    let tablet = Device::new();
    let request = knocks(&gateway, &tablet, "Kitchen tablet");
    let page = signed_in(&browser, &format!("/devices?request={request}"));
    page.sees_role("article", "Kitchen tablet");
    until("the focus on the request", || page.focused().contains("Kitchen tablet").then_some(()));
    gateway.approve(&request);
    page.sees("This request was approved already");
    page.click("button", "All right");
    page.gone("This request was approved already");
    page.goto("/devices?request=00000000-0000-4000-8000-000000000000");
    page.sees("The gateway knows no such request");
    page.portrait("devices-unknown-request");
}

#[test]
fn a_code_lets_a_new_device_in_and_the_page_says_so() {
    let world = World::new();
    let _gateway = world.start();
    let Some(browser) = Browser::start(&world) else { return };
    let page = signed_in(&browser, "/devices");
    page.click("button", "Pair a device");
    page.portrait("pair-choices");
    page.click("tab", "Command line");
    page.fill("Address of this gateway for the device", &format!("127.0.0.1:{}", world.port));
    page.click("button", "Make a code");
    page.sees("Good for another");
    let line = until("the command", || {
        let text = page.text();
        text.lines().map(str::trim).find(|line| line.starts_with("openclaw health --url")).map(str::to_owned)
    });
    page.portrait("pair-command");
    // As it stands there, in the shell of somebody else.
    World::fresh().sh(&line).ok();
    page.sees("is paired");
    page.portrait("pair-done");
    page.click("button", "Done");
    open_line(&page, "Command line");
    page.sees("ahead of time, with a code");

    // A browser gets a picture.
    page.click("button", "Pair a device");
    page.fill("Address of this gateway for the device", "https://gateway.example");
    page.click("button", "Make a code");
    page.sees_role("img", "Picture of the link…");
    page.portrait("pair-browser");
}

#[test]
fn a_node_stands_apart_with_what_it_offers() {
    let world = World::new();
    let gateway = world.start();
    let Some(browser) = Browser::start(&world) else { return };
    let page = signed_in(&browser, "/devices");
    let host = Device::new();
    let node =
        Connect::node_host(Dialect::V4).token(TOKEN).device(&host).client("displayName", json!("Garage box"));
    let (error, _) = gateway.dial_remote().open().connect(&node).refused();
    let request = error["details"]["requestId"].as_str().unwrap_or_else(|| panic!("{error}")).to_owned();
    page.sees("It asks to be a node");
    assert_eq!(page.count("button", "Approve as read only"), 0, "a node reads nothing");
    page.click("button", "Approve");
    page.sees_role("heading", "Nodes (1)");
    let mut socket = gateway.dial_remote().open();
    socket.connect(&node).hello();
    open_line(&page, "Garage box");
    page.sees("not allowed yet");
    page.portrait("devices-node");
    assert!(entry(&gateway, &host).is_some(), "{request}");
}
