//! HTTP on the gateway's port: probes, the page, and the upgrade (auth-and-pairing §6).

mod facts;
mod probes;
mod ui;
mod upgrade;

use std::sync::Arc;

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use openclaw_admission::origin::is_served_host;
use serde_json::json;

pub(crate) use self::facts::kept_headers;
use crate::caps::Place;
use crate::core::Core;
use crate::listener::Origin;
use crate::requests;

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
    let mut answer = if upgrade::wants_websocket(request.headers()) {
        upgrade::upgrade(core, request, origin, place)
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

/// Routes a plain request. The path is taken as it came: an encoded separator or dot matches no route (S33). What is the
/// gateway's own is at the root and under `gateway.controlUi.basePath`, the page under the latter alone.
fn route(core: &Arc<Core>, request: &Request<Incoming>, origin: Origin) -> Answer {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let policy = core.policy();
    let control_ui = &policy.loaded.gateway.control_ui;
    let path = request.uri().path();
    let below = ui::below(path, &control_ui.base_path);
    let own = |path: &str| own_answer(core, request, origin, path);
    if let Some(answer) = own(path).or_else(|| below.and_then(own)) {
        return answer;
    }
    if reads && let Some(answer) = below.and_then(|below| ui::answer(core, control_ui, request, below)) {
        return answer;
    }
    if !is_host_served(core, request.headers()) {
        return misdirected();
    }
    match below.unwrap_or(path) {
        own if reads && ui::is_config(own) => ui::config(control_ui),
        own if reads && below.is_none() && ui::is_page(own) => {
            text_answer(StatusCode::NOT_FOUND, ui::ELSEWHERE)
        }
        _ => text_answer(StatusCode::NOT_FOUND, "Not Found"),
    }
}

/// Answers what anybody may ask this gateway, under whatever name it is asked.
fn own_answer(core: &Arc<Core>, request: &Request<Incoming>, origin: Origin, path: &str) -> Option<Answer> {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    match path {
        "/health" | "/healthz" | "/ready" | "/readyz" if !reads => Some(method_not_allowed()),
        "/health" | "/healthz" => Some(json_answer(StatusCode::OK, &json!({"ok": true, "status": "live"}))),
        "/ready" | "/readyz" => Some(probes::ready(core, request, origin)),
        "/__openclaw__/seen" if reads => Some(probes::seen(core, request.headers(), origin)),
        _ if !reads => None,
        _ => path
            .strip_prefix(requests::PREFIX)
            .map(|id| json_answer(StatusCode::OK, &requests::state(&core.store.snapshot(), id, core.now()))),
    }
}

fn is_host_served(core: &Core, headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(header::HOST).iter();
    let host = hosts.next().and_then(|value| value.to_str().ok());
    let host = host.and_then(openclaw_admission::peer::host_name);
    hosts.next().is_none() && host.is_some_and(|host| is_served_host(&core.policy().admission.origins, &host))
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
