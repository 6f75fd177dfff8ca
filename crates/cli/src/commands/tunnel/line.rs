//! The line that a person copies to another computer to reach this machine's gateway through ssh (acceptance G5-10):
//! with the user and the address under which that computer already reaches this machine, as far as they are known.

use std::net::{IpAddr, SocketAddr};

use openclaw_config::Env;

/// How this machine is reached by ssh.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct SshDoor {
    user: Option<String>,
    host: Option<String>,
    port: Option<u16>,
}

impl SshDoor {
    /// What the environment of this session shows. In a container it would show the container, which has no ssh server.
    pub(crate) fn here(env: &Env, in_container: bool) -> SshDoor {
        if in_container {
            return SshDoor::default();
        }
        let own = || openclaw_os::host::primary_ip().map(|ip| ip.to_string());
        let name = || Some(openclaw_os::host::hostname()).filter(|name| name != "localhost");
        let mut door = SshDoor::of_session(env);
        door.host = door.host.or_else(own).or_else(name).filter(|host| is_host(host));
        door
    }

    /// `SSH_CONNECTION` is "client port server port": the address that the other computer used to come here.
    fn of_session(env: &Env) -> SshDoor {
        // Who became root by sudo did not log in as root.
        let user = ["SUDO_USER", "USER", "LOGNAME"].iter().find_map(|name| env.get(name));
        let session: Vec<&str> = env.get("SSH_CONNECTION").unwrap_or_default().split_whitespace().collect();
        let (host, port) = match session.as_slice() {
            [_, _, host, port] => (host.parse::<IpAddr>().ok(), port.parse::<u16>().ok()),
            _ => (None, None),
        };
        SshDoor {
            user: user.filter(|user| is_user(user)).map(str::to_owned),
            host: host.map(|host| host.to_string()),
            port: port.filter(|port| *port != 22 && host.is_some()),
        }
    }

    /// `ssh -N -L …` for a gateway that listens on `gateway` of this machine; `local` is the port over there.
    pub(crate) fn line(&self, local: u16, gateway: SocketAddr) -> String {
        let port = self.port.map_or_else(String::new, |port| format!("-p {port} "));
        let user = self.user.as_deref().unwrap_or("user");
        let host = self.host.as_deref().unwrap_or("host");
        format!("ssh -N -L {local}:{gateway} {port}{user}@{host}")
    }

    /// Whether the line can be copied as it is.
    pub(crate) fn is_complete(&self) -> bool {
        self.user.is_some() && self.host.is_some()
    }
}

/// A user name that means nothing to a shell and is no option (ruling 33).
pub(super) fn is_user(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && !text.starts_with('-')
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}

/// A host name, a name of an ssh configuration, or an address.
pub(super) fn is_host(text: &str) -> bool {
    let name = (1..=253).contains(&text.len())
        && !text.starts_with(['-', '.'])
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'));
    name || text.parse::<IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use openclaw_config::Env;

    use super::{SshDoor, is_host, is_user};

    fn line(env: &[(&str, &str)]) -> String {
        SshDoor::of_session(&Env::from_pairs(env.iter().copied()))
            .line(18789, "127.0.0.1:18789".parse().unwrap())
    }

    #[test]
    fn the_session_says_who_and_where() {
        for (env, expected) in [
            (&[][..], "ssh -N -L 18789:127.0.0.1:18789 user@host"),
            (
                &[("USER", "ada"), ("SSH_CONNECTION", "198.51.100.7 50000 203.0.113.9 22")],
                "ssh -N -L 18789:127.0.0.1:18789 ada@203.0.113.9",
            ),
            (
                &[("USER", "root"), ("SUDO_USER", "ada"), ("SSH_CONNECTION", "::1 5 2001:db8::9 2222")],
                "ssh -N -L 18789:127.0.0.1:18789 -p 2222 ada@2001:db8::9",
            ),
            (
                &[("USER", "$(reboot)"), ("SSH_CONNECTION", "a b ;reboot 22")],
                "ssh -N -L 18789:127.0.0.1:18789 user@host",
            ),
            (&[("LOGNAME", "-oProxyCommand=x")], "ssh -N -L 18789:127.0.0.1:18789 user@host"),
        ] {
            assert_eq!(line(env), expected);
        }
        assert!(!SshDoor::here(&Env::from_pairs([("USER", "node")]), true).is_complete());
    }

    #[test]
    fn names_that_mean_nothing_to_a_shell() {
        for good in ["ada", "a.b_c-d", "root"] {
            assert!(is_user(good), "{good}");
        }
        for bad in ["", "-l", "a b", "a;b", "a@b", "ä"] {
            assert!(!is_user(bad), "{bad}");
        }
        for good in ["host", "vps-1.example.com", "203.0.113.9", "2001:db8::1", "my_alias"] {
            assert!(is_host(good), "{good}");
        }
        for bad in ["", "-oProxyCommand=x", "a b", "a/b", "$(x)", "x:22", ".x"] {
            assert!(!is_host(bad), "{bad}");
        }
    }
}
