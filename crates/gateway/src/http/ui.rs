//! The browser app: which paths are its pages, its files, and what goes with them.
//!
//! One page serves every path of the app, and it refers to its files relative to the app's root. How far up that is
//! follows from the path as it arrives here; so the app works under any prefix that a proxy takes off before.

mod absent;
mod negotiation;
mod policy;

use std::borrow::Cow;

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use openclaw_config::gateway::ControlUi;
use openclaw_control_ui::{self as app, Asset};
use serde_json::json;

use self::negotiation::{Encoding, is_known};
use super::{Answer, json_answer, text_answer};
use crate::core::Core;

/// What somebody reads who asks for a page beside the base path.
pub(super) const ELSEWHERE: &str = "There is no page here. Where the gateway's page has a path of its own, \
     `openclaw dashboard` on the gateway host prints its address.\n";

/// What somebody reads who asks for a page that is switched off.
const SWITCHED_OFF: &str =
    "The Control UI of this gateway is switched off (gateway.controlUi.enabled is false).\n";

/// A file with a hash in its name is never another; everything else is asked for again each time.
const FOREVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
const ASK_AGAIN: HeaderValue = HeaderValue::from_static("no-cache");

const SAME_ORIGIN: HeaderValue = HeaderValue::from_static("same-origin");
const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// The path below `base` (`gateway.controlUi.basePath`, without a slash at its end): empty for the base itself, `None`
/// for what is beside it.
pub(super) fn below<'p>(path: &'p str, base: &str) -> Option<&'p str> {
    let below = path.strip_prefix(base)?;
    (base.is_empty() || below.is_empty() || below.starts_with('/')).then_some(below)
}

/// Paths under which the page is served: those without an extension that no API claims. A path that a browser would
/// read as another host when it stands in `Location` (`//host`, `/\\host`) is none of them.
pub(super) fn is_page(path: &str) -> bool {
    let own = path.starts_with('/') && !path.contains("//") && !path.contains('\\');
    let last = path.rsplit('/').next().unwrap_or_default();
    let claimed = [
        "/api",
        "/plugins",
        "/v1",
        "/tools",
        "/hooks",
        "/sessions",
        "/avatar",
        "/j",
        "/__openclaw__",
        "/__openclaw",
    ];
    let is_claimed = claimed
        .iter()
        .any(|prefix| path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')));
    own && !last.contains('.') && !path.contains('%') && !is_claimed
}

/// Answers for a page or a file of the app; `None` when the path is neither.
pub(super) fn answer(
    core: &Core,
    control_ui: &ControlUi,
    request: &Request<Incoming>,
    below: &str,
) -> Option<Answer> {
    let is_base = below.is_empty();
    let is_page = is_base || is_page(below);
    let file = if is_page { None } else { file(below) };
    if !is_page && file.is_none() {
        return None;
    }
    if !control_ui.enabled {
        return Some(text_answer(StatusCode::NOT_FOUND, SWITCHED_OFF));
    }
    if let Some(file) = file {
        return Some(file_answer(request, file));
    }
    if let Some(location) = better_address(request, is_base) {
        let mut answer = text_answer(StatusCode::FOUND, "");
        answer.headers_mut().insert(header::LOCATION, location);
        answer.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        return Some(answer);
    }
    Some(page_answer(core, request, below))
}

fn file(below: &str) -> Option<Asset> {
    let name = below.strip_prefix('/')?;
    // Browsers ask for it on their own; the page names the other one.
    app::asset(if name == "favicon.ico" { "favicon.svg" } else { name })
}

/// Where the browser should go instead: to the base with a slash at its end, so that relative addresses fit; and, as
/// guides say `/?token=…`, with the token in the fragment, which no server, log or Referer ever sees (S6).
///
/// It is relative, beginning with `./`: that keeps whatever prefix a proxy has taken off, and leads to no other host.
fn better_address(request: &Request<Incoming>, is_base: bool) -> Option<HeaderValue> {
    let query = request.uri().query().unwrap_or_default();
    let token =
        query.split('&').find_map(|pair| pair.strip_prefix("token=")).filter(|token| !token.is_empty());
    if token.is_none() && !is_base {
        return None;
    }
    let others: Vec<&str> =
        query.split('&').filter(|pair| !pair.is_empty() && !pair.starts_with("token=")).collect();
    let kept = if others.is_empty() { String::new() } else { format!("?{}", others.join("&")) };
    let last = request.uri().path().rsplit('/').next().unwrap_or_default();
    let slash = if is_base { "/" } else { "" };
    let fragment = token.map(|token| format!("#token={token}")).unwrap_or_default();
    HeaderValue::from_str(&format!("./{last}{slash}{kept}{fragment}")).ok()
}

fn page_answer(core: &Core, request: &Request<Incoming>, below: &str) -> Answer {
    let page = match app::page() {
        Ok(page) => page,
        Err(absence) => return guarded(request.headers(), absent::answer(core, absence)),
    };
    let depth = below.bytes().filter(|byte| *byte == b'/').count().saturating_sub(1);
    let etag = format!("\"{}-{depth}\"", page.hash);
    let mut answer = if is_known(request.headers(), &etag) {
        not_modified()
    } else {
        let mut answer = Response::new(Full::new(at_depth(page.identity, depth)));
        answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(page.content_type));
        answer
    };
    let headers = answer.headers_mut();
    headers.insert(header::CACHE_CONTROL, ASK_AGAIN);
    insert_etag(headers, &etag);
    if let Ok(policy) = HeaderValue::from_str(&policy::of_page(request)) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    guarded(request.headers(), answer)
}

/// What every answer carries that is a page.
fn guarded(request: &HeaderMap, mut answer: Answer) -> Answer {
    let headers = answer.headers_mut();
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    if is_trustworthy(request) {
        headers.insert(OPENER_POLICY, SAME_ORIGIN);
    }
    headers.insert(RESOURCE_POLICY, SAME_ORIGIN);
    answer
}

/// Whether the browser takes the page's origin for trustworthy: it is on this machine, or came over HTTPS. Elsewhere it
/// ignores the opener's policy, and says so as an error on the console.
fn is_trustworthy(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let host = text("host").and_then(openclaw_admission::peer::host_name);
    host.is_some_and(|host| openclaw_admission::peer::is_loopback_host(&host))
        || text("x-forwarded-proto").is_some_and(|scheme| scheme.trim().eq_ignore_ascii_case("https"))
}

/// The page with its references (`="./…`) leading up to the app's root.
fn at_depth(page: Cow<'static, [u8]>, depth: usize) -> Bytes {
    let Some(text) = std::str::from_utf8(&page).ok().filter(|_| depth > 0) else {
        return match page {
            Cow::Borrowed(page) => Bytes::from_static(page),
            Cow::Owned(page) => Bytes::from(page),
        };
    };
    Bytes::from(text.replace("=\"./", &format!("=\"{}", "../".repeat(depth))))
}

fn file_answer(request: &Request<Incoming>, file: Asset) -> Answer {
    let encoding = negotiation::best(request.headers(), file.brotli.is_some(), file.gzip.is_some());
    let etag = format!("\"{}{}\"", file.hash, encoding.suffix());
    let varies = file.brotli.is_some() || file.gzip.is_some();
    let content = match (encoding, file.brotli, file.gzip) {
        (Encoding::Brotli, Some(content), _) | (Encoding::Gzip, _, Some(content)) => {
            Bytes::from_static(content)
        }
        _ => at_depth(file.identity, 0),
    };
    let mut answer = if is_known(request.headers(), &etag) {
        not_modified()
    } else {
        let mut answer = Response::new(Full::new(content));
        answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(file.content_type));
        if let Some(name) = encoding.name() {
            answer.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static(name));
        }
        answer
    };
    let headers = answer.headers_mut();
    headers.insert(header::CACHE_CONTROL, if file.is_immutable { FOREVER } else { ASK_AGAIN });
    insert_etag(headers, &etag);
    if varies {
        headers.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    }
    // An image can be opened as a page of its own.
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy::OF_FILES));
    headers.insert(RESOURCE_POLICY, SAME_ORIGIN);
    answer
}

fn insert_etag(headers: &mut HeaderMap, etag: &str) {
    if let Ok(etag) = HeaderValue::from_str(etag) {
        headers.insert(header::ETAG, etag);
    }
}

fn not_modified() -> Answer {
    let mut answer = Response::new(Full::new(Bytes::new()));
    *answer.status_mut() = StatusCode::NOT_MODIFIED;
    answer
}

/// Whether early clients look here for what they should know before they connect.
pub(super) fn is_config(path: &str) -> bool {
    matches!(path, "/__openclaw__/control-ui-config.json" | "/__openclaw/control-ui-config.json")
}

/// The least they get along with, and nothing of this gateway: anybody may read it (S7).
pub(super) fn config(control_ui: &ControlUi) -> Answer {
    if !control_ui.enabled {
        return text_answer(StatusCode::NOT_FOUND, SWITCHED_OFF);
    }
    json_answer(
        StatusCode::OK,
        &json!({
            "basePath": control_ui.base_path,
            "assistantName": "Assistant",
            "assistantAvatar": "A",
            "assistantAgentId": "main",
        }),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_below_the_base() {
        let rows = [
            ("/", "", Some("/")),
            ("/devices", "", Some("/devices")),
            ("/claw", "/claw", Some("")),
            ("/claw/", "/claw", Some("/")),
            ("/claw/chat/main", "/claw", Some("/chat/main")),
            ("/clawed", "/claw", None),
            ("/", "/claw", None),
            ("/other/claw", "/claw", None),
            ("//claw/x", "/claw", None),
        ];
        for (path, base, expected) in rows {
            assert_eq!(below(path, base), expected, "{path} {base}");
        }
    }

    #[test]
    fn which_paths_are_pages() {
        for page in ["/", "/devices", "/devices/", "/chat/main/x", "/apis", "/chat/agent:main:main"] {
            assert!(is_page(page), "{page}");
        }
        for other in [
            "",
            "devices",
            "//evil",
            "/\\evil",
            "/a//b",
            "/a%2fb",
            "/x.js",
            "/.env",
            "/api",
            "/api/x",
            "/__openclaw__/seen",
        ] {
            assert!(!is_page(other), "{other}");
        }
    }

    #[test]
    fn references_lead_up_to_the_root() {
        let page = Cow::Borrowed(&b"<a href=\"./x.svg\"><script src=\"./assets/a.js\"> ./y"[..]);
        assert_eq!(at_depth(page.clone(), 0), &page[..]);
        let two = at_depth(page, 2);
        assert_eq!(two, &b"<a href=\"../../x.svg\"><script src=\"../../assets/a.js\"> ./y"[..]);
    }
}
