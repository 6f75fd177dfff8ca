//! What the address bar brings along, and what must never become of it (S1, S6).

use std::io::Read;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use openclaw_tests::wait::until;
use openclaw_tests::world::TOKEN;
use openclaw_tests::{Browser, Page, World};

use super::{is_in, opened};

/// Nowhere on the browser's side but in the tab's own memory.
#[track_caller]
fn holds_no_token(page: &Page) {
    let places = page.eval(
        "JSON.stringify([location.href, document.referrer, document.title, {...localStorage}, document.cookie, \
         document.documentElement.outerHTML])",
    );
    assert!(!places.as_str().unwrap().contains(TOKEN), "{places}");
    assert!(!page.url().contains(TOKEN), "{}", page.url());
    for entry in page.history() {
        assert!(!entry.contains(TOKEN), "{entry}");
    }
}

#[test]
fn a_token_in_the_address_is_taken_out_of_it_and_kept_for_the_tab() {
    let world = World::new();
    let gateway = world.start();
    let Some(browser) = Browser::start(&world) else { return };
    for path in
        [format!("/#token={TOKEN}"), format!("/?token={TOKEN}"), format!("/devices?token={TOKEN}&x=1")]
    {
        let page = browser.second_profile();
        page.goto(&path);
        is_in(&page);
        holds_no_token(&page);
        page.reload();
        is_in(&page);
        holds_no_token(&page);
    }
    assert!(!std::fs::read_to_string(world.log_file()).unwrap().contains(TOKEN));
    assert!(!gateway.printed().contains(TOKEN));
}

/// Somebody who waits for what a page may bring, and keeps all of it.
struct Listener {
    at: SocketAddr,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Listener {
    fn new() -> Listener {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let at = listener.local_addr().unwrap();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let sink = heard.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let sink = sink.clone();
                std::thread::spawn(move || answer(stream, &sink));
            }
        });
        Listener { at, heard }
    }

    fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }
}

/// Upgrades, sends a challenge, and writes down what is sent.
fn answer(stream: TcpStream, sink: &Mutex<Vec<String>>) {
    let mut head = [0; 1];
    if stream.peek(&mut head).unwrap_or(0) == 0 {
        return;
    }
    sink.lock().unwrap().push("a connection".into());
    let Ok(mut socket) = tungstenite::accept(stream) else { return };
    let challenge = serde_json::json!({"type": "event", "event": "connect.challenge",
        "payload": {"nonce": "00000000-0000-4000-8000-000000000000", "ts": 0}});
    let _ = socket.send(tungstenite::Message::text(challenge.to_string()));
    while let Ok(message) = socket.read() {
        sink.lock().unwrap().push(message.to_string());
    }
    let _ = socket.get_mut().read(&mut head);
}

#[test]
fn s1_a_crafted_link_connects_nowhere_unasked_and_never_takes_stored_credentials_along() {
    let world = World::new();
    let _gateway = world.start();
    let Some(browser) = Browser::start(&world) else { return };
    let page = opened(&browser, "/");
    let listener = Listener::new();
    browser.allow(&listener.at.to_string());

    page.goto(&format!("/?gatewayUrl=ws://{}", listener.at));
    page.sees(&listener.at.to_string());
    page.portrait("door-other-gateway");
    page.reload();
    page.sees(&listener.at.to_string());
    assert_eq!(listener.heard(), Vec::<String>::new(), "nobody was asked yet");

    // No: back to its own, where it is paired.
    page.click("button", &format!("Stay with 127.0.0.1:{}", world.port));
    is_in(&page);
    assert_eq!(listener.heard(), Vec::<String>::new());

    // Yes: the other one gets a key of its own, and nothing that this gateway gave or was given.
    page.goto(&format!("/?gatewayUrl=ws://{}", listener.at));
    page.click("button", &format!("Connect to {}", listener.at));
    let said = until("the other gateway to be connected to", || {
        let heard = listener.heard();
        heard.iter().find(|text| text.contains("\"connect\"")).cloned()
    });
    assert!(!said.contains(TOKEN), "{said}");
    let connect: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert!(connect["params"]["auth"].as_object().is_none_or(serde_json::Map::is_empty), "{said}");
    let paired = world.cli(&["devices", "list", "--json"]).ok().out;
    let device = connect["params"]["device"]["id"].as_str().unwrap();
    assert!(!paired.contains(device), "another gateway gets another key: {said}");
}
