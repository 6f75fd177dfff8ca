//! `openclaw doctor` (cli §10).

use clap::Args;

/// `openclaw doctor`.
#[derive(Debug, Default, Args)]
pub(crate) struct DoctorArgs {
    /// Mend what can safely be mended; every repair says how to undo it
    #[arg(long, visible_alias = "repair")]
    pub(crate) fix: bool,
    /// Agree to what --fix would ask about
    #[arg(long, short = 'y')]
    pub(crate) yes: bool,
    /// Ask nothing; what needs an answer is left alone
    #[arg(long)]
    pub(crate) non_interactive: bool,
    /// With --fix: also rewrite what is only a matter of taste; with --generate-gateway-token: replace the token
    #[arg(long)]
    pub(crate) force: bool,
    /// Look at the services of the whole machine too, and show checks that had nothing to look at
    #[arg(long)]
    pub(crate) deep: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Make a gateway token where there is none, and do nothing else
    #[arg(long)]
    pub(crate) generate_gateway_token: bool,
    /// Run only this check (repeatable)
    #[arg(long, value_name = "check")]
    pub(crate) only: Vec<String>,
    /// Leave this check out (repeatable)
    #[arg(long, value_name = "check")]
    pub(crate) skip: Vec<String>,
    /// Milliseconds to wait for any one part (default: 800; with --url: 10000)
    #[arg(long, value_name = "ms")]
    pub(crate) timeout: Option<String>,
    /// Test the way to the gateway at this address hop by hop, as a client elsewhere meets it
    #[arg(long, value_name = "url")]
    pub(crate) url: Option<String>,
    /// With --url: the gateway's token
    #[arg(long, value_name = "token", requires = "url")]
    pub(crate) token: Option<String>,
    /// With --url: the gateway's password
    #[arg(long, value_name = "password", requires = "url")]
    pub(crate) password: Option<String>,
    /// Accepted for compatibility: nothing is suggested
    #[arg(long, hide = true)]
    pub(crate) no_workspace_suggestions: bool,
    /// Accepted for compatibility: without --fix nothing is changed anyway
    #[arg(long, hide = true)]
    pub(crate) lint: bool,
}
