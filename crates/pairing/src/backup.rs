//! Backups of the database: the generation to fall back to when the database is damaged.
//!
//! One is made a second after each clean start, daily, and soon after changes: within seconds after something was
//! taken from a device (so that falling back revives no revoked token for long), within a minute otherwise. The newest
//! two are kept. A database that fails SQLite's own check never becomes a backup.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use openclaw_os::file::Files;
use rusqlite::Connection;

use crate::paths::StatePaths;
use crate::store::{Shared, Unavailable, from_sqlite, quick_check};

const AFTER_START: Duration = Duration::from_secs(1);
const AFTER_NARROWING: Duration = Duration::from_secs(2);
const AFTER_CHANGE: Duration = Duration::from_secs(60);
const DAILY: Duration = Duration::from_secs(24 * 3600);
const AFTER_FAILURE: Duration = Duration::from_secs(300);
const PIECE: usize = 1 << 20;

/// The newest backup.
pub fn newest(paths: &StatePaths) -> PathBuf {
    paths.backups.join("gateway.sqlite")
}

/// The one before: from an earlier start or day.
pub fn previous(paths: &StatePaths) -> PathBuf {
    paths.backups.join("gateway.previous.sqlite")
}

/// When the next backup is due.
#[derive(Debug)]
pub(crate) struct Schedule {
    due: Instant,
    /// The next one opens a new generation.
    turn: bool,
    next_turn: Instant,
}

impl Schedule {
    /// The schedule of a store just opened.
    pub(crate) fn after_start() -> Self {
        let now = Instant::now();
        Self { due: now + AFTER_START, turn: true, next_turn: now + DAILY }
    }

    /// When to make the next one.
    pub(crate) fn due(&self) -> Option<Instant> {
        Some(self.due)
    }

    /// A durable change was committed; `narrowing` when something was taken from a device.
    pub(crate) fn note_change(&mut self, narrowing: bool) {
        let wait = if narrowing { AFTER_NARROWING } else { AFTER_CHANGE };
        self.due = self.due.min(Instant::now() + wait);
    }

    /// Makes the backup, on the writer's own connection.
    pub(crate) fn make(&mut self, db: &Connection, shared: &Shared) -> Result<(), Unavailable> {
        let now = Instant::now();
        let turn = self.turn || now >= self.next_turn;
        let result = make(db, &shared.paths, &shared.options.files, turn);
        if result.is_ok() {
            self.turn = false;
            if turn {
                self.next_turn = now + DAILY;
            }
            self.due = self.next_turn;
        } else {
            self.due = now + AFTER_FAILURE;
        }
        result
    }
}

fn make(db: &Connection, paths: &StatePaths, files: &Files, turn: bool) -> Result<(), Unavailable> {
    if let Some(complaint) =
        quick_check(db).map_err(|error| from_sqlite(&error, "no backup was made", &paths.private_dir))?
    {
        return Err(Unavailable::new(format!(
            "no backup was made: the database is damaged ({complaint}); the last good backup is {}",
            newest(paths).display()
        )));
    }
    let from_io = |error: io::Error| Unavailable::new(format!("no backup was made: {error}"));
    let scratch = paths.backups.join(".gateway.sqlite.scratch");
    let fresh = paths.backups.join(".gateway.sqlite.new");
    files.ensure_dir(&paths.backups, 0o700).map_err(from_io)?;
    Files::real().remove(&scratch).map_err(from_io)?;
    files.remove(&fresh).map_err(from_io)?;
    // VACUUM takes an empty file, and this one has the right owner and mode from the beginning.
    // SQLite writes it, so the file layer must not believe that it knows what is in it.
    Files::real().create_new(&scratch, b"", 0o600).map_err(from_io)?;
    let placed = db
        .execute("VACUUM INTO ?1", [scratch.to_string_lossy()])
        .map_err(|error| from_sqlite(&error, "no backup was made", &paths.private_dir))
        .and_then(|_| copy(&scratch, &fresh, files).map_err(from_io))
        .and_then(|()| place(&fresh, paths, files, turn).map_err(from_io));
    // A full disk is not made better by half a backup.
    let _ = Files::real().remove(&scratch);
    let _ = files.remove(&fresh);
    placed
}

/// Copies durably and in pieces, so that a large database does not pass through memory as a whole.
fn copy(from: &Path, to: &Path, files: &Files) -> io::Result<()> {
    let mut source = openclaw_os::file::open_nofollow(from)?;
    let mut piece = Vec::with_capacity(PIECE);
    loop {
        piece.clear();
        (&mut source).take(PIECE as u64).read_to_end(&mut piece)?;
        if piece.is_empty() {
            return Ok(());
        }
        files.append(to, &piece, 0o600)?;
    }
}

fn place(fresh: &Path, paths: &StatePaths, files: &Files, turn: bool) -> io::Result<()> {
    if turn && newest(paths).exists() {
        files.rename(&newest(paths), &previous(paths))?;
    }
    files.rename(fresh, &newest(paths))
}

/// Moves a damaged database out of the way, its log included, and answers where it is now.
pub(crate) fn set_aside(paths: &StatePaths, files: &Files, stamp: u64) -> io::Result<PathBuf> {
    let name = |suffix: &str| paths.private_dir.join(format!("gateway.sqlite.damaged-{stamp}{suffix}"));
    for suffix in ["-wal", "-shm", "-journal", ""] {
        let source = paths.private_dir.join(format!("gateway.sqlite{suffix}"));
        if fs::symlink_metadata(&source).is_ok() {
            files.rename(&source, &name(suffix))?;
        }
    }
    Ok(name(""))
}

/// Puts a backup in the database's place.
pub(crate) fn restore(backup: &Path, paths: &StatePaths, files: &Files) -> io::Result<()> {
    // A whole database in memory: rare, and it goes through the same durable path as every other file.
    let bytes = files.read(backup, u64::MAX >> 1)?;
    files.write_atomic(&paths.database, &bytes, 0o600)
}
