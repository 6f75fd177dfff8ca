//! The single steps below [`super::Files`]: one method is about one system call, so that a test layer can fail or
//! forget at each of them.

use std::fmt;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::fs::{AtFlags, CWD, Gid, Mode, OFlags, RenameFlags, Uid};

/// The steps that [`super::Files`] is made of. Paths are whole paths; the last component is never followed as a link.
pub trait FileLayer: Send + Sync + fmt::Debug {
    /// Makes one directory with exactly `mode`.
    fn make_dir(&self, path: &Path, mode: u32) -> io::Result<()>;
    /// Creates a file that must not exist, with exactly `mode`.
    fn create(&self, path: &Path, mode: u32) -> io::Result<File>;
    /// Opens for appending; the flag says whether the file was created.
    fn open_append(&self, path: &Path, mode: u32) -> io::Result<(File, bool)>;
    /// Writes all of `bytes` to a file obtained from this layer under `path`.
    fn write(&self, path: &Path, file: &mut File, bytes: &[u8]) -> io::Result<()>;
    /// Makes the content durable.
    fn sync_file(&self, path: &Path, file: &File) -> io::Result<()>;
    /// Renames; with `replace` false an existing target is an `AlreadyExists` error.
    fn rename(&self, from: &Path, to: &Path, replace: bool) -> io::Result<()>;
    /// Unlinks a file.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Makes the names in a directory durable.
    fn sync_dir(&self, path: &Path) -> io::Result<()>;
    /// Reads a regular file of at most `max_bytes`.
    fn read(&self, path: &Path, max_bytes: u64) -> io::Result<Vec<u8>>;
}

/// The real file system.
#[derive(Clone, Copy, Debug, Default)]
pub struct RealFiles;

const CREATE: OFlags = OFlags::CREATE.union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC).union(OFlags::WRONLY);

impl FileLayer for RealFiles {
    fn make_dir(&self, path: &Path, mode: u32) -> io::Result<()> {
        rustix::fs::mkdir(path, Mode::from_raw_mode(mode))?;
        let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::RDONLY;
        let dir = rustix::fs::open(path, flags, Mode::empty())?;
        // mkdir is subject to the umask and honours no bits beyond it.
        rustix::fs::fchmod(&dir, Mode::from_raw_mode(mode))?;
        give_to_folder_owner(path, &File::from(dir))
    }

    fn create(&self, path: &Path, mode: u32) -> io::Result<File> {
        let file = rustix::fs::open(path, CREATE | OFlags::EXCL, Mode::from_raw_mode(mode & 0o600))?;
        let file = File::from(file);
        rustix::fs::fchmod(&file, Mode::from_raw_mode(mode))?;
        give_to_folder_owner(path, &file)?;
        Ok(file)
    }

    fn open_append(&self, path: &Path, mode: u32) -> io::Result<(File, bool)> {
        let append = OFlags::APPEND | OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
        match rustix::fs::open(path, append, Mode::empty()) {
            Ok(file) => {
                let file = File::from(file);
                regular(&file)?;
                Ok((file, false))
            }
            Err(rustix::io::Errno::NOENT) => {
                let flags = CREATE | OFlags::APPEND | OFlags::EXCL;
                let file = File::from(rustix::fs::open(path, flags, Mode::from_raw_mode(mode & 0o600))?);
                rustix::fs::fchmod(&file, Mode::from_raw_mode(mode))?;
                give_to_folder_owner(path, &file)?;
                Ok((file, true))
            }
            Err(error) => Err(error.into()),
        }
    }

    fn write(&self, _path: &Path, file: &mut File, bytes: &[u8]) -> io::Result<()> {
        file.write_all(bytes)
    }

    fn sync_file(&self, _path: &Path, file: &File) -> io::Result<()> {
        file.sync_all()
    }

    fn rename(&self, from: &Path, to: &Path, replace: bool) -> io::Result<()> {
        if replace {
            return Ok(rustix::fs::rename(from, to)?);
        }
        match rustix::fs::renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
            Ok(()) => Ok(()),
            // Some network file systems know no flags: a hard link has the same all-or-nothing effect.
            Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) => {
                rustix::fs::linkat(CWD, from, CWD, to, AtFlags::empty())?;
                Ok(rustix::fs::unlink(from)?)
            }
            Err(error) => Err(error.into()),
        }
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        Ok(rustix::fs::unlink(path)?)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        let dir =
            rustix::fs::open(path, OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::RDONLY, Mode::empty())?;
        match rustix::fs::fsync(&dir) {
            // File systems without durable names (some FUSE and 9p mounts) say so; there is nothing more to do.
            Ok(()) | Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOTSUP) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn read(&self, path: &Path, max_bytes: u64) -> io::Result<Vec<u8>> {
        let file = open_regular(path)?;
        let size = file.metadata()?.len();
        if size > max_bytes {
            return Err(too_large(max_bytes));
        }
        let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
        file.take(max_bytes + 1).read_to_end(&mut bytes)?;
        // It may have grown since it was measured.
        if bytes.len() as u64 > max_bytes {
            return Err(too_large(max_bytes));
        }
        Ok(bytes)
    }
}

fn too_large(max_bytes: u64) -> io::Error {
    io::Error::new(io::ErrorKind::FileTooLarge, format!("the file is larger than {max_bytes} bytes"))
}

/// Opens without following the last link and without waiting for the other end of a pipe.
pub(super) fn open_regular(path: &Path) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty())?);
    regular(&file)?;
    Ok(file)
}

fn regular(file: &File) -> io::Result<()> {
    if file.metadata()?.is_file() {
        Ok(())
    } else {
        Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"))
    }
}

/// Root gives what it creates to the owner of the folder (ruling 26); everybody else cannot and need not.
fn give_to_folder_owner(path: &Path, file: &File) -> io::Result<()> {
    if !rustix::process::geteuid().is_root() {
        return Ok(());
    }
    let folder = std::fs::metadata(super::parent_of(path))?;
    let made = file.metadata()?;
    // A sticky, world-writable folder such as /tmp says nothing about who the file is for.
    if folder.mode() & 0o002 != 0 || (folder.uid(), folder.gid()) == (made.uid(), made.gid()) {
        return Ok(());
    }
    match rustix::fs::fchown(file, Some(Uid::from_raw(folder.uid())), Some(Gid::from_raw(folder.gid()))) {
        // Root without the capability (rootless containers) and file systems without owners keep what they have.
        Ok(()) | Err(rustix::io::Errno::PERM | rustix::io::Errno::NOTSUP | rustix::io::Errno::INVAL) => {
            Ok(())
        }
        Err(error) => Err(error.into()),
    }
}
