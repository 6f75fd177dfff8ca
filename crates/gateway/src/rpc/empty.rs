//! The one table of methods whose true answer is empty (ruling 5): what the command lines of both generations ask a
//! gateway on their own, about parts that this gateway does not have. Only reading methods stand here; a part that
//! comes takes its method with it.

use std::sync::Arc;

use openclaw_protocol::dialect::Dialect;
use openclaw_protocol::schema::{Field, NAME, Shape, TEXT};
use openclaw_protocol::scope::Scope;
use serde_json::{Value, json};

use super::Methods;
use crate::core::Core;
use crate::router::{Authority, Method, Need};

/// A method with its parameters and its empty answer.
type Row = (&'static str, &'static [Field], &'static str, fn(&Core, Dialect) -> Value);

const COUNT: Shape = Shape::Integer { min: 0, max: 9_007_199_254_740_991 };

static CHANNELS: [Field; 3] = [
    Field::optional("probe", Shape::Boolean),
    Field::optional("timeoutMs", COUNT),
    Field::since_v4("channel", NAME),
];
static JOBS: [Field; 13] = [
    Field::optional("includeDisabled", Shape::Boolean),
    Field::optional("limit", Shape::Integer { min: 1, max: 200 }),
    Field::optional("offset", COUNT),
    Field::optional("query", TEXT),
    Field::optional("enabled", TEXT),
    Field::since_v4("scheduleKind", TEXT),
    Field::since_v4("lastRunStatus", TEXT),
    Field::since_v4("trigger", TEXT),
    Field::optional("sortBy", TEXT),
    Field::optional("sortDir", TEXT),
    Field::optional("agentId", NAME),
    Field::since_v4("compact", Shape::Boolean),
    Field::since_v4("includeDeliveryPreviews", Shape::Boolean),
];

static TABLE: [Row; 3] = [
    // `channels status` of both generations: no channel runs in this gateway.
    ("channels.status", &CHANNELS, "Messaging channels and how they are", |core, dialect| {
        let mut answer = json!({
            "ts": core.now(),
            "channelOrder": [],
            "channelLabels": {},
            "channelDetailLabels": {},
            "channelSystemImages": {},
            "channelMeta": [],
            "channels": {},
            "channelAccounts": {},
            "channelDefaultAccountId": {},
        });
        if dialect == Dialect::V4 {
            answer["statusIssues"] = json!([]);
        }
        answer
    }),
    // `cron list` of both generations: this gateway schedules nothing.
    (
        "cron.list",
        &JOBS,
        "Scheduled jobs",
        |_, _| json!({"jobs": [], "total": 0, "offset": 0, "limit": 50, "hasMore": false, "nextOffset": null}),
    ),
    // `system heartbeat last`, and the debug pages: no heartbeat has run.
    ("last-heartbeat", &[], "The last heartbeat of the main agent", |_, _| Value::Null),
];

pub(super) fn methods() -> Methods {
    TABLE
        .iter()
        .map(|(name, shape, summary, answer)| {
            let answer = move |core: Arc<Core>, caller: Authority, _: Value| async move {
                Ok(answer(&core, caller.dialect))
            };
            Method::new(name, Need::Scope(Scope::READ), shape, summary, answer)
        })
        .collect()
}
