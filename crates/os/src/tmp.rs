//! Where temporary things go (`cli §3`): `/tmp/openclaw` when it is really ours, else `<tmpdir>/openclaw-<uid>`.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::file::{self, Owners};

/// The shared name that every OpenClaw of the user writes its log to.
const PREFERRED: &str = "/tmp/openclaw";

/// The folder for log files and sockets: a real directory of mode 0700 that belongs to this user, made or repaired when
/// needed. An error means that no such folder can be had (somebody else's, read-only…); its text says why.
pub fn tmp_dir() -> io::Result<PathBuf> {
    let uid = rustix::process::geteuid().as_raw();
    choose(Path::new(PREFERRED), &system_tmp(), uid)
}

/// The folder in which the Node gateway looks for lock files: `<tmpdir>/openclaw-<uid>`. Not created here.
pub fn node_lock_dir() -> PathBuf {
    system_tmp().join(format!("openclaw-{}", rustix::process::geteuid().as_raw()))
}

/// The system's temporary directory as Node finds it.
fn system_tmp() -> PathBuf {
    system_tmp_of(|name| std::env::var_os(name))
}

fn system_tmp_of(env: impl Fn(&str) -> Option<OsString>) -> PathBuf {
    ["TMPDIR", "TMP", "TEMP"]
        .iter()
        .find_map(|name| env(name).filter(|value| !value.is_empty()))
        .map_or_else(|| PathBuf::from("/tmp"), PathBuf::from)
}

fn choose(preferred: &Path, system: &Path, uid: u32) -> io::Result<PathBuf> {
    if usable(preferred, uid).is_ok() {
        return Ok(preferred.to_path_buf());
    }
    let fallback = system.join(format!("openclaw-{uid}"));
    usable(&fallback, uid).map(|()| fallback)
}

/// Makes or repairs the folder, then believes only what the check says.
fn usable(dir: &Path, uid: u32) -> io::Result<()> {
    // A link here could have been planted by anybody who may write to /tmp.
    match fs::symlink_metadata(dir) {
        Ok(meta) if !meta.is_dir() || meta.uid() != uid => {
            let text = format!("{} exists and is not a folder of uid {uid}", dir.display());
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, text));
        }
        Ok(_) | Err(_) => file::ensure_dir(dir, 0o700)?,
    }
    file::check_trusted(dir, &Owners::rule(uid, None))
        .map_err(|error| io::Error::new(io::ErrorKind::PermissionDenied, error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    fn own_uid() -> u32 {
        rustix::process::geteuid().as_raw()
    }

    #[test]
    fn tmpdir_is_found_the_way_node_does() {
        let env = |pairs: &'static [(&str, &str)]| {
            move |name: &str| pairs.iter().find(|(key, _)| *key == name).map(|(_, v)| OsString::from(*v))
        };
        assert_eq!(system_tmp_of(env(&[])), Path::new("/tmp"));
        assert_eq!(system_tmp_of(env(&[("TMP", "/b"), ("TMPDIR", "/a")])), Path::new("/a"));
        assert_eq!(system_tmp_of(env(&[("TMPDIR", ""), ("TEMP", "/c")])), Path::new("/c"));
    }

    #[test]
    fn the_preferred_folder_is_made_and_repaired() {
        let root = tempfile::tempdir().unwrap();
        let preferred = root.path().join("openclaw");
        assert_eq!(choose(&preferred, root.path(), own_uid()).unwrap(), preferred);
        fs::set_permissions(&preferred, fs::Permissions::from_mode(0o777)).unwrap();
        assert_eq!(choose(&preferred, root.path(), own_uid()).unwrap(), preferred);
        assert_eq!(fs::metadata(&preferred).unwrap().mode() & 0o777, 0o700);
    }

    #[test]
    fn a_planted_link_or_file_is_avoided() {
        let root = tempfile::tempdir().unwrap();
        let elsewhere = root.path().join("elsewhere");
        fs::create_dir(&elsewhere).unwrap();
        let preferred = root.path().join("openclaw");
        symlink(&elsewhere, &preferred).unwrap();
        let fallback = root.path().join(format!("openclaw-{}", own_uid()));
        assert_eq!(choose(&preferred, root.path(), own_uid()).unwrap(), fallback);
        fs::remove_dir(&fallback).unwrap();
        symlink(&elsewhere, &fallback).unwrap();
        let error = choose(&preferred, root.path(), own_uid()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
    }

    #[test]
    fn somebody_elses_folder_is_avoided() {
        if own_uid() != 0 {
            println!("skipped: needs root to make a folder of another user");
            return;
        }
        let root = tempfile::tempdir().unwrap();
        let preferred = root.path().join("openclaw");
        fs::create_dir(&preferred).unwrap();
        std::os::unix::fs::chown(&preferred, Some(4711), Some(4711)).unwrap();
        assert_eq!(choose(&preferred, root.path(), 0).unwrap(), root.path().join("openclaw-0"));
    }
}
