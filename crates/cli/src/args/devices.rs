//! `openclaw devices …` (cli §8).

use clap::{Args, Subcommand};

use super::reach::ReachArgs;

/// `openclaw devices`.
#[derive(Debug, Args)]
pub(crate) struct DevicesArgs {
    #[command(flatten)]
    pub(crate) common: Common,
    /// The subcommand.
    #[command(subcommand)]
    pub(crate) command: Option<DevicesCommand>,
}

/// Options of every `devices` command.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Common {
    #[command(flatten)]
    pub(crate) reach: ReachArgs,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

impl Common {
    /// What was given here, else what was given before the subcommand.
    pub(crate) fn or(self, outer: Common) -> Common {
        Common { reach: self.reach.or(outer.reach), json: self.json || outer.json }
    }
}

/// The verbs of `openclaw devices`.
#[derive(Debug, Subcommand)]
pub(crate) enum DevicesCommand {
    /// List waiting requests and paired devices
    List(ListArgs),
    /// Approve a waiting request
    Approve(ApproveArgs),
    /// Reject a waiting request
    Reject(RejectArgs),
    /// Remove a paired device and close its connections
    Remove(RemoveArgs),
    /// Remove devices that were not seen for a long time
    Prune(PruneArgs),
    /// Give a device another name
    Rename(RenameArgs),
    /// Remove all paired devices
    Clear(ClearArgs),
    /// Replace the token of a device
    Rotate(RotateArgs),
    /// Revoke the token of a device
    Revoke(RevokeArgs),
    /// Make a code that pairs one new device
    JoinCode(JoinCodeArgs),
    /// Write the device files of the original, for going back to it
    Export(ExportArgs),
    /// Take back a widening that came from a hand edit
    Undo(UndoArgs),
}

/// `devices list`.
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    pub(crate) common: Common,
}

/// `devices approve`.
#[derive(Debug, Args)]
pub(crate) struct ApproveArgs {
    /// Request id, the beginning of one, or a device id (default: the newest request)
    #[arg(value_name = "requestId")]
    pub(crate) words: Option<String>,
    /// Take the newest request
    #[arg(long)]
    pub(crate) latest: bool,
    /// Remove this paired device in the same step: the new one is the same browser or app again
    #[arg(long, value_name = "deviceId")]
    pub(crate) replace: Option<String>,
    /// Give only this scope of those it asks for, for example read; may be given several times
    #[arg(long = "scope", alias = "scopes", value_name = "scope", value_delimiter = ',', action = clap::ArgAction::Append)]
    pub(crate) scopes: Vec<String>,
    /// Let it look and change nothing: the same as --scope read
    #[arg(long, conflicts_with = "scopes")]
    pub(crate) read_only: bool,
    /// Approve what is shown without asking
    #[arg(long, short = 'y')]
    pub(crate) yes: bool,
    /// Only show what would be approved
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Do not wait for the device to connect
    #[arg(long)]
    pub(crate) no_wait: bool,
    #[command(flatten)]
    pub(crate) common: Common,
}

/// `devices reject`.
#[derive(Debug, Args)]
pub(crate) struct RejectArgs {
    /// Request id, or the beginning of one
    #[arg(value_name = "requestId")]
    pub(crate) words: String,
    #[command(flatten)]
    pub(crate) common: Common,
}

/// `devices remove`.
#[derive(Debug, Args)]
pub(crate) struct RemoveArgs {
    /// Device id, or the beginning of one (8 or more)
    #[arg(value_name = "deviceId")]
    pub(crate) device: String,
    #[command(flatten)]
    pub(crate) common: Common,
}

/// `devices prune`.
#[derive(Debug, Args)]
pub(crate) struct PruneArgs {
    /// For how long they were not seen: 12h, 30d, 8w
    #[arg(long, value_name = "time", default_value = "30d")]
    pub(crate) unseen: String,
    /// Remove what is shown without asking
    #[arg(long, short = 'y')]
    pub(crate) yes: bool,
    #[command(flatten)]
    pub(crate) common: Common,
}

/// `devices rename`.
#[derive(Debug, Args)]
pub(crate) struct RenameArgs {
    /// Device id, or the beginning of one (8 or more)
    #[arg(long, value_name = "deviceId")]
    pub(crate) device: Option<String>,
    /// The new name, 64 characters at most
    #[arg(long, value_name = "name")]
    pub(crate) name: Option<String>,
    /// Device and name as plain words, without the options.
    #[arg(value_name = "words", num_args = 0..=2, hide = true)]
    pub(crate) words: Vec<String>,
    #[command(flatten)]
    pub(crate) common: Common,
}

/// `devices clear`.
#[derive(Debug, Args)]
pub(crate) struct ClearArgs {
    /// Reject the waiting requests too
    #[arg(long)]
    pub(crate) pending: bool,
    /// Yes, remove them all
    #[arg(long, short = 'y')]
    pub(crate) yes: bool,
    #[command(flatten)]
    pub(crate) common: Common,
}

/// `devices rotate`.
#[derive(Debug, Args)]
pub(crate) struct RotateArgs {
    /// Device id, or the beginning of one (8 or more)
    #[arg(long, value_name = "deviceId")]
    pub(crate) device: Option<String>,
    /// Role of the token: operator or node
    #[arg(long, value_name = "role")]
    pub(crate) role: Option<String>,
    /// Scope of the new token; may be given several times
    #[arg(long = "scope", value_name = "scope", num_args = 1.., action = clap::ArgAction::Append)]
    pub(crate) scopes: Vec<String>,
    /// A token without any scope
    #[arg(long)]
    pub(crate) no_scopes: bool,
    /// Print the new token (only on a terminal)
    #[arg(long)]
    pub(crate) show: bool,
    #[command(flatten)]
    pub(crate) common: Common,
}

/// `devices revoke`.
#[derive(Debug, Args)]
pub(crate) struct RevokeArgs {
    /// Device id, or the beginning of one (8 or more)
    #[arg(long, value_name = "deviceId")]
    pub(crate) device: Option<String>,
    /// Role of the token: operator or node
    #[arg(long, value_name = "role")]
    pub(crate) role: Option<String>,
    #[command(flatten)]
    pub(crate) common: Common,
}

/// `devices join-code`.
#[derive(Debug, Args)]
pub(crate) struct JoinCodeArgs {
    /// Role the device gets: operator or node
    #[arg(long, value_name = "role")]
    pub(crate) role: Option<String>,
    /// Scope the device gets; may be given several times
    #[arg(long = "scope", value_name = "scope", num_args = 1.., action = clap::ArgAction::Append)]
    pub(crate) scopes: Vec<String>,
    #[command(flatten)]
    pub(crate) common: Common,
}

/// `devices export`.
#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    #[command(flatten)]
    pub(crate) common: Common,
}

/// `devices undo`.
#[derive(Debug, Args)]
pub(crate) struct UndoArgs {
    /// Device id, or the beginning of one (8 or more)
    #[arg(value_name = "deviceId")]
    pub(crate) device: String,
    #[command(flatten)]
    pub(crate) common: Common,
}
