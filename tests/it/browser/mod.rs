//! The page in a real Chromium, against the real binary. One file an area; a page is asked by role and label only.
//!
//! ```text
//! let world = World::new(); let gateway = world.start(); let Some(browser) = Browser::start(&world) else { return };
//! let page = signed_in(&browser, "/devices");   // or browser.page() and page.goto("/…")
//! page.click("button", "Reject"); page.sees("Rejected … from 10.77.0.2"); page.portrait("devices-rejected");
//! ```
//!
//! `…` stands for anything in what is looked for. Names of roles are whole: `Approve` is not `Approve as read only`.
//! Every page and every panel has a portrait in some test: that judges it with axe-core, and draws it for
//! `cargo xtask ui portraits`. A test fails by itself on an exception, an error on the console, a breach of the
//! policy, and a request to a host that the test did not open.

mod config;
mod devices;
mod figures;
mod first;
mod logs;

use openclaw_tests::world::TOKEN;
use openclaw_tests::{Browser, Page};

/// A page at `path` of a browser on the gateway's host that came by the link of `openclaw dashboard`.
pub(crate) fn signed_in(browser: &Browser, path: &str) -> Page {
    let page = browser.page();
    page.goto(&format!("{path}#token={TOKEN}"));
    page
}
