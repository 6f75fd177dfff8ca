//! Putting a new text in the place of the old one: under a lock, only when nobody else changed the file, with a backup.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use openclaw_os::file::{ensure_dir, read_nofollow, write_atomic};
use openclaw_os::path::beside;

use super::history;
use crate::file::hash_of;
use crate::parse::MAX_BYTES;

/// Backups kept: `.bak` (the newest) and `.bak.1` … `.bak.4`.
const RING: usize = 5;
/// A write takes milliseconds. Whoever holds the lock for five seconds is not writing, and must not stop us for ever.
const LOCK_TRIES: u32 = 500;
const LOCK_PAUSE: std::time::Duration = std::time::Duration::from_millis(10);

/// How a text got into the file.
pub(super) struct Committed {
    /// The copy of what was there, if there was anything.
    pub(super) backup: Option<PathBuf>,
    /// `rename`, or `copy-fallback` where the file itself is a mount point and cannot be replaced.
    pub(super) how: &'static str,
    /// The former text in the journal of changes, if it could be kept there.
    pub(super) kept: Option<history::Kept>,
    /// Something that did not work and does not matter enough to fail.
    pub(super) warnings: Vec<String>,
}

#[derive(Debug)]
pub(super) enum CommitError {
    /// The file is not the one the edit was made for.
    Changed,
    Io(io::Error),
}

impl From<io::Error> for CommitError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// The names of the backups of a configuration file, the newest first, whether they exist or not.
#[must_use]
pub fn backups(config: &Path) -> Vec<PathBuf> {
    (0..RING).map(|i| beside(config, &if i == 0 { ".bak".to_owned() } else { format!(".bak.{i}") })).collect()
}

/// Makes sure of a folder that only its owner can look into. A folder that everybody shares (`/tmp` has the sticky bit)
/// stays as it is, whatever somebody uses it for.
pub(crate) fn private_dir(dir: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let shared = fs::metadata(dir).is_ok_and(|m| m.permissions().mode() & 0o1000 != 0);
    if shared || dir == Path::new("/") { Ok(()) } else { ensure_dir(dir, 0o700) }
}

/// Replaces the file at `config`. The state directory is tightened on the way; another folder that holds the file
/// (`/etc`) is none of our business. `base` is the hash of the text the edit was made for, `None` for no file. What was
/// there is also kept in the folder `journal`.
pub(super) fn commit(
    config: &Path,
    state_dir: &Path,
    text: &str,
    base: Option<&str>,
    journal: &Path,
) -> Result<Committed, CommitError> {
    // A link is kept: what it points to is replaced.
    let target = match fs::canonicalize(config) {
        Ok(target) => target,
        Err(error) if error.kind() == io::ErrorKind::NotFound => config.to_path_buf(),
        Err(error) => return Err(error.into()),
    };
    let dir = target.parent().filter(|d| !d.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_path_buf();
    if dir == fs::canonicalize(state_dir).unwrap_or_else(|_| state_dir.to_path_buf()) || !dir.is_dir() {
        private_dir(&dir)?;
    }
    // Held until the end of this function. Other programs of ours wait here; the hash is compared inside.
    let _lock = lock(&dir);
    let old = match read_nofollow(&target, MAX_BYTES as u64) {
        Ok(bytes) => Some(bytes),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error.into()),
    };
    if old.as_deref().map(hash_of).as_deref() != base {
        return Err(CommitError::Changed);
    }
    let mut warnings = vec![];
    let kept = history::keep(journal, old.as_deref())
        .map_err(|error| warnings.push(format!("This change cannot be undone by its number: {error}")))
        .ok();
    let backup = match old {
        Some(old) => match rotate(&target, &old) {
            Ok(backup) => Some(backup),
            // Without space for a backup there is none for the file either, and the write below says so.
            Err(error) => {
                warnings.push(format!("No backup was kept: {error}"));
                None
            }
        },
        None => None,
    };
    let how = match write_atomic(&target, text.as_bytes(), 0o600) {
        Ok(()) => "rename",
        // A single file mounted into a container cannot be replaced, only written to.
        Err(error) if matches!(error.kind(), io::ErrorKind::ResourceBusy | io::ErrorKind::CrossesDevices) => {
            if backup.is_none() {
                return Err(error.into());
            }
            let mut file = File::options().write(true).truncate(true).open(&target)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            "copy-fallback"
        }
        Err(error) => return Err(error.into()),
    };
    Ok(Committed { backup, how, kept, warnings })
}

/// An exclusive lock on the directory, which leaves nothing behind. Where a file system has no locks, the comparison of
/// hashes still stands, only not against a writer in the same instant.
fn lock(dir: &Path) -> Option<File> {
    let file = File::open(dir).ok()?;
    for _ in 0..LOCK_TRIES {
        match file.try_lock() {
            Ok(()) => return Some(file),
            Err(fs::TryLockError::WouldBlock) => std::thread::sleep(LOCK_PAUSE),
            Err(fs::TryLockError::Error(_)) => return None,
        }
    }
    None
}

/// Shifts the ring and copies `old` into its first place. Numbered backups beyond the ring are removed.
fn rotate(target: &Path, old: &[u8]) -> io::Result<PathBuf> {
    let ring = backups(target);
    for pair in ring.windows(2).rev() {
        match fs::rename(&pair[0], &pair[1]) {
            Ok(()) => tighten(&pair[1]),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    prune(target);
    write_atomic(&ring[0], old, 0o600)?;
    Ok(ring[0].clone())
}

#[cfg(unix)]
fn tighten(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    // Backups of other programs may be readable by all; they hold the same secrets.
    let _ = fs::set_permissions(path, fs::Permissions::from_mode(0o600));
}

#[cfg(not(unix))]
fn tighten(_path: &Path) {}

fn prune(target: &Path) {
    let (Some(dir), Some(name)) = (target.parent(), target.file_name().and_then(|n| n.to_str())) else {
        return;
    };
    let prefix = format!("{name}.bak.");
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let file = entry.file_name();
        let number =
            file.to_str().and_then(|f| f.strip_prefix(&prefix)).and_then(|n| n.parse::<usize>().ok());
        // Names that are not numbers are somebody's own copies.
        if number.is_some_and(|n| n >= RING) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn ring_of_five_and_modes() {
        let dir = tempfile::tempdir().unwrap();
        let config = dir.path().join("sub/openclaw.json");
        let journal = dir.path().join("journal");
        let mut base: Option<String> = None;
        for i in 0..8 {
            let text = format!("{{\"i\": {i}}}\n");
            let done = commit(&config, config.parent().unwrap(), &text, base.as_deref(), &journal).unwrap();
            assert_eq!((done.how, done.backup.is_some()), ("rename", i > 0));
            base = Some(hash_of(text.as_bytes()));
            if i == 3 {
                for name in ["openclaw.json.bak.9", "openclaw.json.bak.mine"] {
                    fs::write(dir.path().join("sub").join(name), "x").unwrap();
                }
                fs::set_permissions(
                    dir.path().join("sub/openclaw.json.bak"),
                    fs::Permissions::from_mode(0o644),
                )
                .unwrap();
            }
        }
        let ring = backups(&config);
        for (i, path) in ring.iter().enumerate() {
            assert_eq!(fs::read_to_string(path).unwrap(), format!("{{\"i\": {}}}\n", 6 - i));
            assert_eq!(mode(path), 0o600, "{}", path.display());
        }
        assert_eq!((mode(&config), mode(config.parent().unwrap())), (0o600, 0o700));
        let left = fs::read_dir(config.parent().unwrap()).unwrap().count();
        assert_eq!(left, 7, "the file, five backups and somebody's own copy");
    }

    #[test]
    fn refused_when_it_changed_underneath() {
        let dir = tempfile::tempdir().unwrap();
        let config = dir.path().join("openclaw.json");
        let journal = dir.path().join("journal");
        fs::write(&config, "{}").unwrap();
        let base = hash_of(b"{}");
        fs::write(&config, "{a: 1}").unwrap();
        assert!(matches!(commit(&config, dir.path(), "x", Some(&base), &journal), Err(CommitError::Changed)));
        assert!(matches!(commit(&config, dir.path(), "x", None, &journal), Err(CommitError::Changed)));
        fs::remove_file(&config).unwrap();
        assert!(matches!(commit(&config, dir.path(), "x", Some(&base), &journal), Err(CommitError::Changed)));
        assert!(!backups(&config)[0].exists());
    }

    #[test]
    fn folders_that_are_not_ours_alone_keep_their_mode() {
        let dir = tempfile::tempdir().unwrap();
        let etc = dir.path().join("etc");
        let shared = dir.path().join("shared");
        for (path, bits) in [(&etc, 0o755), (&shared, 0o1777)] {
            fs::create_dir(path).unwrap();
            fs::set_permissions(path, fs::Permissions::from_mode(bits)).unwrap();
        }
        let journal = dir.path().join("journal");
        commit(&etc.join("openclaw.json"), &dir.path().join("state"), "{}", None, &journal).unwrap();
        commit(&shared.join("openclaw.json"), &shared, "{}", None, &journal).unwrap();
        assert_eq!((mode(&etc), mode(&shared)), (0o755, 0o777));
        let own = dir.path().join("own");
        fs::create_dir(&own).unwrap();
        fs::set_permissions(&own, fs::Permissions::from_mode(0o755)).unwrap();
        commit(&own.join("openclaw.json"), &own, "{}", None, &journal).unwrap();
        assert_eq!(mode(&own), 0o700);
    }

    #[test]
    fn a_link_stays_a_link() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("dotfiles")).unwrap();
        let real = dir.path().join("dotfiles/real.json");
        fs::write(&real, "{}").unwrap();
        let link = dir.path().join("openclaw.json");
        std::os::unix::fs::symlink(&real, &link).unwrap();
        commit(&link, dir.path(), "{\"a\":1}", Some(&hash_of(b"{}")), &dir.path().join("journal")).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_to_string(&real).unwrap(), "{\"a\":1}");
    }
}
