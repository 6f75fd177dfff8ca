//! `health`: the one method that any connected client may call, whatever it sends along.

use std::sync::Arc;

use openclaw_protocol::scope::Scope;
use serde_json::Value;

use super::Methods;
use crate::core::Core;
use crate::health;
use crate::router::{Authority, Method, Need, Reply};

pub(super) fn methods() -> Methods {
    // `probe` asks for a fresh look at the channels; every answer here is fresh. Newer clients may send more, and a
    // health check must not fail over that.
    vec![Method::new("health", Need::Nothing, &[], "How the gateway feels", get).any_params()]
}

async fn get(core: Arc<Core>, caller: Authority, _: Value) -> Reply {
    Ok(health::summary(&core, caller.may(&Scope::ADMIN)))
}
