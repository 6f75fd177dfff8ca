//! `logs.tail` (cli spec §11).

use std::path::PathBuf;
use std::sync::Arc;

use openclaw_protocol::error::{ErrorCode, ErrorShape};
use openclaw_protocol::schema::{Field, Shape};
use openclaw_protocol::scope::Scope;
use serde::Deserialize;
use serde_json::json;

use super::{Methods, whole};
use crate::core::Core;
use crate::logs_tail::{self, TailParams};
use crate::router::{Authority, Method, Need, Reply};

/// Largest whole number that clients can write.
const MAX_SAFE: i64 = 9_007_199_254_740_991;

static SHAPE: [Field; 3] = [
    Field::optional("cursor", Shape::Integer { min: 0, max: MAX_SAFE }),
    Field::optional("limit", Shape::Integer { min: 1, max: 5_000 }),
    Field::optional("maxBytes", Shape::Integer { min: 1, max: 1_000_000 }),
];

pub(super) fn methods() -> Methods {
    vec![Method::new("logs.tail", Need::Scope(Scope::READ), &SHAPE, "The end of the log file", tail)]
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Params {
    #[serde(default, deserialize_with = "whole")]
    cursor: Option<u64>,
    #[serde(default, deserialize_with = "whole")]
    limit: Option<u64>,
    #[serde(default, deserialize_with = "whole")]
    max_bytes: Option<u64>,
}

async fn tail(core: Arc<Core>, _: Authority, params: Params) -> Reply {
    let params = TailParams { cursor: params.cursor, limit: params.limit, max_bytes: params.max_bytes };
    let read = tokio::task::spawn_blocking(move || logs_tail::tail(&current(&core)?, &params)).await;
    let tail = match read {
        Ok(Ok(tail)) => tail,
        Ok(Err(error)) => {
            return Err(ErrorShape::new(ErrorCode::Unavailable, format!("log read failed: {error}")));
        }
        Err(_) => return Err(ErrorShape::unavailable("log read interrupted", 1_000)),
    };
    Ok(json!({
        "file": tail.file,
        "cursor": tail.cursor,
        "size": tail.size,
        "lines": tail.lines,
        "truncated": tail.truncated,
        "reset": tail.reset,
    }))
}

/// The log file: the one in use, or where it would be.
fn current(core: &Core) -> std::io::Result<PathBuf> {
    if let Some(file) = core.logging.as_ref().and_then(|logging| logging.health().file) {
        return Ok(file);
    }
    if let Some(file) = &core.policy().loaded.gateway.logging.file {
        return Ok(core.paths.expand(file));
    }
    let today = jiff::Zoned::now().date().to_string();
    Ok(core.paths.log_file(&openclaw_os::tmp_dir()?, &today))
}
