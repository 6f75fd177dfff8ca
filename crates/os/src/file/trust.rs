//! Whose files may be believed (rulings 25 and 26): the owner is trusted, nobody else can write, no link is followed.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};

use rustix::fs::{FileType, Mode, OFlags, Stat};

/// The uids whose files are believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owners {
    uids: Vec<u32>,
}

impl Owners {
    /// The gateway's uid and root; when it runs as root, also the owner of `state_dir` (ruling 26).
    pub fn of_state(state_dir: &Path) -> Self {
        let own = rustix::process::geteuid().as_raw();
        let dir_owner = std::fs::symlink_metadata(state_dir).ok().map(|meta| meta.uid());
        Self::rule(own, dir_owner)
    }

    /// The same rule as a pure function.
    pub fn rule(own_uid: u32, state_dir_owner: Option<u32>) -> Self {
        let mut uids = vec![own_uid, 0];
        if let (0, Some(uid)) = (own_uid, state_dir_owner) {
            uids.push(uid);
        }
        uids.sort_unstable();
        uids.dedup();
        Self { uids }
    }

    /// Whether files of this uid are believed.
    pub fn trusts(&self, uid: u32) -> bool {
        self.uids.contains(&uid)
    }

    /// The uids, ascending.
    pub fn uids(&self) -> &[u32] {
        &self.uids
    }
}

/// Why a file or folder is not believed.
#[derive(Debug, thiserror::Error)]
pub enum Distrust {
    /// It does not exist.
    #[error("{} does not exist", .0.display())]
    Missing(PathBuf),
    /// A symbolic link, or something else than the file or folder that was expected.
    #[error("{} is not a plain {expected}: links and special files are not followed", path.display())]
    Kind {
        /// The offending component.
        path: PathBuf,
        /// `file` or `folder`.
        expected: &'static str,
    },
    /// It belongs to an account that is not trusted.
    #[error("{} belongs to uid {uid}, which is not trusted here; give it back with: chown", path.display())]
    Owner {
        /// The offending component.
        path: PathBuf,
        /// Who it belongs to.
        uid: u32,
    },
    /// Group or everybody may write to it.
    #[error("{} can be written by other accounts (mode {mode:04o}); repair it with: chmod go-w", path.display())]
    Writable {
        /// The offending component.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The system would not say.
    #[error("{} could not be examined: {error}", path.display())]
    Io {
        /// The component.
        path: PathBuf,
        /// The system's reason.
        error: io::Error,
    },
}

/// Checks one existing file or folder: owner trusted, not writable by group or others, not a link. What lies above it
/// is not looked at; for something below the state directory use [`open_trusted`], which checks every step.
pub fn check_trusted(path: &Path, owners: &Owners) -> Result<(), Distrust> {
    let fd = open(None, path, path, OFlags::PATH, "file or folder")?;
    judge(&stat(&fd, path)?, path, owners, None)
}

/// Opens the regular file `root/relative` for reading. `root`, every folder on the way and the file itself must be
/// trusted, and each is opened relative to the one before without following a link, so that nothing can be swapped
/// between the check and the use. `relative` may only have plain components.
pub fn open_trusted(root: &Path, relative: &Path, owners: &Owners) -> Result<File, Distrust> {
    let names: Vec<_> = relative.components().collect();
    if names.is_empty() || !names.iter().all(|c| matches!(c, Component::Normal(_))) {
        return Err(Distrust::Kind { path: relative.to_path_buf(), expected: "file" });
    }
    let mut path = root.to_path_buf();
    let mut fd = open(None, root, &path, OFlags::DIRECTORY | OFlags::RDONLY, "folder")?;
    judge(&stat(&fd, &path)?, &path, owners, Some(FileType::Directory))?;
    for (index, name) in names.iter().enumerate() {
        path.push(name);
        let last = index + 1 == names.len();
        let (flags, kind, word) = if last {
            (OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY, FileType::RegularFile, "file")
        } else {
            (OFlags::DIRECTORY | OFlags::RDONLY, FileType::Directory, "folder")
        };
        let next = open(Some(&fd), Path::new(name), &path, flags, word)?;
        judge(&stat(&next, &path)?, &path, owners, Some(kind))?;
        fd = next;
    }
    Ok(File::from(fd))
}

fn open(
    dir: Option<&OwnedFd>,
    name: &Path,
    path: &Path,
    flags: OFlags,
    expected: &'static str,
) -> Result<OwnedFd, Distrust> {
    let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let opened = match dir {
        Some(dir) => rustix::fs::openat(dir, name, flags, Mode::empty()),
        None => rustix::fs::open(name, flags, Mode::empty()),
    };
    opened.map_err(|errno| match errno {
        rustix::io::Errno::NOENT => Distrust::Missing(path.to_path_buf()),
        rustix::io::Errno::LOOP | rustix::io::Errno::NOTDIR | rustix::io::Errno::NXIO => {
            Distrust::Kind { path: path.to_path_buf(), expected }
        }
        other => Distrust::Io { path: path.to_path_buf(), error: other.into() },
    })
}

fn stat(fd: &OwnedFd, path: &Path) -> Result<Stat, Distrust> {
    rustix::fs::fstat(fd).map_err(|errno| Distrust::Io { path: path.to_path_buf(), error: errno.into() })
}

fn judge(stat: &Stat, path: &Path, owners: &Owners, expected: Option<FileType>) -> Result<(), Distrust> {
    let kind = FileType::from_raw_mode(stat.st_mode);
    let fits = match expected {
        Some(expected) => kind == expected,
        None => matches!(kind, FileType::RegularFile | FileType::Directory),
    };
    if !fits {
        let expected = match expected {
            Some(FileType::Directory) => "folder",
            Some(_) => "file",
            None => "file or folder",
        };
        return Err(Distrust::Kind { path: path.to_path_buf(), expected });
    }
    if !owners.trusts(stat.st_uid) {
        return Err(Distrust::Owner { path: path.to_path_buf(), uid: stat.st_uid });
    }
    let mode = stat.st_mode & 0o7777;
    if mode & 0o022 != 0 {
        return Err(Distrust::Writable { path: path.to_path_buf(), mode });
    }
    Ok(())
}
