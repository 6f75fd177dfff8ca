//! Noticing that files changed: the configuration, what it includes, the folder of devices.
//!
//! Folders are watched, because editors replace files. Where the system reports nothing (mounted folders of virtual
//! machines, no watches left) a look every two seconds finds the change as well.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};

/// How often to look when nothing is reported.
const POLL: Duration = Duration::from_secs(2);
/// Longest time that a file which never stops changing can put off the call.
const PATIENCE: u32 = 10;

/// Watches files until it is dropped.
#[derive(Debug)]
pub struct Watcher {
    sender: Sender<Message>,
    thread: Option<JoinHandle<()>>,
}

enum Message {
    Touched,
    Watch(Marks),
    Stop,
}

impl Watcher {
    /// Watches these files; those that do not exist yet are noticed when they appear. After a change, and once
    /// everything was quiet for `debounce`, `changed` is called on the watcher's own thread with the files that differ
    /// from what they were when the watcher started (size, time or identity): start it before reading them. A watcher that the system denies falls back to looking.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn start(
        files: Vec<PathBuf>,
        debounce: Duration,
        mut changed: impl FnMut(&[PathBuf]) + Send + 'static,
    ) -> std::io::Result<Self> {
        let (sender, receiver) = mpsc::channel();
        let reporter = sender.clone();
        let mut system = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            // Reading a file is reported too, and is no change.
            if event.is_ok_and(|e| !matches!(e.kind, notify::EventKind::Access(_))) {
                let _ = reporter.send(Message::Touched);
            }
        })
        .map_err(|error| tracing::warn!(%error, "no file watches; looking every two seconds instead"))
        .ok();
        let mut known: Marks = files.iter().map(|f| (f.clone(), mark(f))).collect();
        let mut folders = vec![];
        cover(system.as_mut(), &known, &mut folders);
        let thread = std::thread::Builder::new().name("config-watch".to_owned()).spawn(move || {
            loop {
                match receiver.recv_timeout(POLL) {
                    Ok(Message::Stop) | Err(RecvTimeoutError::Disconnected) => return,
                    Ok(Message::Watch(files)) => {
                        known = relisted(&known, files);
                        cover(system.as_mut(), &known, &mut folders);
                        continue;
                    }
                    Ok(Message::Touched) => {}
                    Err(RecvTimeoutError::Timeout) => {
                        if !known.iter().any(|(file, before)| mark(file) != *before) {
                            continue;
                        }
                    }
                }
                // Wait for quiet, but not for ever.
                let until = Instant::now() + debounce * PATIENCE;
                let mut pending = None;
                while Instant::now() < until {
                    match receiver.recv_timeout(debounce) {
                        Ok(Message::Touched) => {}
                        Ok(Message::Stop) | Err(RecvTimeoutError::Disconnected) => return,
                        Ok(Message::Watch(files)) => pending = Some(files),
                        Err(RecvTimeoutError::Timeout) => break,
                    }
                }
                let mut differing = vec![];
                for (file, before) in &mut known {
                    let now = mark(file);
                    if now != *before {
                        *before = now;
                        differing.push(file.clone());
                    }
                }
                // A folder that was replaced has lost its watch.
                cover(system.as_mut(), &known, &mut folders);
                if !differing.is_empty() {
                    changed(&differing);
                }
                if let Some(files) = pending {
                    known = relisted(&known, files);
                    cover(system.as_mut(), &known, &mut folders);
                }
            }
        })?;
        Ok(Self { sender, thread: Some(thread) })
    }

    /// Watches these files from now on instead: included files come and go with the configuration. May be called
    /// from the callback.
    pub fn watch(&self, files: Vec<PathBuf>) {
        // Looked at here and now: what changes before the thread gets to it must not be lost.
        let marks = files.into_iter().map(|file| (file.clone(), mark(&file))).collect();
        let _ = self.sender.send(Message::Watch(marks));
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let _ = self.sender.send(Message::Stop);
        if let Some(thread) = self.thread.take() {
            // Dropped from within its own callback, it ends by itself.
            if thread.thread().id() != std::thread::current().id() {
                let _ = thread.join();
            }
        }
    }
}

/// What tells one state of a file from another.
type Mark = Option<(u64, SystemTime, u64)>;
type Marks = BTreeMap<PathBuf, Mark>;

fn mark(path: &Path) -> Mark {
    // Links are followed: the content counts.
    let meta = fs::metadata(path).ok()?;
    Some((meta.len(), meta.modified().unwrap_or(SystemTime::UNIX_EPOCH), identity(&meta)))
}

#[cfg(unix)]
fn identity(meta: &fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(meta)
}

#[cfg(not(unix))]
fn identity(_meta: &fs::Metadata) -> u64 {
    0
}

/// A new list of files: what was known of those that stay is kept, so that no change is lost.
fn relisted(known: &Marks, listed: Marks) -> Marks {
    listed
        .into_iter()
        .map(|(file, now)| {
            let before = known.get(&file).copied().unwrap_or(now);
            (file, before)
        })
        .collect()
}

/// Makes the system watch the folder of every file (and, for links, of what they point to).
fn cover(system: Option<&mut RecommendedWatcher>, files: &Marks, folders: &mut Vec<(PathBuf, u64)>) {
    let Some(system) = system else { return };
    let mut wanted: Vec<(PathBuf, u64)> = vec![];
    for file in files.keys() {
        let target = fs::canonicalize(file).ok();
        for folder in [file.parent(), target.as_deref().and_then(Path::parent)].into_iter().flatten() {
            if let Ok(meta) = fs::metadata(folder) {
                let entry = (folder.to_path_buf(), identity(&meta));
                if !wanted.contains(&entry) {
                    wanted.push(entry);
                }
            }
        }
    }
    for (folder, _) in folders.iter().filter(|f| !wanted.contains(f)) {
        let _ = system.unwatch(folder);
    }
    for (folder, _) in wanted.iter().filter(|f| !folders.contains(f)) {
        if let Err(error) = system.watch(folder, RecursiveMode::NonRecursive) {
            tracing::warn!(%error, folder = %folder.display(), "cannot watch; looking every two seconds instead");
        }
    }
    *folders = wanted;
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Long enough for a machine under load; nothing waits for it when all is well.
    const LIMIT: Duration = Duration::from_secs(20);

    fn watch(files: &[&Path]) -> (Watcher, mpsc::Receiver<Vec<PathBuf>>) {
        let (tx, rx) = mpsc::channel();
        let files = files.iter().map(|f| f.to_path_buf()).collect();
        let watcher = Watcher::start(files, Duration::from_millis(20), move |changed| {
            let _ = tx.send(changed.to_vec());
        });
        (watcher.unwrap(), rx)
    }

    #[test]
    fn notices_writing_replacing_and_appearing() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("openclaw.json");
        let (watcher, changes) = watch(&[&file]);
        fs::write(&file, "1").unwrap();
        assert_eq!(changes.recv_timeout(LIMIT).unwrap(), std::slice::from_ref(&file));
        fs::write(dir.path().join("new"), "22").unwrap();
        fs::rename(dir.path().join("new"), &file).unwrap();
        assert_eq!(changes.recv_timeout(LIMIT).unwrap(), std::slice::from_ref(&file));
        fs::remove_file(&file).unwrap();
        assert_eq!(changes.recv_timeout(LIMIT).unwrap(), std::slice::from_ref(&file));

        let other = dir.path().join("other");
        watcher.watch(vec![other.clone()]);
        fs::write(&file, "ignored").unwrap();
        // Whether the list or the file comes first, only the new file can be reported in the end.
        fs::write(&other, "x").unwrap();
        let mut last = changes.recv_timeout(LIMIT).unwrap();
        while last != std::slice::from_ref(&other) {
            last = changes.recv_timeout(LIMIT).unwrap();
        }
        drop(watcher);
        assert!(changes.recv_timeout(LIMIT).is_err());
    }

    #[test]
    fn notices_what_a_link_points_to() {
        let dir = tempfile::tempdir().unwrap();
        let elsewhere = tempfile::tempdir().unwrap();
        let real = elsewhere.path().join("real.json");
        fs::write(&real, "1").unwrap();
        let link = dir.path().join("openclaw.json");
        std::os::unix::fs::symlink(&real, &link).unwrap();
        let (_watcher, changes) = watch(&[&link]);
        fs::write(&real, "22").unwrap();
        assert_eq!(changes.recv_timeout(LIMIT).unwrap(), [link]);
    }
}
