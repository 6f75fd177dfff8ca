//! The end of a log file, read where it lies: what `logs.tail` answers, without a gateway.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// What `logs.tail` answers (cli §11).
#[derive(Debug, Default, Deserialize, PartialEq)]
#[serde(default)]
pub(crate) struct Tail {
    /// The file.
    pub(crate) file: String,
    /// Where the next read goes on, bytes from the beginning.
    pub(crate) cursor: u64,
    /// Size of the file, bytes.
    pub(crate) size: u64,
    /// Whole lines without their ends.
    pub(crate) lines: Vec<String>,
    /// There was more than fitted.
    pub(crate) truncated: bool,
    /// The file was replaced or cut since the cursor was made.
    pub(crate) reset: bool,
}

/// Reads on from the cursor, or the last `limit` lines of the last `max_bytes` bytes.
pub(crate) fn read(path: &Path, cursor: Option<u64>, limit: u64, max_bytes: u64) -> io::Result<Tail> {
    let mut file = File::open(path)?;
    let size = file.metadata()?.len();
    let reset = cursor.is_some_and(|cursor| cursor > size);
    let wanted = cursor.filter(|_| !reset).unwrap_or(0);
    let start = wanted.max(size.saturating_sub(max_bytes));
    let mut truncated = start > wanted;
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::new();
    file.take(max_bytes).read_to_end(&mut bytes)?;
    // A cut at the front leaves half a line; one at the end is still being written.
    let head = if start > wanted {
        bytes.iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |at| at + 1)
    } else {
        0
    };
    let end = bytes.iter().rposition(|byte| *byte == b'\n').map_or(head, |at| at + 1).max(head);
    let text = String::from_utf8_lossy(&bytes[head..end]);
    let mut lines: Vec<String> = text.lines().map(str::to_owned).filter(|line| !line.is_empty()).collect();
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    if cursor.is_none() && lines.len() > limit {
        lines.drain(..lines.len() - limit);
    } else if lines.len() > limit {
        truncated = true;
        lines.drain(..lines.len() - limit);
    }
    let cursor = start + end as u64;
    Ok(Tail { file: path.display().to_string(), cursor, size, lines, truncated, reset })
}

/// The log file to read: the expected one, else the newest of its kind beside it (the gateway may have been stopped
/// since yesterday). `prefix` is the name up to the date.
pub(crate) fn newest(expected: &Path, prefix: &str) -> Option<PathBuf> {
    if expected.is_file() {
        return Some(expected.to_path_buf());
    }
    let names = std::fs::read_dir(expected.parent()?).ok()?;
    let dated = |name: &str| {
        let date = name.strip_prefix(prefix).and_then(|rest| rest.strip_suffix(".log"));
        date.is_some_and(|date| {
            date.len() == 10 && date.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-')
        })
    };
    names
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|path| path.file_name().and_then(|name| name.to_str()).is_some_and(dated))
        .max()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{newest, read};

    #[test]
    fn reads_whole_lines_and_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.log");
        fs::write(&path, "one\ntwo\nthree\nhal").unwrap();
        let tail = read(&path, None, 2, 1000).unwrap();
        assert_eq!(
            (tail.lines.as_slice(), tail.cursor, tail.truncated),
            (["two".to_owned(), "three".to_owned()].as_slice(), 14, false)
        );
        fs::write(&path, "one\ntwo\nthree\nhalf\nmore\n").unwrap();
        let tail = read(&path, Some(tail.cursor), 10, 1000).unwrap();
        assert_eq!(
            (tail.lines, tail.cursor, tail.reset),
            (vec!["half".to_owned(), "more".to_owned()], 24, false)
        );
        assert!(read(&path, Some(24), 10, 1000).unwrap().lines.is_empty());
    }

    #[test]
    fn a_small_budget_cuts_at_a_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.log");
        fs::write(&path, "first\nsecond\nthird\n").unwrap();
        let tail = read(&path, None, 10, 9).unwrap();
        assert_eq!((tail.lines, tail.truncated), (vec!["third".to_owned()], true));
        // Nothing but a piece of one line: nothing whole to show, and the cursor goes on behind it.
        let tail = read(&path, None, 10, 3).unwrap();
        assert_eq!((tail.lines.len(), tail.cursor), (0, 19));
    }

    #[test]
    fn a_shorter_file_starts_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.log");
        fs::write(&path, "new\n").unwrap();
        let tail = read(&path, Some(500), 10, 100).unwrap();
        assert_eq!((tail.lines, tail.reset, tail.cursor), (vec!["new".to_owned()], true, 4));
        assert!(read(&folder.path().join("none"), None, 1, 1).is_err());
    }

    #[test]
    fn yesterdays_file_when_there_is_none_today() {
        let folder = tempfile::tempdir().unwrap();
        let today = folder.path().join("openclaw-2026-11-20.log");
        assert_eq!(newest(&today, "openclaw-"), None);
        for name in [
            "openclaw-2026-11-18.log",
            "openclaw-2026-11-19.log",
            "openclaw-work-2026-11-19.log",
            "other.log",
        ] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        assert_eq!(newest(&today, "openclaw-"), Some(folder.path().join("openclaw-2026-11-19.log")));
        assert_eq!(
            newest(&today, "openclaw-work-"),
            Some(folder.path().join("openclaw-work-2026-11-19.log"))
        );
        fs::write(&today, "").unwrap();
        assert_eq!(newest(&today, "openclaw-"), Some(today));
    }
}
