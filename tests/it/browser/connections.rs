//! The page of connections: who is here, who was refused and why, and what would happen to somebody else.

use openclaw_tests::world::TOKEN;
use openclaw_tests::{Browser, Connect, Device, Dialect, Gateway, World};
use serde_json::json;

use super::signed_in;

/// Refuses somebody and answers the request that was filed, when one was.
fn refuse(gateway: &Gateway, connect: &Connect) -> Option<String> {
    let (error, _) = gateway.dial_remote().open().connect(connect).refused();
    error["details"]["requestId"].as_str().map(str::to_owned)
}

fn newcomer(device: &Device) -> Connect {
    Connect::test(Dialect::V4).token(TOKEN).device(device)
}

#[test]
fn a_refusal_comes_up_by_itself_and_opens_to_its_story() {
    let world = World::new();
    let gateway = world.start();
    let Some(browser) = Browser::start(&world) else { return };
    let page = signed_in(&browser, "/connections?tab=refused");
    page.sees("Nobody was refused");
    page.portrait("connections-nobody-refused");

    // What happens while the page is open is there without a reload, and what happens again is counted.
    let wrong = Connect::cli(Dialect::V4).token("a-wrong-secret").device(&Device::new());
    for _ in 0..3 {
        refuse(&gateway, &wrong);
    }
    page.sees("The token is not the gateway's … ×3");
    let device = Device::new();
    let request = refuse(&gateway, &newcomer(&device)).unwrap();
    page.sees("4 refused connections; equal ones are folded into 2 entries");

    page.click("button", "This device needs approval…");
    page.sees("What was checked, in this order");
    page.sees("Token or password … passed");
    page.sees("Approval … refused here");
    page.sees(&format!("openclaw devices approve {request}"));
    page.portrait("connections-story");

    // The owner decides elsewhere: the open story tells it.
    gateway.approve(&request);
    page.sees("Since then … Nothing is left to do.");
    page.gone(&format!("openclaw devices approve {request}"));

    // One cause, one word: the filters narrow, and say how far.
    page.select("Cause", "The token is not the gateway's (3)");
    page.sees("3 refused connections of 4, newest first.");
    page.fill("Find", "10.255.255.255");
    page.sees("No refusal fits");
    page.click("button", "Show all");
    page.sees("4 refused connections");

    // The request's id leads here from anywhere.
    page.goto(&format!("/connections?id={request}"));
    page.sees("Since then … Nothing is left to do.");
    page.goto("/connections?id=abcdef-unknown");
    page.sees("Nothing is known here about that id");
}

#[test]
fn who_is_here_is_shown_and_can_be_sent_away() {
    let world = World::new();
    let gateway = world.start();
    let Some(browser) = Browser::start(&world) else { return };
    let page = signed_in(&browser, "/connections");
    page.sees("this page");

    let device = Device::new();
    let connect = newcomer(&device).client("displayName", json!("Kitchen <b>tablet</b>"));
    gateway.pair_remote(&connect);
    let mut tablet = gateway.dial_remote().open();
    let hello = tablet.connect(&connect).hello();
    // A stranger's words stay words.
    page.sees("Kitchen <b>tablet</b> … operator: …");
    page.portrait("connections-live");

    // An id from the log leads to it, although it was never refused.
    page.goto(&format!("/connections?id={}", hello["server"]["connId"].as_str().unwrap()));
    page.sees("This connection was let in, and is here now");
    page.click("link", "Kitchen <b>tablet</b>");
    page.sees("1 of 2 connections");

    page.fill("Find", "kitchen");
    page.sees("1 of 2 connections");
    page.click("button", "Close the connection of Kitchen …");
    page.sees("Nothing is taken from the device");
    page.click("button", "Cancel");
    page.click("button", "Close the connection of Kitchen …");
    page.click("button", "Close the connection");
    let close = tablet.closed();
    assert_eq!(close.code, 4001, "{close:?}");
    page.sees("No connection fits");
}

#[test]
fn explain_foretells_and_nothing_comes_of_it() {
    let world = World::new();
    let gateway = world.start();
    let Some(browser) = Browser::start(&world) else { return };
    let page = signed_in(&browser, "/connections?tab=explain");
    page.click("button", "A phone on my network");
    page.sees("It would be refused … openclaw config set gateway.controlUi.allowedOrigins");
    page.sees("Web page … refused here");
    page.sees("Such a client does not come this far");
    page.portrait("connections-explain");

    page.click("button", "The command line here");
    page.sees("It would be let in");
    page.click("button", "A browser behind nginx");
    page.sees("About the proxy … gateway.trustedProxies");

    // A typed secret is compared, and is nowhere afterwards.
    page.click("button", "A browser on this machine");
    page.sees("It would be let in");
    page.select("It presents", "A token that I type");
    page.fill("A token", "a-secret-that-is-wrong");
    page.click("button", "Explain");
    page.sees("It would be refused");
    page.sees("the gateway token differs");
    assert_eq!(page.value("A token"), "");
    let kept = page.eval(
        "JSON.stringify([{...localStorage}, {...sessionStorage}, location.href]) + document.body.innerHTML",
    );
    assert!(!kept.as_str().unwrap().contains("a-secret-that-is-wrong"), "{kept}");

    page.fill("From which address", "somewhere");
    page.click("button", "Explain");
    page.sees("An address, as 203.0.113.9.");
    assert_eq!(page.value("From which address"), "somewhere");

    assert_eq!(gateway.cli(&["why"]).ok().out, "Nobody was refused, as far back as the journal goes.\n");
    let devices = gateway.cli(&["devices", "list", "--json"]).ok().json();
    assert_eq!(devices["pending"], json!([]), "{devices}");
}
