//! `connect` after the handshake. An admin is told that it comes once; to everybody else it is a missing scope, as
//! with any method they may not call (§3.5). Protocol 4 answers before it gets here.

use std::sync::Arc;

use openclaw_protocol::error::ErrorShape;
use openclaw_protocol::schema::Field;
use openclaw_protocol::scope::Scope;
use serde_json::Value;

use super::Methods;
use crate::core::Core;
use crate::router::{Authority, Listed, Method, Need, Reply};

pub(super) fn methods() -> Methods {
    let shape: &'static [Field] = &[];
    vec![
        Method::new("connect", Need::Scope(Scope::ADMIN), shape, "The first request of a connection", again)
            .any_params()
            .listed(Listed::Hidden),
    ]
}

async fn again(_: Arc<Core>, _: Authority, _: Value) -> Reply {
    Err(ErrorShape::second_connect())
}
