//! A scanner for JSON5 texts that are known to parse: where comments are, what the members of the outermost object
//! are, how they are written. Not a parser: it never says whether a text is right.

/// A piece of a text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Piece<'t> {
    /// A comment, delimiters included.
    Comment(&'t str),
    /// A string, quotes included.
    Text(&'t str),
    /// One other character.
    Other(char),
}

/// Cuts a text into its pieces.
#[must_use]
pub fn pieces(text: &str) -> Vec<(usize, Piece<'_>)> {
    let bytes = text.as_bytes();
    let mut out = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let (piece, len) = match bytes[at] {
            b'"' | b'\'' => {
                let len = string_len(rest);
                (Piece::Text(&rest[..len]), len)
            }
            b'/' if rest.starts_with("//") => {
                let len = rest.find(['\n', '\r', '\u{2028}', '\u{2029}']).unwrap_or(rest.len());
                (Piece::Comment(&rest[..len]), len)
            }
            b'/' if rest.starts_with("/*") => {
                let len = rest[2..].find("*/").map_or(rest.len(), |end| end + 4);
                (Piece::Comment(&rest[..len]), len)
            }
            _ => {
                let c = rest.chars().next().unwrap_or(' ');
                (Piece::Other(c), c.len_utf8())
            }
        };
        out.push((at, piece));
        at += len;
    }
    out
}

fn string_len(rest: &str) -> usize {
    let mut chars = rest.char_indices();
    let quote = chars.next().map(|(_, c)| c);
    while let Some((at, c)) = chars.next() {
        if c == '\\' {
            chars.next();
        } else if Some(c) == quote {
            return at + 1;
        }
    }
    rest.len()
}

/// The comments of a text, in order.
#[must_use]
pub fn comments(text: &str) -> Vec<&str> {
    let comment = |(_, piece)| match piece {
        Piece::Comment(text) => Some(text),
        _ => None,
    };
    pieces(text).into_iter().filter_map(comment).collect()
}

/// The text with every comment replaced by a space.
#[must_use]
pub fn without_comments(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (_, piece) in pieces(text) {
        match piece {
            Piece::Comment(_) => out.push(' '),
            Piece::Text(text) => out.push_str(text),
            Piece::Other(c) => out.push(c),
        }
    }
    out
}

/// How often a colon stands outside of strings and comments: the number of members that a strict text writes down.
#[must_use]
pub fn colons(text: &str) -> usize {
    pieces(text).iter().filter(|(_, piece)| *piece == Piece::Other(':')).count()
}

/// The members of the outermost object as name and value, the value exactly as it is written. `None` for what this
/// scanner does not follow: other outermost values, and names with escapes.
#[must_use]
pub fn top_members(text: &str) -> Option<Vec<(String, &str)>> {
    let mut out = Vec::new();
    let mut depth = 0usize;
    let mut name: Option<String> = None;
    let mut word = String::new();
    let mut value: Option<(usize, usize)> = None;
    let mut closed = false;
    for (at, piece) in pieces(text) {
        let len = match piece {
            Piece::Comment(_) => continue,
            Piece::Text(text) => text.len(),
            Piece::Other(c) => c.len_utf8(),
        };
        if let Piece::Other(c) = piece {
            if depth == 0 {
                match c {
                    '{' if !closed => depth = 1,
                    c if c.is_whitespace() || c == '\u{feff}' => {}
                    _ => return None,
                }
                continue;
            }
            if depth == 1 {
                match (c, name.is_some()) {
                    (':', false) => {
                        name = Some(std::mem::take(&mut word));
                        continue;
                    }
                    (',' | '}', _) => {
                        if let (Some(name), Some((from, to))) = (name.take(), value.take()) {
                            out.push((name, &text[from..to]));
                        }
                        if c == '}' {
                            depth = 0;
                            closed = true;
                        }
                        continue;
                    }
                    ('\\', false) => return None,
                    (c, false) => {
                        if !c.is_whitespace() && c != '\u{feff}' {
                            word.push(c);
                        }
                        continue;
                    }
                    _ => {}
                }
            }
            match c {
                '{' | '[' => depth += 1,
                '}' | ']' => depth = depth.checked_sub(1)?,
                _ => {}
            }
            if (c.is_whitespace() || c == '\u{feff}') && depth == 1 {
                continue;
            }
        } else if let Piece::Text(text) = piece
            && depth == 1
            && name.is_none()
        {
            if text.contains('\\') || text.len() < 2 {
                return None;
            }
            word = text[1..text.len() - 1].to_owned();
            continue;
        }
        let from = value.map_or(at, |(from, _)| from);
        value = Some((from, at + len));
    }
    closed.then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_members_and_comments() {
        let text = "// top\n{ a: 1, /* x */ 'b c': { d: [1, // y\n 2] } /* z */, \"e\": '}, f: 1' }\n";
        let members = top_members(text).unwrap();
        let want = [("a", "1"), ("b c", "{ d: [1, // y\n 2] }"), ("e", "'}, f: 1'")];
        assert_eq!(members, want.map(|(name, value)| (name.to_owned(), value)));
        assert_eq!(comments(text), ["// top", "/* x */", "// y", "/* z */"]);
        assert_eq!(colons(text), 4);
        assert!(top_members("[1]").is_none() && top_members("{\"\\u0061\": 1}").is_none());
    }
}
