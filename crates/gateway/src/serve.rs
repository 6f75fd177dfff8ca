//! The running gateway: its clocks, its broadcasts, and how it ends.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use openclaw_os::notify::State;
use openclaw_protocol::close::{self, Close};
use openclaw_protocol::dialect::Dialect;
use openclaw_protocol::event::EventName;
use openclaw_protocol::scope::Scope;
use serde_json::{Value, json};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::core::Core;
use crate::hello::TICK_INTERVAL_MS;
use crate::lifecycle::supervised;
use crate::{health, listener, news, presence};

/// Between WebSocket pings; a peer that answers none of two is gone.
const PING_INTERVAL: Duration = Duration::from_secs(25);
/// Fewest milliseconds between two broadcasts of presence or of health: four a second (ruling 4).
const BROADCAST_PAUSE: Duration = Duration::from_millis(250);
/// Bytes a second that presence broadcasts may put on the wire; with many clients they come less often.
const BROADCAST_BYTES_A_SECOND: usize = 32 * 1024 * 1024;
/// How long clients may take to read their farewell.
const FAREWELL_PATIENCE: Duration = Duration::from_millis(700);
/// How long HTTP requests that were accepted before the end may take until they are answered. A connection on which
/// nothing was ever asked, as browsers open them in advance, costs that much of every stop.
const ANSWER_PATIENCE: Duration = Duration::from_millis(200);

/// How the gateway ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// For good.
    Stop,
    /// To come back at once, in place.
    Restart,
}

/// Serves until `until` says how to end, then says goodbye.
pub(crate) async fn serve(
    core: Arc<Core>,
    tcp: Vec<TcpListener>,
    owner: Option<UnixListener>,
    until: impl Future<Output = Ending>,
) -> Ending {
    let (stop, stopped) = watch::channel(false);
    let (held, mut all_answered) = mpsc::channel(1);
    let door = listener::Door { stop: stopped, held };
    // Before anybody is let in, so that no revocation is missed.
    let changes = core.store.subscribe();
    let mut tasks = JoinSet::new();
    for listening in tcp {
        tasks.spawn(listener::accept_tcp(core.clone(), listening, door.clone()));
    }
    if let Some(owner) = owner {
        tasks.spawn(listener::accept_owner(core.clone(), owner, door.clone()));
    }
    tasks.spawn(tick(core.clone()));
    tasks.spawn(ping(core.clone()));
    tasks.spawn(broadcast_presence(core.clone()));
    tasks.spawn(broadcast_health(core.clone()));
    tasks.spawn(news::connections(core.clone()));
    tasks.spawn(news::refusals(core.clone()));
    tasks.spawn(crate::journal::keep(core.clone()));
    tasks.spawn(reap(core.clone()));
    tasks.spawn(crate::changes::follow(core.clone(), changes));
    tasks.spawn(supervised::watchdog(core.clone()));
    // Whoever waits for the gateway may come now: the sockets are accepted from.
    supervised::ready(&core);
    core.claim.show_if_needed(&core).await;

    let ending = until.await;
    supervised::tell(&match ending {
        Ending::Stop => State::Stopping,
        Ending::Restart => State::Reloading,
    });
    core.begin_stop();
    stop.send_replace(true);
    drop(door);
    let answered = tokio::time::timeout(ANSWER_PATIENCE, all_answered.recv());
    tokio::join!(say_goodbye(&core, ending), answered).0;
    tasks.abort_all();
    ending
}

async fn tick(core: Arc<Core>) {
    let mut interval = tokio::time::interval(Duration::from_millis(TICK_INTERVAL_MS));
    loop {
        interval.tick().await;
        core.hub.tick(core.now());
    }
}

async fn ping(core: Arc<Core>) {
    let mut interval = tokio::time::interval(PING_INTERVAL);
    interval.tick().await;
    loop {
        interval.tick().await;
        core.hub.ping_all();
    }
}

async fn reap(core: Arc<Core>) {
    let Ok(mut children) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::child()) else {
        return;
    };
    while children.recv().await.is_some() {
        core.reap_orphans();
    }
}

/// What a presence event carries.
#[derive(serde::Serialize)]
struct Present {
    presence: Vec<presence::Json>,
}

async fn broadcast_presence(core: Arc<Core>) {
    loop {
        core.presence.changed().await;
        let payload = Present { presence: core.presence_list() };
        let reached = core.hub.broadcast_presence(&payload);
        // A longer pause where the list is long and the listeners are many.
        let bytes = payload.presence.len() * 400 * reached;
        let pause = Duration::from_millis((bytes * 1_000 / BROADCAST_BYTES_A_SECOND) as u64);
        tokio::time::sleep(pause.max(BROADCAST_PAUSE)).await;
    }
}

async fn broadcast_health(core: Arc<Core>) {
    loop {
        core.health.wanted().await;
        core.hub.bump_health();
        let sees_all = |connection: &crate::hub::Connection| connection.authority.may(&Scope::ADMIN);
        core.hub.broadcast_health(&health::summary(&core, true), sees_all);
        core.hub.broadcast_health(&health::summary(&core, false), |connection| !sees_all(connection));
        tokio::time::sleep(BROADCAST_PAUSE).await;
    }
}

/// The `shutdown` event, then close 1012 for everybody (cli spec §16).
async fn say_goodbye(core: &Core, ending: Ending) {
    for dialect in [Dialect::V3, Dialect::V4] {
        let payload: Value = match (ending, dialect) {
            // Protocol 3 says the absent number aloud, and its clients know it so.
            (Ending::Stop, Dialect::V3) => json!({"reason": "gateway stopping", "restartExpectedMs": null}),
            (Ending::Stop, Dialect::V4) => json!({"reason": "gateway stopping"}),
            (Ending::Restart, _) => json!({"reason": "gateway restarting", "restartExpectedMs": 1_500}),
        };
        core.hub.broadcast_to(EventName::SHUTDOWN, &payload, |connection| connection.dialect == dialect);
    }
    core.hub.close_where(&Close::new(close::SERVICE_RESTART, "service restart"), |_| true);
    let deadline = Instant::now() + FAREWELL_PATIENCE;
    while !core.hub.is_empty() && Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
