//! A refusal on its way into the journal and the log: one line with everything in it when it is new, a count when it
//! has become many.

use std::sync::Arc;

use openclaw_admission::Decision;
use openclaw_admission::peer::{PeerFacts, bucket};
use openclaw_admission::trace::Trace;
use openclaw_protocol::connect::ConnectParams;
use openclaw_protocol::dialect::Dialect;
use openclaw_protocol::ids::{ConnId, DeviceId, RequestId};
use openclaw_protocol::refusal::Refusal;
use openclaw_protocol::words::{self, Words};

use super::{Entry, Kind, is_told};
use crate::core::Core;

/// Who stood before the door.
pub(crate) struct Knock<'a> {
    /// The connection.
    pub(crate) conn: &'a ConnId,
    /// Where it came from.
    pub(crate) facts: &'a PeerFacts,
    /// What it asked for and what was decided, when it came so far.
    pub(crate) decided: Option<(&'a ConnectParams, &'a Decision)>,
}

/// Tells the journal, and the log when the refusal is new or has become many.
pub(crate) fn note(core: &Core, refusal: &Refusal, knock: &Knock<'_>) {
    let refusal = &bounded(refusal.clone());
    let entry = entry(core, refusal, knock);
    let wire = refusal.wire(entry.dialect);
    let message = wire.error.map_or_else(|| wire.close.reason.clone(), |error| error.message);
    let devices = core.store.snapshot();
    let known = |id: &&DeviceId| devices.device(id).is_some() || devices.request_of(id).is_some();
    let device = entry.device_id.as_ref().filter(known).cloned();
    let kind = Kind { network: entry.address.map(bucket), device, message };
    core.history.refused(entry.ts, refusal.cause());
    let entry = core.journal.record(kind, entry);
    if is_told(entry.count) {
        write(core, &entry);
    }
}

/// Characters kept of a complaint about a client's parameters. It names what the client sent, and that may be a whole
/// frame full.
const MAX_COMPLAINT_CHARS: usize = 400;

/// The refusal without what a stranger could make long.
fn bounded(refusal: Refusal) -> Refusal {
    match refusal {
        Refusal::InvalidParams { message } => {
            Refusal::InvalidParams { message: words::escape(&message, MAX_COMPLAINT_CHARS) }
        }
        other => other,
    }
}

fn entry(core: &Core, refusal: &Refusal, knock: &Knock<'_>) -> Entry {
    let now = core.now();
    let (at, trace, client) = match knock.decided {
        Some((params, decision)) => {
            let client = &params.client;
            let words = format!("{}/{} {} on {}", client.id, client.mode, client.version, client.platform);
            (decision.at.clone(), decision.trace.clone(), Words::new(&words))
        }
        None => {
            let policy = core.policy();
            let policy = &policy.admission;
            let at = knock.facts.whereabouts(&policy.trusted_proxies, policy.real_ip_fallback);
            (at, Trace::default(), Words::new("unknown"))
        }
    };
    let header = |name| knock.facts.single_header(name).and_then(Words::some);
    let decision = knock.decided.map(|(_, decision)| decision);
    Entry {
        ts: now,
        first_ts: now,
        count: 1,
        conn_id: knock.conn.clone(),
        first_conn_id: knock.conn.clone(),
        address: at.client,
        path: at.path.in_words(),
        origin: header("origin"),
        host: header("host"),
        // Only a device that proved itself is named: what is claimed may be somebody else's id.
        device_id: decision.and_then(|decision| decision.device.clone()),
        client,
        dialect: decision.map_or(Dialect::V4, |decision| decision.dialect),
        refusal: refusal.clone(),
        ahead: decision.map(|decision| decision.ahead.clone()).unwrap_or_default(),
        trace: Arc::new(trace),
    }
}

/// Writes the line of an entry. Its parts are facts of the line as well, by which `openclaw logs` finds it again.
pub(super) fn write(core: &Core, entry: &Entry) {
    let help = entry.refusal.help_for(&core.vantage.owner).ahead(&entry.ahead);
    let close = entry.refusal.wire(entry.dialect).close;
    let note = entry.refusal.private_note().map(|note| format!(" ({note})")).unwrap_or_default();
    let count = if entry.count > 1 { format!(" ×{} in 60 s", entry.count) } else { String::new() };
    let fix = help.fix.as_ref().map(|fix| format!(" Fix: {fix}")).unwrap_or_default();
    let named =
        |name: &str, value: Option<&str>| value.map(|value| format!(" {name}={value}")).unwrap_or_default();
    let request = entry.request_id().map(RequestId::as_str);
    let device = entry.device_id.as_ref();
    let origin = entry.origin.as_ref().map(|origin| format!(" origin=\"{origin}\"")).unwrap_or_default();
    tracing::warn!(
        subsystem = "gateway/ws",
        fact.cause = %help.cause,
        fact.requestId = request,
        fact.deviceId = device.map(DeviceId::as_str),
        fact.connId = entry.conn_id.as_str(),
        fact.fix = help.fix,
        fact.count = entry.count,
        "closed before connect{count} conn={} client {} {}, \"{}\"{origin} code={} reason=\"{}\" cause={}{}{}: {}{note}{fix}",
        entry.conn_id,
        entry.peer_in_words(),
        entry.path,
        entry.client,
        close.code,
        close.reason,
        help.cause,
        named("request", request),
        named("device", device.map(DeviceId::short)),
        help.sentence,
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stranger_cannot_make_an_entry_long() {
        let message =
            format!("invalid connect params: {}", "at root: unexpected property 'x'; ".repeat(3_000));
        let Refusal::InvalidParams { message } = bounded(Refusal::InvalidParams { message }) else {
            panic!()
        };
        assert!(message.starts_with("invalid connect params: at root"), "{message}");
        assert!(message.len() < 2 * MAX_COMPLAINT_CHARS, "{}", message.len());
    }
}
