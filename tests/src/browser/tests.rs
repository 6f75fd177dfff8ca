//! The harness itself: what it is there to notice, it notices.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener};
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::Browser;
use crate::World;

/// Serves this page under a strict policy at every path, to whoever asks, until the test's process ends.
fn site(body: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { continue };
            let lines = BufReader::new(stream.try_clone().unwrap()).lines();
            lines.map_while(Result::ok).take_while(|line| !line.is_empty()).for_each(drop);
            let page = format!(
                "<!doctype html><html lang=en><title>A page</title><main><h1>Hi</h1>{body}</main></html>"
            );
            let _ = write!(
                stream,
                "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Security-Policy: default-src 'self'; img-src \
                 *\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{page}",
                page.len()
            );
        }
    });
    at
}

fn browser(body: &'static str) -> Option<(Browser, super::Page)> {
    let browser = Browser::start(&World::fresh())?;
    let page = browser.page();
    page.goto(&format!("http://{}/", site(body)));
    Some((browser, page))
}

/// The words with which something failed.
fn failure(work: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(work)).expect_err("this must fail");
    panic.downcast_ref::<String>().cloned().unwrap_or_default()
}

#[test]
fn a_page_that_keeps_to_the_rules_is_let_through() {
    let Some((browser, page)) = browser("<p>One line<br>and another</p><button>Do it now</button>") else {
        return;
    };
    page.sees("One line and another");
    page.sees("One … another");
    page.gone("a third");
    page.sees_role("button", "Do … now");
    assert_eq!(page.count("button", "Do it"), 0, "a name is meant whole");
    page.portrait("harness");
    assert_eq!(browser.requests(), [page.url()]);
}

#[test]
fn a_breach_of_the_policy_is_noticed() {
    let Some((browser, _)) = browser("<script>document.title = 'never'</script>") else { return };
    let words = failure(|| drop(browser));
    assert!(words.contains("Content Security Policy"), "{words}");
}

#[test]
fn a_request_to_another_host_is_noticed() {
    let other = site("");
    let Some((browser, page)) = browser("") else { return };
    page.eval(&format!(
        "void (document.body.append(new Image()), document.images[0].src = 'http://{other}/a.png')"
    ));
    page.until("document.images[0].complete");
    let words = failure(|| drop(browser));
    assert!(words.contains(&other.to_string()), "{words}");
}

#[test]
fn an_exception_is_noticed() {
    let Some((browser, page)) = browser("") else { return };
    page.eval("void setTimeout(() => { throw new Error('out of the blue') })");
    crate::wait::until("the exception", || (!browser.console_errors().is_empty()).then_some(()));
    let words = failure(|| drop(browser));
    assert!(words.contains("out of the blue"), "{words}");
}

#[test]
fn what_a_screen_reader_cannot_read_and_what_runs_over_the_side_is_noticed() {
    let Some((_browser, page)) = browser(
        "<img src='/x.png'><pre>                              ……………………………………………………………………………………………………………………………………………………………………………………………………………………………………………………………………………………………</pre>",
    ) else {
        return;
    };
    let words = failure(|| page.portrait("harness-faulty"));
    assert!(words.contains("image-alt"), "{words}");
    assert!(words.contains("phone, dark: the page is wider than its window"), "{words}");
}

#[test]
fn a_step_that_fails_says_what_the_page_showed() {
    let Some((_browser, page)) = browser("<p>Nothing to press</p>") else { return };
    let words = failure(|| page.eval("nothing.there").as_str().map(drop).unwrap());
    assert!(words.contains("Nothing to press") && words.contains("evaluate nothing.there"), "{words}");
}

#[test]
fn two_profiles_know_nothing_of_each_other_and_two_tabs_do() {
    let Some((browser, page)) = browser("") else { return };
    let address = page.url();
    page.eval("localStorage.setItem('a', '1')");
    let tab = page.new_tab();
    tab.goto(&address);
    assert_eq!(tab.eval("localStorage.getItem('a')"), "1");
    let other = browser.second_profile();
    other.goto(&address);
    assert!(other.eval("localStorage.getItem('a')").is_null());
    page.clear_storage();
    assert!(tab.eval("localStorage.getItem('a')").is_null());
}
