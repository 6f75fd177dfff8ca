//! Paths into the configuration: `gateway.auth.token`, `agents.list[0].id`, `channels["my.app"]`.

use std::fmt;
use std::str::FromStr;

use serde_json::Value;

/// Longest path accepted, in segments: deeper than any file that passes the depth guard.
const MAX_SEGMENTS: usize = 128;

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Segment {
    /// A property of an object. A name of digits also addresses an element when it meets an array.
    Key(String),
    /// An element of an array (`[0]`).
    Index(usize),
}

/// A path of one or more segments.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct KeyPath(pub Vec<Segment>);

/// Why a text is not a path.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyPathError {
    /// Nothing between two dots, or nothing at all.
    #[error("Path is empty.")]
    Empty,
    /// A bracket without its partner, or something else than a number or a quoted name in it.
    #[error("Invalid path (missing \"]\"): {0}")]
    Bracket(String),
    /// More segments than any configuration can have.
    #[error("Path has too many segments.")]
    TooLong,
}

impl KeyPath {
    /// The path to the whole file.
    #[must_use]
    pub fn root() -> Self {
        Self::default()
    }

    /// A path of plain keys.
    pub fn keys<S: Into<String>>(keys: impl IntoIterator<Item = S>) -> Self {
        Self(keys.into_iter().map(|k| Segment::Key(k.into())).collect())
    }

    /// Whether this is the whole file.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// This path with one more key.
    #[must_use]
    pub fn key(&self, key: &str) -> Self {
        let mut next = self.clone();
        next.0.push(Segment::Key(key.to_owned()));
        next
    }

    /// This path with one more index.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        let mut next = self.clone();
        next.0.push(Segment::Index(index));
        next
    }

    /// The value at this path.
    #[must_use]
    pub fn get<'v>(&self, value: &'v Value) -> Option<&'v Value> {
        self.0.iter().try_fold(value, |at, seg| match (seg, at) {
            (Segment::Key(k), Value::Object(map)) => map.get(k),
            (Segment::Key(k), Value::Array(list)) => list.get(k.parse::<usize>().ok()?),
            (Segment::Index(i), Value::Array(list)) => list.get(*i),
            // `[0]` on an object addresses the key "0": ids of digits are common in channel maps.
            (Segment::Index(i), Value::Object(map)) => map.get(&i.to_string()),
            _ => None,
        })
    }

    /// Whether `self` is `other` or lies above it.
    #[must_use]
    pub fn is_prefix_of(&self, other: &KeyPath) -> bool {
        other.0.starts_with(&self.0)
    }
}

impl FromStr for KeyPath {
    type Err = KeyPathError;

    /// Dots and brackets; `\` takes the next character literally.
    fn from_str(text: &str) -> Result<Self, KeyPathError> {
        let text = text.trim();
        let mut path = Vec::new();
        let mut word = String::new();
        // A bracket may be followed by a dot or another bracket without an empty word between them.
        let mut after_bracket = false;
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            match c {
                '\\' => word.extend(chars.next()),
                '.' => {
                    if word.is_empty() && !after_bracket {
                        return Err(KeyPathError::Empty);
                    }
                    push_word(&mut path, &mut word);
                    after_bracket = false;
                    continue;
                }
                '[' => {
                    push_word(&mut path, &mut word);
                    path.push(bracket(&mut chars).ok_or_else(|| KeyPathError::Bracket(text.to_owned()))?);
                    after_bracket = true;
                    continue;
                }
                other if after_bracket => {
                    let _ = other;
                    return Err(KeyPathError::Bracket(text.to_owned()));
                }
                other => word.push(other),
            }
            after_bracket = false;
        }
        if word.is_empty() && !after_bracket {
            return Err(KeyPathError::Empty);
        }
        push_word(&mut path, &mut word);
        if path.len() > MAX_SEGMENTS {
            return Err(KeyPathError::TooLong);
        }
        Ok(Self(path))
    }
}

fn push_word(path: &mut Vec<Segment>, word: &mut String) {
    if !word.is_empty() {
        path.push(Segment::Key(std::mem::take(word)));
    }
}

/// What stands between `[` and `]`: a number, or a name with or without quotes.
fn bracket(chars: &mut std::str::Chars<'_>) -> Option<Segment> {
    let mut inner = String::new();
    let quote = chars.clone().next().filter(|c| *c == '"' || *c == '\'');
    if let Some(quote) = quote {
        chars.next();
        loop {
            match chars.next()? {
                '\\' => inner.push(escaped(chars)?),
                c if c == quote => break,
                c => inner.push(c),
            }
        }
        return (chars.next()? == ']').then_some(Segment::Key(inner));
    }
    loop {
        match chars.next()? {
            ']' => break,
            c => inner.push(c),
        }
    }
    let inner = inner.trim();
    if inner.is_empty() {
        return None;
    }
    Some(inner.parse().map_or_else(|_| Segment::Key(inner.to_owned()), Segment::Index))
}

/// What follows a `\` between quotes: `u{…}` as [`KeyPath`] itself writes it, or a character taken literally.
fn escaped(chars: &mut std::str::Chars<'_>) -> Option<char> {
    let c = chars.next()?;
    let code = chars.as_str().strip_prefix('{').and_then(|rest| rest.split_once('}')).filter(|_| c == 'u');
    let written =
        code.and_then(|(hex, rest)| Some((char::from_u32(u32::from_str_radix(hex, 16).ok()?)?, rest)));
    match written {
        Some((c, rest)) => {
            *chars = rest.chars();
            Some(c)
        }
        None => Some(c),
    }
}

/// The form `parse` reads back: plain names with dots, everything else in brackets with escapes.
impl fmt::Display for KeyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, seg) in self.0.iter().enumerate() {
            match seg {
                Segment::Index(n) => write!(f, "[{n}]")?,
                Segment::Key(k) if is_plain(k) => write!(f, "{}{k}", if i > 0 { "." } else { "" })?,
                Segment::Key(k) => {
                    f.write_str("[\"")?;
                    for c in k.chars() {
                        match c {
                            '"' | '\\' => write!(f, "\\{c}")?,
                            // Names come from a file that others may have written: nothing that moves the cursor or
                            // turns the text around reaches a terminal.
                            c if is_unprintable(c) => write!(f, "{}", c.escape_unicode())?,
                            c => write!(f, "{c}")?,
                        }
                    }
                    f.write_str("\"]")?;
                }
            }
        }
        Ok(())
    }
}

fn is_plain(key: &str) -> bool {
    !key.is_empty()
        && key
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '$' | '/' | ':' | '@' | '+' | '*'))
}

pub(crate) fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{00ad}' | '\u{061c}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn k(s: &str) -> Segment {
        Segment::Key(s.into())
    }

    #[test]
    fn parses() {
        let table: [(&str, Vec<Segment>); 8] = [
            ("gateway.auth.token", vec![k("gateway"), k("auth"), k("token")]),
            ("agents.list[0].id", vec![k("agents"), k("list"), Segment::Index(0), k("id")]),
            (r"a\.b.c", vec![k("a.b"), k("c")]),
            (r#"a["x.y"].z"#, vec![k("a"), k("x.y"), k("z")]),
            ("a['x']", vec![k("a"), k("x")]),
            ("a[b]", vec![k("a"), k("b")]),
            ("[1][2]", vec![Segment::Index(1), Segment::Index(2)]),
            (" a ", vec![k("a")]),
        ];
        for (text, want) in table {
            assert_eq!(text.parse::<KeyPath>().unwrap().0, want, "{text}");
        }
        for bad in ["", ".", "a..b", "a.", ".a", "a[", "a[]", "a[\"x]", "a[0]b", "  "] {
            assert!(bad.parse::<KeyPath>().is_err(), "{bad}");
        }
        assert_eq!("a.".repeat(500).trim_end_matches('.').parse::<KeyPath>(), Err(KeyPathError::TooLong));
    }

    #[test]
    fn gets() {
        let v = json!({"a": [{"b": 1}], "m": {"0": 2}});
        for (path, want) in [("a[0].b", 1), ("a.0.b", 1), ("m[0]", 2), ("m.0", 2)] {
            assert_eq!(path.parse::<KeyPath>().unwrap().get(&v), Some(&json!(want)), "{path}");
        }
        assert!("a.x".parse::<KeyPath>().unwrap().get(&v).is_none());
    }

    proptest! {
        #[test]
        fn display_reads_back(segs in prop::collection::vec(prop_oneof![
            "[ -~\u{1}-\u{1f}\u{202e}]{1,12}".prop_map(Segment::Key),
            (0usize..50).prop_map(Segment::Index),
        ], 1..6)) {
            let path = KeyPath(segs);
            prop_assert_eq!(path.to_string().parse::<KeyPath>().unwrap(), path);
        }

        #[test]
        fn any_text_is_answered(text in "\\PC{0,40}") {
            let _ = text.parse::<KeyPath>();
        }
    }
}
