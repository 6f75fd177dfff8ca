//! Getting in, and what one does inside: credentials, tokens, requests, events, ends.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod fake;

use std::time::Duration;

use fake::{
    accept, admit, auth, challenge, close, device, hello, listener, local, options, recv, refuse, send,
    upgrade,
};
use openclaw_client::{
    Client, ConnectOptions, Credentials, OwnerSocket, Received, RequestError, SecretSource, Sent, Target,
};
use openclaw_protocol::close::Close;
use openclaw_protocol::connect::ConnectParams;
use openclaw_protocol::role::Role;
use openclaw_protocol::secret::Secret;
use openclaw_protocol::time::Millis;
use serde_json::{Value, json};
use tokio::net::{TcpListener, UnixListener};

fn with_token(mut options: ConnectOptions, token: &str) -> ConnectOptions {
    options.credentials =
        Credentials { token: Some((Secret::from(token), SecretSource::Env)), password: None };
    options
}

fn mismatch() -> Value {
    json!({"code": "INVALID_REQUEST", "message": "unauthorized: gateway token mismatch", "details":
        {"code": "AUTH_TOKEN_MISMATCH", "canRetryWithDeviceToken": true,
         "recommendedNextStep": "retry_with_device_token"}})
}

fn stale() -> Value {
    json!({"code": "INVALID_REQUEST",
        "message": "unauthorized: device token mismatch (rotate/reissue device token)",
        "details": {"code": "AUTH_DEVICE_TOKEN_MISMATCH"}})
}

/// Serves one `connect`.
async fn serve(listener: &TcpListener, answer: Result<Option<&str>, Value>) -> ConnectParams {
    let mut stream = accept(listener).await;
    let params = challenge(&mut stream).await;
    match answer {
        Ok(token) => {
            admit(&mut stream, hello(token)).await;
            // Until the client has gone.
            while stream.recv().await.is_ok() {}
        }
        Err(error) => {
            let message = error["message"].as_str().unwrap().to_owned();
            refuse(&mut stream, error, 1008, &message).await;
        }
    }
    params
}

#[tokio::test]
async fn the_device_signs_and_its_token_is_kept_for_next_time() {
    let dir = tempfile::tempdir().unwrap();
    let (listener, address) = listener().await;
    let target = local(address);
    let mut options = with_token(options(target.clone()), "shared");
    options.device = Some(device(dir.path(), &target));

    let connect = async {
        let client = Client::connect(&options).await.unwrap();
        assert_eq!(client.hello().server_version, "2026.11.0");
        assert_eq!(client.hello().scopes.as_deref(), Some(&["operator.admin".to_owned()][..]));
        assert_eq!(client.sent(), Sent::Shared { token: Some(SecretSource::Env), password: None });
        client.close().await;
    };
    let ((), params) = tokio::join!(connect, serve(&listener, Ok(Some("issued"))));
    assert_eq!(auth(&params), "shared - - -");
    assert_eq!((params.min_protocol, params.max_protocol), (3, 4));
    assert_eq!(params.scopes, ["operator.read", "operator.admin"]);
    assert_eq!(params.device.unwrap().id, "56475aa75463474c0285df5dbf2bcab73da651358839e9b77481b2eab107708c");

    // Without a shared secret the stored token goes into both places, as clients of early 2026 do.
    options.credentials = Credentials::default();
    let connect = async {
        let client = Client::connect(&options).await.unwrap();
        assert_eq!(client.sent(), Sent::Device);
        client.close().await;
    };
    let ((), params) = tokio::join!(connect, serve(&listener, Ok(None)));
    assert_eq!(auth(&params), "issued issued - -");
}

#[tokio::test]
async fn a_wrong_shared_token_is_retried_once_with_the_devices_own() {
    let dir = tempfile::tempdir().unwrap();
    let (listener, address) = listener().await;
    let target = local(address);
    let mut options = with_token(options(target.clone()), "wrong");
    let device = device(dir.path(), &target);
    let tokens = device.tokens.clone().unwrap();
    options.device = Some(device);
    tokens.put(Role::Operator, &Secret::from("mine"), &[], Millis(1)).unwrap();

    let server = async {
        let first = serve(&listener, Err(mismatch())).await;
        let second = serve(&listener, Ok(None)).await;
        (auth(&first), auth(&second))
    };
    let connect = async { Client::connect(&options).await.unwrap().close().await };
    let ((), seen) = tokio::join!(connect, server);
    assert_eq!(seen, ("wrong - - -".into(), "wrong mine - -".into()));

    // When that is stale too, it is forgotten, and the user hears of the token that he can correct.
    let server = async {
        serve(&listener, Err(mismatch())).await;
        serve(&listener, Err(stale())).await;
    };
    let (error, ()) = tokio::join!(Client::connect(&options), server);
    let error = error.map(|_| ()).unwrap_err();
    assert_eq!(error.refused().unwrap().code(), Some("AUTH_TOKEN_MISMATCH"));
    assert_eq!(error.facts(), ["This client sent the token from env OPENCLAW_GATEWAY_TOKEN."]);
    assert_eq!(tokens.get(Role::Operator), None);

    // With nothing left to offer there is no second try.
    let (error, _) = tokio::join!(Client::connect(&options), serve(&listener, Err(mismatch())));
    assert!(error.is_err());
}

#[tokio::test]
async fn a_stale_device_token_is_forgotten_and_the_setup_code_used() {
    let dir = tempfile::tempdir().unwrap();
    let (listener, address) = listener().await;
    let target = local(address);
    let device = device(dir.path(), &target);
    let tokens = device.tokens.clone().unwrap();
    tokens.put(Role::Operator, &Secret::from("old"), &[], Millis(1)).unwrap();
    let mut options = options(target);
    options.device = Some(device);
    options.bootstrap = Some(Secret::from("code"));
    let server = async {
        let first = serve(&listener, Err(stale())).await;
        let second = serve(&listener, Ok(Some("new"))).await;
        (auth(&first), auth(&second))
    };
    let connect = async { Client::connect(&options).await.unwrap().close().await };
    let ((), seen) = tokio::join!(connect, server);
    assert_eq!(seen, ("old old - -".into(), "- - code -".into()));
    assert_eq!(tokens.get(Role::Operator).unwrap().token, Secret::from("new"));
}

#[tokio::test]
async fn over_the_owner_socket_nothing_secret_is_sent() {
    let dir = tempfile::tempdir().unwrap();
    let listener = UnixListener::bind(dir.path().join("gateway.sock")).unwrap();
    let target = Target::owner_socket(OwnerSocket::of(dir.path(), &[]));
    let mut options = with_token(options(target.clone()), "shared");
    options.device = Some(device(dir.path(), &target));
    options.bootstrap = Some(Secret::from("code"));
    let server = async {
        let (socket, _) = listener.accept().await.unwrap();
        let (mut stream, head) = upgrade(socket).await;
        assert!(head.starts_with("GET / HTTP/1.1\r\nHost: localhost\r\n"), "{head}");
        let params = challenge(&mut stream).await;
        admit(&mut stream, hello(None)).await;
        while stream.recv().await.is_ok() {}
        params
    };
    let connect = async {
        let client = Client::connect(&options).await.unwrap();
        assert_eq!(client.sent(), Sent::Nothing);
        client.close().await;
    };
    let ((), params) = tokio::join!(connect, server);
    assert_eq!((auth(&params).as_str(), params.device), ("- - - -", None));
    assert_eq!((params.client.id.as_str(), params.client.mode.as_str()), ("cli", "cli"));
}

#[tokio::test]
async fn headers_for_a_login_proxy_are_sent() {
    let (listener, address) = listener().await;
    let mut options = options(local(address));
    options.headers = vec![("CF-Access-Client-Id".to_owned(), Secret::from("me"))];
    let server = async {
        let (mut stream, head) = upgrade(listener.accept().await.unwrap().0).await;
        challenge(&mut stream).await;
        admit(&mut stream, hello(None)).await;
        while stream.recv().await.is_ok() {}
        head
    };
    let connect = async { Client::connect(&options).await.unwrap().close().await };
    let ((), head) = tokio::join!(connect, server);
    assert!(head.contains("\r\nCF-Access-Client-Id: me\r\n"), "{head}");
}

#[tokio::test]
async fn requests_find_their_answers_and_events_their_readers() {
    let (listener, address) = listener().await;
    let options = options(local(address));
    let server = async {
        let mut stream = accept(&listener).await;
        challenge(&mut stream).await;
        admit(&mut stream, hello(None)).await;
        send(
            &mut stream,
            json!({"type": "event", "event": "presence", "payload": {"n": 1}, "seq": 1,
            "stateVersion": {"presence": 2, "health": 3}}),
        )
        .await;
        let (one, two) = (recv(&mut stream).await, recv(&mut stream).await);
        assert_ne!(one["id"], two["id"]);
        // Answered in the other order, the second in two steps.
        let answer = |to: &Value, payload: Value| json!({"type": "res", "id": to["id"], "ok": true, "payload": payload});
        send(&mut stream, answer(&two, json!({"status": "accepted"}))).await;
        send(
            &mut stream,
            json!({"type": "res", "id": one["id"], "ok": false,
            "error": {"code": "INVALID_REQUEST", "message": "unknown method: nope", "extra": 1}}),
        )
        .await;
        send(&mut stream, answer(&two, json!({"status": "done", "params": two["params"]}))).await;
        send(&mut stream, json!({"type": "from-the-future"})).await;
        while stream.recv().await.is_ok() {}
    };
    let client = async {
        let client = Client::connect(&options).await.unwrap();
        let patience = Duration::from_secs(5);
        let (none, params) = (json!({}), json!({"x": [1]}));
        let (one, two) =
            tokio::join!(client.request("nope", &none), client.request_raw("agent", &params, patience, true));
        match one.unwrap_err() {
            RequestError::Refused(error) => assert_eq!(error.message, "unknown method: nope"),
            other => panic!("{other}"),
        }
        let two: Value = serde_json::from_str(two.unwrap().get()).unwrap();
        assert_eq!(two, json!({"status": "done", "params": {"x": [1]}}));
        // The first reader also has what came before it was asked for.
        let Some(Received::Event(event)) = client.events().next().await else { panic!("no event") };
        assert_eq!((event.name.as_str(), event.seq, event.value()), ("presence", Some(1), json!({"n": 1})));
        assert_eq!(event.state_version.unwrap().health, 3);
        let large = "x".repeat(1000);
        assert!(matches!(client.request("m", &json!(large)).await, Err(RequestError::Unsendable(_))));
        client.close().await;
    };
    tokio::join!(client, server);
}

#[tokio::test]
async fn the_end_of_a_connection_reaches_everybody() {
    let (listener, address) = listener().await;
    let options = options(local(address));
    let server = async {
        let mut stream = accept(&listener).await;
        challenge(&mut stream).await;
        admit(&mut stream, hello(None)).await;
        recv(&mut stream).await;
        close(&mut stream, 1012, "service restart").await;
    };
    let client = async {
        let client = Client::connect(&options).await.unwrap();
        let mut events = client.events();
        let expected = Close { code: 1012, reason: "service restart".to_owned() };
        match client.request("health", &json!({})).await {
            Err(RequestError::Closed(close)) => assert_eq!(close, expected),
            other => panic!("{other:?}"),
        }
        assert_eq!(client.ended().await, expected);
        assert!(events.next().await.is_none());
        assert!(client.events().next().await.is_none());
        match client.request("health", &json!({})).await {
            Err(error) => {
                assert_eq!(error.to_string(), "gateway closed (1012 service restart): service restart")
            }
            Ok(value) => panic!("{value}"),
        }
    };
    tokio::join!(client, server);
}

#[tokio::test]
async fn a_request_without_an_answer_times_out_and_the_connection_lives_on() {
    let (listener, address) = listener().await;
    let options = options(local(address));
    let server = async {
        let mut stream = accept(&listener).await;
        challenge(&mut stream).await;
        admit(&mut stream, hello(None)).await;
        recv(&mut stream).await;
        let second = recv(&mut stream).await;
        send(&mut stream, json!({"type": "res", "id": second["id"], "ok": true})).await;
        while stream.recv().await.is_ok() {}
    };
    let client = async {
        let client = Client::connect(&options).await.unwrap();
        let late = client.request_within("slow", &json!({}), Duration::from_millis(20)).await.unwrap_err();
        assert_eq!(late.to_string(), "gateway timeout after 20ms");
        assert_eq!(client.request("fast", &json!({})).await.unwrap(), Value::Null);
        client.close().await;
    };
    tokio::join!(client, server);
}

#[tokio::test]
async fn a_gateway_that_falls_silent_is_left() {
    let (listener, address) = listener().await;
    let options = options(local(address));
    let server = async {
        let mut stream = accept(&listener).await;
        challenge(&mut stream).await;
        let mut payload = hello(None);
        payload["policy"]["tickIntervalMs"] = json!(15);
        admit(&mut stream, payload).await;
        stream.recv().await
    };
    let client = async {
        let client = Client::connect(&options).await.unwrap();
        client.ended().await
    };
    let (ended, seen) = tokio::join!(client, server);
    assert_eq!(ended, Close { code: 4000, reason: "tick timeout".to_owned() });
    let expected = openclaw_websocket::Message::Close { code: 4000, reason: "tick timeout".to_owned() };
    assert_eq!(seen.unwrap(), expected);
}

#[tokio::test]
async fn a_slow_reader_is_told_what_it_missed_and_blocks_nobody() {
    let (listener, address) = listener().await;
    let options = options(local(address));
    let server = async {
        let mut stream = accept(&listener).await;
        challenge(&mut stream).await;
        admit(&mut stream, hello(None)).await;
        for n in 0..300 {
            send(&mut stream, json!({"type": "event", "event": "e", "payload": n})).await;
        }
        let request = recv(&mut stream).await;
        send(&mut stream, json!({"type": "res", "id": request["id"], "ok": true})).await;
        while stream.recv().await.is_ok() {}
    };
    let client = async {
        let client = Client::connect(&options).await.unwrap();
        let mut events = client.events();
        client.request("health", &json!({})).await.unwrap();
        let Some(Received::Missed(missed)) = events.next().await else { panic!("nothing missed") };
        assert_eq!(missed, 300 - 256);
        let Some(Received::Event(event)) = events.next().await else { panic!("no event") };
        assert_eq!(event.value(), json!(300 - 256));
        client.close().await;
    };
    tokio::join!(client, server);
}
