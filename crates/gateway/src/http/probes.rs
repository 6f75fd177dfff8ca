//! Questions that need no secret: is it alive, is it ready, and how does it see me?

use std::sync::Arc;

use http::header::{self, HeaderMap};
use http::{Request, StatusCode};
use hyper::body::Incoming;
use openclaw_admission::peer::Path;
use openclaw_protocol::words::Words;
use serde_json::json;

use super::facts::facts;
use super::{Answer, json_answer};
use crate::core::Core;
use crate::listener::Origin;

/// Readiness; the details are for the owner and for those who know the gateway's secret.
pub(super) fn ready(core: &Arc<Core>, request: &Request<Incoming>, origin: Origin) -> Answer {
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
pub(super) fn seen(core: &Core, headers: &HeaderMap, origin: Origin) -> Answer {
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
