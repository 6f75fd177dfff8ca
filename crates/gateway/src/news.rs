//! Small events on which the owner's pages stay live without polling: who came and went, and who was refused. Each at
//! most four times a second (ruling 4), and only to those who may read the lists that they belong to (ruling 32).
//!
//! ```json
//! // gateway.connections
//! {"ts": 1795159900000, "total": 12}
//! // gateway.refused: entries as gateway.journal answers them, without "trace", newest first; an entry that has been
//! // seen before comes again with a higher "count". "more": there were others, read gateway.journal.
//! {"ts": 1795159900000, "entries": [{"cause": "C-01", "…": "…"}], "more": false}
//! // config.changed, for readers: the file was written, by whomever; read config.get
//! {"ts": 1795159900000}
//! ```

use std::sync::Arc;
use std::time::Duration;

use openclaw_protocol::dialect::Dialect;
use openclaw_protocol::event::{self, EventName};
use openclaw_protocol::ids::DeviceId;
use serde_json::{Value, json};

use crate::core::Core;
use crate::hub::Connection;
use crate::journal::Entry;
use crate::rpc::Sight;

/// Between two events of a kind.
const PAUSE: Duration = Duration::from_millis(250);
/// Entries that one event carries at most: under a storm of different refusals the page reads the journal instead.
const MAX_ENTRIES: usize = 16;

/// Tells of connections that come and go, until it is dropped.
pub(crate) async fn connections(core: Arc<Core>) {
    loop {
        core.hub.changed().await;
        let payload = json!({"ts": core.now(), "total": core.hub.len()});
        core.hub.broadcast_to(EventName::GATEWAY_CONNECTIONS, &payload, |connection| {
            knows_the_event(connection) && Sight::of(&connection.authority).own().is_none()
        });
        tokio::time::sleep(PAUSE).await;
    }
}

/// Tells of refusals, until it is dropped.
pub(crate) async fn refusals(core: Arc<Core>) {
    let mut told = 0;
    loop {
        core.journal.news().await;
        let (entries, version) = core.journal.changed_since(told);
        told = version;
        tell(&core, &entries);
        tokio::time::sleep(PAUSE).await;
    }
}

/// Tells that the configuration on the disk is another one, in force or not.
pub(crate) fn config_changed(core: &Core) {
    core.hub.broadcast(EventName::CONFIG_CHANGED, &json!({"ts": core.now()}));
}

/// Only the current generation's pages know these events.
fn knows_the_event(connection: &Connection) -> bool {
    connection.dialect == Dialect::V4
}

/// Whoever manages all devices hears of all entries; a device that manages only itself, of its own.
fn tell(core: &Core, entries: &[Arc<Entry>]) {
    let name = EventName::GATEWAY_REFUSED;
    let guard = event::guard(name);
    let listens = |connection: &Connection| knows_the_event(connection) && connection.may_see(&guard);
    if entries.is_empty() || !core.hub.any(listens) {
        return;
    }
    core.hub.broadcast_to(name, &payload(core, entries), |connection| {
        listens(connection) && Sight::of(&connection.authority).own().is_none()
    });
    let mut devices: Vec<&DeviceId> = entries.iter().filter_map(|entry| entry.device_id.as_ref()).collect();
    devices.sort_unstable();
    devices.dedup();
    for device in devices {
        let is_its_own = |connection: &Connection| {
            listens(connection) && Sight::of(&connection.authority).own() == Some(device)
        };
        if core.hub.any(is_its_own) {
            let own: Vec<_> =
                entries.iter().filter(|entry| entry.device_id.as_ref() == Some(device)).cloned().collect();
            core.hub.broadcast_to(name, &payload(core, &own), is_its_own);
        }
    }
}

fn payload(core: &Core, entries: &[Arc<Entry>]) -> Value {
    let newest = entries.iter().take(MAX_ENTRIES).map(|entry| {
        let mut told = entry.told(&core.vantage.owner);
        if let Some(fields) = told.as_object_mut() {
            fields.remove("trace");
        }
        told
    });
    json!({"ts": core.now(), "entries": newest.collect::<Vec<_>>(), "more": entries.len() > MAX_ENTRIES})
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use openclaw_admission::trace::Trace;
    use openclaw_protocol::ids::ConnId;
    use openclaw_protocol::refusal::Refusal;
    use openclaw_protocol::role::Role;
    use openclaw_protocol::words::Words;

    use super::*;
    use crate::journal::Kind;
    use crate::rpc::testing::{House, ask, by_token, drain, operator};

    fn record(core: &Core, device: Option<&DeviceId>, number: u8) {
        let address: IpAddr = [203, 0, 113, number].into();
        let kind = Kind { network: Some(address), device: device.cloned(), message: "m".to_owned() };
        let entry = Entry {
            ts: core.now(),
            first_ts: core.now(),
            count: 1,
            conn_id: ConnId::random(),
            first_conn_id: ConnId::random(),
            address: Some(address),
            path: Words::new("direct"),
            origin: None,
            host: None,
            device_id: device.cloned(),
            client: Words::new("cli"),
            dialect: Dialect::V4,
            refusal: Refusal::InvalidRole,
            ahead: Vec::new(),
            trace: Arc::new(Trace::default()),
        };
        core.journal.record(kind, entry);
    }

    #[tokio::test]
    async fn each_hears_of_the_refusals_that_it_may_read() {
        let house = House::new();
        let own = house.pair(ask(1, Role::Operator, &["pairing"])).await;
        let itself = house.connect(by_token(Dialect::V4, &own, &["pairing"]));
        let all = house.connect(operator(Dialect::V4, &["pairing"]));
        let reader = house.connect(operator(Dialect::V4, &["read", "write"]));
        let old = house.connect(operator(Dialect::V3, &["admin"]));
        record(&house.core, None, 1);
        record(&house.core, Some(&own), 2);
        record(&house.core, Some(&own), 2);
        let (entries, version) = house.core.journal.changed_since(0);
        tell(&house.core, &entries);

        let (events, _) = drain(&all);
        let [(name, payload)] = &events[..] else { panic!("{events:?}") };
        let entries = payload["entries"].as_array().unwrap();
        assert_eq!((name.as_str(), entries.len(), &payload["more"]), ("gateway.refused", 2, &json!(false)));
        assert_eq!((&entries[0]["count"], &entries[0]["deviceId"]), (&json!(2), &json!(own)));
        assert!(entries[0].get("trace").is_none());
        let (events, _) = drain(&itself);
        assert_eq!(events[0].1["entries"].as_array().unwrap().len(), 1);
        assert!(drain(&reader).0.is_empty() && drain(&old).0.is_empty());

        assert!(house.core.journal.changed_since(version).0.is_empty(), "each entry is told once");
        for number in 0..40 {
            record(&house.core, None, number);
        }
        tell(&house.core, &house.core.journal.changed_since(version).0);
        let (events, _) = drain(&all);
        let payload = &events[0].1;
        assert_eq!((payload["entries"].as_array().unwrap().len(), &payload["more"]), (16, &json!(true)));
    }
}
