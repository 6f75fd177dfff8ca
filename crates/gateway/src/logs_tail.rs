//! `logs.tail` (`cli §11`): the end of the log file, or what came since a cursor. Pure reading of a file, so that the CLI
//! can do the same without a gateway. Memory is bounded by `maxBytes`.
//!
//! A cursor is the byte offset behind the last complete line that was handed out. A line that is still being written is
//! left for the next call.

use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use openclaw_os::file;
use serde::{Deserialize, Serialize};

use crate::logging::files;

/// Lines handed out unless asked otherwise.
const DEFAULT_LIMIT: u64 = 500;
/// Most lines handed out.
const MAX_LIMIT: u64 = 5_000;
/// Bytes looked at unless asked otherwise.
const DEFAULT_MAX_BYTES: u64 = 250_000;
/// Most bytes looked at.
const MAX_BYTES: u64 = 1_000_000;

/// What is asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TailParams {
    /// From an earlier answer: only what came since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<u64>,
    /// Most lines wanted, 1 to 5,000; default 500.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
    /// Most bytes wanted, 1 to 1,000,000; default 250,000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_bytes: Option<u64>,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tail {
    /// The file that was read.
    pub file: PathBuf,
    /// For the next call.
    pub cursor: u64,
    /// The file's size in bytes.
    pub size: u64,
    /// Whole lines without their line feeds, oldest first.
    pub lines: Vec<String>,
    /// There was more than `maxBytes` allowed.
    pub truncated: bool,
    /// The cursor does not belong to this file (it was rotated): the lines are its end.
    pub reset: bool,
}

/// Reads the end of the log. `path` is the current log file; when today's daily file does not exist yet, the newest
/// earlier one is read. A log that does not exist at all is an empty one.
pub fn tail(path: &Path, params: &TailParams) -> io::Result<Tail> {
    let limit = params.limit.unwrap_or(DEFAULT_LIMIT).clamp(1, MAX_LIMIT);
    let max_bytes = params.max_bytes.unwrap_or(DEFAULT_MAX_BYTES).clamp(1, MAX_BYTES);
    let path = existing(path);
    let mut file = match file::open_nofollow(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let reset = params.cursor.is_some_and(|cursor| cursor > 0);
            return Ok(Tail { file: path, reset, ..Tail::default() });
        }
        Err(error) => return Err(error),
    };
    let size = file.metadata()?.len();
    let slice = read(&mut file, size, params.cursor, max_bytes)?;
    // Following reads on from the cursor and must not skip; a first look wants the newest.
    let following = params.cursor.is_some() && !slice.reset;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let (lines, cursor) = slice.lines(limit, following);
    Ok(Tail { file: path, cursor, size, lines, truncated: slice.truncated, reset: slice.reset })
}

/// Today's file, or the newest daily one of the same folder and profile.
fn existing(path: &Path) -> PathBuf {
    if path.exists() {
        return path.to_path_buf();
    }
    let fallback = || {
        let name = path.file_name()?.to_str()?;
        // `openclaw-<profile>-YYYY-MM-DD.log`
        let stem = name.strip_suffix(".log")?;
        let before_date = stem.get(..stem.len().checked_sub(10)?)?;
        let profile = before_date.strip_prefix("openclaw-")?.strip_suffix('-');
        files::is_daily(name, profile).then(|| files::newest_daily(path.parent()?, profile)).flatten()
    };
    fallback().unwrap_or_else(|| path.to_path_buf())
}

/// The bytes that are looked at.
#[derive(Debug)]
struct Slice {
    bytes: Vec<u8>,
    /// Offset of the first byte.
    start: u64,
    truncated: bool,
    reset: bool,
}

fn read(file: &mut (impl Read + Seek), size: u64, cursor: Option<u64>, max_bytes: u64) -> io::Result<Slice> {
    let end = size.saturating_sub(max_bytes);
    // Another file has taken the place of the one the cursor is from when it is shorter, or when the cursor, which is
    // always behind a line feed, is not behind one here.
    let fits = match cursor {
        None | Some(0) => true,
        Some(cursor) => cursor <= size && byte_at(file, cursor - 1)? == Some(b'\n'),
    };
    let reset = !fits;
    let wanted = if fits { cursor.unwrap_or(0) } else { 0 };
    let start = wanted.max(end);
    let truncated = start > wanted;
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::with_capacity(usize::try_from(size - start).unwrap_or(0));
    file.take(size - start).read_to_end(&mut bytes)?;
    let mut slice = Slice { bytes, start, truncated, reset };
    if truncated && byte_at(file, start - 1)? != Some(b'\n') {
        slice.drop_first_line();
    }
    Ok(slice)
}

fn byte_at(file: &mut (impl Read + Seek), at: u64) -> io::Result<Option<u8>> {
    file.seek(SeekFrom::Start(at))?;
    let mut byte = [0];
    Ok((file.read(&mut byte)? == 1).then_some(byte[0]))
}

impl Slice {
    /// The slice begins inside a line, of which the rest is of no use.
    fn drop_first_line(&mut self) {
        let length = match self.bytes.iter().position(|byte| *byte == b'\n') {
            Some(at) => at + 1,
            // One line longer than all that may be read: nothing to show until it ends.
            None => self.bytes.len(),
        };
        self.bytes.drain(..length);
        self.start += length as u64;
    }

    /// At most `limit` lines, the first or the last ones, and the offset behind the last one.
    fn lines(&self, limit: usize, first: bool) -> (Vec<String>, u64) {
        let complete = self.bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let mut lines = Vec::new();
        let mut used = 0;
        for line in self.bytes[..complete].split_inclusive(|byte| *byte == b'\n') {
            if first && lines.len() == limit {
                break;
            }
            used += line.len();
            let text = String::from_utf8_lossy(line);
            let text = text.trim_end_matches(['\n', '\r']);
            if !text.is_empty() {
                lines.push(text.to_owned());
            }
        }
        if lines.len() > limit {
            lines.drain(..lines.len() - limit);
        }
        (lines, self.start + used as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Cursor, Write};

    fn ask(cursor: Option<u64>, limit: u64, max_bytes: u64) -> TailParams {
        TailParams { cursor, limit: Some(limit), max_bytes: Some(max_bytes) }
    }

    fn write(path: &Path, text: &str) {
        std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)
            .unwrap()
            .write_all(text.as_bytes())
            .unwrap();
    }

    #[test]
    fn first_the_end_then_what_is_new() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.log");
        write(&path, "1\n2\n3\n");
        let first = tail(&path, &ask(None, 2, 100)).unwrap();
        assert_eq!(
            (first.lines.as_slice(), first.cursor, first.size),
            (["2".into(), "3".into()].as_slice(), 6, 6)
        );
        assert!(!first.truncated && !first.reset);
        assert!(tail(&path, &ask(Some(6), 9, 100)).unwrap().lines.is_empty());
        // Half a line waits until it is whole.
        write(&path, "fo");
        let half = tail(&path, &ask(Some(6), 9, 100)).unwrap();
        assert_eq!((half.lines.len(), half.cursor, half.size), (0, 6, 8));
        write(&path, "ur\n5\n6\n");
        let more = tail(&path, &ask(Some(6), 2, 100)).unwrap();
        assert_eq!((more.lines, more.cursor), (vec!["four".to_owned(), "5".into()], 13));
        assert_eq!(tail(&path, &ask(Some(13), 2, 100)).unwrap().lines, ["6"]);
    }

    #[test]
    fn too_much_is_cut_at_a_line_and_said() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.log");
        write(&path, "aaaa\nbbbb\ncccc\n");
        let cut = tail(&path, &ask(None, 9, 7)).unwrap();
        assert_eq!((cut.lines, cut.truncated, cut.cursor), (vec!["cccc".to_owned()], true, 15));
        let exact = tail(&path, &ask(None, 9, 10)).unwrap();
        assert_eq!((exact.lines.len(), exact.truncated), (2, true));
        let behind = tail(&path, &ask(Some(5), 9, 5)).unwrap();
        assert_eq!((behind.lines, behind.truncated, behind.reset), (vec!["cccc".to_owned()], true, false));
        write(&path, &"x".repeat(50));
        let endless = tail(&path, &ask(Some(15), 9, 20)).unwrap();
        assert_eq!((endless.lines.len(), endless.cursor, endless.truncated), (0, 65, true));
    }

    #[test]
    fn a_rotated_file_resets_the_cursor() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.log");
        write(&path, "new\n");
        let shorter = tail(&path, &ask(Some(1_000), 9, 100)).unwrap();
        assert!(shorter.reset && shorter.lines == ["new"]);
        write(&path, "a longer line than before\n");
        let longer = tail(&path, &ask(Some(7), 9, 100)).unwrap();
        assert!(longer.reset, "the cursor lies inside a line");
        assert_eq!((longer.lines.len(), longer.cursor), (2, longer.size));
    }

    #[test]
    fn a_missing_file_is_empty_or_the_newest_of_its_kind() {
        let dir = tempfile::tempdir().unwrap();
        let today = dir.path().join("openclaw-2026-03-08.log");
        let none = tail(&today, &TailParams::default()).unwrap();
        assert_eq!(none, Tail { file: today.clone(), ..Tail::default() });
        write(&dir.path().join("openclaw-2026-03-06.log"), "old\n");
        write(&dir.path().join("openclaw-2026-03-07.log"), "yesterday\n");
        write(&dir.path().join("openclaw-work-2026-03-07.log"), "work\n");
        assert_eq!(tail(&today, &TailParams::default()).unwrap().lines, ["yesterday"]);
        let work = dir.path().join("openclaw-work-2026-03-08.log");
        assert_eq!(tail(&work, &TailParams::default()).unwrap().lines, ["work"]);
        let other = dir.path().join("mine.log");
        assert!(tail(&other, &TailParams::default()).unwrap().lines.is_empty());
    }

    proptest::proptest! {
        /// Following with any limits, while the file grows in any pieces, hands out every line once and in order.
        #[test]
        fn following_loses_and_repeats_nothing(
            pieces in proptest::collection::vec("[ab\n]{0,12}", 1..8),
            limit in 1u64..4,
        ) {
            let mut file: Vec<u8> = Vec::new();
            let mut cursor = 0;
            let mut seen: Vec<String> = Vec::new();
            for piece in &pieces {
                file.extend_from_slice(piece.as_bytes());
                loop {
                    let size = file.len() as u64;
                    let slice = read(&mut Cursor::new(&file), size, Some(cursor), 1_000).unwrap();
                    proptest::prop_assert!(!slice.reset && !slice.truncated);
                    let (lines, next) = slice.lines(limit as usize, true);
                    let done = next == cursor;
                    proptest::prop_assert!(lines.len() <= limit as usize && next >= cursor);
                    seen.extend(lines);
                    cursor = next;
                    if done {
                        break;
                    }
                }
            }
            let text = pieces.concat();
            let complete = text.rfind('\n').map_or("", |at| &text[..at]);
            let expected: Vec<&str> = complete.split('\n').filter(|line| !line.is_empty()).collect();
            proptest::prop_assert_eq!(seen, expected);
        }

        #[test]
        fn any_bytes_and_any_question_are_answered_within_bounds(
            bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300),
            cursor in proptest::option::of(0u64..400),
            max_bytes in 1u64..400,
        ) {
            let size = bytes.len() as u64;
            let slice = read(&mut Cursor::new(&bytes), size, cursor, max_bytes).unwrap();
            proptest::prop_assert!(slice.bytes.len() as u64 <= max_bytes);
            let (_, next) = slice.lines(5, cursor.is_some());
            proptest::prop_assert!(next <= size);
        }
    }
}
