//! What a stranger can use up: sockets, frames, attempts.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use openclaw_tests::wait::until;
use openclaw_tests::world::TOKEN;
use openclaw_tests::{Connect, Device, Dialect, Gateway, World, skipped};
use serde_json::json;

#[test]
fn an_address_holds_so_many_unfinished_connections_and_the_oldest_gives_way() {
    let world = World::new().with(|config| config["gateway"]["trustedProxies"] = json!(["127.0.0.1"]));
    let gateway = world.start();
    let dial = || gateway.dial().header("X-Forwarded-For", "203.0.113.9").open();
    let mut sockets: Vec<_> = (0..32).map(|_| dial()).collect();
    sockets.push(dial());
    let close = sockets[0].closed_within(Duration::from_secs(5));
    assert!(close.is_some(), "the oldest is still there");
    let connect = Connect::test(Dialect::V4).token(TOKEN).device(&Device::new());
    let (error, _) = sockets.last_mut().unwrap().connect(&connect).refused();
    assert_eq!(error["details"]["code"], json!("PAIRING_REQUIRED"), "the newest is served: {error}");
    // Somebody else, and the owner, notice nothing.
    gateway.operator(Dialect::V4).call("health", json!({})).unwrap();
}

/// Upgrades as a peer behind the trusted proxy and says nothing more.
fn silent(gateway: &Gateway, address: &str) -> TcpStream {
    let mut stream = TcpStream::connect(gateway.address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13";
    let upgrade = format!("Host: localhost\r\nX-Forwarded-For: {address}\r\nConnection: Upgrade");
    write!(stream, "GET / HTTP/1.1\r\n{upgrade}\r\nUpgrade: websocket\r\n{key}\r\n\r\n").unwrap();
    let mut seen = Vec::new();
    // The challenge is the last of what comes by itself.
    while !seen.ends_with(b"}}") {
        let mut part = [0; 1024];
        let count = stream.read(&mut part).unwrap();
        assert!(count > 0, "closed instead of challenged");
        seen.extend_from_slice(&part[..count]);
    }
    stream
}

/// Whether the gateway has ended the connection; looks without waiting.
fn has_ended(stream: &TcpStream) -> bool {
    stream.set_nonblocking(true).unwrap();
    // A close frame, the end, or an error other than "nothing yet".
    !matches!(stream.peek(&mut [0]), Err(error) if error.kind() == ErrorKind::WouldBlock)
}

#[test]
fn so_many_unfinished_connections_in_all_and_the_busiest_address_gives_way() {
    let world = World::new()
        .with(|config| config["gateway"]["trustedProxies"] = json!(["127.0.0.1"]))
        .variable("OPENCLAW_HANDSHAKE_TIMEOUT_MS", "120000");
    let gateway = world.start();
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    if limit.maximum.is_some_and(|most| most < 4_096) {
        return skipped("it takes some thousand open files (ulimit -n)");
    }
    let raised = rustix::process::Rlimit { current: limit.maximum, maximum: limit.maximum };
    rustix::process::setrlimit(rustix::process::Resource::Nofile, raised).unwrap();

    // 32 of one address and 31 each of 32 others: 1,024.
    let busy: Vec<_> = (0..32).map(|_| silent(&gateway, "198.51.100.1")).collect();
    let others: Vec<_> =
        (0..32 * 31).map(|number| silent(&gateway, &format!("203.0.113.{}", number % 32))).collect();
    assert!(!busy.iter().chain(&others).any(has_ended), "all have a place");
    // Each newcomer takes the place of the oldest of the busiest.
    let newcomers: Vec<_> = (0..3).map(|number| silent(&gateway, &format!("192.0.2.{number}"))).collect();
    until("the oldest to give way", || has_ended(&busy[0]).then_some(()));
    assert!(!newcomers.iter().any(has_ended), "the newest are served");
    let gone = |streams: &[TcpStream]| streams.iter().filter(|stream| has_ended(stream)).count();
    until("three places", || (gone(&busy) + gone(&others) == 3).then_some(()));
    assert!(!has_ended(&busy[31]), "the newest of the busiest stays");
    // A paired device and the owner come and go meanwhile.
    let device = Device::new();
    let connect = Connect::test(Dialect::V4).token(TOKEN).device(&device);
    gateway.pair_remote(&connect);
    gateway.operator(Dialect::V4).call("health", json!({})).unwrap();
}

#[test]
fn a_declared_length_reserves_no_memory() {
    let world = World::new();
    let gateway = world.start();
    gateway.operator(Dialect::V4).close();
    let before = gateway.resident_kib();
    let greedy: Vec<TcpStream> = (0..20)
        .map(|_| {
            let mut stream = TcpStream::connect(gateway.address()).unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
            let key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13";
            let upgrade = "Host: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket";
            write!(stream, "GET / HTTP/1.1\r\n{upgrade}\r\n{key}\r\n\r\n").unwrap();
            let mut first = [0; 64];
            assert!(stream.read(&mut first).unwrap() > 0);
            // The head of a text frame of 100 MB, masked; its body never comes.
            let mut head = vec![0x81, 0x80 | 127];
            head.extend_from_slice(&100_000_000_u64.to_be_bytes());
            head.extend_from_slice(&[1, 2, 3, 4]);
            stream.write_all(&head).unwrap();
            stream
        })
        .collect();
    gateway.operator(Dialect::V4).call("health", json!({})).unwrap();
    let grown = gateway.resident_kib().saturating_sub(before);
    assert!(grown < 8 * 1024, "{grown} KiB for 20 frames that never came");
    drop(greedy);
}

#[test]
fn passwords_are_not_guessed_through_a_browser_on_this_host() {
    let world = World::new().with(|config| {
        config["gateway"]["controlUi"] = json!({"allowedOrigins": ["http://localhost:3000"]});
    });
    let gateway = world.start();
    let dial = || gateway.dial().web_origin("http://localhost:3000").open();
    let attempt = |token: &str| {
        let connect = Connect::control_ui(Dialect::V4).token(token).device(&Device::new());
        dial().connect(&connect).refused().0["details"]["code"].clone()
    };
    let answers: Vec<_> = (0..20).map(|number| attempt(&format!("guess-{number}"))).collect();
    assert!(answers.contains(&json!("AUTH_RATE_LIMITED")), "{answers:?}");
    assert_eq!(attempt(TOKEN), json!("AUTH_RATE_LIMITED"), "the right one comes too late");
    let list = gateway.cli(&["devices", "list", "--json"]).ok().json();
    assert_eq!(list["pending"], json!([]));
}

#[test]
fn a_place_in_the_queue_is_bounded_per_address() {
    let world = World::new().with(|config| config["gateway"]["trustedProxies"] = json!(["127.0.0.1"]));
    let gateway = world.start();
    for dialect in Dialect::BOTH {
        let address = dialect.pick("203.0.113.3", "203.0.113.4");
        let ask = || {
            let connect = Connect::test(dialect).token(TOKEN).device(&Device::new());
            gateway.dial().header("X-Forwarded-For", address).open().connect(&connect).refused().0
        };
        for _ in 0..16 {
            assert_eq!(ask()["code"], json!("NOT_PAIRED"));
        }
        let error = ask();
        assert_eq!(error["code"], json!("UNAVAILABLE"), "{error}");
        assert!(error["retryAfterMs"].as_u64().unwrap() > 0, "{error}");
        assert_eq!(error["details"]["help"]["cause"], json!("C-21"), "{error}");
    }
    let list = gateway.cli(&["devices", "list", "--json"]).ok().json();
    assert_eq!(list["pending"].as_array().unwrap().len(), 32);
}
