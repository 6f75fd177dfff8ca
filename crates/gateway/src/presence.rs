//! Who is here: the gateway itself, its clients, and what other machines report of themselves.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use openclaw_protocol::time::Millis;
use serde::Serialize;
use serde_json::Value;
use tokio::sync::Notify;

/// Entries that are listed at most, the newest first. The list goes to every client at every change: without a
/// bound its cost grows with the square of the number of clients.
const MAX_ENTRIES: usize = 200;
/// How long an entry that says goodbye, or that nobody refreshes, is listed: five minutes.
const LINGER_MS: u64 = 300_000;

/// One line of the presence list, as on the wire (auth-and-pairing §1.8).
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// Name of the machine or client.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// Its address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip: Option<String>,
    /// Its version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Its platform.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
    /// Its device family.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_family: Option<String>,
    /// Its model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model_identifier: Option<String>,
    /// Its time zone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    /// Its mode: `gateway`, or the client's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
    /// Seconds since somebody typed there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_input_seconds: Option<u64>,
    /// Why the entry is what it is: `self`, `connect`, `disconnect`, or a reporter's word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Free labels.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// The entry in one line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// When it changed last.
    pub ts: Millis,
    /// The device.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_id: Option<String>,
    /// Its roles.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
    /// Its scopes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
    /// The running program, as it names itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance_id: Option<String>,
    /// Since when it has been connected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub online_since: Option<Millis>,
}

impl Entry {
    /// The entry in words, as guides and older clients show it.
    pub fn describe(&mut self) {
        let title = if self.mode.as_deref() == Some("gateway") { "Gateway" } else { "Node" };
        let mut text = format!("{title}: {}", self.host.as_deref().unwrap_or("unknown"));
        if let Some(ip) = &self.ip {
            text.push_str(&format!(" ({ip})"));
        }
        if let Some(version) = &self.version {
            text.push_str(&format!(" · app {version}"));
        }
        if let Some(mode) = &self.mode {
            text.push_str(&format!(" · mode {mode}"));
        }
        if let Some(reason) = &self.reason {
            text.push_str(&format!(" · reason {reason}"));
        }
        self.text = Some(text);
    }
}

#[derive(Debug, Default)]
struct State {
    /// By instance id, device id or connection id, whichever names the program best.
    entries: HashMap<String, Entry>,
}

/// The presence list.
#[derive(Debug, Default)]
pub struct Presence {
    state: Mutex<State>,
    changed: Notify,
}

impl Presence {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Enters or replaces an entry.
    pub fn set(&self, key: &str, entry: Entry) {
        {
            let mut state = self.state();
            if state.entries.len() >= 2 * MAX_ENTRIES && !state.entries.contains_key(key) {
                state.prune(entry.ts);
            }
            state.entries.insert(key.to_owned(), entry);
        }
        self.changed.notify_one();
    }

    /// Marks an entry as gone; it is listed a little longer.
    pub fn goodbye(&self, key: &str, now: Millis) {
        if let Some(entry) = self.state().entries.get_mut(key) {
            entry.reason = Some("disconnect".to_owned());
            entry.ts = now;
            entry.describe();
        }
        self.changed.notify_one();
    }

    /// The list, `own` first, then the newest; at most `MAX_ENTRIES`.
    pub fn list(&self, own: Entry, now: Millis) -> Vec<Entry> {
        let mut state = self.state();
        state.prune(now);
        let mut others: Vec<Entry> = state.entries.values().cloned().collect();
        drop(state);
        others.sort_by_key(|entry| std::cmp::Reverse(entry.ts));
        others.truncate(MAX_ENTRIES - 1);
        let mut list = vec![own];
        list.append(&mut others);
        list
    }

    /// Waits until the list has changed since the last wait.
    pub async fn changed(&self) {
        self.changed.notified().await;
    }
}

impl State {
    fn prune(&mut self, now: Millis) {
        self.entries.retain(|_, entry| {
            let connected = entry.online_since.is_some() && entry.reason.as_deref() != Some("disconnect");
            connected || now.since(entry.ts) < LINGER_MS
        });
        if self.entries.len() > MAX_ENTRIES {
            let mut times: Vec<Millis> = self.entries.values().map(|entry| entry.ts).collect();
            times.sort_unstable_by(|a, b| b.cmp(a));
            if let Some(oldest) = times.get(MAX_ENTRIES - 1).copied() {
                self.entries.retain(|_, entry| entry.ts >= oldest);
            }
        }
    }
}

/// The list as JSON values, as `hello-ok` takes it.
pub fn values(entries: &[Entry]) -> Vec<Value> {
    entries.iter().filter_map(|entry| serde_json::to_value(entry).ok()).collect()
}
