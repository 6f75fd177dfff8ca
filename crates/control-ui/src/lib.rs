//! The browser app, built from `web/` by the build script and embedded in the program, each file as it is and
//! compressed. How it is served is the gateway's business.

use std::borrow::Cow;

mod disk;

/// One embedded file.
struct Packed {
    path: &'static str,
    hash: &'static str,
    hashed_name: bool,
    identity: &'static [u8],
    gzip: Option<&'static [u8]>,
    brotli: Option<&'static [u8]>,
}

// `APP`: the files, or why there are none.
include!(concat!(env!("OUT_DIR"), "/app.rs"));

/// Why this build has no app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(dead_code, reason = "one of them at most is in a build")]
pub enum Absence {
    /// Whoever built the program wished it so.
    LeftOut,
    /// There was no Node.js.
    NoNode,
    /// There was a Node.js, too old for the tools.
    OldNode,
    /// The tools could not be fetched.
    NoPackages,
    /// The tools failed.
    NotBuilt,
    /// The sources of the app were not there.
    NoSources,
}

/// A file of the app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asset {
    /// Its content as it is.
    pub identity: Cow<'static, [u8]>,
    /// The content compressed with gzip, where that is shorter.
    pub gzip: Option<&'static [u8]>,
    /// The content compressed with Brotli, where that is shorter.
    pub brotli: Option<&'static [u8]>,
    /// `Content-Type`.
    pub content_type: &'static str,
    /// Changes with the content. Letters and digits.
    pub hash: Cow<'static, str>,
    /// Whether the name changes with the content, so that the file never changes under its name.
    pub is_immutable: bool,
}

/// The file at `path`, relative to the app's root and without a leading slash. The page itself is no such file.
pub fn asset(path: &str) -> Option<Asset> {
    if path == PAGE {
        return None;
    }
    disk::replaced(path).unwrap_or_else(|| embedded(path))
}

/// The page, from which the files are referred to relative to the app's root (`="./…`).
///
/// # Errors
///
/// Why there is none in this build.
pub fn page() -> Result<Asset, Absence> {
    match disk::replaced(PAGE) {
        Some(page) => page.ok_or(Absence::NotBuilt),
        None => APP.and_then(|_| embedded(PAGE).ok_or(Absence::NotBuilt)),
    }
}

const PAGE: &str = "index.html";

fn embedded(path: &str) -> Option<Asset> {
    let files = APP.ok()?;
    let file = &files[files.binary_search_by(|file| file.path.cmp(path)).ok()?];
    Some(Asset {
        identity: Cow::Borrowed(file.identity),
        gzip: file.gzip,
        brotli: file.brotli,
        content_type: content_type(path),
        hash: Cow::Borrowed(file.hash),
        is_immutable: file.hashed_name,
    })
}

/// The types of what Vite makes of the sources. Anything else is a download.
fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "json" => "application/json; charset=utf-8",
        "webmanifest" => "application/manifest+json; charset=utf-8",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_embedded_file_is_found_and_has_a_type() {
        let Ok(files) = APP else { return };
        assert!(files.is_sorted_by_key(|file| file.path));
        for file in files {
            let found = embedded(file.path).unwrap();
            assert_eq!((&*found.identity, &*found.hash), (file.identity, file.hash), "{}", file.path);
            assert_ne!(found.content_type, "application/octet-stream", "{}", file.path);
            assert!(found.gzip.is_none_or(|gzip| gzip.len() < file.identity.len()), "{}", file.path);
        }
        assert_eq!((asset("nothing.js"), asset(""), asset("index.html")), (None, None, None));
        assert!(page().unwrap().content_type.starts_with("text/html"));
    }
}
