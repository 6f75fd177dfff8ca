//! The writer thread: group commit, lazy writes, expiry, backups.

use std::collections::HashSet;
use std::hash::Hash;
use std::sync::atomic::Ordering;
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use openclaw_protocol::ids::{DeviceId, RequestId};
use rusqlite::Connection;

use super::{ApplyError, Command, Reply, Shared, Unavailable, from_sqlite, rows};
use crate::backup::Schedule;
use crate::model::{Applied, CodeHash, Mutation, Snapshot, Touched};
use crate::transition::{expire, transition};
use crate::view::ViewHandle;

/// Changes in one commit. More would make the first of them wait for the last.
const MAX_BATCH: usize = 1_024;
/// How long lazy rows wait after a commit that failed.
const AFTER_FAILURE: Duration = Duration::from_secs(30);
/// Which durable commit the tables are at; the view's bookmark names it.
pub(super) const SERIAL: &str = "pairing.serial";
/// The view's bookmark.
pub(super) const VIEW_BOOKMARK: &str = "pairing.view";

pub(super) struct Writer {
    pub(super) db: Connection,
    pub(super) state: Snapshot,
    pub(super) shared: Arc<Shared>,
    pub(super) view: ViewHandle,
    pub(super) serial: u64,
    pub(super) backups: Schedule,
    lazy: Dirty,
    lazy_due: Option<Instant>,
    bookmark: Option<String>,
}

/// Rows to write.
#[derive(Default)]
struct Dirty {
    devices: HashSet<DeviceId>,
    tombstones: HashSet<DeviceId>,
    requests: HashSet<RequestId>,
    former: HashSet<RequestId>,
    codes: HashSet<CodeHash>,
    latch: bool,
}

impl Dirty {
    fn add_durable(&mut self, touched: &Touched) {
        put_all(&mut self.devices, &touched.devices);
        put_all(&mut self.tombstones, &touched.tombstones);
        put_all(&mut self.requests, &touched.requests);
        put_all(&mut self.former, &touched.former);
        put_all(&mut self.codes, &touched.codes);
        self.latch |= touched.latch;
    }

    fn add_lazy(&mut self, touched: &Touched) {
        put_all(&mut self.devices, &touched.lazy_devices);
        put_all(&mut self.requests, &touched.lazy_requests);
        put_all(&mut self.former, &touched.lazy_former);
    }

    fn is_empty(&self) -> bool {
        !self.latch
            && self.devices.is_empty()
            && self.tombstones.is_empty()
            && self.requests.is_empty()
            && self.former.is_empty()
            && self.codes.is_empty()
    }

    fn write(&self, db: &Connection, state: &Snapshot) -> rusqlite::Result<()> {
        self.devices.iter().try_for_each(|id| rows::put_device(db, state, id))?;
        self.tombstones.iter().try_for_each(|id| rows::put_tombstone(db, state, id))?;
        self.requests.iter().try_for_each(|id| rows::put_request(db, state, id))?;
        self.former.iter().try_for_each(|id| rows::put_former(db, state, id))?;
        self.codes.iter().try_for_each(|hash| rows::put_code(db, state, hash))?;
        if self.latch { rows::put_latch(db, state) } else { Ok(()) }
    }
}

fn put_all<T: Clone + Eq + Hash>(set: &mut HashSet<T>, items: &[T]) {
    set.extend(items.iter().cloned());
}

struct Apply {
    mutation: Box<Mutation>,
    reply: Reply<Result<Applied, ApplyError>>,
}

impl Writer {
    pub(super) fn new(
        db: Connection,
        state: Snapshot,
        shared: Arc<Shared>,
        view: ViewHandle,
        serial: u64,
        backups: Schedule,
    ) -> Self {
        Self {
            db,
            state,
            shared,
            view,
            serial,
            backups,
            lazy: Dirty::default(),
            lazy_due: None,
            bookmark: None,
        }
    }

    /// Works until it is told to close or nobody is left to ask.
    pub(super) fn run(mut self, commands: &mpsc::Receiver<Command>) {
        loop {
            let first = match commands.recv_timeout(self.patience()) {
                Ok(command) => Some(command),
                Err(mpsc::RecvTimeoutError::Timeout) => None,
                Err(mpsc::RecvTimeoutError::Disconnected) => break,
            };
            let mut next = first;
            let mut batch = Vec::new();
            let mut closing = None;
            while let Some(command) = next.take() {
                self.shared.queued.fetch_sub(1, Ordering::Relaxed);
                match command {
                    Command::Apply { mutation, reply } => batch.push(Apply { mutation, reply }),
                    // Everything else sees what was asked before it.
                    other => {
                        self.apply(std::mem::take(&mut batch));
                        if let Command::Close { reply } = other {
                            closing = Some(reply);
                            break;
                        }
                        self.serve(other);
                    }
                }
                if batch.len() < MAX_BATCH {
                    next = commands.try_recv().ok();
                }
            }
            self.apply(batch);
            if let Some(reply) = closing {
                self.finish(Some(reply));
                return;
            }
            self.housekeeping();
        }
        self.finish(None);
    }

    /// How long nothing needs to be done unasked.
    fn patience(&self) -> Duration {
        let now = Instant::now();
        let until = |due: Option<Instant>| due.map(|due| due.saturating_duration_since(now));
        let expiry = self
            .state
            .next_expiry
            .map(|at| Duration::from_millis(at.since(self.shared.now()).saturating_add(1)));
        [until(self.lazy_due), until(self.backups.due()), expiry]
            .into_iter()
            .flatten()
            .min()
            .unwrap_or(Duration::from_secs(3600))
    }

    fn apply(&mut self, batch: Vec<Apply>) {
        if batch.is_empty() {
            return;
        }
        let base = self.state.clone();
        let mut done = Vec::with_capacity(batch.len());
        let mut dirty = Dirty::default();
        for item in batch {
            let result = self.step(&item.mutation);
            if let Ok(applied) = &result {
                dirty.add_durable(&applied.touched);
            }
            done.push((item, result));
        }
        if !dirty.is_empty()
            && let Err(trouble) = self.commit(dirty)
        {
            self.state = base;
            self.answer_without_disk(done, &trouble);
            return;
        }
        self.publish(done.iter().filter_map(|(_, result)| result.as_ref().ok()));
        for (item, result) in done {
            // The caller may have gone; the change stays.
            let _ = item.reply.send(result.map_err(ApplyError::Rejected));
        }
    }

    fn step(&mut self, mutation: &Mutation) -> Result<Applied, crate::model::Rejected> {
        let applied =
            transition(&mut self.state, mutation.clone(), self.shared.now(), &mut RequestId::random)?;
        self.note_lazy(&applied);
        Ok(applied)
    }

    fn note_lazy(&mut self, applied: &Applied) {
        self.lazy.add_lazy(&applied.touched);
        if !self.lazy.is_empty() && self.lazy_due.is_none() {
            self.lazy_due = Some(Instant::now() + Duration::from_millis(self.shared.options.lazy_ms));
        }
    }

    /// The commit failed, so nothing of the batch happened. What needs no disk is done again on the old state, and what
    /// the rules refuse is refused for its own reason; the rest learns about the disk.
    fn answer_without_disk(
        &mut self,
        done: Vec<(Apply, Result<Applied, crate::model::Rejected>)>,
        trouble: &Unavailable,
    ) {
        for (item, _) in done {
            let before = self.state.clone();
            let answer = match self.step(&item.mutation) {
                Ok(applied) if applied.touched.is_durable() => {
                    self.state = before;
                    Err(ApplyError::Unavailable(trouble.clone()))
                }
                Ok(applied) => {
                    self.publish(std::iter::once(&applied));
                    Ok(applied)
                }
                Err(rejected) => Err(ApplyError::Rejected(rejected)),
            };
            let _ = item.reply.send(answer);
        }
    }

    /// One transaction: the given rows, and everything lazy with it.
    fn commit(&mut self, mut dirty: Dirty) -> Result<(), Unavailable> {
        let result = self.try_commit(&mut dirty);
        match result {
            Ok(()) => {
                self.lazy = Dirty::default();
                self.lazy_due = None;
                self.bookmark = None;
                self.shared.with_trouble(|trouble| trouble.writer = None);
                Ok(())
            }
            Err(error) => {
                if !self.db.is_autocommit() {
                    // When even that fails, the next BEGIN fails as well and says why.
                    let _ = self.db.execute_batch("ROLLBACK");
                }
                let trouble = self.trouble(&error, "the pairing store cannot write");
                self.shared.with_trouble(|all| {
                    // Said once, not every few seconds for as long as the disk is full.
                    if all.writer.as_ref() != Some(&trouble.why) {
                        tracing::error!("{trouble}");
                        all.writer = Some(trouble.why.clone());
                    }
                });
                Err(trouble)
            }
        }
    }

    fn try_commit(&mut self, dirty: &mut Dirty) -> rusqlite::Result<()> {
        self.db.execute_batch("BEGIN IMMEDIATE")?;
        self.lazy.write(&self.db, &self.state)?;
        dirty.write(&self.db, &self.state)?;
        if let Some(bookmark) = &self.bookmark {
            rows::meta_put(&self.db, VIEW_BOOKMARK, Some(bookmark))?;
        }
        // What a "last seen" changes is not in the view for the moment; everything else makes the view out of date.
        let shown = !dirty.is_empty() || !self.lazy.requests.is_empty();
        let serial = if shown { self.serial + 1 } else { self.serial };
        rows::meta_put(&self.db, SERIAL, Some(&serial.to_string()))?;
        self.db.execute_batch("COMMIT")?;
        self.serial = serial;
        Ok(())
    }

    /// Makes the state visible and tells the news, in this order: whoever hears of a change finds it in the snapshot.
    fn publish<'a>(&mut self, applied: impl Iterator<Item = &'a Applied>) {
        self.shared.snapshot.store(Arc::new(self.state.clone()));
        let mut visible = false;
        for one in applied {
            visible |= one.touched.is_durable() || !one.changes.is_empty();
            if one.touched.is_durable() {
                self.backups.note_change(one.touched.narrowing);
            }
            for change in &one.changes {
                let _ = self.shared.changes.send(change.clone());
            }
        }
        if visible {
            self.view.changed(self.serial);
        }
    }

    fn serve(&mut self, command: Command) {
        match command {
            Command::MetaGet { key, reply } => {
                let value = rows::meta_get(&self.db, &key);
                let _ = reply.send(value.map_err(|error| self.trouble(&error, "the store cannot be read")));
            }
            Command::MetaPut { key, value, reply } => {
                let result = rows::meta_put(&self.db, &key, value.as_deref());
                let _ = reply.send(result.map_err(|error| self.trouble(&error, "the store cannot write")));
            }
            Command::ViewWritten { bookmark } => {
                self.bookmark = Some(bookmark);
                let due = Instant::now() + Duration::from_millis(self.shared.options.lazy_ms);
                self.lazy_due.get_or_insert(due);
            }
            Command::Backup { reply } => {
                let _ = reply.send(self.backup());
            }
            Command::Flush { reply } => {
                let _ = reply.send(self.flush());
            }
            // Handled by the loop.
            Command::Apply { .. } | Command::Close { .. } => {}
        }
    }

    fn flush(&mut self) -> Result<(), Unavailable> {
        if self.lazy.is_empty() && self.bookmark.is_none() {
            self.lazy_due = None;
            return Ok(());
        }
        self.commit(Dirty::default())
    }

    fn housekeeping(&mut self) {
        let now = self.shared.now();
        if let Some(applied) = expire(&mut self.state, now) {
            self.note_lazy(&applied);
            // Expired codes are worth nothing whether their row is there or not.
            put_all(&mut self.lazy.codes, &applied.touched.codes);
            self.publish(std::iter::once(&applied));
        }
        let moment = Instant::now();
        if self.lazy_due.is_some_and(|due| due <= moment) && self.flush().is_err() {
            // Kept, and tried again later; the trouble is on record.
            self.lazy_due = Some(moment + AFTER_FAILURE);
        }
        if self.backups.due().is_some_and(|due| due <= moment) {
            // On record, and tried again by the schedule.
            let _ = self.backup();
        }
    }

    fn trouble(&self, error: &rusqlite::Error, what: &str) -> Unavailable {
        from_sqlite(error, what, &self.shared.paths.private_dir)
    }

    fn backup(&mut self) -> Result<(), Unavailable> {
        let result = self.backups.make(&self.db, &self.shared);
        self.shared.with_trouble(|all| all.backup = result.as_ref().err().map(|error| error.why.clone()));
        if let Err(error) = &result {
            tracing::error!("{error}");
        }
        result
    }

    fn finish(mut self, reply: Option<Reply<Result<(), Unavailable>>>) {
        let flushed = self.flush();
        // Closing folds the log into the database file, so that a copy of that one file is complete.
        let folder = self.shared.paths.private_dir.clone();
        let closed = self
            .db
            .close()
            .map_err(|(_, error)| from_sqlite(&error, "the pairing store did not close", &folder));
        if let Some(reply) = reply {
            let _ = reply.send(flushed.and(closed));
        }
    }
}
