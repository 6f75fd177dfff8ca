//! How the gateway of this machine is set up: port, bind, authentication, and where each was said.

use std::net::IpAddr;

use openclaw_config::gateway::{AuthMode, Bind, Mode};
use openclaw_config::start::{self, Overrides, Source};

use crate::context::Context;
use crate::reach::Inputs;

/// The settings that decide who can reach the gateway.
#[derive(Debug, Clone)]
pub(crate) struct Setup {
    /// The port.
    pub(crate) port: u16,
    /// Where the port was said.
    pub(crate) port_source: Source,
    /// `gateway.mode`.
    pub(crate) mode: Option<Mode>,
    /// Where it listens. What a start would choose, when nothing is written.
    pub(crate) bind: Bind,
    /// The address of `bind: custom`, as written.
    pub(crate) custom_host: Option<String>,
    /// How clients authenticate. What a start would choose, when nothing is written.
    pub(crate) auth: AuthMode,
    /// The dashboard is served.
    pub(crate) dashboard: bool,
    /// Its path, with a leading and without a trailing slash.
    pub(crate) base_path: String,
    /// TLS is served.
    pub(crate) tls: bool,
    /// Why a gateway would not start with this, as it would say it.
    pub(crate) refusal: Option<Vec<String>>,
    /// This runs in a container.
    pub(crate) in_container: bool,
}

impl Setup {
    /// Of the configuration and the environment of this run.
    pub(crate) fn of(context: &Context, inputs: &Inputs<'_>) -> Setup {
        let config = &inputs.config;
        let in_container = openclaw_os::container::detect().is_some();
        let default_bind = if in_container { Bind::Auto } else { Bind::Loopback };
        let (port, port_source, plan) = match context.config() {
            Ok(loaded) => {
                let (port, source) = start::port(loaded, &context.paths, None);
                let mut asked = loaded.clone();
                asked.gateway = context.with_secrets_asked(&loaded.gateway);
                // A gateway that never ran writes its own file: that there is none is no obstacle (ruling 10).
                let overrides = Overrides { allow_unconfigured: !loaded.exists, ..Overrides::default() };
                (port, source, start::plan(&asked, &context.paths, &overrides))
            }
            Err(error) => {
                let lines = context.invalid_config(&error.issues());
                let refusal = start::StartRefusal { lines, exit: start::EXIT_CONFIG };
                let port = inputs.local_port();
                let told = port != context.paths.default_port;
                let source = if told { Source::Env("OPENCLAW_GATEWAY_PORT") } else { Source::Default };
                (port, source, Err(refusal))
            }
        };
        let written = config.auth.mode;
        let (auth, refusal) = match plan {
            Ok(plan) => (plan.auth_mode, None),
            Err(refusal) => (written.unwrap_or(AuthMode::Token), Some(refusal.lines)),
        };
        Setup {
            port,
            port_source,
            mode: config.mode,
            bind: config.bind.unwrap_or(default_bind),
            custom_host: config.custom_bind_host.clone(),
            auth,
            dashboard: config.control_ui.enabled,
            base_path: config.control_ui.base_path.clone(),
            tls: config.tls.enabled,
            refusal: refusal.filter(|_| config.mode != Some(Mode::Remote)),
            in_container,
        }
    }

    /// The address that the bind mode stands for, as far as it can be told without binding.
    pub(crate) fn bind_host(&self) -> String {
        let tailnet = || openclaw_os::host::tailnet_address().map(|address| address.to_string());
        match self.bind {
            Bind::Loopback => "127.0.0.1".to_owned(),
            Bind::Lan => "0.0.0.0".to_owned(),
            Bind::Auto if self.in_container => "0.0.0.0".to_owned(),
            Bind::Auto => "127.0.0.1".to_owned(),
            Bind::Tailnet => tailnet().unwrap_or_else(|| "127.0.0.1".to_owned()),
            Bind::Custom => self.custom_host.clone().unwrap_or_else(|| "unset".to_owned()),
        }
    }

    /// Nobody but this machine can reach it.
    pub(crate) fn stays_on_loopback(&self) -> bool {
        let host: Option<IpAddr> =
            self.custom_host.as_deref().and_then(|host| host.trim_matches(['[', ']']).parse().ok());
        start::stays_on_loopback(self.bind, host) || (self.bind == Bind::Auto && !self.in_container)
    }

    /// `http://127.0.0.1:18789/`, or nothing when there is no dashboard.
    pub(crate) fn dashboard_url(&self) -> Option<String> {
        let scheme = if self.tls { "https" } else { "http" };
        self.dashboard.then(|| format!("{scheme}://127.0.0.1:{}{}/", self.port, self.base_path))
    }
}
