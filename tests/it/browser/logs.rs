//! The log in the browser: it grows, is filtered, opened, and kept in the address.

use openclaw_tests::{Browser, Connect, Device, Dialect, World};

use super::signed_in;

#[test]
fn the_log_grows_is_filtered_and_every_line_opens() {
    let world = World::new();
    let gateway = world.start();
    let Some(browser) = Browser::start(&world) else { return };
    let page = signed_in(&browser, "/logs");
    page.sees("listening on ws://");

    // A refusal while the page is open appears by itself.
    let stranger = Connect::cli(Dialect::V4).token("not-the-token").device(&Device::new());
    gateway.dial_remote().open().connect(&stranger).refused();
    page.sees("gateway token mismatch");
    page.portrait("logs");

    page.select("Level", "Warnings and errors");
    page.gone("listening on ws://");
    page.sees("of ");
    page.at("…/logs?level=warn");
    page.select("Cause of a refusal", "C-08");
    page.at("…/logs?level=warn&cause=C-08");

    // The filter survives a reload, since it stands in the address.
    page.reload();
    page.sees("gateway token mismatch");
    page.gone("listening on ws://");
    page.fill("Find in the log", "nothing-has-this-word");
    page.sees("No line fits this filter");
    page.portrait("logs-nothing-fits");
    page.click("button", "Show everything");
    page.sees("listening on ws://");

    page.fill("Find in the log", "mismatch");
    page.gone("listening on ws://");
    page.press("Tab");
    page.click("button", "… warn gateway/ws …mismatch…");
    page.sees_role("dialog", "WARN from gateway/ws");
    page.sees("What ends it");
    page.portrait("logs-line");
    page.press("Escape");
    page.gone_role("dialog", "WARN from gateway/ws");
}

#[test]
fn a_reader_sees_the_log_and_whoever_may_not_read_is_told_so() {
    let world = World::new();
    let gateway = world.start();
    let Some(browser) = Browser::start(&world) else { return };
    let page = signed_in(&browser, "/logs");
    page.sees("Follow");
    page.check("Follow", false);
    page.sees("not following");
    page.check("Follow", true);
    page.gone("not following");
    // The gateway goes: the lines stay, and the page goes on when it is back.
    gateway.stop();
    page.sees("Connection lost");
    page.sees("listening on ws://");
    let _again = world.start();
    page.sees("Connected");
}
