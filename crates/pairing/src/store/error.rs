//! What can go wrong with the disk, in sentences that name the way out.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

use crate::model::Rejected;

/// Why a change was not applied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApplyError {
    /// The pairing rules say no.
    #[error(transparent)]
    Rejected(#[from] Rejected),
    /// The store cannot keep it now. Nothing has changed; trying again later may help.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// The store cannot write at the moment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct Unavailable {
    /// What is wrong and what to do, as a sentence.
    pub why: String,
    /// When to try again, in ms.
    pub retry_after_ms: u64,
}

impl Unavailable {
    pub(crate) fn new(why: impl Into<String>) -> Self {
        Self { why: why.into(), retry_after_ms: 5_000 }
    }

    pub(crate) fn closed() -> Self {
        Self::new("the pairing store is closed: the gateway is shutting down")
    }

    pub(crate) fn busy() -> Self {
        Self {
            why: "too many changes are waiting for the disk: try again in a moment".to_owned(),
            retry_after_ms: 1_000,
        }
    }

    pub(crate) fn from_io(error: &io::Error) -> Self {
        Self::new(format!("{error}{}", advice(error.kind())))
    }
}

fn advice(kind: io::ErrorKind) -> &'static str {
    match kind {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => ": the disk is full, free some space",
        io::ErrorKind::ReadOnlyFilesystem => ": the file system is read-only, mount it writable",
        io::ErrorKind::PermissionDenied => {
            ": give the folder back to the account that runs the gateway (chown)"
        }
        _ => "",
    }
}

/// A SQLite error as a sentence about the disk. `folder` is where it happened: SQLite often only says "I/O error", so
/// the folder itself is asked as well.
pub(crate) fn from_sqlite(error: &rusqlite::Error, what: &str, folder: &Path) -> Unavailable {
    let code = error.sqlite_error_code();
    let vague =
        matches!(code, Some(ErrorCode::SystemIoFailure | ErrorCode::CannotOpen | ErrorCode::ReadOnly));
    if vague && let Some(cause) = unwritable(folder) {
        return Unavailable::new(format!("{what}: {}: {cause}{}", folder.display(), advice(cause.kind())));
    }
    let why = match code {
        Some(ErrorCode::DiskFull) => format!("{what}: the disk is full: free some space, then try again"),
        Some(ErrorCode::ReadOnly) => {
            format!(
                "{what}: the state directory is read-only: make it writable for the gateway, then try again"
            )
        }
        Some(
            ErrorCode::PermissionDenied | ErrorCode::CannotOpen | ErrorCode::AuthorizationForStatementDenied,
        ) => {
            format!(
                "{what}: the files may not be opened: give the state directory back to the gateway's account"
            )
        }
        Some(ErrorCode::SystemIoFailure) => {
            format!("{what}: the disk reports an error ({error}): look at the system log")
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            format!("{what}: another process has the database open: close it, then try again")
        }
        _ => format!("{what}: {error}"),
    };
    Unavailable::new(why)
}

/// Why no file can be made in the folder, if so.
fn unwritable(folder: &Path) -> Option<io::Error> {
    let probe = folder.join(format!(".probe-{}", std::process::id()));
    match OpenOptions::new().write(true).create_new(true).open(&probe) {
        Ok(mut file) => {
            // A full disk has room for a name, but for nothing in it.
            let result = file.write_all(&[0; 4096]);
            let _ = std::fs::remove_file(&probe);
            result.err()
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => None,
        Err(error) => Some(error),
    }
}

/// Why the store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Somebody else's files.
    #[error("{} belongs to uid {uid}, not to the account that runs the gateway: give it back with chown", path.display())]
    ForeignOwner {
        /// The file or folder.
        path: PathBuf,
        /// Its owner.
        uid: u32,
    },
    /// A file or folder could not be read or made.
    #[error("{why}")]
    Io {
        /// A sentence with the path and the way out.
        why: String,
        /// The kind, for exit codes.
        kind: io::ErrorKind,
    },
    /// Another process has it open.
    #[error("{} is open in another process: stop the other gateway or command first", path.display())]
    Busy {
        /// The database.
        path: PathBuf,
    },
    /// Written by a newer program.
    #[error("{} was written by a newer version (schema {found}, this one knows {known}): update openclaw", path.display())]
    Newer {
        /// The database.
        path: PathBuf,
        /// Its schema.
        found: i64,
        /// Ours.
        known: i64,
    },
    /// Anything else SQLite says.
    #[error("{}: {why}", path.display())]
    Database {
        /// The database.
        path: PathBuf,
        /// A sentence.
        why: String,
    },
}

impl StoreError {
    pub(crate) fn io(error: &io::Error) -> Self {
        Self::Io { why: format!("{error}{}", advice(error.kind())), kind: error.kind() }
    }
}
