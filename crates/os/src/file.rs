//! Files that survive: atomic replacement, durable appends, reading without following links, trusted owners.
//!
//! Every write of state goes through [`Files`], so that tests can put a layer underneath that forgets whatever was not
//! synced ([`testing::Forgetful`]). The free functions are shorthand for the real file system.
//!
//! When the process runs as root, whatever it creates gets the owner of the folder it is created in, so that a
//! gateway started once with `sudo` does not lock the account out of its own state (ruling 26).

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

mod layer;
pub mod testing;
mod trust;

pub use layer::{FileLayer, RealFiles};
pub use trust::{Distrust, Owners, check_trusted, open_trusted};

/// The largest file that [`read_nofollow`] callers should normally ask for (16 MiB): state files are far below.
pub const USUAL_MAX_BYTES: u64 = 16 * 1024 * 1024;

/// A handle on the file system: the real one, or one that injects faults. Cheap to clone, usable from every thread.
///
/// All methods return `io::Error` whose kind is the system's (`StorageFull`, `ReadOnlyFilesystem`,
/// `PermissionDenied`, `NotFound`…) and whose text names what was done to which path.
#[derive(Clone, Debug)]
pub struct Files {
    layer: Arc<dyn FileLayer>,
}

impl Default for Files {
    fn default() -> Self {
        Self::real()
    }
}

impl Files {
    /// The real file system.
    pub fn real() -> Self {
        Self::with_layer(Arc::new(RealFiles))
    }

    /// A handle over another layer.
    pub fn with_layer(layer: Arc<dyn FileLayer>) -> Self {
        Self { layer }
    }

    /// For tests: real files in a real folder, below which everything not synced is lost at
    /// [`testing::Forgetful::crash`]. The second value is the remote control.
    pub fn forgetful() -> (Self, testing::Forgetful) {
        let forgetful = testing::Forgetful::default();
        (Self::with_layer(Arc::new(forgetful.clone())), forgetful)
    }

    /// Replaces `path` by a file holding `bytes` with exactly the permission bits `mode`, atomically and durably:
    /// after `Ok` a power cut cannot take it back, after `Err` the old content is still there, and at no moment is
    /// there a half-written file. The folder must exist. A symbolic link at `path` is replaced, not followed.
    pub fn write_atomic(&self, path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
        self.place(path, bytes, mode, true, true)
    }

    /// Like [`Files::write_atomic`], but fails with `AlreadyExists` instead of replacing anything.
    pub fn create_new(&self, path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
        self.place(path, bytes, mode, false, true)
    }

    /// Like [`Files::create_new`] for a file that means nothing after a power cut, such as a lock: whole or not there
    /// at any moment, but nothing waits for the disk.
    pub fn create_passing(&self, path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
        self.place(path, bytes, mode, false, false)
    }

    /// Like [`Files::write_atomic`] for content that may be lost in a power cut: whole or as before at any moment, but
    /// nothing waits for the disk.
    pub fn write_passing(&self, path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
        self.place(path, bytes, mode, true, false)
    }

    fn place(&self, path: &Path, bytes: &[u8], mode: u32, replace: bool, durable: bool) -> io::Result<()> {
        let (dir, name) = split(path)?;
        let temporary = dir.join(temporary_name(name)?);
        let result = (|| {
            let mut file = self.layer.create(&temporary, mode)?;
            self.layer.write(&temporary, &mut file, bytes)?;
            if durable {
                self.layer.sync_file(&temporary, &file)?;
            }
            drop(file);
            self.layer.rename(&temporary, path, replace)?;
            if durable { self.layer.sync_dir(dir) } else { Ok(()) }
        })();
        result.map_err(|error| {
            // After a successful rename there is nothing left under this name; before it, this is the litter.
            let _ = self.layer.remove(&temporary);
            about("writing", path, &error)
        })
    }

    /// Appends `bytes` in one write and syncs the data; creates the file with `mode` when it is missing. A file that
    /// is a symbolic link or not a regular file is refused.
    pub fn append(&self, path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
        let (dir, _) = split(path)?;
        let result = (|| {
            let (mut file, created) = self.layer.open_append(path, mode)?;
            self.layer.write(path, &mut file, bytes)?;
            self.layer.sync_file(path, &file)?;
            if created { self.layer.sync_dir(dir) } else { Ok(()) }
        })();
        result.map_err(|error| about("appending to", path, &error))
    }

    /// The whole content of a regular file of at most `max_bytes`, without following a link in the last component
    /// and without ever blocking on a pipe or device. Larger files: `FileTooLarge`; anything else that is not a
    /// regular file: `InvalidInput`.
    pub fn read(&self, path: &Path, max_bytes: u64) -> io::Result<Vec<u8>> {
        self.layer.read(path, max_bytes).map_err(|error| about("reading", path, &error))
    }

    /// Renames durably, replacing what is at `to`. Both must be on one file system.
    pub fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let (source_dir, _) = split(from)?;
        let (target_dir, _) = split(to)?;
        let result = (|| {
            self.layer.rename(from, to, true)?;
            self.layer.sync_dir(target_dir)?;
            if source_dir == target_dir { Ok(()) } else { self.layer.sync_dir(source_dir) }
        })();
        result.map_err(|error| about("renaming", from, &error))
    }

    /// Removes a file durably. A file that is not there is fine: the answer says whether one was.
    pub fn remove(&self, path: &Path) -> io::Result<bool> {
        let (dir, _) = split(path)?;
        match self.layer.remove(path) {
            Ok(()) => self.layer.sync_dir(dir).map(|()| true).map_err(|e| about("removing", path, &e)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(about("removing", path, &error)),
        }
    }

    /// Makes sure that `path` is a directory with the permission bits `mode`; missing parents are made with the same
    /// bits, existing parents are left alone. An existing directory of ours with more bits than `mode` is repaired;
    /// one that belongs to somebody else is left as it is (see [`check_trusted`]). A symbolic link to a directory at
    /// `path` is accepted and its target is not touched.
    pub fn ensure_dir(&self, path: &Path, mode: u32) -> io::Result<()> {
        match fs::symlink_metadata(path) {
            Ok(meta) if meta.is_dir() => {
                let bits = meta.mode() & 0o7777;
                let ours = meta.uid() == rustix::process::geteuid().as_raw();
                if ours && bits & !mode & 0o777 != 0 {
                    fs::set_permissions(path, fs::Permissions::from_mode(mode))
                        .map_err(|error| about("repairing the mode of", path, &error))?;
                }
                return Ok(());
            }
            Ok(_) if fs::metadata(path).is_ok_and(|target| target.is_dir()) => return Ok(()),
            Ok(_) => {
                let error = io::Error::from(io::ErrorKind::NotADirectory);
                return Err(about("making the folder", path, &error));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(about("making the folder", path, &error)),
        }
        let parent = parent_of(path);
        if !parent.is_dir() {
            self.ensure_dir(parent, mode)?;
        }
        match self.layer.make_dir(path, mode) {
            Ok(()) => self.layer.sync_dir(parent).map_err(|error| about("making the folder", path, &error)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
            Err(error) => Err(about("making the folder", path, &error)),
        }
    }
}

/// [`Files::write_atomic`] on the real file system.
pub fn write_atomic(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    Files::real().write_atomic(path, bytes, mode)
}

/// [`Files::read`] on the real file system.
pub fn read_nofollow(path: &Path, max_bytes: u64) -> io::Result<Vec<u8>> {
    Files::real().read(path, max_bytes)
}

/// [`Files::ensure_dir`] on the real file system.
pub fn ensure_dir(path: &Path, mode: u32) -> io::Result<()> {
    Files::real().ensure_dir(path, mode)
}

/// Opens a regular file for reading, without following a link in the last component and without blocking.
pub fn open_nofollow(path: &Path) -> io::Result<File> {
    layer::open_regular(path).map_err(|error| about("opening", path, &error))
}

fn parent_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

fn split(path: &Path) -> io::Result<(&Path, &OsStr)> {
    let name = path.file_name().ok_or_else(|| {
        io::Error::new(io::ErrorKind::InvalidInput, format!("{} does not name a file", path.display()))
    })?;
    Ok((parent_of(path), name))
}

/// A name beside the target that nobody can guess, hidden, and recognisable as ours.
fn temporary_name(name: &OsStr) -> io::Result<OsString> {
    let mut random = [0u8; 8];
    getrandom::fill(&mut random).map_err(|error| io::Error::other(error.to_string()))?;
    let mut out = OsString::from(".");
    // A name may have 255 bytes; ours must not fail only because the target's is long.
    if name.len() <= 200 {
        out.push(name);
    } else {
        out.push("long-name");
    }
    out.push(format!(".{:016x}.tmp", u64::from_ne_bytes(random)));
    Ok(out)
}

/// Names the action and the path, and keeps the kind, which callers match on.
fn about(action: &str, path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{action} {}: {error}", path.display()))
}

/// The parent folder of `path` as this module sees it (`.` for a bare name).
pub(crate) fn folder_of(path: &Path) -> PathBuf {
    parent_of(path).to_path_buf()
}

#[cfg(test)]
mod tests;
