//! `openclaw dashboard` (cli §12).

use clap::Args;

/// `openclaw dashboard`.
#[derive(Debug, Args)]
pub(crate) struct DashboardArgs {
    /// Only print the link
    #[arg(long)]
    pub(crate) no_open: bool,
    /// Accepted for compatibility: nothing is asked
    #[arg(long, hide = true)]
    pub(crate) yes: bool,
    /// Print JSON (never the token)
    #[arg(long)]
    pub(crate) json: bool,
}
