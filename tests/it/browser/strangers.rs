//! Words of strangers are text and nothing else, wherever a page shows them (S8), and no other page gets hold of this
//! one (S6).

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;

use openclaw_tests::world::TOKEN;
use openclaw_tests::{Browser, Connect, Device, Dialect, World};
use serde_json::json;

use super::opened;

const NAME: &str = "<img src=//evil.example/a.png onerror=alert(1)><b>Tablet</b>";

#[test]
fn s8_what_a_stranger_calls_itself_is_shown_letter_by_letter() {
    let world = World::new();
    let gateway = world.start();
    let Some(browser) = Browser::start(&world) else { return };
    let page = opened(&browser, "/logs");
    let connect = Connect::test(Dialect::V4)
        .token(TOKEN)
        .device(&Device::new())
        .client("displayName", json!(NAME))
        .client("deviceFamily", json!("</script><script>alert(2)</script>"));
    let stranger = gateway.dial_remote().header("User-Agent", "<svg onload=alert(3)>");
    stranger.open().connect(&connect).refused();
    page.sees("<b>Tablet</b>");
    for path in ["/devices", "/connections", "/logs", "/overview"] {
        page.goto(path);
        page.sees("<b>Tablet</b>");
        let made = page.eval(
            "document.querySelectorAll('main b, main svg[onload], img[src*=evil], main script, [onerror]').length",
        );
        assert_eq!(made, json!(0), "{path}");
    }
    page.portrait("strangers-words");
    // That nothing else was asked, and nothing ran, is what every browser test ends with.
}

#[test]
fn s6_no_other_page_can_frame_this_one() {
    let world = World::new();
    let _gateway = world.start();
    let Some(browser) = Browser::start(&world) else { return };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = listener.local_addr().unwrap();
    let frame =
        format!("<!doctype html><title>x</title><iframe src='http://127.0.0.1:{}/'></iframe>", world.port);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let lines = BufReader::new(stream.try_clone().unwrap()).lines();
            lines.map_while(Result::ok).take_while(|line| !line.is_empty()).for_each(drop);
            let length = frame.len();
            let head = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\nContent-Length:";
            let _ = write!(stream, "{head} {length}\r\n\r\n{frame}");
        }
    });
    browser.allow(&format!("127.0.0.1:{}", world.port));
    let page = browser.page();
    page.goto(&format!("http://{at}/"));
    openclaw_tests::wait::until("the refusal to be framed", || {
        browser.console_errors().iter().any(|error| error.contains("frame-ancestors")).then_some(())
    });
    assert!(!page.text().contains("Connect to this gateway"), "{}", page.text());
    browser.forgive();
}
