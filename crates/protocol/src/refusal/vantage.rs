//! Where the reader of a message is, so that the command in it works when it is copied (A-04, ruling 35). Every
//! value that goes into a command is checked against a strict alphabet here, or a placeholder takes its place
//! (ruling 33): the command line is code, and the values are other people's.

use crate::{
    ids::{DeviceId, RequestId},
    role::Role,
};

/// The reader's operating system, where commands differ.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Os {
    /// Linux and everything like it.
    #[default]
    Linux,
    /// macOS.
    MacOs,
    /// Windows.
    Windows,
}

/// The reader's point of view.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Vantage {
    /// The CLI profile in use (`--profile`).
    pub profile: Option<String>,
    /// What to write before a command so that it runs in the gateway's container, for example
    /// `docker compose exec openclaw-gateway`.
    pub container: Option<String>,
    /// The gateway's address, when it is not the local one.
    pub url: Option<String>,
    /// The reader's own device, when the reader is a client.
    pub device: Option<DeviceId>,
    /// The reader's operating system.
    pub os: Os,
}

impl Vantage {
    /// The container prefix (ruling 35): the one our compose file states, else `docker exec <hostname>` when the
    /// hostname is a container id, else none.
    #[must_use]
    pub fn container_prefix(stated: Option<&str>, hostname: &str) -> Option<String> {
        let stated = stated.map(str::trim).filter(|prefix| is_prefix(prefix));
        let id = hostname.len() == 12 && hostname.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        stated.map(str::to_owned).or_else(|| id.then(|| format!("docker exec {hostname}")))
    }

    /// `openclaw <args>` as it must be typed at this vantage point.
    #[must_use]
    pub fn openclaw(&self, args: &str) -> String {
        let container = self.container.as_deref().filter(|prefix| is_prefix(prefix));
        let profile = self.profile.as_deref().filter(|name| *name != "default" && is_name(name));
        let mut command = String::new();
        if let Some(prefix) = container {
            command.push_str(prefix);
            command.push(' ');
        }
        command.push_str("openclaw ");
        if let Some(name) = profile {
            command.push_str("--profile ");
            command.push_str(name);
            command.push(' ');
        }
        command.push_str(args);
        command
    }

    /// As [`Vantage::openclaw`], pointed at the same gateway, for commands that take `--url`.
    pub(super) fn openclaw_at_url(&self, args: &str) -> String {
        match self.url.as_deref().and_then(Address::parse) {
            Some(address) => self.openclaw(&format!("{args} --url {}", address.websocket())),
            None => self.openclaw(args),
        }
    }

    pub(super) fn approve(&self, request: &RequestId) -> String {
        self.openclaw(&format!("devices approve {}", plain_id(request.as_str(), "<requestId>")))
    }

    pub(super) fn rotate(&self, device: Option<&DeviceId>, role: Role) -> String {
        let device = device.or(self.device.as_ref()).map_or("<deviceId>", DeviceId::as_str);
        self.openclaw(&format!("devices rotate --device {device} --role {role}"))
    }

    /// The line that brings a remote gateway to this machine's port 18789.
    pub(super) fn tunnel(&self) -> String {
        let address = self.url.as_deref().and_then(Address::parse);
        let port = address.as_ref().map_or(18789, |address| address.port);
        let host =
            address.filter(|address| !address.loopback()).map_or("host".to_owned(), |address| address.host);
        format!("ssh -N -L 18789:127.0.0.1:{port} user@{host}")
    }
}

/// Letters, digits, `_` and `-`, not beginning with a dash.
fn is_name(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && !text.starts_with('-')
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
}

/// Words of a container command: no quotes, no operators, nothing a shell expands.
fn is_prefix(text: &str) -> bool {
    let fine =
        |b: u8| b.is_ascii_alphanumeric() || matches!(b, b' ' | b'_' | b'-' | b'.' | b'/' | b':' | b'@');
    (1..=200).contains(&text.len()) && text.trim() == text && text.bytes().all(fine)
}

/// An id that may stand in a command, or the placeholder.
pub(super) fn plain_id<'a>(id: &'a str, placeholder: &'a str) -> &'a str {
    let plain = !id.is_empty()
        && !id.starts_with('-')
        && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'));
    if plain { id } else { placeholder }
}

/// A host and a port, read from an address and written again from a strict alphabet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Address {
    pub(super) secure: bool,
    pub(super) host: String,
    pub(super) port: u16,
    stated_port: bool,
}

impl Address {
    /// Reads `http`, `https`, `ws` and `wss` addresses; user names and odd characters are refused. What follows the
    /// host is ignored.
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
        })
    }

    /// The origin of a page at this address.
    pub(super) fn origin(&self) -> String {
        self.with_scheme(if self.secure { "https" } else { "http" })
    }

    /// The WebSocket address.
    fn websocket(&self) -> String {
        self.with_scheme(if self.secure { "wss" } else { "ws" })
    }

    fn with_scheme(&self, scheme: &str) -> String {
        if self.stated_port {
            format!("{scheme}://{}:{}", self.host, self.port)
        } else {
            format!("{scheme}://{}", self.host)
        }
    }

    fn loopback(&self) -> bool {
        self.host == "localhost" || self.host == "[::1]" || self.host.starts_with("127.")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn commands_fit_the_place() {
        let mut vantage = Vantage::default();
        assert_eq!(vantage.openclaw("devices list"), "openclaw devices list");
        vantage.profile = Some("work".to_owned());
        assert_eq!(vantage.openclaw("devices list"), "openclaw --profile work devices list");
        vantage.container = Some("docker compose exec openclaw-gateway".to_owned());
        assert_eq!(
            vantage.openclaw("devices list"),
            "docker compose exec openclaw-gateway openclaw --profile work devices list"
        );
        vantage.profile = Some("a; rm -rf /".to_owned());
        vantage.container = Some("docker exec $(id)".to_owned());
        assert_eq!(vantage.openclaw("devices list"), "openclaw devices list");
    }

    #[test]
    fn container_prefix_of_ruling_35() {
        let prefix = Vantage::container_prefix;
        assert_eq!(prefix(Some("docker compose exec gw"), "h").as_deref(), Some("docker compose exec gw"));
        assert_eq!(prefix(None, "0f3a9c1e22bd").as_deref(), Some("docker exec 0f3a9c1e22bd"));
        assert_eq!(prefix(None, "my-laptop"), None);
        assert_eq!(prefix(Some("x; y"), "my-laptop"), None);
    }

    #[test]
    fn the_tunnel_goes_to_the_gateway() {
        let mut vantage = Vantage::default();
        assert_eq!(vantage.tunnel(), "ssh -N -L 18789:127.0.0.1:18789 user@host");
        vantage.url = Some("ws://gw.example:19000/ws".to_owned());
        assert_eq!(vantage.tunnel(), "ssh -N -L 18789:127.0.0.1:19000 user@gw.example");
    }

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
    }

    proptest! {
        #[test]
        fn nothing_in_a_command_is_for_the_shell_to_interpret(
            profile in "\\PC{0,30}", container in "\\PC{0,30}", url in "\\PC{0,10}://\\PC{0,30}", id in "[!-~]{1,64}",
        ) {
            let vantage = Vantage {
                profile: Some(profile), container: Some(container), url: Some(url), ..Vantage::default()
            };
            let id = RequestId::parse(&id).unwrap();
            for command in [vantage.approve(&id), vantage.tunnel(), vantage.openclaw_at_url("doctor")] {
                let command = command.replace("<requestId>", "");
                prop_assert!(!command.contains(['$', '`', ';', '&', '|', '<', '>', '\'', '"', '\\', '\n', '*', '(']));
            }
        }
    }
}
