//! The first page: is everything all right, and if not, what is to be done.

use std::os::unix::fs::PermissionsExt;

use openclaw_tests::world::TOKEN;
use openclaw_tests::{Browser, Connect, Device, Dialect, World};
use serde_json::json;

use super::signed_in;

#[test]
fn all_is_well_until_somebody_waits() {
    let world = World::new();
    let gateway = world.start();
    let Some(browser) = Browser::start(&world) else { return };
    let page = signed_in(&browser, "/");
    page.sees("All is well … The gateway was started … ago.");
    page.sees("Nobody was refused in the last 3 hours.");
    page.sees("Looked at … things and found nothing to mend.");
    page.sees(&format!("http://127.0.0.1:{}", world.port));
    page.portrait("overview-well");

    // Somebody knocks: the sentence changes by itself, and leads to the decision.
    let connect = Connect::test(Dialect::V4).token(TOKEN).device(&Device::new());
    let (error, _) = gateway.dial_remote().open().connect(&connect).refused();
    let request = error["details"]["requestId"].as_str().unwrap();
    page.sees("One thing to look at … 1 device waits for your decision.");
    page.sees("This device needs approval … test from 127.0.0.1 (this machine)");

    // The chart is read by keys as well, and stands as a table for those who do not see it.
    page.until("document.querySelector('[role=slider]')?.getAttribute('aria-label')?.startsWith('Refused')");
    page.eval("document.querySelector('[role=slider]').focus()");
    page.sees("since … : 1 refused");
    page.press("ArrowLeft");
    page.sees(": 0 refused");
    assert_eq!(page.count("table", "Refused connections in the last 3 hours"), 1);
    page.portrait("overview-look");

    gateway.approve(request);
    page.sees("All is well");
    page.click("link", "This device needs approval");
    page.at("…/connections?id=…");
    page.sees("Since then … Nothing is left to do.");
}

#[test]
fn the_doctor_shows_what_it_will_change_changes_it_and_says_the_way_back() {
    let world = World::new();
    let _gateway = world.start();
    let file = world.config_file();
    let mode = || std::fs::metadata(&file).unwrap().permissions().mode() & 0o777;
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let Some(browser) = Browser::start(&world) else { return };
    let page = signed_in(&browser, "/overview");
    page.sees("One thing to look at … openclaw.json can be read by others");
    page.portrait("overview-doctor");

    page.click("button", "Run the repair: …");
    page.sees("What will change … - mode 0644 … + mode 0600");
    page.click("button", "Cancel");
    assert_eq!(mode(), 0o644, "nothing happens before somebody says so");
    page.click("button", "Run the repair: …");
    page.click("button", "Run the repair");
    page.sees("Done: … Closed … to others.");
    assert_eq!(mode(), 0o600);
    page.sees("All is well");
    page.sees("To take it back, on the gateway's host: … chmod 0644");
    page.portrait("overview-repaired");
}

#[test]
fn a_repaired_setting_is_taken_back_from_the_page() {
    let world = World::new().with(|config| config["gateway"]["token"] = json!(TOKEN));
    let _gateway = world.start();
    let Some(browser) = Browser::start(&world) else { return };
    let page = signed_in(&browser, "/overview");
    page.sees("One thing to look at … gateway.token repeats gateway.auth.token.");
    page.click("button", "Run the repair: Old configuration keys");
    page.sees("What will change … - … \"token\": \"(a secret)\"");
    page.click("button", "Run the repair");
    page.sees("Done: Old configuration keys");
    assert_eq!(world.config()["gateway"].get("token"), None);
    assert!(!page.text().contains(TOKEN), "{}", page.text());

    page.click("button", "Undo");
    page.sees("Taken back: Old configuration keys.");
    page.sees("gateway.token repeats gateway.auth.token.");
    assert_eq!(world.config()["gateway"]["token"], json!(TOKEN));
}

#[test]
fn whoever_may_only_read_sees_that_much_and_no_more() {
    let world = World::new();
    let gateway = world.start();
    let Some(browser) = Browser::start(&world) else { return };
    let page = signed_in(&browser, "/");
    page.sees_role("heading", "Doctor");
    let devices = gateway.cli(&["devices", "list", "--json"]).ok().json();
    let own = devices["paired"][0]["deviceId"].as_str().unwrap().to_owned();
    let less = format!(r#"{{"deviceId": "{own}", "scopes": ["operator.read"]}}"#);
    gateway.cli(&["gateway", "call", "device.pair.narrow", "--params", &less]).ok();
    // What it may not see is not there, and neither is an error in its place.
    page.gone_role("heading", "Doctor");
    page.sees("All is well");
    page.sees("Nobody was refused in the last 3 hours.");
    page.gone("Waiting for a decision");
    page.gone("could not be loaded");
    page.portrait("overview-read-only");
    page.click("link", "Connections");
    page.sees("This browser may not open Connections");
}
