//! What separates two configurations: as edits that lead from one to the other, and as paths for people and reloads.

use serde_json::Value;

use super::Edit;
use crate::keypath::KeyPath;

/// The smallest edits this module knows that turn `old` into `new`. Order of keys is not compared.
#[must_use]
pub fn edits(old: &Value, new: &Value) -> Vec<Edit> {
    let mut out = Vec::new();
    walk_edits(old, new, &KeyPath::root(), &mut out);
    out
}

fn walk_edits(old: &Value, new: &Value, at: &KeyPath, out: &mut Vec<Edit>) {
    match (old, new) {
        (Value::Object(a), Value::Object(b)) => {
            for key in a.keys().filter(|k| !b.contains_key(*k)) {
                out.push(Edit::Unset { path: at.key(key) });
            }
            for (key, value) in b {
                match a.get(key) {
                    Some(before) => walk_edits(before, value, &at.key(key), out),
                    None => out.push(Edit::Set { path: at.key(key), value: value.clone() }),
                }
            }
        }
        // Elements keep their comments when the array only grows or changes in place.
        (Value::Array(a), Value::Array(b))
            if a.len() <= b.len() && (a.len() == b.len() || a[..] == b[..a.len()]) =>
        {
            for (i, value) in b.iter().enumerate() {
                match a.get(i) {
                    Some(before) => walk_edits(before, value, &at.index(i), out),
                    None => out.push(Edit::Set { path: at.index(i), value: value.clone() }),
                }
            }
        }
        (a, b) if a == b => {}
        (_, b) => out.push(Edit::Set { path: at.clone(), value: b.clone() }),
    }
}

/// The paths whose values differ, down to single keys; arrays count as one value, and an empty object as nothing.
#[must_use]
pub fn changed(old: &Value, new: &Value) -> Vec<KeyPath> {
    let mut out = Vec::new();
    walk_changed(Some(old), Some(new), &KeyPath::root(), &mut out);
    out
}

fn walk_changed(old: Option<&Value>, new: Option<&Value>, at: &KeyPath, out: &mut Vec<KeyPath>) {
    if old == new {
        return;
    }
    let map = |v: Option<&Value>| match v {
        None => Some(serde_json::Map::new()),
        Some(Value::Object(map)) => Some(map.clone()),
        Some(_) => None,
    };
    match (map(old), map(new)) {
        (Some(a), Some(b)) => {
            for (key, value) in &b {
                walk_changed(a.get(key), Some(value), &at.key(key), out);
            }
            for (key, value) in a.iter().filter(|(k, _)| !b.contains_key(*k)) {
                walk_changed(Some(value), None, &at.key(key), out);
            }
        }
        _ => out.push(at.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn changed_paths() {
        let table: [(Value, Value, &[&str]); 6] = [
            (json!({}), json!({}), &[]),
            (json!({}), json!({"a": {"b": 1, "c": {}}}), &["a.b"]),
            (json!({"a": {"b": 1}}), json!({}), &["a.b"]),
            (json!({"a": [1, 2]}), json!({"a": [2, 1]}), &["a"]),
            (json!({"a": 1, "b": 2}), json!({"b": 2, "a": 1}), &[]),
            (json!({"a": {"x": 1}}), json!({"a": 5}), &["a"]),
        ];
        for (old, new, want) in table {
            assert_eq!(
                changed(&old, &new).iter().map(ToString::to_string).collect::<Vec<_>>(),
                want,
                "{old} {new}"
            );
        }
    }

    #[test]
    fn edits_are_small() {
        let table = [
            (json!({"a": 1, "b": {"c": 1, "d": 2}}), json!({"a": 1, "b": {"d": 3}}), 2),
            (json!({"l": [1, 2]}), json!({"l": [1, 2, 3]}), 1),
            (json!({"l": [{"a": 1}, {"a": 2}]}), json!({"l": [{"a": 1}, {"a": 3}]}), 1),
            (json!({"l": [1, 2, 3]}), json!({"l": [1, 3]}), 1),
            (json!([]), json!({}), 1),
        ];
        for (old, new, count) in table {
            let found = edits(&old, &new);
            assert_eq!(found.len(), count, "{old} {new}: {found:?}");
            let mut value = old.clone();
            for edit in &found {
                edit.apply(&mut value).unwrap();
            }
            assert_eq!(value, new);
        }
    }
}
