//! How soon the page is there, what it weighs, and whether it keeps up: `cargo xtask ui figures` prints it. Speed never
//! decides a test, so these are no part of `cargo xtask test`.

use std::io::Write;

use openclaw_tests::{Browser, World};
use serde_json::{Value, json};

use super::opened;

/// One line of the table.
fn line(what: &str, figures: &Value) {
    let text: Vec<String> =
        figures.as_object().unwrap().iter().map(|(name, value)| format!("{name} {value}")).collect();
    eprintln!("{what:<34} {}", text.join("   "));
}

#[test]
#[ignore = "prints figures: cargo xtask ui figures"]
fn the_first_view() {
    let world = World::new();
    let _gateway = world.start();
    let Some(browser) = Browser::start(&world) else { return };
    let url = format!("http://127.0.0.1:{}/", world.port);
    for round in ["first view, Chromium just started", "first view, empty cache", "first view, empty cache"] {
        let page = browser.second_profile();
        // Not measured: it only makes the address one that the test opened.
        page.goto("/healthz");
        line(round, &page.figures(json!({"what": "first", "url": url})));
    }
}

#[test]
#[ignore = "prints figures: cargo xtask ui figures"]
fn two_thousand_log_lines_a_second() {
    let world = World::new();
    let _gateway = world.start();
    let Some(browser) = Browser::start(&world) else { return };
    let page = opened(&browser, "/logs");
    page.sees_role("heading", "Logs");
    let file = world.log_file();
    let (stop, stopped) = std::sync::mpsc::channel::<()>();
    let writer = std::thread::spawn(move || {
        let mut log = std::fs::OpenOptions::new().append(true).open(file).unwrap();
        let mut count = 0_u64;
        // A tenth of a second between two hundreds of lines: what a busy gateway would write.
        while stopped.recv_timeout(std::time::Duration::from_millis(100)).is_err() {
            for _ in 0..200 {
                count += 1;
                writeln!(log, "{}", json!({"time": "2026-11-20T12:00:00.000Z", "level": "info", "subsystem": "gateway/ws",
                    "msg": format!("line {count}: a client said something that was worth a line of this length")}))
                .unwrap();
            }
        }
        count
    });
    page.sees("line 2…");
    line("scrolling, 2,000 log lines a second", &page.figures(json!({"what": "scroll", "ms": 10_000})));
    stop.send(()).unwrap();
    eprintln!("{} lines were written", writer.join().unwrap());
}
