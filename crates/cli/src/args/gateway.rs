//! `openclaw gateway …` and `openclaw health` (cli §6.1, §6.4, §7.3).

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::reach::ReachArgs;
use super::service::{InstallArgs, RestartArgs, StartArgs, StopArgs, VerbArgs};
use super::status::GatewayStatusArgs;
use super::why::ExplainArgs;

/// `openclaw gateway`: without a subcommand it runs the gateway in the foreground.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = false)]
pub(crate) struct GatewayArgs {
    #[command(flatten)]
    pub(crate) run: RunArgs,
    /// The subcommand.
    #[command(subcommand)]
    pub(crate) command: Option<GatewayCommand>,
}

/// The verbs of `openclaw gateway`.
#[derive(Debug, Subcommand)]
pub(crate) enum GatewayCommand {
    /// Run the gateway in the foreground
    Run(Box<RunArgs>),
    /// Call a gateway method and print the answer
    Call(CallArgs),
    /// Say whether it runs and lets clients in
    Status(GatewayStatusArgs),
    /// Ask the gateway how it is
    Health(QueryArgs),
    /// Try every way this machine has to a gateway
    Probe(ProbeArgs),
    /// Say what would happen to a peer that you describe, step by step, without connecting
    Explain(Box<ExplainArgs>),
    /// Say which token the gateway expects
    AuthToken(AuthTokenArgs),
    /// Install the gateway as a service of this account
    Install(InstallArgs),
    /// Remove the service
    Uninstall(VerbArgs),
    /// Start the gateway: the service, or in the background
    Start(StartArgs),
    /// Stop the gateway, supervised or not
    Stop(StopArgs),
    /// Restart the gateway and wait until it answers
    Restart(RestartArgs),
    /// Anything else.
    #[command(external_subcommand)]
    Other(Vec<OsString>),
}

/// Options of the foreground gateway. Every one may stand before or after `run`.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct RunArgs {
    /// Port to listen on (default 18789)
    #[arg(long, value_name = "port")]
    pub(crate) port: Option<String>,
    /// Where to listen: loopback, lan, tailnet, auto or custom
    #[arg(long, value_name = "mode")]
    pub(crate) bind: Option<String>,
    /// Shared token that clients must present
    #[arg(long, value_name = "token")]
    pub(crate) token: Option<String>,
    /// How clients authenticate: none, token, password or trusted-proxy
    #[arg(long, value_name = "mode")]
    pub(crate) auth: Option<String>,
    /// Shared password (seen in process listings: prefer --password-file)
    #[arg(long, value_name = "password")]
    pub(crate) password: Option<String>,
    /// File that holds the shared password
    #[arg(long, value_name = "path")]
    pub(crate) password_file: Option<PathBuf>,
    /// Expose through Tailscale: off, serve or funnel
    #[arg(long, value_name = "mode")]
    pub(crate) tailscale: Option<String>,
    /// Undo the Tailscale exposure on exit
    #[arg(long)]
    pub(crate) tailscale_reset_on_exit: bool,
    /// Start without gateway.mode=local in the config
    #[arg(long)]
    pub(crate) allow_unconfigured: bool,
    /// Dev profile: own state, port 19001
    #[arg(long)]
    pub(crate) dev: bool,
    /// Start over with the dev state (needs --dev)
    #[arg(long)]
    pub(crate) reset: bool,
    /// End whatever listens on the port first
    #[arg(long)]
    pub(crate) force: bool,
    /// More on the console
    #[arg(long)]
    pub(crate) verbose: bool,
    /// WebSocket lines on the console: auto, full or compact
    #[arg(long, value_name = "style")]
    pub(crate) ws_log: Option<String>,
    /// Same as --ws-log compact
    #[arg(long)]
    pub(crate) compact: bool,
    /// Accepted for compatibility: there are no such logs here
    #[arg(long, alias = "cli-backend-logs", hide = true)]
    pub(crate) claude_cli_logs: bool,
    /// Accepted for compatibility
    #[arg(long, hide = true)]
    pub(crate) raw_stream: bool,
    /// Accepted for compatibility
    #[arg(long, value_name = "path", hide = true)]
    pub(crate) raw_stream_path: Option<PathBuf>,
    /// Accepted for compatibility
    #[arg(long, alias = "dev-ambient-channels", hide = true)]
    pub(crate) ambient_channels: bool,
}

impl RunArgs {
    /// What was given after `run`, else what was given before it.
    pub(crate) fn or(self, outer: RunArgs) -> RunArgs {
        RunArgs {
            port: self.port.or(outer.port),
            bind: self.bind.or(outer.bind),
            token: self.token.or(outer.token),
            auth: self.auth.or(outer.auth),
            password: self.password.or(outer.password),
            password_file: self.password_file.or(outer.password_file),
            tailscale: self.tailscale.or(outer.tailscale),
            tailscale_reset_on_exit: self.tailscale_reset_on_exit || outer.tailscale_reset_on_exit,
            allow_unconfigured: self.allow_unconfigured || outer.allow_unconfigured,
            dev: self.dev || outer.dev,
            reset: self.reset || outer.reset,
            force: self.force || outer.force,
            verbose: self.verbose || outer.verbose,
            ws_log: self.ws_log.or(outer.ws_log),
            compact: self.compact || outer.compact,
            claude_cli_logs: self.claude_cli_logs || outer.claude_cli_logs,
            raw_stream: self.raw_stream || outer.raw_stream,
            raw_stream_path: self.raw_stream_path.or(outer.raw_stream_path),
            ambient_channels: self.ambient_channels || outer.ambient_channels,
        }
    }

    /// The part of these options that a query verb takes over (`gateway --token T health`).
    pub(crate) fn reach(&self) -> ReachArgs {
        ReachArgs {
            token: self.token.clone(),
            password: self.password.clone(),
            port: self.port.clone(),
            ..ReachArgs::default()
        }
    }
}

/// Options of every query verb.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct QueryArgs {
    #[command(flatten)]
    pub(crate) reach: ReachArgs,
    /// Wait for the final answer of a method that first says "accepted"
    #[arg(long)]
    pub(crate) expect_final: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// `gateway call <method>`.
#[derive(Debug, Args)]
pub(crate) struct CallArgs {
    /// Method name, as health, status or device.pair.list
    #[arg(value_name = "method")]
    pub(crate) method: String,
    /// Parameters, a JSON object
    #[arg(long, value_name = "json")]
    pub(crate) params: Option<String>,
    #[command(flatten)]
    pub(crate) query: QueryArgs,
}

/// `gateway probe`.
#[derive(Debug, Args)]
pub(crate) struct ProbeArgs {
    #[command(flatten)]
    pub(crate) reach: ReachArgs,
    /// Accepted for compatibility: SSH tunnels are not opened here
    #[arg(long, value_name = "target", hide = true)]
    pub(crate) ssh: Option<String>,
    /// Accepted for compatibility
    #[arg(long, value_name = "path", hide = true)]
    pub(crate) ssh_identity: Option<String>,
    /// Accepted for compatibility
    #[arg(long, hide = true)]
    pub(crate) ssh_auto: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// `gateway auth-token`.
#[derive(Debug, Args)]
pub(crate) struct AuthTokenArgs {
    /// Print the token itself (only on a terminal)
    #[arg(long)]
    pub(crate) show: bool,
    /// Print JSON (never the token)
    #[arg(long)]
    pub(crate) json: bool,
}

/// `openclaw health`.
#[derive(Debug, Args)]
pub(crate) struct HealthArgs {
    #[command(flatten)]
    pub(crate) reach: ReachArgs,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Let the gateway look again instead of answering from memory
    #[arg(long)]
    pub(crate) verbose: bool,
    /// Same as --verbose
    #[arg(long)]
    pub(crate) debug: bool,
    /// Only whether this machine's gateway answers at all, for health checks
    #[arg(long)]
    pub(crate) live: bool,
}
