//! The gateway process itself: the one that works on a state directory now, who started it, and how it is taken hold
//! of without mistaking another process for it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use openclaw_os::lock::{self, LockHeldBy, Purpose};
use openclaw_os::port_owner::port_owner;
use openclaw_os::process::{self, Ask, Process};
use openclaw_protocol::words::Words;
use serde_json::{Value, json};

/// Set by `gateway start` for the process that it starts, so that others can say so.
pub const STARTED_BY: &str = "OPENCLAW_STARTED_BY";

/// How a gateway came to run, as far as can be seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Started {
    /// By a systemd unit.
    Unit {
        /// Its name.
        name: String,
        /// It belongs to the account's own systemd.
        user: bool,
    },
    /// As the first process of a container.
    Init,
    /// In the background, by `openclaw gateway start`.
    Detached,
    /// From a terminal, which it still has.
    Terminal(String),
    /// By another program.
    Parent {
        /// Its name.
        name: Words,
        /// Its process.
        pid: u32,
    },
    /// The process cannot be seen from here: it runs in another container, or under an account that hides it.
    OutOfSight,
}

impl Started {
    /// As the end of a sentence: "it was started …".
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Unit { name, .. } => format!("by the service {}", Words::new(name)),
            Self::Init => "as the first process of this container".to_owned(),
            Self::Detached => "in the background by `openclaw gateway start`".to_owned(),
            Self::Terminal(name) => format!("from a terminal ({})", Words::new(name)),
            Self::Parent { name, pid } => format!("by {name} (pid {pid})"),
            Self::OutOfSight => {
                "somewhere that cannot be seen from here, in another container perhaps".to_owned()
            }
        }
    }
}

/// The gateway that works on a state directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Running {
    /// Its process, as it names itself: in another container this is another process's number.
    pub pid: u32,
    /// Its version.
    pub version: Option<String>,
    /// Its configuration file.
    pub config_path: Option<PathBuf>,
    /// When this run of it began, ISO 8601. A restart in place begins a new one.
    pub since: Option<String>,
    /// The systemd unit that supervises it.
    pub unit: Option<String>,
    /// How it was started.
    pub started: Started,
    /// Its command line, in one line, without secrets.
    pub command: String,
    start_time: Option<u64>,
}

/// Why a running gateway cannot be taken hold of.
#[derive(Debug, thiserror::Error)]
pub enum HoldError {
    /// It has ended.
    #[error("the gateway has just ended")]
    Gone,
    /// It cannot be seen from here.
    #[error("the gateway runs where this command cannot see it, in another container perhaps")]
    OutOfSight,
    /// It belongs to somebody else.
    #[error("the gateway (pid {pid}) belongs to uid {uid}; run this as that account")]
    NotOurs {
        /// Its process.
        pid: u32,
        /// Whose it is.
        uid: u32,
    },
    /// The system refused.
    #[error("the gateway (pid {pid}) cannot be signalled: {error}")]
    System {
        /// Its process.
        pid: u32,
        /// The system's reason.
        error: io::Error,
    },
}

impl Running {
    /// The gateway that holds the lock of a state directory; `None` when nobody does, or only a command.
    #[must_use]
    pub fn on(state_dir: &Path) -> Option<Self> {
        let held = lock::held_by(state_dir)?;
        if held.purpose != Some(Purpose::Gateway) {
            return None;
        }
        Self::of(&held)
    }

    fn of(held: &LockHeldBy) -> Option<Self> {
        let pid = held.pid?;
        let visible = held.start_time.is_none_or(|then| process::start_time(pid) == Some(then));
        let started = if visible { how(pid) } else { Started::OutOfSight };
        Some(Self {
            pid,
            version: held.version.clone(),
            config_path: held.config_path.clone(),
            since: held.created_at.clone(),
            unit: match &started {
                Started::Unit { name, .. } => Some(name.clone()),
                _ => None,
            },
            started,
            command: if visible { process::shown_cmdline(pid) } else { String::new() },
            start_time: held.start_time,
        })
    }

    /// Takes hold of the process, such that a signal can hit no other: its descriptor first, and then once more the
    /// lock, which names the process and when it started.
    ///
    /// # Errors
    /// When it has ended, cannot be seen, or belongs to somebody else.
    pub fn hold(&self, state_dir: &Path) -> Result<Process, HoldError> {
        let pid = self.pid;
        if self.started == Started::OutOfSight {
            return Err(HoldError::OutOfSight);
        }
        let process = open(pid)?;
        let still = lock::held_by(state_dir).is_some_and(|held| {
            held.pid == Some(pid)
                && held.start_time == self.start_time
                && held.purpose == Some(Purpose::Gateway)
        });
        let same = self.start_time.is_none_or(|then| process::start_time(pid) == Some(then));
        if !still || !same || process.has_exited() {
            return Err(HoldError::Gone);
        }
        let own = openclaw_os::peer::own_uid();
        match process::uid(pid) {
            Some(uid) if uid != own && own != 0 => Err(HoldError::NotOurs { pid, uid }),
            _ => Ok(process),
        }
    }

    /// A gateway of the original that listens on the port: it knows nothing of our lock, so its command line has to
    /// do (cli spec §15.5). One of ours on another state directory is never taken for it.
    #[must_use]
    pub fn original_on(port: u16) -> Option<Self> {
        let own = openclaw_os::peer::own_uid();
        let holder = port_owner(port).into_iter().find(|holder| {
            holder.state_dir.is_none()
                && (holder.uid == own || own == 0)
                && holder.pid.is_some_and(|pid| is_original(&process::cmdline(pid)))
        })?;
        let pid = holder.pid?;
        let started = how(pid);
        Some(Self {
            pid,
            version: None,
            config_path: None,
            since: None,
            unit: match &started {
                Started::Unit { name, .. } => Some(name.clone()),
                _ => None,
            },
            started,
            command: holder.command,
            start_time: process::start_time(pid),
        })
    }

    /// Takes hold of a gateway of the original, found by [`Running::original_on`].
    ///
    /// # Errors
    /// As [`Running::hold`].
    pub fn hold_original(&self, port: u16) -> Result<Process, HoldError> {
        let pid = self.pid;
        let process = open(pid)?;
        let still =
            Self::original_on(port).is_some_and(|now| now.pid == pid && now.start_time == self.start_time);
        if !still || process.has_exited() { Err(HoldError::Gone) } else { Ok(process) }
    }

    /// One line for people.
    #[must_use]
    pub fn line(&self) -> String {
        let version =
            self.version.as_deref().map_or_else(String::new, |text| format!(" {}", Words::new(text)));
        format!("OpenClaw{version}, pid {}, started {}", self.pid, self.started.words())
    }

    pub(crate) fn json(&self) -> Value {
        json!({
            "pid": self.pid,
            "version": self.version,
            "configPath": self.config_path,
            "since": self.since,
            "unit": self.unit,
            "started": self.started.words(),
            "commandLine": self.command,
        })
    }
}

fn open(pid: u32) -> Result<Process, HoldError> {
    Process::open(pid).map_err(|error| match error.raw_os_error() {
        // ESRCH
        Some(3) => HoldError::Gone,
        _ => HoldError::System { pid, error },
    })
}

/// Asks a process that is held to end, and waits for it; `kill` for one that does not in time. Answers whether it ended.
///
/// # Errors
/// When it may not be signalled.
pub fn end(process: &Process, patience: Duration, kill: bool) -> Result<bool, HoldError> {
    let pid = process.pid();
    let ask = |ask: Ask| match process.ask(ask) {
        Err(error) if !process.has_exited() => Err(HoldError::System { pid, error }),
        _ => Ok(()),
    };
    ask(Ask::Terminate)?;
    if ended_within(process, patience) {
        return Ok(true);
    }
    if kill {
        ask(Ask::Kill)?;
        return Ok(ended_within(process, KILLED_WITHIN));
    }
    Ok(false)
}

fn ended_within(process: &Process, patience: Duration) -> bool {
    let until = Instant::now() + patience;
    while !process.has_exited() {
        if Instant::now() >= until {
            return false;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    true
}

/// The rule by which the original knows its own gateways, so that nothing else is ever signalled.
fn is_original(arguments: &[String]) -> bool {
    let Some(first) = arguments.first() else { return false };
    let base = first.rsplit('/').next().unwrap_or(first);
    // The original overwrites its title, and with it the whole command line.
    if arguments.len() == 1 && base == "openclaw-gateway" {
        return true;
    }
    let script = |word: &String| {
        ["dist/index.js", "dist/entry.js", "openclaw.mjs"].iter().any(|end| word.ends_with(end))
    };
    arguments.iter().any(|word| word == "gateway")
        && (matches!(base, "openclaw" | "openclaw-gateway") || arguments.iter().any(script))
}

/// How long a killed process may take to be gone.
const KILLED_WITHIN: Duration = Duration::from_secs(2);

/// Who started a process that can be seen.
fn how(pid: u32) -> Started {
    if pid == 1 {
        return Started::Init;
    }
    let Some(stat) = process::stat(pid) else { return Started::OutOfSight };
    // Only what a variable says of this very process counts, and only its own account can read it.
    let detached = fs::read(format!("/proc/{pid}/environ")).is_ok_and(|bytes| {
        bytes.split(|byte| *byte == 0).any(|pair| pair == format!("{STARTED_BY}=gateway start").as_bytes())
    });
    if detached {
        return Started::Detached;
    }
    let parent = process::process_name(stat.parent);
    // A process in a unit's group need not be the unit's: a shell or a build may be, and everything below it is.
    if parent.as_deref() == Some("systemd")
        && let Some(name) = process::systemd_unit(pid)
    {
        return Started::Unit { name, user: !process::is_system_unit(pid) };
    }
    if let Some(terminal) = terminal(pid) {
        return Started::Terminal(terminal);
    }
    match parent {
        Some(name) => Started::Parent { name: Words::new(&name), pid: stat.parent },
        None => Started::OutOfSight,
    }
}

/// The terminal that a process's standard streams lead to.
fn terminal(pid: u32) -> Option<String> {
    (0..3).find_map(|number| {
        let target = fs::read_link(format!("/proc/{pid}/fd/{number}")).ok()?;
        let name = target.strip_prefix("/dev").ok()?.to_str()?;
        (name.starts_with("pts/") || name.starts_with("tty")).then(|| name.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use openclaw_os::lock::{LockInfo, StateLock};

    fn info(dir: &Path, purpose: Purpose) -> LockInfo {
        LockInfo {
            purpose,
            config_path: dir.join("openclaw.json"),
            version: "2026.11.0".into(),
            node_lock_dir: None,
        }
    }

    #[test]
    fn the_holder_of_the_lock_is_the_gateway() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(Running::on(dir.path()), None);
        let lock = StateLock::acquire(dir.path(), &info(dir.path(), Purpose::Gateway)).unwrap();
        let running = Running::on(dir.path()).unwrap();
        assert_eq!(running.pid, std::process::id());
        assert_eq!(running.version.as_deref(), Some("2026.11.0"));
        assert!(!matches!(running.started, Started::OutOfSight | Started::Init), "{:?}", running.started);
        assert_eq!(running.hold(dir.path()).unwrap().pid(), std::process::id());
        drop(lock);
        assert!(matches!(running.hold(dir.path()), Err(HoldError::Gone)));
        assert_eq!(Running::on(dir.path()), None);
    }

    #[test]
    fn a_command_that_works_on_the_state_is_no_gateway() {
        let dir = tempfile::tempdir().unwrap();
        let _lock = StateLock::acquire(dir.path(), &info(dir.path(), Purpose::Command)).unwrap();
        assert_eq!(Running::on(dir.path()), None);
    }

    #[test]
    fn a_number_that_is_another_process_here_is_out_of_sight() {
        let dir = tempfile::tempdir().unwrap();
        let _lock = StateLock::acquire(dir.path(), &info(dir.path(), Purpose::Gateway)).unwrap();
        // As a gateway in another container writes it: the number means somebody else here.
        let path = dir.path().join(lock::LOCK_NAME);
        let mut record: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        record["startTime"] = json!(7);
        fs::write(&path, record.to_string()).unwrap();
        let running = Running::on(dir.path()).unwrap();
        assert_eq!(running.started, Started::OutOfSight);
        assert!(matches!(running.hold(dir.path()), Err(HoldError::OutOfSight)));
    }

    #[test]
    fn only_gateways_of_the_original_are_taken_for_one() {
        for (line, expected) in [
            ("openclaw-gateway", true),
            ("/usr/bin/node /usr/lib/node_modules/openclaw/openclaw.mjs gateway --port 18789", true),
            ("node dist/index.js gateway", true),
            ("/usr/local/bin/openclaw gateway run", true),
            ("/usr/local/bin/openclaw logs --follow", false),
            ("vim openclaw.json gateway", false),
            ("node server.js gateway", false),
            ("openclaw-gateway-exporter", false),
            ("", false),
        ] {
            let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
            assert_eq!(is_original(&words), expected, "{line}");
        }
    }

    #[test]
    fn a_process_is_asked_before_it_is_killed() {
        let mut child = std::process::Command::new("sleep").arg("600").spawn().unwrap();
        let process = Process::open(child.id()).unwrap();
        assert!(end(&process, Duration::from_secs(20), false).unwrap());
        child.wait().unwrap();
        let mut stubborn = std::process::Command::new("sh")
            .args(["-c", "trap '' TERM; echo on; exec sleep 600"])
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = [0; 3];
        io::Read::read_exact(stubborn.stdout.as_mut().unwrap(), &mut line).unwrap();
        let process = Process::open(stubborn.id()).unwrap();
        assert!(!end(&process, Duration::from_millis(30), false).unwrap());
        assert!(end(&process, Duration::from_millis(30), true).unwrap());
        stubborn.wait().unwrap();
    }
}
