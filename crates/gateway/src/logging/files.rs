//! Names of log files: today's, the rotated ones, which are old enough to go.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use jiff::civil::Date;

/// Rotated files kept beside the current one (`.1` is the newest).
pub const KEPT: u32 = 3;
/// Daily files that were not written to for this long are removed.
pub const MAX_AGE: Duration = Duration::from_secs(24 * 60 * 60);

/// `openclaw-2026-11-20.log`, with a profile `openclaw-work-2026-11-20.log`.
pub fn daily_name(profile: Option<&str>, date: Date) -> String {
    format!("{}{date}.log", prefix(profile))
}

fn prefix(profile: Option<&str>) -> String {
    match profile {
        Some(name) if !name.is_empty() && name != "default" => format!("openclaw-{name}-"),
        _ => "openclaw-".to_owned(),
    }
}

/// Whether a file name is a daily log of this profile, rotated or not.
pub fn is_daily(name: &str, profile: Option<&str>) -> bool {
    let Some(rest) = name.strip_prefix(&prefix(profile)) else { return false };
    let (Some(date), Some(rest)) = (rest.get(..10), rest.get(10..)) else { return false };
    let number = rest.strip_prefix(".log");
    let plain_or_numbered = |number: &str| {
        number.is_empty()
            || number
                .strip_prefix('.')
                .is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
    };
    date.parse::<Date>().is_ok() && number.is_some_and(plain_or_numbered)
}

/// Removes this profile's daily files that nobody wrote to for [`MAX_AGE`]; `current` stays whatever its age. Files that
/// cannot be removed are left.
pub fn prune(dir: &Path, profile: Option<&str>, current: &Path, now: SystemTime) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let name = entry.file_name();
        if !name.to_str().is_some_and(|name| is_daily(name, profile)) || entry.path() == current {
            continue;
        }
        let modified = fs::symlink_metadata(entry.path()).and_then(|meta| meta.modified());
        if modified.is_ok_and(|modified| now.duration_since(modified).is_ok_and(|age| age > MAX_AGE)) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// `path.1`, `path.2`…
pub fn rotated(path: &Path, number: u32) -> PathBuf {
    openclaw_os::path::beside(path, &format!(".{number}"))
}

/// Moves the file out of the way: `.2` becomes `.3`, `.1` becomes `.2`, the file becomes `.1`; the oldest goes.
pub fn rotate(path: &Path) -> io::Result<()> {
    for number in (1..KEPT).rev() {
        match fs::rename(rotated(path, number), rotated(path, number + 1)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    fs::rename(path, rotated(path, 1))
}

/// The newest daily log in a folder: what a reader falls back to when today's file does not exist yet.
pub fn newest_daily(dir: &Path, profile: Option<&str>) -> Option<PathBuf> {
    let daily = fs::read_dir(dir).ok()?.flatten().filter(|entry| {
        // Rotated ones are older than the one they were rotated from.
        entry.file_name().to_str().is_some_and(|name| is_daily(name, profile) && name.ends_with(".log"))
    });
    daily.max_by_key(fs::DirEntry::file_name).map(|entry| entry.path())
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn names_of_the_day_and_of_the_profile() {
        let day = date(2026, 3, 7);
        assert_eq!(daily_name(None, day), "openclaw-2026-03-07.log");
        assert_eq!(daily_name(Some("default"), day), "openclaw-2026-03-07.log");
        assert_eq!(daily_name(Some("work"), day), "openclaw-work-2026-03-07.log");
        for (name, profile, expected) in [
            ("openclaw-2026-03-07.log", None, true),
            ("openclaw-2026-03-07.log.1", None, true),
            ("openclaw-work-2026-03-07.log", Some("work"), true),
            ("openclaw-work-2026-03-07.log", None, false),
            ("openclaw-2026-03-07.log", Some("work"), false),
            ("openclaw-2026-13-07.log", None, false),
            ("openclaw-2026-03-07.log.gz", None, false),
            ("openclaw-2026-03-07.log.", None, false),
            ("openclaw-é026-03-07.log", None, false),
        ] {
            assert_eq!(is_daily(name, profile), expected, "{name} {profile:?}");
        }
    }

    #[test]
    fn only_old_files_of_ours_go() {
        let dir = tempfile::tempdir().unwrap();
        let old = SystemTime::now() - MAX_AGE - Duration::from_secs(60);
        let make = |name: &str, old_enough: bool| {
            let path = dir.path().join(name);
            let file = fs::File::create(&path).unwrap();
            if old_enough {
                file.set_modified(old).unwrap();
            }
            path
        };
        let gone = [make("openclaw-2026-03-07.log", true), make("openclaw-2026-03-07.log.2", true)];
        let kept = [
            make("openclaw-2026-03-08.log", false),
            make("openclaw-work-2026-03-07.log", true),
            make("notes.txt", true),
            make("openclaw-2026-03-06.log", true),
        ];
        prune(dir.path(), None, &kept[3], SystemTime::now());
        assert!(gone.iter().all(|path| !path.exists()));
        assert!(kept.iter().all(|path| path.exists()));
        assert_eq!(newest_daily(dir.path(), None), Some(kept[0].clone()));
        assert_eq!(newest_daily(dir.path(), Some("home")), None);
    }

    #[test]
    fn rotation_keeps_a_few() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.log");
        for number in 0..=KEPT + 1 {
            fs::write(&path, number.to_string()).unwrap();
            rotate(&path).unwrap();
        }
        assert!(!path.exists());
        let read = |number| fs::read_to_string(rotated(&path, number)).ok();
        assert_eq!(
            (read(1), read(2), read(3), read(4)),
            (Some("4".into()), Some("3".into()), Some("2".into()), None)
        );
    }
}
