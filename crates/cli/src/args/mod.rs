//! The argument types: what can be typed. No logic lives here; the first line of each comment is the help text.

pub(crate) mod auth;
pub(crate) mod completion;
pub(crate) mod config;
pub(crate) mod dashboard;
pub(crate) mod devices;
pub(crate) mod doctor;
pub(crate) mod gateway;
pub(crate) mod logs;
pub(crate) mod qr;
pub(crate) mod reach;
pub(crate) mod service;
pub(crate) mod status;
pub(crate) mod tunnel;
pub(crate) mod why;

use std::ffi::OsString;

use clap::{Parser, Subcommand};

/// OpenClaw: the gateway and its command line
#[derive(Debug, Parser)]
#[command(
    name = "openclaw",
    disable_help_subcommand = true,
    disable_help_flag = true,
    disable_version_flag = true
)]
pub(crate) struct Root {
    /// The profile.
    #[arg(long, value_name = "name", help = "Use a named profile: state in ~/.openclaw-<name>")]
    pub(crate) profile: Option<String>,
    /// Dev profile: state in ~/.openclaw-dev, port 19001
    #[arg(long)]
    pub(crate) dev: bool,
    /// Log level: silent, fatal, error, warn, info, debug or trace
    #[arg(long, value_name = "level", global = true)]
    pub(crate) log_level: Option<String>,
    /// No colours
    #[arg(long, global = true)]
    pub(crate) no_color: bool,
    /// Run inside a Docker or Podman container
    #[arg(long, value_name = "name", hide = true)]
    pub(crate) container: Option<String>,
    /// Same as the update command
    #[arg(long, hide = true)]
    pub(crate) update: bool,
    /// Show the version
    #[arg(short = 'V', long, short_alias = 'v')]
    pub(crate) version: bool,
    /// The command.
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// The first command word.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the gateway, or ask one
    #[command(visible_alias = "daemon")]
    Gateway(Box<gateway::GatewayArgs>),
    /// Say how everything is, and what needs attention
    Status(status::StatusArgs),
    /// Ask the gateway how it is
    Health(gateway::HealthArgs),
    /// Pair devices and manage their access
    Devices(devices::DevicesArgs),
    /// Read and change openclaw.json
    Config(config::ConfigArgs),
    /// Check everything, and mend what can safely be mended
    Doctor(doctor::DoctorArgs),
    /// Show or replace the gateway token
    Auth(auth::AuthArgs),
    /// Show the gateway's log
    Logs(logs::LogsArgs),
    /// Say why somebody was refused, and what ends it
    Why(why::WhyArgs),
    /// Look for what lets in too much
    Security(status::SecurityArgs),
    /// Show a code that pairs a phone
    Qr(qr::QrArgs),
    /// Open the dashboard, or say how to get to it
    Dashboard(dashboard::DashboardArgs),
    /// Reach a gateway of another machine through ssh
    Tunnel(tunnel::TunnelArgs),
    /// Print the completion script of a shell
    Completion(completion::CompletionArgs),
    /// Show the help of a command
    Help {
        /// The command
        #[arg(value_name = "command", allow_hyphen_values = true)]
        words: Vec<String>,
    },
    /// Anything else: a command of the original that is absent here, or a mistake.
    #[command(external_subcommand)]
    Other(Vec<OsString>),
}
