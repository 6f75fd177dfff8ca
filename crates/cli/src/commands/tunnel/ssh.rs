//! The ssh program as a child: how it is called, what it says, and what that means.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};

use openclaw_protocol::words::escape;

/// Longest line of ssh that is shown, characters.
const MAX_LINE: usize = 300;
/// Lines that are kept to say at the end what went wrong.
const MAX_LINES: usize = 32;

/// The two ends of a tunnel, and the way between them. Everything has been checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Route {
    /// `user@host`, `host`, or a name of the ssh configuration.
    pub(super) target: String,
    /// Port on this machine's loopback.
    pub(super) local: u16,
    /// Port on the other machine's loopback.
    pub(super) remote: u16,
    /// Port of the ssh server.
    pub(super) ssh_port: Option<u16>,
    /// Private key.
    pub(super) identity: Option<String>,
}

impl Route {
    /// The words after `ssh`. `asks`: somebody is there to answer ssh's questions.
    pub(super) fn words(&self, asks: bool) -> Vec<String> {
        let mut words: Vec<String> = ["-N", "-T"].map(str::to_owned).to_vec();
        let mut option = |value: &str| words.extend(["-o".to_owned(), value.to_owned()]);
        // Without these a tunnel that cannot be opened, or has died, looks like one that works.
        option("ExitOnForwardFailure=yes");
        option("ServerAliveInterval=15");
        option("ServerAliveCountMax=3");
        option("ConnectTimeout=15");
        if !asks {
            option("BatchMode=yes");
        }
        if let Some(port) = self.ssh_port {
            words.extend(["-p".to_owned(), port.to_string()]);
        }
        if let Some(identity) = &self.identity {
            words.extend(["-i".to_owned(), identity.clone()]);
        }
        let forward = format!("127.0.0.1:{}:127.0.0.1:{}", self.local, self.remote);
        words.extend(["-L".to_owned(), forward, "--".to_owned(), self.target.clone()]);
        words
    }
}

/// What ssh complains about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
    /// There is no ssh program.
    NoProgram,
    /// The name of the host is not known.
    UnknownHost,
    /// The host answers, but has no ssh server on that port.
    NoServer,
    /// The host does not answer.
    NoAnswer,
    /// The host's key is not known, and nobody is there to be asked about it.
    UnknownKey,
    /// The host's key is another one than before.
    ChangedKey,
    /// The login was refused.
    Login,
    /// The port on this machine is taken.
    LocalPort,
    /// The ssh server forbids forwarding.
    Forbidden,
    /// The tunnel stands, and nothing listens at its other end.
    NothingThere,
}

/// What a line of ssh means, as OpenSSH has worded it for many years.
pub(super) fn classify(line: &str) -> Option<Trouble> {
    let has = |part: &str| line.contains(part);
    Some(if has("administratively prohibited") || has("forwarding is disabled") {
        Trouble::Forbidden
    } else if has("open failed") && has("onnect") {
        // `channel 2: open failed: connect failed: Connection refused`
        Trouble::NothingThere
    } else if has("IDENTIFICATION HAS CHANGED") {
        Trouble::ChangedKey
    } else if has("Host key verification failed") {
        Trouble::UnknownKey
    } else if has("Could not resolve hostname") {
        Trouble::UnknownHost
    } else if has("Address already in use") || has("cannot listen to port") {
        Trouble::LocalPort
    } else if has("Permission denied") || has("Too many authentication failures") {
        Trouble::Login
    } else if has("Connection refused") {
        Trouble::NoServer
    } else if has("timed out") || has("No route to host") || has("Network is unreachable") {
        Trouble::NoAnswer
    } else {
        return None;
    })
}

/// A running ssh; it ends with this value.
pub(super) struct Ssh {
    child: Child,
    lines: Receiver<String>,
    said: Vec<String>,
}

impl Ssh {
    /// Starts it. Questions go to the terminal, complaints come to [`Ssh::hear`].
    pub(super) fn start(route: &Route, asks: bool) -> Result<Ssh, Trouble> {
        let mut command = Command::new("ssh");
        command.args(route.words(asks)).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|_| Trouble::NoProgram)?;
        let (send, lines) = channel();
        if let Some(complaints) = child.stderr.take() {
            std::thread::spawn(move || {
                let lines = BufReader::new(complaints).split(b'\n').map_while(Result::ok);
                for line in lines.map(|line| String::from_utf8_lossy(&line).trim().to_owned()) {
                    if send.send(line).is_err() {
                        return;
                    }
                }
            });
        }
        Ok(Ssh { child, lines, said: Vec::new() })
    }

    /// What it has said since the last time, escaped for showing.
    pub(super) fn hear(&mut self) -> Vec<String> {
        let new: Vec<String> = self
            .lines
            .try_iter()
            .filter(|line| !line.is_empty())
            .map(|line| escape(&line, MAX_LINE).to_string())
            .collect();
        self.said.extend(new.iter().cloned());
        let surplus = self.said.len().saturating_sub(MAX_LINES);
        self.said.drain(..surplus);
        new
    }

    /// Whether it has ended, and how.
    pub(super) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// After its end: everything it had to say has arrived.
    pub(super) fn last_words(&mut self) {
        while let Ok(line) = self.lines.recv_timeout(std::time::Duration::from_millis(500)) {
            self.said.push(escape(&line, MAX_LINE).to_string());
        }
    }

    /// What all of it amounts to.
    pub(super) fn trouble(&self) -> Option<Trouble> {
        // Of a changed key ssh first says so and later only that it failed.
        self.said.iter().find_map(|line| classify(line))
    }

    /// The last thing it said.
    pub(super) fn last_line(&self) -> Option<&str> {
        self.said.iter().rev().find(|line| !line.is_empty()).map(String::as_str)
    }
}

impl Drop for Ssh {
    fn drop(&mut self) {
        // It may have ended by itself; either way nothing is left behind.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::{Route, Trouble, classify};

    #[test]
    fn what_ssh_means() {
        for (line, trouble) in [
            ("ssh: Could not resolve hostname nope: Name or service not known", Some(Trouble::UnknownHost)),
            ("ssh: connect to host 127.0.0.1 port 1: Connection refused", Some(Trouble::NoServer)),
            ("ssh: connect to host 203.0.113.9 port 22: Connection timed out", Some(Trouble::NoAnswer)),
            ("ssh: connect to host 10.0.0.9 port 22: No route to host", Some(Trouble::NoAnswer)),
            ("ada@h: Permission denied (publickey).", Some(Trouble::Login)),
            ("Host key verification failed.", Some(Trouble::UnknownKey)),
            ("@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @", Some(Trouble::ChangedKey)),
            ("bind [127.0.0.1]:18789: Address already in use", Some(Trouble::LocalPort)),
            ("channel_setup_fwd_listener_tcpip: cannot listen to port: 18789", Some(Trouble::LocalPort)),
            ("channel 2: open failed: connect failed: Connection refused", Some(Trouble::NothingThere)),
            ("channel 1: open failed: administratively prohibited: open failed", Some(Trouble::Forbidden)),
            ("Warning: Permanently added '[127.0.0.1]:2222' to the list of known hosts.", None),
        ] {
            assert_eq!(classify(line), trouble, "{line}");
        }
    }

    #[test]
    fn the_target_can_be_no_option() {
        let route = Route {
            target: "ada@host".to_owned(),
            local: 19999,
            remote: 18789,
            ssh_port: Some(2222),
            identity: Some("/k".to_owned()),
        };
        let words = route.words(false);
        assert_eq!(words[words.len() - 4..], ["-L", "127.0.0.1:19999:127.0.0.1:18789", "--", "ada@host"]);
        assert!(
            words.contains(&"BatchMode=yes".to_owned())
                && words.contains(&"ExitOnForwardFailure=yes".to_owned())
        );
        assert!(!route.words(true).contains(&"BatchMode=yes".to_owned()));
    }
}
