//! The browser origin rule (auth-and-pairing §2.6 under rulings 17 and 18, S2).

use openclaw_protocol::words::Words;

use crate::peer::{PeerFacts, Whereabouts, host_name, is_loopback_host};

/// An origin in normal form: `scheme://host[:port]`, lower-case, without the scheme's default port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    scheme: Box<str>,
    host: Box<str>,
    port: Option<u16>,
}

impl Origin {
    /// Parses an `Origin` header or an entry of `allowedOrigins`. `null`, paths, user info, other schemes than
    /// http and https: `None`.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_ascii_lowercase();
        let (scheme, authority) = text.split_once("://")?;
        let default_port = match scheme {
            "http" => 80,
            "https" => 443,
            _ => return None,
        };
        let authority = authority.strip_suffix('/').unwrap_or(authority);
        let host = host_name(authority)?;
        let port = port_of(authority)?.filter(|port| *port != default_port);
        Some(Self { scheme: scheme.into(), host: host.into(), port })
    }

    /// The host, without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Whether this origin is `scheme://authority` for the scheme that the connection itself uses.
    fn is_served_at(&self, authority: &str, tls: bool) -> bool {
        let scheme = if tls { "https" } else { "http" };
        Self::parse(&format!("{scheme}://{authority}")).is_some_and(|served| served == *self)
    }

    /// Whether host and port are those of `authority`, whatever the scheme.
    fn has_authority(&self, authority: &str) -> bool {
        Self::parse(&format!("{}://{authority}", self.scheme))
            .is_some_and(|other| other.host == self.host && other.port == self.port)
    }
}

/// The port of an authority: `Some(None)` when there is none, `None` when it is not a port.
fn port_of(authority: &str) -> Option<Option<u16>> {
    let after_host = match authority.rfind(']') {
        Some(end) => &authority[end + 1..],
        None => authority.find(':').map_or("", |at| &authority[at..]),
    };
    match after_host.strip_prefix(':') {
        None | Some("") => Some(None),
        Some(digits) => digits.parse().ok().map(Some),
    }
}

/// `gateway.controlUi.allowedOrigins` and its relatives.
#[derive(Debug, Clone, Default)]
pub struct OriginPolicy {
    /// The origins that may always connect.
    pub allowed: Vec<Origin>,
    /// Whether the list holds `*`.
    pub any: bool,
    /// `gateway.controlUi.dangerouslyAllowHostHeaderOriginFallback`.
    pub host_header_fallback: bool,
}

impl OriginPolicy {
    /// Builds the policy from the configured texts. Entries that are no origin are left out; the config crate
    /// has reported them.
    pub fn new<'a>(allowed: impl IntoIterator<Item = &'a str>, host_header_fallback: bool) -> Self {
        let mut policy = Self { host_header_fallback, ..Self::default() };
        for entry in allowed {
            if entry.trim() == "*" {
                policy.any = true;
            } else if let Some(origin) = Origin::parse(entry) {
                policy.allowed.push(origin);
            }
        }
        policy
    }

    /// Whether `host` is a public name of this gateway: the host of an allowed origin (ruling 17).
    pub fn is_public_name(&self, host: &str) -> bool {
        self.allowed.iter().any(|origin| origin.host() == host)
    }
}

/// What the origin rule concluded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OriginVerdict {
    /// No `Origin`, and this client need not send one.
    NotABrowser,
    /// The page may connect.
    Allowed {
        /// Whether the page is this gateway's own, opened on this machine: `scheme://Host` with a local `Host`.
        /// Only then may a browser pair silently (ruling 18).
        own_local_page: bool,
        /// The origin as sent, escaped.
        origin: Words,
    },
    /// Absent where one is needed, repeated, `null` or not an origin.
    MissingOrInvalid {
        /// What was sent, when something was.
        origin: Option<Words>,
    },
    /// A page from elsewhere.
    NotAllowed {
        /// The origin as sent, escaped.
        origin: Words,
    },
}

/// Judges the `Origin` of a connection. `browser_client`: the client says that it is the Control UI or web chat,
/// which always send one.
pub fn judge(
    policy: &OriginPolicy,
    facts: &PeerFacts,
    at: &Whereabouts,
    browser_client: bool,
) -> OriginVerdict {
    let mut values = facts.header("origin");
    let Some(sent) = values.next() else {
        return if browser_client {
            OriginVerdict::MissingOrInvalid { origin: None }
        } else {
            OriginVerdict::NotABrowser
        };
    };
    let words = Words::new(sent);
    let parsed = if values.next().is_some() { None } else { Origin::parse(sent) };
    let Some(origin) = parsed else {
        return OriginVerdict::MissingOrInvalid { origin: Some(words) };
    };
    let host_header = facts.single_header("host").unwrap_or_default();
    let host = facts.host().unwrap_or_default();
    let forwarded = !facts.forwarding_headers().is_empty();
    let own_local_page =
        at.is_local() && is_loopback_host(&host) && origin.is_served_at(host_header, facts.tls);
    let listed = policy.any || policy.allowed.contains(&origin);
    let same_host = !forwarded
        && facts.host().is_some()
        && origin.has_authority(host_header)
        && (policy.host_header_fallback || is_private_name(&host));
    let loopback_page =
        !forwarded && is_loopback_host(&host) && is_loopback_host(origin.host()) && at_loopback(at);
    if listed || same_host || loopback_page {
        OriginVerdict::Allowed { own_local_page, origin: words }
    } else {
        OriginVerdict::NotAllowed { origin: words }
    }
}

/// Whether the peer itself is on this machine. The kernel's word on the socket's owner is not asked for here:
/// a page of another local user may connect, and must pair.
fn at_loopback(at: &Whereabouts) -> bool {
    at.client.is_some_and(|ip| ip.is_loopback())
}

/// Names under which a page may be served to a home network without configuration (F-13): loopback, private
/// address literals, `.local` and `.ts.net`. A public name could be rebound by whoever owns it (S5).
fn is_private_name(host: &str) -> bool {
    if is_loopback_host(host) || host.ends_with(".local") || host.ends_with(".ts.net") {
        return true;
    }
    match host.parse::<std::net::IpAddr>().map(|ip| ip.to_canonical()) {
        Ok(std::net::IpAddr::V4(v4)) => {
            let [a, b, ..] = v4.octets();
            v4.is_private() || v4.is_link_local() || (a == 100 && (64..128).contains(&b))
        }
        Ok(std::net::IpAddr::V6(v6)) => v6.is_unique_local() || v6.is_unicast_link_local(),
        Err(_) => false,
    }
}

/// Whether HTTP requests that ask for `host` are answered (ruling 17, S5): address literals, `localhost`,
/// `.local`, `.ts.net` and the public names.
pub fn is_served_host(policy: &OriginPolicy, host: &str) -> bool {
    host.parse::<std::net::IpAddr>().is_ok() || is_private_name(host) || policy.is_public_name(host)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peer::{Peer, SocketOwner};

    fn verdict(policy: &OriginPolicy, peer: &str, headers: &[(&str, &str)], browser: bool) -> OriginVerdict {
        let facts = PeerFacts {
            peer: Peer::Tcp { address: peer.parse().unwrap(), owner: SocketOwner::Own },
            in_container: false,
            tls: false,
            headers: headers.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect(),
        };
        let at = facts.whereabouts(&[], false);
        judge(policy, &facts, &at, browser)
    }

    #[test]
    fn origins_in_normal_form() {
        assert_eq!(Origin::parse("HTTP://LocalHost:80"), Origin::parse("http://localhost/"));
        assert_ne!(Origin::parse("https://a.example"), Origin::parse("http://a.example"));
        assert_eq!(Origin::parse("http://[::1]:18789").unwrap().host(), "::1");
        assert_eq!(Origin::parse("https://[FD00:0::1]"), Origin::parse("https://[fd00::1]:443"));
        for bad in
            ["null", "", "file://", "http://", "http://a b", "http://a/path", "http://a:99999", "http://u@a"]
        {
            assert_eq!(Origin::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn who_may_connect_from_a_page() {
        let none = OriginPolicy::default();
        let listed = OriginPolicy::new(["https://gw.example.com", "nonsense"], false);
        let star = OriginPolicy::new(["*"], false);
        let fallback = OriginPolicy::new([], true);
        let loopback = "127.0.0.1:5000";
        let lan = "192.168.1.9:5000";
        type Row<'a> = (&'a OriginPolicy, &'a str, &'a [(&'a str, &'a str)], bool, &'a str);
        let rows: &[Row<'_>] = &[
            (&none, loopback, &[("host", "localhost:18789")], false, "not a browser"),
            (&none, loopback, &[("host", "localhost:18789")], true, "missing"),
            (&none, loopback, &[("host", "localhost:18789"), ("origin", "null")], true, "missing"),
            (
                &none,
                loopback,
                &[
                    ("host", "localhost:18789"),
                    ("origin", "http://localhost:18789"),
                    ("origin", "http://localhost:18789"),
                ],
                true,
                "missing",
            ),
            (
                &none,
                loopback,
                &[("host", "localhost:18789"), ("origin", "http://localhost:18789")],
                true,
                "own",
            ),
            (
                &none,
                loopback,
                &[("host", "127.0.0.1:18789"), ("origin", "http://localhost:5173")],
                true,
                "allowed",
            ),
            (
                &none,
                loopback,
                &[("host", "127.0.0.1:18789"), ("origin", "https://127.0.0.1:18789")],
                true,
                "allowed",
            ),
            (
                &none,
                loopback,
                &[("host", "127.0.0.1:18789"), ("origin", "http://evil.example")],
                true,
                "refused",
            ),
            (
                &none,
                loopback,
                &[("host", "evil.example"), ("origin", "http://evil.example")],
                true,
                "refused",
            ),
            (
                &none,
                loopback,
                &[("host", "localhost"), ("origin", "http://localhost"), ("x-forwarded-for", "1.1.1.1")],
                true,
                "refused",
            ),
            (
                &none,
                lan,
                &[("host", "192.168.1.2:18789"), ("origin", "http://192.168.1.2:18789")],
                true,
                "allowed",
            ),
            (&none, lan, &[("host", "pi.local:18789"), ("origin", "http://pi.local:18789")], true, "allowed"),
            (
                &none,
                lan,
                &[("host", "192.168.1.2:18789"), ("origin", "http://localhost:18789")],
                true,
                "refused",
            ),
            (
                &none,
                lan,
                &[("host", "localhost:18789"), ("origin", "http://localhost:3000")],
                true,
                "refused",
            ),
            (
                &none,
                lan,
                &[("host", "gw.example.com"), ("origin", "https://gw.example.com")],
                true,
                "refused",
            ),
            (
                &listed,
                lan,
                &[("host", "gw.example.com"), ("origin", "https://GW.example.com:443")],
                true,
                "allowed",
            ),
            (
                &listed,
                lan,
                &[("host", "x"), ("origin", "https://gw.example.com"), ("x-forwarded-for", "1.1.1.1")],
                true,
                "allowed",
            ),
            (
                &listed,
                lan,
                &[("host", "x"), ("origin", "https://gw.example.com.evil.example")],
                true,
                "refused",
            ),
            (&listed, lan, &[("host", "x"), ("origin", "https://evil.example")], false, "refused"),
            (&star, lan, &[("host", "x"), ("origin", "https://evil.example")], true, "allowed"),
            (
                &fallback,
                lan,
                &[("host", "192.168.1.2:18789/"), ("origin", "http://192.168.1.2:18789")],
                true,
                "refused",
            ),
            (
                &fallback,
                lan,
                &[("host", "gw.example.com"), ("origin", "http://gw.example.com")],
                true,
                "allowed",
            ),
            (
                &fallback,
                lan,
                &[("host", "gw.example.com"), ("origin", "http://gw.example.com"), ("forwarded", "for=1")],
                true,
                "refused",
            ),
        ];
        for (policy, peer, headers, browser, expected) in rows {
            let got = match verdict(policy, peer, headers, *browser) {
                OriginVerdict::NotABrowser => "not a browser",
                OriginVerdict::Allowed { own_local_page: true, .. } => "own",
                OriginVerdict::Allowed { .. } => "allowed",
                OriginVerdict::MissingOrInvalid { .. } => "missing",
                OriginVerdict::NotAllowed { .. } => "refused",
            };
            assert_eq!(got, *expected, "{peer} {headers:?}");
        }
    }

    #[test]
    fn hosts_that_are_served() {
        let policy = OriginPolicy::new(["https://gw.example.com"], false);
        for host in [
            "localhost",
            "127.0.0.1",
            "192.168.1.2",
            "::1",
            "pi.local",
            "x.ts.net",
            "gw.example.com",
            "203.0.113.7",
        ] {
            assert!(is_served_host(&policy, host), "{host}");
        }
        for host in ["evil.example", "localhost.evil.example", ""] {
            assert!(!is_served_host(&policy, host), "{host}");
        }
    }
}
