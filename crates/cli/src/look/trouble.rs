//! What hides the real cause of other trouble: a full disk, a log that cannot be written, a store that cannot save
//! (F-19).

use std::path::{Path, PathBuf};

use openclaw_protocol::words::escape;
use serde_json::{Value, json};

use super::OwnerView;
use crate::context::Context;

/// Less than this left on a disk is trouble: the store, its backups and a day's log need about so much.
const LOW_BYTES: u64 = 64 * 1024 * 1024;

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trouble {
    /// `disk`, `log`, `store`, `view`, `backup` or `gateway`.
    pub(crate) what: &'static str,
    /// What is wrong, in a sentence.
    pub(crate) text: String,
}

impl Trouble {
    fn new(what: &'static str, text: impl Into<String>) -> Trouble {
        Trouble { what, text: text.into() }
    }

    /// For programs.
    pub(crate) fn json(&self) -> Value {
        json!({ "what": self.what, "message": self.text })
    }
}

/// Everything that the gateway reports and that the disk shows.
pub(super) fn of(context: &Context, owner: &OwnerView) -> Vec<Trouble> {
    let mut found = told(owner);
    let state = &context.paths.state_dir;
    let log = log_file(context, owner);
    let mut folders: Vec<PathBuf> = vec![existing(state)];
    if let Some(folder) = log.as_deref().and_then(Path::parent).map(existing)
        && !folders.contains(&folder)
    {
        folders.push(folder);
    }
    for folder in folders {
        found.extend(disk(&folder, context));
    }
    // A running gateway says by itself how its log does.
    if owner.gateway("log").is_none()
        && let Some(log) = log.filter(|log| log.exists())
        && let Err(why) = is_writable(&log)
    {
        let path = context.paths.short(&log);
        found.push(Trouble::new("log", format!("The log file {path} cannot be written: {why}.")));
    }
    found
}

/// Asked, not tried: a look opens nothing for writing, and a pipe would let it wait.
fn is_writable(log: &Path) -> std::io::Result<()> {
    if log.is_dir() {
        return Err(std::io::ErrorKind::IsADirectory.into());
    }
    Ok(rustix::fs::access(log, rustix::fs::Access::WRITE_OK)?)
}

/// The log file in use, or the one that a start would use today.
pub(crate) fn log_file(context: &Context, owner: &OwnerView) -> Option<PathBuf> {
    if let Some(told) = owner.gateway("log").and_then(|log| log.get("file")?.as_str()) {
        return Some(PathBuf::from(told));
    }
    if let Ok(loaded) = context.config()
        && let Some(file) = &loaded.gateway.logging.file
    {
        return Some(context.paths.expand(file));
    }
    let today = jiff::Zoned::now().date().to_string();
    openclaw_os::tmp_dir().ok().map(|tmp| context.paths.log_file(&tmp, &today))
}

/// What the gateway itself reports.
pub(crate) fn told(owner: &OwnerView) -> Vec<Trouble> {
    let mut found = Vec::new();
    let text = |pointer: &str| owner.status(pointer).and_then(Value::as_str).map(|text| escape(text, 300));
    if let Some(why) = text("/gateway/log/trouble") {
        found.push(Trouble::new("log", format!("Log lines do not reach the file: {why}.")));
    }
    if let Some(lost) = owner.status("/gateway/log/lost").and_then(Value::as_u64).filter(|lost| *lost > 0) {
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

/// Free space, and whether the disk can be written at all.
fn disk(folder: &Path, context: &Context) -> Option<Trouble> {
    let figures = rustix::fs::statvfs(folder).ok()?;
    let place = context.paths.short(folder);
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

/// The folder, or the nearest one above it that exists.
fn existing(path: &Path) -> PathBuf {
    path.ancestors().find(|path| path.exists()).unwrap_or(Path::new("/")).to_path_buf()
}
