//! The page comes up at all.

use openclaw_tests::{Browser, World};

use super::signed_in;

#[test]
fn the_page_comes_up_under_its_policy() {
    let world = World::new();
    let _gateway = world.start();
    let Some(browser) = Browser::start(&world) else { return };
    let page = signed_in(&browser, "/");
    assert!(page.title().contains("OpenClaw"), "{}", page.title());
    page.portrait("smoke");
}
