//! Everything that is fixed about one gateway's service before anybody looks at the system.

use std::path::PathBuf;

use openclaw_config::{Env, Paths};
use openclaw_protocol::refusal::Os;
use openclaw_protocol::secret::Secret;

use crate::names::Names;

/// One gateway, as a service could run it.
#[derive(Clone, Debug)]
pub struct Place {
    /// The system; platform differences are functions of it (ruling 15).
    pub os: Os,
    /// The account's home directory: units and agents lie below it, whatever `OPENCLAW_HOME` says.
    pub home: PathBuf,
    /// The account's number.
    pub uid: u32,
    /// What the service is called.
    pub names: Names,
    /// The environment of this command.
    pub env: Env,
    /// State directory, configuration file and profile.
    pub paths: Paths,
    /// The port that the configuration names.
    pub port: u16,
    /// The program that a service is to run, absolute.
    pub program: PathBuf,
    /// The token in force by the configuration, to be held against one that a unit carries.
    pub token: Option<Secret>,
}

impl Place {
    /// The gateway of this account and profile. `port`: from the configuration. `token`: likewise, when it is known.
    #[must_use]
    pub fn here(env: &Env, paths: &Paths, port: u16, token: Option<Secret>) -> Self {
        let os = match std::env::consts::OS {
            "macos" => Os::MacOs,
            "windows" => Os::Windows,
            _ => Os::Linux,
        };
        Self {
            os,
            home: env.get("HOME").map_or_else(|| paths.home.clone(), PathBuf::from),
            uid: openclaw_os::peer::own_uid(),
            names: Names::of(paths.profile.as_deref(), env),
            env: env.clone(),
            paths: paths.clone(),
            port,
            program: program(),
            token,
        }
    }

    /// What the supervisor of this system calls the service.
    #[must_use]
    pub fn name(&self) -> &str {
        self.names.on(self.os)
    }

    /// The file that defines the service; `None` on Windows, where a task has none.
    #[must_use]
    pub fn definition_path(&self) -> Option<PathBuf> {
        match self.os {
            Os::Linux => Some(self.systemd_dir().join(&self.names.systemd_unit)),
            Os::MacOs => Some(
                self.home
                    .join("Library")
                    .join("LaunchAgents")
                    .join(format!("{}.plist", self.names.launchd_label)),
            ),
            Os::Windows => None,
        }
    }

    /// Where this account's systemd units lie.
    #[must_use]
    pub fn systemd_dir(&self) -> PathBuf {
        let config = self.env.get("XDG_CONFIG_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
        config.unwrap_or_else(|| self.home.join(".config")).join("systemd").join("user")
    }
}

/// The running program, under a name that survives an update.
fn program() -> PathBuf {
    match openclaw_os::process::called_as() {
        Some(name) => name.to_path_buf(),
        None => std::env::current_exe().unwrap_or_else(|_| PathBuf::from("openclaw")),
    }
}

/// Variables that are passed on to the service when they are set: what this host is, and how it reaches the network.
const PASSED_ON: [&str; 14] = [
    "TMPDIR",
    "OPENCLAW_IN_CONTAINER",
    "OPENCLAW_DISABLE_BONJOUR",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "ALL_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "all_proxy",
    "NODE_EXTRA_CA_CERTS",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
];

/// Whether a variable of a definition is one that products of this family write there themselves.
pub(crate) fn is_own_variable(name: &str) -> bool {
    let family = ["OPENCLAW_", "CLAWDBOT_"].iter().any(|prefix| name.starts_with(prefix));
    // What tells the original's runtime something means nothing here.
    let usual = ["HOME", "PATH"].contains(&name) || PASSED_ON.contains(&name) || name.starts_with("NODE_");
    usual || (family && !name.ends_with("_GATEWAY_PASSWORD"))
}

/// The environment of the service, without any secret (cli spec §15.2). `port`: when it is to win over the
/// configuration.
pub(crate) fn service_environment(place: &Place, port: Option<u16>) -> Vec<(&'static str, String)> {
    let mut out: Vec<(&'static str, String)> = vec![("HOME", place.home.to_string_lossy().into_owned())];
    for name in PASSED_ON {
        // A proxy's address can hold a password.
        if let Some(value) = place.env.get(name).filter(|value| !value.contains('@')) {
            out.push((name, value.to_owned()));
        }
    }
    let mut path: Vec<String> = Vec::new();
    if let Some(dir) = place.program.parent().and_then(|dir| dir.to_str()) {
        path.push(dir.to_owned());
    }
    let home = place.home.to_string_lossy();
    path.extend([format!("{home}/.local/bin"), format!("{home}/bin")]);
    path.extend(["/usr/local/bin", "/usr/bin", "/bin"].map(str::to_owned));
    let mut seen = std::collections::BTreeSet::new();
    path.retain(|dir| !dir.contains(':') && seen.insert(dir.clone()));
    out.push(("PATH", path.join(":")));
    let chosen = place.paths.profile.is_some();
    if let Some(profile) = &place.paths.profile {
        out.push(("OPENCLAW_PROFILE", profile.clone()));
    }
    let asked = |name: &str| chosen || place.env.get(name).is_some();
    if let Some(home) = place.env.get("OPENCLAW_HOME") {
        out.push(("OPENCLAW_HOME", home.to_owned()));
    }
    if asked("OPENCLAW_STATE_DIR") {
        out.push(("OPENCLAW_STATE_DIR", place.paths.state_dir.to_string_lossy().into_owned()));
    }
    if asked("OPENCLAW_CONFIG_PATH") {
        out.push(("OPENCLAW_CONFIG_PATH", place.paths.config_path.to_string_lossy().into_owned()));
    }
    if let Some(port) = port {
        out.push(("OPENCLAW_GATEWAY_PORT", port.to_string()));
    }
    match place.os {
        Os::Linux => out.push(("OPENCLAW_SYSTEMD_UNIT", place.names.systemd_unit.clone())),
        Os::MacOs => out.push(("OPENCLAW_LAUNCHD_LABEL", place.names.launchd_label.clone())),
        Os::Windows => out.push(("OPENCLAW_WINDOWS_TASK_NAME", place.names.windows_task.clone())),
    }
    out.push(("OPENCLAW_SERVICE_MARKER", "openclaw".to_owned()));
    out.push(("OPENCLAW_SERVICE_KIND", "gateway".to_owned()));
    out.push(("OPENCLAW_SERVICE_VERSION", env!("CARGO_PKG_VERSION").to_owned()));
    out
}

#[cfg(test)]
pub(crate) mod testing {
    //! A place to test with.

    use super::{Env, Names, Os, Paths, Place};

    /// A Linux account with the home `/home/u` and nothing in its environment.
    pub(crate) fn place() -> Place {
        let env = Env::from_pairs([("HOME", "/home/u")]);
        let paths = openclaw_config::paths::resolve(&env, &openclaw_config::paths::Flags::default()).unwrap();
        Place {
            os: Os::Linux,
            home: "/home/u".into(),
            uid: 1000,
            names: Names::of(None, &env),
            env,
            paths: Paths { state_dir: "/home/u/.openclaw".into(), ..paths },
            port: 18789,
            program: "/usr/bin/openclaw".into(),
            token: None,
        }
    }

    /// The same with another home.
    pub(crate) fn place_in(home: &std::path::Path) -> Place {
        let env = Env::from_pairs([("HOME", home.to_str().unwrap())]);
        let paths = openclaw_config::paths::resolve(&env, &openclaw_config::paths::Flags::default()).unwrap();
        Place { home: home.to_path_buf(), env, paths, ..place() }
    }
}
