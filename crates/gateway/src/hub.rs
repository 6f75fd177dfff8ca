//! Who is connected, and how events reach them.
//!
//! An event is serialised once; each connection's outbox gets a reference and the session adds its own `seq`.
//! Who may see an event is decided here, by role and scope, for both dialects alike: default deny (ruling 1).

mod clients;

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use openclaw_protocol::close::Close;
use openclaw_protocol::connect::ConnectParams;
use openclaw_protocol::dialect::Dialect;
use openclaw_protocol::event::{self, EventGuard, EventName};
use openclaw_protocol::frame::{EventBody, StateVersion};
use openclaw_protocol::ids::{ConnId, DeviceId};
use openclaw_protocol::time::Millis;
use openclaw_protocol::words::{self, Words};
use serde::Serialize;
use tokio::sync::Notify;

use crate::outbox::{Item, Outbox, Replaces};
use crate::router::Authority;

pub use clients::Client;
use clients::Clients;

/// One admitted connection.
#[derive(Debug)]
pub struct Connection {
    /// Its id, as in `hello-ok.server.connId`.
    pub id: ConnId,
    /// Its dialect.
    pub dialect: Dialect,
    /// What it may do.
    pub authority: Authority,
    /// Whether it came in by what `gateway.auth` says: by token, password, a proxy's word, or by none being asked for.
    /// Then it ends when that changes. Not so what came by a device token, a code, or through the owner socket.
    pub by_gateway_auth: bool,
    /// The client's address as resolved; `None` on the owner socket.
    pub client_ip: Option<IpAddr>,
    /// What it is and how it got here.
    pub client: Arc<Client>,
    /// When it was admitted.
    pub since: Millis,
    /// When it last asked for something, milliseconds; 0: never yet.
    pub asked: AtomicU64,
    /// What it says it can do, when it is a node.
    pub declared: Option<Box<Declared>>,
    /// What waits to be written to it.
    pub outbox: Outbox,
}

/// What a node declared in its `connect`. Nothing of it is approved, and nothing of it may be used for that reason
/// alone: it is shown, so that the owner knows what an approval would be about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Declared {
    /// Its version.
    pub version: Words,
    /// Capabilities, sorted.
    pub caps: Vec<Words>,
    /// Commands, sorted.
    pub commands: Vec<Words>,
    /// Permissions of its host system.
    pub permissions: BTreeMap<Words, bool>,
    /// Its `PATH`.
    pub path_env: Option<String>,
}

/// Names kept of each declared list; the original's nodes declare some twenty.
const MAX_DECLARED: usize = 256;
/// Characters kept of a node's `PATH`.
const MAX_PATH_CHARS: usize = 4_096;

impl Declared {
    /// What the parameters of a node's `connect` declare.
    pub fn of(params: &ConnectParams) -> Self {
        let list = |names: &[String]| {
            let mut list: Vec<Words> =
                names.iter().take(MAX_DECLARED).filter_map(|name| Words::some(name)).collect();
            list.sort();
            list.dedup();
            list
        };
        Self {
            version: Words::new(&params.client.version),
            caps: list(&params.caps),
            commands: list(&params.commands),
            permissions: params
                .permissions
                .iter()
                .take(MAX_DECLARED)
                .map(|(name, granted)| (Words::new(name), *granted))
                .collect(),
            path_env: params.path_env.as_deref().map(|path| words::escape(path, MAX_PATH_CHARS)),
        }
    }

    /// Whether it offers nothing that could be approved.
    pub fn is_empty(&self) -> bool {
        self.caps.is_empty() && self.commands.is_empty() && self.permissions.is_empty()
    }
}

impl Connection {
    /// Whether this connection may see an event.
    pub fn may_see(&self, guard: &EventGuard) -> bool {
        guard.permits(self.authority.role, &self.authority.scopes)
    }
}

/// All admitted connections, and the versions of what is broadcast.
#[derive(Debug, Default)]
pub struct Hub {
    connections: Mutex<HashMap<ConnId, Arc<Connection>>>,
    clients: Clients,
    changed: Notify,
    presence_version: AtomicU64,
    health_version: AtomicU64,
}

impl Hub {
    fn connections(&self) -> MutexGuard<'_, HashMap<ConnId, Arc<Connection>>> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Enters a connection; from now on it receives events.
    pub fn enter(&self, connection: Arc<Connection>) {
        self.connections().insert(connection.id.clone(), connection);
        self.changed.notify_one();
    }

    /// Takes a connection out.
    pub fn leave(&self, id: &ConnId) {
        self.connections().remove(id);
        self.changed.notify_one();
    }

    /// The one copy of what is known of a client.
    pub fn share(&self, client: Client) -> Arc<Client> {
        self.clients.share(client)
    }

    /// Waits until somebody has come or gone since the last wait.
    pub async fn changed(&self) {
        self.changed.notified().await;
    }

    /// The connection with this id.
    pub fn find(&self, id: &ConnId) -> Option<Arc<Connection>> {
        self.connections().get(id).cloned()
    }

    /// How many connections there are.
    pub fn len(&self) -> usize {
        self.connections().len()
    }

    /// Whether nobody is connected.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The connections at this moment.
    pub fn all(&self) -> Vec<Arc<Connection>> {
        self.connections().values().cloned().collect()
    }

    /// Whether there is a connection for which `is` holds.
    pub fn any(&self, is: impl Fn(&Connection) -> bool) -> bool {
        self.connections().values().any(|connection| is(connection))
    }

    /// Whether a device has a connection.
    pub fn is_connected(&self, device: &DeviceId) -> bool {
        self.connections().values().any(|connection| connection.authority.device.as_ref() == Some(device))
    }

    /// The devices that have a connection.
    pub fn connected_devices(&self) -> std::collections::HashSet<DeviceId> {
        self.connections().values().filter_map(|connection| connection.authority.device.clone()).collect()
    }

    /// Broadcasts an event to everybody who may see it; answers to how many.
    pub fn broadcast(&self, name: &'static str, payload: &impl Serialize) -> usize {
        self.send(name, payload, None, Replaces::Nothing, |_| true)
    }

    /// Broadcasts to those who may see it and for whom `wanted` holds.
    pub fn broadcast_to(
        &self,
        name: &'static str,
        payload: &impl Serialize,
        wanted: impl Fn(&Connection) -> bool,
    ) -> usize {
        self.send(name, payload, None, Replaces::Nothing, wanted)
    }

    /// Broadcasts the presence list; a newer one replaces an older one that still waits.
    pub fn broadcast_presence(&self, payload: &impl Serialize) -> usize {
        self.send(EventName::PRESENCE, payload, Some(self.versions()), Replaces::Presence, |_| true)
    }

    /// Broadcasts the health summary; a newer one replaces an older one that still waits.
    pub fn broadcast_health(&self, payload: &impl Serialize, wanted: impl Fn(&Connection) -> bool) -> usize {
        self.send(EventName::HEALTH, payload, Some(self.versions()), Replaces::Health, wanted)
    }

    /// Broadcasts the clock tick that clients need to believe the connection is alive.
    pub fn tick(&self, now: Millis) {
        #[derive(Serialize)]
        struct Tick {
            ts: Millis,
        }
        self.send(EventName::TICK, &Tick { ts: now }, None, Replaces::Tick, |_| true);
    }

    /// Asks every session to ping its peer.
    pub fn ping_all(&self) {
        for connection in self.connections().values() {
            connection.outbox.push(Item::Ping, Replaces::Nothing);
        }
    }

    fn send(
        &self,
        name: &'static str,
        payload: &impl Serialize,
        versions: Option<StateVersion>,
        replaces: Replaces,
        wanted: impl Fn(&Connection) -> bool,
    ) -> usize {
        let body = Arc::new(EventBody::new(name, payload, versions));
        let guard = event::guard(name);
        let mut reached = 0;
        for connection in self.connections().values() {
            if connection.may_see(&guard) && wanted(connection) {
                connection.outbox.push(Item::Event(body.clone()), replaces);
                reached += 1;
            }
        }
        reached
    }

    /// Closes the connections for which `which` holds; answers how many.
    pub fn close_where(&self, close: &Close, which: impl Fn(&Connection) -> bool) -> usize {
        let mut closed = 0;
        for connection in self.connections().values().filter(|connection| which(connection)) {
            connection.outbox.end(close.clone());
            closed += 1;
        }
        closed
    }

    /// The counters that go with presence and health events.
    pub fn versions(&self) -> StateVersion {
        StateVersion {
            presence: self.presence_version.load(Ordering::Relaxed),
            health: self.health_version.load(Ordering::Relaxed),
        }
    }

    /// Presence changed.
    pub fn bump_presence(&self) -> u64 {
        self.presence_version.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Health was refreshed.
    pub fn bump_health(&self) -> u64 {
        self.health_version.fetch_add(1, Ordering::Relaxed) + 1
    }
}
