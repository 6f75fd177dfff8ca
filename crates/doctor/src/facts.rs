//! What the checks look at. What can be read from files of this machine is gathered here; what a gateway or a
//! supervisor says is put in by the caller.

use std::path::{Path, PathBuf};

use openclaw_config::gateway::Mode;
use openclaw_config::{Env, LoadError, Loaded, Paths};
use openclaw_os::container::Container;
use openclaw_os::port_owner::Holder;
use openclaw_protocol::refusal::Vantage;
use openclaw_protocol::role::Role;
use openclaw_protocol::time::Millis;
use openclaw_service::Report;

mod devices;
mod local;

pub use devices::{Devices, Paired, SetAside, Source, Waiting};
pub use local::{DeadLock, Disk, FileFact, Local, OwnDevice};

/// Everything that is known.
pub struct Facts<'a> {
    /// Where things are.
    pub paths: &'a Paths,
    /// The environment of this command.
    pub env: &'a Env,
    /// The configuration, or why there is none.
    pub config: Result<&'a Loaded, &'a LoadError>,
    /// From where commands must work.
    pub vantage: &'a Vantage,
    /// Now.
    pub now: Millis,
    /// The version of this program.
    pub version: &'a str,
    /// The container this runs in.
    pub container: Option<Container>,
    /// What the files of this machine say.
    pub local: Local,
    /// The running gateway.
    pub gateway: Gateway,
    /// What a client of this machine meets at the gateway's address; `None` when it was not tried.
    pub door: Option<Door>,
    /// The port, and who listens on it; `None` when nobody could tell.
    pub port: (u16, Option<Vec<Holder>>),
    /// The supervisor's view; `None` when it was not asked.
    pub service: Option<&'a Report>,
    /// Devices and requests.
    pub devices: Devices,
}

/// The gateway of this state directory.
#[derive(Clone, Debug, PartialEq)]
pub enum Gateway {
    /// Nobody asked.
    Unasked,
    /// It does not run.
    Stopped,
    /// It runs, and its owner gets no answer: why.
    Silent(String),
    /// It answers its owner; the answer to `status`.
    Answers(serde_json::Value),
}

impl Gateway {
    /// A text of the section `gateway` of the answer.
    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        self.section("gateway")?.get(key)?.as_str()
    }

    /// A section of the answer.
    pub(crate) fn section(&self, name: &str) -> Option<&serde_json::Value> {
        match self {
            Self::Answers(status) => status.get(name),
            _ => None,
        }
    }
}

/// What a client of this machine met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Door {
    /// The address, without secrets.
    pub url: String,
    /// Who chose it.
    pub source: String,
    /// In, and how; or out, and why.
    pub outcome: Result<String, Refused>,
}

/// A client was not let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The sentence.
    pub sentence: String,
    /// The cause id, `C-08`.
    pub cause: Option<String>,
    /// The command that ends it.
    pub fix: Option<String>,
}

impl Facts<'_> {
    /// `openclaw …`, as it must be typed here.
    pub(crate) fn command(&self, words: &str) -> String {
        self.vantage.openclaw(words)
    }

    /// What to type for what `--fix` does.
    pub(crate) fn doctor_fix(&self) -> String {
        self.command("doctor --fix")
    }

    /// No gateway is meant to run here: `gateway.mode` is remote.
    pub(crate) fn is_remote(&self) -> bool {
        self.loaded().is_some_and(|loaded| loaded.gateway.mode == Some(Mode::Remote))
    }

    /// The configuration, when it could be read.
    pub(crate) fn loaded(&self) -> Option<&Loaded> {
        self.config.ok()
    }

    /// A path for people.
    pub(crate) fn short(&self, path: &Path) -> String {
        self.paths.short(path)
    }
}

/// A device token in this machine's cache. The token itself is not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CachedToken {
    /// The role it is for.
    pub role: Role,
    /// When it was stored.
    pub updated_at: Millis,
    /// The file.
    pub file: PathBuf,
}
