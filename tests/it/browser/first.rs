//! Meeting the page for the first time, on the gateway's own host.

use openclaw_tests::{Browser, World};
use serde_json::json;

use super::{is_in, opened};

#[test]
fn the_page_comes_up_under_its_policy_and_asks_nobody_else() {
    let world = World::new();
    let gateway = world.start();
    let Some(browser) = Browser::start(&world) else { return };
    let page = browser.page();
    assert_eq!(page.goto("/"), 200);
    page.sees("OpenClaw");
    assert!(page.title().contains("OpenClaw"), "{}", page.title());
    let root = format!("127.0.0.1:{}/", world.port);
    for url in browser.requests() {
        assert!(url.contains(&root), "{url}");
    }
    let policy = gateway.get("/").unwrap().header("content-security-policy").unwrap().to_owned();
    for word in ["default-src", "frame-ancestors 'none'"] {
        assert!(policy.contains(word), "{policy}");
    }
    assert!(!policy.contains("unsafe"), "{policy}");
}

#[test]
fn the_link_of_openclaw_dashboard_goes_straight_in() {
    let world = World::new();
    let gateway = world.start();
    let said = gateway.world.cli_at_terminal(&["dashboard", "--no-open"]).ok();
    let link =
        said.out.lines().find_map(|line| line.trim().strip_prefix("Dashboard URL: ")).unwrap().to_owned();
    let Some(browser) = Browser::start(&world) else { return };
    let page = browser.page();
    page.goto(&link);
    is_in(&page);
    assert_eq!(page.eval("isSecureContext"), json!(true));
    page.portrait("first-page");
    // From now on this browser is a device of its own: no token is needed for coming back.
    page.close();
    let page = browser.page();
    page.goto("/");
    is_in(&page);
}

#[test]
fn every_page_is_there_by_keyboard_alone_and_on_a_phone() {
    let world = World::new();
    let _gateway = world.start();
    let Some(browser) = Browser::start(&world) else { return };
    let page = opened(&browser, "/");
    page.press("Tab");
    assert!(page.focused().contains("Skip to the page"), "{}", page.focused());
    page.press("Enter");
    page.set_phone();
    page.set_dark();
    let links = page
        .eval("[...document.querySelectorAll('nav[aria-label=Pages] a')].map((a) => a.getAttribute('href'))");
    let links: Vec<String> = serde_json::from_value(links).unwrap();
    assert!(!links.is_empty());
    for link in links {
        page.goto(&link);
        is_in(&page);
        page.sees_role("heading", "…");
        assert!(page.title().ends_with(" · OpenClaw"), "{link}: {}", page.title());
    }
}
