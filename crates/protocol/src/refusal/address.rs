//! A gateway's or a page's address, read from a stranger's text and written again from a strict alphabet (ruling 33).

/// The path if it may stand in a command.
fn plain_path(rest: &str) -> &str {
    let path = rest.split(['?', '#']).next().unwrap_or_default();
    let plain = path.len() <= 200
        && path.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'.' | b'_' | b'-'));
    if plain && path != "/" { path } else { "" }
}

/// A host and a port, read from an address and written again from a strict alphabet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Address {
    pub(super) secure: bool,
    pub(super) host: String,
    pub(super) port: u16,
    stated_port: bool,
    /// Empty, or a path of harmless characters.
    path: String,
}

impl Address {
    /// Reads `http`, `https`, `ws` and `wss` addresses; user names and odd characters are refused. A query is ignored.
    pub(super) fn parse(url: &str) -> Option<Self> {
        let (scheme, rest) = url.split_once("://")?;
        let secure = match scheme {
            "http" | "ws" => false,
            "https" | "wss" => true,
            _ => return None,
        };
        let authority = rest.split(['/', '?', '#']).next()?;
        let (host, port) = match authority.strip_prefix('[') {
            Some(v6) => {
                let (inner, after) = v6.split_once(']')?;
                inner.parse::<std::net::Ipv6Addr>().ok()?;
                (format!("[{}]", inner.to_ascii_lowercase()), after.strip_prefix(':'))
            }
            None => {
                let (host, port) =
                    authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port)));
                let fine = (1..=253).contains(&host.len())
                    && !host.starts_with(['-', '.'])
                    && host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'));
                (fine.then(|| host.to_ascii_lowercase())?, port)
            }
        };
        let stated: Option<u16> = match port {
            None | Some("") => None,
            Some(port) => Some(port.parse().ok().filter(|port| *port != 0)?),
        };
        Some(Self {
            secure,
            host,
            port: stated.unwrap_or(if secure { 443 } else { 80 }),
            stated_port: stated.is_some(),
            path: plain_path(&rest[authority.len()..]).to_owned(),
        })
    }

    /// The origin of a page at this address.
    pub(super) fn origin(&self) -> String {
        self.with_scheme(if self.secure { "https" } else { "http" })
    }

    /// The WebSocket address.
    pub(super) fn websocket(&self) -> String {
        format!("{}{}", self.with_scheme(if self.secure { "wss" } else { "ws" }), self.path)
    }

    fn with_scheme(&self, scheme: &str) -> String {
        if self.stated_port {
            format!("{scheme}://{}:{}", self.host, self.port)
        } else {
            format!("{scheme}://{}", self.host)
        }
    }

    pub(super) fn loopback(&self) -> bool {
        self.host == "localhost" || self.host == "[::1]" || self.host.starts_with("127.")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_read_and_written_again() {
        for (text, want) in [
            ("https://Gw.Example", Some("https://gw.example")),
            ("http://192.168.1.7:18789/x?y", Some("http://192.168.1.7:18789")),
            ("http://[FE80::1]:80", Some("http://[fe80::1]:80")),
            ("https://a'b", None),
            ("https://user@host", None),
            ("https://host:99999", None),
            ("null", None),
            ("javascript://x", None),
        ] {
            assert_eq!(Address::parse(text).map(|a| a.origin()).as_deref(), want, "{text}");
        }
        for (text, want) in [
            ("wss://gw.example/claw/?token=x", "wss://gw.example/claw/"),
            ("https://gw.example/", "wss://gw.example"),
            ("https://gw.example/$(id)", "wss://gw.example"),
        ] {
            assert_eq!(Address::parse(text).map(|a| a.websocket()).as_deref(), Some(want), "{text}");
        }
    }
}
