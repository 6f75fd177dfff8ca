//! `openclaw qr` (cli §12).

use clap::Args;

use super::reach::ReachArgs;

/// `openclaw qr`.
#[derive(Debug, Args)]
pub(crate) struct QrArgs {
    /// Use gateway.remote.url in the code
    #[arg(long)]
    pub(crate) remote: bool,
    /// Gateway URL to put into the code
    #[arg(long, value_name = "url")]
    pub(crate) public_url: Option<String>,
    /// Less access: no administration
    #[arg(long, conflicts_with = "voice_node")]
    pub(crate) limited: bool,
    /// Only the node role, for a voice device
    #[arg(long)]
    pub(crate) voice_node: bool,
    /// Print the setup code and nothing else
    #[arg(long)]
    pub(crate) setup_code_only: bool,
    /// No QR picture
    #[arg(long)]
    pub(crate) no_ascii: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) reach: ReachArgs,
}
