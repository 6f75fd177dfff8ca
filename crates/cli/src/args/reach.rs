//! The options with which a command finds and enters a gateway (cli §5).

use clap::Args;

/// Which gateway, with which secret.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct ReachArgs {
    /// Gateway WebSocket URL (default: the gateway of this machine)
    #[arg(long, value_name = "url")]
    pub(crate) url: Option<String>,
    /// Gateway token
    #[arg(long, value_name = "token")]
    pub(crate) token: Option<String>,
    /// Gateway password
    #[arg(long, value_name = "password")]
    pub(crate) password: Option<String>,
    /// Gateway on this machine with this port
    #[arg(long, value_name = "port")]
    pub(crate) port: Option<String>,
    /// Milliseconds to wait
    #[arg(long, value_name = "ms")]
    pub(crate) timeout: Option<String>,
}

impl ReachArgs {
    /// What was given here, else what was given before the subcommand (`gateway --token T call …`).
    pub(crate) fn or(self, outer: ReachArgs) -> ReachArgs {
        ReachArgs {
            url: self.url.or(outer.url),
            token: self.token.or(outer.token),
            password: self.password.or(outer.password),
            port: self.port.or(outer.port),
            timeout: self.timeout.or(outer.timeout),
        }
    }
}
