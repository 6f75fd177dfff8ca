//! The edges of a gateway's life: the signals that end or renew it, what its supervisor is told, and the port that
//! somebody else holds.

use std::io;

use tokio::signal::unix::{self, SignalKind};

pub mod port;
pub(crate) mod supervised;

/// What a signal asks for; the name is for the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Shut down and exit 0 (`SIGTERM`, `SIGINT`).
    Stop(&'static str),
    /// Restart in place (`SIGUSR1` as early-2026 tools send it, `SIGUSR2` as current ones do).
    Restart(&'static str),
}

/// The signals as a stream. From its making on none of them has its default effect any more, so make it early: a
/// restart signal would otherwise end the process. `SIGHUP` (the terminal went away) is swallowed.
#[derive(Debug)]
pub struct Signals {
    terminate: unix::Signal,
    interrupt: unix::Signal,
    user1: unix::Signal,
    user2: unix::Signal,
    hang_up: unix::Signal,
}

impl Signals {
    /// Takes over the signals. Must be called inside a Tokio runtime.
    pub fn new() -> io::Result<Self> {
        Ok(Self {
            terminate: unix::signal(SignalKind::terminate())?,
            interrupt: unix::signal(SignalKind::interrupt())?,
            user1: unix::signal(SignalKind::user_defined1())?,
            user2: unix::signal(SignalKind::user_defined2())?,
            hang_up: unix::signal(SignalKind::hangup())?,
        })
    }

    /// The next signal that means something. Nothing is lost when the future is dropped.
    pub async fn next(&mut self) -> Signal {
        loop {
            // A stop before a restart, when both have come.
            tokio::select! {
                biased;
                Some(()) = self.terminate.recv() => return Signal::Stop("SIGTERM"),
                Some(()) = self.interrupt.recv() => return Signal::Stop("SIGINT"),
                Some(()) = self.user1.recv() => return Signal::Restart("SIGUSR1"),
                Some(()) = self.user2.recv() => return Signal::Restart("SIGUSR2"),
                Some(()) = self.hang_up.recv() => tracing::debug!(subsystem = "gateway", "SIGHUP ignored"),
                // The runtime is going down: there will be no more signals.
                else => std::future::pending().await,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sends a signal to this very process.
    fn send(name: &str) {
        let status = std::process::Command::new("kill")
            .args([&format!("-{name}"), &std::process::id().to_string()])
            .status()
            .unwrap();
        assert!(status.success());
    }

    #[test]
    fn each_signal_has_its_meaning_and_hanging_up_has_none() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut signals = Signals::new().unwrap();
            for (name, expected) in [
                ("TERM", Signal::Stop("SIGTERM")),
                ("INT", Signal::Stop("SIGINT")),
                ("USR1", Signal::Restart("SIGUSR1")),
                ("USR2", Signal::Restart("SIGUSR2")),
            ] {
                send("HUP");
                send(name);
                assert_eq!(signals.next().await, expected);
            }
        });
    }
}
