//! `openclaw tunnel`.

use clap::Args;

/// `openclaw tunnel`.
#[derive(Debug, Args)]
pub(crate) struct TunnelArgs {
    /// Where the gateway runs, as ssh knows it: user@host, or a name of your ssh configuration (default:
    /// gateway.remote.sshTarget)
    #[arg(value_name = "user@host")]
    pub(crate) target: Option<String>,
    /// Port of the gateway there (default 18789)
    #[arg(long, value_name = "port")]
    pub(crate) port: Option<String>,
    /// Port to open on this machine (default: the same, or the next free one)
    #[arg(long, value_name = "port")]
    pub(crate) local_port: Option<String>,
    /// Port of the ssh server
    #[arg(long, value_name = "port")]
    pub(crate) ssh_port: Option<String>,
    /// Private key for ssh
    #[arg(short, long, value_name = "path")]
    pub(crate) identity: Option<String>,
    /// Only try whether the tunnel works, then close it
    #[arg(long)]
    pub(crate) check: bool,
    /// Print JSON (with --check)
    #[arg(long)]
    pub(crate) json: bool,
    /// Milliseconds to wait for the tunnel
    #[arg(long, value_name = "ms")]
    pub(crate) timeout: Option<String>,
}
