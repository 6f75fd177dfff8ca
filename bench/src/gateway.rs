//! The running gateway: the real binary as a child process, ended by its own process id.

use std::net::SocketAddr;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};

use crate::peer::{Dial, Hello, Link, Params};
use crate::place::{Place, TOKEN};
use crate::proc::{self, Memory};

/// How long a start or a stop may take before something is broken.
const PATIENCE: Duration = Duration::from_secs(60);

/// A gateway process.
pub(crate) struct Gateway<'p> {
    /// Where it runs.
    pub(crate) place: &'p Place<'p>,
    /// When it was started.
    pub(crate) started: Instant,
    child: Child,
}

impl<'p> Gateway<'p> {
    /// Starts it and does not wait.
    pub(crate) fn launch(place: &'p Place<'p>) -> Result<Gateway<'p>> {
        let mut command = place.command(&["gateway", "run"]);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let started = Instant::now();
        let child = command.spawn().context("the gateway does not start")?;
        Ok(Gateway { place, started, child })
    }

    /// Starts it and waits until it answers.
    pub(crate) async fn start(place: &'p Place<'p>) -> Result<Gateway<'p>> {
        let mut gateway = Gateway::launch(place)?;
        gateway.first_answer(&Dial::owner(place), &Params::cli()).await?;
        Ok(gateway)
    }

    /// Knocks until a `health` call was answered, and returns the link with the time from the start until then.
    pub(crate) async fn first_answer(&mut self, dial: &Dial, params: &Params) -> Result<(Link, Duration)> {
        loop {
            let end = match answer(dial, params).await {
                Ok(link) => return Ok((link, self.started.elapsed())),
                Err(error) => error,
            };
            if let Some(status) = self.child.try_wait()? {
                bail!(
                    "the gateway ended with {status} instead of answering; run `openclaw gateway run` to see why"
                );
            }
            ensure!(self.started.elapsed() < PATIENCE, "the gateway does not answer: {end:#}");
            // Short enough not to blur what is measured, long enough to leave the gateway its processor.
            tokio::time::sleep(Duration::from_micros(200)).await;
        }
    }

    /// Its process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Its loopback address.
    pub(crate) fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.place.port))
    }

    /// Its memory now.
    pub(crate) fn memory(&self) -> Result<Memory> {
        Memory::of(self.pid())
    }

    /// The processor time it has used.
    pub(crate) fn cpu_seconds(&self) -> Result<f64> {
        proc::cpu_seconds(self.pid())
    }

    /// A link with the owner's authority.
    pub(crate) async fn owner(&self) -> Result<Link> {
        let (link, hello) = Dial::owner(self.place).open().await?.connect(&Params::cli()).await?;
        ensure!(matches!(hello, Hello::Admitted(_)), "the owner is not let in: {hello:?}");
        Ok(link)
    }

    /// The params of a client that brings the gateway's token.
    pub(crate) fn with_token(params: Params) -> Params {
        params.token(TOKEN)
    }

    /// Ends it in the orderly way, and says how long that took.
    pub(crate) fn stop(mut self) -> Result<Duration> {
        let asked = Instant::now();
        kill_process(Pid::from_child(&self.child), Signal::TERM)?;
        loop {
            if let Some(status) = self.child.try_wait()? {
                ensure!(status.success(), "the gateway ended with {status}");
                return Ok(asked.elapsed());
            }
            ensure!(asked.elapsed() < PATIENCE, "the gateway does not end");
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

impl Drop for Gateway<'_> {
    fn drop(&mut self) {
        // After an orderly stop both fail, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn answer(dial: &Dial, params: &Params) -> Result<Link> {
    let (mut link, hello) = dial.open().await?.connect(params).await?;
    ensure!(matches!(hello, Hello::Admitted(_)), "not let in: {hello:?}");
    link.call("health", &serde_json::json!({})).await?;
    Ok(link)
}
