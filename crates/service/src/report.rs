//! How the service is: what `gateway status` and `doctor` show of it (cli spec §6.2 and §15).

use std::collections::BTreeMap;
use std::path::PathBuf;

use openclaw_os::port_owner::Holder;
use openclaw_protocol::refusal::Os;
use openclaw_protocol::secret::Secret;
use serde_json::{Map, Value, json};

use crate::audit::Issue;
use crate::legacy::Extra;
use crate::running::Running;

/// Who supervises services on a system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manager {
    /// systemd, the account's own instance.
    Systemd,
    /// launchd, the account's own domain.
    Launchd,
    /// The task scheduler of Windows, which this version does not drive.
    ScheduledTask,
}

impl Manager {
    /// The one of a system.
    #[must_use]
    pub fn of(os: Os) -> Self {
        match os {
            Os::Linux => Self::Systemd,
            Os::MacOs => Self::Launchd,
            Os::Windows => Self::ScheduledTask,
        }
    }

    /// `systemd`, `LaunchAgent`, `Scheduled Task`: the word after `Service:`.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Systemd => "systemd",
            Self::Launchd => "LaunchAgent",
            Self::ScheduledTask => "Scheduled Task",
        }
    }

    /// What stands in parentheses behind it when the service will be started by itself.
    #[must_use]
    pub fn loaded_text(self) -> &'static str {
        match self {
            Self::Systemd => "enabled",
            Self::Launchd => "loaded",
            Self::ScheduledTask => "registered",
        }
    }

    /// The same when not.
    #[must_use]
    pub fn not_loaded_text(self) -> &'static str {
        match self {
            Self::Systemd => "disabled",
            Self::Launchd => "not loaded",
            Self::ScheduledTask => "missing",
        }
    }
}

/// Whether the service runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Status {
    /// It does.
    Running,
    /// It does not.
    Stopped,
    /// Nobody could be asked.
    #[default]
    Unknown,
}

impl Status {
    /// The word after `Runtime:`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Stopped => "stopped",
            Self::Unknown => "unknown",
        }
    }
}

/// What the supervisor knows about the process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Runtime {
    /// Running, stopped or unknown.
    pub status: Status,
    /// systemd's `ActiveState`, launchd's `state`.
    pub state: Option<String>,
    /// systemd's `SubState`.
    pub sub_state: Option<String>,
    /// The main process.
    pub pid: Option<u32>,
    /// How its last process ended.
    pub last_exit_status: Option<i32>,
    /// `exited`, `killed`, `dumped`.
    pub last_exit_reason: Option<String>,
    /// How often the supervisor has started it again by itself.
    pub restarts: Option<u32>,
    /// Why nothing is known, or what is odd.
    pub detail: Option<String>,
    /// The supervisor knows no such unit.
    pub missing_unit: bool,
}

impl Runtime {
    /// `running (pid 4242, state active, sub running, last exit 0, reason exited)`.
    #[must_use]
    pub fn line(&self) -> String {
        let mut facts = Vec::new();
        if let Some(pid) = self.pid {
            facts.push(format!("pid {pid}"));
        }
        if let Some(state) = &self.state {
            facts.push(format!("state {state}"));
        }
        if let Some(sub) = &self.sub_state {
            facts.push(format!("sub {sub}"));
        }
        if let Some(exit) = self.last_exit_status {
            facts.push(format!("last exit {exit}"));
        }
        if let Some(reason) = &self.last_exit_reason {
            facts.push(format!("reason {reason}"));
        }
        if let Some(detail) = &self.detail {
            facts.push(detail.clone());
        }
        match facts.is_empty() {
            true => self.status.as_str().to_owned(),
            false => format!("{} ({})", self.status.as_str(), facts.join(", ")),
        }
    }

    fn json(&self) -> Value {
        let mut out = Map::new();
        out.insert("status".into(), json!(self.status.as_str()));
        let mut put = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                out.insert(name.to_owned(), value);
            }
        };
        put("state", self.state.as_ref().map(|text| json!(text)));
        put("subState", self.sub_state.as_ref().map(|text| json!(text)));
        put("pid", self.pid.map(|pid| json!(pid)));
        put("lastExitStatus", self.last_exit_status.map(|code| json!(code)));
        put("lastExitReason", self.last_exit_reason.as_ref().map(|text| json!(text)));
        put("restarts", self.restarts.map(|count| json!(count)));
        put("detail", self.detail.as_ref().map(|text| json!(text)));
        put("missingUnit", self.missing_unit.then(|| json!(true)));
        Value::Object(out)
    }
}

/// What a definition says the supervisor shall run. Values of variables can be secrets, so it prints names only.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Definition {
    /// The program and its arguments.
    pub arguments: Vec<String>,
    /// Its working directory.
    pub working_directory: Option<PathBuf>,
    /// All variables, with what they are set to.
    pub(crate) environment: BTreeMap<String, String>,
    /// Variables that come from an `EnvironmentFile=`.
    pub(crate) from_files: Vec<String>,
    /// The file it was read from.
    pub path: PathBuf,
}

/// Variables that may be shown (cli spec §6.2).
const SHOWN: [&str; 5] = [
    "OPENCLAW_PROFILE",
    "OPENCLAW_STATE_DIR",
    "OPENCLAW_CONFIG_PATH",
    "OPENCLAW_GATEWAY_PORT",
    "OPENCLAW_NIX_MODE",
];

impl Definition {
    /// The variables that may be shown, in the order of the specification.
    pub fn shown_environment(&self) -> impl Iterator<Item = (&'static str, &str)> {
        SHOWN.into_iter().filter_map(|name| Some((name, self.environment.get(name)?.as_str())))
    }

    /// The program and its arguments as they may be shown: older units carry the token there.
    #[must_use]
    pub fn shown_arguments(&self) -> Vec<String> {
        openclaw_os::process::without_secrets(&self.arguments)
    }

    /// A variable that is no secret.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<&str> {
        let plain = SHOWN.contains(&name)
            || name.starts_with("OPENCLAW_SERVICE_")
            || ["OPENCLAW_SYSTEMD_UNIT", "OPENCLAW_LAUNCHD_LABEL", "HOME", "PATH"].contains(&name);
        self.environment.get(name).filter(|_| plain).map(String::as_str)
    }

    /// Names of the variables that somebody put there and that a new definition would not have: a provider's key, the
    /// gateway's password. The gateway token is not among them; it is moved.
    #[must_use]
    pub fn variables_of_others(&self) -> Vec<&str> {
        self.environment
            .keys()
            .map(String::as_str)
            .filter(|name| !crate::place::is_own_variable(name))
            .collect()
    }

    /// The gateway token that the definition carries, which it should not.
    #[must_use]
    pub fn token(&self) -> Option<Secret> {
        ["OPENCLAW_GATEWAY_TOKEN", "CLAWDBOT_GATEWAY_TOKEN"]
            .iter()
            .find_map(|name| self.environment.get(*name))
            .and_then(|text| Secret::present(text))
    }

    /// The port that its arguments or variables name.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        let given =
            self.arguments.iter().enumerate().find_map(|(at, word)| match word.strip_prefix("--port") {
                Some("") => self.arguments.get(at + 1).map(String::as_str),
                Some(rest) => rest.strip_prefix('='),
                None => None,
            });
        given
            .or_else(|| self.environment.get("OPENCLAW_GATEWAY_PORT").map(String::as_str))?
            .trim()
            .parse()
            .ok()
    }

    /// The version of the program that wrote it.
    #[must_use]
    pub fn version(&self) -> Option<&str> {
        self.variable("OPENCLAW_SERVICE_VERSION")
    }

    fn json(&self) -> Value {
        let shown: Map<String, Value> =
            self.shown_environment().map(|(name, value)| (name.to_owned(), json!(value))).collect();
        let sources: Map<String, Value> = self
            .shown_environment()
            .map(|(name, _)| {
                let file = self.from_files.iter().any(|other| other == name);
                (name.to_owned(), json!(if file { "file" } else { "inline" }))
            })
            .collect();
        let mut out = Map::new();
        out.insert("programArguments".into(), json!(self.shown_arguments()));
        if let Some(dir) = &self.working_directory {
            out.insert("workingDirectory".into(), json!(dir));
        }
        out.insert("environment".into(), Value::Object(shown));
        out.insert("environmentValueSources".into(), Value::Object(sources));
        out.insert("sourcePath".into(), json!(self.path));
        Value::Object(out)
    }
}

impl std::fmt::Debug for Definition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Definition")
            .field("arguments", &self.shown_arguments())
            .field("variables", &self.environment.keys())
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

/// Whether the account's services go on after it has logged out, and start with the machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Linger {
    /// They do.
    Enabled,
    /// They end with the last session.
    Disabled,
    /// Not a question on this system, or nobody could be asked.
    #[default]
    Unknown,
}

/// Everything that is known about the service of one gateway.
#[derive(Clone, Debug)]
pub struct Report {
    /// Who would supervise it.
    pub manager: Manager,
    /// Why that one cannot be used; `None` when it can.
    pub unusable: Option<String>,
    /// What the service is called there.
    pub name: String,
    /// The definition file as it should be called, whether it is there or not.
    pub definition_path: Option<PathBuf>,
    /// The definition, when there is one and it can be read.
    pub definition: Option<Definition>,
    /// There is a definition file.
    pub installed: bool,
    /// The supervisor starts it by itself.
    pub enabled: bool,
    /// What the supervisor knows about its process.
    pub runtime: Runtime,
    /// What is wrong or out of date in the definition.
    pub issues: Vec<Issue>,
    /// Services that older products left behind, and others that look like a gateway.
    pub extra: Vec<Extra>,
    /// Whether the service survives a log-out.
    pub linger: Linger,
    /// The gateway that works on this state directory now, whoever started it.
    pub running: Option<Running>,
    /// Everybody who listens on the configured port.
    pub listeners: Vec<Holder>,
}

impl Report {
    /// The gateway that runs on this state directory without a supervisor.
    #[must_use]
    pub fn unmanaged(&self) -> Option<&Running> {
        self.running.as_ref().filter(|running| running.unit.is_none())
    }

    /// `enabled` or `disabled`, in the words of the supervisor.
    #[must_use]
    pub fn loaded_text(&self) -> &'static str {
        if self.enabled { self.manager.loaded_text() } else { self.manager.not_loaded_text() }
    }

    /// The `service` object of `gateway status --json`: the keys of both generations.
    #[must_use]
    pub fn service_json(&self) -> Value {
        json!({
            "label": self.manager.label(),
            "name": self.name,
            "installed": self.installed,
            "loaded": self.enabled,
            "loadedText": self.manager.loaded_text(),
            "notLoadedText": self.manager.not_loaded_text(),
            "loadState": if self.installed { "loaded" } else { "not-found" },
            "systemdInstallation": if self.installed { "installed" } else { "missing" },
            "unusable": self.unusable,
            "command": self.definition.as_ref().map(Definition::json),
            "runtime": self.runtime.json(),
            "configAudit": {
                "ok": self.issues.is_empty(),
                "issues": self.issues.iter().map(Issue::json).collect::<Vec<_>>(),
            },
            "unmanaged": self.unmanaged().map(Running::json),
            "linger": match self.linger {
                Linger::Enabled => json!(true),
                Linger::Disabled => json!(false),
                Linger::Unknown => Value::Null,
            },
        })
    }

    /// `extraServices` of `gateway status --json`.
    #[must_use]
    pub fn extra_json(&self) -> Value {
        self.extra.iter().map(Extra::json).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_runtime_line_of_the_guides() {
        let runtime = Runtime {
            status: Status::Running,
            state: Some("active".into()),
            sub_state: Some("running".into()),
            pid: Some(4242),
            last_exit_status: Some(0),
            last_exit_reason: Some("exited".into()),
            ..Runtime::default()
        };
        assert_eq!(
            runtime.line(),
            "running (pid 4242, state active, sub running, last exit 0, reason exited)"
        );
        assert_eq!(Runtime { status: Status::Stopped, ..Runtime::default() }.line(), "stopped");
        assert_eq!(
            Runtime { detail: Some("no bus".into()), ..Runtime::default() }.line(),
            "unknown (no bus)"
        );
    }

    #[test]
    fn a_definition_never_shows_a_secret() {
        let definition = Definition {
            arguments: ["/usr/bin/openclaw", "gateway", "--port", "18790", "--token", "hush-as-well"]
                .map(str::to_owned)
                .to_vec(),
            environment: BTreeMap::from([
                ("OPENCLAW_GATEWAY_TOKEN".into(), "hush-hush".into()),
                ("ANTHROPIC_API_KEY".into(), "hush-too".into()),
                ("OPENCLAW_PROFILE".into(), "work".into()),
            ]),
            ..Definition::default()
        };
        let shown = format!("{definition:?}{}", definition.json());
        assert!(!shown.contains("hush"), "{shown}");
        assert_eq!(definition.token().unwrap().expose(), "hush-hush");
        assert_eq!(definition.variable("ANTHROPIC_API_KEY"), None);
        assert_eq!(definition.variables_of_others(), ["ANTHROPIC_API_KEY"]);
        assert_eq!(definition.port(), Some(18790));
        assert_eq!(definition.json()["environment"], json!({"OPENCLAW_PROFILE": "work"}));
        assert_eq!(definition.json()["environmentValueSources"], json!({"OPENCLAW_PROFILE": "inline"}));
    }
}
