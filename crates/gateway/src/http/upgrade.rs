//! The upgrade of a request to a WebSocket (auth-and-pairing §1.1).

use std::sync::Arc;

use http::header::{self, HeaderMap, HeaderValue};
use http::{Method, Request, StatusCode};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use openclaw_websocket::{Stream, accept_key};

use super::facts::facts;
use super::{Answer, text_answer};
use crate::caps::Place;
use crate::core::Core;
use crate::handshake;
use crate::io::Io;
use crate::listener::Origin;
use crate::proxies;

/// Whether the request asks for a WebSocket.
pub(super) fn wants_websocket(headers: &HeaderMap) -> bool {
    headers
        .get_all(header::UPGRADE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|protocol| protocol.trim().eq_ignore_ascii_case("websocket"))
}

/// Accepts a WebSocket on any path. Who it is for is decided by its first frame, not here.
pub(super) fn upgrade(
    core: &Arc<Core>,
    mut request: Request<Incoming>,
    origin: Origin,
    place: &Arc<Place>,
) -> Answer {
    let headers = request.headers();
    let key = headers.get("sec-websocket-key").and_then(|key| key.to_str().ok()).map(str::trim);
    let Some(key) = key.filter(|key| is_websocket_key(key) && *request.method() == Method::GET) else {
        let mut answer = text_answer(StatusCode::BAD_REQUEST, "Missing or invalid Sec-WebSocket-Key header");
        answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html"));
        return answer;
    };
    if headers.get("sec-websocket-version").is_some_and(|version| version.as_bytes() != b"13") {
        let mut answer =
            text_answer(StatusCode::UPGRADE_REQUIRED, "This gateway speaks WebSocket version 13");
        answer.headers_mut().insert("sec-websocket-version", HeaderValue::from_static("13"));
        return answer;
    }
    let accept = accept_key(key);
    let facts = facts(core, headers, origin);
    let policy = core.policy();
    let at = facts.whereabouts(&policy.admission.trusted_proxies, policy.admission.real_ip_fallback);
    if at.is_local() {
        place.release();
    } else if at.attributed {
        place.attribute(at.bucket());
    }
    proxies::note(core, &at);
    let upgraded = hyper::upgrade::on(&mut request);
    let (core, place) = (core.clone(), place.clone());
    tokio::spawn(async move {
        // A client that goes away before the answer reaches it needs none.
        let Ok(upgraded) = upgraded.await else { return };
        let Ok(parts) = upgraded.downcast::<TokioIo<Io>>() else { return };
        let ws = Stream::server(parts.io.into_inner(), parts.read_buf);
        handshake::run(core, ws, facts, place).await;
    });
    let mut answer = text_answer(StatusCode::SWITCHING_PROTOCOLS, "");
    let headers = answer.headers_mut();
    headers.remove(header::CONTENT_TYPE);
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    if let Ok(accept) = HeaderValue::from_str(&accept) {
        headers.insert("sec-websocket-accept", accept);
    }
    answer
}

/// 16 bytes in base64.
fn is_websocket_key(key: &str) -> bool {
    key.len() == 24
        && key.ends_with("==")
        && key[..22].bytes().all(|b| b.is_ascii_alphanumeric() || b == b'+' || b == b'/')
}
