//! The journal of changes to the configuration: what made each one, which keys it touched, and the bytes that stood
//! there before, so that `openclaw config undo` puts them back exactly (F-10, D-03).
//!
//! `<state>/config-history/<number>.json` tells about a change and holds no value of the configuration (ruling 13);
//! `<number>.before` beside it is a copy of the file, of mode 0600 like the file itself.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use openclaw_os::file::{ensure_dir, read_nofollow, write_atomic};
use openclaw_protocol::time::Millis;
use serde::{Deserialize, Serialize};

use crate::parse::MAX_BYTES;
use crate::paths::Paths;

/// Changes kept: months of edits by hand, and a bound for programs that edit.
const KEPT: usize = 50;
/// Bytes of copies kept in all; the newest copy is kept whatever its size.
const KEPT_BYTES: u64 = 32 * 1024 * 1024;
/// Paths named in an entry; a whole new file may touch thousands.
const PATHS_NAMED: usize = 50;
/// Largest entry read.
const MAX_ENTRY: u64 = 64 * 1024;

/// One change of the configuration file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// Its number, by which it is undone.
    pub id: u64,
    /// When, in milliseconds since 1970.
    pub at: Millis,
    /// What made it: `config set`, `doctor --fix`, `config.patch`.
    pub origin: String,
    /// The file.
    pub config_path: PathBuf,
    /// The keys it touched.
    pub changed_paths: Vec<String>,
    /// SHA-256 of the file before, hex; absent when there was none.
    pub previous_hash: Option<String>,
    /// SHA-256 of the file after, hex.
    pub next_hash: String,
    /// The change that this one took back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undoes: Option<u64>,
    /// Whether a later change took this one back, told when it is read.
    #[serde(skip)]
    pub undone: bool,
}

/// Where the journal lies.
#[must_use]
pub fn folder(paths: &Paths) -> PathBuf {
    paths.state_dir.join("config-history")
}

/// The changes of this configuration file, the newest first. What cannot be read is left out.
#[must_use]
pub fn entries(paths: &Paths) -> Vec<Entry> {
    let dir = folder(paths);
    let mut found: Vec<Entry> = numbers(&dir)
        .into_iter()
        .filter_map(|id| {
            let bytes = read_nofollow(&entry_file(&dir, id), MAX_ENTRY).ok()?;
            let entry: Entry = serde_json::from_slice(&bytes).ok()?;
            (entry.id == id && entry.config_path == paths.config_path).then_some(entry)
        })
        .collect();
    found.sort_by_key(|entry| std::cmp::Reverse(entry.id));
    // An undo that was itself undone undoes nothing any more.
    for index in 0..found.len() {
        let taken_back = found.get(index).filter(|entry| !entry.undone).and_then(|entry| entry.undoes);
        if let Some(target) = found.iter_mut().find(|entry| Some(entry.id) == taken_back) {
            target.undone = true;
        }
    }
    found
}

/// The file as it was before a change; `None` when there was no file.
///
/// # Errors
/// When the copy is gone or cannot be read.
pub fn before(paths: &Paths, entry: &Entry) -> io::Result<Option<Vec<u8>>> {
    if entry.previous_hash.is_none() {
        return Ok(None);
    }
    read_nofollow(&before_file(&folder(paths), entry.id), MAX_BYTES as u64).map(Some)
}

/// A change about to be made, whose former text is kept already.
pub(super) struct Kept {
    dir: PathBuf,
    id: u64,
}

/// Keeps the bytes of the file before a change. Called under the lock of the configuration's folder.
pub(super) fn keep(dir: &Path, bytes: Option<&[u8]>) -> io::Result<Kept> {
    ensure_dir(dir, 0o700)?;
    let id = numbers(dir).into_iter().max().unwrap_or(0).saturating_add(1);
    if let Some(bytes) = bytes {
        write_atomic(&before_file(dir, id), bytes, 0o600)?;
    }
    Ok(Kept { dir: dir.to_path_buf(), id })
}

impl Kept {
    /// Writes the entry, now that the change is made, and lets go of the oldest ones.
    pub(super) fn record(self, mut entry: Entry) -> io::Result<u64> {
        entry.id = self.id;
        entry.changed_paths.truncate(PATHS_NAMED);
        let mut text = serde_json::to_vec(&entry).map_err(io::Error::other)?;
        text.push(b'\n');
        write_atomic(&entry_file(&self.dir, self.id), &text, 0o600)?;
        prune(&self.dir);
        Ok(self.id)
    }
}

fn prune(dir: &Path) {
    let mut ids = numbers(dir);
    ids.sort_unstable_by(|a, b| b.cmp(a));
    let mut bytes = 0;
    for (index, id) in ids.into_iter().enumerate() {
        let copy = before_file(dir, id);
        bytes += fs::symlink_metadata(&copy).map_or(0, |meta| meta.len());
        if index > 0 && (index >= KEPT || bytes > KEPT_BYTES) {
            // The copy goes first: an entry without its copy says so when it is undone, a copy alone would stay.
            let _ = fs::remove_file(&copy);
            let _ = fs::remove_file(entry_file(dir, id));
        }
    }
}

fn numbers(dir: &Path) -> Vec<u64> {
    fs::read_dir(dir)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|file| file.file_name().to_str()?.strip_suffix(".json")?.parse().ok())
        .collect()
}

fn entry_file(dir: &Path, id: u64) -> PathBuf {
    dir.join(format!("{id:06}.json"))
}

fn before_file(dir: &Path, id: u64) -> PathBuf {
    dir.join(format!("{id:06}.before"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn entry(paths: &Paths, undoes: Option<u64>) -> Entry {
        Entry {
            id: 0,
            at: Millis(1),
            origin: "test".to_owned(),
            config_path: paths.config_path.clone(),
            changed_paths: vec!["a".to_owned()],
            previous_hash: Some("p".to_owned()),
            next_hash: "n".to_owned(),
            undoes,
            undone: false,
        }
    }

    #[test]
    fn copies_are_private_and_the_oldest_go() {
        let dir = tempfile::tempdir().unwrap();
        let paths = Paths::in_state_dir(dir.path());
        for i in 0..KEPT + 3 {
            let kept = keep(&folder(&paths), Some(format!("text {i}").as_bytes())).unwrap();
            assert_eq!(kept.record(entry(&paths, None)).unwrap(), i as u64 + 1);
        }
        let all = entries(&paths);
        assert_eq!((all.len(), all[0].id), (KEPT, KEPT as u64 + 3));
        assert_eq!(before(&paths, &all[0]).unwrap().unwrap(), format!("text {}", KEPT + 2).as_bytes());
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&before_file(&folder(&paths), all[0].id)), 0o600);
        assert_eq!(mode(&folder(&paths)), 0o700);
        assert_eq!(fs::read_dir(folder(&paths)).unwrap().count(), 2 * KEPT);
    }

    #[test]
    fn what_is_undone_is_told_and_an_undone_undo_undoes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let paths = Paths::in_state_dir(dir.path());
        for undoes in [None, None, Some(2), Some(1), Some(4)] {
            keep(&folder(&paths), Some(b"x")).unwrap().record(entry(&paths, undoes)).unwrap();
        }
        let undone: Vec<(u64, bool)> = entries(&paths).iter().map(|e| (e.id, e.undone)).collect();
        assert_eq!(undone, [(5, false), (4, true), (3, false), (2, true), (1, false)]);
    }

    #[test]
    fn a_lost_copy_is_an_error_and_a_first_file_has_none() {
        let dir = tempfile::tempdir().unwrap();
        let paths = Paths::in_state_dir(dir.path());
        keep(&folder(&paths), Some(b"x")).unwrap().record(entry(&paths, None)).unwrap();
        let all = entries(&paths);
        fs::remove_file(before_file(&folder(&paths), 1)).unwrap();
        assert!(before(&paths, &all[0]).is_err());
        let first = Entry { previous_hash: None, ..all[0].clone() };
        assert_eq!(before(&paths, &first).unwrap(), None);
    }
}
