//! The way to a gateway with a real peer at each hop: what is found first, and what both sides are told to change.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod fake;

use std::time::Duration;

use fake::{at, challenge_at, close, listener, options, read_head, send, upgraded};
use openclaw_client::path_test::{Finding, Hop, Path, Plan, Side, State, walk};
use openclaw_client::{ConnectOptions, GatewayUrl, UrlSource};
use openclaw_protocol::refusal::{Caller, Vantage};
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};

const LIVE: &str =
    "HTTP/1.1 200 OK\r\nServer: nginx/1.26\r\nContent-Length: 29\r\n\r\n{\"ok\":true,\"status\":\"live\"}  ";

/// What stands at the end of the way.
#[derive(Clone, Copy)]
struct Peer {
    /// Answer to plain requests.
    probe: &'static str,
    /// Answer to the upgrade; `None` upgrades.
    blocked: Option<&'static str>,
    /// Answer to `/__openclaw__/seen`.
    seen: Option<&'static str>,
    /// How far the gateway's clock is behind, in milliseconds.
    behind_ms: u64,
    /// Whether pages from elsewhere may connect.
    origin_allowed: bool,
}

impl Peer {
    const FINE: Peer = Peer { probe: LIVE, blocked: None, seen: None, behind_ms: 0, origin_allowed: true };
}

/// A gateway, and what is in front of it, for as long as somebody asks.
async fn serve(listener: &TcpListener, peer: Peer) {
    loop {
        let (mut socket, _) = listener.accept().await.unwrap();
        let head = read_head(&mut socket).await;
        let is_upgrade = head.contains("Upgrade: websocket");
        let answer = match (is_upgrade, peer.blocked, peer.seen) {
            (true, None, _) => {
                talk(socket, &head, peer).await;
                continue;
            }
            (true, Some(blocked), _) => blocked.to_owned(),
            (false, _, Some(seen)) if head.starts_with("GET /__openclaw__/seen ") => {
                format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{seen}", seen.len())
            }
            _ => peer.probe.to_owned(),
        };
        socket.write_all(answer.as_bytes()).await.unwrap();
        socket.shutdown().await.unwrap();
    }
}

async fn talk(socket: TcpStream, head: &str, peer: Peer) {
    let mut stream = upgraded(socket, head).await;
    challenge_at(&mut stream, fake::now_ms() - peer.behind_ms).await;
    // Whoever only listens says goodbye.
    let Some(asked) = fake::try_recv(&mut stream).await else { return };
    let is_page = head.contains("Origin: ");
    let (message, code) = if is_page && !peer.origin_allowed {
        ("origin not allowed", "CONTROL_UI_ORIGIN_NOT_ALLOWED")
    } else {
        ("unauthorized: gateway token missing (provide gateway auth token)", "AUTH_TOKEN_MISSING")
    };
    let error = json!({"code": "INVALID_REQUEST", "message": message, "details": {"code": code}});
    send(&mut stream, json!({"type": "res", "id": asked["id"], "ok": false, "error": error})).await;
    close(&mut stream, 1008, message).await;
}

async fn walked(peer: Peer) -> Path {
    let (listener, address) = listener().await;
    let url = GatewayUrl::parse(&format!("ws://127.0.0.1:{}", address.port())).unwrap();
    let options = ConnectOptions { timeout: Duration::from_secs(5), ..options(at(url, UrlSource::CliUrl)) };
    let plan = Plan { options, anonymous: Some("not tried"), source: "cli --url" };
    let vantage = Vantage {
        url: Some(format!("ws://127.0.0.1:{}", address.port())),
        gateway: Some(Caller::default()),
        ..Vantage::default()
    };
    tokio::select! {
        path = walk(&plan, &vantage) => path,
        () = serve(&listener, peer) => unreachable!(),
    }
}

fn at_hop(path: &Path, hop: Hop) -> &Finding {
    path.findings.iter().find(|finding| finding.hop == hop).unwrap()
}

/// The hop that fails first, its fix, and what nginx is told.
fn trouble(path: &Path) -> (Hop, String, String) {
    let finding = path.first_trouble().unwrap_or_else(|| panic!("nothing is wrong: {path:?}"));
    let fix = finding.help.as_ref().and_then(|help| help.fix.clone()).unwrap_or_default();
    let nginx = finding.settings.iter().find(|setting| setting.side == Side::Nginx);
    (finding.hop, fix, nginx.map(|setting| setting.text.clone()).unwrap_or_default())
}

#[tokio::test]
async fn nothing_is_in_the_way() {
    let path = walked(Peer::FINE).await;
    assert!(path.first_trouble().is_none(), "{path:#?}");
    let hops: Vec<Hop> = path.findings.iter().map(|finding| finding.hop).collect();
    assert_eq!(hops, Hop::ALL, "a line for each hop, in order");
    assert_eq!(at_hop(&path, Hop::Auth).state, State::Skipped);
}

#[tokio::test]
async fn a_proxy_that_drops_the_upgrade_is_told_which_lines_it_lacks() {
    for page in [
        "HTTP/1.1 200 OK\r\nServer: nginx/1.26\r\n\r\n<html>",
        "HTTP/1.1 404 Not Found\r\nServer: nginx\r\n\r\n",
    ] {
        let path = walked(Peer { blocked: Some(page), ..Peer::FINE }).await;
        let (hop, _, nginx) = trouble(&path);
        assert_eq!(hop, Hop::Upgrade, "{path:#?}");
        assert!(nginx.contains("proxy_set_header Upgrade $http_upgrade"), "{nginx}");
        let sides: Vec<Side> = at_hop(&path, hop).settings.iter().map(|setting| setting.side).collect();
        assert_eq!(sides, [Side::Gateway, Side::Nginx], "both sides, and no proxy that is not there");
        assert_eq!(at_hop(&path, Hop::Http).state, State::Passed);
        assert_eq!(at_hop(&path, Hop::Pairing).state, State::Skipped);
    }
}

#[tokio::test]
async fn whoever_answers_http_in_the_gateways_place_is_named() {
    let foreign = "HTTP/1.1 404 Not Found\r\nServer: nginx\r\n\r\n";
    let dead = "HTTP/1.1 502 Bad Gateway\r\nServer: Caddy\r\n\r\n";
    let access = "HTTP/1.1 302 Found\r\nServer: cloudflare\r\nLocation: https://t.cloudflareaccess.com/login?kid=s3cret\r\n\r\n";
    let moved = "HTTP/1.1 301 Moved\r\nLocation: https://new.example/claw\r\n\r\n";
    for (probe, fix, words) in [
        (foreign, "openclaw config get gateway.port", "nginx answers HTTP 404"),
        (dead, "openclaw gateway start", "Caddy answers, but does not reach the gateway"),
        (
            access,
            "openclaw config set gateway.remote.edgeAuth.CF-Access-Client-Id <id>",
            "wants its own sign-in",
        ),
        (moved, "openclaw doctor --url wss://new.example/claw", "redirects to https://new.example/claw"),
    ] {
        let path = walked(Peer { probe, ..Peer::FINE }).await;
        let (hop, command, _) = trouble(&path);
        assert_eq!((hop, command.as_str()), (Hop::Http, fix), "{path:#?}");
        let fact = &at_hop(&path, Hop::Http).fact;
        assert!(fact.contains(words) && !fact.contains("s3cret"), "{fact}");
    }
}

#[tokio::test]
async fn what_the_gateway_sees_is_judged_and_nothing_wide_is_offered() {
    let seen = |seen| Peer { seen: Some(seen), ..Peer::FINE };
    let unlisted = walked(seen(
        r#"{"seen":{"address":"172.18.0.1","path":"unlisted-proxy","headers":["x-forwarded-for"],"host":"127.0.0.1"}}"#,
    ))
    .await;
    let (hop, fix, nginx) = trouble(&unlisted);
    // The address is not this machine's, so it is told and not offered (ruling 33).
    assert_eq!(hop, Hop::Headers);
    assert_eq!(fix, "openclaw config set gateway.trustedProxies '[\"<proxy address>\"]' --strict-json");
    assert!(nginx.contains("X-Forwarded-For"), "{nginx}");
    assert!(at_hop(&unlisted, hop).fact.contains("172.18.0.1"), "{unlisted:#?}");
    assert_eq!(at_hop(&unlisted, hop).state, State::Noted, "everybody is let in, only not told apart");

    let own = walked(seen(
        r#"{"seen":{"address":"127.0.0.1","path":"unlisted-proxy","headers":["via"],"host":"127.0.0.1"}}"#,
    ))
    .await;
    assert!(trouble(&own).1.contains("'[\"127.0.0.1\"]'"), "{own:#?}");

    let renamed = walked(seen(
        r#"{"seen":{"address":"127.0.0.1","path":"direct","headers":[],"host":"backend:18789"}}"#,
    ))
    .await;
    let (hop, _, nginx) = trouble(&renamed);
    assert_eq!(hop, Hop::Headers);
    assert!(nginx.contains("proxy_set_header Host $host"), "{nginx}");

    let fine = walked(seen(
        r#"{"seen":{"address":"203.0.113.9","path":"trusted-proxy","headers":["x-forwarded-for"],"host":"x"}}"#,
    ))
    .await;
    assert!(fine.first_trouble().is_none(), "{fine:#?}");
}

#[tokio::test]
async fn clock_and_origin() {
    let slow = walked(Peer { behind_ms: 300_000, ..Peer::FINE }).await;
    let (hop, fix, _) = trouble(&slow);
    assert_eq!((hop, fix.as_str()), (Hop::Clock, "sudo timedatectl set-ntp true"));
    // Meanwhile a second may have gone by.
    let fact = &at_hop(&slow, hop).fact;
    assert!(
        fact.starts_with("this machine's clock is 5 min") && fact.ends_with("ahead of the gateway's"),
        "{fact}"
    );
    let noted = walked(Peer { behind_ms: 60_000, ..Peer::FINE }).await;
    assert_eq!(at_hop(&noted, Hop::Clock).state, State::Noted);

    let page = walked(Peer { origin_allowed: false, ..Peer::FINE }).await;
    let (hop, fix, _) = trouble(&page);
    assert_eq!(hop, Hop::Origin);
    let origin = page.target.replacen("ws", "http", 1);
    let expected =
        format!("openclaw config set gateway.controlUi.allowedOrigins '[\"{origin}\"]' --strict-json");
    assert_eq!(fix, expected);
}
