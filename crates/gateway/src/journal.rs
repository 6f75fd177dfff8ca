//! The connection journal: the last refusals, each with the story of its decision.
//!
//! Bounded, folded when they repeat, and told to the log at the same moment. A stranger's thousandth attempt
//! costs a counter, not a line (A-07, F-18). It outlives the process in a file of its own ([`file`]), which is read when
//! it is first asked for and written a second after a change: a storm costs it nothing more than that.

pub mod entry;
mod file;
mod log;
pub mod since;

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use openclaw_admission::peer::bucket;
use openclaw_protocol::ids::DeviceId;
use openclaw_protocol::time::Millis;
use tokio::sync::Notify;

pub use entry::Entry;
pub(crate) use file::keep;
pub(crate) use log::{Knock, note};

/// How many different refusals are remembered.
const MAX_ENTRIES: usize = 256;
/// Equal refusals inside this time are one entry with a count.
const FOLD_MS: u64 = 60_000;

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

/// An entry with what is counted beside it.
#[derive(Debug)]
struct Kept {
    network: Option<IpAddr>,
    entry: Arc<Entry>,
    /// The journal's version with its last change.
    version: u64,
    /// The count that the log was last told.
    told: u32,
}

#[derive(Debug, Default)]
struct State {
    /// Whether what earlier runs left behind has been read.
    loaded: bool,
    entries: VecDeque<Kept>,
    /// Number of entries ever taken; the entry at the back has number `taken - 1`.
    taken: u64,
    recent: HashMap<Kind, u64>,
    /// Changes since the last write to the file.
    changes: u64,
    /// Changes since the start.
    version: u64,
}

impl State {
    /// The entry that a refusal of this kind is counted in, if there is one.
    fn equal(&self, kind: &Kind, now: Millis) -> Option<usize> {
        let is_young =
            |at: &usize| self.entries.get(*at).is_some_and(|kept| now.since(kept.entry.first_ts) < FOLD_MS);
        let oldest = self.taken - self.entries.len() as u64;
        let known = self.recent.get(kind).filter(|number| **number >= oldest);
        if let Some(at) = known.map(|number| (number - oldest) as usize).filter(is_young) {
            return Some(at);
        }
        let of_network = self.entries.iter().enumerate().rev();
        let mut of_network =
            of_network.filter(|(at, kept)| kept.network == kind.network && is_young(at)).map(|(at, _)| at);
        let newest = of_network.next()?;
        (of_network.count() + 1 >= MAX_KINDS).then_some(newest)
    }

    /// Takes up what an earlier run left behind. Nothing new is folded into it.
    fn take_up(&mut self, earlier: Vec<Entry>) {
        self.loaded = true;
        for entry in earlier.into_iter().rev().take(MAX_ENTRIES).rev() {
            self.taken += 1;
            let told = entry.count;
            let network = entry.address.map(bucket);
            self.entries.push_back(Kept { network, entry: Arc::new(entry), version: 0, told });
        }
    }
}

/// The last refusals.
#[derive(Debug, Default)]
pub struct Journal {
    state: Mutex<State>,
    /// Where it is kept; `None`: only in memory.
    path: Option<PathBuf>,
    changed: Notify,
    news: Notify,
}

impl Journal {
    /// A journal that is kept in this file. Nothing is read yet.
    pub fn kept_in(path: PathBuf) -> Self {
        Self { path: Some(path), ..Self::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if !state.loaded {
            state.take_up(self.path.as_deref().map(file::load).unwrap_or_default());
        }
        state
    }

    /// Records a refusal; answers the entry that it is counted in, with how many equal ones that stands for. The caller
    /// logs the first of them, and then each time `is_told` says so.
    pub fn record(&self, kind: Kind, entry: Entry) -> Arc<Entry> {
        let entry = {
            let mut state = self.state();
            state.changes += 1;
            state.version += 1;
            put(&mut state, kind, entry)
        };
        self.changed.notify_one();
        self.news.notify_one();
        entry
    }

    /// Waits until something was recorded since the last wait.
    pub async fn news(&self) {
        self.news.notified().await;
    }

    /// The entries that are new or counted on since that version, newest first, and the version that this is. Version 0
    /// is the start: what earlier runs left behind is never new.
    pub fn changed_since(&self, version: u64) -> (Vec<Arc<Entry>>, u64) {
        let state = self.state();
        let mut changed: Vec<&Kept> = state.entries.iter().filter(|kept| kept.version > version).collect();
        changed.sort_by_key(|kept| std::cmp::Reverse(kept.version));
        (changed.into_iter().map(|kept| kept.entry.clone()).collect(), state.version)
    }

    /// The last refusals, newest first.
    pub fn entries(&self, limit: usize) -> Vec<Arc<Entry>> {
        let mut entries: Vec<Arc<Entry>> =
            self.state().entries.iter().map(|kept| kept.entry.clone()).collect();
        entries.sort_by_key(|entry| std::cmp::Reverse(entry.ts));
        entries.truncate(limit);
        entries
    }

    /// How many connections were refused since `since`.
    pub fn refused_since(&self, since: Millis) -> u64 {
        self.state()
            .entries
            .iter()
            .filter(|kept| kept.entry.ts >= since)
            .map(|kept| u64::from(kept.entry.count))
            .sum()
    }

    /// The entries whose time of counting is over and of which the log has not heard the last count.
    fn to_be_told(&self, now: Millis) -> Vec<Arc<Entry>> {
        let mut told = Vec::new();
        for kept in &mut self.state().entries {
            if kept.told < kept.entry.count && now.since(kept.entry.first_ts) >= FOLD_MS {
                kept.told = kept.entry.count;
                told.push(kept.entry.clone());
            }
        }
        told
    }

    /// Whether the log has yet to hear a last count.
    fn owes_a_count(&self) -> bool {
        self.state().entries.iter().any(|kept| kept.told < kept.entry.count)
    }
}

/// Whether the log hears of an entry when it reaches this count.
fn is_told(count: u32) -> bool {
    count.is_power_of_two()
}

fn put(state: &mut State, kind: Kind, entry: Entry) -> Arc<Entry> {
    let version = state.version;
    let equal = state.equal(&kind, entry.ts);
    if let Some(kept) = equal.and_then(|at| state.entries.get_mut(at)) {
        let count = kept.entry.count.saturating_add(1);
        let (first_ts, first_conn_id) = (kept.entry.first_ts, kept.entry.first_conn_id.clone());
        if is_told(count) {
            kept.told = count;
        }
        kept.version = version;
        kept.entry = Arc::new(Entry { first_ts, first_conn_id, count, ..entry });
        return kept.entry.clone();
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
    let entry = Arc::new(entry);
    state.entries.push_back(Kept { network, entry: entry.clone(), version, told: 1 });
    entry
}

#[cfg(test)]
mod tests;
