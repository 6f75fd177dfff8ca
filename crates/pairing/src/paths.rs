//! Where pairing keeps its files inside the state directory.

use std::path::{Path, PathBuf};

/// The files of one state directory.
#[derive(Clone, Debug)]
pub struct StatePaths {
    /// The state directory, `~/.openclaw` by default.
    pub state_dir: PathBuf,
    /// `state/`: database, key, backups.
    pub private_dir: PathBuf,
    /// `state/gateway.sqlite`.
    pub database: PathBuf,
    /// `state/gateway.key`: what device tokens are derived with.
    pub key: PathBuf,
    /// `state/backups/`.
    pub backups: PathBuf,
    /// `state/openclaw.sqlite`: the current original's store, imported once and never written.
    pub original: PathBuf,
    /// `devices/`: the readable view.
    pub devices_dir: PathBuf,
    /// `devices/paired.json`.
    pub paired: PathBuf,
    /// `devices/pending.json`.
    pub pending: PathBuf,
}

impl StatePaths {
    /// The usual layout below a state directory.
    pub fn in_state_dir(state_dir: &Path) -> Self {
        let private_dir = state_dir.join("state");
        let devices_dir = state_dir.join("devices");
        Self {
            database: private_dir.join("gateway.sqlite"),
            key: private_dir.join("gateway.key"),
            backups: private_dir.join("backups"),
            original: private_dir.join("openclaw.sqlite"),
            paired: devices_dir.join("paired.json"),
            pending: devices_dir.join("pending.json"),
            state_dir: state_dir.to_path_buf(),
            private_dir,
            devices_dir,
        }
    }
}
