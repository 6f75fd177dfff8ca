//! The database file: how it is opened, its tables, and the way from one schema to the next.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags};

/// The schema this program writes (`user_version`).
pub(super) const VERSION: i64 = 1;

/// One step per schema version: `STEPS[n]` leads from version n to n + 1. Steps are never edited once released.
const STEPS: [&str; 1] = ["
CREATE TABLE devices (
    device_id       TEXT PRIMARY KEY,
    record          TEXT NOT NULL,
    operator_import BLOB,
    node_import     BLOB
) STRICT, WITHOUT ROWID;
CREATE TABLE tombstones (
    device_id       TEXT PRIMARY KEY,
    record          TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE requests (
    request_id      TEXT PRIMARY KEY,
    device_id       TEXT NOT NULL,
    record          TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE former_requests (
    request_id      TEXT PRIMARY KEY,
    at_ms           INTEGER NOT NULL,
    record          TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE codes (
    hash            BLOB PRIMARY KEY,
    record          TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE meta (
    key             TEXT PRIMARY KEY,
    value           TEXT NOT NULL
) STRICT, WITHOUT ROWID;
"];

/// Opens the file for us alone. Exclusive locking needs no shared memory beside the database, works on file systems
/// without it, and keeps a second process out; the kernel lets go of the lock when we die.
pub(super) fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let db = Connection::open_with_flags(path, flags)?;
    db.busy_timeout(Duration::from_secs(1))?;
    db.execute_batch(
        "PRAGMA locking_mode = EXCLUSIVE;
         PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
         PRAGMA cache_size = -1024;
         PRAGMA temp_store = MEMORY;
         PRAGMA trusted_schema = OFF;
         PRAGMA cell_size_check = ON;
         PRAGMA journal_size_limit = 4194304;",
    )?;
    db.set_prepared_statement_cache_capacity(32);
    Ok(db)
}

/// The schema version in the file; 0 for a new one.
pub(super) fn version(db: &Connection) -> rusqlite::Result<i64> {
    db.query_row("PRAGMA user_version", [], |row| row.get(0))
}

/// Brings the tables to [`VERSION`], inside the caller's transaction.
pub(super) fn upgrade(db: &Connection, from: i64) -> rusqlite::Result<()> {
    let first = usize::try_from(from).unwrap_or(0);
    for step in STEPS.iter().skip(first) {
        db.execute_batch(step)?;
    }
    db.pragma_update(None, "user_version", VERSION)
}

/// Whether the error means that the file itself is broken (and not the disk, or the permissions).
pub(super) fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
        // A table that should be there and is not: somebody emptied the file.
        || matches!(error, rusqlite::Error::SqlInputError { msg, .. } if msg.starts_with("no such table"))
        || error.to_string().starts_with("no such table")
}

/// SQLite's own check of the whole file; what it complains about.
pub(crate) fn quick_check(db: &Connection) -> rusqlite::Result<Option<String>> {
    let answer: String = db.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    Ok((answer != "ok").then_some(answer))
}
