//! What the gateway tells systemd while it runs (`Type=notify`): that it answers, that it lives, that it goes. Without a
//! supervisor all of it is nothing.

use std::sync::Arc;

use openclaw_os::notify::{self, State};

use crate::core::Core;

/// Says what has become true. A supervisor that cannot be told is a matter for the log, not for the gateway.
pub(crate) fn tell(state: &State) {
    if let Err(error) = notify::systemd(state) {
        tracing::warn!(subsystem = "gateway", "systemd was not told: {error}");
    }
}

/// Leaves the listening sockets with the supervisor for the time of its restarts. After a restart in place, or with
/// another port, the ones in use take the place of those that were left before.
pub(crate) fn keep(listeners: &[std::net::TcpListener]) {
    let sockets: Vec<_> = listeners.iter().map(std::os::fd::AsFd::as_fd).collect();
    if let Err(error) = notify::keep_sockets(&sockets) {
        tracing::warn!(subsystem = "gateway", "systemd does not keep the listening sockets: {error}");
    }
}

/// The gateway answers: the unit has started, and `systemctl status` shows where it listens.
pub(crate) fn ready(core: &Core) {
    tell(&State::Ready);
    tell(&State::Status(format!(
        "OpenClaw {} on port {}, {} devices paired",
        crate::version::VERSION,
        core.facts.port,
        core.store.snapshot().device_count(),
    )));
}

/// Gives the sign of life that `WatchdogSec=` asks for, for as long as the gateway really does work: from the same
/// runtime that serves connections, and through the locks that every decision takes. When those stand still, so does
/// the sign, and the supervisor starts the gateway again.
pub(crate) async fn watchdog(core: Arc<Core>) {
    let Some(period) = notify::watchdog_interval() else { return };
    let mut interval = tokio::time::interval(period);
    loop {
        interval.tick().await;
        drop(core.limiter());
        drop(core.store.snapshot());
        drop(core.policy());
        tell(&State::Watchdog);
    }
}
