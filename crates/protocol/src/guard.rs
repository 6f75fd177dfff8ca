//! A look at the bytes before any parser sees them: too long or too deep is refused in one linear pass, because
//! recursive parsers overflow the stack long before they report an error.

/// Depth allowed where nothing else is said.
pub const MAX_DEPTH: usize = 64;

/// Why a text is not handed to a parser.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum GuardError {
    /// More bytes than allowed.
    #[error("is {bytes} bytes long, at most {max} are accepted")]
    TooLarge {
        /// Bytes that came.
        bytes: usize,
        /// Bytes allowed.
        max: usize,
    },
    /// More nested arrays and objects than allowed.
    #[error("is nested more than {max} levels deep")]
    TooDeep {
        /// Levels allowed.
        max: usize,
    },
}

/// Checks a JSON text: at most `max_bytes` bytes and `max_depth` nested arrays and objects. Brackets in strings do
/// not count. Says nothing about whether the text is valid.
///
/// # Errors
/// [`GuardError`] names the limit that was passed.
pub fn check_json(bytes: &[u8], max_bytes: usize, max_depth: usize) -> Result<(), GuardError> {
    size(bytes, max_bytes)?;
    let mut depth = 0usize;
    let mut rest = bytes.iter();
    while let Some(&byte) = rest.next() {
        match byte {
            b'"' => skip_string(&mut rest, b'"'),
            b'[' | b'{' => descend(&mut depth, max_depth)?,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Ok(())
}

/// Whether a JSON text is an object, if it is JSON at all. Derived readers of structs also take a list of the values
/// in order (`["req", "1", …]`), which no peer means.
#[must_use]
pub const fn opens_object(json: &[u8]) -> bool {
    matches!(json.trim_ascii_start(), [b'{', ..])
}

/// As [`check_json`] for JSON5: knows single-quoted strings and comments.
///
/// # Errors
/// [`GuardError`] names the limit that was passed.
pub fn check_json5(bytes: &[u8], max_bytes: usize, max_depth: usize) -> Result<(), GuardError> {
    size(bytes, max_bytes)?;
    // Parsers disagree about whether U+2028 ends a `//` comment. A text could hide depth from a scanner of one
    // opinion, so it must pass both.
    json5_depth(bytes, max_depth, false)?;
    if bytes.windows(2).any(|pair| pair == [0xE2, 0x80]) {
        json5_depth(bytes, max_depth, true)
    } else {
        Ok(())
    }
}

fn json5_depth(bytes: &[u8], max_depth: usize, separators_end_comments: bool) -> Result<(), GuardError> {
    let mut depth = 0usize;
    let mut rest = bytes.iter();
    while let Some(&byte) = rest.next() {
        match byte {
            b'"' | b'\'' => skip_string(&mut rest, byte),
            b'[' | b'{' => descend(&mut depth, max_depth)?,
            b']' | b'}' => depth = depth.saturating_sub(1),
            b'/' => match rest.as_slice().first() {
                Some(b'/') => skip_line(&mut rest, separators_end_comments),
                Some(b'*') => skip_block(&mut rest),
                _ => {}
            },
            _ => {}
        }
    }
    Ok(())
}

const fn size(bytes: &[u8], max: usize) -> Result<(), GuardError> {
    if bytes.len() > max { Err(GuardError::TooLarge { bytes: bytes.len(), max }) } else { Ok(()) }
}

const fn descend(depth: &mut usize, max: usize) -> Result<(), GuardError> {
    *depth += 1;
    if *depth > max { Err(GuardError::TooDeep { max }) } else { Ok(()) }
}

fn skip_string(rest: &mut std::slice::Iter<'_, u8>, quote: u8) {
    while let Some(&byte) = rest.next() {
        match byte {
            b'\\' => {
                rest.next();
            }
            _ if byte == quote => return,
            _ => {}
        }
    }
}

fn skip_line(rest: &mut std::slice::Iter<'_, u8>, separators: bool) {
    while let Some(&byte) = rest.next() {
        let separator = separators && byte == 0xE2 && matches!(rest.as_slice(), [0x80, 0xA8 | 0xA9, ..]);
        if matches!(byte, b'\n' | b'\r') || separator {
            return;
        }
    }
}

fn skip_block(rest: &mut std::slice::Iter<'_, u8>) {
    // Past the star of `/*`, so that `/*/` does not end at once.
    rest.next();
    while let Some(&byte) = rest.next() {
        if byte == b'*' && rest.as_slice().first() == Some(&b'/') {
            rest.next();
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn depth_and_size_are_bounded() {
        assert_eq!(check_json(b"[[1],{}]", 8, 2), Ok(()));
        assert_eq!(check_json(b"[[1],{}]", 7, 2), Err(GuardError::TooLarge { bytes: 8, max: 7 }));
        assert_eq!(check_json(b"[[[]]]", 99, 2), Err(GuardError::TooDeep { max: 2 }));
        assert_eq!(check_json(br#"["[[[\"[[["]"#, 99, 1), Ok(()));
    }

    #[test]
    fn objects_are_told_from_lists() {
        assert!(opens_object(b" \n{}") && opens_object(b"{"));
        for other in ["", "[]", " null", "\"{\""] {
            assert!(!opens_object(other.as_bytes()), "{other}");
        }
    }

    #[test]
    fn json5_comments_and_quotes_do_not_count() {
        let max = 1;
        for text in ["// [[[\n[]", "/* [[[ */[]", "/*/ [[[ */[]", "['[[[\\'[[[']", "[\"[[\"]", "[1/2]"] {
            assert_eq!(check_json5(text.as_bytes(), 99, max), Ok(()), "{text}");
        }
        for text in ["// x\r[[", "// x\n[[", "/**/[[", "'\\''[[", "// \u{2028}' \n[[[']"] {
            assert!(check_json5(text.as_bytes(), 99, max).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn whatever_passes_is_really_no_deeper(text in "[\\[\\]{}\"\\\\:,a1 ]{0,40}") {
            if check_json(text.as_bytes(), 1000, 3).is_ok()
                && let Ok(value) = serde_json::from_str::<serde_json::Value>(&text)
            {
                prop_assert!(depth(&value) <= 3);
            }
        }
    }

    fn depth(value: &serde_json::Value) -> usize {
        match value {
            serde_json::Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
            serde_json::Value::Object(map) => 1 + map.values().map(depth).max().unwrap_or(0),
            _ => 0,
        }
    }
}
