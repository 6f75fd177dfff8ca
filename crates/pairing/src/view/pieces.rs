//! Writing a large file atomically without ever holding it in memory as a whole: the view of ten thousand devices has
//! ten megabytes, which would otherwise stay with the process.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use openclaw_os::file::Files;
use sha2::{Digest, Sha256};

const PIECE: usize = 1 << 20;

/// Replaces `path` by what `fill` writes, atomically and durably, with mode 0600.
pub(crate) fn replace(
    files: &Files,
    path: &Path,
    fill: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    replace_known(files, path, fill, |_| ())
}

/// As [`replace`]; `look` sees the complete file before it stands under its name, when nobody else can have written to
/// it yet.
pub(super) fn replace_known<T>(
    files: &Files,
    path: &Path,
    fill: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    look: impl FnOnce(&Path) -> T,
) -> io::Result<T> {
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(".new");
    let mut pieces = Pieces { files, temporary: path.with_file_name(name), begun: false, held: Vec::new() };
    let result = fill(&mut pieces).and_then(|()| pieces.place(path, look));
    if result.is_err() && pieces.begun {
        // Litter only; the old file is as it was.
        let _ = files.remove(&pieces.temporary);
    }
    result
}

/// SHA-256 of what `fill` writes.
pub(super) fn hash(fill: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<[u8; 32]> {
    // Serialisers write a few bytes at a time, which hashers do not like.
    let mut out = BufWriter::with_capacity(1 << 13, Sha256::new());
    fill(&mut out)?;
    let hasher = out.into_inner().map_err(io::IntoInnerError::into_error)?;
    Ok(hasher.finalize().into())
}

struct Pieces<'a> {
    files: &'a Files,
    temporary: PathBuf,
    /// Something is in the temporary file.
    begun: bool,
    held: Vec<u8>,
}

impl Pieces<'_> {
    fn write_out(&mut self) -> io::Result<()> {
        if !self.begun {
            // From a run that was cut short.
            self.files.remove(&self.temporary)?;
            self.begun = true;
        }
        self.files.append(&self.temporary, &self.held, 0o600)?;
        self.held.clear();
        Ok(())
    }

    fn place<T>(&mut self, path: &Path, look: impl FnOnce(&Path) -> T) -> io::Result<T> {
        if !self.begun || !self.held.is_empty() {
            self.write_out()?;
        }
        let seen = look(&self.temporary);
        self.files.rename(&self.temporary, path)?;
        Ok(seen)
    }
}

impl Write for Pieces<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.held.extend_from_slice(bytes);
        if self.held.len() >= PIECE {
            self.write_out()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_looked_at_before_anybody_else_can_write_to_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, "old").unwrap();
        let seen = replace_known(
            &Files::real(),
            &path,
            |out| out.write_all(b"new"),
            |file| (std::fs::read(file).unwrap(), std::fs::read(&path).unwrap()),
        );
        assert_eq!(seen.unwrap(), (b"new".to_vec(), b"old".to_vec()));
        assert_eq!(std::fs::read(&path).unwrap(), b"new");
    }

    #[test]
    fn large_and_small_files_arrive_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let files = Files::real();
        for size in [0usize, 10, PIECE - 1, PIECE, 3 * PIECE + 17] {
            let bytes: Vec<u8> = (0..size).map(|n| u8::try_from(n % 251).unwrap()).collect();
            replace(&files, &path, |out| bytes.chunks(1000).try_for_each(|part| out.write_all(part)))
                .unwrap();
            assert_eq!(std::fs::read(&path).unwrap(), bytes);
        }
        let before = std::fs::read(&path).unwrap();
        let failed = replace(&files, &path, |out| {
            out.write_all(&vec![1; 2 * PIECE])?;
            Err(io::Error::other("planted"))
        });
        assert!(failed.is_err());
        assert_eq!(std::fs::read(&path).unwrap(), before);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "no litter");
    }
}
