//! Paths: the name beside a file, and a path as a person types it.

use std::path::{Path, PathBuf};

/// The path with `suffix` behind its name: `x.json` and `.bak` are `x.json.bak`. No byte of the name is lost.
pub fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// The path as one word of a shell's line.
pub fn in_shell(path: &Path) -> String {
    let text = path.to_string_lossy();
    let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte));
    if plain { text.into_owned() } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_beside_a_file() {
        assert_eq!(beside(Path::new("/a/x.json"), ".bak"), Path::new("/a/x.json.bak"));
        assert_eq!(beside(Path::new("/a/u.service"), ".d"), Path::new("/a/u.service.d"));
    }

    #[test]
    fn a_path_is_one_word() {
        for (path, word) in [
            ("/home/u/.openclaw/x.json", "/home/u/.openclaw/x.json"),
            ("/a b", "'/a b'"),
            ("/it's;reboot", "'/it'\\''s;reboot'"),
            ("/u@1.service", "'/u@1.service'"),
        ] {
            assert_eq!(in_shell(Path::new(path)), word);
        }
    }
}
