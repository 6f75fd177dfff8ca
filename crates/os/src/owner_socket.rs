//! Where the owner socket of a state directory is (ruling 28): one rule for the gateway, which binds it, and for
//! clients, which look for it.

use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

/// The most bytes of a socket's path: the smallest limit among the systems we know (macOS 104, Linux 108, each with a
/// closing zero).
pub const MAX_PATH_BYTES: usize = 103;

/// The file name in the state directory.
const NAME: &str = "gateway.sock";

/// The usual place, `<state>/gateway.sock`; `None` when that path is too long for a socket.
pub fn in_state_dir(state_dir: &Path) -> Option<PathBuf> {
    let path = state_dir.join(NAME);
    (path.as_os_str().len() <= MAX_PATH_BYTES).then_some(path)
}

/// The other place, for long paths and file systems without sockets: `<tmp>/openclaw-<uid>/<8 hex>.sock`, the digits
/// being the beginning of SHA-256 over the state directory's path with links resolved. `uid` is the gateway's.
pub fn in_tmp(tmp: &Path, uid: u32, state_dir: &Path) -> PathBuf {
    let real = state_dir.canonicalize().unwrap_or_else(|_| state_dir.to_path_buf());
    let digest = Sha256::digest(real.as_os_str().as_bytes());
    let name: String = digest[..4].iter().map(|byte| format!("{byte:02x}")).collect();
    tmp.join(format!("openclaw-{uid}")).join(format!("{name}.sock"))
}
