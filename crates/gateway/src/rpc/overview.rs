//! `gateway.overview`: is everything all right? All that the first page shows, in one call.
//!
//! ```json
//! {
//!   "ts": 1795159900000, "version": "2026.11.0", "startedAtMs": 1795150000000, "uptimeMs": 9900000,
//!   "ready": true, "failing": [],           // what does not work, by name: pairing-store, devices-view, stopping
//!   "inContainer": false,
//!   "connections": {"total": 3, "operators": 2, "nodes": 1},
//!   "refused": {"last10Min": 0, "lastHour": 4, "lastDay": 40},
//!   "parts": [{"id": "channels", "state": "absent", "sentence": "This gateway has no messaging channels."}],
//!
//!   // The following two: for whoever manages all devices.
//!   "setup": {
//!     "bind": "loopback", "port": 18789, "addresses": ["127.0.0.1:18789"], "tls": false, "basePath": "",
//!     "authMode": "token", "claimable": false
//!   },
//!   "devices": {
//!     "pending": 1,
//!     "operators": {"paired": 2, "connected": 1},
//!     "nodes": {"paired": 1, "connected": 0}
//!   },
//!   // For admins.
//!   "host": {
//!     "hostname": "vm", "ip": "192.0.2.10", "platform": "linux 6.18.44", "pid": 4854, "memoryBytes": 14000000,
//!     "stateDir": "/root/.openclaw", "configPath": "/root/.openclaw/openclaw.json",
//!     "logFile": "/tmp/openclaw/openclaw-2026-11-20.log"   // absent when lines go to no file
//!   },
//!   // The worst first, in the words of `openclaw status`. About devices for whoever manages all of them, about
//!   // everything else for admins; absent for others.
//!   "attention": [{
//!     "level": "info",                      // error, warning, info
//!     "topic": "devices",                   // config, trouble, devices
//!     "cause": "C-12",                      // may be null
//!     "message": "1 device waits for approval.",
//!     "fix": "openclaw devices list"        // may be null
//!   }]
//! }
//! ```

use std::sync::Arc;

use openclaw_doctor::attention::{self, Configuration, Item};
use openclaw_doctor::facts::OwnDevice;
use openclaw_doctor::trouble;
use openclaw_pairing::Snapshot;
use openclaw_protocol::error::ErrorShape;
use openclaw_protocol::role::Role;
use openclaw_protocol::scope::{Scope, ScopeSet};
use serde_json::{Value, json};

use super::history::refused_last_day;
use super::sight::Sight;
use super::status::resident_bytes;
use super::{Methods, NoParams};
use crate::core::Core;
use crate::router::{Authority, Listed, Method, Need, Reply};
use crate::version;

pub(super) fn methods() -> Methods {
    vec![
        Method::new(
            "gateway.overview",
            Need::Scope(Scope::READ),
            &[],
            "Whether everything is all right",
            overview,
        )
        .listed(Listed::Hidden),
    ]
}

async fn overview(core: Arc<Core>, caller: Authority, _: NoParams) -> Reply {
    // What the caller may know of the gateway, its status says: every part below is taken from there or guarded alike.
    let status = core.router.call(&core, &caller, "status", None).map_err(|refused| refused.error)?;
    let status = status.reply.await?;
    let told = tokio::task::spawn_blocking(move || told(&core, &caller, &status)).await;
    told.map_err(|_| ErrorShape::unavailable("the overview was interrupted", 1_000))
}

fn told(core: &Core, caller: &Authority, status: &Value) -> Value {
    let now = core.now();
    let gateway = &status["gateway"];
    let connections = core.hub.all();
    let of_role = |role| connections.iter().filter(|connection| connection.authority.role == role).count();
    let mut told = json!({
        "ts": now,
        "version": version::VERSION,
        "startedAtMs": now.0.saturating_sub(core.uptime_ms()),
        "uptimeMs": core.uptime_ms(),
        "ready": gateway["ready"],
        "failing": gateway["failing"],
        "inContainer": core.in_container,
        "connections": {
            "total": connections.len(),
            "operators": of_role(Role::Operator),
            "nodes": of_role(Role::Node),
        },
        "refused": {
            "last10Min": gateway["refusedLast10Min"],
            "lastHour": gateway["refusedLastHour"],
            "lastDay": refused_last_day(core),
        },
        "parts": PARTS.map(|(id, sentence)| json!({"id": id, "state": "absent", "sentence": sentence})),
    });
    let admin = caller.may(&Scope::ADMIN);
    let manages_all = admin || (caller.may(&Scope::PAIRING) && Sight::of(caller).own().is_none());
    if !manages_all {
        return told;
    }
    let devices = &status["devices"];
    told["setup"] = setup(core);
    told["devices"] = json!({
        "pending": devices["pending"],
        "operators": devices["operators"],
        "nodes": devices["nodes"],
    });
    let mut items = if admin { of_host(core, status) } else { Vec::new() };
    let own = admin.then(|| own_scopes(core, &core.store.snapshot())).flatten();
    let pending = devices["pending"].as_u64().and_then(|count| usize::try_from(count).ok()).unwrap_or(0);
    items.extend(attention::devices(Some(status), pending, own.as_ref(), &core.vantage.host));
    items.sort_by_key(|item| item.weight);
    told["attention"] = items.iter().map(shown).collect();
    if admin {
        told["host"] = host(core);
    }
    told
}

/// The parts that people look for and that this gateway does not have.
const PARTS: [(&str, &str); 3] = [
    ("channels", "This gateway has no messaging channels."),
    ("models", "This gateway calls no models."),
    ("sessions", "This gateway holds no chats."),
];

fn shown(item: &Item) -> Value {
    let mut shown = item.json();
    shown["topic"] = json!(item.topic.as_str());
    shown
}

fn setup(core: &Core) -> Value {
    let policy = core.policy();
    let gateway = &policy.loaded.gateway;
    json!({
        "bind": policy.plan.bind.as_str(),
        "port": core.facts.port,
        "addresses": core.facts.listening,
        // This gateway serves no TLS; what encrypts stands in front of it.
        "tls": false,
        "basePath": gateway.control_ui.base_path,
        "authMode": policy.admission.auth.name(),
        "claimable": core.is_claimable(),
    })
}

fn host(core: &Core) -> Value {
    let mut host = json!({
        "hostname": core.facts.hostname,
        "ip": core.facts.ip,
        "platform": core.facts.platform,
        "pid": std::process::id(),
        "memoryBytes": resident_bytes(),
        "stateDir": core.paths.state_dir,
        "configPath": core.paths.config_path,
    });
    if let Some(file) = core.logging.as_ref().and_then(|logging| logging.health().file) {
        host["logFile"] = json!(file);
    }
    host
}

/// What is to be said about the configuration, the disks, the log and the store.
fn of_host(core: &Core, status: &Value) -> Vec<Item> {
    let loaded = openclaw_config::load(&core.paths, &core.env);
    let (valid, issues) = match &loaded {
        Ok(loaded) => (loaded.is_valid(), loaded.issues.clone()),
        Err(error) => (false, error.issues()),
    };
    let in_force = status.pointer("/configuration/inForce").and_then(Value::as_bool);
    let config = Configuration { valid, issues: &issues, would_refuse: None, in_force };
    let mut items = attention::configuration(config, &core.vantage.host);
    let mut troubles = trouble::told(status);
    troubles.extend(trouble::disk(&core.paths.state_dir, &core.paths));
    items.extend(attention::troubles(&troubles));
    items
}

/// What this machine's own command line is approved for.
fn own_scopes(core: &Core, devices: &Snapshot) -> Option<ScopeSet> {
    let id = OwnDevice::of(&core.paths).id?;
    Some(devices.device(&id)?.effective(Role::Operator)?.scopes.clone())
}

#[cfg(test)]
mod tests {
    use openclaw_protocol::dialect::Dialect;

    use super::super::testing::{House, ask, by_token, keys, operator};
    use super::*;

    const FOR_ALL: [&str; 10] = [
        "ts",
        "version",
        "startedAtMs",
        "uptimeMs",
        "ready",
        "failing",
        "inContainer",
        "connections",
        "refused",
        "parts",
    ];

    #[tokio::test]
    async fn each_is_told_what_it_may_know() {
        let house = House::new();
        let own = house.pair(ask(1, Role::Operator, &["read", "pairing"])).await;
        house.file(ask(2, Role::Operator, &["read"])).await;
        for (caller, more) in [
            (operator(Dialect::V4, &["read"]), &[][..]),
            (by_token(Dialect::V4, &own, &["read", "pairing"]), &[]),
            (operator(Dialect::V4, &["read", "pairing"]), &["setup", "devices", "attention"]),
            (operator(Dialect::V4, &["admin"]), &["setup", "devices", "attention", "host"]),
        ] {
            let told = house.call(&caller, "gateway.overview", json!({})).await.unwrap();
            assert_eq!(keys(&told), [&FOR_ALL[..], more].concat(), "{:?}", caller.scopes);
            assert!(more.is_empty() || told["devices"]["pending"] == json!(1));
        }
    }

    #[tokio::test]
    async fn the_worst_comes_first_and_says_how_to_end_it() {
        let house = House::new();
        house.file(ask(2, Role::Operator, &["read"])).await;
        std::fs::write(&house.core.paths.config_path, "{ gateway: { mode: 'local', port: 'x' } }").unwrap();
        let admin = operator(Dialect::V4, &["admin"]);
        let told = house.call(&admin, "gateway.overview", json!({})).await.unwrap();
        let items = told["attention"].as_array().unwrap();
        assert_eq!((&items[0]["level"], &items[0]["topic"]), (&json!("error"), &json!("config")));
        assert_eq!(items[0]["fix"], json!("openclaw doctor --fix"));
        let waits = items.iter().find(|item| item["topic"] == json!("devices")).unwrap();
        assert_eq!(waits["message"], json!("1 device waits for approval."));
    }
}
