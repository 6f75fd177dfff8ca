//! The part of a client's `platform` that may not change without a new approval (ruling 23).

/// The platform class: the leading letters of `platform`, lower-cased, with `darwin` read as `macos` and `win32`
/// as `windows`. `linux 6.18.44` and `Linux 6.1` are the same class; version numbers never matter. Empty when the
/// text does not begin with a letter.
#[must_use]
pub fn class(platform: &str) -> String {
    let word: String = platform
        .trim()
        .chars()
        .take_while(char::is_ascii_alphabetic)
        .map(|c| c.to_ascii_lowercase())
        .collect();
    match word.as_str() {
        "darwin" => "macos".to_owned(),
        // `win32` ends at its digits.
        "win" => "windows".to_owned(),
        _ => word,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_and_spellings_do_not_matter() {
        for (platform, want) in [
            ("linux", "linux"),
            ("  Linux 6.18.44 ", "linux"),
            ("darwin", "macos"),
            ("macOS 26.1", "macos"),
            ("win32", "windows"),
            ("Windows 11", "windows"),
            ("iOS 19.2", "ios"),
            ("android", "android"),
            ("", ""),
            ("42", ""),
        ] {
            assert_eq!(class(platform), want, "{platform:?}");
        }
    }
}
