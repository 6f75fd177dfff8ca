//! `gateway.history`: how busy the door has been, in columns for charts.
//!
//! ```json
//! // gateway.history {}
//! {
//!   "ts": 1795159900000,
//!   "sinceMs": 1795150000000,       // when this process began to count
//!   "series": [                     // two: 180 steps of a minute, 192 of a quarter of an hour; oldest first
//!     {
//!       "stepMs": 60000,
//!       "fromMs": 1795149120000,    // beginning of the first step; the last one is not over yet
//!       "connections": [null, 1, 3],// most at one time; null before sinceMs
//!       "admitted": [0, 1, 2],      // connections let in
//!       "refused": [4, 0, 0],       // connections refused; before sinceMs as far as the journal remembers
//!       "requests": [0, 12, 40],
//!       "causes": {"C-01": [4, 0, 0]} // refused, by cause; only causes that occurred
//!     }
//!   ]
//! }
//! ```

use std::sync::Arc;

use openclaw_protocol::scope::Scope;
use openclaw_protocol::time::Millis;
use serde_json::{Map, Value, json};

use super::{Methods, NoParams};
use crate::core::Core;
use crate::history::Series;
use crate::router::{Authority, Listed, Method, Need, Reply};

pub(super) fn methods() -> Methods {
    vec![
        Method::new(
            "gateway.history",
            Need::Scope(Scope::READ),
            &[],
            "Connections, refusals and requests over time",
            history,
        )
        .listed(Listed::Hidden),
    ]
}

async fn history(core: Arc<Core>, _: Authority, _: NoParams) -> Reply {
    let (since, series) = read(&core);
    Ok(json!({"ts": core.now(), "sinceMs": since, "series": series.iter().map(told).collect::<Vec<_>>()}))
}

/// Since when counting goes on, and the series: fine, coarse.
fn read(core: &Core) -> (Millis, [Series; 2]) {
    let (since, mut series) = core.history.read(core.now());
    for entry in core.journal.entries(usize::MAX) {
        // Nothing of an earlier run is ever counted on, so an entry lies on one side of the start.
        if entry.ts < since {
            for series in &mut series {
                series.add_earlier(entry.ts, entry.refusal.cause(), entry.count);
            }
        }
    }
    (since, series)
}

/// How many connections were refused in the last day, to the quarter of an hour.
pub(super) fn refused_last_day(core: &Core) -> u64 {
    const DAY_MS: u64 = 86_400_000;
    let (_, [_, coarse]) = read(core);
    let steps = usize::try_from(DAY_MS / coarse.step_ms).unwrap_or(usize::MAX);
    coarse.refused.iter().rev().take(steps).map(|count| u64::from(*count)).sum()
}

fn told(series: &Series) -> Value {
    let mut causes = series.causes.clone();
    causes.sort_by_key(|(cause, _)| *cause);
    let causes: Map<String, Value> =
        causes.into_iter().map(|(cause, counts)| (cause.id(), json!(counts))).collect();
    json!({
        "stepMs": series.step_ms,
        "fromMs": series.from,
        "connections": series.connections,
        "admitted": series.admitted,
        "refused": series.refused,
        "requests": series.requests,
        "causes": causes,
    })
}
