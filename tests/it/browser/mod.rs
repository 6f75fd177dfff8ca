//! The page in a real Chromium, against the real binary. One file an area; a page is asked by role and label only.
//!
//! ```text
//! let world = World::new(); let gateway = world.start(); let Some(browser) = Browser::start(&world) else { return };
//! let page = signed_in(&browser, "/devices");   // or browser.page() and page.goto("/…"); a LAN: browser::lan::Lan
//! page.click("button", "Reject"); page.sees("Rejected … from 10.77.0.2"); page.portrait("devices-rejected");
//! ```
//!
//! `…` stands for anything in what is looked for. Names of roles are whole: `Approve` is not `Approve as read only`.
//! Every page and every panel has a portrait in some test: that judges it with axe-core, and draws it for
//! `cargo xtask ui portraits`. A test fails by itself on an exception, an error on the console, a breach of the
//! policy, and a request to a host that the test did not open.

mod address;
mod change;
mod config;
mod connections;
mod devices;
mod door;
mod figures;
mod first;
pub(crate) mod lan;
mod logs;
mod overview;
mod proxy;
mod refused;
mod strangers;

use openclaw_tests::wait::until;
use openclaw_tests::world::TOKEN;
use openclaw_tests::{Browser, Page, World};
use serde_json::json;

/// The one input for everything.
pub(crate) const ENTRY: &str = "Gateway token, password or code";
/// The button beside it.
pub(crate) const CONNECT: &str = "Connect";

/// A page at `path` of a browser on the gateway's host that came by the link of `openclaw dashboard`.
#[track_caller]
pub(crate) fn signed_in(browser: &Browser, path: &str) -> Page {
    let page = browser.page();
    page.goto(&format!("{path}#token={TOKEN}"));
    page
}

/// The same, and it was let in.
#[track_caller]
pub(crate) fn opened(browser: &Browser, path: &str) -> Page {
    let page = signed_in(browser, path);
    is_in(&page);
    page
}

/// Waits until the pages are there, and the gateway with them.
#[track_caller]
pub(crate) fn is_in(page: &Page) {
    page.sees_role("navigation", "Pages");
    page.sees("Connected");
}

/// Types something into the one input and sends it.
#[track_caller]
pub(crate) fn enter(page: &Page, text: &str) {
    page.fill(ENTRY, text);
    page.click("button", CONNECT);
}

/// The line of the page that begins with these words, as somebody copies it.
#[track_caller]
pub(crate) fn line_of(page: &Page, begins: &str) -> String {
    until(begins, || {
        page.text().lines().map(str::trim).find(|line| line.starts_with(begins)).map(str::to_owned)
    })
}

/// Runs the command that the page shows, letter by letter, in a shell on the gateway's host.
#[track_caller]
pub(crate) fn run_shown(world: &World, page: &Page, begins: &str) -> openclaw_tests::world::Said {
    world.sh(&line_of(page, begins))
}

/// Leaves a mark that a reload would wipe out; `false` from `is_marked` means that there was one.
pub(crate) fn mark(page: &Page) {
    page.eval("void (window.mark = 1)");
}

/// Whether the page is still the very one that was marked.
pub(crate) fn is_marked(page: &Page) -> bool {
    page.eval("window.mark ?? null") == json!(1)
}
