//! From another machine, over plain HTTP: no secure context, no locality, and it works all the same.

use std::sync::Arc;

use openclaw_tests::network::Namespace;
use openclaw_tests::wait::until;
use openclaw_tests::world::{TOKEN, remote_world};
use openclaw_tests::{Browser, Page, World};
use serde_json::json;

use super::{enter, is_in, is_marked, mark, opened, run_shown};
use crate::start::claim_code;

/// A gateway on a host of its own that listens on the network, and another host with a browser.
pub(crate) struct Lan {
    /// The gateway's.
    pub(crate) world: World,
    /// The other one.
    pub(crate) there: Arc<Namespace>,
}

impl Lan {
    /// `None` where hosts cannot be made; the test says then that it is skipped.
    pub(crate) fn new() -> Option<Lan> {
        let (world, _, there) = remote_world(|config| config["gateway"]["bind"] = json!("lan"))?;
        Some(Lan { world, there })
    }

    /// The page's address as the other host asks for it.
    pub(crate) fn base(&self) -> String {
        format!("http://10.77.0.1:{}", self.world.port)
    }

    /// A browser on the other host.
    pub(crate) fn browser(&self) -> Option<Browser> {
        Browser::start_in(&self.there, &self.base())
    }

    /// A page there that knows the token and waits for approval.
    #[track_caller]
    pub(crate) fn waiting(&self, browser: &Browser) -> Page {
        let page = browser.page();
        page.goto(&format!("/#token={TOKEN}"));
        page.sees("openclaw devices approve");
        page
    }
}

#[test]
fn a_browser_pairs_over_plain_http_and_goes_on_by_itself() {
    let Some(lan) = Lan::new() else { return };
    let _gateway = lan.world.start();
    let Some(browser) = lan.browser() else { return };
    let page = lan.waiting(&browser);
    assert_eq!(page.eval("[isSecureContext, typeof crypto.subtle]"), json!([false, "undefined"]));
    page.sees("This device is not approved yet");
    page.sees("10.77.0.2");
    page.portrait("door-waiting");
    mark(&page);
    // The command as it stands on the page; it waits for the device, and says that it came.
    let said = run_shown(&lan.world, &page, "openclaw devices approve").ok();
    assert!(said.out.contains("is connected"), "{said:?}");
    is_in(&page);
    assert!(is_marked(&page), "no reload");
    // And back again, by its own token.
    page.reload();
    is_in(&page);
}

#[test]
fn the_owners_other_browser_shows_the_request_at_once() {
    let Some(lan) = Lan::new() else { return };
    let _gateway = lan.world.start();
    let Some(own) = Browser::start(&lan.world) else { return };
    let owner = opened(&own, "/connections");
    let Some(browser) = lan.browser() else { return };
    let page = lan.waiting(&browser);
    owner.sees_role("button", "Approve");
    owner.sees("10.77.0.2");
    owner.portrait("notice-request");
    owner.click("button", "Approve");
    is_in(&page);
    owner.gone_role("button", "Approve");
}

#[test]
fn the_first_browser_needs_the_claim_code_alone() {
    let Some(lan) = Lan::new() else { return };
    let gateway = lan.world.start();
    let Some(browser) = lan.browser() else { return };
    let page = browser.page();
    page.goto("/");
    let code = until("a claim code", || claim_code(&gateway.stdout()));
    // As people type it.
    enter(&page, &code.to_lowercase().replace('-', " "));
    is_in(&page);
    page.reload();
    is_in(&page);
}

#[test]
fn storage_that_was_cleared_is_recognised_as_the_same_browser() {
    let Some(lan) = Lan::new() else { return };
    let gateway = lan.world.start();
    let Some(browser) = lan.browser() else { return };
    let page = lan.waiting(&browser);
    run_shown(&lan.world, &page, "openclaw devices approve").ok();
    is_in(&page);
    page.clear_storage();
    page.close();
    let page = lan.waiting(&browser);
    // The stranger is told nothing of the devices that are paired; the owner is.
    assert!(!page.text().contains("last seen"), "{}", page.text());
    let Some(own) = Browser::start(&lan.world) else { return };
    let owner = opened(&own, "/devices");
    owner.sees("The same browser as Chrome on Linux, last seen");
    owner.portrait("devices-same-browser");
    owner.click("button", "Approve and replace it");
    is_in(&page);
    let list = gateway.cli(&["devices", "list", "--json"]).ok().json();
    let paired = list["paired"].as_array().unwrap();
    assert_eq!(paired.len(), 2, "the owner's own and this one; the older entry is gone: {list:#}");
}
