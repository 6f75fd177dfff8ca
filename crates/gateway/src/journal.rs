//! The connection journal: the last refusals, each with the story of its decision.
//!
//! Bounded, folded when they repeat, and told to the log at the same moment. A stranger's thousandth attempt
//! costs a counter, not a line (A-07, F-18).

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use openclaw_admission::trace::Trace;
use openclaw_protocol::ids::DeviceId;
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

/// How many different refusals of one network are told apart inside [`FOLD_MS`]. Whoever changes a word in each attempt
/// must not push out what others met, nor write the log full.
const MAX_KINDS: usize = 16;

/// By what refusals are told apart.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Kind {
    /// The network they came from ([`openclaw_admission::peer::bucket`]); `None` for the owner socket.
    pub network: Option<IpAddr>,
    /// The device, when the gateway knows it. Of those that nobody knows a stranger can make any number.
    pub device: Option<DeviceId>,
    /// The message on the wire.
    pub message: String,
}

#[derive(Debug, Default)]
struct State {
    entries: VecDeque<(Option<IpAddr>, Entry)>,
    /// Number of entries ever taken; the entry at the back has number `taken - 1`.
    taken: u64,
    recent: HashMap<Kind, u64>,
}

impl State {
    /// The entry that a refusal of this kind is counted in, if there is one.
    fn equal(&self, kind: &Kind, now: Millis) -> Option<usize> {
        let is_young =
            |at: &usize| self.entries.get(*at).is_some_and(|(_, entry)| now.since(entry.first_ts) < FOLD_MS);
        let oldest = self.taken - self.entries.len() as u64;
        let known = self.recent.get(kind).filter(|number| **number >= oldest);
        if let Some(at) = known.map(|number| (number - oldest) as usize).filter(is_young) {
            return Some(at);
        }
        let of_network = self.entries.iter().enumerate().rev();
        let mut of_network = of_network
            .filter(|(at, (network, _))| *network == kind.network && is_young(at))
            .map(|(at, _)| at);
        let newest = of_network.next()?;
        (of_network.count() + 1 >= MAX_KINDS).then_some(newest)
    }
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
    pub fn record(&self, kind: Kind, entry: Entry) -> u32 {
        let mut state = self.state();
        let equal = state.equal(&kind, entry.ts);
        if let Some((_, older)) = equal.and_then(|at| state.entries.get_mut(at)) {
            let (first_ts, count) = (older.first_ts, older.count + 1);
            *older = Entry { first_ts, count, ..entry };
            return count;
        }
        if state.entries.len() == MAX_ENTRIES {
            state.entries.pop_front();
            let oldest = state.taken + 1 - MAX_ENTRIES as u64;
            state.recent.retain(|_, number| *number >= oldest);
        }
        let number = state.taken;
        state.taken += 1;
        let network = kind.network;
        state.recent.insert(kind, number);
        state.entries.push_back((network, entry));
        1
    }

    /// The last refusals, newest first.
    pub fn entries(&self, limit: usize) -> Vec<Entry> {
        let mut entries: Vec<Entry> = self.state().entries.iter().map(|(_, entry)| entry.clone()).collect();
        entries.sort_by_key(|entry| std::cmp::Reverse(entry.ts));
        entries.truncate(limit);
        entries
    }

    /// How many connections were refused since `since`.
    pub fn refused_since(&self, since: Millis) -> u64 {
        self.state()
            .entries
            .iter()
            .filter(|(_, entry)| entry.ts >= since)
            .map(|(_, entry)| u64::from(entry.count))
            .sum()
    }
}

#[cfg(test)]
mod tests {
    use openclaw_protocol::refusal::Refusal;

    use super::*;

    fn entry(ts: u64) -> Entry {
        Entry {
            ts: Millis(ts),
            first_ts: Millis(ts),
            count: 1,
            conn_id: "c".to_owned(),
            peer: "203.0.113.9".to_owned(),
            path: "direct".to_owned(),
            device_id: None,
            client: Words::new("cli"),
            request_id: None,
            help: Refusal::InvalidRole.help(),
            message: "m".to_owned(),
            trace: Arc::default(),
        }
    }

    fn kind(network: [u8; 4], message: &str) -> Kind {
        Kind { network: Some(network.into()), device: None, message: message.to_owned() }
    }

    #[test]
    fn whoever_changes_a_word_each_time_gets_no_more_than_his_share() {
        let journal = Journal::default();
        let honest = kind([192, 0, 2, 1], "token mismatch");
        assert_eq!(journal.record(honest.clone(), entry(0)), 1);
        let mut told = 0;
        for number in 0..10_000 {
            let count =
                journal.record(kind([203, 0, 113, 9], &format!("nonsense {number}")), entry(number / 1_000));
            told += u32::from(count == 1);
        }
        assert_eq!(told as usize, MAX_KINDS);
        let entries = journal.entries(usize::MAX);
        assert_eq!(entries.len(), MAX_KINDS + 1);
        assert_eq!(journal.refused_since(Millis(0)), 10_001, "and everything is counted");
        assert_eq!(journal.record(honest, entry(20)), 2);
        // A minute later his share is new.
        assert_eq!(journal.record(kind([203, 0, 113, 9], "again"), entry(FOLD_MS + 100)), 1);
    }

    #[test]
    fn the_journal_is_bounded_however_many_networks_there_are() {
        let journal = Journal::default();
        for number in 0..2_000u32 {
            journal.record(kind(number.to_be_bytes(), "m"), entry(0));
        }
        assert_eq!(journal.entries(usize::MAX).len(), MAX_ENTRIES);
        assert!(journal.state().recent.len() <= MAX_ENTRIES);
    }
}
