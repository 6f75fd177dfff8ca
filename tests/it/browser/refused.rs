//! Refusals that a browser meets, each brought about for real: its panel says what is wrong and what mends it.

use openclaw_tests::network::Origin;
use openclaw_tests::world::{TOKEN, World};
use openclaw_tests::{Browser, Connect, Device, Dial, Dialect};
use serde_json::json;

use super::lan::Lan;
use super::{CONNECT, enter, is_in, opened, run_shown};

const PASSWORD: &str = "a long and quiet password";
/// The one input of a gateway that asks for a password.
const INPUT: &str = "Gateway token, password or code";

#[test]
fn c_11_a_gateway_with_a_password_asks_for_it_and_says_when_it_is_wrong() {
    let world = World::new()
        .with(|config| config["gateway"]["auth"] = json!({"mode": "password", "password": PASSWORD}));
    let _gateway = world.start();
    let Some(browser) = Browser::start(&world) else { return };
    let page = browser.page();
    page.goto("/");
    page.sees_role("heading", "Connect to this gateway");
    page.portrait("door-password");
    page.fill(INPUT, "not this one");
    page.click("button", CONNECT);
    page.sees("password");
    page.sees_role("alert", "");
    page.portrait("door-password-wrong");
    enter(&page, PASSWORD);
    is_in(&page);
    for place in [page.url(), page.title(), page.eval("JSON.stringify({...localStorage})").to_string()] {
        assert!(!place.contains(PASSWORD), "{place}");
    }
}

#[test]
fn c_02_a_browser_that_may_only_read_asks_for_more_and_works_meanwhile() {
    let Some(lan) = Lan::new() else { return };
    let _gateway = lan.world.start();
    let Some(browser) = lan.browser() else { return };
    let page = lan.waiting(&browser);
    let line = super::line_of(&page, "openclaw devices approve");
    let request = line.split_whitespace().nth(3).unwrap();
    let Some(own) = Browser::start(&lan.world) else { return };
    let owner = opened(&own, &format!("/devices?request={request}"));
    owner.click("button", "Approve as read only");
    is_in(&page);
    page.sees("This browser may look, but not change anything");
    page.portrait("read-only");
    page.click("button", "Ask for full access");
    page.sees("openclaw devices approve");
    page.portrait("more-access-asked");
    is_in(&page);
    run_shown(&lan.world, &page, "openclaw devices approve").ok();
    page.gone("openclaw devices approve");
    page.gone("This browser may look");
    is_in(&page);
}

#[test]
fn c_21_a_full_waiting_list_is_said_to_be_full_and_asked_again_later() {
    let Some(lan) = Lan::new() else { return };
    let gateway = lan.world.start();
    for _ in 0..16 {
        let connect = Connect::test(Dialect::V4).token(TOKEN).device(&Device::new());
        let to = std::net::SocketAddr::from(([10, 77, 0, 1], lan.world.port));
        Dial::to(to).from(Origin::Inside(lan.there.clone())).open().connect(&connect).refused();
    }
    let Some(browser) = lan.browser() else { return };
    let page = browser.page();
    page.goto(&format!("/#token={TOKEN}"));
    page.sees("Too many devices are waiting for approval");
    page.sees("openclaw devices list");
    page.portrait("door-waiting-list-full");
    gateway.cli(&["devices", "clear", "--pending", "--yes"]).ok();
    page.click("button", "Try …");
    page.sees_role("heading", "Waiting for approval");
}

#[test]
fn c_13_who_guessed_too_often_is_told_for_how_long() {
    let Some(lan) = Lan::new() else { return };
    let _gateway = lan.world.start();
    let Some(browser) = lan.browser() else { return };
    let page = browser.page();
    page.goto("/");
    for guess in 0..10 {
        enter(&page, &format!("{guess:048x}"));
        page.sees("The token that was sent is not the gateway's token.");
    }
    enter(&page, TOKEN);
    page.sees("Too many wrong attempts from 10.77.0.2");
    page.portrait("door-locked-out");
}
