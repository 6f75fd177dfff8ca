//! One gateway per state directory: a kernel lock that dies with its holder, and the Node gateway's lock file beside it.
//!
//! The truth is `flock` on `<state>/gateway.lock`; the JSON in that file only says who holds it. The Node gateway knows
//! nothing of it, so a gateway also keeps the lock file that one looks for (`cli §16`), and respects a live one.

use std::fs::{self, File};
use std::io::{self, Read, Seek, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::fs::{FlockOperation, Mode, OFlags};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::file::{self, Files, Owners};
use crate::process;

/// The lock's name in the state directory.
pub const LOCK_NAME: &str = "gateway.lock";

/// A Node lock file that cannot be read is somebody just writing it, until it is this old.
const UNREADABLE_GRACE: Duration = Duration::from_secs(30);

/// What the holder is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Purpose {
    /// A running gateway.
    Gateway,
    /// A command that works on the state of a stopped gateway.
    Command,
}

/// What the holder says about itself.
#[derive(Clone, Debug)]
pub struct LockInfo {
    /// Gateway or command.
    pub purpose: Purpose,
    /// The config file in use; names the Node lock file.
    pub config_path: PathBuf,
    /// Our program version, so that others can name it.
    pub version: String,
    /// Where the Node gateway keeps its locks ([`crate::tmp::node_lock_dir`]); `None` leaves that lock alone (commands,
    /// and `OPENCLAW_ALLOW_MULTI_GATEWAY=1`).
    pub node_lock_dir: Option<PathBuf>,
}

/// Who holds a lock, as far as it says so itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockHeldBy {
    /// Its process id; unknown for a moment while the holder is still writing.
    pub pid: Option<u32>,
    /// `None` for a Node gateway.
    pub purpose: Option<Purpose>,
    /// Program version, when the holder is ours.
    pub version: Option<String>,
    /// The config file the holder runs with.
    pub config_path: Option<PathBuf>,
    /// When it took the lock, ISO 8601. A restart in place takes it anew.
    pub created_at: Option<String>,
    /// Its start time in clock ticks since boot ([`process::start_time`]); with the pid it names one process.
    pub start_time: Option<u64>,
    /// The lock file.
    pub lock_path: PathBuf,
}

impl std::fmt::Display for LockHeldBy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.purpose {
            Some(Purpose::Command) => f.write_str("another openclaw command is working on this state")?,
            _ => f.write_str("gateway already running")?,
        }
        match self.pid {
            Some(pid) => write!(f, " (pid {pid})"),
            None => Ok(()),
        }
    }
}

/// Why the lock was not taken.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Somebody alive has it. Try again, or stop the holder.
    #[error("{0}")]
    Held(LockHeldBy),
    /// The lock file cannot be made or locked; the text of the system says why (permissions, read-only, full disk).
    #[error("the lock {} cannot be used: {error}", path.display())]
    Unusable {
        /// The lock file.
        path: PathBuf,
        /// The system's reason.
        error: io::Error,
    },
}

/// The JSON of both lock files. The Node gateway reads the first four; the others are ours.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    pid: u32,
    #[serde(default)]
    created_at: Option<String>,
    #[serde(default)]
    config_path: Option<PathBuf>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    start_time: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    purpose: Option<Purpose>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    version: Option<String>,
}

impl Record {
    fn of_this_process(info: &LockInfo) -> Self {
        let pid = std::process::id();
        Self {
            pid,
            created_at: Some(iso_utc(SystemTime::now())),
            config_path: Some(info.config_path.clone()),
            start_time: process::start_time(pid),
            purpose: Some(info.purpose),
            version: Some(info.version.clone()),
        }
    }

    fn held(self, lock_path: PathBuf) -> LockHeldBy {
        LockHeldBy {
            pid: Some(self.pid),
            purpose: self.purpose,
            version: self.version,
            config_path: self.config_path,
            created_at: self.created_at,
            start_time: self.start_time,
            lock_path,
        }
    }
}

/// The lock on a state directory. Given up when dropped, and by the kernel when the process ends in any way.
#[derive(Debug)]
pub struct StateLock {
    file: File,
    node_lock: Option<PathBuf>,
}

impl AsFd for StateLock {
    /// For [`process::exec_self`], so that a restart never lets go of the lock.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

impl StateLock {
    /// Takes the lock now or says who has it; never waits. The state directory must exist.
    pub fn acquire(state_dir: &Path, info: &LockInfo) -> Result<Self, LockError> {
        Self::acquire_inherited(state_dir, info, Vec::new())
    }

    /// Like [`StateLock::acquire`], after a restart: the first of `inherited` (files kept by [`process::exec_self`])
    /// that is this state's lock file is the lock already held.
    pub fn acquire_inherited(
        state_dir: &Path,
        info: &LockInfo,
        inherited: Vec<OwnedFd>,
    ) -> Result<Self, LockError> {
        let path = state_dir.join(LOCK_NAME);
        let unusable = |error: io::Error| LockError::Unusable { path: path.clone(), error };
        let mut file = open(&path).map_err(unusable)?;
        if let Some(kept) = inherited.into_iter().map(File::from).find(|kept| same_file(kept, &file)) {
            file = kept;
        }
        match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => return Err(LockError::Held(holder(&mut file, path))),
            Err(error) => return Err(unusable(error.into())),
        }
        let record = Record::of_this_process(info);
        write_record(&mut file, &record).map_err(unusable)?;
        let node_lock = match &info.node_lock_dir {
            Some(dir) => node_lock::take(dir, &info.config_path, &record)?,
            None => None,
        };
        Ok(Self { file, node_lock })
    }

    /// The Node gateway's lock file, when it could be written.
    pub fn node_lock(&self) -> Option<&Path> {
        self.node_lock.as_deref()
    }
}

impl Drop for StateLock {
    fn drop(&mut self) {
        if let Some(path) = &self.node_lock {
            node_lock::give_back(path);
        }
        // The file stays (removing it would let two holders lock two different files of the same name); an empty one
        // says that nobody is there.
        let _ = self.file.set_len(0);
    }
}

/// Who holds the lock of a state directory, without taking it. `None` when it is free or cannot be read.
pub fn held_by(state_dir: &Path) -> Option<LockHeldBy> {
    let path = state_dir.join(LOCK_NAME);
    let mut file = file::open_nofollow(&path).ok()?;
    match rustix::fs::flock(&file, FlockOperation::NonBlockingLockShared) {
        Err(rustix::io::Errno::WOULDBLOCK) => Some(holder(&mut file, path)),
        _ => None,
    }
}

/// Reads who a lock file names, without asking the kernel whether the lock is held (used when the holder is known to
/// have the file open).
pub(crate) fn named_in(path: &Path) -> Option<LockHeldBy> {
    let bytes = file::read_nofollow(path, 64 * 1024).ok()?;
    let record: Record = serde_json::from_slice(&bytes).ok()?;
    Some(record.held(path.to_path_buf()))
}

fn open(path: &Path) -> io::Result<File> {
    let flags = OFlags::RDWR | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    match rustix::fs::open(path, flags, Mode::empty()) {
        Ok(fd) => Ok(File::from(fd)),
        Err(rustix::io::Errno::NOENT) => {
            // Created through the file layer for its owner rule; losing the race to create it is as good.
            match Files::real().create_new(path, b"", 0o600) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
            Ok(File::from(rustix::fs::open(path, flags, Mode::empty())?))
        }
        Err(error) => Err(error.into()),
    }
}

fn same_file(a: &File, b: &File) -> bool {
    match (a.metadata(), b.metadata()) {
        (Ok(a), Ok(b)) => (a.dev(), a.ino()) == (b.dev(), b.ino()),
        _ => false,
    }
}

fn holder(file: &mut File, lock_path: PathBuf) -> LockHeldBy {
    let mut text = Vec::new();
    let read = file.rewind().and_then(|()| file.take(64 * 1024).read_to_end(&mut text));
    match read.ok().and_then(|_| serde_json::from_slice::<Record>(&text).ok()) {
        Some(record) => record.held(lock_path),
        None => LockHeldBy {
            pid: None,
            purpose: None,
            version: None,
            config_path: None,
            created_at: None,
            start_time: None,
            lock_path,
        },
    }
}

fn write_record(file: &mut File, record: &Record) -> io::Result<()> {
    let mut text = serde_json::to_vec(record).map_err(io::Error::other)?;
    text.push(b'\n');
    file.rewind()?;
    file.write_all(&text)?;
    file.set_len(text.len() as u64)
}

/// Where the Node gateway keeps its lock for a configuration, in the folder [`crate::tmp::node_lock_dir`].
pub fn node_lock_path(dir: &Path, config_path: &Path) -> PathBuf {
    node_lock::path(dir, config_path)
}

/// The lock file of the Node gateway: `<tmp>/openclaw-<uid>/gateway.<8 hex of sha256(config path)>.lock`.
mod node_lock {
    use super::{
        Digest, Duration, Files, LockError, Owners, Path, PathBuf, Record, Sha256, SystemTime,
        UNREADABLE_GRACE, file, fs, io, process,
    };

    pub(super) fn path(dir: &Path, config_path: &Path) -> PathBuf {
        let digest = Sha256::digest(config_path.as_os_str().as_encoded_bytes());
        let hex: String = digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        dir.join(format!("gateway.{hex}.lock"))
    }

    /// Takes it, or leaves it when its folder cannot be trusted or written: it is a courtesy to the other program, and
    /// not what keeps our state safe. Only a live holder is an error.
    pub(super) fn take(
        dir: &Path,
        config_path: &Path,
        record: &Record,
    ) -> Result<Option<PathBuf>, LockError> {
        let own = Owners::rule(rustix::process::geteuid().as_raw(), None);
        if file::ensure_dir(dir, 0o700).is_err() || file::check_trusted(dir, &own).is_err() {
            return Ok(None);
        }
        let path = path(dir, config_path);
        let Ok(text) = serde_json::to_vec(record) else { return Ok(None) };
        for _ in 0..3 {
            // A lock that a power cut leaves behind is a dead one anyway: its process is gone.
            match Files::real().create_passing(&path, &text, 0o600) {
                Ok(()) => return Ok(Some(path)),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(_) => return Ok(None),
            }
            match read(&path) {
                Some(other) if is_alive(&other) && other.pid != std::process::id() => {
                    return Err(LockError::Held(other.held(path)));
                }
                None if age(&path).is_some_and(|age| age < UNREADABLE_GRACE) => {
                    let nobody = super::LockHeldBy {
                        pid: None,
                        purpose: None,
                        version: None,
                        config_path: None,
                        created_at: None,
                        start_time: None,
                        lock_path: path,
                    };
                    return Err(LockError::Held(nobody));
                }
                _ => {
                    let _ = fs::remove_file(&path);
                }
            }
        }
        Ok(None)
    }

    /// Removes it if it is still this process's.
    pub(super) fn give_back(path: &Path) {
        if read(path).is_some_and(|record| record.pid == std::process::id()) {
            let _ = fs::remove_file(path);
        }
    }

    fn read(path: &Path) -> Option<Record> {
        serde_json::from_slice(&file::read_nofollow(path, 64 * 1024).ok()?).ok()
    }

    fn age(path: &Path) -> Option<Duration> {
        let modified = fs::symlink_metadata(path).ok()?.modified().ok()?;
        Some(SystemTime::now().duration_since(modified).unwrap_or_default())
    }

    /// A pid alone proves little (it may have been given out again), its start time proves it.
    fn is_alive(record: &Record) -> bool {
        match (process::start_time(record.pid), record.start_time) {
            (None, _) => false,
            (Some(now), Some(then)) => now == then,
            (Some(_), None) => process::cmdline(record.pid).iter().any(|part| part.contains("openclaw")),
        }
    }
}

/// `2026-03-13T10:00:00.000Z`, as JavaScript writes it.
fn iso_utc(time: SystemTime) -> String {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let (seconds, millis) = (since.as_secs(), since.subsec_millis());
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    // Days since 0000-03-01, so that the leap day is the last of its year.
    let shifted = days + 719_468;
    let era = shifted / 146_097;
    let day_of_era = shifted % 146_097;
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    let (hour, minute, second) = (rest / 3_600, rest % 3_600 / 60, rest % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z")
}

#[cfg(test)]
mod tests;
