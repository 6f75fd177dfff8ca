//! Text that strangers chose: names, origins, headers, platforms. It is made harmless when it comes in, so that no
//! terminal, log or page can be tricked by it later (ruling 22).

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::{borrow::Cow, fmt};

/// Longest text kept, in characters; enough for names and origins, short enough for a table.
pub const MAX_CHARS: usize = 128;

/// A stranger's text, escaped and cut. Control, bidirectional and invisible characters appear as `\u{202e}`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Words(Box<str>);

impl Words {
    /// Trims, escapes and cuts (128 characters, ending in `…` when something was cut). Doing it again changes nothing.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(escape(text, MAX_CHARS).into_boxed_str())
    }

    /// As [`Words::new`], but nothing when nothing visible remains.
    #[must_use]
    pub fn some(text: &str) -> Option<Self> {
        let words = Self::new(text);
        (!words.0.is_empty()).then_some(words)
    }

    /// The harmless text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The harmless text between double quotes, with none inside of them: for sentences, where a name must not be able
    /// to go on as if it were the sentence.
    #[must_use]
    pub fn quoted(&self) -> String {
        format!("\"{}\"", self.0.replace('"', "'"))
    }
}

/// Makes a text harmless: trimmed, dangerous characters as `\u{…}`, odd spaces as spaces, at most `max_chars`
/// characters.
#[must_use]
pub fn escape(text: &str, max_chars: usize) -> String {
    let mut out = String::new();
    let mut count = 0;
    // Where to cut when the rest does not fit: the last place with room for the ellipsis.
    let mut cut = 0;
    for c in text.trim().chars() {
        let piece = piece(c);
        let width = piece.chars().count();
        if count + width > max_chars {
            out.truncate(cut);
            out.truncate(out.trim_end().len());
            out.push('…');
            return out;
        }
        out.push_str(&piece);
        count += width;
        if count < max_chars {
            cut = out.len();
        }
    }
    out
}

fn piece(c: char) -> Cow<'static, str> {
    match c {
        ' '..='~' => Cow::Owned(c.to_string()),
        _ if is_deceptive(c) => Cow::Owned(format!("\\u{{{:x}}}", u32::from(c))),
        _ if c.is_whitespace() => Cow::Borrowed(" "),
        _ => Cow::Owned(c.to_string()),
    }
}

/// Characters that change how the text around them looks, or that nobody can see.
#[must_use]
pub fn is_deceptive(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}')
}

impl fmt::Display for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

impl AsRef<str> for Words {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Words {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl Serialize for Words {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// Escapes again: files and databases may have been written by others.
impl<'de> Deserialize<'de> for Words {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::new(&Cow::<'de, str>::deserialize(deserializer)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn dangerous_characters_become_visible() {
        for (text, want) in [
            ("  plain name ", "plain name"),
            ("Müller's 電話 🦞", "Müller's 電話 🦞"),
            ("a\u{202e}b", "a\\u{202e}b"),
            ("a\u{200d}b", "a\\u{200d}b"),
            ("a\nb\u{1b}[2J", "a\\u{a}b\\u{1b}[2J"),
            ("a\u{a0}b", "a b"),
            ("a\u{2028}b", "a\\u{2028}b"),
            ("", ""),
        ] {
            assert_eq!(Words::new(text).as_str(), want, "{text:?}");
        }
    }

    #[test]
    fn a_quoted_name_cannot_leave_its_quotes() {
        assert_eq!(Words::new("x\" Fix: rm -rf ~").quoted(), "\"x' Fix: rm -rf ~\"");
    }

    #[test]
    fn long_text_is_cut_and_never_inside_an_escape() {
        assert_eq!(Words::new(&"x".repeat(128)).as_str(), "x".repeat(128));
        assert_eq!(Words::new(&"x".repeat(129)).as_str(), format!("{}…", "x".repeat(127)));
        let cut = Words::new(&"\u{202e}".repeat(40));
        assert!(cut.as_str().ends_with("\\u{202e}…"));
    }

    proptest! {
        #[test]
        fn words_are_harmless_short_and_stable(text in "\\PC*|[\\u{0}-\\u{2100}]{0,200}|[ a\u{200b}\u{a0}\t]{100,160}") {
            let words = Words::new(&text);
            prop_assert!(words.as_str().chars().count() <= MAX_CHARS);
            prop_assert!(!words.as_str().chars().any(is_deceptive));
            prop_assert_eq!(Words::new(words.as_str()), words.clone());
            let json = serde_json::to_string(&words).unwrap();
            prop_assert_eq!(serde_json::from_str::<Words>(&json).unwrap(), words);
        }
    }
}
