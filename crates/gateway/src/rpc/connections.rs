//! `gateway.connections` and `gateway.connections.close`: who is connected at this moment, for the owner's pages.
//!
//! ```json
//! // gateway.connections {"limit": 200, "cursor": "…", "search": "words"}, all optional; newest first
//! {
//!   "ts": 1795159900000,
//!   "total": 2,                  // live connections that the caller may see
//!   "matching": 2,               // of these, the ones that fit "search"
//!   "connections": [{
//!     "connId": "…",
//!     "self": true,              // the connection that asks
//!     "deviceId": "…",           // absent: no device proved itself
//!     "name": "Anna's phone",    // the owner's name for the device, its own, or the client's
//!     "client": {"id": "openclaw-control-ui", "mode": "webchat", "version": "2026.11.20", "platform": "web"},
//!     "role": "operator",        // or "node"
//!     "scopes": ["operator.read"],
//!     "owner": false,            // came through the owner socket
//!     "auth": "device-token",    // none, token, password, tailscale, trusted-proxy, device-token, bootstrap-token; owner-socket
//!     "address": "192.168.1.20", // absent on the owner socket
//!     "addressClass": "private", // loopback, container-bridge, private, link-local, shared-or-tailnet, public
//!     "path": "direct",          // owner socket, direct, through …: for people
//!     "proxy": "172.18.0.2",     // absent without a proxy
//!     "local": false,
//!     "protocol": 4,
//!     "connectedAtMs": 1795159800000,
//!     "lastRequestAtMs": 1795159890000 // absent: it has asked for nothing yet
//!   }],
//!   "nextCursor": null           // or what to send as "cursor" for the next page
//! }
//! // gateway.connections.close {"connId": "…"} (admin)
//! {"ok": true, "connId": "…", "note": "…what the client is told, a sentence"}
//! ```
//!
//! Event `gateway.connections` `{"ts", "total"}` says that somebody came or went, at most four times a second.

use std::cmp::Reverse;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use openclaw_admission::address::AddressClass;
use openclaw_pairing::Snapshot;
use openclaw_protocol::error::ErrorShape;
use openclaw_protocol::ids::ConnId;
use openclaw_protocol::refusal::{InvalidatedWhy, Refusal};
use openclaw_protocol::schema::{Field, Shape};
use openclaw_protocol::scope::Scope;
use openclaw_protocol::time::Millis;
use serde::Deserialize;
use serde_json::{Value, json};

use super::sight::Sight;
use super::{Methods, whole};
use crate::core::Core;
use crate::hub::Connection;
use crate::router::{Authority, Listed, Method, Need, Reply};

/// Connections on a page unless asked otherwise, and at most.
const PAGE: u64 = 200;
const MAX_PAGE: i64 = 1_000;

static LIST: [Field; 3] = [
    Field::optional("limit", Shape::Integer { min: 1, max: MAX_PAGE }),
    Field::optional("cursor", Shape::Text { min: 1, max: 128 }),
    Field::optional("search", Shape::Text { min: 1, max: 128 }),
];
static CLOSE: [Field; 1] = [Field::required("connId", Shape::Text { min: 1, max: 128 })];

pub(super) fn methods() -> Methods {
    vec![
        Method::new(
            "gateway.connections",
            Need::Scope(Scope::PAIRING),
            &LIST,
            "The clients that are connected at this moment",
            list,
        )
        .listed(Listed::Hidden),
        Method::new(
            "gateway.connections.close",
            Need::Scope(Scope::ADMIN),
            &CLOSE,
            "Close the connection of a client, which may come back",
            close,
        )
        .listed(Listed::Hidden),
    ]
}

#[derive(Deserialize)]
struct Params {
    #[serde(default, deserialize_with = "whole")]
    limit: Option<u64>,
    cursor: Option<String>,
    search: Option<String>,
}

/// The order of the list, and the place in it that a cursor names.
fn place(connection: &Connection) -> (Reverse<Millis>, &str) {
    (Reverse(connection.since), connection.id.as_str())
}

async fn list(core: Arc<Core>, caller: Authority, params: Params) -> Reply {
    let devices = core.store.snapshot();
    let sight = Sight::of(&caller);
    let mut connections = core.hub.all();
    connections.retain(|connection| sight.covers(connection.authority.device.as_ref()));
    let total = connections.len();
    if let Some(search) = params.search.as_deref().map(|words| words.trim().to_lowercase()) {
        connections.retain(|connection| fits(connection, &devices, &search));
    }
    let matching = connections.len();
    connections.sort_unstable_by(|a, b| place(a).cmp(&place(b)));
    let after = match &params.cursor {
        Some(cursor) => Some(parse_cursor(cursor).ok_or_else(|| {
            ErrorShape::invalid_params(
                "gateway.connections",
                "at /cursor: must be a nextCursor of this method",
            )
        })?),
        None => None,
    };
    let start = after.map_or(0, |(since, id)| {
        connections.partition_point(|connection| place(connection) <= (Reverse(since), id))
    });
    let limit = usize::try_from(params.limit.unwrap_or(PAGE)).unwrap_or(usize::MAX);
    let page = &connections[start..(start.saturating_add(limit)).min(matching)];
    let more = start + page.len() < matching;
    let next = page.last().filter(|_| more).map(|last| format!("{}:{}", last.since, last.id));
    let page: Vec<Value> =
        page.iter().map(|connection| told(connection, &devices, caller.conn.as_ref())).collect();
    Ok(json!({
        "ts": core.now(),
        "total": total,
        "matching": matching,
        "connections": page,
        "nextCursor": next,
    }))
}

fn parse_cursor(cursor: &str) -> Option<(Millis, &str)> {
    let (since, id) = cursor.split_once(':')?;
    Some((Millis(since.parse().ok()?), id))
}

/// The name for people: the owner's for the device, the device's own, the client's own, or which client it is.
fn name<'a>(connection: &'a Connection, devices: &'a Snapshot) -> &'a str {
    let device = connection.authority.device.as_ref().and_then(|id| devices.device(id));
    let client = &connection.client;
    device.map_or(client.name.as_ref().unwrap_or(&client.id), |device| device.shown_name()).as_str()
}

fn fits(connection: &Connection, devices: &Snapshot, search: &str) -> bool {
    let client = &connection.client;
    let words = [name(connection, devices), client.id.as_str(), client.mode.as_str()];
    let more = [client.version.as_str(), client.platform.as_str(), client.path.as_str()];
    let holds = |text: &str| text.to_lowercase().contains(search);
    words.into_iter().chain(more).any(holds)
        || holds(connection.authority.role.as_str())
        || connection.id.as_str().starts_with(search)
        || connection.authority.device.as_ref().is_some_and(|id| id.as_str().starts_with(search))
        || connection.client_ip.is_some_and(|ip| ip.to_canonical().to_string().contains(search))
}

fn told(connection: &Connection, devices: &Snapshot, asker: Option<&ConnId>) -> Value {
    let (client, authority) = (&connection.client, &connection.authority);
    let mut told = json!({
        "connId": connection.id,
        "self": asker == Some(&connection.id),
        "name": name(connection, devices),
        "client": {
            "id": client.id,
            "mode": client.mode,
            "version": client.version,
            "platform": client.platform,
        },
        "role": authority.role,
        "scopes": authority.scopes.to_strings(),
        "owner": authority.owner,
        "auth": if authority.owner { "owner-socket" } else { client.method.as_str() },
        "path": client.path,
        "local": client.local,
        "protocol": connection.dialect,
        "connectedAtMs": connection.since,
    });
    let asked = connection.asked.load(Ordering::Relaxed);
    let optional = [
        ("deviceId", authority.device.as_ref().map(|id| json!(id))),
        ("address", connection.client_ip.map(|ip| json!(ip.to_canonical()))),
        ("addressClass", connection.client_ip.map(|ip| json!(AddressClass::of(ip)))),
        ("proxy", client.proxy.map(|proxy| json!(proxy.to_canonical()))),
        ("lastRequestAtMs", (asked > 0).then(|| json!(asked))),
    ];
    for (name, value) in optional {
        if let Some(value) = value {
            told[name] = value;
        }
    }
    told
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Which {
    conn_id: String,
}

async fn close(core: Arc<Core>, caller: Authority, which: Which) -> Reply {
    let refusal = Refusal::Invalidated { why: InvalidatedWhy::Closed };
    let found = core.hub.all().into_iter().find(|connection| connection.id.as_str() == which.conn_id);
    let Some(connection) = found else {
        return Err(ErrorShape::invalid_request(
            "no live connection has this connId; it may have ended by itself",
        ));
    };
    connection.outbox.end(refusal.wire(connection.dialect).close);
    tracing::info!(
        subsystem = "gateway/ws",
        conn = %connection.id,
        "an admin closed this connection (asked for by {})",
        caller.conn.as_ref().map_or("this host", ConnId::as_str)
    );
    Ok(json!({"ok": true, "connId": connection.id, "note": refusal.help_for(&core.vantage.owner).sentence}))
}

#[cfg(test)]
mod tests {
    use openclaw_protocol::close::Close;
    use openclaw_protocol::dialect::Dialect;
    use openclaw_protocol::role::Role;

    use super::super::testing::{House, ask, by_token, drain, operator};
    use super::*;
    use crate::outbox::End;

    #[tokio::test]
    async fn each_sees_whom_it_may_manage() {
        let house = House::new();
        let own = house.pair(ask(1, Role::Operator, &["pairing"])).await;
        let other = house.pair(ask(2, Role::Operator, &["read"])).await;
        let here = house.connect(by_token(Dialect::V4, &own, &["pairing"]));
        house.pass(1_000);
        house.connect(by_token(Dialect::V4, &other, &["read"]));
        house.pass(1_000);
        house.connect(operator(Dialect::V3, &["read"]));
        let seen = house.call(&here.authority, "gateway.connections", json!({})).await.unwrap();
        assert_eq!((&seen["total"], &seen["connections"][0]["self"]), (&json!(1), &json!(true)));
        assert_eq!(seen["connections"][0]["deviceId"], json!(own));

        let all = operator(Dialect::V4, &["pairing"]);
        let seen = house.call(&all, "gateway.connections", json!({})).await.unwrap();
        let rows = seen["connections"].as_array().unwrap();
        let since: Vec<u64> = rows.iter().map(|row| row["connectedAtMs"].as_u64().unwrap()).collect();
        assert!(rows.len() == 3 && since.is_sorted_by(|a, b| a >= b), "{since:?}");
        assert_eq!(rows[1]["deviceId"], json!(other));
        assert!(rows[0].get("deviceId").is_none() && rows[0].get("lastRequestAtMs").is_none());
        let found =
            house.call(&all, "gateway.connections", json!({"search": &own.as_str()[..9]})).await.unwrap();
        assert_eq!((&found["total"], &found["matching"]), (&json!(3), &json!(1)));
    }

    #[tokio::test]
    async fn pages_neither_skip_nor_repeat_while_clients_come_and_go() {
        let house = House::new();
        let mut here = Vec::new();
        for _ in 0..25 {
            here.push(house.connect(operator(Dialect::V4, &["read"])));
            house.pass(1);
        }
        let admin = operator(Dialect::V4, &["admin"]);
        let mut cursor = Value::Null;
        let mut seen = Vec::new();
        loop {
            let mut params = json!({"limit": 10});
            if !cursor.is_null() {
                params["cursor"] = cursor.clone();
            }
            let page = house.call(&admin, "gateway.connections", params).await.unwrap();
            for row in page["connections"].as_array().unwrap() {
                seen.push(row["connId"].as_str().unwrap().to_owned());
            }
            cursor = page["nextCursor"].clone();
            if cursor.is_null() {
                break;
            }
            // The newest come first; who comes meanwhile is on no later page, who goes leaves no gap.
            house.connect(operator(Dialect::V4, &["read"]));
            house.core.hub.leave(&here.last().unwrap().id);
        }
        let want: Vec<String> = here.iter().rev().map(|connection| connection.id.to_string()).collect();
        assert_eq!(seen, want);
        assert!(house.call(&admin, "gateway.connections", json!({"cursor": "x"})).await.is_err());
    }

    #[tokio::test]
    async fn a_closed_client_is_told_that_it_may_come_back() {
        let house = House::new();
        let victim = house.connect(operator(Dialect::V4, &["read"]));
        let admin = operator(Dialect::V4, &["admin"]);
        let params = json!({"connId": victim.id});
        let told = house.call(&admin, "gateway.connections.close", params.clone()).await.unwrap();
        assert!(told["note"].as_str().unwrap().contains("may connect again"), "{told}");
        let reason = "client invalidated: connection closed by an admin";
        assert_eq!(drain(&victim).1, Some(End::Close(Close::new(4001, reason))));
        house.core.hub.leave(&victim.id);
        let gone = house.call(&admin, "gateway.connections.close", params).await.unwrap_err();
        assert!(gone.message.contains("no live connection"), "{}", gone.message);
    }
}
