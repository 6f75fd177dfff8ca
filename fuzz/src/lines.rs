//! Inputs made of lines: a word, a space, the rest. Every byte string is some input, unknown words are ignored, so the
//! fuzzer never fights a parser of ours.

/// The lines of an input as word and rest. The rest is not trimmed: blanks at its ends may be the point.
pub fn of(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.split('\n').map(|line| line.split_once(' ').unwrap_or((line, "")))
}

/// An input as text, broken UTF-8 replaced.
pub fn text(data: &[u8]) -> String {
    String::from_utf8_lossy(data).into_owned()
}
