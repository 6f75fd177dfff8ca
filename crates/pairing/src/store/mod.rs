//! The durable store: one SQLite database, one writer thread, snapshots for everybody else.
//!
//! A change goes through [`Store::apply`]: the writer takes what is queued, runs the transitions, commits once, then
//! publishes the new snapshot and answers. So nothing is acknowledged that a power cut could take back, and a storm of
//! requests costs a few commits. When a commit fails, the state in memory goes back to what is on disk.

mod error;
mod open;
mod rows;
mod schema;
#[cfg(test)]
mod tests;
mod writer;

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::{SystemTime, UNIX_EPOCH};

use arc_swap::ArcSwap;
use openclaw_os::file::{Files, Owners};
use openclaw_protocol::time::Millis;
use tokio::sync::{broadcast, oneshot};

pub(crate) use error::from_sqlite;
pub use error::{ApplyError, StoreError, Unavailable};
pub use open::{OpenReport, Recovered};
pub(crate) use schema::quick_check;

use crate::export::ExportReport;
use crate::model::{Applied, Change, Mutation, SetAside, Snapshot};
use crate::paths::StatePaths;
use crate::token::TokenKey;
use crate::view::{EditReport, ViewHandle};

/// Changes waiting for the writer. A full handshake storm fits in; beyond it callers are told to come back.
const MAX_QUEUED: usize = 16_384;
/// Changes kept for a slow listener before it is told that it missed some.
const CHANGES_KEPT: usize = 1_024;
/// What was put aside lately, for `status`.
const SET_ASIDE_KEPT: usize = 32;

/// The current time, as the store asks for it. Tests hold it still.
pub type Clock = Arc<dyn Fn() -> Millis + Send + Sync>;

/// What the store needs beside its paths.
#[derive(Clone)]
pub struct StoreOptions {
    /// Whose files are believed (ruling 26).
    pub owners: Owners,
    /// The file layer for everything but the database itself.
    pub files: Files,
    /// The clock.
    pub clock: Clock,
    /// How long changes are gathered before the readable view is rewritten, in ms. At most a second (ruling 24).
    pub view_delay_ms: u64,
    /// How long lazy changes (last seen, refreshes) may wait for a commit, in ms.
    pub lazy_ms: u64,
}

impl StoreOptions {
    /// The usual options for a state directory.
    pub fn for_state_dir(state_dir: &Path) -> Self {
        Self {
            owners: Owners::of_state(state_dir),
            files: Files::real(),
            clock: Arc::new(system_now),
            view_delay_ms: 500,
            lazy_ms: 3_000,
        }
    }
}

fn system_now() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// What readers and the writer share.
pub(crate) struct Shared {
    pub(crate) paths: StatePaths,
    pub(crate) options: StoreOptions,
    pub(crate) snapshot: ArcSwap<Snapshot>,
    pub(crate) changes: broadcast::Sender<Change>,
    pub(crate) queued: AtomicUsize,
    pub(crate) set_aside: Mutex<Vec<SetAside>>,
    /// The last trouble of a background task (view, backup, lazy write), until it goes well again.
    pub(crate) trouble: Mutex<Trouble>,
}

/// What goes wrong in the background at the moment; sentences for `status` and `doctor`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trouble {
    /// The readable view could not be written.
    pub view: Option<String>,
    /// The backup could not be made.
    pub backup: Option<String>,
    /// Lazy changes could not be written.
    pub writer: Option<String>,
}

impl Shared {
    pub(crate) fn now(&self) -> Millis {
        (self.options.clock)()
    }

    pub(crate) fn note_set_aside(&self, items: Vec<SetAside>) {
        if items.is_empty() {
            return;
        }
        for item in &items {
            tracing::warn!(record = %item.record, "not taken from a devices file: {}", item.why);
        }
        let mut kept = self.set_aside.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend(items.iter().cloned());
        let excess = kept.len().saturating_sub(SET_ASIDE_KEPT);
        kept.drain(..excess);
        drop(kept);
        // Nobody listening is fine.
        let _ = self.changes.send(Change::SetAside(Arc::new(items)));
    }

    pub(crate) fn with_trouble(&self, change: impl FnOnce(&mut Trouble)) {
        change(&mut self.trouble.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

pub(crate) type Reply<T> = oneshot::Sender<T>;

/// What the writer thread is asked to do.
pub(crate) enum Command {
    Apply {
        mutation: Box<Mutation>,
        reply: Reply<Result<Applied, ApplyError>>,
    },
    MetaGet {
        key: String,
        reply: Reply<Result<Option<String>, Unavailable>>,
    },
    MetaPut {
        key: String,
        value: Option<String>,
        reply: Reply<Result<(), Unavailable>>,
    },
    /// The view thread's bookmark; written with the next commit.
    ViewWritten {
        bookmark: String,
    },
    Backup {
        reply: Reply<Result<(), Unavailable>>,
    },
    Flush {
        reply: Reply<Result<(), Unavailable>>,
    },
    Close {
        reply: Reply<Result<(), Unavailable>>,
    },
}

/// A handle on the store; clones share it. Dropping the last one closes it.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    shared: Arc<Shared>,
    commands: mpsc::Sender<Command>,
    key: TokenKey,
    view: ViewHandle,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Store {
    /// Opens the store of a state directory; on the very first start it is made, and what an original gateway left
    /// there is imported. Blocks for a few milliseconds; backup, view and hand edits follow in the background.
    pub fn open(paths: StatePaths, options: StoreOptions) -> Result<(Self, OpenReport), StoreError> {
        open::open(paths, options)
    }

    /// The state as of the last commit. Never waits.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.inner.shared.snapshot.load_full()
    }

    /// The key of the device tokens.
    pub fn token_key(&self) -> &TokenKey {
        &self.inner.key
    }

    /// Where the files are.
    pub fn paths(&self) -> &StatePaths {
        &self.inner.shared.paths
    }

    /// The store's clock.
    pub fn now(&self) -> Millis {
        self.inner.shared.now()
    }

    /// Applies a change durably: after `Ok` a power cut cannot take it back. [`Mutation::Seen`] and refreshes do not
    /// wait for the disk. What happened is also sent to [`Store::subscribe`], before this returns.
    pub async fn apply(&self, mutation: Mutation) -> Result<Applied, ApplyError> {
        let (reply, answer) = oneshot::channel();
        self.send(Command::Apply { mutation: Box::new(mutation), reply })?;
        answer.await.unwrap_or_else(|_| Err(Unavailable::closed().into()))
    }

    /// As [`Store::apply`], for threads that may block (the command line with the gateway stopped). Must not be called
    /// from async code.
    pub fn apply_blocking(&self, mutation: Mutation) -> Result<Applied, ApplyError> {
        let (reply, answer) = oneshot::channel();
        self.send(Command::Apply { mutation: Box::new(mutation), reply })?;
        answer.blocking_recv().unwrap_or_else(|_| Err(Unavailable::closed().into()))
    }

    /// Hands a change over without waiting for its outcome; meant for [`Mutation::Seen`].
    pub fn apply_detached(&self, mutation: Mutation) {
        let (reply, _) = oneshot::channel();
        // A full queue or a closed store loses a "last seen", which is what lazy means.
        let _ = self.send(Command::Apply { mutation: Box::new(mutation), reply });
    }

    /// All committed changes from now on, in commit order. A receiver that lags misses some and must compare with the
    /// snapshot.
    pub fn subscribe(&self) -> broadcast::Receiver<Change> {
        self.inner.shared.changes.subscribe()
    }

    /// A value from the side table (`room.name` keys, by custom).
    pub async fn meta_get(&self, key: &str) -> Result<Option<String>, ApplyError> {
        let (reply, answer) = oneshot::channel();
        self.send(Command::MetaGet { key: key.to_owned(), reply })?;
        Ok(answer.await.unwrap_or_else(|_| Err(Unavailable::closed()))?)
    }

    /// Stores a value in the side table durably; `None` removes it.
    pub async fn meta_put(&self, key: &str, value: Option<String>) -> Result<(), ApplyError> {
        let (reply, answer) = oneshot::channel();
        self.send(Command::MetaPut { key: key.to_owned(), value, reply })?;
        Ok(answer.await.unwrap_or_else(|_| Err(Unavailable::closed()))?)
    }

    /// Looks whether the owner edited the view, and takes what counts (ruling 25). Cheap when nothing changed: to be
    /// called when the folder changes and before a scope upgrade is refused.
    pub async fn check_hand_edits(&self) -> EditReport {
        self.inner.view.check().await
    }

    /// As [`Store::check_hand_edits`], for threads that may block.
    pub fn check_hand_edits_blocking(&self) -> EditReport {
        self.inner.view.check_blocking()
    }

    /// What was put aside from edited files since the start, newest last.
    pub fn set_aside(&self) -> Vec<SetAside> {
        self.inner.shared.set_aside.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What goes wrong in the background at the moment.
    pub fn trouble(&self) -> Trouble {
        self.inner.shared.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Writes everything lazy, and the view, now. Blocks.
    pub fn flush_blocking(&self) -> Result<(), ApplyError> {
        self.ask(|reply| Command::Flush { reply })?;
        self.inner.view.flush_blocking();
        Ok(())
    }

    /// Makes a backup now. Blocks.
    pub fn backup_blocking(&self) -> Result<(), ApplyError> {
        self.ask(|reply| Command::Backup { reply })
    }

    /// Writes `paired.json` and `pending.json` as the early-2026 gateway wrote them, tokens included, into `folder`.
    /// Into the store's own `devices/` only right before the store is closed: from then on the view is not rewritten.
    pub fn export_blocking(&self, folder: &Path) -> Result<ExportReport, ApplyError> {
        if folder == self.inner.shared.paths.devices_dir {
            self.inner.view.suspend_blocking();
        }
        let files = &self.inner.shared.options.files;
        crate::export::write(&self.snapshot(), &self.inner.key, files, folder, self.now())
            .map_err(|error| Unavailable::from_io(&error).into())
    }

    /// Writes what is still lazy, rewrites the view and closes the database. Later calls answer `Unavailable`. Blocks,
    /// but never for long; must not be called from async code (use `spawn_blocking`).
    pub fn close(&self) -> Result<(), ApplyError> {
        self.inner.close()
    }

    fn ask(&self, command: impl FnOnce(Reply<Result<(), Unavailable>>) -> Command) -> Result<(), ApplyError> {
        let (reply, answer) = oneshot::channel();
        self.send(command(reply))?;
        Ok(answer.blocking_recv().unwrap_or_else(|_| Err(Unavailable::closed()))?)
    }

    fn send(&self, command: Command) -> Result<(), ApplyError> {
        self.inner.send(command)
    }
}

impl Inner {
    fn send(&self, command: Command) -> Result<(), ApplyError> {
        if self.shared.queued.fetch_add(1, Ordering::Relaxed) >= MAX_QUEUED {
            self.shared.queued.fetch_sub(1, Ordering::Relaxed);
            return Err(Unavailable::busy().into());
        }
        self.commands.send(command).map_err(|_| {
            self.shared.queued.fetch_sub(1, Ordering::Relaxed);
            Unavailable::closed().into()
        })
    }

    fn close(&self) -> Result<(), ApplyError> {
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        if threads.is_empty() {
            return Ok(());
        }
        // The view first: it takes a last hand edit through the writer and leaves its bookmark there.
        self.view.stop();
        let (reply, answer) = oneshot::channel();
        let result = match self.commands.send(Command::Close { reply }) {
            Ok(()) => wait(answer),
            Err(_) => Err(Unavailable::closed()),
        };
        for thread in threads {
            // A panic in there has been printed already, and there is nothing left to save.
            let _ = thread.join();
        }
        Ok(result?)
    }
}

/// Waits for an answer wherever we are: `close` also runs from `Drop`, which may happen on a runtime's thread, where
/// tokio's own blocking wait would panic.
fn wait<T>(mut answer: oneshot::Receiver<Result<T, Unavailable>>) -> Result<T, Unavailable> {
    loop {
        match answer.try_recv() {
            Ok(result) => return result,
            Err(oneshot::error::TryRecvError::Closed) => return Err(Unavailable::closed()),
            Err(oneshot::error::TryRecvError::Empty) => {
                std::thread::park_timeout(std::time::Duration::from_millis(1))
            }
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Err(error) = self.close() {
            tracing::warn!("closing the pairing store: {error}");
        }
    }
}
