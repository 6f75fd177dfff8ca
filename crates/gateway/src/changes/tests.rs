use std::sync::Arc;

use openclaw_pairing::{ApprovedVia, CallerAuthority, Mutation};
use openclaw_protocol::close::Close;
use openclaw_protocol::dialect::Dialect;
use openclaw_protocol::role::Role;
use serde_json::json;
use tokio::sync::broadcast::Receiver;

use super::*;
use crate::hub::Connection;
use crate::outbox::End;
use crate::rpc::testing::{DIALECTS, House, ask, by_token, drain, keys, node, operator};

struct Desk {
    house: House,
    changes: Receiver<Change>,
    follower: Follower,
}

impl Desk {
    fn new() -> Self {
        let house = House::new();
        let changes = house.core.store.subscribe();
        Self { house, changes, follower: Follower::default() }
    }

    /// Lets the follower see everything that happened.
    fn follow(&mut self) {
        while let Ok(change) = self.changes.try_recv() {
            self.follower.take(&self.house.core, &change);
        }
        self.follower.tell_changed(&self.house.core);
    }

    async fn apply(&mut self, mutation: Mutation) {
        self.house.core.store.apply(mutation).await.unwrap();
        self.follow();
    }
}

fn names(events: &[(String, Value)]) -> Vec<&str> {
    events.iter().map(|(name, _)| name.as_str()).collect()
}

fn closed(connection: &Arc<Connection>) -> Option<Close> {
    match drain(connection).1 {
        Some(End::Close(close)) => Some(close),
        _ => None,
    }
}

fn close(reason: &str) -> Option<Close> {
    Some(Close::new(4001, format!("client invalidated: {reason}")))
}

#[tokio::test]
async fn those_who_may_pair_hear_of_requests_and_decisions() {
    for dialect in DIALECTS {
        let mut desk = Desk::new();
        let pairing = desk.house.connect(operator(dialect, &["pairing"]));
        let admin = desk.house.connect(operator(dialect, &["admin"]));
        let reader = desk.house.connect(operator(dialect, &["read", "write", "approvals"]));
        let stranger = desk.house.pair(ask(9, Role::Operator, &["pairing"])).await;
        desk.follow();
        let own = desk.house.connect(by_token(dialect, &stranger, &["pairing"]));
        for connection in [&pairing, &admin, &reader] {
            drain(connection);
        }
        let request = desk.house.file(ask(1, Role::Operator, &["read"])).await;
        desk.follow();
        let reject = Mutation::Reject { request: request.id.clone(), caller: CallerAuthority::owner() };
        desk.apply(reject).await;
        for connection in [&pairing, &admin] {
            let (events, _) = drain(connection);
            assert_eq!(names(&events), ["device.pair.requested", "device.pair.resolved"]);
            assert_eq!(events[0].1["requestId"], json!(request.id));
            assert!(events[0].1.get("shown").is_none(), "only listings show that, and to the owner");
            assert_eq!(keys(&events[1].1), ["requestId", "deviceId", "decision", "ts"]);
            assert_eq!(events[1].1["decision"], json!("rejected"));
        }
        for connection in [&reader, &own] {
            assert_eq!(drain(connection).0, vec![], "not theirs to see");
        }
    }
}

#[tokio::test]
async fn an_approval_is_told_once_and_also_when_nobody_had_to_ask() {
    let mut desk = Desk::new();
    let watching = desk.house.connect(operator(Dialect::V3, &["pairing"]));
    let itself =
        desk.house.connect(by_token(Dialect::V3, &ask(1, Role::Operator, &[]).device_id, &["pairing"]));
    desk.apply(Mutation::ApproveSilently {
        ask: ask(1, Role::Operator, &["read"]),
        via: ApprovedVia::Silent,
    })
    .await;
    let (events, _) = drain(&watching);
    assert_eq!(names(&events), ["device.pair.resolved"]);
    assert_eq!(events[0].1["decision"], json!("approved"));
    assert_eq!(events[0].1["requestId"].as_str().unwrap().len(), 36);
    assert_eq!(drain(&itself).0, vec![]);
    desk.house.pair(ask(2, Role::Operator, &["read"])).await;
    desk.follow();
    assert_eq!(names(&drain(&watching).0), ["device.pair.requested", "device.pair.resolved"]);
    // A broader request takes the place of the first one, whose end is told.
    let first = desk.house.file(ask(3, Role::Operator, &["read"])).await;
    desk.house.file(ask(3, Role::Operator, &["admin"])).await;
    desk.follow();
    let (events, _) = drain(&watching);
    assert_eq!(names(&events), ["device.pair.requested", "device.pair.resolved", "device.pair.requested"]);
    assert_eq!((&events[1].1["requestId"], &events[1].1["decision"]), (&json!(first.id), &json!("rejected")));
}

#[tokio::test]
async fn nodes_are_told_of_as_devices_and_as_nodes() {
    let mut desk = Desk::new();
    let watching = desk.house.connect(operator(Dialect::V4, &["pairing"]));
    desk.house.pair(ask(1, Role::Node, &[])).await;
    desk.follow();
    let (events, _) = drain(&watching);
    assert_eq!(
        names(&events),
        ["device.pair.requested", "node.pair.requested", "device.pair.resolved", "node.pair.resolved"]
    );
    assert_eq!(events[3].1["nodeId"], events[1].1["nodeId"]);
}

#[tokio::test]
async fn what_a_device_lost_ends_its_connections_and_no_others() {
    let caller = CallerAuthority::owner;
    for dialect in DIALECTS {
        let mut desk = Desk::new();
        let device = desk.house.pair(ask(1, Role::Operator, &["read", "pairing"])).await;
        desk.house.pair(ask(1, Role::Node, &[])).await;
        let other = desk.house.pair(ask(2, Role::Operator, &["read"])).await;
        desk.follow();
        let bystander = desk.house.connect(by_token(dialect, &other, &["read"]));
        let here = |desk: &Desk| {
            (
                desk.house.connect(by_token(dialect, &device, &["read"])),
                desk.house.connect(node(dialect, &device)),
            )
        };

        let (operates, lends) = here(&desk);
        let rotate =
            Mutation::Rotate { device: device.clone(), role: Role::Operator, scopes: None, caller: caller() };
        desk.apply(rotate).await;
        assert_eq!(closed(&operates), close("device token rotated"));
        assert_eq!(closed(&lends), None, "the other role keeps its token");

        desk.house.pass(5);
        let (operates, lends) = here(&desk);
        desk.apply(Mutation::Revoke { device: device.clone(), role: Role::Node, caller: caller() }).await;
        assert_eq!((closed(&operates), closed(&lends)), (None, close("device token revoked")));

        desk.apply(Mutation::Remove { device: device.clone(), caller: caller() }).await;
        assert_eq!(closed(&operates), close("device removed"));
        assert_eq!(closed(&bystander), None);
    }
}

#[tokio::test]
async fn a_narrowed_device_keeps_the_connections_that_need_no_more() {
    let mut desk = Desk::new();
    let device = desk.house.pair(ask(1, Role::Operator, &["read"])).await;
    let revision = desk.house.core.store.snapshot().device(&device).unwrap().revision;
    let widen = Mutation::HandEdit {
        device: device.clone(),
        scopes: crate::rpc::testing::scopes(&["read", "admin"]),
        revision,
    };
    let watching = desk.house.connect(operator(Dialect::V4, &["pairing"]));
    desk.apply(widen).await;
    assert!(names(&drain(&watching).0).contains(&"device.pair.changed"), "a widening is told");
    let modest = desk.house.connect(by_token(Dialect::V4, &device, &["read"]));
    let bold = desk.house.connect(by_token(Dialect::V4, &device, &["admin"]));
    desk.apply(Mutation::UndoWidening { device: device.clone(), caller: CallerAuthority::owner() }).await;
    assert_eq!(closed(&modest), None);
    assert_eq!(closed(&bold), close("device access reduced"));
}

#[tokio::test]
async fn after_a_lag_every_connection_is_compared_with_the_devices() {
    let mut desk = Desk::new();
    let core = desk.house.core.clone();
    let removed = desk.house.pair(ask(1, Role::Operator, &["read"])).await;
    let rotated = desk.house.pair(ask(2, Role::Operator, &["read"])).await;
    let fine = desk.house.pair(ask(3, Role::Operator, &["read"])).await;
    let connect = |device: &DeviceId| desk.house.connect(by_token(Dialect::V4, device, &["read"]));
    let (a, b, c) = (connect(&removed), connect(&rotated), connect(&fine));
    // Admitted without being paired: the store knows nothing of it, and takes nothing from it.
    let never_paired = connect(&ask(4, Role::Operator, &[]).device_id);
    desk.house.pass(1);
    let caller = CallerAuthority::owner();
    core.store.apply(Mutation::Remove { device: removed.clone(), caller: caller.clone() }).await.unwrap();
    core.store
        .apply(Mutation::Rotate { device: rotated.clone(), role: Role::Operator, scopes: None, caller })
        .await
        .unwrap();
    desk.house.pass(1);
    let renewed = connect(&rotated);
    desk.changes = core.store.subscribe();
    sweep(&core);
    assert_eq!(closed(&a), close("device removed"));
    assert_eq!(closed(&b), close("device token rotated"));
    for connection in [&c, &never_paired, &renewed] {
        assert_eq!(closed(connection), None);
    }
}

#[tokio::test]
async fn the_task_follows_until_the_store_is_closed() {
    let house = House::new();
    let device = house.pair(ask(1, Role::Operator, &["read"])).await;
    let connection = house.connect(by_token(Dialect::V4, &device, &["read"]));
    let task = tokio::spawn(follow(house.core.clone(), house.core.store.subscribe()));
    let remove = Mutation::Remove { device, caller: CallerAuthority::owner() };
    house.core.store.apply(remove).await.unwrap();
    assert_eq!(connection.outbox.ended().await, End::Close(close("device removed").unwrap()));
    task.abort();
}

#[tokio::test]
async fn lists_on_show_are_told_once_of_what_happened_together() {
    let mut desk = Desk::new();
    let watching = desk.house.connect(operator(Dialect::V4, &["pairing"]));
    for n in 1..=5 {
        desk.house.file(ask(n, Role::Operator, &["read"])).await;
    }
    desk.follow();
    drain(&watching);
    // All five expire at once, which the wire has no event for.
    desk.house.pass(openclaw_pairing::model::REQUEST_TTL_MS);
    let device = desk.house.pair(ask(9, Role::Operator, &["read"])).await;
    desk.follow();
    let (events, _) = drain(&watching);
    assert_eq!(names(&events), ["device.pair.requested", "device.pair.resolved", "device.pair.changed"]);
    desk.apply(Mutation::Remove { device: device.clone(), caller: CallerAuthority::owner() }).await;
    desk.apply(Mutation::Restore { device, caller: CallerAuthority::owner() }).await;
    assert_eq!(names(&drain(&watching).0), ["device.pair.changed", "device.pair.changed"]);
}
