//! HTTP on the gateway's port: probes, the page at the root, and the upgrade (auth-and-pairing §6, §1.1).

use std::sync::Arc;

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use openclaw_admission::origin::is_served_host;
use openclaw_admission::peer::{Path, Peer, PeerFacts, RELEVANT_HEADERS, SocketOwner, is_forwarding_header};
use openclaw_protocol::words::Words;
use openclaw_websocket::{Stream, accept_key};
use serde_json::json;

use crate::caps::Place;
use crate::core::Core;
use crate::handshake;
use crate::io::Io;
use crate::listener::Origin;
use crate::{page, proxies, requests};

type Answer = Response<Full<Bytes>>;

/// What every answer carries.
const SECURITY_HEADERS: [(HeaderName, &str); 3] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("permissions-policy"), "camera=(), microphone=(), geolocation=()"),
];

/// Answers one request; a WebSocket upgrade goes on in a task of its own.
pub(crate) async fn respond(
    core: &Arc<Core>,
    request: Request<Incoming>,
    origin: Origin,
    place: &Arc<Place>,
) -> Answer {
    let mut answer = if wants_websocket(request.headers()) {
        upgrade(core, request, origin, place)
    } else {
        route(core, &request, origin)
    };
    let policy = core.policy();
    let headers = answer.headers_mut();
    for (name, value) in SECURITY_HEADERS {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if let Some(hsts) = policy.strict_transport_security.as_deref()
        && let Ok(value) = HeaderValue::from_str(hsts)
    {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, value);
    }
    answer
}

fn wants_websocket(headers: &HeaderMap) -> bool {
    headers
        .get_all(header::UPGRADE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|protocol| protocol.trim().eq_ignore_ascii_case("websocket"))
}

/// Routes a plain request. The path is taken as it came: an encoded separator or dot matches no route (S33).
fn route(core: &Arc<Core>, request: &Request<Incoming>, origin: Origin) -> Answer {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let path = request.uri().path();
    match path {
        "/health" | "/healthz" | "/ready" | "/readyz" if !reads => method_not_allowed(),
        "/health" | "/healthz" => json_answer(StatusCode::OK, &json!({"ok": true, "status": "live"})),
        "/ready" | "/readyz" => ready(core, request, origin),
        "/__openclaw__/seen" if reads => seen(core, request.headers(), origin),
        _ if reads && let Some(id) = path.strip_prefix(requests::PREFIX) => {
            json_answer(StatusCode::OK, &requests::state(&core.store.snapshot(), id, core.now()))
        }
        _ if !is_host_served(core, request.headers()) && !is_page(path) => misdirected(),
        _ if reads && is_page(path) => page_or_redirect(core, request),
        _ => text_answer(StatusCode::NOT_FOUND, "Not Found"),
    }
}

/// Paths under which the dashboard's page is served: those without an extension that no API claims. A path that a
/// browser would read as another host when it stands in `Location` (`//host`, `/\\host`) is none of them.
fn is_page(path: &str) -> bool {
    let own = path.starts_with('/') && !path.contains("//") && !path.contains('\\');
    let last = path.rsplit('/').next().unwrap_or_default();
    let claimed =
        ["/api", "/plugins", "/v1", "/tools", "/hooks", "/sessions", "/avatar", "/j", "/__openclaw__"];
    let is_claimed = claimed
        .iter()
        .any(|prefix| path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')));
    own && !last.contains('.') && !path.contains('%') && !is_claimed
}

fn is_host_served(core: &Core, headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(header::HOST).iter();
    let host = hosts.next().and_then(|value| value.to_str().ok());
    let host = host.and_then(openclaw_admission::peer::host_name);
    hosts.next().is_none() && host.is_some_and(|host| is_served_host(&core.policy().admission.origins, &host))
}

fn page_or_redirect(core: &Core, request: &Request<Incoming>) -> Answer {
    // Guides say `/?token=…`. The token goes into the fragment, which no server, log or Referer ever sees (S6).
    let query = request.uri().query().unwrap_or_default();
    let token =
        query.split('&').find_map(|pair| pair.strip_prefix("token=")).filter(|token| !token.is_empty());
    let others: Vec<&str> =
        query.split('&').filter(|pair| !pair.is_empty() && !pair.starts_with("token=")).collect();
    let kept = if others.is_empty() { String::new() } else { format!("?{}", others.join("&")) };
    if let Some(token) = token
        && let Ok(location) = HeaderValue::from_str(&format!("{}{kept}#token={token}", request.uri().path()))
    {
        let mut answer = text_answer(StatusCode::FOUND, "");
        answer.headers_mut().insert(header::LOCATION, location);
        answer.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        return answer;
    }
    let mut answer = Response::new(Full::new(Bytes::from(page::html(core))));
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(page::CONTENT_SECURITY_POLICY));
    answer
}

/// Readiness; the details are for the owner and for those who know the gateway's secret.
fn ready(core: &Arc<Core>, request: &Request<Incoming>, origin: Origin) -> Answer {
    let facts = facts(core, request.headers(), origin);
    let policy = core.policy();
    let at = facts.whereabouts(&policy.admission.trusted_proxies, policy.admission.real_ip_fallback);
    let ready = core.is_ready();
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let bearer = request
        .headers()
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "));
    if at.is_local() || bearer.is_some_and(|secret| core.bearer_is_right(secret, &at)) {
        let body = json!({"ready": ready, "failing": core.failing(), "uptimeMs": core.uptime_ms()});
        return json_answer(status, &body);
    }
    json_answer(status, &json!({"ready": ready}))
}

/// Tells whoever asks what the gateway sees of him, and nothing else (ruling 32): his address, which forwarding headers
/// arrived with his request, and for which host. With this `doctor --url` tests the proxies on its way.
fn seen(core: &Core, headers: &HeaderMap, origin: Origin) -> Answer {
    let facts = facts(core, headers, origin);
    let policy = core.policy();
    let at = facts.whereabouts(&policy.admission.trusted_proxies, policy.admission.real_ip_fallback);
    let path = match &at.path {
        Path::OwnerSocket => "owner-socket",
        Path::Direct => "direct",
        Path::TrustedProxy { .. } => "trusted-proxy",
        Path::UnlistedProxy { .. } => "unlisted-proxy",
    };
    json_answer(
        StatusCode::OK,
        &json!({
            "seen": {
                "address": at.client,
                "path": path,
                "headers": facts.forwarding_headers(),
                "host": facts.single_header("host").map(Words::new),
            },
        }),
    )
}

/// The headers that a decision looks at, in order of arrival.
pub(crate) fn kept_headers(core: &Core, headers: &HeaderMap) -> Vec<(Box<str>, Box<str>)> {
    let policy = core.policy();
    let matters = |name: &str| {
        RELEVANT_HEADERS.contains(&name)
            || is_forwarding_header(name)
            || policy.identity_headers.iter().any(|wanted| **wanted == *name)
    };
    headers
        .iter()
        .filter(|(name, _)| matters(name.as_str()))
        .map(|(name, value)| (name.as_str().into(), String::from_utf8_lossy(value.as_bytes()).into()))
        .collect()
}

/// What a decision needs to know about where the request comes from.
fn facts(core: &Core, headers: &HeaderMap, origin: Origin) -> PeerFacts {
    let kept = kept_headers(core, headers);
    let peer = match origin {
        Origin::Owner => Peer::OwnerSocket,
        Origin::Tcp { peer, .. } => Peer::Tcp { address: peer, owner: SocketOwner::NotAsked },
    };
    let mut facts = PeerFacts { peer, in_container: core.in_container, tls: false, headers: kept };
    if facts.owner_matters()
        && let Origin::Tcp { peer, local } = origin
    {
        let own = openclaw_os::peer::own_uid();
        let owner = match openclaw_os::peer::tcp_peer_uid(local, peer) {
            Some(uid) if uid == own => SocketOwner::Own,
            Some(uid) => SocketOwner::Other(uid),
            None => SocketOwner::Unknown,
        };
        facts.peer = Peer::Tcp { address: peer, owner };
    }
    facts
}

/// Accepts a WebSocket on any path. Who it is for is decided by its first frame, not here.
fn upgrade(core: &Arc<Core>, mut request: Request<Incoming>, origin: Origin, place: &Arc<Place>) -> Answer {
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

fn text_answer(status: StatusCode, text: &'static str) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::from_static(text.as_bytes())));
    *answer.status_mut() = status;
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    answer
}

fn json_answer(status: StatusCode, body: &serde_json::Value) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::from(body.to_string())));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

fn method_not_allowed() -> Answer {
    let mut answer = text_answer(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed");
    answer.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
    answer
}

/// The request asks for a host that this gateway does not answer for (ruling 17, S5).
fn misdirected() -> Answer {
    text_answer(
        StatusCode::MISDIRECTED_REQUEST,
        "This gateway does not answer for that host name. Use its IP address or localhost, or add the page's origin \
         to gateway.controlUi.allowedOrigins on the gateway host.\n",
    )
}
