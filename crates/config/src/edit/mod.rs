//! Changing the configuration.
//!
//! [`Edit`] and [`text`] are pure. [`Editor`] does the whole of it: it reads the file, applies the change, checks the
//! result as loading would, and writes it atomically, unless the file changed underneath.

mod audit;
mod commit;
pub mod diff;
mod editor;
pub mod history;
pub mod text;

use std::fmt;

use serde_json::{Map, Value};

use crate::keypath::{KeyPath, Segment};
use crate::schema::{self, Kind, json_type};

pub use audit::redact_argv;
pub use commit::backups;
pub(crate) use commit::private_dir;
pub use editor::{EditError, Editor, Outcome};

/// One change. Its `Debug` shows the path only: the value may be a secret.
#[derive(Clone, PartialEq)]
pub enum Edit {
    /// Sets a value; missing objects on the way are made. An index equal to the length appends.
    Set {
        /// Where.
        path: KeyPath,
        /// What.
        value: Value,
    },
    /// Removes a key or element.
    Unset {
        /// Where.
        path: KeyPath,
    },
}

/// Why an edit does not fit a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathProblem {
    /// There is nothing at the path.
    #[error("Config path not found: {0}")]
    NotFound(String),
    /// Something on the way is neither an object nor an array.
    #[error("Cannot set {path}: {at} is a {kind}. Remove it first: openclaw config unset {at}")]
    InTheWay {
        /// The path asked for.
        path: String,
        /// What stands in the way.
        at: String,
        /// Its type.
        kind: &'static str,
    },
    /// An index beyond the end of an array, or a name where an index is needed.
    #[error("Cannot set {path}: {at} is an array of {len} elements.")]
    BadIndex {
        /// The path asked for.
        path: String,
        /// The array.
        at: String,
        /// Its length.
        len: usize,
    },
}

impl fmt::Debug for Edit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Set { path, .. } => write!(f, "Set({path})"),
            Self::Unset { path } => write!(f, "Unset({path})"),
        }
    }
}

impl Edit {
    /// The path it changes.
    #[must_use]
    pub fn path(&self) -> &KeyPath {
        match self {
            Self::Set { path, .. } | Self::Unset { path } => path,
        }
    }

    /// Applies it to a value; on an error the value is unchanged.
    ///
    /// # Errors
    /// When it does not fit.
    pub fn apply(&self, root: &mut Value) -> Result<(), PathProblem> {
        match self {
            Self::Set { path, value } => {
                fits(root, path)?;
                set(root, &path.0, value);
                Ok(())
            }
            Self::Unset { path } => {
                if path.is_root() {
                    *root = Value::Object(Map::new());
                    return Ok(());
                }
                unset(root, &path.0).then_some(()).ok_or_else(|| PathProblem::NotFound(path.to_string()))
            }
        }
    }
}

/// Whether a value can be set at a path, without touching anything.
fn fits(root: &Value, path: &KeyPath) -> Result<(), PathProblem> {
    let mut at = KeyPath::root();
    let mut here = Some(root);
    for (i, segment) in path.0.iter().enumerate() {
        let last = i + 1 == path.0.len();
        match here {
            None => {
                // Below here objects are made, so an index has nothing to point at.
                if matches!(segment, Segment::Index(n) if *n > 0) {
                    return Err(PathProblem::BadIndex { path: path.to_string(), at: at.to_string(), len: 0 });
                }
            }
            Some(Value::Object(map)) => {
                here = match segment {
                    Segment::Key(key) => map.get(key),
                    Segment::Index(n) => map.get(&n.to_string()),
                };
            }
            Some(Value::Array(list)) => match index(segment) {
                Some(n) if n < list.len() => here = list.get(n),
                Some(n) if n == list.len() => here = None,
                _ => {
                    return Err(PathProblem::BadIndex {
                        path: path.to_string(),
                        at: at.to_string(),
                        len: list.len(),
                    });
                }
            },
            Some(Value::Null) if !last || !at.is_root() => here = None,
            Some(other) => {
                return Err(PathProblem::InTheWay {
                    path: path.to_string(),
                    at: at.to_string(),
                    kind: json_type(other),
                });
            }
        }
        at.0.push(segment.clone());
    }
    Ok(())
}

fn set(here: &mut Value, path: &[Segment], value: &Value) {
    let Some((first, rest)) = path.split_first() else {
        *here = value.clone();
        return;
    };
    if here.is_null() {
        *here = match first {
            Segment::Index(_) => Value::Array(vec![]),
            Segment::Key(_) => Value::Object(Map::new()),
        };
    }
    match here {
        Value::Object(map) => {
            let key = match first {
                Segment::Key(key) => key.clone(),
                Segment::Index(n) => n.to_string(),
            };
            set(map.entry(key).or_insert(Value::Null), rest, value);
        }
        Value::Array(list) => {
            let n = index(first).unwrap_or(list.len()).min(list.len());
            if n == list.len() {
                list.push(Value::Null);
            }
            if let Some(item) = list.get_mut(n) {
                set(item, rest, value);
            }
        }
        // `fits` has refused everything else.
        _ => {}
    }
}

fn unset(here: &mut Value, path: &[Segment]) -> bool {
    let Some((first, rest)) = path.split_first() else { return false };
    match here {
        Value::Object(map) => {
            let key = match first {
                Segment::Key(key) => key.clone(),
                Segment::Index(n) => n.to_string(),
            };
            if rest.is_empty() {
                map.shift_remove(&key).is_some()
            } else {
                map.get_mut(&key).is_some_and(|v| unset(v, rest))
            }
        }
        Value::Array(list) => match index(first) {
            Some(n) if n < list.len() => {
                if rest.is_empty() {
                    list.remove(n);
                    true
                } else {
                    unset(&mut list[n], rest)
                }
            }
            _ => false,
        },
        _ => false,
    }
}

fn index(segment: &Segment) -> Option<usize> {
    match segment {
        Segment::Index(n) => Some(*n),
        Segment::Key(key) => key.parse().ok(),
    }
}

/// The value that a word of a command line means at a path: JSON5, and what is not JSON5 is text. Where the table
/// wants text and no number, a word that happens to look like one (a token of digits, `1e5`) stays text.
#[must_use]
pub fn typed(path: &KeyPath, word: &str) -> Value {
    let value = crate::parse::value_or_string(word);
    let wants_text = schema::at(path)
        .and_then(schema::Known::node)
        .is_some_and(|n| n.kind.has(Kind::STRING) || n.kind.has(Kind::SECRET));
    let fits = |value: &Value| schema::fits(path, value);
    if wants_text && !matches!(value, Value::String(_) | Value::Object(_) | Value::Array(_)) && !fits(&value)
    {
        return Value::String(word.to_owned());
    }
    value
}

/// Merges a patch: objects key by key, `null` removes, anything else replaces (RFC 7396).
#[must_use]
pub fn merged(base: &Value, patch: &Value) -> Value {
    let Value::Object(patch) = patch else { return patch.clone() };
    let mut out = base.as_object().cloned().unwrap_or_default();
    for (key, value) in patch {
        if value.is_null() {
            out.shift_remove(key);
        } else {
            let next = merged(out.get(key).unwrap_or(&Value::Null), value);
            out.insert(key.clone(), next);
        }
    }
    Value::Object(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn edits_apply() {
        let run = |value: Value, edit: Edit| {
            let mut value = value;
            edit.apply(&mut value).map(|()| value)
        };
        let set = |p: &str, v: Value| Edit::Set { path: p.parse().unwrap(), value: v };
        let unset = |p: &str| Edit::Unset { path: p.parse().unwrap() };
        assert_eq!(run(json!({}), set("a.b", json!(1))), Ok(json!({"a": {"b": 1}})));
        assert_eq!(run(json!({}), set("a[0].b", json!(1))), Ok(json!({"a": [{"b": 1}]})));
        assert_eq!(run(json!({"a": [1]}), set("a[1]", json!(2))), Ok(json!({"a": [1, 2]})));
        assert_eq!(run(json!({"a": [1]}), set("a.0", json!(2))), Ok(json!({"a": [2]})));
        assert_eq!(run(json!({"a": null}), set("a.b", json!(2))), Ok(json!({"a": {"b": 2}})));
        assert_eq!(run(json!({"a": [1, 2]}), unset("a[0]")), Ok(json!({"a": [2]})));
        assert!(matches!(run(json!({"a": 1}), set("a.b", json!(1))), Err(PathProblem::InTheWay { .. })));
        assert!(matches!(run(json!({"a": [1]}), set("a[5]", json!(1))), Err(PathProblem::BadIndex { .. })));
        assert!(matches!(run(json!({"a": [1]}), set("a.x", json!(1))), Err(PathProblem::BadIndex { .. })));
        assert_eq!(run(json!({}), unset("a.b")), Err(PathProblem::NotFound("a.b".into())));
        assert_eq!(run(json!({"a": 1}), unset("a.b")), Err(PathProblem::NotFound("a.b".into())));
    }

    #[test]
    fn words_become_what_the_table_wants() {
        let table = [
            ("gateway.auth.token", "12345678", json!("12345678")),
            ("gateway.auth.token", "1e999", json!("1e999")),
            ("gateway.auth.token", "'quoted'", json!("quoted")),
            ("gateway.auth.token", "{source: 'env', id: 'T'}", json!({"source": "env", "id": "T"})),
            ("gateway.port", "18790", json!(18790)),
            ("gateway.controlUi.enabled", "false", json!(false)),
            ("gateway.http.securityHeaders.strictTransportSecurity", "false", json!(false)),
            ("gateway.controlUi.allowedOrigins", "[\"*\"]", json!(["*"])),
            ("plugins.entries.x.config.n", "7", json!(7)),
        ];
        for (path, word, want) in table {
            assert_eq!(typed(&path.parse().unwrap(), word), want, "{path} {word}");
        }
    }

    #[test]
    fn patches_merge() {
        let base = json!({"a": {"b": 1, "c": 2}, "l": [1, 2]});
        assert_eq!(
            merged(&base, &json!({"a": {"b": null, "d": {"e": null, "f": 1}}, "l": [3]})),
            json!({"a": {"c": 2, "d": {"f": 1}}, "l": [3]})
        );
        assert_eq!(merged(&base, &json!({})), base);
    }
}
