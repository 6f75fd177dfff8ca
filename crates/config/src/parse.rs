//! Text to value: JSON5 with bounds on size and depth that hold before any recursive parser sees the text.

use openclaw_protocol::guard::{self, GuardError};
use serde_json::Value;

/// Largest configuration text accepted, in bytes. Real files are below 100 KiB.
pub const MAX_BYTES: usize = 4 * 1024 * 1024;
/// Deepest nesting of objects and arrays accepted. Real files stay below 15.
pub const MAX_DEPTH: usize = 100;

/// Why a text is not a configuration. The sentence contains no part of the text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ParseError {
    /// The sentence.
    pub message: String,
    /// Line and column, both counted from 1, when the parser knows them.
    pub at: Option<(u32, u32)>,
}

/// Parses JSON5. A byte order mark is ignored; an empty text is an error. Of keys given twice the last one counts.
///
/// # Errors
/// When the text is too large, too deep, or not JSON5.
pub fn parse(text: &str) -> Result<Value, ParseError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    guard::check_json5(text.as_bytes(), MAX_BYTES, MAX_DEPTH).map_err(|error| guarded(&error))?;
    // Most files are plain JSON, and the strict parser is several times faster than the JSON5 one.
    if let Ok(value) = serde_json::from_str(text) {
        return Ok(value);
    }
    json5::from_str(text).map_err(|error| {
        let what = error.code().map_or_else(|| "invalid value".to_owned(), |code| code.to_string());
        // The position of the library counts from 0.
        let at = error.position().map(|p| (count_from_one(p.line), count_from_one(p.column)));
        let place = at.map(|(line, column)| format!(" at {line}:{column}")).unwrap_or_default();
        ParseError { message: format!("JSON5 parse failed: SyntaxError: JSON5: {what}{place}"), at }
    })
}

/// Reads a value as `config set` takes it: JSON5, and what is not JSON5 is a plain string.
#[must_use]
pub fn value_or_string(text: &str) -> Value {
    parse(text).unwrap_or_else(|_| Value::String(text.to_owned()))
}

fn guarded(error: &GuardError) -> ParseError {
    ParseError { message: format!("JSON5 parse failed: {error}"), at: None }
}

fn count_from_one(zero_based: usize) -> u32 {
    u32::try_from(zero_based).unwrap_or(u32::MAX).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn accepts() {
        let table = [
            ("{}", json!({})),
            ("\u{feff}{a: 1,}", json!({"a": 1})),
            ("// c\n{'a': +0x10, /* b */ b: [1,2,],}", json!({"a": 16, "b": [1, 2]})),
            ("{a: 18789, n: -3}", json!({"a": 18789, "n": -3})),
            ("{\"a\": \"x\u{2028}y\"}", json!({"a": "x\u{2028}y"})),
            ("{a: 'l\\\nm'}", json!({"a": "lm"})),
            ("{a:1, a:2}", json!({"a": 2})),
            ("{\"a\":1, \"a\":2}", json!({"a": 2})),
        ];
        for (text, want) in table {
            assert_eq!(parse(text).unwrap(), want, "{text}");
        }
    }

    #[test]
    fn refuses_without_quoting_the_text() {
        let deep = "[".repeat(200_000);
        let deep_objects = "{a:".repeat(5_000);
        let huge = format!("{{\"a\": \"{}\"}}", "x".repeat(MAX_BYTES));
        for text in
            ["", "   ", "{", "{hush", "{a: hush}", "{\"hush\": }", "{} hush", &deep, &deep_objects, &huge]
        {
            let error = parse(text).unwrap_err();
            assert!(error.message.starts_with("JSON5 parse failed: "), "{}", error.message);
            assert!(!error.message.contains("hush"), "{}", error.message);
        }
        assert_eq!(parse("{\n  a: ]").unwrap_err().at.map(|(line, _)| line), Some(2));
    }

    #[test]
    fn depth_counts_structure_not_text() {
        let brackets = format!("{{a: '{}', /* {} */ b: 1}}", "[".repeat(500), "{".repeat(500));
        assert!(parse(&brackets).is_ok());
        assert!(parse(&format!("{}{}", "[".repeat(MAX_DEPTH), "]".repeat(MAX_DEPTH))).is_ok());
        assert!(parse(&format!("{}{}", "[".repeat(MAX_DEPTH + 1), "]".repeat(MAX_DEPTH + 1))).is_err());
    }

    #[test]
    fn values_of_config_set() {
        for (text, want) in [
            ("token", json!("token")),
            ("18789", json!(18789)),
            ("true", json!(true)),
            ("[\"a\"]", json!(["a"])),
            ("'q'", json!("q")),
            ("0123abc", json!("0123abc")),
            ("", json!("")),
        ] {
            assert_eq!(value_or_string(text), want, "{text}");
        }
    }
}
