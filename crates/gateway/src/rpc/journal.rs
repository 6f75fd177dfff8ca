//! `gateway.journal`: who was refused lately and why, for `doctor`, `gateway explain` and the owner's pages.

use std::sync::Arc;

use openclaw_protocol::schema::{Field, Shape};
use openclaw_protocol::scope::Scope;
use serde::Deserialize;
use serde_json::json;

use super::{Methods, whole};
use crate::core::Core;
use crate::router::{Authority, Listed, Method, Need, Reply};

/// Entries answered unless asked otherwise.
const DEFAULT_LIMIT: u64 = 50;

static SHAPE: [Field; 1] = [Field::optional("limit", Shape::Integer { min: 1, max: 1_000 })];

pub(super) fn methods() -> Methods {
    vec![
        Method::new(
            "gateway.journal",
            Need::Scope(Scope::PAIRING),
            &SHAPE,
            "Connections that were refused lately, with the reason",
            entries,
        )
        .listed(Listed::Hidden),
    ]
}

#[derive(Deserialize)]
struct Params {
    #[serde(default, deserialize_with = "whole")]
    limit: Option<u64>,
}

async fn entries(core: Arc<Core>, caller: Authority, params: Params) -> Reply {
    // A device that manages only itself learns only of itself (ruling 32).
    let judged = super::pairing_caller(&caller);
    let own = judged.own_device.as_ref().filter(|_| !judged.is_admin()).map(ToString::to_string);
    let limit = usize::try_from(params.limit.unwrap_or(DEFAULT_LIMIT)).unwrap_or(usize::MAX);
    let entries: Vec<_> = core
        .journal
        .entries(usize::MAX)
        .into_iter()
        .filter(|entry| own.is_none() || entry.device_id == own)
        .take(limit)
        .collect();
    Ok(json!({"ts": core.now(), "entries": entries}))
}
