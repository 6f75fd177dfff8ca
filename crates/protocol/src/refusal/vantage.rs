//! Where the reader of a message is, so that the command in it works when it is copied (A-04, ruling 35). Every
//! value that goes into a command is checked against a strict alphabet here, or a placeholder takes its place
//! (ruling 33): the command line is code, and the values are other people's.
//!
//! There are two places: *here*, where the reader is, and *the gateway's host*. For the owner they are the same.

use super::address::Address;
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

impl Os {
    /// The system of that name in `std::env::consts::OS`.
    #[must_use]
    pub fn named(name: &str) -> Self {
        match name {
            "macos" => Self::MacOs,
            "windows" => Self::Windows,
            _ => Self::Linux,
        }
    }

    /// A list of texts as an argument that every shell of the system hands on unchanged, read as JSON5. `cmd`
    /// knows no single quotes, and PowerShell drops double quotes inside of single ones.
    pub(super) fn json_list(self, items: &[&str]) -> String {
        let (outer, inner) = match self {
            Self::Linux | Self::MacOs => ('\'', '"'),
            Self::Windows => ('"', '\''),
        };
        let items: Vec<String> = items.iter().map(|item| format!("{inner}{item}{inner}")).collect();
        format!("{outer}[{}]{outer}", items.join(","))
    }

    /// Takes a variable out of the shell's environment.
    pub(super) fn unset(self, name: &str) -> String {
        match self {
            Self::Linux | Self::MacOs => format!("unset {name}"),
            Self::Windows => format!("Remove-Item Env:{name}"),
        }
    }

    /// Puts a variable into the shell's environment; the value is of a strict alphabet.
    pub(super) fn set(self, name: &str, value: &str) -> String {
        match self {
            Self::Linux | Self::MacOs => format!("export {name}={value}"),
            Self::Windows => format!("$env:{name} = '{value}'"),
        }
    }

    /// Stops a service of the user and keeps it from starting again.
    pub(super) fn retire(self, service: &str) -> String {
        match self {
            Self::Linux => format!("systemctl --user disable --now {service}"),
            Self::MacOs => format!("launchctl remove {service}"),
            Self::Windows => format!("schtasks /Delete /F /TN {service}"),
        }
    }
}

/// How `openclaw` is called in some place.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Caller {
    /// The CLI profile (`--profile`).
    pub profile: Option<String>,
    /// What stands before the command, so that it runs in the gateway's container.
    pub container: Option<String>,
}

impl Caller {
    /// How a gateway calls itself in the command that it told a client. Only a profile and the usual words for a
    /// container are taken over: the rest of the command is a stranger's, and so is any other program in front of it.
    #[must_use]
    pub fn of_command(command: &str) -> Self {
        let (prefix, rest) = match command.strip_prefix("openclaw ") {
            Some(rest) => ("", rest),
            None => command.split_once(" openclaw ").unwrap_or_default(),
        };
        let profile = rest.strip_prefix("--profile ").and_then(|rest| rest.split(' ').next());
        Self {
            profile: profile.filter(|name| is_name(name)).map(str::to_owned),
            container: is_container_exec(prefix).then(|| prefix.to_owned()),
        }
    }
}

/// `docker exec <name>`, `docker compose exec <name>` and the same of its relatives.
fn is_container_exec(prefix: &str) -> bool {
    let mut words = prefix.split(' ');
    let program = words.next().is_some_and(|word| matches!(word, "docker" | "podman" | "nerdctl"));
    let mut words = words.skip_while(|word| *word == "compose").skip_while(|word| matches!(*word, "exec"));
    let name = words.next().is_some_and(is_name);
    program && name && words.next().is_none() && prefix.contains(" exec ")
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
    /// How `openclaw` is called on the gateway's host, when that is another place than the reader's.
    pub gateway: Option<Caller>,
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
        Self::call(self.container.as_deref(), self.profile.as_deref(), args)
    }

    /// `openclaw <args>` as it must be typed where the gateway runs. There the reader's profile means nothing.
    #[must_use]
    pub fn on_gateway(&self, args: &str) -> String {
        match &self.gateway {
            None => self.openclaw(args),
            Some(gateway) => Self::call(gateway.container.as_deref(), gateway.profile.as_deref(), args),
        }
    }

    /// The gateway's host is another place than the reader's.
    #[must_use]
    pub const fn is_elsewhere(&self) -> bool {
        self.gateway.is_some()
    }

    /// What a gateway tells a client: what is to be done on the gateway's host is said as it is typed there, and of
    /// the client's own place nothing is known.
    #[must_use]
    pub fn of_client(gateway: Caller) -> Self {
        Self { gateway: Some(gateway), ..Self::default() }
    }

    /// `config set <path>` on the gateway, to a list of one text from a strict alphabet.
    pub(super) fn config_list(&self, path: &str, items: &[&str]) -> String {
        // A gateway that is elsewhere runs on Linux or macOS.
        let os = if self.is_elsewhere() { Os::Linux } else { self.os };
        self.on_gateway(&format!("config set {path} {} --strict-json", os.json_list(items)))
    }

    fn call(container: Option<&str>, profile: Option<&str>, args: &str) -> String {
        let container = container.filter(|prefix| is_prefix(prefix));
        let profile = profile.filter(|name| *name != "default" && is_name(name));
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
    #[must_use]
    pub fn openclaw_at_url(&self, args: &str) -> String {
        match self.url.as_deref().and_then(Address::parse) {
            Some(address) => self.openclaw(&format!("{args} --url {}", address.websocket())),
            None => self.openclaw(args),
        }
    }

    pub(super) fn approve(&self, request: &RequestId) -> String {
        self.on_gateway(&format!("devices approve {}", plain_id(request.as_str(), "<requestId>")))
    }

    pub(super) fn rotate(&self, device: Option<&DeviceId>, role: Role) -> String {
        let device = device.or(self.device.as_ref()).map_or("<deviceId>", DeviceId::as_str);
        self.on_gateway(&format!("devices rotate --device {device} --role {role}"))
    }

    /// The line that brings a remote gateway to this machine's port 18789.
    #[must_use]
    pub fn tunnel(&self) -> String {
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
    fn on_the_gateways_host_the_readers_profile_means_nothing() {
        let mut vantage = Vantage { profile: Some("work".to_owned()), ..Vantage::default() };
        assert_eq!(vantage.on_gateway("devices list"), "openclaw --profile work devices list");
        vantage.url = Some("wss://gw.example/claw".to_owned());
        vantage.gateway = Some(Caller::default());
        assert_eq!(vantage.on_gateway("devices list"), "openclaw devices list");
        assert_eq!(
            vantage.openclaw_at_url("doctor"),
            "openclaw --profile work doctor --url wss://gw.example/claw"
        );
        vantage.gateway =
            Some(Caller::of_command("docker compose exec gw openclaw --profile home devices approve 1"));
        assert_eq!(
            vantage.on_gateway("devices list"),
            "docker compose exec gw openclaw --profile home devices list"
        );
    }

    #[test]
    fn of_a_strangers_command_only_profile_and_container_are_taken_over() {
        let caller = |profile: Option<&str>, container: Option<&str>| Caller {
            profile: profile.map(str::to_owned),
            container: container.map(str::to_owned),
        };
        for (command, expected) in [
            ("openclaw devices list", caller(None, None)),
            ("openclaw --profile work devices list", caller(Some("work"), None)),
            (
                "docker exec 0f3a9c1e22bd openclaw devices list",
                caller(None, Some("docker exec 0f3a9c1e22bd")),
            ),
            ("podman compose exec gw openclaw x", caller(None, Some("podman compose exec gw"))),
            ("docker run evil openclaw x", caller(None, None)),
            ("docker exec gw rm -rf / openclaw x", caller(None, None)),
            ("sudo rm -rf / openclaw --profile work x", caller(Some("work"), None)),
            ("openclaw --profile $(id) x", caller(None, None)),
            ("", caller(None, None)),
        ] {
            assert_eq!(Caller::of_command(command), expected, "{command}");
        }
    }

    #[test]
    fn commands_differ_where_systems_do() {
        let mut vantage = Vantage { os: Os::named("windows"), ..Vantage::default() };
        assert_eq!(
            vantage.config_list("gateway.trustedProxies", &["10.0.0.1", "10.0.0.2"]),
            "openclaw config set gateway.trustedProxies \"['10.0.0.1','10.0.0.2']\" --strict-json"
        );
        assert_eq!(vantage.os.unset("X"), "Remove-Item Env:X");
        // A Windows node's gateway is not on Windows.
        vantage.gateway = Some(Caller::default());
        assert!(vantage.config_list("a", &["b"]).ends_with("'[\"b\"]' --strict-json"));
        assert_eq!(Os::named("macos").retire("clawdbot-gateway"), "launchctl remove clawdbot-gateway");
        assert_eq!(Os::named("freebsd"), Os::Linux);
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
