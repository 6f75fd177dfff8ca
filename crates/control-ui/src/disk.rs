//! The app from a folder instead of the program, for whoever works on it: `OPENCLAW_UI_DIR=<folder that Vite builds
//! into>`. Not in release builds, which serve no file from any disk.

use crate::Asset;

/// The file in the folder that the environment names; `None` when it names none.
#[cfg(not(debug_assertions))]
pub(crate) fn replaced(_path: &str) -> Option<Option<Asset>> {
    None
}

/// The file in the folder that the environment names; `None` when it names none.
#[cfg(debug_assertions)]
pub(crate) fn replaced(path: &str) -> Option<Option<Asset>> {
    use std::borrow::Cow;
    use std::hash::{DefaultHasher, Hash, Hasher};

    let folder = std::path::PathBuf::from(std::env::var_os("OPENCLAW_UI_DIR")?);
    let plain = path.split('/').all(|part| !part.is_empty() && !part.starts_with('.'));
    let content = plain.then(|| std::fs::read(folder.join(path)).ok()).flatten();
    Some(content.map(|content| {
        let mut hasher = DefaultHasher::new();
        content.hash(&mut hasher);
        Asset {
            hash: Cow::Owned(format!("{:016x}", hasher.finish())),
            identity: Cow::Owned(content),
            gzip: None,
            brotli: None,
            content_type: crate::content_type(path),
            is_immutable: path.starts_with("assets/"),
        }
    }))
}
