//! A gateway without sockets for tests: a state directory of its own, a clock that stands still, callers of every kind.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use openclaw_config::env::Env;
use openclaw_config::paths::Paths;
use openclaw_config::start::{self, Overrides};
use openclaw_pairing::{
    Ask, CallerAuthority, Mutation, Outcome, PeerKey, Request, StatePaths, Store, StoreOptions,
};
use openclaw_protocol::dialect::Dialect;
use openclaw_protocol::error::ErrorShape;
use openclaw_protocol::hello::AuthMethod;
use openclaw_protocol::ids::{ConnId, DeviceId};
use openclaw_protocol::role::Role;
use openclaw_protocol::scope::{Scope, ScopeSet};
use openclaw_protocol::time::Millis;
use openclaw_protocol::words::Words;
use serde_json::Value;
use tempfile::TempDir;

use crate::core::{Core, Facts};
use crate::hub::{Client, Connection, Declared};
use crate::outbox::{End, Item, Outbox};
use crate::router::Authority;
use crate::settings::Settings;

/// The shared token of the test gateway.
pub(crate) const TOKEN: &str = "TOK-secret-123";
/// The test's beginning of time.
pub(crate) const START: u64 = 1_795_159_800_000;
pub(crate) const DIALECTS: [Dialect; 2] = [Dialect::V3, Dialect::V4];

pub(crate) struct House {
    pub(crate) core: Arc<Core>,
    clock: Arc<AtomicU64>,
    pub(crate) dir: TempDir,
}

impl House {
    pub(crate) fn new() -> Self {
        Self::with_config(&format!(
            "{{\n  // mine\n  gateway: {{ mode: 'local', auth: {{ mode: 'token', token: '{TOKEN}' }} }},\n}}\n"
        ))
    }

    pub(crate) fn with_config(text: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let paths = Paths::in_state_dir(dir.path());
        std::fs::write(&paths.config_path, text).unwrap();
        let env = Env::from_pairs([("HOME", dir.path().to_str().unwrap())]);
        let loaded = openclaw_config::load(&paths, &env).unwrap();
        let plan = start::plan(&loaded, &paths, &Overrides::default()).unwrap();
        let clock = Arc::new(AtomicU64::new(START));
        let mut options = StoreOptions::for_state_dir(dir.path());
        let hand = clock.clone();
        options.clock = Arc::new(move || Millis(hand.load(Ordering::SeqCst)));
        let (store, _) = Store::open(StatePaths::in_state_dir(dir.path()), options).unwrap();
        let facts = Facts {
            hostname: "vm".to_owned(),
            ip: Some("192.0.2.10".parse().unwrap()),
            platform: "linux 6.18.44".to_owned(),
            in_container: false,
            boot_id: "boot".into(),
            port: 18_789,
            listening: vec!["127.0.0.1:18789".parse().unwrap()],
        };
        let settings = Settings::new(loaded, plan, Vec::new());
        Self { core: Core::new(paths, env, settings, store, facts, None), clock, dir }
    }

    pub(crate) fn pass(&self, ms: u64) {
        self.clock.fetch_add(ms, Ordering::SeqCst);
    }

    pub(crate) async fn call(
        &self,
        caller: &Authority,
        method: &str,
        params: Value,
    ) -> Result<Value, ErrorShape> {
        let params = serde_json::value::to_raw_value(&params).unwrap();
        let call = self.core.router.call(&self.core, caller, method, Some(&params));
        call.map_err(|refused| refused.error)?.reply.await
    }

    /// What was written to the configuration file.
    pub(crate) fn config(&self) -> Value {
        let loaded = openclaw_config::load(&self.core.paths, &self.core.env).unwrap();
        loaded.source
    }

    /// Files a request of a device.
    pub(crate) async fn file(&self, ask: Ask) -> Arc<Request> {
        match self.core.store.apply(Mutation::File(ask)).await.unwrap().outcome {
            Outcome::Filed { request, .. } => request,
            other => panic!("{other:?}"),
        }
    }

    /// Pairs a device with what it asks for.
    pub(crate) async fn pair(&self, ask: Ask) -> DeviceId {
        let request = self.file(ask).await;
        let approve = Mutation::Approve {
            request: request.id.clone(),
            caller: CallerAuthority::owner(),
            expect: None,
            scopes: None,
            replace: None,
        };
        self.core.store.apply(approve).await.unwrap();
        request.device_id.clone()
    }

    /// Enters a connection of this caller into the hub.
    pub(crate) fn connect(&self, mut authority: Authority) -> Arc<Connection> {
        let id = ConnId::random();
        authority.conn = Some(id.clone());
        let connection = Arc::new(Connection {
            id,
            dialect: authority.dialect,
            declared: (authority.role == Role::Node).then(|| {
                Box::new(Declared {
                    version: Words::new("1.0.0"),
                    caps: vec![Words::new("system")],
                    commands: vec![Words::new("system.run")],
                    ..Declared::default()
                })
            }),
            authority,
            by_gateway_auth: false,
            client_ip: Some("203.0.113.9".parse().unwrap()),
            client: self.core.hub.share(Client {
                id: Words::new("cli"),
                mode: Words::new("cli"),
                version: Words::new("2026.9.6"),
                platform: Words::new("linux"),
                name: None,
                path: Words::new("direct"),
                proxy: None,
                local: false,
                method: AuthMethod::Token,
            }),
            since: self.core.now(),
            asked: AtomicU64::new(0),
            outbox: Outbox::default(),
        });
        self.core.hub.enter(connection.clone());
        connection
    }
}

/// Scopes by their short names.
pub(crate) fn scopes(names: &[&str]) -> ScopeSet {
    names.iter().map(|name| Scope::known(&format!("operator.{name}")).unwrap()).collect()
}

/// An operator with the shared secret and these scopes.
pub(crate) fn operator(dialect: Dialect, names: &[&str]) -> Authority {
    Authority { scopes: scopes(names), owner: false, dialect, ..Authority::owner() }
}

/// The owner, in that dialect.
pub(crate) fn owner(dialect: Dialect) -> Authority {
    Authority { dialect, ..Authority::owner() }
}

/// A device with its own token.
pub(crate) fn by_token(dialect: Dialect, device: &DeviceId, names: &[&str]) -> Authority {
    Authority { device: Some(device.clone()), by_device_token: true, ..operator(dialect, names) }
}

/// A node.
pub(crate) fn node(dialect: Dialect, device: &DeviceId) -> Authority {
    Authority {
        role: Role::Node,
        scopes: ScopeSet::EMPTY,
        device: Some(device.clone()),
        ..operator(dialect, &[])
    }
}

/// What device number `n` asks for, as a command line on another machine would.
pub(crate) fn ask(n: u8, role: Role, names: &[&str]) -> Ask {
    let public_key = [n; 32];
    Ask {
        device_id: DeviceId::of_public_key(&public_key),
        public_key,
        role,
        scopes: scopes(names),
        client_id: Words::new("cli"),
        client_mode: Words::new("cli"),
        display_name: None,
        platform: Some(Words::new("linux")),
        device_family: None,
        remote_ip: Some("203.0.113.9".parse().unwrap()),
        origin: None,
        peer: PeerKey::of("203.0.113.9".parse().unwrap()),
        seen: None,
    }
}

/// The keys of an object, in their order.
pub(crate) fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap_or_else(|| panic!("{value}")).keys().map(String::as_str).collect()
}

/// The events that wait to be written to a connection, as name and payload, and how it ends if it does.
pub(crate) fn drain(connection: &Connection) -> (Vec<(String, Value)>, Option<End>) {
    let mut events = Vec::new();
    loop {
        match connection.outbox.try_next() {
            Some(Ok(Item::Event(body))) => {
                let frame: Value = serde_json::from_str(&body.with_seq(1)).unwrap();
                events.push((frame["event"].as_str().unwrap().to_owned(), frame["payload"].clone()));
            }
            Some(Ok(other)) => panic!("{other:?}"),
            Some(Err(end)) => return (events, Some(end)),
            None => return (events, None),
        }
    }
}
