//! Where a connection comes from, written in lines: `peer 127.0.0.1:5000 own`, `header host localhost`, `trust 10.0.0.1`,
//! `allow https://gw.example.com`, `container`, `tls`, `real-ip`, `host-fallback`, `owner-socket`.

use ipnet::IpNet;
use openclaw_admission::origin::OriginPolicy;
use openclaw_admission::peer::{Peer, PeerFacts, SocketOwner, parse_proxy};

/// The facts of a connection and the settings that they are judged by.
#[derive(Clone, Debug)]
pub struct Door {
    /// What the gateway knows about the connection.
    pub facts: PeerFacts,
    /// `gateway.trustedProxies`.
    pub trusted: Vec<IpNet>,
    /// `gateway.allowRealIpFallback`.
    pub real_ip: bool,
    /// `gateway.controlUi.allowedOrigins`.
    pub allowed: Vec<String>,
    /// `gateway.controlUi.dangerouslyAllowHostHeaderOriginFallback`.
    pub host_fallback: bool,
}

impl Default for Door {
    /// Another machine, no headers.
    fn default() -> Self {
        let peer = Peer::Tcp { address: ([203, 0, 113, 9], 50_000).into(), owner: SocketOwner::NotAsked };
        Self {
            facts: PeerFacts { peer, in_container: false, tls: false, headers: Vec::new() },
            trusted: Vec::new(),
            real_ip: false,
            allowed: Vec::new(),
            host_fallback: false,
        }
    }
}

impl Door {
    /// Takes a line; unknown words are ignored.
    pub fn line(&mut self, word: &str, rest: &str) {
        match word {
            "peer" => {
                let (address, owner) = rest.split_once(' ').unwrap_or((rest, ""));
                let owner = match owner {
                    "own" => SocketOwner::Own,
                    "other" => SocketOwner::Other(1_000),
                    "unknown" => SocketOwner::Unknown,
                    _ => SocketOwner::NotAsked,
                };
                if let Ok(address) = address.parse() {
                    self.facts.peer = Peer::Tcp { address, owner };
                }
            }
            "owner-socket" => self.facts.peer = Peer::OwnerSocket,
            "container" => self.facts.in_container = true,
            "tls" => self.facts.tls = true,
            "trust" => self.trusted.extend(parse_proxy(rest)),
            "real-ip" => self.real_ip = true,
            "allow" => self.allowed.push(rest.to_owned()),
            "host-fallback" => self.host_fallback = true,
            "header" => {
                let (name, value) = rest.split_once(' ').unwrap_or((rest, ""));
                self.header(name, value);
            }
            _ => {}
        }
    }

    /// Adds a header as the HTTP layer gives it: names of tokens in lower case, values without control characters.
    pub fn header(&mut self, name: &str, value: &str) {
        let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
        if name.is_empty() || !name.bytes().all(token) || value.chars().any(|c| c.is_control() && c != '\t') {
            return;
        }
        self.facts.headers.push((name.to_ascii_lowercase().into(), value.into()));
    }

    /// The values of a header.
    pub fn values<'d>(&'d self, name: &'d str) -> impl Iterator<Item = &'d str> {
        self.facts.headers.iter().filter(move |(have, _)| &**have == name).map(|(_, value)| &**value)
    }

    /// Whether any header says that somebody forwarded the request (rulings 7 and 16), written independently: what
    /// proxies, tunnels and content networks add.
    #[must_use]
    pub fn forwarded(&self) -> bool {
        self.facts.headers.iter().any(|(name, _)| {
            let address = name.strip_suffix("client-ip");
            let vendor = ["", "x-", "x-cluster-", "true-", "fly-", "fastly-"];
            address.is_some_and(|whose| vendor.contains(&whose))
                || ["forwarded", "forwarded-for", "via", "x-real-ip", "cdn-loop"].contains(&&**name)
                || ["x-forwarded", "x-original-", "x-envoy-", "cf-", "tailscale-"]
                    .iter()
                    .any(|f| name.starts_with(f))
        })
    }

    /// The origin policy.
    #[must_use]
    pub fn origins(&self) -> OriginPolicy {
        OriginPolicy::new(self.allowed.iter().map(String::as_str), self.host_fallback)
    }
}
