//! `openclaw completion` (cli §14).

use clap::Args;

/// `openclaw completion`.
#[derive(Debug, Args)]
pub(crate) struct CompletionArgs {
    /// Shell: zsh, bash, powershell or fish (default: that of $SHELL)
    #[arg(short, long, value_name = "shell")]
    pub(crate) shell: Option<String>,
    /// Write the script into the state directory and load it from the shell's start file
    #[arg(short, long)]
    pub(crate) install: bool,
    /// Only write the script into the state directory
    #[arg(long)]
    pub(crate) write_state: bool,
    /// Do not ask
    #[arg(short, long)]
    pub(crate) yes: bool,
}
