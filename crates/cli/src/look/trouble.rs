//! What hides the real cause of other trouble: a full disk, a log that cannot be written, a store that cannot save
//! (F-19).

use std::path::{Path, PathBuf};

pub(crate) use openclaw_doctor::trouble::Trouble;
use openclaw_doctor::trouble::disk;

use super::OwnerView;
use crate::context::Context;

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
        found.extend(disk(&folder, &context.paths));
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
    owner.answers().map(|answers| openclaw_doctor::trouble::told(&answers.status)).unwrap_or_default()
}

/// The folder, or the nearest one above it that exists.
fn existing(path: &Path) -> PathBuf {
    path.ancestors().find(|path| path.exists()).unwrap_or(Path::new("/")).to_path_buf()
}
