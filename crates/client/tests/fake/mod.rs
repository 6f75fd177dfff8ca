//! The other end, made by hand: for peers that a real gateway cannot be made to be.
#![allow(dead_code, clippy::unwrap_used, reason = "each test file uses its part")]

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use openclaw_client::{
    ConnectOptions, Device, DeviceAuth, Endpoint, GatewayUrl, Identity, PlainReach, Target, UrlSource,
};
use openclaw_os::file::Files;
use openclaw_protocol::connect::{ClientInfo, ConnectParams};
use openclaw_protocol::device_proof::{ProofInput, verify};
use openclaw_protocol::frame;
use openclaw_protocol::ids::DeviceId;
use openclaw_protocol::time::Millis;
use openclaw_websocket::{Message, Stream, accept_key};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;

/// The nonce of every fake challenge.
pub(crate) const NONCE: &str = "3f2b8c1e-6d55-4a0f-9f11-2f6f0c9b7a42";

/// A listener on a free port of this machine.
pub(crate) async fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// This machine's gateway at that address.
pub(crate) fn local(address: SocketAddr) -> Target {
    at(GatewayUrl::loopback(address.port(), false), UrlSource::LocalLoopback)
}

pub(crate) fn at(url: GatewayUrl, source: UrlSource) -> Target {
    Target { endpoint: Endpoint::Url(url), source, fingerprint: None, plain_reach: PlainReach::Loopback }
}

/// A CLI that connects there, with a short patience.
pub(crate) fn options(target: Target) -> ConnectOptions {
    let scopes = vec!["operator.read".to_owned(), "operator.admin".to_owned()];
    let client = ClientInfo::new("cli", "cli", "2026.11.0", "linux 6.8.0");
    ConnectOptions { timeout: Duration::from_secs(5), ..ConnectOptions::operator(target, client, scopes) }
}

/// The identity of the test vector, with its token files in `dir`.
pub(crate) fn device(dir: &Path, target: &Target) -> Device {
    let seed: [u8; 32] = std::array::from_fn(|n| n as u8);
    let identity = Identity::from_seed(&seed);
    let tokens = DeviceAuth::new(Files::real(), dir, identity.device_id().clone(), target);
    Device { identity, tokens: Some(tokens) }
}

/// Reads an HTTP request head.
pub(crate) async fn read_head<IO: AsyncRead + Unpin>(io: &mut IO) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        assert!(io.read_buf(&mut head).await.unwrap() > 0, "the client hung up");
    }
    String::from_utf8(head).unwrap()
}

/// Upgrades to a WebSocket.
pub(crate) async fn upgrade<IO: AsyncRead + AsyncWrite + Unpin>(mut io: IO) -> (Stream<IO>, String) {
    let head = read_head(&mut io).await;
    (upgraded(io, &head).await, head)
}

/// Upgrades to a WebSocket when the request has been read.
pub(crate) async fn upgraded<IO: AsyncRead + AsyncWrite + Unpin>(mut io: IO, head: &str) -> Stream<IO> {
    let key = head.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: ")).unwrap();
    let answer = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {}\r\n\r\n",
        accept_key(key)
    );
    io.write_all(answer.as_bytes()).await.unwrap();
    io.flush().await.unwrap();
    let mut stream = Stream::server(io, Bytes::new());
    stream.set_max_message(1 << 20);
    stream
}

/// Accepts the next connection and upgrades it.
pub(crate) async fn accept(listener: &TcpListener) -> Stream<TcpStream> {
    upgrade(listener.accept().await.unwrap().0).await.0
}

pub(crate) async fn send<IO: AsyncRead + AsyncWrite + Unpin>(stream: &mut Stream<IO>, frame: Value) {
    stream.send_text(frame.to_string()).await.unwrap();
}

pub(crate) async fn recv<IO: AsyncRead + AsyncWrite + Unpin>(stream: &mut Stream<IO>) -> Value {
    match stream.recv().await.unwrap() {
        Message::Text(text) => serde_json::from_str(&text).unwrap(),
        other => panic!("{other:?}"),
    }
}

/// The time in milliseconds.
pub(crate) fn now_ms() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    u64::try_from(since.as_millis()).unwrap()
}

/// The next frame; `None` when the other end hangs up.
pub(crate) async fn try_recv<IO: AsyncRead + AsyncWrite + Unpin>(stream: &mut Stream<IO>) -> Option<Value> {
    match stream.recv().await {
        Ok(Message::Text(text)) => Some(serde_json::from_str(&text).unwrap()),
        Ok(Message::Close { .. }) => {
            stream.finish(Instant::now() + Duration::from_secs(5)).await;
            None
        }
        _ => None,
    }
}

/// Sends the challenge of a gateway whose clock says `ts`.
pub(crate) async fn challenge_at<IO: AsyncRead + AsyncWrite + Unpin>(stream: &mut Stream<IO>, ts: u64) {
    let payload = json!({"nonce": NONCE, "ts": ts});
    send(stream, json!({"type": "event", "event": "connect.challenge", "payload": payload})).await;
}

/// Sends the challenge and reads the `connect` request. A device in it must have signed properly.
pub(crate) async fn challenge<IO: AsyncRead + AsyncWrite + Unpin>(stream: &mut Stream<IO>) -> ConnectParams {
    let payload = json!({"nonce": NONCE, "ts": 1});
    send(stream, json!({"type": "event", "event": "connect.challenge", "payload": payload})).await;
    let Message::Text(text) = stream.recv().await.unwrap() else { panic!("no text") };
    let request = frame::decode(text.as_bytes()).unwrap();
    assert_eq!((request.id.as_str(), request.method.as_str()), ("connect", "connect"));
    let params = openclaw_protocol::connect::parse(request.params.as_deref()).unwrap();
    if let Some(input) = ProofInput::of(&params) {
        let signed_at = Millis(params.device.as_ref().unwrap().signed_at);
        let id: DeviceId = verify(&input, signed_at, NONCE).unwrap();
        assert_eq!(id.as_str().len(), 64);
    }
    params
}

pub(crate) fn hello(device_token: Option<&str>) -> Value {
    let mut payload = json!({
        "type": "hello-ok", "protocol": 4,
        "server": {"version": "2026.11.0", "connId": "conn-1"},
        "features": {"methods": ["health"], "events": ["tick"]},
        "auth": {"method": "token", "role": "operator", "scopes": ["operator.admin"]},
        "policy": {"maxPayload": 1000, "tickIntervalMs": 30000},
    });
    if let Some(token) = device_token {
        payload["auth"]["deviceToken"] = json!(token);
    }
    payload
}

pub(crate) async fn admit<IO: AsyncRead + AsyncWrite + Unpin>(stream: &mut Stream<IO>, payload: Value) {
    send(stream, json!({"type": "res", "id": "connect", "ok": true, "payload": payload})).await;
}

/// Answers `connect` with an error and closes.
pub(crate) async fn refuse<IO: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut Stream<IO>,
    error: Value,
    code: u16,
    reason: &str,
) {
    send(stream, json!({"type": "res", "id": "connect", "ok": false, "error": error})).await;
    close(stream, code, reason).await;
}

pub(crate) async fn close<IO: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut Stream<IO>,
    code: u16,
    reason: &str,
) {
    stream.close(code, reason).await.unwrap();
    stream.finish(Instant::now() + Duration::from_secs(5)).await;
}

/// token, deviceToken, bootstrapToken, password as sent; `-` where absent.
pub(crate) fn auth(params: &ConnectParams) -> String {
    let auth = &params.auth;
    [&auth.token, &auth.device_token, &auth.bootstrap_token, &auth.password]
        .map(|secret| secret.as_ref().map_or("-", |secret| secret.expose()))
        .join(" ")
}
