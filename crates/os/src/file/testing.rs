//! For tests of this and other crates: a file layer that loses, on command, everything that was not synced.
//!
//! It works on real files in a real folder, so that readers outside the layer see what a running program would see, and
//! keeps beside them a model of what a disk would hold after a power cut. [`Forgetful::crash`] makes the folder equal
//! to that model. It can also fail at a chosen step. Not meant for production.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::layer::{FileLayer, RealFiles};

/// What goes wrong at the chosen step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The power fails: this step and all later ones fail until [`Forgetful::crash`].
    PowerCut,
    /// The disk is full: this and all later steps that need space fail until [`Forgetful::heal`].
    DiskFull,
    /// The file system became read-only: this and all later changes fail until [`Forgetful::heal`].
    ReadOnly,
}

/// What a power cut takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// Names and contents that were not synced.
    Everything,
    /// Only contents: names reached the disk early, which leaves empty files where a sync was forgotten.
    Contents,
}

/// The remote control of the layer that forgets; clones control the same layer.
#[derive(Clone, Debug, Default)]
pub struct Forgetful {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    /// Content that would survive, by inode. Absent: never synced, so empty.
    contents: BTreeMap<(u64, u64), Vec<u8>>,
    /// For every name that was touched: what it would lead to after a power cut.
    names: BTreeMap<PathBuf, Option<Durable>>,
    steps: u64,
    fail_at: Option<(u64, Fault)>,
    failing: Option<Fault>,
    ignore_syncs: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Durable {
    inode: (u64, u64),
    mode: u32,
}

impl Forgetful {
    /// How many steps (creations, writes, syncs, renames, removals) were taken so far.
    pub fn steps(&self) -> u64 {
        self.lock().steps
    }

    /// Makes the step number `step` (counting from the first ever, which is 1) fail.
    pub fn fail_at(&self, step: u64, fault: Fault) {
        self.lock().fail_at = Some((step, fault));
    }

    /// Faults end; nothing is lost.
    pub fn heal(&self) {
        let mut state = self.lock();
        state.failing = None;
        state.fail_at = None;
    }

    /// From now on syncs do nothing (and still say `Ok`): a test of durability must then fail.
    pub fn ignore_syncs(&self) {
        self.lock().ignore_syncs = true;
    }

    /// The power goes off and on again: the files below become what a disk would have kept.
    pub fn crash(&self, loss: Loss) -> io::Result<()> {
        let mut state = self.lock();
        for (path, durable) in std::mem::take(&mut state.names) {
            let now = inode(&path);
            let kept = match loss {
                Loss::Everything => durable,
                Loss::Contents => now,
            };
            match kept {
                None => match fs::symlink_metadata(&path) {
                    Ok(meta) if meta.is_dir() => fs::remove_dir_all(&path)?,
                    Ok(_) => fs::remove_file(&path)?,
                    Err(_) => {}
                },
                Some(kept) => {
                    let content = state.contents.get(&kept.inode).cloned().unwrap_or_default();
                    if path.is_dir() {
                        continue;
                    }
                    if now.is_some() {
                        fs::remove_file(&path)?;
                    }
                    fs::write(&path, content)?;
                    fs::set_permissions(
                        &path,
                        std::os::unix::fs::PermissionsExt::from_mode(kept.mode & 0o7777),
                    )?;
                }
            }
        }
        // Inode numbers may be used again by what was just written.
        state.contents.clear();
        state.failing = None;
        state.fail_at = None;
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a step and fails it when it is its turn.
    fn step(&self, needs_space: bool) -> io::Result<()> {
        let mut state = self.lock();
        state.steps += 1;
        if let Some((step, fault)) = state.fail_at
            && state.steps >= step
        {
            state.failing = Some(fault);
        }
        match state.failing {
            Some(Fault::PowerCut) => Err(io::Error::other("the power is off (injected)")),
            Some(Fault::DiskFull) if needs_space => Err(io::Error::from_raw_os_error(libc::ENOSPC)),
            Some(Fault::ReadOnly) => Err(io::Error::from_raw_os_error(libc::EROFS)),
            _ => Ok(()),
        }
    }

    /// Remembers what a name leads to on the disk, the first time it is touched. What was there before this layer came
    /// is durable.
    fn remember(&self, path: &Path) {
        let mut state = self.lock();
        if state.names.contains_key(path) {
            return;
        }
        let found = inode(path);
        if let Some(found) = found
            && !state.contents.contains_key(&found.inode)
            && let Ok(content) = fs::read(path)
        {
            state.contents.insert(found.inode, content);
        }
        state.names.insert(path.to_path_buf(), found);
    }
}

fn inode(path: &Path) -> Option<Durable> {
    let meta = fs::symlink_metadata(path).ok()?;
    Some(Durable { inode: (meta.dev(), meta.ino()), mode: meta.mode() })
}

impl FileLayer for Forgetful {
    fn make_dir(&self, path: &Path, mode: u32) -> io::Result<()> {
        self.step(true)?;
        self.remember(path);
        RealFiles.make_dir(path, mode)
    }

    fn create(&self, path: &Path, mode: u32) -> io::Result<File> {
        self.step(true)?;
        self.remember(path);
        let file = RealFiles.create(path, mode)?;
        // The number may be that of a file deleted before: nothing of this one is on the disk yet.
        if let Some(made) = inode(path) {
            self.lock().contents.remove(&made.inode);
        }
        Ok(file)
    }

    fn open_append(&self, path: &Path, mode: u32) -> io::Result<(File, bool)> {
        self.step(true)?;
        self.remember(path);
        RealFiles.open_append(path, mode)
    }

    fn write(&self, path: &Path, file: &mut File, bytes: &[u8]) -> io::Result<()> {
        if let Err(error) = self.step(true) {
            // Half of it may well have arrived.
            let _ = RealFiles.write(path, file, &bytes[..bytes.len() / 2]);
            return Err(error);
        }
        RealFiles.write(path, file, bytes)
    }

    fn sync_file(&self, path: &Path, file: &File) -> io::Result<()> {
        self.step(true)?;
        let mut state = self.lock();
        if !state.ignore_syncs {
            let meta = file.metadata()?;
            state.contents.insert((meta.dev(), meta.ino()), fs::read(path)?);
        }
        Ok(())
    }

    fn rename(&self, from: &Path, to: &Path, replace: bool) -> io::Result<()> {
        self.step(false)?;
        self.remember(from);
        self.remember(to);
        RealFiles.rename(from, to, replace)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.step(false)?;
        self.remember(path);
        RealFiles.remove(path)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.step(false)?;
        let mut state = self.lock();
        if !state.ignore_syncs {
            for (name, durable) in &mut state.names {
                if super::folder_of(name) == path {
                    *durable = inode(name);
                }
            }
        }
        Ok(())
    }

    fn read(&self, path: &Path, max_bytes: u64) -> io::Result<Vec<u8>> {
        RealFiles.read(path, max_bytes)
    }
}
