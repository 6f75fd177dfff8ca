//! The gateway without its sockets: everything a call, a connection or a command on a stopped gateway works with.

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use openclaw_admission::limiter::{CredentialClass, LimitKey, Limiter, Who};
use openclaw_admission::peer::{Whereabouts, bucket, is_listed};
use openclaw_admission::{Auth, Grant};
use openclaw_config::env::Env;
use openclaw_config::paths::Paths;
use openclaw_pairing::{Store, TokenKey};
use openclaw_protocol::connect::ConnectParams;
use openclaw_protocol::dialect::Dialect;
use openclaw_protocol::refusal::Refusal;
use openclaw_protocol::time::Millis;
use openclaw_protocol::words::Words;
use tokio::sync::{Notify, oneshot};

use crate::budget::ControlBudget;
use crate::caps::{Caps, Register};
use crate::claim::ClaimDesk;
use crate::health::Health;
use crate::history::History;
use crate::hub::{Connection, Hub};
use crate::journal::Journal;
use crate::logging::Logging;
use crate::presence::{self, Presence};
use crate::proxies::Proxies;
use crate::router::Router;
use crate::settings::Settings;
use crate::vantage::Vantages;
use crate::{rpc, version};

/// Whether there will be a restart: the reasons when not.
pub type Verdict = Result<(), Vec<String>>;

/// What stays the same from start to end.
#[derive(Debug, Clone)]
pub struct Facts {
    /// Name of this machine.
    pub hostname: String,
    /// Its main address.
    pub ip: Option<IpAddr>,
    /// `linux 6.18.44` and the like.
    pub platform: String,
    /// Whether this process runs in a container.
    pub in_container: bool,
    /// UUID of this run.
    pub boot_id: Arc<str>,
    /// Port that the gateway listens on; 0 for a stopped one.
    pub port: u16,
    /// The addresses that it listens on.
    pub listening: Vec<SocketAddr>,
}

/// The gateway.
pub struct Core {
    /// Where its files are.
    pub paths: Paths,
    /// The environment it was started with.
    pub env: Env,
    /// What stays the same.
    pub facts: Facts,
    /// The devices.
    pub store: Store,
    /// The connections.
    pub hub: Hub,
    /// Who is here.
    pub presence: Presence,
    /// How it feels.
    pub health: Health,
    /// The last refusals.
    pub journal: Journal,
    /// How busy the door has been.
    pub history: History,
    /// The methods.
    pub router: Router,
    /// The proxies that the log was told of.
    pub proxies: Proxies,
    /// Sockets that have not been admitted.
    pub unfinished: Register,
    /// Writes to the control plane.
    pub control_budget: ControlBudget,
    /// The log; `None` when the gateway does not run.
    pub logging: Option<Logging>,
    /// The claim code, as long as there is one.
    pub claim: ClaimDesk,
    /// Whether this process runs in a container.
    pub in_container: bool,
    /// How its commands are typed.
    pub vantage: Vantages,
    /// How long a client may take from the upgrade to its admission.
    pub handshake_patience: Duration,
    /// Held while this process waits for a child of its own, so that [`Core::reap_orphans`] does not take it.
    spawning: Mutex<()>,
    limiter: Mutex<Limiter>,
    settings: ArcSwap<Settings>,
    started: Instant,
    stopping: AtomicBool,
    restart: Notify,
    restart_asked: Mutex<Option<oneshot::Sender<Verdict>>>,
}

impl Core {
    /// Puts the parts together.
    pub fn new(
        paths: Paths,
        env: Env,
        settings: Settings,
        store: Store,
        facts: Facts,
        logging: Option<Logging>,
    ) -> Arc<Self> {
        let limiter = Limiter::new(settings.admission.limits);
        let number = |name: &str| env.get(name).and_then(|value| value.parse::<u64>().ok());
        let patience =
            number("OPENCLAW_HANDSHAKE_TIMEOUT_MS").map_or(Duration::from_secs(10), Duration::from_millis);
        let mut caps = Caps::default();
        if let Some(per_address) = number("OPENCLAW_MAX_PREAUTH_CONNECTIONS_PER_IP") {
            caps.per_address = usize::try_from(per_address).unwrap_or(usize::MAX).max(1);
        }
        let vantage = Vantages::new(&paths, &env, facts.in_container, &facts.hostname);
        Arc::new(Self {
            in_container: facts.in_container,
            router: rpc::router().speaking_to(vantage.client.clone()),
            vantage,
            handshake_patience: patience,
            hub: Hub::default(),
            presence: Presence::default(),
            health: Health::default(),
            journal: Journal::kept_in(paths.journal()),
            history: History::new(store.now()),
            proxies: Proxies::default(),
            unfinished: Register::new(caps),
            control_budget: ControlBudget::default(),
            claim: ClaimDesk::new(&env),
            spawning: Mutex::new(()),
            limiter: Mutex::new(limiter),
            settings: ArcSwap::from_pointee(settings),
            started: Instant::now(),
            stopping: AtomicBool::new(false),
            restart: Notify::new(),
            restart_asked: Mutex::new(None),
            paths,
            env,
            facts,
            store,
            logging,
        })
    }

    /// The settings in force.
    pub fn policy(&self) -> arc_swap::Guard<Arc<Settings>> {
        self.settings.load()
    }

    /// Takes new settings into force; running attempts finish with the old ones.
    pub fn set_policy(&self, settings: Settings) {
        self.limiter().set_limits(settings.admission.limits);
        self.settings.store(Arc::new(settings));
    }

    /// The key of the device tokens, under the shared secret in force.
    pub fn tokens(&self) -> TokenKey {
        self.store.token_key().under(self.policy().shared_secret())
    }

    /// The limiter.
    pub fn limiter(&self) -> MutexGuard<'_, Limiter> {
        self.limiter.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The time on the store's clock.
    pub fn now(&self) -> Millis {
        self.store.now()
    }

    /// Milliseconds since the start.
    pub fn uptime_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Whether the gateway takes work.
    pub fn is_ready(&self) -> bool {
        !self.stopping.load(Ordering::Relaxed)
    }

    /// Asks for a restart in place, and waits for the verdict: the reasons when there is to be none.
    pub async fn request_restart(&self) -> Verdict {
        let (verdict, told) = oneshot::channel();
        *self.restart_asked.lock().unwrap_or_else(PoisonError::into_inner) = Some(verdict);
        self.restart.notify_one();
        told.await.unwrap_or_else(|_| Err(vec!["Another request for a restart came in between".to_owned()]))
    }

    /// Waits until somebody asks for a restart. The verdict goes to the sender.
    pub async fn restart_wanted(&self) -> oneshot::Sender<Verdict> {
        loop {
            self.restart.notified().await;
            if let Some(asked) = self.restart_asked.lock().unwrap_or_else(PoisonError::into_inner).take() {
                return asked;
            }
        }
    }

    /// Ends connections whose grant was withdrawn; answers how many.
    pub fn close_invalidated(&self, why: &Refusal, which: impl Fn(&Connection) -> bool) -> usize {
        self.hub.close_where(&why.wire(Dialect::V4).close, which)
    }

    /// Does something that starts a child process and waits for it.
    pub fn while_spawning<T>(&self, work: impl FnOnce() -> T) -> T {
        let _held = self.spawning.lock().unwrap_or_else(PoisonError::into_inner);
        work()
    }

    /// Takes leave of ended processes whose parents are gone: as PID 1 or as their subreaper this process inherits
    /// them, and nobody else can.
    pub fn reap_orphans(&self) {
        if let Ok(_held) = self.spawning.try_lock() {
            openclaw_os::process::reap_orphans(|_| false);
        }
    }

    /// From now on the gateway goes down.
    pub fn begin_stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    /// What is wrong, by name, for `/readyz`.
    pub fn failing(&self) -> Vec<&'static str> {
        let trouble = self.store.trouble();
        let mut failing = Vec::new();
        if !self.is_ready() {
            failing.push("stopping");
        }
        if trouble.writer.is_some() {
            failing.push("pairing-store");
        }
        if trouble.view.is_some() {
            failing.push("devices-view");
        }
        failing
    }

    /// Whether a claim code is on show.
    pub fn is_claimable(&self) -> bool {
        self.claim.shows() && self.store.snapshot().latch().is_open()
    }

    /// Whether a peer may carry many clients: loopback, where tunnels and proxies live, and listed proxies.
    pub fn carries_others(&self, peer: IpAddr) -> bool {
        let peer = peer.to_canonical();
        peer.is_loopback() || is_listed(&self.policy().admission.trusted_proxies, peer)
    }

    /// Whether a bearer secret of an HTTP request is the gateway's; counts failures like a handshake's.
    pub fn bearer_is_right(&self, secret: &str, at: &Whereabouts) -> bool {
        let policy = self.policy();
        let expected = match &policy.admission.auth {
            Auth::Token(Some(expected)) | Auth::Password(Some(expected)) => expected,
            _ => return false,
        };
        let address = bucket(at.client.unwrap_or(IpAddr::from([127, 0, 0, 1])));
        let key = LimitKey { class: CredentialClass::Shared, who: Who::Address(address) };
        let now = self.now();
        let mut limiter = self.limiter();
        if limiter.locked_for(&key, now).is_some() {
            return false;
        }
        if expected.matches(secret.trim()) {
            limiter.succeed(&key, now)
        } else {
            limiter.count_failure(&key, now);
            false
        }
    }

    /// A connection was admitted.
    pub fn on_connect(&self, connection: &Connection, params: &ConnectParams, grant: &Grant) {
        self.health.refresh_soon();
        self.history.admitted(connection.since, self.hub.len());
        if !params.client.tracked_in_presence(connection.dialect) {
            return;
        }
        let client = &params.client;
        let words = |text: &str| Words::new(text).to_string();
        let optional = |text: &Option<String>| text.as_deref().map(words);
        let mut entry = presence::Entry {
            host: Some(optional(&client.display_name).unwrap_or_else(|| words(&client.id))),
            ip: connection.client_ip.filter(|ip| !ip.is_loopback()).map(|ip| ip.to_string()),
            version: Some(words(&client.version)),
            platform: Some(words(&client.platform)),
            device_family: optional(&client.device_family),
            model_identifier: optional(&client.model_identifier),
            time_zone: optional(&client.time_zone),
            mode: Some(words(&client.mode)),
            reason: Some("connect".to_owned()),
            ts: connection.since,
            device_id: grant.device.as_ref().map(ToString::to_string),
            roles: vec![grant.role.as_str().to_owned()],
            scopes: grant.scopes.to_strings(),
            instance_id: optional(&client.instance_id),
            online_since: Some(connection.since),
            ..presence::Entry::default()
        };
        entry.describe();
        self.hub.bump_presence();
        self.presence.set(connection.id.as_str(), entry);
    }

    /// A connection has ended.
    pub fn on_disconnect(&self, connection: &Connection) {
        let now = self.now();
        self.history.left(now, self.hub.len());
        self.hub.bump_presence();
        self.presence.goodbye(connection.id.as_str(), now);
    }

    /// The gateway's own line in the presence list.
    pub fn own_presence(&self) -> presence::Entry {
        let mut entry = presence::Entry {
            host: Some(self.facts.hostname.clone()),
            ip: self.facts.ip.map(|ip| ip.to_string()),
            version: Some(version::VERSION.to_owned()),
            platform: Some(self.facts.platform.clone()),
            device_family: Some("Linux".to_owned()),
            mode: Some("gateway".to_owned()),
            reason: Some("self".to_owned()),
            ts: self.now(),
            instance_id: Some(self.facts.boot_id.to_string()),
            ..presence::Entry::default()
        };
        entry.describe();
        entry
    }

    /// The presence list as it is now.
    pub fn presence_list(&self) -> Vec<presence::Json> {
        self.presence.list(&self.own_presence(), self.now())
    }
}
