//! The connection journal: the last refusals, each with the story of its decision.
//!
//! Bounded, folded when they repeat, and told to the log at the same moment. A stranger's thousandth attempt
//! costs a counter, not a line (A-07, F-18).

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use openclaw_admission::trace::Trace;
use openclaw_protocol::refusal::Help;
use openclaw_protocol::time::Millis;
use openclaw_protocol::words::Words;
use serde::Serialize;

/// How many different refusals are remembered.
const MAX_ENTRIES: usize = 256;
/// Equal refusals inside this time are one entry with a count.
const FOLD_MS: u64 = 60_000;

/// One refused connection.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// When it was refused last.
    pub ts: Millis,
    /// When the first of the folded refusals happened.
    pub first_ts: Millis,
    /// How many equal refusals this entry stands for.
    pub count: u32,
    /// The connection that was refused last.
    pub conn_id: String,
    /// The client's address as seen.
    pub peer: String,
    /// How it got here, in words: `direct`, `through 10.0.0.1 (x-forwarded-for)`.
    pub path: String,
    /// The device that tried, when it proved who it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_id: Option<String>,
    /// The client as it names itself, e.g. `cli/cli 2026.9.6 on linux`.
    pub client: Words,
    /// The pairing request that was recorded for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// Cause, sentence and fix: the same that the peer was told.
    #[serde(flatten)]
    pub help: Help,
    /// The message on the wire.
    pub message: String,
    /// What was checked, in which order.
    pub trace: Arc<Trace>,
}

/// What makes two refusals equal.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Same {
    peer: String,
    device_id: Option<String>,
    message: String,
}

#[derive(Debug, Default)]
struct State {
    entries: VecDeque<Entry>,
    /// Number of entries ever taken; the entry at the back has number `taken - 1`.
    taken: u64,
    recent: HashMap<Same, u64>,
}

/// The last refusals.
#[derive(Debug, Default)]
pub struct Journal {
    state: Mutex<State>,
}

impl Journal {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records a refusal; answers how many equal ones it now stands for. The caller logs the first of them, and
    /// then each time the count reaches a power of two.
    pub fn record(&self, entry: Entry) -> u32 {
        let same = Same {
            peer: entry.peer.clone(),
            device_id: entry.device_id.clone(),
            message: entry.message.clone(),
        };
        let mut state = self.state();
        let oldest = state.taken - state.entries.len() as u64;
        if let Some(number) = state.recent.get(&same).copied().filter(|number| *number >= oldest) {
            let at = (number - oldest) as usize;
            if let Some(older) = state.entries.get_mut(at)
                && entry.ts.since(older.first_ts) < FOLD_MS
            {
                let (first_ts, count) = (older.first_ts, older.count + 1);
                *older = Entry { first_ts, count, ..entry };
                return count;
            }
        }
        if state.entries.len() == MAX_ENTRIES {
            state.entries.pop_front();
            let oldest = state.taken + 1 - MAX_ENTRIES as u64;
            state.recent.retain(|_, number| *number >= oldest);
        }
        let number = state.taken;
        state.taken += 1;
        state.recent.insert(same, number);
        state.entries.push_back(entry);
        1
    }

    /// The last refusals, newest first.
    pub fn entries(&self, limit: usize) -> Vec<Entry> {
        let mut entries: Vec<Entry> = self.state().entries.iter().cloned().collect();
        entries.sort_by_key(|entry| std::cmp::Reverse(entry.ts));
        entries.truncate(limit);
        entries
    }

    /// How many connections were refused since `since`.
    pub fn refused_since(&self, since: Millis) -> u64 {
        self.state()
            .entries
            .iter()
            .filter(|entry| entry.ts >= since)
            .map(|entry| u64::from(entry.count))
            .sum()
    }
}
