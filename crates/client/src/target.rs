//! Which gateway is meant, and who said so (cli §5.1), and the rule against plaintext to far hosts (S43).
//!
//! Pure: the flags, environment and config values come in as plain strings.

use std::fmt;
use std::net::IpAddr;

use openclaw_protocol::refusal::{Caller, Vantage};
use url::{Host, Url};

use crate::owner_socket::OwnerSocket;
use crate::tls::Fingerprint;

/// Where the gateway's address came from; prints the `urlSource` text of cli §5.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UrlSource {
    /// `--url`.
    CliUrl,
    /// `--port` (this machine, another port).
    CliPort,
    /// The variable `OPENCLAW_GATEWAY_URL`.
    Env,
    /// `gateway.remote.url`, with `gateway.mode` remote.
    ConfigRemote,
    /// `gateway.mode` is remote and no `gateway.remote.url` is set.
    MissingRemote,
    /// The gateway of this machine.
    LocalLoopback,
    /// The owner socket of this machine's gateway.
    OwnerSocket,
}

impl UrlSource {
    /// The text shown after `Source:` and as `urlSource` in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            UrlSource::CliUrl => "cli --url",
            UrlSource::CliPort => "cli --port",
            UrlSource::Env => "env OPENCLAW_GATEWAY_URL",
            UrlSource::ConfigRemote => "config gateway.remote.url",
            UrlSource::MissingRemote => "missing gateway.remote.url (fallback local)",
            UrlSource::LocalLoopback => "local loopback",
            UrlSource::OwnerSocket => "owner socket",
        }
    }

    /// How somebody at `here` sees a gateway whose address came from this source: what is not this machine's gateway
    /// is elsewhere.
    pub fn seen_from(self, here: &Vantage, address: &str) -> Vantage {
        let mut vantage = here.clone();
        if !self.is_this_machine() {
            vantage.url.get_or_insert_with(|| address.to_owned());
            vantage.gateway.get_or_insert_with(Caller::default);
        }
        vantage
    }

    /// Whether the owner of this machine's gateway stands behind the address: only then may secrets of the local
    /// config be sent to it.
    pub fn is_this_machine(self) -> bool {
        matches!(
            self,
            UrlSource::CliPort | UrlSource::MissingRemote | UrlSource::LocalLoopback | UrlSource::OwnerSocket
        )
    }
}

impl fmt::Display for UrlSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What plaintext may be spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlainReach {
    /// Loopback addresses only.
    Loopback,
    /// Loopback and private addresses, because `OPENCLAW_ALLOW_INSECURE_PRIVATE_WS=1` says so. A host *name* is
    /// judged by the addresses that it resolves to, at the moment of connecting.
    Private,
    /// Anything: only for finding out who is there, without any secret.
    Anywhere,
}

impl PlainReach {
    /// Whether plaintext may go to this address.
    pub fn allows(self, address: IpAddr) -> bool {
        match self {
            PlainReach::Loopback => is_loopback(address),
            PlainReach::Private => is_loopback(address) || is_private(address),
            PlainReach::Anywhere => true,
        }
    }
}

/// A gateway's network address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GatewayUrl {
    /// `wss`: TLS.
    pub tls: bool,
    /// Name or address.
    pub host: Host,
    /// TCP port.
    pub port: u16,
    /// Path and query as asked for, beginning with `/`. The query may hold a secret and is never shown.
    path: String,
}

impl GatewayUrl {
    /// `ws://127.0.0.1:<port>`, or `wss` for a gateway with TLS.
    pub fn loopback(port: u16, tls: bool) -> GatewayUrl {
        GatewayUrl { tls, host: Host::Ipv4(std::net::Ipv4Addr::LOCALHOST), port, path: "/".to_owned() }
    }

    /// Reads what a person gives as a gateway address: `ws`, `wss`, `http` and `https` URLs (a dashboard link works;
    /// its fragment is dropped). Without a port: 18789 for `ws`, 443 for `wss`.
    pub fn parse(text: &str) -> Result<GatewayUrl, TargetError> {
        let bad = |why| TargetError::BadUrl { why };
        let url = Url::parse(text.trim())
            .map_err(|_| bad("it is not a URL; write ws://host:port or wss://host"))?;
        let tls = match url.scheme() {
            "ws" | "http" => false,
            "wss" | "https" => true,
            _ => return Err(bad("its scheme is none of ws, wss, http and https")),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(bad("it holds a user name or password; pass --token or --password instead"));
        }
        // For schemes it does not know as special, the parser leaves address literals as names.
        let host = match url.host() {
            Some(Host::Domain(name)) => {
                Host::parse(name).map_err(|_| bad("its host is neither a name nor an address"))?
            }
            Some(Host::Ipv4(address)) => Host::Ipv4(address),
            Some(Host::Ipv6(address)) => Host::Ipv6(address),
            None => return Err(bad("it names no host")),
        };
        let port = match url.port() {
            Some(0) => return Err(bad("port 0 cannot be connected to")),
            Some(port) => port,
            // A typed `:80` or `:443` is dropped by the parser as the scheme's default.
            None if tls => 443,
            None if has_explicit_port(text) => 80,
            None => DEFAULT_PORT,
        };
        let mut path = if url.path().is_empty() { "/".to_owned() } else { url.path().to_owned() };
        if let Some(query) = url.query() {
            path.push('?');
            path.push_str(query);
        }
        Ok(GatewayUrl { tls, host, port, path })
    }

    /// The `Host` header and the key under which tokens of this gateway are kept: `name:port`, `[v6]:port`.
    pub fn authority(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    /// Path and query for the HTTP request. Not for showing: the query may hold a secret.
    pub fn request_path(&self) -> &str {
        &self.path
    }

    /// The origin of the pages at this address, as a browser states it.
    pub fn origin(&self) -> String {
        let (scheme, default) = if self.tls { ("https", 443) } else { ("http", 80) };
        if self.port == default {
            format!("{scheme}://{}", self.host)
        } else {
            format!("{scheme}://{}:{}", self.host, self.port)
        }
    }

    /// Whether the host is an address literal of the loopback interface or the name `localhost`.
    pub fn is_loopback(&self) -> bool {
        match &self.host {
            Host::Domain(name) => name.eq_ignore_ascii_case("localhost"),
            Host::Ipv4(address) => is_loopback(IpAddr::V4(*address)),
            Host::Ipv6(address) => is_loopback(IpAddr::V6(*address)),
        }
    }

    fn literal(&self) -> Option<IpAddr> {
        match self.host {
            Host::Domain(_) => None,
            Host::Ipv4(address) => Some(IpAddr::V4(address)),
            Host::Ipv6(address) => Some(IpAddr::V6(address)),
        }
    }
}

impl fmt::Display for GatewayUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls { "wss" } else { "ws" };
        let path = self.path.split('?').next().unwrap_or_default();
        write!(f, "{scheme}://{}{}", self.authority(), if path == "/" { "" } else { path })
    }
}

/// The port of a gateway unless something else is configured.
pub const DEFAULT_PORT: u16 = 18_789;

fn has_explicit_port(text: &str) -> bool {
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    authority
        .rsplit_once(':')
        .is_some_and(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()) && !port.is_empty())
}

/// How to get there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// Over the network.
    Url(GatewayUrl),
    /// By the owner socket of this machine's gateway.
    Socket(OwnerSocket),
}

/// A gateway to connect to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// How to get there.
    pub endpoint: Endpoint,
    /// Who said so.
    pub source: UrlSource,
    /// SHA-256 of the certificate that the server must show (TLS only). With it, names and issuers do not matter;
    /// without it, the public certificate authorities decide.
    pub fingerprint: Option<Fingerprint>,
    /// What plaintext may reach.
    pub plain_reach: PlainReach,
}

impl Target {
    /// The owner socket.
    pub fn owner_socket(socket: OwnerSocket) -> Target {
        Target {
            endpoint: Endpoint::Socket(socket),
            source: UrlSource::OwnerSocket,
            fingerprint: None,
            plain_reach: PlainReach::Loopback,
        }
    }

    /// Whether a stored device token may be volunteered to this endpoint: this machine, or TLS to exactly the pinned
    /// certificate (auth-and-pairing §4.9).
    pub fn is_trusted_with_device_token(&self) -> bool {
        match &self.endpoint {
            Endpoint::Socket(_) => true,
            Endpoint::Url(url) => url.is_loopback() || (url.tls && self.fingerprint.is_some()),
        }
    }

    /// The target as people see it: `ws://127.0.0.1:18789`, or the socket's path.
    pub fn shown(&self) -> String {
        match &self.endpoint {
            Endpoint::Url(url) => url.to_string(),
            Endpoint::Socket(socket) => {
                let path = socket.paths.first();
                path.map_or_else(|| "owner socket".to_owned(), |path| path.display().to_string())
            }
        }
    }
}

/// Everything that decides which gateway is meant.
#[derive(Clone, Debug, Default)]
pub struct TargetInputs<'a> {
    /// `--url`.
    pub cli_url: Option<&'a str>,
    /// `--port` of a gateway command.
    pub cli_port: Option<u16>,
    /// `OPENCLAW_GATEWAY_URL`; empty counts as unset.
    pub env_url: Option<&'a str>,
    /// `gateway.mode` is `remote`.
    pub remote_mode: bool,
    /// `gateway.remote.url`; empty counts as unset.
    pub remote_url: Option<&'a str>,
    /// `gateway.remote.tlsFingerprint`.
    pub remote_fingerprint: Option<Fingerprint>,
    /// Port of this machine's gateway, with `OPENCLAW_GATEWAY_PORT` and the config already weighed; `None` for 18789.
    pub local_port: Option<u16>,
    /// This machine's gateway speaks TLS itself (`gateway.tls.enabled`).
    pub local_tls: bool,
    /// Fingerprint of this machine's gateway's certificate.
    pub local_fingerprint: Option<Fingerprint>,
    /// `OPENCLAW_ALLOW_INSECURE_PRIVATE_WS` is `1`.
    pub allow_insecure_private: bool,
}

impl TargetInputs<'_> {
    /// Finds the target: `--url`, then `--port`, then the environment, then the remote of the config, then loopback.
    pub fn resolve(&self) -> Result<Target, TargetError> {
        let set = |text: Option<&str>| text.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
        let (url, source, fingerprint) = if let Some(url) = set(self.cli_url) {
            (GatewayUrl::parse(&url)?, UrlSource::CliUrl, None)
        } else if let Some(port) = self.cli_port {
            (GatewayUrl::loopback(port, self.local_tls), UrlSource::CliPort, self.local_fingerprint)
        } else if let Some(url) = set(self.env_url) {
            (GatewayUrl::parse(&url)?, UrlSource::Env, None)
        } else if let (true, Some(url)) = (self.remote_mode, set(self.remote_url)) {
            (GatewayUrl::parse(&url)?, UrlSource::ConfigRemote, self.remote_fingerprint)
        } else {
            let port = self.local_port.unwrap_or(DEFAULT_PORT);
            let source = if self.remote_mode { UrlSource::MissingRemote } else { UrlSource::LocalLoopback };
            (GatewayUrl::loopback(port, self.local_tls), source, self.local_fingerprint)
        };
        let plain_reach =
            if self.allow_insecure_private { PlainReach::Private } else { PlainReach::Loopback };
        check_plaintext(&url, plain_reach)?;
        Ok(Target { endpoint: Endpoint::Url(url), source, fingerprint, plain_reach })
    }

    /// Whether a management command takes the owner socket first (ruling 27); `explicit_secret` says that `--token`
    /// or `--password` was given.
    pub fn prefers_owner_socket(&self, explicit_secret: bool) -> bool {
        let unset = |text: Option<&str>| text.is_none_or(|text| text.trim().is_empty());
        !explicit_secret
            && !self.remote_mode
            && self.cli_port.is_none()
            && unset(self.cli_url)
            && unset(self.env_url)
    }
}

/// Why there is no target.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// The address cannot be read. The address itself is not repeated: it may hold a secret.
    #[error("invalid gateway URL: {why}")]
    BadUrl {
        /// What is wrong.
        why: &'static str,
    },
    /// Plaintext to a host that is not this machine (S43).
    #[error(
        "SECURITY ERROR: Gateway URL \"{url}\" uses plaintext ws:// to a non-loopback address.\n\
         Token, password and conversations could be read and changed on the way.\n{}",
        plaintext_fixes(url, *private)
    )]
    Plaintext {
        /// The address, without its query.
        url: String,
        /// The host may be private, so that the override variable could help.
        private: bool,
    },
}

fn plaintext_fixes(url: &str, private: bool) -> String {
    let host = url.trim_start_matches("ws://");
    let mut text = format!(
        "Fix: use wss:// (for example with Tailscale Serve or a reverse proxy), or an SSH tunnel: \
         ssh -N -L 18789:127.0.0.1:18789 user@{}, then ws://127.0.0.1:18789.",
        host.rsplit_once(':').map_or(host, |(name, _)| name)
    );
    if private {
        text.push_str(
            "\nIn a private network that you trust: set OPENCLAW_ALLOW_INSECURE_PRIVATE_WS=1 in this program's environment.",
        );
    }
    text
}

/// Refuses plaintext to literal addresses that are too far away, and to all names when only loopback is allowed.
fn check_plaintext(url: &GatewayUrl, reach: PlainReach) -> Result<(), TargetError> {
    if url.tls || url.is_loopback() {
        return Ok(());
    }
    let literal = url.literal();
    let allowed = match (reach, literal) {
        (PlainReach::Loopback, _) => false,
        (PlainReach::Anywhere, _) => true,
        (PlainReach::Private, Some(address)) => reach.allows(address),
        // Judged when it is resolved.
        (PlainReach::Private, None) => true,
    };
    if allowed {
        return Ok(());
    }
    Err(TargetError::Plaintext { url: url.to_string(), private: literal.is_none_or(is_private) })
}

/// Loopback, IPv4-mapped forms included.
pub(crate) fn is_loopback(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

/// Addresses that are not reachable from the Internet: RFC 1918, link-local, carrier-grade NAT (tailnets) and
/// unique-local IPv6.
pub(crate) fn is_private(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            v4.is_private() || v4.is_link_local() || (a == 100 && (64..128).contains(&b))
        }
        IpAddr::V6(v6) => v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(inputs: TargetInputs<'_>) -> Result<(String, &'static str), TargetError> {
        inputs.resolve().map(|target| (target.shown(), target.source.as_str()))
    }

    #[test]
    fn the_order_of_sources() {
        let all = TargetInputs {
            cli_url: Some("wss://a.example"),
            cli_port: Some(1),
            env_url: Some("wss://b.example:8443/ws"),
            remote_mode: true,
            remote_url: Some("wss://c.example"),
            local_port: Some(2),
            ..TargetInputs::default()
        };
        let shown = |inputs: &TargetInputs<'_>| resolve(inputs.clone()).unwrap();
        let mut inputs = all;
        assert_eq!(shown(&inputs), ("wss://a.example:443".into(), "cli --url"));
        inputs.cli_url = None;
        assert_eq!(shown(&inputs), ("ws://127.0.0.1:1".into(), "cli --port"));
        inputs.cli_port = None;
        assert_eq!(shown(&inputs), ("wss://b.example:8443/ws".into(), "env OPENCLAW_GATEWAY_URL"));
        inputs.env_url = Some(" ");
        assert_eq!(shown(&inputs), ("wss://c.example:443".into(), "config gateway.remote.url"));
        inputs.remote_url = None;
        assert_eq!(
            shown(&inputs),
            ("ws://127.0.0.1:2".into(), "missing gateway.remote.url (fallback local)")
        );
        inputs.remote_mode = false;
        inputs.remote_url = Some("wss://c.example");
        assert_eq!(shown(&inputs), ("ws://127.0.0.1:2".into(), "local loopback"));
        inputs.local_port = None;
        inputs.local_tls = true;
        assert_eq!(shown(&inputs), ("wss://127.0.0.1:18789".into(), "local loopback"));
    }

    #[test]
    fn the_owner_socket_is_for_this_machine_without_explicit_anything() {
        let plain = TargetInputs::default();
        assert!(plain.prefers_owner_socket(false));
        assert!(!plain.prefers_owner_socket(true));
        for other in [
            TargetInputs { cli_url: Some("ws://127.0.0.1:1"), ..plain.clone() },
            TargetInputs { cli_port: Some(1), ..plain.clone() },
            TargetInputs { env_url: Some("wss://x"), ..plain.clone() },
            TargetInputs { remote_mode: true, ..plain.clone() },
        ] {
            assert!(!other.prefers_owner_socket(false), "{other:?}");
        }
        assert!(TargetInputs { env_url: Some(""), local_port: Some(5), ..plain }.prefers_owner_socket(false));
    }

    #[test]
    fn plaintext_reaches_only_what_is_near() {
        // url, allowed without the variable, allowed with it
        let table = [
            ("ws://127.0.0.1:18789", true, true),
            ("ws://127.8.9.1", true, true),
            ("ws://localhost:1", true, true),
            ("ws://[::1]:1", true, true),
            ("ws://[::ffff:127.0.0.1]:1", true, true),
            ("http://127.0.0.1:19999/", true, true),
            ("ws://192.168.1.5:18789", false, true),
            ("ws://10.0.0.1", false, true),
            ("ws://172.16.0.1", false, true),
            ("ws://172.32.0.1", false, false),
            ("ws://100.64.0.1", false, true),
            ("ws://100.128.0.1", false, false),
            ("ws://169.254.1.1", false, true),
            ("ws://[fd00::1]:1", false, true),
            ("ws://[fe80::1]:1", false, true),
            ("ws://[2001:db8::1]:1", false, false),
            ("ws://[::ffff:8.8.8.8]:1", false, false),
            ("ws://8.8.8.8", false, false),
            ("ws://0.0.0.0:18789", false, false),
            ("ws://0x7f.1:1", true, true),
            ("ws://2130706433:1", true, true),
            ("ws://gateway:18789", false, true),
            ("ws://localhost.:1", false, true),
            ("ws://localhost.evil.example", false, true),
            ("wss://8.8.8.8", true, true),
            ("https://gateway.example", true, true),
        ];
        for (url, near, private) in table {
            for (allow_insecure_private, expected) in [(false, near), (true, private)] {
                let inputs =
                    TargetInputs { cli_url: Some(url), allow_insecure_private, ..TargetInputs::default() };
                let got = inputs.resolve();
                assert_eq!(got.is_ok(), expected, "{url} {allow_insecure_private} {got:?}");
            }
        }
        let text = resolve(TargetInputs {
            cli_url: Some("ws://10.1.2.3:18789/?token=s3cret"),
            ..Default::default()
        })
        .unwrap_err()
        .to_string();
        assert!(text.starts_with(
            "SECURITY ERROR: Gateway URL \"ws://10.1.2.3:18789\" uses plaintext ws:// to a non-loopback address."
        ));
        assert!(text.contains("ssh -N -L 18789:127.0.0.1:18789 user@10.1.2.3,"), "{text}");
        assert!(text.contains("OPENCLAW_ALLOW_INSECURE_PRIVATE_WS=1"), "{text}");
        assert!(!text.contains("s3cret"), "{text}");
        let far = resolve(TargetInputs { cli_url: Some("ws://8.8.8.8"), ..Default::default() }).unwrap_err();
        assert!(!far.to_string().contains("OPENCLAW_ALLOW_INSECURE_PRIVATE_WS"), "{far}");
    }

    #[test]
    fn addresses_as_people_write_them() {
        let parse = |text: &str| GatewayUrl::parse(text).map(|url| url.to_string());
        assert_eq!(parse("ws://127.0.0.1").unwrap(), "ws://127.0.0.1:18789");
        assert_eq!(parse("ws://host:80").unwrap(), "ws://host:80");
        assert_eq!(parse("http://127.0.0.1:18789/#token=abc").unwrap(), "ws://127.0.0.1:18789");
        assert_eq!(parse("https://host/gw/?token=abc").unwrap(), "wss://host:443/gw/");
        assert_eq!(parse("wss://[fd00::1]:8443").unwrap(), "wss://[fd00::1]:8443");
        let with_query = GatewayUrl::parse("wss://host/gw?x=1").unwrap();
        assert_eq!((with_query.request_path(), with_query.authority().as_str()), ("/gw?x=1", "host:443"));
        for bad in ["", "127.0.0.1:18789", "ftp://x", "ws://u:p@h", "ws://", "ws://h:0", "ws://h:99999"] {
            assert!(matches!(parse(bad), Err(TargetError::BadUrl { .. })), "{bad}");
        }
    }
}
