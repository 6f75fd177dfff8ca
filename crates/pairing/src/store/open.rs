//! Opening a state directory: first start, import, usual start, and recovery from a damaged database.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, mpsc};
use std::thread;

use arc_swap::ArcSwap;
use openclaw_os::file::Files;
use openclaw_protocol::words::Words;
use rusqlite::Connection;
use tokio::sync::broadcast;

use super::writer::{SERIAL, VIEW_BOOKMARK, Writer};
use super::{CHANGES_KEPT, Inner, Shared, Store, StoreError, StoreOptions, Trouble, rows, schema};
use crate::backup;
use crate::import::{self, ImportReport};
use crate::model::{SetAside, Snapshot};
use crate::paths::StatePaths;
use crate::token::TokenKey;
use crate::transition::expire;
use crate::view::{self, ViewStart};

/// Which key the database was written with.
const KEY: &str = "pairing.key";
/// What was said about the import.
const IMPORT_NOTE: &str = "pairing.import";
/// SQLite runs on these stacks; the default of 8 MiB would only be address space, but it shows in some containers.
const STACK: usize = 1 << 20;

/// What happened when the store was opened. Everything but `devices` and `claimable` is worth telling the owner.
#[derive(Clone, Debug, Default)]
pub struct OpenReport {
    /// The store was made just now.
    pub fresh: bool,
    /// What was taken over from an original gateway.
    pub imported: Option<ImportReport>,
    /// What was said when devices were taken over, at this start or an earlier one; for `status` and `doctor`.
    pub import_note: Option<String>,
    /// The database was damaged.
    pub recovered: Option<Recovered>,
    /// Rows that cannot be understood.
    pub quarantined: Vec<SetAside>,
    /// The token key was lost or damaged: every device's token is void, and devices need the shared secret once.
    pub key_replaced: bool,
    /// Paired devices.
    pub devices: usize,
    /// A claim code may be shown (ruling 30).
    pub claimable: bool,
}

/// A damaged database was replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovered {
    /// Where the damaged one is now. There is no such file when the database was missing altogether.
    pub damaged: PathBuf,
    /// The backup in use; `None` when there was none that could be read, and the readable view was all there was.
    pub backup: Option<PathBuf>,
    /// What SQLite said about the damaged one.
    pub why: String,
}

pub(super) fn open(paths: StatePaths, options: StoreOptions) -> Result<(Store, OpenReport), StoreError> {
    let files = &options.files;
    for folder in [&paths.state_dir, &paths.private_dir, &paths.devices_dir] {
        files.ensure_dir(folder, 0o700).map_err(|error| StoreError::io(&error))?;
    }
    for path in [&paths.state_dir, &paths.private_dir, &paths.database, &paths.key] {
        check_owner(path, &options)?;
    }
    let mut report = OpenReport::default();
    let seen_before = traces(&paths);
    let key = load_key(&paths, &options, &mut report)?;
    let opened = open_database(&paths, &options, &key, seen_before, &mut report)?;
    let Opened { db, mut state, bad } = opened;
    report.quarantined = bad;
    // What expired while nobody ran is gone before anybody looks.
    let _ = expire(&mut state, (options.clock)());
    report.devices = state.device_count();
    report.claimable = state.latch().is_open();
    let store = start(paths, options, key, db, state, &report)?;
    if !report.quarantined.is_empty() {
        store.inner.shared.note_set_aside(report.quarantined.clone());
    }
    Ok((store, report))
}

/// Whether anything here tells of an earlier life: then this is not a state that this gateway created (ruling 30).
fn traces(paths: &StatePaths) -> bool {
    let old = [
        paths.key.clone(),
        paths.original.clone(),
        paths.paired.clone(),
        backup::newest(paths),
        backup::previous(paths),
    ];
    let damaged = || {
        fs::read_dir(&paths.private_dir)
            .into_iter()
            .flatten()
            .flatten()
            .any(|entry| entry.file_name().to_string_lossy().starts_with("gateway.sqlite.damaged-"))
    };
    old.iter().any(|path| fs::symlink_metadata(path).is_ok()) || damaged()
}

fn check_owner(path: &Path, options: &StoreOptions) -> Result<(), StoreError> {
    match fs::symlink_metadata(path) {
        Ok(meta) if options.owners.trusts(meta.uid()) => Ok(()),
        Ok(meta) => Err(StoreError::ForeignOwner { path: path.to_path_buf(), uid: meta.uid() }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => {
            Err(StoreError::io(&io::Error::new(error.kind(), format!("{}: {error}", path.display()))))
        }
    }
}

fn load_key(
    paths: &StatePaths,
    options: &StoreOptions,
    report: &mut OpenReport,
) -> Result<TokenKey, StoreError> {
    let files = &options.files;
    match TokenKey::load(files, &paths.key) {
        Ok(Some(key)) => return Ok(key),
        Ok(None) => {}
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            let aside = paths.private_dir.join(format!("gateway.key.damaged-{}", (options.clock)()));
            files.rename(&paths.key, &aside).map_err(|error| StoreError::io(&error))?;
            report.key_replaced = true;
        }
        Err(error) => return Err(StoreError::io(&error)),
    }
    let key = TokenKey::random().map_err(|error| StoreError::io(&error))?;
    key.save(files, &paths.key).map_err(|error| StoreError::io(&error))?;
    Ok(key)
}

struct Opened {
    db: Connection,
    state: Snapshot,
    bad: Vec<SetAside>,
}

enum Failed {
    Damage(String),
    Other(StoreError),
}

fn open_database(
    paths: &StatePaths,
    options: &StoreOptions,
    key: &TokenKey,
    seen_before: bool,
    report: &mut OpenReport,
) -> Result<Opened, StoreError> {
    let exists = fs::symlink_metadata(&paths.database);
    // A lost database is a damaged one: the backup knows of revocations, which the readable view does not.
    let lost =
        exists.is_err() && [backup::newest(paths), backup::previous(paths)].iter().any(|path| path.exists());
    // A file of no length is what a bad power cut leaves of a database; SQLite would take it for a new one.
    let emptied = exists.as_ref().is_ok_and(|meta| meta.len() == 0) && backup::newest(paths).exists();
    let first = match exists {
        Ok(_) if emptied => Err(Failed::Damage("the file is empty".to_owned())),
        Ok(_) => try_open(paths, options, key, seen_before, report),
        Err(_) if lost => Err(Failed::Damage("the file is missing".to_owned())),
        Err(_) => create(paths, options, key, seen_before, report),
    };
    let why = match first {
        Ok(opened) => return Ok(opened),
        Err(Failed::Other(error)) => return Err(error),
        Err(Failed::Damage(why)) => why,
    };
    let files = &options.files;
    let stamp = (options.clock)().0;
    let damaged = backup::set_aside(paths, files, stamp).map_err(|error| StoreError::io(&error))?;
    tracing::error!("the pairing database is damaged ({why})");
    let mut recovered = Recovered { damaged, backup: None, why };
    for (nth, candidate) in [backup::newest(paths), backup::previous(paths)].into_iter().enumerate() {
        if !candidate.exists() {
            continue;
        }
        backup::restore(&candidate, paths, files).map_err(|error| StoreError::io(&error))?;
        match try_open(paths, options, key, true, report) {
            Ok(mut opened) => {
                // Whatever the backup says: there may have been an operator since.
                opened.state.latch = Default::default();
                rows::put_latch(&opened.db, &opened.state).map_err(|error| database_error(paths, &error))?;
                recovered.backup = Some(candidate);
                report.recovered = Some(recovered);
                return Ok(opened);
            }
            Err(Failed::Other(error)) => return Err(error),
            Err(Failed::Damage(why)) => {
                tracing::error!("the backup {} is damaged too ({why})", candidate.display());
                let later = stamp.saturating_add(nth as u64 + 1);
                backup::set_aside(paths, files, later).map_err(|error| StoreError::io(&error))?;
            }
        }
    }
    report.recovered = Some(recovered);
    match create(paths, options, key, true, report) {
        Ok(opened) => Ok(opened),
        Err(Failed::Other(error)) => Err(error),
        Err(Failed::Damage(why)) => Err(StoreError::Database { path: paths.database.clone(), why }),
    }
}

fn create(
    paths: &StatePaths,
    options: &StoreOptions,
    key: &TokenKey,
    seen_before: bool,
    report: &mut OpenReport,
) -> Result<Opened, Failed> {
    // SQLite takes it from here, so the file layer must not believe that it knows what is in it.
    let made = Files::real().create_new(&paths.database, b"", 0o600);
    made.map_err(|error| Failed::Other(StoreError::io(&error)))?;
    try_open(paths, options, key, seen_before, report)
}

fn try_open(
    paths: &StatePaths,
    options: &StoreOptions,
    key: &TokenKey,
    seen_before: bool,
    report: &mut OpenReport,
) -> Result<Opened, Failed> {
    let fail = |error: rusqlite::Error| failed(paths, &error);
    let db = schema::connect(&paths.database).map_err(fail)?;
    let version = schema::version(&db).map_err(fail)?;
    if version > schema::VERSION {
        let (path, known) = (paths.database.clone(), schema::VERSION);
        return Err(Failed::Other(StoreError::Newer { path, found: version, known }));
    }
    if version == 0 {
        return fill(paths, options, db, key, seen_before, report);
    }
    if version < schema::VERSION {
        let upgrade = || -> rusqlite::Result<()> {
            db.execute_batch("BEGIN IMMEDIATE")?;
            schema::upgrade(&db, version)?;
            db.execute_batch("COMMIT")
        };
        upgrade().map_err(fail)?;
    }
    let (state, bad) = rows::load(&db).map_err(fail)?;
    report.import_note = rows::meta_get(&db, IMPORT_NOTE).map_err(fail)?;
    let known = rows::meta_get(&db, KEY).map_err(fail)?;
    let print = key.fingerprint();
    if known.as_deref() != Some(print.as_str()) {
        report.key_replaced |= state.device_count() > 0;
        rows::meta_put(&db, KEY, Some(&print)).map_err(fail)?;
    }
    Ok(Opened { db, state, bad })
}

/// A new database: the tables, and what an original gateway left here, in one transaction.
fn fill(
    paths: &StatePaths,
    options: &StoreOptions,
    db: Connection,
    key: &TokenKey,
    seen_before: bool,
    report: &mut OpenReport,
) -> Result<Opened, Failed> {
    let imported = import::adopt(paths, options).map_err(|error| Failed::Other(StoreError::io(&error)))?;
    let mut state = if seen_before { Snapshot::default() } else { Snapshot::fresh() };
    if let Some((devices, told)) = imported {
        for device in devices {
            state.latch.claimed |= device.operator.is_some();
            state.devices.insert(device.id.clone(), Arc::new(device));
        }
        report.import_note = Some(told.sentences().join(" "));
        report.imported = Some(told);
    }
    let write = || -> rusqlite::Result<()> {
        db.execute_batch("BEGIN IMMEDIATE")?;
        schema::upgrade(&db, 0)?;
        for id in state.devices.keys() {
            rows::put_device(&db, &state, id)?;
        }
        rows::put_latch(&db, &state)?;
        rows::meta_put(&db, KEY, Some(&key.fingerprint()))?;
        rows::meta_put(&db, IMPORT_NOTE, report.import_note.as_deref())?;
        db.execute_batch("COMMIT")
    };
    write().map_err(|error| failed(paths, &error))?;
    report.fresh = true;
    Ok(Opened { db, state, bad: Vec::new() })
}

fn failed(paths: &StatePaths, error: &rusqlite::Error) -> Failed {
    if schema::is_damage(error) {
        Failed::Damage(error.to_string())
    } else {
        Failed::Other(database_error(paths, error))
    }
}

fn database_error(paths: &StatePaths, error: &rusqlite::Error) -> StoreError {
    use rusqlite::ErrorCode::{DatabaseBusy, DatabaseLocked};
    let path = paths.database.clone();
    match error.sqlite_error_code() {
        Some(DatabaseBusy | DatabaseLocked) => StoreError::Busy { path },
        _ => StoreError::Database {
            path,
            why: super::from_sqlite(error, "the pairing store cannot be opened", &paths.private_dir).why,
        },
    }
}

fn start(
    paths: StatePaths,
    options: StoreOptions,
    key: TokenKey,
    db: Connection,
    state: Snapshot,
    report: &OpenReport,
) -> Result<Store, StoreError> {
    let read = |name: &str| rows::meta_get(&db, name).map_err(|error| database_error(&paths, &error));
    let serial = read(SERIAL)?.and_then(|text| text.parse().ok()).unwrap_or(0);
    let start = ViewStart {
        bookmark: read(VIEW_BOOKMARK)?,
        serial,
        // What was just imported, or recovered from, is not an edit of anything.
        overwrite: report.fresh || report.recovered.is_some(),
    };
    let (changes, _) = broadcast::channel(CHANGES_KEPT);
    let shared = Arc::new(Shared {
        snapshot: ArcSwap::from_pointee(state.clone()),
        changes,
        queued: AtomicUsize::new(0),
        set_aside: Mutex::new(Vec::new()),
        trouble: Mutex::new(Trouble::default()),
        paths,
        options,
    });
    let (commands, queue) = mpsc::channel();
    let (view, view_thread) = view::channel(Arc::clone(&shared), commands.clone(), start);
    let backups = backup::Schedule::after_start();
    let writer = Writer::new(db, state, Arc::clone(&shared), view.clone(), serial, backups);
    let spawn = |name: &str, body: Box<dyn FnOnce() + Send>| {
        thread::Builder::new().name(name.to_owned()).stack_size(STACK).spawn(body).map_err(|error| {
            StoreError::Io { why: format!("a thread could not be started: {error}"), kind: error.kind() }
        })
    };
    let writing = spawn("pairing-store", Box::new(move || writer.run(&queue)))?;
    let viewing = spawn("pairing-view", Box::new(move || view_thread.run()))?;
    let threads = Mutex::new(vec![viewing, writing]);
    Ok(Store { inner: Arc::new(Inner { shared, commands, key, view, threads }) })
}

impl OpenReport {
    /// What the owner should be told, as sentences; empty after a usual start.
    pub fn sentences(&self) -> Vec<String> {
        let mut out = Vec::new();
        if let Some(recovered) = &self.recovered {
            let source = match &recovered.backup {
                Some(backup) => format!("the backup {} is in use", backup.display()),
                None => "no backup could be read, and only the readable view was left".to_owned(),
            };
            let kept = match recovered.damaged.exists() {
                true => format!("It is kept as {}; ", recovered.damaged.display()),
                false => String::new(),
            };
            out.push(format!(
                "The pairing database was damaged ({}). {kept}{source}. Check `openclaw devices list`: approvals and \
                 revocations of the last minute may be missing.",
                recovered.why
            ));
        }
        if let Some(imported) = &self.imported {
            out.extend(imported.sentences());
        }
        if self.key_replaced {
            out.push(
                "The key of the device tokens was lost or damaged and has been made anew: every paired device needs \
                 the gateway token once, then it gets a new device token."
                    .to_owned(),
            );
        }
        for bad in &self.quarantined {
            out.push(format!("{}: {}", name_of(&bad.record), bad.why));
        }
        out
    }
}

fn name_of(words: &Words) -> &str {
    if words.as_str().is_empty() { "a record" } else { words.as_str() }
}
