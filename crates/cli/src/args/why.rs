//! `openclaw why` and `openclaw gateway explain`.

use clap::Args;

use super::reach::ReachArgs;

/// `openclaw why`.
#[derive(Debug, Args)]
pub(crate) struct WhyArgs {
    /// Id of a request, device or connection, or the beginning of one; `last` (default) for the newest refusal
    #[arg(value_name = "id")]
    pub(crate) id: Option<String>,
    /// List the last refusals, one line each
    #[arg(long, conflicts_with = "id")]
    pub(crate) all: bool,
    #[command(flatten)]
    pub(crate) reach: ReachArgs,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// `openclaw gateway explain`.
#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// The other end of its socket: an address, or `owner-socket` (default 127.0.0.1)
    #[arg(long, value_name = "address")]
    pub(crate) from: Option<String>,
    /// A request header, as 'X-Forwarded-For: 203.0.113.9'; may be repeated
    #[arg(long, value_name = "header")]
    pub(crate) header: Vec<String>,
    /// The host it asks for (default: the gateway's own address)
    #[arg(long, value_name = "host")]
    pub(crate) host: Option<String>,
    /// The page it comes from (default for browsers: the gateway's own)
    #[arg(long, value_name = "origin")]
    pub(crate) origin: Option<String>,
    /// The client: cli, control-ui, webchat, tui, app, macos, ios, android, node, backend, probe, test or id/mode
    #[arg(long, value_name = "client")]
    pub(crate) client: Option<String>,
    /// The platform it says it is
    #[arg(long, value_name = "platform")]
    pub(crate) platform: Option<String>,
    /// operator or node
    #[arg(long, value_name = "role")]
    pub(crate) role: Option<String>,
    /// The scopes it asks for, separated by commas
    #[arg(long, value_name = "list", value_delimiter = ',')]
    pub(crate) scopes: Vec<String>,
    /// The protocol it speaks: 3 or 4
    #[arg(long, value_name = "n")]
    pub(crate) protocol: Option<i64>,
    /// Its device: new (default), none, own (this machine's), or the id of one
    #[arg(long, value_name = "device")]
    pub(crate) device: Option<String>,
    /// The token it sends (only compared; better --with-gateway-token, which no process listing shows)
    #[arg(long, value_name = "token")]
    pub(crate) token: Option<String>,
    /// The password it sends (only compared)
    #[arg(long, value_name = "password")]
    pub(crate) password: Option<String>,
    /// The device token it sends (only compared)
    #[arg(long, value_name = "token")]
    pub(crate) device_token: Option<String>,
    /// The setup or claim code it sends (only compared, not used up)
    #[arg(long, value_name = "code")]
    pub(crate) code: Option<String>,
    /// It sends the gateway's own token or password
    #[arg(long, visible_alias = "with-gateway-password")]
    pub(crate) with_gateway_token: bool,
    /// User id of the connecting program, when it is on the gateway's machine
    #[arg(long, value_name = "uid")]
    pub(crate) uid: Option<u32>,
    /// It comes over TLS
    #[arg(long)]
    pub(crate) tls: bool,
    /// Accepted for completeness: a WebSocket may be opened on any path
    #[arg(long, value_name = "path", hide = true)]
    pub(crate) path: Option<String>,
    /// Gateway WebSocket URL (default: the gateway of this machine)
    #[arg(long, value_name = "url")]
    pub(crate) url: Option<String>,
    /// Milliseconds to wait
    #[arg(long, value_name = "ms")]
    pub(crate) timeout: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

impl ExplainArgs {
    /// How the gateway is reached: what is said of the peer's secrets says nothing about this program's own.
    pub(crate) fn reach(&self) -> ReachArgs {
        ReachArgs { url: self.url.clone(), timeout: self.timeout.clone(), ..ReachArgs::default() }
    }

    /// Whether a secret was typed.
    pub(crate) fn has_secret(&self) -> bool {
        [&self.token, &self.password, &self.device_token, &self.code].into_iter().any(Option::is_some)
    }
}
