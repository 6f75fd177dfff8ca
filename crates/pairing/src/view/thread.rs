//! The thread that owns the view files.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant, SystemTime};

use openclaw_os::file::{Distrust, open_trusted};
use openclaw_protocol::words::Words;
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;

use super::edits::{self, Found};
use super::{EditReport, ViewCommand, ViewStart, format, pieces};
use crate::model::{Change, Mutation, SetAside};
use crate::store::{ApplyError, Command, Shared};

/// The largest file that is looked at: 10,000 devices take about 10 MiB.
const MAX_BYTES: u64 = 64 << 20;
/// A file that is no JSON may still be in somebody's editor, until it is this old.
const STILL_WRITING: Duration = Duration::from_secs(2);
/// Set-aside copies kept beside the view.
const COPIES_KEPT: usize = 10;

/// By which we know our own file again without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Stamp {
    modified_ns: i64,
    size: u64,
    inode: u64,
    uid: u32,
    mode: u32,
}

/// Which state of the database the file shows.
#[derive(Serialize, Deserialize)]
struct Bookmark {
    serial: u64,
    stamp: Stamp,
}

pub(crate) struct ViewThread {
    shared: Arc<Shared>,
    writer: mpsc::Sender<Command>,
    commands: mpsc::Receiver<ViewCommand>,
    /// The file as we left it; `None` when we do not know it yet.
    stamp: Option<Stamp>,
    paired_hash: Option<[u8; 32]>,
    pending_hash: Option<[u8; 32]>,
    serial: u64,
    due: Option<Instant>,
    overwrite: bool,
    suspended: bool,
}

impl ViewThread {
    pub(super) fn new(
        shared: Arc<Shared>,
        writer: mpsc::Sender<Command>,
        commands: mpsc::Receiver<ViewCommand>,
        start: ViewStart,
    ) -> Self {
        let bookmark: Option<Bookmark> = start.bookmark.and_then(|text| serde_json::from_str(&text).ok());
        let current = stamp_of(&shared.paths.paired);
        let up_to_date = !start.overwrite
            && shared.paths.pending.exists()
            && bookmark.is_some_and(|mark| mark.serial == start.serial && Some(mark.stamp) == current);
        Self {
            stamp: current.filter(|_| up_to_date),
            due: (!up_to_date).then(Instant::now),
            shared,
            writer,
            commands,
            paired_hash: None,
            pending_hash: None,
            serial: start.serial,
            overwrite: start.overwrite,
            suspended: false,
        }
    }

    /// Works until it is told to stop.
    pub(crate) fn run(mut self) {
        loop {
            let patience = self
                .due
                .map_or(Duration::from_secs(3600), |due| due.saturating_duration_since(Instant::now()));
            match self.commands.recv_timeout(patience) {
                Ok(ViewCommand::Changed { serial }) => {
                    self.serial = self.serial.max(serial);
                    let delay = Duration::from_millis(self.shared.options.view_delay_ms);
                    self.due.get_or_insert(Instant::now() + delay);
                }
                Ok(ViewCommand::Check { reply }) => {
                    let report = self.check();
                    let _ = reply.send(report);
                }
                Ok(ViewCommand::Flush { reply }) => {
                    self.rewrite();
                    let _ = reply.send(());
                }
                Ok(ViewCommand::Suspend { reply }) => {
                    self.suspended = true;
                    let _ = reply.send(());
                }
                Ok(ViewCommand::Stop { reply }) => {
                    if self.due.is_some() {
                        self.rewrite();
                    }
                    let _ = reply.send(());
                    return;
                }
                Err(mpsc::RecvTimeoutError::Timeout) => self.rewrite(),
                Err(mpsc::RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// Writes both files if they would differ, after looking whether somebody else wrote.
    fn rewrite(&mut self) {
        self.due = None;
        if self.suspended {
            return;
        }
        if self.check().postponed {
            return;
        }
        let result = self.write_files();
        if let Err(error) = &result {
            tracing::warn!("the readable view of the devices could not be written: {error}");
            self.due = Some(Instant::now() + Duration::from_secs(30));
        }
        self.shared.with_trouble(|trouble| trouble.view = result.err().map(|error| error.to_string()));
    }

    fn write_files(&mut self) -> io::Result<()> {
        let serial = self.serial;
        let snapshot = self.shared.snapshot.load_full();
        let paths = &self.shared.paths;
        let files = &self.shared.options.files;
        files.ensure_dir(&paths.devices_dir, 0o700)?;
        let hash = pieces::hash(|out| format::paired(&snapshot, None, out))?;
        if self.paired_hash != Some(hash) || self.stamp.is_none() {
            // Looked at before it has its name: an edit that is made right then is not taken for our own writing.
            let fill = |out: &mut dyn io::Write| format::paired(&snapshot, None, out);
            self.stamp = pieces::replace_known(files, &paths.paired, fill, stamp_of)?;
            self.paired_hash = Some(hash);
        }
        let hash = pieces::hash(|out| format::pending(&snapshot, out))?;
        if self.pending_hash != Some(hash) || !paths.pending.exists() {
            pieces::replace(files, &paths.pending, |out| format::pending(&snapshot, out))?;
            self.pending_hash = Some(hash);
        }
        self.overwrite = false;
        if let Some(stamp) = self.stamp
            && let Ok(bookmark) = serde_json::to_string(&Bookmark { serial, stamp })
        {
            self.send(Command::ViewWritten { bookmark });
        }
        Ok(())
    }

    /// Looks for hand edits and takes what counts. Nothing to do when the file is as we left it.
    fn check(&mut self) -> EditReport {
        let path = self.shared.paths.paired.clone();
        let current = stamp_of(&path);
        if self.overwrite || self.suspended || current.is_none() || current == self.stamp {
            return EditReport::default();
        }
        let (bytes, distrust) = match self.read() {
            Ok(read) => read,
            Err(why) => {
                let mut report = EditReport::default();
                report.set_aside.push(SetAside { record: Words::new("paired.json"), why, kept_in: None });
                self.conclude(&mut report, None);
                return report;
            }
        };
        let found = edits::compare(&self.shared.snapshot.load(), &bytes);
        let mut found = match found {
            Ok(found) => found,
            Err(_) if is_young(&path) => {
                self.due = Some(Instant::now() + Duration::from_millis(500));
                return EditReport { postponed: true, ..EditReport::default() };
            }
            Err(why) => {
                let mut found = Found::default();
                found.refuse(
                    "paired.json",
                    format!("the file is no JSON object ({why}); nothing was taken from it"),
                );
                found
            }
        };
        let mut report = EditReport::default();
        for edit in std::mem::take(&mut found.edits) {
            match &distrust {
                // Others could have written this: show it, do not take it.
                Some(distrust) => {
                    found.refuse(edit.device.as_str(), format!("asks for {}: {distrust}", edit.scopes));
                }
                None => self.take(edit, &mut report, &mut found),
            }
        }
        if let (Some(distrust), true) = (&distrust, found.set_aside.is_empty()) {
            tracing::warn!("{distrust}; the view is written anew, it held nothing else than ours");
        }
        report.set_aside = found.set_aside;
        self.conclude(&mut report, Some(&bytes));
        report
    }

    fn take(&self, edit: edits::Edit, report: &mut EditReport, found: &mut Found) {
        let device = edit.device.clone();
        let mutation =
            Mutation::HandEdit { device: edit.device, scopes: edit.scopes, revision: edit.revision };
        let (reply, answer) = oneshot::channel();
        self.send(Command::Apply { mutation: Box::new(mutation), reply });
        match answer.blocking_recv() {
            Ok(Ok(applied)) => {
                for change in applied.changes {
                    if let Change::Widened { device_id, added } = change {
                        tracing::warn!(device = %device_id, "a hand edit of paired.json added {added}");
                        report.widened.push((device_id, added));
                    }
                }
            }
            Ok(Err(ApplyError::Rejected(why))) => found.refuse(device.as_str(), why.to_string()),
            Ok(Err(ApplyError::Unavailable(why))) => found.refuse(device.as_str(), why.to_string()),
            // Closing: the file stays as it is, and the next start looks at it.
            Err(_) => {}
        }
    }

    /// Keeps a copy of what was not taken, tells, and has the file written anew.
    fn conclude(&mut self, report: &mut EditReport, bytes: Option<&[u8]>) {
        if let (false, Some(bytes)) = (report.set_aside.is_empty(), bytes) {
            match self.keep_copy(bytes) {
                Ok(copy) => report.set_aside.iter_mut().for_each(|item| item.kept_in = Some(copy.clone())),
                Err(error) => tracing::warn!("no copy of the edited paired.json could be kept: {error}"),
            }
        }
        self.shared.note_set_aside(report.set_aside.clone());
        // From here on what lies there is known, and not what we would write.
        self.stamp = None;
        self.paired_hash = None;
        self.overwrite = true;
        self.due.get_or_insert(Instant::now());
    }

    /// The file's bytes, and whether somebody else could have written them. Never through a link.
    fn read(&self) -> Result<(Vec<u8>, Option<Distrust>), String> {
        let paths = &self.shared.paths;
        let relative =
            paths.paired.strip_prefix(&paths.state_dir).unwrap_or(Path::new("devices/paired.json"));
        match open_trusted(&paths.state_dir, relative, &self.shared.options.owners) {
            Ok(file) => {
                let mut bytes = Vec::new();
                io::Read::read_to_end(&mut io::Read::take(file, MAX_BYTES), &mut bytes)
                    .map(|_| (bytes, None))
                    .map_err(|error| format!("{} could not be read: {error}", paths.paired.display()))
            }
            Err(distrust @ (Distrust::Owner { .. } | Distrust::Writable { .. })) => {
                let bytes = self
                    .shared
                    .options
                    .files
                    .read(&paths.paired, MAX_BYTES)
                    .map_err(|error| error.to_string())?;
                Ok((bytes, Some(distrust)))
            }
            Err(distrust) => Err(format!("{distrust}; nothing was taken from it")),
        }
    }

    fn keep_copy(&self, bytes: &[u8]) -> io::Result<PathBuf> {
        let folder = &self.shared.paths.devices_dir;
        let name = |stamp: u64| folder.join(format!("paired.json.set-aside-{stamp}"));
        let mut stamp = self.shared.now().0;
        let files = &self.shared.options.files;
        let copy = loop {
            match files.create_new(&name(stamp), bytes, 0o600) {
                Ok(()) => break name(stamp),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => stamp += 1,
                Err(error) => return Err(error),
            }
        };
        let mut copies: Vec<_> = fs::read_dir(folder)?
            .flatten()
            .filter(|entry| entry.file_name().to_string_lossy().starts_with("paired.json.set-aside-"))
            .map(|entry| entry.path())
            .collect();
        copies.sort();
        for old in copies.iter().rev().skip(COPIES_KEPT) {
            files.remove(old)?;
        }
        Ok(copy)
    }

    fn send(&self, command: Command) {
        self.shared.queued.fetch_add(1, Ordering::Relaxed);
        if self.writer.send(command).is_err() {
            self.shared.queued.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

fn stamp_of(path: &Path) -> Option<Stamp> {
    let meta = fs::symlink_metadata(path).ok()?;
    Some(Stamp {
        modified_ns: meta.mtime().saturating_mul(1_000_000_000).saturating_add(meta.mtime_nsec()),
        size: meta.size(),
        inode: meta.ino(),
        uid: meta.uid(),
        mode: meta.mode(),
    })
}

fn is_young(path: &Path) -> bool {
    let modified = fs::symlink_metadata(path).and_then(|meta| meta.modified());
    modified.is_ok_and(|at| SystemTime::now().duration_since(at).is_ok_and(|age| age < STILL_WRITING))
}
