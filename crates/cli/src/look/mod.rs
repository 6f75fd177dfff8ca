//! Looking: everything there is to know about this machine's gateway, gathered once and side by side. `status`,
//! `gateway status` and `doctor` read the same [`Survey`] and only differ in what they make of it.
//!
//! Nothing here changes anything, on disk or at the gateway (F-06). Every part has its own time limit, so that a part
//! that hangs costs its own answer and no other.

pub(crate) mod attention;
pub(crate) mod config;
pub(crate) mod devices;
pub(crate) mod last_error;
pub(crate) mod owner;
pub(crate) mod port;
pub(crate) mod probe;
pub(crate) mod secrets;
pub(crate) mod service;
pub(crate) mod setup;
#[cfg(test)]
pub(crate) mod testing;
pub(crate) mod trouble;

use std::time::{Duration, Instant};

use openclaw_client::GatewayUrl;
use openclaw_os::lock::{self, LockHeldBy};
use openclaw_protocol::refusal::Help;
use openclaw_service::Report;

use crate::args::reach::ReachArgs;
use crate::context::Context;
use crate::failure::Failure;
use crate::reach::{Inputs, page_of};
use crate::ui::time;

pub(crate) use config::ConfigFacts;
pub(crate) use devices::DeviceCounts;
pub(crate) use owner::OwnerView;
pub(crate) use port::PortFacts;
pub(crate) use probe::Probe;
pub(crate) use secrets::SecretLine;
pub(crate) use setup::Setup;
pub(crate) use trouble::Trouble;

/// What a look should go into, and how long it may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wishes {
    /// Try the gateway's address as a client would.
    pub(crate) probe: bool,
    /// Ask the supervisor about every service that looks like a gateway, not just about ours.
    pub(crate) deep: bool,
    /// The most that any one part may take.
    pub(crate) patience: Duration,
}

/// Everything that was found.
#[derive(Debug)]
pub(crate) struct Survey {
    /// When it was made, milliseconds since the epoch.
    pub(crate) at_ms: u64,
    /// How long that took, milliseconds.
    pub(crate) took_ms: u64,
    /// The gateway of this machine is meant: no other address was given and `gateway.mode` is not remote.
    pub(crate) is_own: bool,
    /// The configuration file.
    pub(crate) config: ConfigFacts,
    /// Port, bind and authentication, each with where it comes from.
    pub(crate) setup: Setup,
    /// Every place that holds a shared secret, in the order in which they count.
    pub(crate) secrets: Vec<SecretLine>,
    /// The service that runs it; `None` when looking took too long.
    pub(crate) service: Option<Report>,
    /// Who listens on the port.
    pub(crate) port: PortFacts,
    /// Who holds the state directory.
    pub(crate) lock: Option<LockHeldBy>,
    /// What the gateway tells its owner.
    pub(crate) owner: OwnerView,
    /// What a client meets; `None` when it was not asked for.
    pub(crate) probe: Option<Probe>,
    /// Operators, nodes and waiting requests.
    pub(crate) devices: DeviceCounts,
    /// What is wrong with disk, log and store.
    pub(crate) troubles: Vec<Trouble>,
}

impl Survey {
    /// Looks.
    ///
    /// # Errors
    /// When the options cannot be read. What is wrong with the gateway is a finding, not an error.
    pub(crate) async fn gather(
        context: &Context,
        args: &ReachArgs,
        wishes: Wishes,
    ) -> Result<Survey, Failure> {
        let begun = Instant::now();
        let at_ms = time::now_ms();
        let inputs = Inputs::gather(context, args)?;
        let setup = Setup::of(context, &inputs);
        let service = service::look(context, &setup, wishes);
        let gateway = async {
            let owner = owner::ask(context, &inputs, wishes.patience).await;
            // After the owner's view: that one tells whether this machine's device may be shown at the door.
            let probe = if wishes.probe {
                Some(probe::attempt(context, &inputs, &owner, wishes.patience).await)
            } else {
                None
            };
            (owner, probe)
        };
        let (service, (owner, probe)) = tokio::join!(service, gateway);
        let port = PortFacts::of(setup.port, service.as_ref());
        let devices = DeviceCounts::of(context, &owner);
        let mut survey = Survey {
            at_ms,
            took_ms: 0,
            is_own: inputs.is_own(),
            config: ConfigFacts::of(context),
            secrets: secrets::of(context, &inputs, &owner, service.as_ref()),
            setup,
            service,
            port,
            lock: lock::held_by(&context.paths.state_dir),
            troubles: trouble::of(context, &owner),
            owner,
            probe,
            devices,
        };
        survey.took_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        Ok(survey)
    }

    /// The gateway of this state directory runs: its socket answers, or its lock is held by a gateway.
    pub(crate) fn is_running(&self) -> bool {
        self.owner.is_answering()
            || self.lock.as_ref().is_some_and(|held| held.purpose != Some(lock::Purpose::Command))
    }

    /// What a start would say instead of starting; nothing while a gateway runs, or when the file itself is the trouble.
    pub(crate) fn would_refuse(&self) -> Option<&[String]> {
        self.setup.refusal.as_deref().filter(|_| self.config.valid && !self.is_running())
    }

    /// Its process, as far as anybody knows it.
    pub(crate) fn pid(&self) -> Option<u32> {
        let told = self.owner.gateway("pid").and_then(serde_json::Value::as_u64);
        let held = || self.lock.as_ref().filter(|_| self.is_running()).and_then(|held| held.pid);
        told.and_then(|pid| u32::try_from(pid).ok()).or_else(held)
    }

    /// The command that lets a client of this machine in again, when it is not let in. What this shell sends can be
    /// told from here, and then it is that which has to change.
    pub(crate) fn probe_fix(&self) -> Option<String> {
        let miss = self.probe.as_ref()?.missed()?;
        let known = self.tokens_differ().and_then(|help| help.fix.clone());
        known.or_else(|| miss.failure.fix_command().map(str::to_owned))
    }

    /// Both sides of a refused token (C-08). The gateway may not tell them to whom it refuses; here they are known.
    pub(crate) fn tokens_differ(&self) -> Option<&Help> {
        let miss = self.probe.as_ref()?.missed()?;
        let line = self.stale_of_shell().filter(|_| miss.failure.text_field("cause") == Some("C-08"))?;
        line.help.as_ref()
    }

    /// What this machine's command line may do: as the gateway's owner everything, where it is the owner and clients get
    /// in at all; else what the probe was granted.
    pub(crate) fn capability(&self) -> &'static str {
        match &self.probe {
            Some(probe) if probe.reached().is_some() && self.is_own && self.owner.is_answering() => {
                "admin-capable"
            }
            Some(probe) => probe.capability(),
            None => "unknown",
        }
    }

    /// Where the dashboard of the gateway is that is meant; nothing when it is switched off.
    pub(crate) fn dashboard_url(&self) -> Option<String> {
        if self.is_own {
            return self.setup.dashboard_url();
        }
        GatewayUrl::parse(&self.probe.as_ref()?.url).ok().map(|url| page_of(&url))
    }

    /// The secret that commands in this shell send and that the gateway refuses.
    pub(crate) fn stale_of_shell(&self) -> Option<&SecretLine> {
        self.secrets.iter().find(|line| line.is_trouble() && line.reader == secrets::Reader::Commands)
    }

    /// The version of the gateway that was reached.
    pub(crate) fn gateway_version(&self) -> Option<String> {
        let probed = || self.probe.as_ref().and_then(|probe| probe.reached()).map(|hit| hit.version.clone());
        self.owner.gateway_text("version").or_else(probed)
    }
}
