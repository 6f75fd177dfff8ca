//! `openclaw why` and `openclaw gateway explain`.

use clap::Args;

use super::reach::ReachArgs;

/// `openclaw why`.
#[derive(Debug, Args)]
pub(crate) struct WhyArgs {
    /// Id of a request, device or connection, or the beginning of one; `last` (default) for the newest refusal
    #[arg(value_name = "id")]
    pub(crate) id: Option<String>,
    #[command(flatten)]
    pub(crate) reach: ReachArgs,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}
