//! The configuration in the browser: form, file, conflict, history.

use openclaw_tests::wait::until;
use openclaw_tests::world::TOKEN;
use openclaw_tests::{Browser, World};
use serde_json::json;

use super::signed_in;

#[test]
fn a_setting_is_found_changed_reviewed_saved_and_taken_back() {
    let world = World::new();
    let _gateway = world.start();
    let Some(browser) = Browser::start(&world) else { return };
    let page = signed_in(&browser, "/config");
    page.sees("gateway.mode");
    page.portrait("config");

    page.fill("Find a setting", "log level");
    page.select("…logging.level", "debug – How it happened");
    page.sees("1 change is not saved yet.");
    page.portrait("config-changed");
    page.click("button", "Review and save");
    page.sees_role("dialog", "Save these changes?");
    page.sees("debug");
    page.sees("without a restart");
    page.portrait("config-review");
    page.click("button", "Save");
    page.sees("Saved.");
    until("the file has it", || (world.config()["logging"]["level"] == json!("debug")).then_some(()));

    page.click("button", "Undo");
    page.sees("The change is taken back.");
    until("the file is as it was", || world.config()["logging"]["level"].is_null().then_some(()));
    page.click("tab", "History");
    page.sees("logging.level");
    page.sees("taken back");
    page.portrait("config-history");
}

#[test]
fn what_cannot_be_is_said_before_it_is_saved_and_stays_typed() {
    let world = World::new();
    let _gateway = world.start();
    let Some(browser) = Browser::start(&world) else { return };
    let page = signed_in(&browser, "/config");
    page.fill("…gateway.port", "seventy");
    page.sees("“seventy” is not a number.");
    page.sees("gateway.port cannot be saved like this.");
    page.portrait("config-wrong");
    page.click("button", "Discard");
    page.gone("not saved yet");

    page.click("tab", "File");
    let before = page.value("openclaw.json");
    assert!(before.contains("__OPENCLAW_REDACTED__") && !before.contains(TOKEN), "{before}");
    page.fill("openclaw.json", "{ gateway: { port: 'x' }");
    page.sees("The gateway would refuse this");
    page.portrait("config-file-wrong");
    assert_eq!(page.value("openclaw.json"), "{ gateway: { port: 'x' }");
    page.click("button", "Discard");
    page.click("button", "Throw away");
    page.sees("The same as the file.");
    assert_eq!(page.value("openclaw.json"), before);
}

#[test]
fn the_file_keeps_its_comments_and_its_hidden_secrets() {
    let world = World::new();
    world.write_config_text(&format!(
        "{{\n  // my gateway\n  gateway: {{ mode: 'local', port: {}, auth: {{ mode: 'token', token: '{TOKEN}' }} }},\n}}\n",
        openclaw_tests::world::free_port()
    ));
    let _gateway = world.start();
    let Some(browser) = Browser::start(&world) else { return };
    let page = signed_in(&browser, "/config?view=file");
    let text = page.value("openclaw.json");
    assert!(text.contains("// my gateway"), "{text}");
    page.fill("openclaw.json", &text.replace("// my gateway", "// our gateway"));
    page.click("button", "Review and save");
    page.sees("our gateway");
    page.portrait("config-file-review");
    page.click("button", "Save");
    page.sees("Saved.");
    let kept = until("the file has it", || {
        let text = std::fs::read_to_string(world.config_file()).ok()?;
        text.contains("// our gateway").then_some(text)
    });
    assert!(kept.contains(TOKEN), "the secret that the page never saw is still there: {kept}");
}

#[test]
fn two_who_change_the_file_at_once_lose_nothing() {
    let world = World::new();
    let gateway = world.start();
    let Some(browser) = Browser::start(&world) else { return };
    let page = signed_in(&browser, "/config");
    page.fill("Find a setting", "logging.");
    page.select("…logging.level", "debug – How it happened");
    page.sees("1 change is not saved yet.");

    // Elsewhere: another setting, then the same one.
    gateway.cli(&["config", "set", "logging.consoleLevel", "warn"]).ok();
    until("the page shows it", || (page.value("…logging.consoleLevel") == "warn").then_some(()));
    gateway.cli(&["config", "set", "logging.level", "trace"]).ok();
    page.sees("The file was changed meanwhile, in settings that you are changing too");
    page.sees("logging.level is now trace.");
    page.portrait("config-conflict");
    page.click("button", "Keep what I typed");
    page.click("button", "Review and save");
    page.click("button", "Save");
    page.sees("Saved.");
    until("both are in the file", || {
        let logging = &world.config()["logging"];
        (logging["consoleLevel"] == "warn" && logging["level"] == "debug").then_some(())
    });
}
