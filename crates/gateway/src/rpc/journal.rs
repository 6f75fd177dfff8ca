//! `gateway.journal` and `gateway.why`: who was refused lately, why, and what has become of it, for `openclaw why`,
//! `doctor` and the owner's pages.

use std::sync::Arc;

use openclaw_protocol::ids::{DeviceId, RequestId};
use openclaw_protocol::schema::{Field, Shape};
use openclaw_protocol::scope::Scope;
use serde::Deserialize;
use serde_json::{Value, json};

use super::sight::Sight;
use super::{Methods, whole};
use crate::core::Core;
use crate::journal::{Entry, since};
use crate::router::{Authority, Listed, Method, Need, Reply};

/// Entries answered unless asked otherwise.
const DEFAULT_LIMIT: u64 = 50;
/// Characters of an id that stand for it. Fewer would name whoever came last by chance.
const MIN_PREFIX: usize = 4;

static SHAPE: [Field; 1] = [Field::optional("limit", Shape::Integer { min: 1, max: 1_000 })];
static WHY: [Field; 1] = [Field::optional("id", Shape::Text { min: 1, max: 128 })];

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
        Method::new(
            "gateway.why",
            Need::Scope(Scope::PAIRING),
            &WHY,
            "The story of one refusal, found by connection, request or device",
            why,
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
    let limit = usize::try_from(params.limit.unwrap_or(DEFAULT_LIMIT)).unwrap_or(usize::MAX);
    let vantage = &core.vantage.owner;
    let entries = readable(&core, &Sight::of(&caller));
    let entries: Vec<Value> = entries.iter().take(limit).map(|entry| entry.told(vantage)).collect();
    Ok(json!({"ts": core.now(), "entries": entries}))
}

/// The entries that a caller may read, newest first.
fn readable(core: &Core, sight: &Sight) -> Vec<Arc<Entry>> {
    let mut entries = core.journal.entries(usize::MAX);
    entries.retain(|entry| sight.covers(entry.device_id.as_ref()));
    entries
}

#[derive(Deserialize)]
struct Sought {
    id: Option<String>,
}

/// What the words were found to be.
struct Found {
    matched: &'static str,
    entry: Option<Arc<Entry>>,
    device: Option<DeviceId>,
    request: Option<RequestId>,
    /// Further entries that the words fit, or of the same device.
    others: usize,
}

async fn why(core: Arc<Core>, caller: Authority, sought: Sought) -> Reply {
    let sight = Sight::of(&caller);
    let entries = readable(&core, &sight);
    let words = sought.id.as_deref().map_or("last", str::trim);
    let found = if words.eq_ignore_ascii_case("last") {
        entries.first().map(|entry| Found {
            matched: "last",
            entry: Some(entry.clone()),
            device: None,
            request: None,
            others: entries.len() - 1,
        })
    } else {
        in_journal(&entries, words).or_else(|| in_store(&core, &sight, &entries, words))
    };
    let devices = core.store.snapshot();
    let mut told = json!({
        "ts": core.now(),
        "looked": {
            "entries": entries.len(),
            "oldestMs": entries.iter().map(|entry| entry.first_ts).min(),
            "devices": if sight.own().is_none() { devices.device_count() } else { 1 },
        },
    });
    let Some(found) = found else { return Ok(told) };
    told["matchedBy"] = json!(found.matched);
    told["others"] = json!(found.others);
    let entry = found.entry.as_deref();
    if let Some(entry) = entry {
        let current = since::with_current_request(&core, entry);
        let mut story = current.told(&core.vantage.owner);
        story["standing"] = json!(since::standing(&core, entry));
        told["entry"] = story;
    }
    if let Some(device) = found.device.as_ref().or(entry.and_then(|entry| entry.device_id.as_ref())) {
        told["device"] = since::device(&core, device);
    }
    let request = found.request.as_ref().or(entry.and_then(|entry| entry.request_id()));
    if let Some(request) = request.and_then(|request| since::request(&core, request)) {
        told["request"] = request;
    }
    Ok(told)
}

/// What of an entry the words name.
fn matched(entry: &Entry, fits: impl Fn(&str) -> bool) -> Option<&'static str> {
    if fits(entry.conn_id.as_str()) || fits(entry.first_conn_id.as_str()) {
        Some("connId")
    } else if entry.request_id().is_some_and(|id| fits(id.as_str())) {
        Some("requestId")
    } else {
        entry.device_id.as_ref().filter(|id| fits(id.as_str())).map(|_| "deviceId")
    }
}

/// The newest entry that the words name: a connection, a request, a device, or the beginning of one.
fn in_journal(entries: &[Arc<Entry>], words: &str) -> Option<Found> {
    let fitting = |fits: &dyn Fn(&str) -> bool| {
        let mut named = entries.iter().filter_map(|entry| Some((entry, matched(entry, fits)?)));
        let (entry, matched) = named.next()?;
        Some(Found {
            matched,
            entry: Some(entry.clone()),
            device: None,
            request: None,
            others: named.count(),
        })
    };
    fitting(&|id| id == words).or_else(|| fitting(&|id| words.len() >= MIN_PREFIX && id.starts_with(words)))
}

/// What the device store knows under these words, with the newest entry of that device: also a request that another one
/// has replaced, and a device that was never refused.
fn in_store(core: &Core, sight: &Sight, entries: &[Arc<Entry>], words: &str) -> Option<Found> {
    let devices = core.store.snapshot();
    let request = RequestId::parse(words)
        .filter(|id| devices.request(id).is_some() || devices.former_request(id).is_some());
    let of_request = request.as_ref().and_then(|id| {
        let waiting = devices.request(id).map(|request| request.device_id.clone());
        waiting.or_else(|| devices.former_request(id).map(|former| former.device_id.clone()))
    });
    let begins = |id: &&DeviceId| words.len() >= MIN_PREFIX && id.as_str().starts_with(words);
    let known = || {
        let paired = devices.devices().map(|device| &device.id);
        paired.chain(devices.requests().map(|request| &request.device_id)).find(begins).cloned()
    };
    let device = of_request.or_else(known).filter(|device| sight.covers(Some(device)))?;
    let mut of_device = entries.iter().filter(|entry| entry.device_id.as_ref() == Some(&device));
    let (entry, others) = (of_device.next().cloned(), of_device.count());
    let matched = if request.is_some() { "requestId" } else { "deviceId" };
    Some(Found { matched, entry, device: Some(device), request, others })
}
