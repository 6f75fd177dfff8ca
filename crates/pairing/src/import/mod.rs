//! Adoption of what an original gateway left in the state directory, once, when our database is made (ruling 24).
//!
//! The current original's `state/openclaw.sqlite` is only read. The early-2026 `devices/*.json` are copied to
//! `*.imported` before the readable view takes their place. Tokens become hashes. What cannot be understood is
//! reported and written aside, and never stands in the way of the good records.

mod json;
mod record;
mod sqlite;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use openclaw_os::file::Files;
use openclaw_protocol::words::Words;

use crate::model::{Device, SetAside};
use crate::paths::StatePaths;
use crate::store::StoreOptions;

/// The largest `paired.json` that is read.
const MAX_BYTES: u64 = 64 << 20;

/// What was taken over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImportReport {
    /// Devices taken over.
    pub devices: usize,
    /// How many of them came with a token that goes on working.
    pub with_tokens: usize,
    /// From which files.
    pub from: Vec<PathBuf>,
    /// Copies of the files whose place the view takes.
    pub copies: Vec<PathBuf>,
    /// What could not be taken over, and why.
    pub refused: Vec<SetAside>,
    /// Other things the owner should know, as sentences.
    pub warnings: Vec<String>,
}

impl ImportReport {
    /// The report as sentences.
    pub fn sentences(&self) -> Vec<String> {
        let mut out = Vec::new();
        let from: Vec<_> = self.from.iter().map(|path| path.display().to_string()).collect();
        if self.devices > 0 {
            out.push(format!(
                "{} paired {} came along from {} ({} with a working token).",
                self.devices,
                if self.devices == 1 { "device" } else { "devices" },
                from.join(" and "),
                self.with_tokens
            ));
        }
        if !self.refused.is_empty() {
            let kept = self.refused.iter().find_map(|item| item.kept_in.as_ref());
            out.push(format!(
                "{} could not be taken over{}: {}",
                if self.refused.len() == 1 {
                    "1 record".to_owned()
                } else {
                    format!("{} records", self.refused.len())
                },
                kept.map(|path| format!(" and stand in {}", path.display())).unwrap_or_default(),
                self.refused
                    .iter()
                    .take(3)
                    .map(|item| format!("{}: {}", item.record, item.why))
                    .collect::<Vec<_>>()
                    .join("; ")
            ));
        }
        out.extend(self.warnings.iter().cloned());
        out
    }
}

/// Collects while reading.
#[derive(Default)]
struct Gathered {
    devices: Vec<Device>,
    known: HashSet<String>,
    /// Raw texts of refused records, for the quarantine file.
    quarantine: Vec<(String, String, serde_json::Value)>,
    report: ImportReport,
}

impl Gathered {
    fn refuse(&mut self, record: &str, why: String, raw: serde_json::Value) {
        self.report.refused.push(SetAside { record: Words::new(record), why: why.clone(), kept_in: None });
        self.quarantine.push((record.to_owned(), why, raw));
    }
}

/// Reads what is there. `Ok(None)`: nothing to adopt. An error is one of *our* disk, never of the files' content.
pub(crate) fn adopt(
    paths: &StatePaths,
    options: &StoreOptions,
) -> io::Result<Option<(Vec<Device>, ImportReport)>> {
    let files = &options.files;
    let mut all = Gathered::default();
    if trusted_source(&paths.original, options, &mut all) {
        // The current original's rows win over an older file that it has not taken over yet.
        sqlite::read(&paths.original, &mut all);
    }
    let mut copied = Vec::new();
    if trusted_source(&paths.paired, options, &mut all) {
        match files.read(&paths.paired, MAX_BYTES) {
            Ok(bytes) => {
                json::read(&paths.paired, &bytes, &mut all);
                copied.push((paths.paired.clone(), bytes));
            }
            Err(error) => all.report.warnings.push(format!("{error}; nothing was taken over from it.")),
        }
    }
    // Waiting requests are not taken over: their devices ask again. The file is only kept.
    if let Ok(bytes) = files.read(&paths.pending, MAX_BYTES) {
        copied.push((paths.pending.clone(), bytes));
    }
    for (path, bytes) in copied {
        let copy = keep(files, &path, &bytes, "imported", (options.clock)().0)?;
        all.report.copies.push(copy);
    }
    if !all.quarantine.is_empty() {
        let text = quarantine_text(&all.quarantine)?;
        let kept = keep(files, &paths.paired, &text, "quarantined", (options.clock)().0)?;
        all.report.refused.iter_mut().for_each(|item| item.kept_in = Some(kept.clone()));
    }
    let nothing = all.devices.is_empty()
        && all.report.from.is_empty()
        && all.report.refused.is_empty()
        && all.report.warnings.is_empty();
    if nothing {
        return Ok(None);
    }
    all.report.devices = all.devices.len();
    all.report.with_tokens = all.devices.iter().filter(|device| has_token(device)).count();
    Ok(Some((all.devices, all.report)))
}

fn has_token(device: &Device) -> bool {
    device
        .effective_roles()
        .iter()
        .any(|role| device.effective(role).is_some_and(|grant| grant.token.imported.is_some()))
}

/// A link or somebody else's file is not adopted; one that others could have written is, because the original
/// honoured it as well, but the owner is told.
fn trusted_source(path: &Path, options: &StoreOptions, all: &mut Gathered) -> bool {
    let Ok(meta) = fs::symlink_metadata(path) else { return false };
    let shown = path.display();
    if !meta.is_file() {
        all.report.warnings.push(format!("{shown} is not a plain file; nothing was taken over from it."));
        return false;
    }
    if !options.owners.trusts(meta.uid()) {
        let uid = meta.uid();
        all.report.warnings.push(format!("{shown} belongs to uid {uid}; nothing was taken over from it."));
        return false;
    }
    if meta.mode() & 0o022 != 0 {
        all.report.warnings.push(format!(
            "{shown} could be written by other accounts; look at `openclaw devices list` whether you know every device."
        ));
    }
    true
}

/// Keeps a copy beside the file, under a name that is not taken by something else.
fn keep(files: &Files, path: &Path, bytes: &[u8], word: &str, stamp: u64) -> io::Result<PathBuf> {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{word}"));
    let first = PathBuf::from(&name);
    match files.create_new(&first, bytes, 0o600) {
        Ok(()) => return Ok(first),
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        // From a start that was cut short right after this.
        Err(_) if files.read(&first, MAX_BYTES).is_ok_and(|kept| kept == bytes) => return Ok(first),
        Err(_) => {}
    }
    name.push(format!("-{stamp}"));
    let second = PathBuf::from(name);
    files.write_atomic(&second, bytes, 0o600)?;
    Ok(second)
}

fn quarantine_text(records: &[(String, String, serde_json::Value)]) -> io::Result<Vec<u8>> {
    let list: Vec<_> = records
        .iter()
        .map(|(record, why, raw)| serde_json::json!({ "record": record, "why": why, "content": raw }))
        .collect();
    let mut bytes = serde_json::to_vec_pretty(&list)?;
    bytes.push(b'\n');
    Ok(bytes)
}
