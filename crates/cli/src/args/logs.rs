//! `openclaw logs` (cli §11).

use clap::Args;

use super::reach::ReachArgs;

/// `openclaw logs`.
#[derive(Debug, Args)]
pub(crate) struct LogsArgs {
    /// Lines to show
    #[arg(long, value_name = "n")]
    pub(crate) limit: Option<String>,
    /// Bytes to read at most
    #[arg(long, value_name = "n")]
    pub(crate) max_bytes: Option<String>,
    /// Go on with what is written
    #[arg(long, short = 'f')]
    pub(crate) follow: bool,
    /// Milliseconds between looks when following
    #[arg(long, value_name = "ms")]
    pub(crate) interval: Option<String>,
    /// Only lines about refusals with this cause, as C-14
    #[arg(long, value_name = "id")]
    pub(crate) cause: Option<String>,
    /// Only lines about this device: its id or the beginning of it
    #[arg(long, value_name = "id")]
    pub(crate) device: Option<String>,
    /// Show repeats one by one instead of counting them
    #[arg(long)]
    pub(crate) no_fold: bool,
    /// Print JSON lines
    #[arg(long)]
    pub(crate) json: bool,
    /// Plain text, as when piped
    #[arg(long)]
    pub(crate) plain: bool,
    /// Times of this machine's zone
    #[arg(long, overrides_with = "utc")]
    pub(crate) local_time: bool,
    /// Times in UTC
    #[arg(long, overrides_with = "local_time")]
    pub(crate) utc: bool,
    /// Accepted for compatibility
    #[arg(long, hide = true)]
    pub(crate) expect_final: bool,
    #[command(flatten)]
    pub(crate) reach: ReachArgs,
}
