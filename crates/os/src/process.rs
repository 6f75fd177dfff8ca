//! Processes: what `/proc` says about them, signals without pid races, reaping orphans, restarting in place.

use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::path::PathBuf;

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::process::{Pid, PidfdFlags, WaitOptions};

mod restart;
mod shown;

pub use restart::{Inherited, called_as, exec_self, inherited};
pub use shown::without_secrets;

/// The fields of `/proc/<pid>/stat` that we use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stat {
    /// One letter: `R`, `S`, `Z`…
    pub state: char,
    /// The parent's pid; 0 when it is outside our pid namespace.
    pub parent: u32,
    /// Start time in clock ticks since boot (field 22). With the pid it names one process for ever.
    pub start_time: u64,
}

/// Reads `/proc/<pid>/stat`; `None` when there is no such process (or no `/proc`).
pub fn stat(pid: u32) -> Option<Stat> {
    parse_stat(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

fn parse_stat(text: &str) -> Option<Stat> {
    // The second field is the program's name in parentheses, and may itself hold spaces and parentheses.
    let (_, rest) = text.rsplit_once(')')?;
    let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
    Some(Stat {
        state: fields.first()?.chars().next()?,
        parent: fields.get(1)?.parse().ok()?,
        start_time: fields.get(19)?.parse().ok()?,
    })
}

/// Start time of a process in clock ticks since boot, as in the lock files.
pub fn start_time(pid: u32) -> Option<u64> {
    stat(pid).map(|stat| stat.start_time)
}

/// The short program name (`comm`), at most 15 bytes.
pub fn process_name(pid: u32) -> Option<String> {
    let name = fs::read(format!("/proc/{pid}/comm")).ok()?;
    Some(String::from_utf8_lossy(&name).trim_end().to_owned())
}

/// The argument vector; empty for kernel threads, zombies and processes that are gone.
pub fn cmdline(pid: u32) -> Vec<String> {
    let bytes = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let mut parts: Vec<String> =
        bytes.split(|byte| *byte == 0).map(|part| String::from_utf8_lossy(part).into_owned()).collect();
    while parts.last().is_some_and(String::is_empty) {
        parts.pop();
    }
    parts
}

/// The command line in one line, as it may be shown: without secrets.
pub fn shown_cmdline(pid: u32) -> String {
    without_secrets(&cmdline(pid)).join(" ")
}

/// The effective uid of a process.
pub fn uid(pid: u32) -> Option<u32> {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("Uid:"))?;
    line.split_ascii_whitespace().nth(1)?.parse().ok()
}

/// The systemd unit a process runs in (`openclaw-gateway.service`), from its control group.
pub fn systemd_unit(pid: u32) -> Option<String> {
    unit_in_cgroup(&fs::read_to_string(format!("/proc/{pid}/cgroup")).ok()?)
}

/// Whether that unit is one of the machine's, which only root may stop, and not one of an account's.
pub fn is_system_unit(pid: u32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/cgroup")).is_ok_and(|text| is_system_cgroup(&text))
}

fn is_system_cgroup(text: &str) -> bool {
    text.lines().filter_map(|line| line.splitn(3, ':').nth(2)).any(|path| path.starts_with("/system.slice/"))
}

fn unit_in_cgroup(text: &str) -> Option<String> {
    let path =
        text.lines().find_map(|line| line.splitn(3, ':').nth(2).filter(|path| path.contains(".service")))?;
    // The innermost service: a user's service lies below `user@1000.service`.
    let unit = path.split('/').rfind(|part| part.ends_with(".service"))?;
    (!unit.starts_with("user@")).then(|| unit.to_owned())
}

/// What can be asked of a process by signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// SIGTERM.
    Terminate,
    /// SIGKILL.
    Kill,
    /// SIGUSR1: the restart signal of early-2026 gateways, and ours.
    Restart,
}

/// A process that cannot be confused with a later one of the same pid.
#[derive(Debug)]
pub struct Process {
    fd: OwnedFd,
    pid: u32,
}

impl Process {
    /// Takes hold of a running process. `NotFound` (ESRCH) when it is gone.
    pub fn open(pid: u32) -> io::Result<Self> {
        let fd = rustix::process::pidfd_open(to_pid(pid)?, PidfdFlags::empty())?;
        Ok(Self { fd, pid })
    }

    pub(crate) fn from_fd(fd: OwnedFd, pid: u32) -> Self {
        Self { fd, pid }
    }

    /// Its pid (still its own while [`Process::has_exited`] is false).
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Sends a signal to exactly this process; sending to one that has ended is an error (ESRCH).
    pub fn ask(&self, ask: Ask) -> io::Result<()> {
        let signal = match ask {
            Ask::Terminate => rustix::process::Signal::TERM,
            Ask::Kill => rustix::process::Signal::KILL,
            Ask::Restart => rustix::process::Signal::USR1,
        };
        Ok(rustix::process::pidfd_send_signal(&self.fd, signal)?)
    }

    /// Whether it has ended (a zombie has).
    pub fn has_exited(&self) -> bool {
        let mut fds = [PollFd::new(&self.fd, PollFlags::IN)];
        let now = Timespec { tv_sec: 0, tv_nsec: 0 };
        !matches!(rustix::event::poll(&mut fds, Some(&now)), Ok(0))
    }
}

fn to_pid(pid: u32) -> io::Result<Pid> {
    i32::try_from(pid)
        .ok()
        .and_then(Pid::from_raw)
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, format!("{pid} is not a process id")))
}

/// Makes this process the one that inherits orphaned descendants, so that none can escape its ancestry by letting its
/// parent exit (ruling 29).
pub fn become_subreaper() -> io::Result<()> {
    Ok(rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?)
}

/// Collects dead children that nobody else waits for, and returns their pids. Call it on SIGCHLD. `is_known` must be
/// true for the children that somebody in this process waits for: their status must not be taken away.
pub fn reap_orphans(is_known: impl Fn(u32) -> bool) -> Vec<u32> {
    let dead = children(std::process::id())
        .into_iter()
        .filter(|pid| !is_known(*pid))
        .filter(|pid| stat(*pid).is_some_and(|stat| stat.state == 'Z'));
    dead.filter(|pid| {
        to_pid(*pid)
            .is_ok_and(|pid| matches!(rustix::process::waitpid(Some(pid), WaitOptions::NOHANG), Ok(Some(_))))
    })
    .collect()
}

/// The children of a process, zombies included.
pub fn children(pid: u32) -> Vec<u32> {
    let tasks = PathBuf::from(format!("/proc/{pid}/task"));
    let mut found = Vec::new();
    let mut listed = false;
    for task in fs::read_dir(tasks).into_iter().flatten().flatten() {
        if let Ok(text) = fs::read_to_string(task.path().join("children")) {
            listed = true;
            found.extend(text.split_ascii_whitespace().filter_map(|pid| pid.parse::<u32>().ok()));
        }
    }
    if !listed {
        // Kernels without CONFIG_PROC_CHILDREN: ask everybody who their parent is.
        found = all_pids().filter(|other| stat(*other).is_some_and(|stat| stat.parent == pid)).collect();
    }
    found
}

/// Every pid in `/proc`.
pub(crate) fn all_pids() -> impl Iterator<Item = u32> {
    fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

#[cfg(test)]
mod tests;
