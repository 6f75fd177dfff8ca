//! A small checker of JSON shapes whose complaints read exactly like those of the real gateways
//! (auth-and-pairing §3.1, "validation message grammar"). The shapes are tables; see [`crate::connect`] for the
//! largest. Both generations look at an object in the same order: missing properties, unexpected properties, then
//! the values in the order of the table. Protocol 3 names every missing and unexpected property of an object,
//! protocol 4 only the first of each.

use crate::{dialect::Dialect, words};
use serde_json::{Map, Value};

/// Complaints listed for one value; more would only be an amplifier for whoever sends nonsense.
const MAX_ISSUES: usize = 24;
/// Longest name of a stranger's property that is repeated back.
const MAX_NAME_CHARS: usize = 64;

/// A property of an object shape.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// The name on the wire.
    pub name: &'static str,
    /// What its value must be.
    pub shape: Shape,
    /// Whether it must be there.
    pub required: bool,
    /// The first generation that knows it; earlier ones call it unexpected.
    pub since: Dialect,
}

/// What a value must be.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    /// A string of at least `min` and at most `max` characters.
    Text {
        /// Fewest characters.
        min: usize,
        /// Most characters.
        max: usize,
    },
    /// A whole number in a range.
    Integer {
        /// Smallest value.
        min: i64,
        /// Largest value.
        max: i64,
    },
    /// `true` or `false`.
    Boolean,
    /// One of some words. The lists of the two generations differ.
    Choice {
        /// Words of protocol 3.
        v3: &'static [&'static str],
        /// Words of protocol 4.
        v4: &'static [&'static str],
    },
    /// Exactly this word.
    Constant(&'static str),
    /// A list of strings of at least one character, at most so many, optionally without repeats.
    Texts {
        /// Most items.
        max_items: usize,
        /// Most characters in one item.
        max: usize,
        /// Whether an item may stand there only once.
        unique: bool,
    },
    /// 64 lower-case hex digits.
    Digest,
    /// An object from any name to a boolean.
    Flags,
    /// An object with exactly these properties.
    Object(&'static [Field]),
    /// Anything.
    Any,
}

/// A non-empty string.
pub const NAME: Shape = Shape::Text { min: 1, max: usize::MAX };
/// Any string.
pub const TEXT: Shape = Shape::Text { min: 0, max: usize::MAX };
/// A list of non-empty strings.
pub const NAMES: Shape = Shape::Texts { max_items: usize::MAX, max: usize::MAX, unique: false };

impl Field {
    /// A property that must be there, in both generations.
    #[must_use]
    pub const fn required(name: &'static str, shape: Shape) -> Self {
        Self { name, shape, required: true, since: Dialect::V3 }
    }

    /// A property that may be there, in both generations.
    #[must_use]
    pub const fn optional(name: &'static str, shape: Shape) -> Self {
        Self { name, shape, required: false, since: Dialect::V3 }
    }

    /// A property that may be there, since protocol 4.
    #[must_use]
    pub const fn since_v4(name: &'static str, shape: Shape) -> Self {
        Self { name, shape, required: false, since: Dialect::V4 }
    }
}

/// Complaints in the order of the wire; empty when there is nothing to complain about.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Issues(Vec<String>);

impl Issues {
    /// Whether the value is as it should be.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The complaints joined with `; `.
    #[must_use]
    pub fn text(&self) -> String {
        self.0.join("; ")
    }

    fn push(&mut self, path: &str, complaint: &str) {
        let issue = if path.is_empty() { complaint.to_owned() } else { format!("at {path}: {complaint}") };
        // Protocol 3 would repeat one complaint per alternative; it collapses them, and so do we.
        if self.0.len() < MAX_ISSUES && !self.0.contains(&issue) {
            self.0.push(issue);
        }
    }

    fn full(&self) -> bool {
        self.0.len() >= MAX_ISSUES
    }
}

/// Checks a value against an object shape, in the words of a dialect. `None` stands for an absent value.
#[must_use]
pub fn check(value: Option<&Value>, fields: &[Field], dialect: Dialect) -> Issues {
    let mut issues = Issues::default();
    let checker = Checker { dialect };
    match value {
        Some(Value::Object(map)) => checker.object(map, fields, "", &mut issues),
        _ => issues.push("", "must be object"),
    }
    issues
}

#[derive(Clone, Copy)]
struct Checker {
    dialect: Dialect,
}

impl Checker {
    fn object(self, map: &Map<String, Value>, fields: &[Field], path: &str, issues: &mut Issues) {
        let each = self.dialect == Dialect::V3;
        let known = |field: &&Field| field.since <= self.dialect;
        let missing =
            fields.iter().filter(known).filter(|field| field.required && !map.contains_key(field.name));
        for field in missing.take(if each { usize::MAX } else { 1 }) {
            issues.push(path, &format!("must have required property '{}'", field.name));
        }
        let unexpected =
            map.keys().filter(|name| !fields.iter().filter(known).any(|field| field.name == **name));
        for name in unexpected.take(if each { MAX_ISSUES } else { 1 }) {
            let place = if path.is_empty() { "root" } else { path };
            issues.push(place, &format!("unexpected property '{}'", words::escape(name, MAX_NAME_CHARS)));
        }
        for field in fields.iter().filter(known) {
            if let Some(value) = map.get(field.name) {
                self.value(value, field.shape, &format!("{path}/{}", field.name), issues);
            }
        }
    }

    fn value(self, value: &Value, shape: Shape, path: &str, issues: &mut Issues) {
        match shape {
            Shape::Any => {}
            Shape::Text { min, max } => match value.as_str() {
                None => issues.push(path, "must be string"),
                Some(text) => self.length(text, min, max, path, issues),
            },
            Shape::Digest => match value.as_str() {
                None => issues.push(path, "must be string"),
                Some(text) => {
                    self.length(text, 64, 64, path, issues);
                    let hex =
                        text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
                    if !hex {
                        issues.push(path, "must match pattern \"^[a-f0-9]{64}$\"");
                    }
                }
            },
            Shape::Integer { min, max } => integer(value, min, max, path, issues),
            Shape::Boolean => {
                if !value.is_boolean() {
                    issues.push(path, "must be boolean");
                }
            }
            Shape::Constant(word) => self.constant(value, &[word], path, issues),
            Shape::Choice { v3, v4 } => self.choice(value, v3, v4, path, issues),
            Shape::Texts { max_items, max, unique } => match value.as_array() {
                None => issues.push(path, "must be array"),
                Some(items) => self.texts(items, (max_items, max, unique), path, issues),
            },
            Shape::Flags => match value.as_object() {
                None => issues.push(path, "must be object"),
                Some(map) => {
                    for (name, flag) in map {
                        if issues.full() {
                            break;
                        }
                        if !flag.is_boolean() {
                            issues.push(&format!("{path}/{}", self.pointer(name)), "must be boolean");
                        }
                    }
                }
            },
            Shape::Object(fields) => match value.as_object() {
                None => issues.push(path, "must be object"),
                Some(map) => self.object(map, fields, path, issues),
            },
        }
    }

    fn length(self, text: &str, min: usize, max: usize, path: &str, issues: &mut Issues) {
        let length = text.chars().take(max.saturating_add(1)).count();
        let not = if self.dialect == Dialect::V3 { "NOT" } else { "not" };
        if length < min {
            issues.push(path, &format!("must {not} have fewer than {min} characters"));
        }
        if length > max {
            issues.push(path, &format!("must {not} have more than {max} characters"));
        }
    }

    fn texts(self, items: &[Value], limits: (usize, usize, bool), path: &str, issues: &mut Issues) {
        let (max_items, max, unique) = limits;
        let not = if self.dialect == Dialect::V3 { "NOT" } else { "not" };
        if items.len() > max_items {
            issues.push(path, &format!("must {not} have more than {max_items} items"));
        } else if unique && items.iter().enumerate().any(|(at, item)| items[..at].contains(item)) {
            issues.push(path, &format!("must {not} have duplicate items"));
        }
        for (at, item) in items.iter().enumerate() {
            if issues.full() {
                break;
            }
            self.value(item, Shape::Text { min: 1, max }, &format!("{path}/{at}"), issues);
        }
    }

    fn constant(self, value: &Value, words: &[&str], path: &str, issues: &mut Issues) {
        let text = value.as_str();
        if text.is_none() {
            issues.push(path, "must be string");
        }
        if text.is_none_or(|text| !words.contains(&text)) {
            issues.push(path, "must be equal to constant");
        }
    }

    fn choice(self, value: &Value, v3: &[&str], v4: &[&str], path: &str, issues: &mut Issues) {
        let words = if self.dialect == Dialect::V3 { v3 } else { v4 };
        if value.as_str().is_some_and(|text| words.contains(&text)) {
            return;
        }
        match self.dialect {
            Dialect::V3 => {
                self.constant(value, words, path, issues);
                issues.push(path, "must match a schema in anyOf");
            }
            Dialect::V4 => issues.push(path, "must be equal to one of the allowed values"),
        }
    }

    /// A name inside a path; only protocol 3 escapes it as a JSON pointer does.
    fn pointer(self, name: &str) -> String {
        let name = words::escape(name, MAX_NAME_CHARS);
        if self.dialect == Dialect::V3 { name.replace('~', "~0").replace('/', "~1") } else { name }
    }
}

fn integer(value: &Value, min: i64, max: i64, path: &str, issues: &mut Issues) {
    let Some(number) = value.as_f64() else {
        issues.push(path, "must be integer");
        return;
    };
    // `4.0` is an integer to the clients' language, and so it is here.
    if number.fract() != 0.0 {
        issues.push(path, "must be integer");
    }
    #[expect(clippy::cast_precision_loss, reason = "the limits in our tables are exact in f64")]
    let (low, high) = (min as f64, max as f64);
    if number < low {
        issues.push(path, &format!("must be >= {min}"));
    }
    if number > high {
        issues.push(path, &format!("must be <= {max}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const FRAME: &[Field] = &[
        Field::required("type", Shape::Constant("req")),
        Field::required("id", NAME),
        Field::required("method", NAME),
        Field::optional("params", Shape::Any),
    ];

    #[test]
    fn frames_are_complained_about_as_captured() {
        for (value, v3, v4) in [
            (json!([]), "must be object", "must be object"),
            (
                json!({"type": "req"}),
                "must have required property 'id'; must have required property 'method'",
                "must have required property 'id'",
            ),
            (
                json!({"type": "event", "event": "x"}),
                "must have required property 'id'; must have required property 'method'; at root: unexpected property 'event'; at /type: must be equal to constant",
                "must have required property 'id'; at root: unexpected property 'event'; at /type: must be equal to constant",
            ),
            (
                json!({"type": 5, "id": "a", "method": "b"}),
                "at /type: must be string; at /type: must be equal to constant",
                "at /type: must be string; at /type: must be equal to constant",
            ),
        ] {
            assert_eq!(check(Some(&value), FRAME, Dialect::V3).text(), v3, "{value}");
            assert_eq!(check(Some(&value), FRAME, Dialect::V4).text(), v4, "{value}");
        }
    }

    #[test]
    fn complaints_are_bounded_and_harmless() {
        let map: Map<String, Value> = (0..1000).map(|n| (format!("p{n}\u{202e}"), json!(1))).collect();
        let text = check(Some(&Value::Object(map)), FRAME, Dialect::V3).text();
        assert!(text.len() < 4000);
        assert!(!text.contains('\u{202e}'));
    }
}
