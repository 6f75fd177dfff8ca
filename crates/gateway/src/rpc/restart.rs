//! `gateway.restart.request`: the owner, or who holds admin, has the gateway restart in place.

use std::sync::Arc;

use openclaw_protocol::error::{ErrorCode, ErrorShape};
use openclaw_protocol::scope::Scope;
use serde_json::{Value, json};

use super::Methods;
use crate::core::Core;
use crate::router::{Authority, Listed, Method, Need, Reply};

/// How long clients should expect to be without a gateway, milliseconds (cli spec §16).
const EXPECTED_MS: u64 = 1_500;

pub(super) fn methods() -> Methods {
    // What other clients send along (a reason, a session to wake) changes nothing here.
    let request = Method::new(
        "gateway.restart.request",
        Need::Scope(Scope::ADMIN),
        &[],
        "Restart the gateway in place",
        request,
    );
    vec![request.any_params().listed(Listed::Hidden)]
}

/// Answers when it is decided; the restart follows. A gateway that would not start again stays and says why.
async fn request(core: Arc<Core>, _: Authority, _: Value) -> Reply {
    if core.logging.is_none() {
        return Err(ErrorShape::invalid_request("the gateway is not running"));
    }
    match core.request_restart().await {
        Ok(()) => Ok(json!({
            "ok": true,
            "pid": std::process::id(),
            "bootId": core.facts.boot_id,
            "restartExpectedMs": EXPECTED_MS,
        })),
        Err(reasons) => Err(ErrorShape::new(ErrorCode::Unavailable, reasons.join(" "))),
    }
}
