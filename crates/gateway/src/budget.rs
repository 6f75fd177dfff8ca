//! The budget of control-plane writes (auth-and-pairing §3.5): changing the configuration in a loop restarts the
//! gateway in a loop.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use openclaw_protocol::dialect::Dialect;
use openclaw_protocol::error::ErrorShape;
use openclaw_protocol::time::Millis;

use crate::router::Authority;

const WINDOW_MS: u64 = 60_000;
/// Callers remembered; beyond it the map starts anew, which only ever errs towards letting a write through.
const MAX_CALLERS: usize = 1_024;

/// Writes per method and caller in the last minute.
#[derive(Debug, Default)]
pub struct ControlBudget {
    writes: Mutex<HashMap<(String, String), VecDeque<Millis>>>,
}

impl ControlBudget {
    /// Takes one write from the caller's budget, or says when the next one is free.
    pub fn take(&self, method: &str, authority: &Authority, now: Millis) -> Result<(), ErrorShape> {
        let limit = match authority.dialect {
            Dialect::V3 => 3,
            Dialect::V4 => 30,
        };
        let caller = match (&authority.device, &authority.conn) {
            (Some(device), _) => device.as_str().to_owned(),
            (None, Some(conn)) => conn.as_str().to_owned(),
            (None, None) => String::new(),
        };
        let mut writes = self.writes.lock().unwrap_or_else(PoisonError::into_inner);
        if writes.len() >= MAX_CALLERS {
            writes.clear();
        }
        let times = writes.entry((method.to_owned(), caller)).or_default();
        while times.front().is_some_and(|at| now.since(*at) >= WINDOW_MS) {
            times.pop_front();
        }
        if times.len() >= limit
            && let Some(oldest) = times.front()
        {
            let retry_after_ms = WINDOW_MS - now.since(*oldest);
            return Err(ErrorShape::write_budget(method, retry_after_ms, &format!("{limit} per 60s")));
        }
        times.push_back(now);
        Ok(())
    }
}
