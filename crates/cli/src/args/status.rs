//! `openclaw status`, `openclaw gateway status` and `openclaw security` (cli §6.2, §7.1, §14).

use clap::{Args, Subcommand};

use super::reach::ReachArgs;

/// `openclaw status`.
#[derive(Debug, Args)]
pub(crate) struct StatusArgs {
    #[command(flatten)]
    pub(crate) reach: ReachArgs,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Everything, as one report to paste
    #[arg(long)]
    pub(crate) all: bool,
    /// Look deeper: health of the parts, services of the whole machine
    #[arg(long)]
    pub(crate) deep: bool,
    /// Show what models cost
    #[arg(long)]
    pub(crate) usage: bool,
    /// Say more
    #[arg(long)]
    pub(crate) verbose: bool,
    /// Same as --verbose
    #[arg(long)]
    pub(crate) debug: bool,
    /// Accepted for compatibility
    #[arg(long, value_name = "id", hide = true)]
    pub(crate) agent: Option<String>,
}

/// `openclaw gateway status`.
#[derive(Debug, Args)]
pub(crate) struct GatewayStatusArgs {
    #[command(flatten)]
    pub(crate) reach: ReachArgs,
    /// Do not connect to the gateway
    #[arg(long)]
    pub(crate) no_probe: bool,
    /// Fail when the gateway does not answer
    #[arg(long)]
    pub(crate) require_rpc: bool,
    /// Look at the services of the whole machine, too
    #[arg(long)]
    pub(crate) deep: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// `openclaw security`.
#[derive(Debug, Args)]
pub(crate) struct SecurityArgs {
    /// The subcommand.
    #[command(subcommand)]
    pub(crate) command: Option<SecurityCommand>,
}

/// The verbs of `openclaw security`.
#[derive(Debug, Subcommand)]
pub(crate) enum SecurityCommand {
    /// Look for settings and files that let in too much (exit 1 when something is critical)
    Audit(AuditArgs),
}

/// `security audit`.
#[derive(Debug, Args)]
pub(crate) struct AuditArgs {
    #[command(flatten)]
    pub(crate) reach: ReachArgs,
    /// Try the gateway's door, too
    #[arg(long)]
    pub(crate) deep: bool,
    /// Accepted for compatibility: repairs are made by doctor --fix
    #[arg(long)]
    pub(crate) fix: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}
