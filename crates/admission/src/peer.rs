//! Where a connection comes from: the peer, the proxies on its way, and whether it is local (ruling 16).
//!
//! Everything here works on facts that the gateway collected once, when the socket was accepted and the upgrade
//! request was read. Nothing that a peer merely claims makes it local.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use ipnet::IpNet;
use openclaw_protocol::words::Words;
use serde::Serialize;

/// Who owns the peer's end of a loopback connection, as the kernel sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SocketOwner {
    /// The gateway's own uid.
    Own,
    /// Another user of this host.
    Other(u32),
    /// The kernel gave no answer.
    Unknown,
    /// Nobody asked, because the answer would not matter ([`PeerFacts::owner_matters`]).
    NotAsked,
}

/// The other end of the socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Peer {
    /// A TCP connection.
    Tcp {
        /// Address and port of the peer.
        address: SocketAddr,
        /// Who owns the peer's socket.
        owner: SocketOwner,
    },
    /// The owner socket. The gateway has checked the peer's uid and its ancestry (rulings 28 and 29)
    /// before it let the connection speak.
    OwnerSocket,
}

/// What the gateway knows about a connection before its first frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerFacts {
    /// The other end of the socket.
    pub peer: Peer,
    /// Whether the gateway runs in a container, where no TCP peer is local.
    pub in_container: bool,
    /// Whether the connection is encrypted up to this process.
    pub tls: bool,
    /// The request headers that matter, lower-case names, in order of arrival. The gateway keeps only
    /// [`RELEVANT_HEADERS`], forwarding headers and those that `trustedProxy` names.
    pub headers: Vec<(Box<str>, Box<str>)>,
}

/// Headers that the gateway must keep for a decision, besides those of [`is_forwarding_header`].
pub const RELEVANT_HEADERS: [&str; 5] = ["host", "origin", "forwarded", "x-real-ip", "x-openclaw-scopes"];

/// Forwarding headers that are told by name. A proxy sends some four.
const MAX_HEADERS_TOLD: usize = 8;
/// Characters of such a name that are kept.
const MAX_NAME_CHARS: usize = 40;

/// What proxies, tunnels and delivery networks call the client's address and their own work, whole or as a beginning.
const FORWARDING_NAMES: [&str; 11] = [
    "forwarded",
    "forwarded-for",
    "via",
    "x-real-ip",
    "client-ip",
    "x-client-ip",
    "x-cluster-client-ip",
    "true-client-ip",
    "fly-client-ip",
    "fastly-client-ip",
    "cdn-loop",
];
const FORWARDING_FAMILIES: [&str; 5] = ["x-forwarded", "x-original-", "x-envoy-", "cf-", "tailscale-"];

/// Whether a header says that somebody forwarded the request (rulings 7 and 16). No client sends one of these by
/// itself, so in doubt a name is on the list.
pub fn is_forwarding_header(name: &str) -> bool {
    FORWARDING_NAMES.contains(&name) || FORWARDING_FAMILIES.iter().any(|family| name.starts_with(family))
}

/// How a connection reached the gateway.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Path {
    /// Through the owner socket.
    OwnerSocket,
    /// Straight from the peer.
    Direct,
    /// Through a proxy that `gateway.trustedProxies` lists.
    TrustedProxy {
        /// The proxy's address.
        proxy: IpAddr,
    },
    /// Through something that adds forwarding headers but is not listed (C-15).
    UnlistedProxy {
        /// The address the proxy is seen under.
        proxy: IpAddr,
        /// The forwarding headers it sent.
        headers: Vec<Box<str>>,
    },
}

impl Path {
    /// How a connection got here, as journal, log and lists say it.
    pub fn in_words(&self) -> Words {
        match self {
            Self::OwnerSocket => Words::new("owner socket"),
            Self::Direct => Words::new("direct"),
            Self::TrustedProxy { proxy } => Words::new(&format!("through the trusted proxy {proxy}")),
            Self::UnlistedProxy { proxy, headers } => {
                Words::new(&format!("through {proxy}, unlisted, with {}", headers.join(", ")))
            }
        }
    }

    /// The proxy it came through, listed or not.
    pub fn proxy(&self) -> Option<IpAddr> {
        match self {
            Self::TrustedProxy { proxy } | Self::UnlistedProxy { proxy, .. } => Some(*proxy),
            Self::OwnerSocket | Self::Direct => None,
        }
    }
}

/// Why a connection is not local.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "reason")]
pub enum NotLocal {
    /// The peer's address is not a loopback address.
    RemoteAddress,
    /// A forwarding header is present.
    Forwarded {
        /// Its name.
        header: Box<str>,
    },
    /// `Host` is absent, repeated, or names something else than this machine's loopback.
    ForeignHost {
        /// The host that was asked for.
        host: Words,
    },
    /// The peer's socket belongs to another user of this host.
    OtherUser {
        /// That user's uid.
        uid: u32,
    },
    /// The kernel did not say whom the peer's socket belongs to.
    OwnerUnknown,
    /// The gateway runs in a container, where published ports look like loopback.
    Container,
}

impl std::fmt::Display for NotLocal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::RemoteAddress => f.write_str("the peer's address is not a loopback address"),
            Self::Forwarded { header } => write!(f, "the header {header} says that somebody forwarded it"),
            Self::ForeignHost { host } => write!(f, "it asked for the host {host}"),
            Self::OtherUser { uid } => write!(f, "its socket belongs to uid {uid}"),
            Self::OwnerUnknown => f.write_str("the kernel did not say whose socket it is"),
            Self::Container => f.write_str("the gateway runs in a container"),
        }
    }
}

/// Where a connection comes from, resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whereabouts {
    /// The client's address; behind a trusted proxy the one that proxy vouches for. `None` on the owner socket.
    pub client: Option<IpAddr>,
    /// Whether the client's address is a fact (the peer, or derived through trusted proxies) rather than the
    /// address of a proxy that did not say for whom it speaks.
    pub attributed: bool,
    /// How it got here.
    pub path: Path,
    /// `Ok` when local, otherwise the first reason why not.
    pub local: Result<(), NotLocal>,
}

impl Whereabouts {
    /// Whether the connection is local (ruling 16).
    pub fn is_local(&self) -> bool {
        self.local.is_ok()
    }

    /// The key under which this client is counted and limited.
    pub fn bucket(&self) -> IpAddr {
        bucket(self.client.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST)))
    }
}

/// The address that counts for limits: IPv4-mapped addresses are IPv4, and an IPv6 client is its /64, because
/// everybody with one such network has all of its addresses.
pub fn bucket(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let mut segments = v6.segments();
            segments[4..].fill(0);
            IpAddr::V6(Ipv6Addr::from(segments))
        }
        v4 => v4,
    }
}

/// The host part of a `Host` header or an origin's authority: lower-case, without port, brackets or trailing dot.
/// `None` when it is not a well-formed authority.
pub fn host_name(authority: &str) -> Option<String> {
    let authority = authority.trim();
    let (host, port) = if let Some(rest) = authority.strip_prefix('[') {
        let (inside, after) = rest.split_once(']')?;
        let v6 = inside.parse::<Ipv6Addr>().ok()?;
        let port = after.strip_prefix(':').or((after.is_empty()).then_some(""))?;
        // Addresses have many spellings; browsers send the shortest.
        return port.bytes().all(|b| b.is_ascii_digit()).then(|| v6.to_string());
    } else if let Ok(v6) = authority.parse::<Ipv6Addr>() {
        return Some(v6.to_string());
    } else {
        authority.split_once(':').unwrap_or((authority, ""))
    };
    if !port.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let host = host.strip_suffix('.').unwrap_or(host);
    let well_formed = !host.is_empty()
        && !host.ends_with('.')
        && host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b':'));
    well_formed.then(|| host.to_ascii_lowercase())
}

/// Whether a host name means this machine's loopback: `localhost`, 127.0.0.0/8, `::1` and their mapped forms.
pub fn is_loopback_host(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.to_canonical().is_loopback())
}

impl PeerFacts {
    /// The values of a header, in order of arrival.
    pub fn header<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers.iter().filter(move |(have, _)| **have == *name).map(|(_, value)| &**value)
    }

    /// The single value of a header; `None` when it is absent, repeated or empty.
    pub fn single_header<'a>(&'a self, name: &'a str) -> Option<&'a str> {
        let mut values = self.header(name);
        let value = values.next()?.trim();
        (values.next().is_none() && !value.is_empty()).then_some(value)
    }

    /// The host that the client asked for, without port.
    pub fn host(&self) -> Option<String> {
        host_name(self.single_header("host")?)
    }

    /// The forwarding headers that are present, each name once. They are told to people and kept in the journal, so
    /// of those that a stranger makes up only a few are kept, and of a long name its beginning.
    pub fn forwarding_headers(&self) -> Vec<Box<str>> {
        let mut names: Vec<Box<str>> = Vec::new();
        for (name, _) in self.headers.iter().filter(|(name, _)| is_forwarding_header(name)) {
            if names.len() == MAX_HEADERS_TOLD {
                break;
            }
            let name = name.char_indices().nth(MAX_NAME_CHARS).map_or(&**name, |(end, _)| &name[..end]);
            if !names.iter().any(|known| **known == *name) {
                names.push(name.into());
            }
        }
        names
    }

    /// Whether the owner of the peer's socket can make a difference: only then the gateway asks the kernel.
    pub fn owner_matters(&self) -> bool {
        matches!(&self.peer, Peer::Tcp { .. }) && self.local_but_for_owner().is_ok()
    }

    /// Every condition of locality except the kernel's word on who owns the peer's socket.
    fn local_but_for_owner(&self) -> Result<(), NotLocal> {
        let Peer::Tcp { address, .. } = &self.peer else { return Ok(()) };
        if !address.ip().to_canonical().is_loopback() {
            return Err(NotLocal::RemoteAddress);
        }
        if let Some(header) = self.forwarding_headers().into_iter().next() {
            return Err(NotLocal::Forwarded { header });
        }
        if !self.host().is_some_and(|host| is_loopback_host(&host)) {
            let host = self.header("host").collect::<Vec<_>>().join(", ");
            return Err(NotLocal::ForeignHost { host: Words::new(&host) });
        }
        if self.in_container {
            return Err(NotLocal::Container);
        }
        Ok(())
    }

    fn local(&self) -> Result<(), NotLocal> {
        self.local_but_for_owner()?;
        match &self.peer {
            Peer::OwnerSocket | Peer::Tcp { owner: SocketOwner::Own, .. } => Ok(()),
            Peer::Tcp { owner: SocketOwner::Other(uid), .. } => Err(NotLocal::OtherUser { uid: *uid }),
            Peer::Tcp { owner: SocketOwner::Unknown | SocketOwner::NotAsked, .. } => {
                Err(NotLocal::OwnerUnknown)
            }
        }
    }

    /// Resolves where the connection comes from (§2.3 under rulings 16 and 19).
    pub fn whereabouts(&self, trusted: &[IpNet], real_ip_fallback: bool) -> Whereabouts {
        let Peer::Tcp { address, .. } = &self.peer else {
            return Whereabouts { client: None, attributed: true, path: Path::OwnerSocket, local: Ok(()) };
        };
        let peer = address.ip().to_canonical();
        let local = self.local();
        let headers = self.forwarding_headers();
        if headers.is_empty() {
            return Whereabouts { client: Some(peer), attributed: true, path: Path::Direct, local };
        }
        if !is_listed(trusted, peer) {
            let path = Path::UnlistedProxy { proxy: peer, headers };
            return Whereabouts { client: Some(peer), attributed: false, path, local };
        }
        let client = self.forwarded_client(trusted, real_ip_fallback);
        Whereabouts {
            client: Some(client.unwrap_or(peer)),
            attributed: client.is_some(),
            path: Path::TrustedProxy { proxy: peer },
            local,
        }
    }

    /// The client a trusted proxy vouches for: `X-Forwarded-For` from the right, past trusted and loopback hops.
    /// A hop that is not an address ends the search without an answer: guessing past it would let a client
    /// choose its own address.
    fn forwarded_client(&self, trusted: &[IpNet], real_ip_fallback: bool) -> Option<IpAddr> {
        let mut hops: Vec<&str> = Vec::new();
        for value in self.header("x-forwarded-for") {
            hops.extend(value.split(','));
        }
        for hop in hops.iter().rev() {
            let ip = hop_address(hop)?;
            if !ip.is_loopback() && !is_listed(trusted, ip) {
                return Some(ip);
            }
        }
        if real_ip_fallback && hops.is_empty() {
            let ip = hop_address(self.single_header("x-real-ip")?)?;
            return (!ip.is_loopback()).then_some(ip);
        }
        None
    }
}

/// Whether `address` matches an entry of `gateway.trustedProxies`; mapped forms compare as IPv4.
pub fn is_listed(trusted: &[IpNet], address: IpAddr) -> bool {
    let address = address.to_canonical();
    trusted.iter().any(|net| net.contains(&address))
}

/// Parses an entry of `gateway.trustedProxies`: an address or a CIDR range, IPv4, IPv6 (also in brackets) or mapped,
/// with spaces where people leave them (F-14).
pub fn parse_proxy(entry: &str) -> Option<IpNet> {
    let (address, bits) = match entry.split_once('/') {
        Some((address, bits)) => (address.trim(), Some(bits.trim())),
        None => (entry.trim(), None),
    };
    let address = address.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')).unwrap_or(address);
    let Some(bits) = bits else {
        return address.parse::<IpAddr>().ok().map(|ip| IpNet::from(ip.to_canonical()));
    };
    let net: IpNet = format!("{address}/{bits}").parse().ok()?;
    match net {
        IpNet::V6(v6) => match (v6.addr().to_ipv4_mapped(), v6.prefix_len().checked_sub(96)) {
            (Some(v4), Some(prefix)) => ipnet::Ipv4Net::new(v4, prefix).ok().map(IpNet::V4),
            _ => Some(net),
        },
        IpNet::V4(_) => Some(net),
    }
}

/// One hop of `X-Forwarded-For`: an address, possibly with a port or in brackets.
fn hop_address(hop: &str) -> Option<IpAddr> {
    let hop = hop.trim().trim_matches('"');
    if let Ok(ip) = hop.parse::<IpAddr>() {
        return Some(ip.to_canonical());
    }
    if let Ok(socket) = hop.parse::<SocketAddr>() {
        return Some(socket.ip().to_canonical());
    }
    let inside = hop.strip_prefix('[')?.strip_suffix(']')?;
    inside.parse::<Ipv6Addr>().ok().map(|ip| IpAddr::V6(ip).to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(address: &str, owner: SocketOwner, headers: &[(&str, &str)]) -> PeerFacts {
        PeerFacts {
            peer: Peer::Tcp { address: address.parse().unwrap(), owner },
            in_container: false,
            tls: false,
            headers: headers.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect(),
        }
    }

    fn nets(entries: &[&str]) -> Vec<IpNet> {
        entries.iter().map(|entry| parse_proxy(entry).unwrap()).collect()
    }

    #[test]
    fn local_needs_every_condition() {
        let host = ("host", "127.0.0.1:18789");
        let local = |address: &str, owner, headers: &[(&str, &str)]| {
            facts(address, owner, headers).whereabouts(&[], false).is_local()
        };
        use SocketOwner::{NotAsked, Other, Own, Unknown};
        assert!(local("127.0.0.1:5000", Own, &[host]));
        assert!(local("[::1]:5000", Own, &[("host", "localhost:19999")]));
        assert!(local("[::ffff:127.0.0.1]:5000", Own, &[("host", "[::ffff:127.0.0.1]:1")]));
        assert!(local("127.9.9.9:5000", Own, &[("host", "LOCALHOST.")]));
        assert!(!local("192.168.1.5:5000", Own, &[host]));
        assert!(!local("127.0.0.1:5000", Other(1000), &[host]));
        assert!(!local("127.0.0.1:5000", Unknown, &[host]));
        assert!(!local("127.0.0.1:5000", NotAsked, &[host]));
        assert!(!local("127.0.0.1:5000", Own, &[]));
        assert!(!local("127.0.0.1:5000", Own, &[host, host]), "a repeated Host is ambiguous");
        for foreign in [
            "gw.example.com",
            "192.168.1.5:18789",
            "localhost.evil.com",
            "127.0.0.1.evil.com",
            "x@localhost",
            "localhost:80:80",
            "node.tail.ts.net",
        ] {
            assert!(!local("127.0.0.1:5000", Own, &[("host", foreign)]), "{foreign}");
        }
        for header in [
            "forwarded",
            "x-real-ip",
            "x-forwarded-for",
            "x-forwarded-proto",
            "x-forwarded-host",
            "tailscale-user-login",
            "via",
            "x-forwarded",
            "cf-connecting-ip",
            "cdn-loop",
            "true-client-ip",
            "x-client-ip",
            "x-cluster-client-ip",
            "x-original-forwarded-for",
            "x-original-host",
            "x-envoy-external-address",
            "fly-client-ip",
            "client-ip",
        ] {
            assert!(!local("127.0.0.1:5000", Own, &[host, (header, "127.0.0.1")]), "{header}");
        }
    }

    #[test]
    fn in_a_container_no_tcp_peer_is_local() {
        let mut facts = facts("127.0.0.1:5000", SocketOwner::Own, &[("host", "localhost")]);
        facts.in_container = true;
        assert_eq!(facts.whereabouts(&[], false).local, Err(NotLocal::Container));
    }

    #[test]
    fn the_owner_is_asked_only_when_it_matters() {
        assert!(facts("127.0.0.1:5000", SocketOwner::NotAsked, &[("host", "localhost")]).owner_matters());
        assert!(!facts("10.0.0.1:5000", SocketOwner::NotAsked, &[("host", "localhost")]).owner_matters());
        assert!(
            !facts("127.0.0.1:5000", SocketOwner::NotAsked, &[("host", "gw.example.com")]).owner_matters()
        );
    }

    #[test]
    fn clients_behind_proxies() {
        let trusted = nets(&["127.0.0.1", "10.0.0.0/8", "::ffff:192.0.2.1", "2001:db8::/32"]);
        type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], bool, Option<&'a str>);
        let cases: &[Case<'_>] = &[
            ("127.0.0.1:1", &[("x-forwarded-for", "203.0.113.9")], false, Some("203.0.113.9")),
            (
                "127.0.0.1:1",
                &[("x-forwarded-for", "1.1.1.1, 203.0.113.9, 10.1.1.1")],
                false,
                Some("203.0.113.9"),
            ),
            (
                "127.0.0.1:1",
                &[("x-forwarded-for", "1.1.1.1"), ("x-forwarded-for", "203.0.113.9")],
                false,
                Some("203.0.113.9"),
            ),
            ("192.0.2.1:1", &[("x-forwarded-for", "203.0.113.9:4711")], false, Some("203.0.113.9")),
            ("[2001:db8::7]:1", &[("x-forwarded-for", "[2a00::1]")], false, Some("2a00::1")),
            ("127.0.0.1:1", &[("x-forwarded-for", "::ffff:203.0.113.9")], false, Some("203.0.113.9")),
            ("127.0.0.1:1", &[("x-forwarded-for", "203.0.113.9, unknown")], false, None),
            ("127.0.0.1:1", &[("x-forwarded-for", "127.0.0.1")], false, None),
            ("127.0.0.1:1", &[("x-real-ip", "203.0.113.9")], false, None),
            ("127.0.0.1:1", &[("x-real-ip", "203.0.113.9")], true, Some("203.0.113.9")),
            ("127.0.0.1:1", &[("x-real-ip", "127.0.0.1")], true, None),
        ];
        for (peer, headers, fallback, client) in cases {
            let seen = facts(peer, SocketOwner::Own, headers).whereabouts(&trusted, *fallback);
            assert!(!seen.is_local());
            assert_eq!(seen.attributed, client.is_some(), "{peer} {headers:?}");
            if let Some(client) = client {
                assert_eq!(seen.client, Some(client.parse().unwrap()), "{peer} {headers:?}");
            }
            assert!(matches!(seen.path, Path::TrustedProxy { .. }));
        }
        // A hop on the proxy's own host is passed over, also where loopback is not listed.
        let chained =
            facts("10.0.0.1:1", SocketOwner::NotAsked, &[("x-forwarded-for", "203.0.113.9, 127.0.0.1")]);
        let seen = chained.whereabouts(&nets(&["10.0.0.1"]), false);
        assert_eq!(seen.client, "203.0.113.9".parse().ok());
        let stranger = facts("203.0.113.1:1", SocketOwner::NotAsked, &[("x-forwarded-for", "127.0.0.1")]);
        let seen = stranger.whereabouts(&trusted, true);
        assert_eq!(seen.client, Some("203.0.113.1".parse().unwrap()));
        assert!(matches!(seen.path, Path::UnlistedProxy { .. }));
    }

    #[test]
    fn proxies_by_address_and_range() {
        assert_eq!(parse_proxy(" 10.0.0.1 "), "10.0.0.1/32".parse().ok());
        assert_eq!(parse_proxy("::ffff:10.0.0.0/104"), "10.0.0.0/8".parse().ok());
        assert_eq!(parse_proxy("fd00::/8"), "fd00::/8".parse().ok());
        assert_eq!(parse_proxy("10.0.0.0 / 24"), "10.0.0.0/24".parse().ok());
        assert_eq!(parse_proxy("[2001:db8::1]"), "2001:db8::1/128".parse().ok());
        assert_eq!(parse_proxy("[2001:db8::]/32"), "2001:db8::/32".parse().ok());
        assert_eq!(parse_proxy("proxy.example.com"), None);
        assert!(is_listed(&nets(&["172.16.0.0/12"]), "::ffff:172.17.0.1".parse().unwrap()));
    }

    #[test]
    fn a_bucket_is_an_address_or_a_64() {
        assert_eq!(bucket("::ffff:1.2.3.4".parse().unwrap()), "1.2.3.4".parse::<IpAddr>().unwrap());
        assert_eq!(
            bucket("2001:db8:1:2:3:4:5:6".parse().unwrap()),
            "2001:db8:1:2::".parse::<IpAddr>().unwrap()
        );
    }
}
