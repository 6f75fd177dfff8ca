//! What changes while a page is open: it loses its rights, the gateway its token or its life.

use openclaw_tests::wait::until;
use openclaw_tests::world::TOKEN;
use openclaw_tests::{Browser, World};

use super::lan::Lan;
use super::{enter, is_in, is_marked, mark, opened, run_shown};

/// The id of the one browser among the paired devices.
fn browser_of(world: &World) -> String {
    let list = world.cli(&["devices", "list", "--json"]).ok().json();
    let paired = list["paired"].as_array().unwrap();
    let own = paired
        .iter()
        .find(|each| each["clientMode"] == "webchat" || each["clientId"] == "openclaw-control-ui");
    own.unwrap_or_else(|| panic!("no browser: {list:#}"))["deviceId"].as_str().unwrap().to_owned()
}

#[test]
fn a_gateway_that_restarts_is_waited_for_without_a_reload() {
    let world = World::new();
    let gateway = world.start();
    let Some(browser) = Browser::start(&world) else { return };
    let page = opened(&browser, "/");
    mark(&page);
    gateway.stop();
    page.sees("The connection to the gateway is interrupted");
    page.sees_role("navigation", "Pages");
    page.portrait("lost");
    let _again = world.start();
    is_in(&page);
    page.gone("The connection to the gateway is interrupted");
    assert!(is_marked(&page), "no reload");
}

#[test]
fn a_device_that_is_removed_is_told_and_may_ask_again() {
    let Some(lan) = Lan::new() else { return };
    let gateway = lan.world.start();
    let Some(browser) = lan.browser() else { return };
    let page = lan.waiting(&browser);
    run_shown(&lan.world, &page, "openclaw devices approve").ok();
    is_in(&page);
    gateway.cli(&["devices", "remove", &browser_of(&lan.world)]).ok();
    page.gone("Connected");
    page.sees("The owner removed this device.");
    page.portrait("removed-while-open");
    page.click("button", "Ask for access again");
    run_shown(&lan.world, &page, "openclaw devices approve").ok();
    is_in(&page);
}

#[test]
fn a_device_whose_token_is_withdrawn_is_told() {
    let Some(lan) = Lan::new() else { return };
    let gateway = lan.world.start();
    let Some(browser) = lan.browser() else { return };
    let page = lan.waiting(&browser);
    run_shown(&lan.world, &page, "openclaw devices approve").ok();
    is_in(&page);
    gateway.cli(&["devices", "revoke", "--device", &browser_of(&lan.world), "--role", "operator"]).ok();
    page.gone("Connected");
    page.sees("Access was withdrawn");
    page.portrait("revoked-while-open");
}

#[test]
fn a_rotated_device_token_does_not_stop_any_tab() {
    let world = World::new();
    let gateway = world.start();
    let Some(browser) = Browser::start(&world) else { return };
    let page = opened(&browser, "/");
    let other = page.new_tab();
    other.goto("/");
    is_in(&other);
    gateway.cli(&["devices", "rotate", "--device", &browser_of(&world), "--role", "operator"]).ok();
    for tab in [&page, &other] {
        is_in(tab);
        tab.reload();
        is_in(tab);
    }
}

#[test]
fn a_new_gateway_token_signs_browsers_out_and_typing_it_is_enough_to_come_back() {
    let world = World::new();
    let gateway = world.start();
    let Some(browser) = Browser::start(&world) else { return };
    let page = opened(&browser, "/");
    let other = page.new_tab();
    other.goto("/");
    is_in(&other);
    gateway.cli(&["auth", "regenerate"]).ok();
    page.sees("The gateway's token or password was changed.");
    page.portrait("token-changed-while-open");
    let fresh = world.config()["gateway"]["auth"]["token"].as_str().unwrap().to_owned();
    enter(&page, &fresh);
    is_in(&page);
    // The other tab has the browser's new token from this one, and nobody had to be approved again.
    is_in(&other);
    let list = gateway.cli(&["devices", "list", "--json"]).ok().json();
    assert_eq!(list["paired"].as_array().unwrap().len(), 1, "{list:#}");
}

#[test]
fn who_signs_out_is_out_in_every_tab_and_back_in_all_with_the_next_sign_in() {
    let world = World::new();
    let gateway = world.start();
    let Some(browser) = Browser::start(&world) else { return };
    let page = opened(&browser, "/");
    let other = page.new_tab();
    other.goto("/devices");
    is_in(&other);
    page.click("button", &format!("…:{}", world.port));
    page.click("button", "Sign out");
    for tab in [&page, &other] {
        tab.sees("Connect to this gateway");
    }
    // Nothing is left to come in with.
    page.reload();
    page.sees("Connect to this gateway");
    enter(&page, TOKEN);
    for tab in [&page, &other] {
        is_in(tab);
    }
    let list = gateway.cli(&["devices", "list", "--json"]).ok().json();
    assert_eq!(list["paired"].as_array().unwrap().len(), 1, "its key is still its own: {list:#}");
}

#[test]
fn a_gateway_that_is_gone_is_said_to_be_gone() {
    let world = World::new();
    let gateway = world.start();
    let Some(browser) = Browser::start(&world) else { return };
    let page = browser.page();
    page.goto("/");
    page.sees("Connect to this gateway");
    gateway.stop();
    enter(&page, TOKEN);
    page.sees("openclaw gateway start");
    page.portrait("door-unreachable");
    let _again = world.start();
    is_in(&page);
    until("no word of it any more", || (!page.text().contains("openclaw gateway start")).then_some(()));
}

#[test]
fn a_browser_that_was_off_the_network_comes_back_with_it() {
    let world = World::new();
    let gateway = world.start();
    let Some(browser) = Browser::start(&world) else { return };
    let page = opened(&browser, "/");
    mark(&page);
    gateway.stop();
    page.sees("The connection to the gateway is interrupted");
    page.offline(true);
    let _again = world.start();
    page.offline(false);
    is_in(&page);
    assert!(is_marked(&page), "no reload");
}
