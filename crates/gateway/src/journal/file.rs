//! The journal's file, `state/journal.json`: mode 0600, replaced as a whole, never synced.
//!
//! A file of its own and not the device store's database: there every write is a promise, synced before it is
//! acknowledged, and a storm of refusals must not queue up before approvals, nor a full disk make the store look broken.
//! The journal promises nothing: it is written by one task, a second after a change and at the end, and a write that
//! fails costs only what a restart would then forget. After a kill the last second is missing.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use openclaw_os::file::{self, Files};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{Entry, Journal, log};
use crate::core::Core;

/// Between a change and its write. Under a storm this is also the time between two writes.
const PAUSE: Duration = Duration::from_secs(1);
/// How often the log is told last counts while some are owed.
const COUNT_PAUSE: Duration = Duration::from_secs(5);
/// A larger file is not ours: 256 entries with every part at its longest stay below.
const MAX_BYTES: u64 = 8 * 1024 * 1024;
/// The layout. A file of another one is left alone until the next write replaces it.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct Written<'a> {
    version: u32,
    entries: &'a [Arc<Entry>],
}

#[derive(Deserialize)]
struct Read<'a> {
    version: u32,
    #[serde(borrow)]
    entries: Vec<&'a RawValue>,
}

/// What is in the file, oldest first. Whatever cannot be read is as if it were not there: the journal explains, and
/// must never be the reason why something does not work.
pub(super) fn load(path: &Path) -> Vec<Entry> {
    let Ok(bytes) = file::read_nofollow(path, MAX_BYTES) else { return Vec::new() };
    match serde_json::from_slice::<Read<'_>>(&bytes) {
        Ok(read) if read.version == VERSION => {
            read.entries.into_iter().filter_map(|entry| serde_json::from_str(entry.get()).ok()).collect()
        }
        _ => Vec::new(),
    }
}

impl Journal {
    /// Writes the file when there is something new. After an error it is tried again at the next change.
    pub fn save(&self) -> std::io::Result<()> {
        let Some(path) = &self.path else { return Ok(()) };
        let (entries, changes) = {
            let state = self.state();
            let entries: Vec<Arc<Entry>> = state.entries.iter().map(|kept| kept.entry.clone()).collect();
            (entries, state.changes)
        };
        if changes == 0 {
            return Ok(());
        }
        let bytes = serde_json::to_vec(&Written { version: VERSION, entries: &entries })?;
        Files::real().write_passing(path, &bytes, 0o600)?;
        self.state().changes -= changes;
        Ok(())
    }
}

/// Keeps the file and the log's counts up to date, until it is dropped.
pub(crate) async fn keep(core: Arc<Core>) {
    let mut failing = false;
    loop {
        if core.journal.owes_a_count() {
            tokio::time::timeout(COUNT_PAUSE, core.journal.changed.notified()).await.ok();
        } else {
            core.journal.changed.notified().await;
        }
        tokio::time::sleep(PAUSE).await;
        for entry in core.journal.to_be_told(core.now()) {
            log::write(&core, &entry);
        }
        let at = core.clone();
        let saved = tokio::task::spawn_blocking(move || at.journal.save()).await;
        let Ok(saved) = saved else { return };
        if let Err(error) = &saved
            && !failing
        {
            tracing::warn!(
                subsystem = "gateway/journal",
                "refusals are remembered only until the gateway ends: {error}"
            );
        }
        failing = saved.is_err();
    }
}
