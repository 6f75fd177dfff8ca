//! The log file: opening the right one for the day, rotating it, living with one that cannot be written.
//!
//! Several gateways of a user may share a file (`cli §17`): it is opened for appending, each line is one write, and who
//! finds that another has moved it away opens the new one.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use jiff::civil::Date;
use openclaw_os::file::{self, FileLayer, RealFiles};

use crate::logging::files;
use crate::logging::settings::Destination;

/// After a failure the file is left alone for this long.
const RETRY: Duration = Duration::from_secs(5);
/// The same trouble is told again after this long.
const TELL_AGAIN: Duration = Duration::from_secs(600);
/// How often to look whether the file is still the one of that name.
const LOOK: Duration = Duration::from_secs(2);

/// What became of a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It is in the file; `missed` lines before it are not.
    Written { missed: u64 },
    /// It is not, and this is to be told on standard error (if it was not told before).
    Lost { tell: Option<String> },
}

#[derive(Debug)]
pub(super) struct Sink {
    destination: Destination,
    max_bytes: u64,
    open: Option<Open>,
    failed: Option<Failed>,
    /// What was told last, and when.
    told: Option<(String, Instant)>,
    missed: u64,
    /// The last write may have left half a line.
    torn: bool,
}

#[derive(Debug)]
struct Open {
    file: File,
    path: PathBuf,
    day: Date,
    size: u64,
    looked: Instant,
}

#[derive(Debug)]
struct Failed {
    text: String,
    retry_at: Instant,
}

impl Sink {
    pub(super) fn new(destination: Destination, max_bytes: u64) -> Self {
        Self { destination, max_bytes, open: None, failed: None, told: None, missed: 0, torn: false }
    }

    pub(super) fn set_max_bytes(&mut self, max_bytes: u64) {
        self.max_bytes = max_bytes;
    }

    pub(super) fn path(&self) -> Option<&Path> {
        self.open.as_ref().map(|open| open.path.as_path())
    }

    pub(super) fn trouble(&self) -> Option<String> {
        self.failed.as_ref().map(|failed| failed.text.clone())
    }

    /// Writes one line (with its line feed) that belongs to this local day.
    pub(super) fn write(&mut self, line: &[u8], day: Date, now: Instant) -> Outcome {
        if self.failed.as_ref().is_some_and(|failed| now < failed.retry_at) {
            self.missed += 1;
            return Outcome::Lost { tell: None };
        }
        match self.try_write(line, day, now) {
            Ok(()) => {
                self.failed = None;
                Outcome::Written { missed: std::mem::take(&mut self.missed) }
            }
            Err((path, error)) => {
                self.missed += 1;
                self.open = None;
                let text = match path {
                    Some(path) => format!("the log file {} cannot be written: {error}", path.display()),
                    None => format!("there is no folder for the log file: {error}"),
                };
                self.failed = Some(Failed { text: text.clone(), retry_at: now + RETRY });
                let known = self.told.as_ref();
                let stale =
                    known.is_none_or(|(told, at)| *told != text || now.duration_since(*at) >= TELL_AGAIN);
                if stale {
                    self.told = Some((text.clone(), now));
                }
                Outcome::Lost { tell: stale.then_some(text) }
            }
        }
    }

    fn try_write(
        &mut self,
        line: &[u8],
        day: Date,
        now: Instant,
    ) -> Result<(), (Option<PathBuf>, io::Error)> {
        let path = self.path_for(day).map_err(|error| (None, error))?;
        let at_path = |error| (Some(path.clone()), error);
        self.prepare(&path, line.len() as u64, day, now).map_err(at_path)?;
        let Some(open) = &mut self.open else { return Ok(()) };
        // After half a line the next one must not be glued to it.
        let whole: std::borrow::Cow<'_, [u8]> =
            if self.torn { [b"\n", line].concat().into() } else { line.into() };
        self.torn = true;
        open.file.write_all(&whole).map_err(at_path)?;
        self.torn = false;
        open.size += whole.len() as u64;
        Ok(())
    }

    /// The path for a line of `day`; the file of a later day is kept when an earlier line comes late.
    fn path_for(&self, day: Date) -> io::Result<PathBuf> {
        match &self.destination {
            Destination::File(path) => Ok(path.clone()),
            Destination::Daily { dir, profile } => {
                if let Some(open) = &self.open
                    && open.day >= day
                {
                    return Ok(open.path.clone());
                }
                let dir = match dir {
                    Some(dir) => dir.clone(),
                    None => openclaw_os::tmp_dir()?,
                };
                Ok(dir.join(files::daily_name(profile.as_deref(), day)))
            }
            Destination::Off => Err(io::Error::new(io::ErrorKind::Unsupported, "logging to a file is off")),
        }
    }

    /// Makes sure that `self.open` is the file at `path` with room for `more` bytes.
    fn prepare(&mut self, path: &Path, more: u64, day: Date, now: Instant) -> io::Result<()> {
        if let Some(open) = &mut self.open
            && open.path == path
        {
            if now.duration_since(open.looked) >= LOOK {
                open.looked = now;
                // Others append to it too.
                open.size = open.file.metadata()?.len();
                if !is_at(&open.file, path) {
                    self.open = None;
                }
            }
        } else {
            self.open = None;
        }
        if self.open.is_none() {
            self.open = Some(self.open_at(path, day, now)?);
        }
        let full = self.open.as_ref().is_some_and(|open| open.size > 0 && open.size + more > self.max_bytes);
        if full {
            let still_there = self.open.as_ref().is_some_and(|open| is_at(&open.file, path));
            self.open = None;
            if still_there {
                files::rotate(path)?;
            }
            self.torn = false;
            self.open = Some(self.open_at(path, day, now)?);
        }
        Ok(())
    }

    fn open_at(&self, path: &Path, day: Date, now: Instant) -> io::Result<Open> {
        if let Some(dir) = path.parent().filter(|dir| !dir.as_os_str().is_empty() && !dir.exists()) {
            file::ensure_dir(dir, 0o700)?;
        }
        let (file, _) = RealFiles.open_append(path, 0o600)?;
        if let (Destination::Daily { profile, .. }, Some(dir)) = (&self.destination, path.parent()) {
            files::prune(dir, profile.as_deref(), path, SystemTime::now());
        }
        let size = file.metadata()?.len();
        Ok(Open { file, path: path.to_path_buf(), day, size, looked: now })
    }
}

/// Whether the name still leads to the open file.
fn is_at(file: &File, path: &Path) -> bool {
    match (file.metadata(), fs::symlink_metadata(path)) {
        (Ok(open), Ok(named)) => (open.dev(), open.ino()) == (named.dev(), named.ino()),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use std::os::unix::fs::PermissionsExt;

    const DAY: Date = date(2026, 3, 7);

    fn daily(dir: &Path) -> Destination {
        Destination::Daily { dir: Some(dir.to_path_buf()), profile: None }
    }

    fn read(path: &Path) -> String {
        fs::read_to_string(path).unwrap()
    }

    const WRITTEN: Outcome = Outcome::Written { missed: 0 };

    #[test]
    fn a_new_day_is_a_new_file_and_late_lines_stay_with_it() {
        let dir = tempfile::tempdir().unwrap();
        let mut sink = Sink::new(daily(dir.path()), 1_000);
        let now = Instant::now();
        let tomorrow = DAY.tomorrow().unwrap();
        for (line, day) in [("a\n", DAY), ("b\n", DAY), ("c\n", tomorrow), ("late\n", DAY)] {
            assert_eq!(sink.write(line.as_bytes(), day, now), WRITTEN);
        }
        assert_eq!(read(&dir.path().join("openclaw-2026-03-07.log")), "a\nb\n");
        let second = dir.path().join("openclaw-2026-03-08.log");
        assert_eq!(read(&second), "c\nlate\n");
        assert_eq!(fs::metadata(&second).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_full_file_is_rotated_and_writing_never_stops() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("deep/er/a.log");
        let mut sink = Sink::new(Destination::File(path.clone()), 10);
        for number in 0..20 {
            assert_eq!(sink.write(format!("line{number:02}\n").as_bytes(), DAY, Instant::now()), WRITTEN);
        }
        assert_eq!(read(&path), "line19\n");
        assert_eq!(read(&files::rotated(&path, 1)), "line18\n");
        assert_eq!(read(&files::rotated(&path, files::KEPT)), "line16\n");
        assert!(!files::rotated(&path, files::KEPT + 1).exists());
    }

    #[test]
    fn a_file_that_was_moved_or_removed_is_opened_anew() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.log");
        let mut sink = Sink::new(Destination::File(path.clone()), 1_000);
        let start = Instant::now();
        sink.write(b"1\n", DAY, start);
        fs::rename(&path, dir.path().join("moved")).unwrap();
        sink.write(b"2\n", DAY, start);
        assert_eq!(sink.write(b"3\n", DAY, start + LOOK), WRITTEN);
        assert_eq!(read(&path), "3\n");
        assert_eq!(read(&dir.path().join("moved")), "1\n2\n");
    }

    #[test]
    fn two_who_share_a_file_rotate_it_once() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.log");
        let sink = || Sink::new(Destination::File(path.clone()), 20);
        let (mut one, mut two) = (sink(), sink());
        let start = Instant::now();
        for number in 0..6u32 {
            let at = start + LOOK * number;
            one.write(b"one456\n", DAY, at);
            two.write(b"two456\n", DAY, at);
        }
        let all: String =
            [3, 2, 1].iter().map(|n| read(&files::rotated(&path, *n))).collect::<String>() + &read(&path);
        assert!(all.lines().all(|line| line == "one456" || line == "two456"), "{all}");
        assert!(
            fs::metadata(files::rotated(&path, 1)).unwrap().len() >= 14,
            "not rotated twice for one overflow"
        );
    }

    #[test]
    fn an_unwritable_file_is_told_once_and_tried_again() {
        let dir = tempfile::tempdir().unwrap();
        // A folder in its place cannot be opened for writing, not even by root.
        let path = dir.path().join("a.log");
        fs::create_dir(&path).unwrap();
        let mut sink = Sink::new(Destination::File(path.clone()), 1_000);
        let start = Instant::now();
        let Outcome::Lost { tell: Some(told) } = sink.write(b"1\n", DAY, start) else { panic!("not told") };
        assert!(told.contains("a.log"), "{told}");
        assert_eq!(sink.trouble(), Some(told));
        assert_eq!(sink.write(b"2\n", DAY, start + Duration::from_secs(1)), Outcome::Lost { tell: None });
        assert_eq!(sink.write(b"3\n", DAY, start + RETRY), Outcome::Lost { tell: None });
        fs::remove_dir(&path).unwrap();
        assert_eq!(sink.write(b"4\n", DAY, start + RETRY * 2), Outcome::Written { missed: 3 });
        assert_eq!((sink.trouble(), sink.path()), (None, Some(path.as_path())));
    }

    #[test]
    fn a_full_disk_tears_at_most_one_line() {
        if openclaw_os::peer::own_uid() != 0 {
            println!("skipped: needs root to mount a small tmpfs");
            return;
        }
        let dir = tempfile::tempdir().unwrap();
        let mut mount = std::process::Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=16k", "tmpfs"]).arg(dir.path());
        if !mount.status().is_ok_and(|status| status.success()) {
            println!("skipped: cannot mount a tmpfs here");
            return;
        }
        let path = dir.path().join("a.log");
        let filler = dir.path().join("filler");
        let mut sink = Sink::new(Destination::File(path.clone()), 1_000_000);
        let start = Instant::now();
        fs::write(&filler, vec![0; 8 * 1024]).unwrap();
        let line = [vec![b'x'; 1_000], b"\n".to_vec()].concat();
        let lost = (0..20).find_map(|_| match sink.write(&line, DAY, start) {
            Outcome::Lost { tell } => Some(tell),
            Outcome::Written { .. } => None,
        });
        fs::remove_file(&filler).unwrap();
        let after = sink.write(&line, DAY, start + RETRY);
        let text = read(&path);
        // A mounted file system with an open file cannot be unmounted.
        drop(sink);
        assert!(std::process::Command::new("umount").arg(dir.path()).status().unwrap().success());
        assert!(lost.flatten().is_some_and(|told| told.contains("No space left")));
        assert_eq!(after, Outcome::Written { missed: 1 });
        let torn = text.lines().filter(|line| line.len() != 1_000).count();
        assert!(torn <= 1, "{torn} torn lines");
        assert_eq!(text.lines().last().map(str::len), Some(1_000));
    }
}
