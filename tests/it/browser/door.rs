//! The door itself: what is typed into the one input and what becomes of it, and a page that waits.

use openclaw_tests::wait::until;
use openclaw_tests::world::TOKEN;
use openclaw_tests::{Browser, Gateway, World};
use serde_json::{Value, json};

use super::lan::Lan;
use super::{CONNECT, ENTRY, enter, is_in, is_marked, mark};
use crate::start::claim_code;

/// The one request that waits.
#[track_caller]
fn request(gateway: &Gateway) -> Value {
    until("a request", || {
        let list = gateway.cli(&["devices", "list", "--json"]).ok().json();
        list["pending"].as_array().unwrap().first().cloned()
    })
}

#[test]
fn a_wrong_token_is_named_and_kept_for_mending() {
    let world = World::new();
    let _gateway = world.start();
    let Some(browser) = Browser::start(&world) else { return };
    let page = browser.page();
    page.goto("/");
    page.sees_role("heading", "Connect to this gateway");
    assert_eq!(page.focused(), ENTRY);
    page.portrait("door-connect");
    let wrong = TOKEN.replace('7', "8");
    enter(&page, &wrong);
    page.sees_role("heading", "The token is not the gateway's");
    page.sees("openclaw dashboard");
    assert_eq!((page.value(ENTRY), page.focused()), (wrong, ENTRY.to_owned()));
    page.portrait("door-wrong-token");
    // It is selected, so typing replaces it.
    page.types(TOKEN);
    page.press("Enter");
    is_in(&page);
}

#[test]
fn what_people_paste_is_understood_or_explained() {
    let world = World::new();
    let _gateway = world.start();
    let Some(browser) = Browser::start(&world) else { return };
    let page = browser.page();
    page.goto("/");
    for (text, answer) in [
        ("05493183-47b8-4757-ab6b-2da89ac73923", "This is the id of a request"),
        ("YOUR_TOKEN", "This is a placeholder from a guide"),
        ("__OPENCLAW_REDACTED__", "This is a placeholder from a guide"),
        ("http://127.0.0.1:1/#token=abc", "Is this the same gateway?"),
        ("http://127.0.0.1:1/", "This is an address without a token in it"),
    ] {
        enter(&page, text);
        page.sees(answer);
        assert_eq!(page.value(ENTRY), text);
    }
    page.portrait("door-wrong-kind");
    enter(&page, &format!("export OPENCLAW_GATEWAY_TOKEN=\"{TOKEN}\""));
    is_in(&page);
}

#[test]
fn a_link_that_is_pasted_over_the_address_of_the_open_page_signs_in() {
    let world = World::new();
    let _gateway = world.start();
    let Some(browser) = Browser::start(&world) else { return };
    let page = browser.page();
    page.goto("/devices?request=05493183-47b8-4757-ab6b-2da89ac73923");
    page.sees("The link that led here shows a request to its approver.");
    page.eval(&format!("void (location.hash = 'token={TOKEN}')"));
    is_in(&page);
    assert!(!page.url().contains(TOKEN), "{}", page.url());
}

#[test]
fn a_password_is_asked_for_by_name() {
    let world = World::new().with(|config| {
        config["gateway"]["auth"] = json!({"mode": "password", "password": "correct horse battery staple"});
    });
    let _gateway = world.start();
    let Some(browser) = Browser::start(&world) else { return };
    let page = browser.page();
    page.goto("/");
    page.sees("Its password works as well.");
    page.portrait("door-password");
    enter(&page, "incorrect horse");
    page.sees("the one that was sent is not it");
    page.types("correct horse battery staple");
    page.press("Enter");
    is_in(&page);
}

#[test]
fn the_link_that_a_new_gateway_prints_makes_the_browser_its_operator() {
    let Some(lan) = Lan::new() else { return };
    let gateway = lan.world.start();
    let Some(browser) = lan.browser() else { return };
    let link = until("the link", || {
        gateway.stdout().split_whitespace().find(|word| word.contains("/#code=")).map(str::to_owned)
    });
    assert!(link.starts_with(&format!("http://127.0.0.1:{}/#code=", lan.world.port)), "{link}");
    // Opened on another machine, with the gateway's address in it.
    let (_, code) = link.split_once("/#code=").unwrap();
    let page = browser.page();
    page.goto(&format!("/#code={code}"));
    is_in(&page);
    assert!(!page.url().contains(code), "{}", page.url());
}

#[test]
fn a_wrong_claim_code_is_answered_with_where_the_right_one_stands() {
    let world = World::fresh();
    let gateway = world.start();
    let Some(browser) = Browser::start(&world) else { return };
    let code = until("the claim code", || claim_code(&gateway.stdout()));
    let page = browser.page();
    page.goto("/");
    page.sees("This gateway is new. Enter the claim code that it shows");
    page.portrait("door-claim");
    enter(&page, "0000-0000");
    page.sees_role("heading", "The code is not valid");
    page.sees("in the terminal that started it");
    page.portrait("door-wrong-code");
    enter(&page, &code);
    is_in(&page);
    let devices = gateway.cli(&["devices", "list", "--json"]).ok().json();
    let scopes = devices["paired"][0]["scopes"].as_array().unwrap();
    assert!(scopes.contains(&json!("operator.admin")), "{devices}");
}

#[test]
fn a_browser_that_waits_can_be_renamed_and_loses_nothing_by_a_wrong_code() {
    let Some(lan) = Lan::new() else { return };
    let gateway = lan.world.start();
    let Some(browser) = lan.browser() else { return };
    let page = lan.waiting(&browser);
    let id = |request: Value| request["requestId"].as_str().unwrap().to_owned();
    let first = id(request(&gateway));

    page.fill("Name of this browser", "Kitchen tablet");
    page.click("button", "Rename");
    let renamed = until("the new name", || {
        Some(request(&gateway)).filter(|request| request.to_string().contains("Kitchen tablet")).map(id)
    });
    page.sees(&format!("openclaw devices approve {renamed}"));
    page.fill(ENTRY, "0000-0000");
    page.click("button", "Claim");
    page.sees_role("heading", "The code is not valid");
    page.click("button", "Go on without the code");
    page.sees_role("heading", "Waiting for approval");
    page.click("button", "Check now");
    page.sees("not approved yet");

    // A reload loses neither the request nor the token that came with the link, and who copied the command before the
    // name was another approves the same browser with it.
    page.reload();
    page.sees(&format!("openclaw devices approve {renamed}"));
    gateway.cli(&["devices", "approve", &first]).ok();
    is_in(&page);
}

#[test]
fn a_declined_browser_is_told_and_may_ask_again() {
    let Some(lan) = Lan::new() else { return };
    let gateway = lan.world.start();
    let Some(browser) = lan.browser() else { return };
    let page = lan.waiting(&browser);
    mark(&page);
    let id = request(&gateway)["requestId"].as_str().unwrap().to_owned();
    gateway.cli(&["devices", "reject", &id]).ok();
    page.sees_role("heading", "The owner declined this browser");
    page.portrait("door-declined");
    page.gone_role("button", CONNECT);
    page.click("button", "Ask again");
    page.sees_role("heading", "Waiting for approval");
    assert_ne!(request(&gateway)["requestId"], json!(id));
    assert!(is_marked(&page), "no reload");
}
