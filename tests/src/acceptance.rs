//! The table of `docs/troubleshooting.md` as what the tests of its rows are held against: what the page says the
//! program says, the program must have said.
//!
//! One row an id: `| id | symptom | what the product says | what mends it |`. In the last two columns the code spans
//! are the program's own words, `…` in them stands for anything, and the prose between them is for the reader. A row
//! whose face is not built yet says `open:`, the part that closes it, and why.

use std::sync::LazyLock;

use serde_json::Value;

use crate::wire::Close;
use crate::world::Said;

/// One line of the table.
#[derive(Clone, Debug)]
pub struct Row {
    /// The id, as `C-01`.
    pub id: String,
    /// What people see or search for.
    pub symptom: String,
    /// The third column.
    pub says: String,
    /// The fourth column.
    pub mends: String,
}

/// The page, as it was when these tests were built: whoever runs them need not be able to read the sources.
const PAGE: &str = include_str!("../../docs/troubleshooting.md");

/// All rows, in the order of the page.
pub fn rows() -> &'static [Row] {
    static ROWS: LazyLock<Vec<Row>> = LazyLock::new(|| PAGE.lines().filter_map(Row::parse).collect());
    &ROWS
}

impl Row {
    /// The row of that id; panics when the page has none.
    #[track_caller]
    pub fn of(id: &str) -> &'static Row {
        let row = rows().iter().find(|row| row.id == id);
        row.unwrap_or_else(|| panic!("docs/troubleshooting.md has no row {id}"))
    }

    /// The part that closes the row, when its face is not built yet.
    pub fn open(&self) -> Option<&str> {
        self.says.strip_prefix("open:").map(str::trim)
    }

    /// Checks that everything which the page quotes as the program's words is in `output`.
    #[track_caller]
    pub fn says(&'static self, output: &(impl Heard + ?Sized)) -> &'static Row {
        self.check("says", &self.says, &output.heard());
        self
    }

    /// Checks that everything which the page offers as the way out is in `output`.
    #[track_caller]
    pub fn mends(&'static self, output: &(impl Heard + ?Sized)) -> &'static Row {
        self.check("is mended by", &self.mends, &output.heard());
        self
    }

    #[track_caller]
    fn check(&self, verb: &str, cell: &str, output: &str) {
        let quoted = code_spans(cell);
        assert!(!quoted.is_empty(), "{}: the page quotes nothing that could be checked: {cell}", self.id);
        for pattern in quoted {
            assert!(
                matches(&pattern, output),
                "{} {verb} `{pattern}`, says the page; heard:\n{output}",
                self.id
            );
        }
    }

    /// Reads a line of the table; `None` for every other line of the page.
    fn parse(line: &str) -> Option<Row> {
        let cells = cells(line)?;
        let [id, symptom, says, mends] = cells.try_into().ok()?;
        let is_id = id.len() >= 3
            && id.starts_with(|first: char| first.is_ascii_uppercase())
            && id.contains('-')
            && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && id.bytes().any(|byte| byte.is_ascii_digit());
        is_id.then_some(Row { id, symptom, says, mends })
    }
}

/// What a program said, in whatever form it reached the test.
pub trait Heard {
    /// It as text.
    fn heard(&self) -> String;
}

impl Heard for str {
    fn heard(&self) -> String {
        self.to_owned()
    }
}

impl Heard for String {
    fn heard(&self) -> String {
        self.clone()
    }
}

impl Heard for Said {
    fn heard(&self) -> String {
        self.all()
    }
}

impl Heard for Close {
    fn heard(&self) -> String {
        format!("({}): {}", self.code, self.reason)
    }
}

/// A frame or a JSON document: all texts in it, as a program shows them.
impl Heard for Value {
    fn heard(&self) -> String {
        match self {
            Value::String(text) => text.clone(),
            Value::Array(list) => list.iter().map(|each| each.heard() + "\n").collect(),
            Value::Object(fields) => fields.values().map(|each| each.heard() + "\n").collect(),
            other => other.to_string(),
        }
    }
}

impl<T: Heard + ?Sized> Heard for &T {
    fn heard(&self) -> String {
        (**self).heard()
    }
}

impl<A: Heard, B: Heard> Heard for (A, B) {
    fn heard(&self) -> String {
        format!("{}\n{}", self.0.heard(), self.1.heard())
    }
}

impl<T: Heard> Heard for [T] {
    fn heard(&self) -> String {
        self.iter().map(|each| each.heard() + "\n").collect()
    }
}

/// The command of the last `Fix:` in what was said, without the remark for the shell and the reader behind it.
#[track_caller]
pub fn fix_of(said: &(impl Fixed + ?Sized)) -> String {
    let line = line_to_copy(said);
    line.split("   # ").next().unwrap_or(&line).to_owned()
}

/// What somebody copies who selects everything behind the last `Fix:`, letter by letter.
#[track_caller]
pub fn line_to_copy(said: &(impl Fixed + ?Sized)) -> String {
    said.fix().unwrap_or_else(|| panic!("no `Fix:` in {}", said.heard()))
}

/// What may carry a `Fix:`.
pub trait Fixed: Heard {
    /// A field `fix` in JSON, else the rest of the line as it stands.
    fn fix(&self) -> Option<String> {
        let heard = self.heard();
        let (_, rest) = heard.rsplit_once("Fix: ")?;
        Some(rest.lines().next()?.trim().to_owned())
    }
}

impl Fixed for str {}
impl Fixed for String {}

/// Output of a command; with `--json` it is one document.
impl Fixed for Said {
    fn fix(&self) -> Option<String> {
        match serde_json::from_str::<Value>(&self.out) {
            Ok(document) => document.fix(),
            Err(_) => self.all().fix(),
        }
    }
}

/// An error frame, an answer in JSON, or a line of the log file.
impl Fixed for Value {
    fn fix(&self) -> Option<String> {
        match self {
            Value::Object(fields) => {
                let own = fields.get("fix").and_then(Value::as_str).map(str::to_owned);
                own.or_else(|| fields.values().find_map(Fixed::fix))
            }
            Value::Array(list) => list.iter().find_map(Fixed::fix),
            Value::String(text) => text.fix(),
            _ => None,
        }
    }
}

impl<T: Fixed + ?Sized> Fixed for &T {
    fn fix(&self) -> Option<String> {
        (**self).fix()
    }
}

/// The cells of a line of a table, with `\|` made plain again; `None` when it is no such line.
fn cells(line: &str) -> Option<Vec<String>> {
    let inner = line.trim().strip_prefix('|')?.strip_suffix('|')?;
    let mut cells = vec![String::new()];
    let mut letters = inner.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' if letters.peek() == Some(&'|') => cells.last_mut()?.extend(letters.next()),
            '|' => cells.push(String::new()),
            other => cells.last_mut()?.push(other),
        }
    }
    Some(cells.into_iter().map(|cell| cell.trim().to_owned()).collect())
}

/// The code spans of a cell, which are what the program says: what stands between backticks; two of them hold a text
/// that has one itself.
pub fn code_spans(cell: &str) -> Vec<String> {
    let mut spans = Vec::new();
    let mut rest = cell;
    while let Some(at) = rest.find('`') {
        let ticks = rest[at..].bytes().take_while(|byte| *byte == b'`').count();
        let fence = "`".repeat(ticks);
        let Some((span, after)) = rest[at + ticks..].split_once(&fence) else { break };
        spans.push(span.trim().to_owned());
        rest = after;
    }
    spans
}

/// Whether `text` has `pattern` in it, `…` standing for anything and every white space for every other. The profile in a
/// command is the reader's own, and not on the page.
fn matches(pattern: &str, text: &str) -> bool {
    let plain = |text: &str| {
        let mut words: Vec<&str> = Vec::new();
        let mut all = text.split_whitespace();
        while let Some(word) = all.next() {
            match words.last() {
                Some(before) if word == "--profile" && before.ends_with("openclaw") => drop(all.next()),
                _ => words.push(word),
            }
        }
        words.join(" ")
    };
    let text = plain(text);
    let mut rest = text.as_str();
    for piece in pattern.split('…').map(plain).filter(|piece| !piece.is_empty()) {
        let Some(at) = rest.find(&piece) else { return false };
        rest = &rest[at + piece.len()..];
    }
    true
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_line_of_the_table_is_a_row_and_nothing_else_is() {
        let row = Row::parse("| C-01 | a \\| b | `x … y` | – |").unwrap();
        assert_eq!((row.id.as_str(), row.symptom.as_str(), row.says.as_str()), ("C-01", "a | b", "`x … y`"));
        assert!(
            Row::parse("| G5-4b | a | open: browser, it draws the panel | – |").unwrap().open().is_some()
        );
        for other in ["| id | symptom | says | mends |", "|---|---|---|---|", "C-01", "| C-01 | a | b |", ""]
        {
            assert!(Row::parse(other).is_none(), "{other}");
        }
    }

    #[test]
    fn quoted_words_must_be_there_in_their_order() {
        for (pattern, text, expected) in [
            ("a … c", "a b c", true),
            ("a … c", "c b a", false),
            ("a b", "a\n   b", true),
            ("… approve …", "openclaw devices approve 7f3a", true),
            ("approve 7", "approve  8", false),
            ("Fix: openclaw qr", "Fix: openclaw --profile work qr", true),
            ("openclaw qr", "openclaw --profile work devices", false),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} in {text}");
        }
        assert_eq!(code_spans("say `a` or ``b`c``, `d"), ["a", "b`c"]);
    }

    #[test]
    fn a_fix_is_found_in_text_frames_and_log_lines() {
        let text = "It broke.\nFix: openclaw devices approve 7f   # run on the gateway host\n".to_owned();
        assert_eq!(line_to_copy(&text), "openclaw devices approve 7f   # run on the gateway host");
        assert_eq!(fix_of(&text), "openclaw devices approve 7f");
        assert_eq!(fix_of(&json!({"details": {"help": {"fix": "openclaw qr"}}})), "openclaw qr");
        assert_eq!(fix_of(&json!({"msg": "refused. Fix: openclaw qr"})), "openclaw qr");
        assert_eq!("no way".fix(), None);
    }
}
