//! What hides the real cause of other trouble: a full disk, a log that cannot be written, a store that cannot save
//! (F-19).

use std::path::Path;

use openclaw_config::Paths;
use openclaw_protocol::words::escape;
use serde_json::{Value, json};

/// Less than this left on a disk is trouble: the store, its backups and a day's log need about so much.
const LOW_BYTES: u64 = 64 * 1024 * 1024;

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// `disk`, `log`, `store`, `view`, `backup` or `gateway`.
    pub what: &'static str,
    /// What is wrong, in a sentence.
    pub text: String,
}

impl Trouble {
    /// A finding.
    #[must_use]
    pub fn new(what: &'static str, text: impl Into<String>) -> Self {
        Self { what, text: text.into() }
    }

    /// For programs.
    #[must_use]
    pub fn json(&self) -> Value {
        json!({ "what": self.what, "message": self.text })
    }
}

/// What a gateway reports of itself in its answer to `status`.
#[must_use]
pub fn told(status: &Value) -> Vec<Trouble> {
    let mut found = Vec::new();
    let text = |pointer: &str| status.pointer(pointer).and_then(Value::as_str).map(|text| escape(text, 300));
    if let Some(why) = text("/gateway/log/trouble") {
        found.push(Trouble::new("log", format!("Log lines do not reach the file: {why}.")));
    }
    if let Some(lost) = status.pointer("/gateway/log/lost").and_then(Value::as_u64).filter(|lost| *lost > 0) {
        found.push(Trouble::new("log", format!("{lost} log lines were lost since the gateway started.")));
    }
    for (pointer, what, name) in [
        ("/devices/trouble/writer", "store", "The pairing store cannot save"),
        ("/devices/trouble/view", "view", "devices/paired.json cannot be written"),
        ("/devices/trouble/backup", "backup", "The pairing store could not be backed up"),
    ] {
        if let Some(why) = text(pointer) {
            found.push(Trouble::new(what, format!("{name}: {why}.")));
        }
    }
    found
}

/// Free space on the disk with this folder, and whether it can be written at all.
#[must_use]
pub fn disk(folder: &Path, paths: &Paths) -> Option<Trouble> {
    let figures = rustix::fs::statvfs(folder).ok()?;
    let place = paths.short(folder);
    if figures.f_flag.contains(rustix::fs::StatVfsMountFlags::RDONLY) {
        return Some(Trouble::new("disk", format!("The disk with {place} is mounted read-only.")));
    }
    // Some filesystems count nothing; they are not full for that.
    if figures.f_blocks > 0 && figures.f_files > 0 && figures.f_favail == 0 {
        return Some(Trouble::new("disk", format!("The disk with {place} has no room for another file.")));
    }
    let left = figures.f_bavail.saturating_mul(figures.f_frsize);
    (figures.f_blocks > 0 && left < LOW_BYTES).then(|| {
        Trouble::new(
            "disk",
            format!("The disk with {place} is nearly full: {} MiB left.", left / (1024 * 1024)),
        )
    })
}
