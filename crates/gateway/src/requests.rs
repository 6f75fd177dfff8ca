//! `GET /__openclaw__/requests/<requestId>`: what has become of a pairing request, for the page that waits for it.
//!
//! Answered without authentication: ids are random UUIDs, which only the device that was given one and the operators
//! know, and nothing is told but the state. It reads the snapshot: no lock, no write, no line in a log.

use openclaw_pairing::Snapshot;
use openclaw_pairing::model::Fate;
use openclaw_protocol::ids::{DeviceId, RequestId};
use openclaw_protocol::time::Millis;
use serde_json::{Value, json};

/// Where the states are found, before the request id.
pub(crate) const PREFIX: &str = "/__openclaw__/requests/";
/// Replacements followed at most: who polls each second meets one or two, and one look must stay cheap.
const MAX_STEPS: usize = 64;

/// `{"state": "waiting" | "approved" | "rejected" | "expired" | "unknown"}`, or
/// `{"state": "replaced", "requestId": "<the request to ask about from now on>"}`.
///
/// `replaced`: the same device asks for something else by now, such as more scopes or under another name, and that
/// waits. `expired` also stands for a request that gave way in a crowd. `unknown`: never there, or forgotten (2,048
/// requests that wait no longer are remembered, restarts included); then the page connects anew.
pub(crate) fn state(devices: &Snapshot, id: &str, now: Millis) -> Value {
    let unknown = || json!({"state": "unknown"});
    let Some(asked) = RequestId::parse(id) else { return unknown() };
    let mut id = asked.clone();
    let mut device: Option<DeviceId> = None;
    for _ in 0..MAX_STEPS {
        let others = |of: &DeviceId| device.as_ref().is_some_and(|device| device != of);
        if let Some(request) = devices.request(&id) {
            return match (request.is_live(now), id == asked) {
                _ if others(&request.device_id) => unknown(),
                (true, true) => json!({"state": "waiting"}),
                (true, false) => json!({"state": "replaced", "requestId": id}),
                (false, _) => json!({"state": "expired"}),
            };
        }
        let Some(former) = devices.former_request(&id).filter(|former| !others(&former.device_id)) else {
            break;
        };
        match &former.fate {
            Fate::Superseded { by } => {
                device = Some(former.device_id.clone());
                id = by.clone();
            }
            Fate::Approved => return json!({"state": "approved"}),
            Fate::Rejected => return json!({"state": "rejected"}),
            Fate::Expired | Fate::GaveWay => return json!({"state": "expired"}),
        }
    }
    unknown()
}

#[cfg(test)]
mod tests {
    use openclaw_pairing::{CallerAuthority, Mutation};
    use openclaw_protocol::role::Role;

    use super::*;
    use crate::rpc::testing::{House, ask};

    fn look(house: &House, id: &str) -> Value {
        state(&house.core.store.snapshot(), id, house.core.now())
    }

    #[tokio::test]
    async fn a_request_from_waiting_to_its_end() {
        let house = House::new();
        let caller = CallerAuthority::owner;
        let state_of = |id: &RequestId| look(&house, id.as_str())["state"].as_str().unwrap().to_owned();
        for id in ["", "x", "../../etc/passwd", "9b6d2a8e-0000-4000-8000-000000000000"] {
            assert_eq!(look(&house, id), json!({"state": "unknown"}), "{id}");
        }

        let rejected = house.file(ask(1, Role::Operator, &["read"])).await.id.clone();
        assert_eq!(look(&house, rejected.as_str()), json!({"state": "waiting"}));
        let reject = Mutation::Reject { request: rejected.clone(), caller: caller() };
        house.core.store.apply(reject).await.unwrap();
        assert_eq!(look(&house, rejected.as_str()), json!({"state": "rejected"}));

        // The same device asks for more: who waits with the old id is told of the new one, and then of its end.
        let first = house.file(ask(2, Role::Operator, &["read"])).await.id.clone();
        let second = house.file(ask(2, Role::Operator, &["write"])).await.id.clone();
        let third = house.file(ask(2, Role::Operator, &["admin"])).await.id.clone();
        for id in [&first, &second] {
            assert_eq!(look(&house, id.as_str()), json!({"state": "replaced", "requestId": third}));
        }
        assert_eq!(state_of(&third), "waiting");
        house.pair(ask(2, Role::Operator, &["admin"])).await;
        assert_eq!([&first, &second, &third].map(state_of), ["approved", "approved", "approved"]);

        // Its time may be over before the store has taken it away.
        let old = house.file(ask(3, Role::Operator, &["read"])).await.id.clone();
        house.pass(openclaw_pairing::model::REQUEST_TTL_MS);
        assert_eq!(state_of(&old), "expired");
        house.file(ask(4, Role::Operator, &["read"])).await;
        assert!(house.core.store.snapshot().request(&old).is_none());
        assert_eq!(state_of(&old), "expired");
    }
}
