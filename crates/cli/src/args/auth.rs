//! `openclaw auth …`: the spelling that guides use for the gateway token (cli §19).

use clap::{Args, Subcommand};

/// `openclaw auth`.
#[derive(Debug, Args)]
pub(crate) struct AuthArgs {
    /// The subcommand.
    #[command(subcommand)]
    pub(crate) command: Option<AuthCommand>,
}

/// The verbs of `openclaw auth`.
#[derive(Debug, Subcommand)]
pub(crate) enum AuthCommand {
    /// Make a new gateway token in place of the old one
    #[command(visible_alias = "rotate")]
    Regenerate(RegenerateArgs),
    /// Say which token the gateway expects; --show prints it on a terminal
    Show(super::gateway::AuthTokenArgs),
}

/// `auth regenerate`.
#[derive(Debug, Args)]
pub(crate) struct RegenerateArgs {
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}
