//! The way back: `paired.json` and `pending.json` as the early-2026 gateway wrote them, tokens included.
//!
//! Tokens that were taken over are known only by their hash and cannot be written; in their place stands the derived
//! token of the same device, which the device will be handed by whichever gateway it meets next.

use std::io;
use std::path::{Path, PathBuf};

use openclaw_os::file::Files;
use openclaw_protocol::time::Millis;

use crate::model::Snapshot;
use crate::token::TokenKey;
use crate::view::{format, pieces};

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportReport {
    /// `paired.json`, mode 0600: it holds the device tokens.
    pub paired: PathBuf,
    /// `pending.json`.
    pub pending: PathBuf,
    /// Devices written.
    pub devices: usize,
    /// How many of them use a token that only they know: they need the gateway token once.
    pub without_own_token: usize,
}

pub(crate) fn write(
    snapshot: &Snapshot,
    key: &TokenKey,
    files: &Files,
    folder: &Path,
    now: Millis,
) -> io::Result<ExportReport> {
    files.ensure_dir(folder, 0o700)?;
    let report = ExportReport {
        paired: folder.join("paired.json"),
        pending: folder.join("pending.json"),
        devices: snapshot.device_count(),
        without_own_token: snapshot
            .devices()
            .filter(|device| {
                [&device.operator, &device.node]
                    .into_iter()
                    .flatten()
                    .any(|grant| grant.token.imported.is_some())
            })
            .count(),
    };
    let mut state = snapshot.clone();
    let _ = crate::transition::expire(&mut state, now);
    pieces::replace(files, &report.paired, |out| format::paired(&state, Some(key), out))?;
    pieces::replace(files, &report.pending, |out| format::pending(&state, out))?;
    Ok(report)
}
