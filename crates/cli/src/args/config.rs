//! `openclaw config …` (cli §9).

use std::ffi::OsString;

use clap::{Args, Subcommand};

/// `openclaw config`.
#[derive(Debug, Args)]
pub(crate) struct ConfigArgs {
    /// Section of the wizard of the original
    #[arg(long, value_name = "name", hide = true)]
    pub(crate) section: Vec<String>,
    /// The subcommand.
    #[command(subcommand)]
    pub(crate) command: Option<ConfigCommand>,
}

/// The verbs of `openclaw config`.
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Print a value
    Get(GetArgs),
    /// Change a value
    Set(SetArgs),
    /// Remove a value
    Unset(UnsetArgs),
    /// Merge a JSON5 document into the file
    Patch(PatchArgs),
    /// Take the last change back, or the one with this number
    Undo(UndoArgs),
    /// List the changes that can be taken back
    History(HistoryArgs),
    /// Print where the file is
    File(FileArgs),
    /// Check the file
    Validate(ValidateArgs),
    /// Print the JSON Schema, or what is known about one path
    Schema(SchemaArgs),
    /// Anything else.
    #[command(external_subcommand)]
    Other(Vec<OsString>),
}

/// `config get`.
#[derive(Debug, Args)]
pub(crate) struct GetArgs {
    /// The path.
    #[arg(value_name = "path", help = "Path with dots or brackets, as gateway.port or agents.list[0].id")]
    pub(crate) path: String,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// `config set`.
#[derive(Debug, Args)]
pub(crate) struct SetArgs {
    /// Path with dots or brackets
    #[arg(value_name = "path")]
    pub(crate) path: String,
    /// The value: JSON5, or plain text
    #[arg(value_name = "value", allow_negative_numbers = true)]
    pub(crate) value: String,
    /// The value must be JSON5
    #[arg(long)]
    pub(crate) strict_json: bool,
    /// Same as --strict-json
    #[arg(long)]
    pub(crate) json: bool,
    /// Only say what would change
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Store a key this version does not know, or a range of proxies that is too wide
    #[arg(long)]
    pub(crate) force: bool,
}

/// `config unset`.
#[derive(Debug, Args)]
pub(crate) struct UnsetArgs {
    /// Path with dots or brackets
    #[arg(value_name = "path")]
    pub(crate) path: String,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// `config file`.
#[derive(Debug, Args)]
pub(crate) struct FileArgs {
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// `config validate`.
#[derive(Debug, Args)]
pub(crate) struct ValidateArgs {
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// `config schema`.
#[derive(Debug, Args)]
pub(crate) struct SchemaArgs {
    /// Path with dots or brackets (default: the whole schema)
    #[arg(value_name = "path")]
    pub(crate) path: Option<String>,
    /// Accepted for compatibility: the schema is JSON
    #[arg(long, hide = true)]
    pub(crate) json: bool,
}

/// `config patch`.
#[derive(Debug, Args)]
pub(crate) struct PatchArgs {
    /// File with the patch: objects are merged, null removes
    #[arg(long, value_name = "path")]
    pub(crate) file: Option<std::path::PathBuf>,
    /// Read the patch from standard input
    #[arg(long)]
    pub(crate) stdin: bool,
    /// Only say what would change
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Store keys this version does not know, or ranges of proxies that are too wide
    #[arg(long)]
    pub(crate) force: bool,
}

/// `config undo`.
#[derive(Debug, Args)]
pub(crate) struct UndoArgs {
    /// Number of the change, as `config history` lists it (default: the last one)
    #[arg(value_name = "change")]
    pub(crate) change: Option<u64>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Only say what would change
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// `config history`.
#[derive(Debug, Args)]
pub(crate) struct HistoryArgs {
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}
