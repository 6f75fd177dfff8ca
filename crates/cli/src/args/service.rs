//! `openclaw gateway install | uninstall | start | stop | restart` (cli §6.3).

use std::path::PathBuf;

use clap::Args;

/// `gateway install`.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct InstallArgs {
    /// Port that wins over the configuration
    #[arg(long, value_name = "port")]
    pub(crate) port: Option<String>,
    /// Token to store in the configuration
    #[arg(long, value_name = "token")]
    pub(crate) token: Option<String>,
    /// Write the service anew and restart it
    #[arg(long)]
    pub(crate) force: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Accepted for compatibility: the service runs this program itself
    #[arg(long, value_name = "runtime", hide = true)]
    pub(crate) runtime: Option<String>,
    /// Accepted for compatibility
    #[arg(long, value_name = "path", hide = true)]
    pub(crate) runtime_path: Option<PathBuf>,
    /// Accepted for compatibility
    #[arg(long, value_name = "path", hide = true)]
    pub(crate) wrapper: Option<PathBuf>,
    /// Accepted for compatibility
    #[arg(long, hide = true)]
    pub(crate) allow_unconfigured: bool,
}

/// `gateway start`.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct StartArgs {
    /// Port, for a gateway without a service
    #[arg(long, value_name = "port")]
    pub(crate) port: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// `gateway uninstall`.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct VerbArgs {
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// `gateway stop`.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct StopArgs {
    /// End it at once when it does not stop by itself
    #[arg(long)]
    pub(crate) force: bool,
    /// Keep the service from starting by itself, too
    #[arg(long)]
    pub(crate) disable: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// `gateway restart`.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct RestartArgs {
    /// How long to wait for the new gateway, as 90s or 2m (default 60s)
    #[arg(long, value_name = "duration")]
    pub(crate) wait: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Accepted for compatibility: no restart here loses work
    #[arg(long, hide = true)]
    pub(crate) safe: bool,
    /// Accepted for compatibility
    #[arg(long, hide = true)]
    pub(crate) skip_deferral: bool,
    /// Accepted for compatibility
    #[arg(long, hide = true)]
    pub(crate) force: bool,
    /// Accepted for compatibility: a restart never changes the service
    #[arg(long, hide = true)]
    pub(crate) preserve_definition: bool,
}
