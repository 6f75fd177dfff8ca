//! Who is here: the gateway itself, its clients, and what other machines report of themselves.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use openclaw_protocol::time::Millis;
use serde::Serialize;
use serde_json::value::RawValue;
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

/// An entry and how it is written. Every client gets the list at every change, so each entry is written once.
#[derive(Debug)]
struct Written {
    entry: Entry,
    json: Json,
}

impl Written {
    fn new(entry: Entry) -> Self {
        let json = json(&entry);
        Self { entry, json }
    }
}

/// One line of the list as JSON text.
pub type Json = Arc<RawValue>;

fn json(entry: &Entry) -> Json {
    // Strings and numbers always serialise.
    let text = serde_json::value::to_raw_value(entry).unwrap_or_else(|_| RawValue::NULL.to_owned());
    Arc::from(text)
}

#[derive(Debug, Default)]
struct State {
    /// By instance id, device id or connection id, whichever names the program best.
    entries: HashMap<String, Written>,
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
            state.entries.insert(key.to_owned(), Written::new(entry));
        }
        self.changed.notify_one();
    }

    /// Marks an entry as gone; it is listed a little longer.
    pub fn goodbye(&self, key: &str, now: Millis) {
        {
            let mut state = self.state();
            let Some(written) = state.entries.get_mut(key) else { return };
            let mut entry = std::mem::take(&mut written.entry);
            entry.reason = Some("disconnect".to_owned());
            entry.ts = now;
            entry.describe();
            *written = Written::new(entry);
        }
        self.changed.notify_one();
    }

    /// The list, `own` first, then the newest; at most `MAX_ENTRIES`.
    pub fn list(&self, own: &Entry, now: Millis) -> Vec<Json> {
        let mut state = self.state();
        state.prune(now);
        let mut others: Vec<(Millis, &Json)> =
            state.entries.values().map(|written| (written.entry.ts, &written.json)).collect();
        others.sort_by_key(|(ts, _)| std::cmp::Reverse(*ts));
        let others = others.into_iter().take(MAX_ENTRIES - 1).map(|(_, json)| json.clone());
        std::iter::once(json(own)).chain(others).collect()
    }

    /// Waits until the list has changed since the last wait.
    pub async fn changed(&self) {
        self.changed.notified().await;
    }
}

impl State {
    fn prune(&mut self, now: Millis) {
        self.entries.retain(|_, Written { entry, .. }| {
            let connected = entry.online_since.is_some() && entry.reason.as_deref() != Some("disconnect");
            connected || now.since(entry.ts) < LINGER_MS
        });
        if self.entries.len() > MAX_ENTRIES {
            let mut times: Vec<Millis> = self.entries.values().map(|written| written.entry.ts).collect();
            times.sort_unstable_by(|a, b| b.cmp(a));
            if let Some(oldest) = times.get(MAX_ENTRIES - 1).copied() {
                self.entries.retain(|_, written| written.entry.ts >= oldest);
            }
        }
    }
}
