//! Rows whose face is the dashboard in a browser.

use openclaw_tests::World;
use openclaw_tests::acceptance::Row;
use openclaw_tests::wait::until;
use openclaw_tests::world::TOKEN;

use crate::browser::lan::Lan;
use crate::browser::{ENTRY, enter, is_in, is_marked, line_of, mark, opened};
use crate::start::claim_code;

#[test]
fn g1_1_the_panel_of_pairing_required_has_the_command_and_the_page_goes_on_by_itself() {
    let row = Row::of("G1-1");
    let Some(lan) = Lan::new() else { return };
    let gateway = lan.world.start();
    let Some(browser) = lan.browser() else { return };
    let page = lan.waiting(&browser);
    let approve = line_of(&page, "openclaw devices approve");
    row.says(&page.text()).mends(&approve);
    assert_eq!(page.value(ENTRY), "", "a field for the claim code, while nobody owns the gateway");
    let id = approve.split_whitespace().nth(3).unwrap();
    let told = "[...document.querySelectorAll('code')].map((each) => each.textContent)";
    assert!(page.eval(told).to_string().contains(&id[..8]), "the request's id");
    // Copied as people do, also where the page is no secure context, and looked at where it can be pasted.
    page.click("button", "Copy command");
    page.fill(ENTRY, "");
    page.press("Control+v");
    assert_eq!(page.value(ENTRY), approve);
    page.fill(ENTRY, "");
    mark(&page);
    lan.world.sh(&approve).ok();
    is_in(&page);
    assert!(is_marked(&page), "without a reload");

    // Where nobody can run a command, the claim code of a new gateway does it.
    gateway.stop();
    drop(browser);
    let Some(lan) = Lan::new() else { return };
    let gateway = lan.world.start();
    let Some(browser) = lan.browser() else { return };
    let page = lan.waiting(&browser);
    let code = until("a claim code", || claim_code(&gateway.stdout()));
    page.fill(ENTRY, &code);
    page.click("button", "Claim");
    is_in(&page);
}

#[test]
fn g1_2_without_a_token_there_is_one_input_and_the_command_for_the_link() {
    let row = Row::of("G1-2");
    let world = World::new();
    let gateway = world.start();
    let Some(browser) = openclaw_tests::Browser::start(&world) else { return };
    let owner = opened(&browser, "/");
    let page = browser.second_profile();
    page.goto("/");
    page.sees_role("heading", "Connect to this gateway");
    let dashboard = line_of(&page, "openclaw dashboard");
    row.says(&page.text()).mends(&dashboard);
    // What is not what is asked for is recognised, and explained.
    enter(&page, "05493183-47b8-4757-ab6b-2da89ac73923");
    page.sees("This is the id of a request");
    let said = gateway.world.sh_at_terminal(&format!("{dashboard} --no-open")).ok();
    let link = said.out.lines().find_map(|line| line.trim().strip_prefix("Dashboard URL: ")).unwrap();
    page.goto(link);
    is_in(&page);
    is_in(&owner);
}

#[test]
fn g1_7_a_token_is_pasted_into_the_page_and_kept_for_the_tab() {
    let row = Row::of("G1-7");
    let Some(lan) = Lan::new() else { return };
    let _gateway = lan.world.start();
    let Some(browser) = lan.browser() else { return };
    let page = browser.page();
    page.goto("/");
    page.sees_role("heading", "Connect to this gateway");
    row.says(&page.text());
    row.mends(&line_of(&page, "openclaw gateway auth-token"));
    enter(&page, TOKEN);
    page.sees_role("heading", "Waiting for approval");
    // After a refresh it is still there for this tab, and for no other place.
    page.reload();
    page.sees_role("heading", "Waiting for approval");
    let other = page.new_tab();
    other.goto("/");
    other.sees_role("heading", "Connect to this gateway");
    lan.world.sh(&line_of(&page, "openclaw devices approve")).ok();
    is_in(&page);
}
