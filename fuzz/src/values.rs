//! JSON values, looked at independently of the crates under test.

use serde_json::{Map, Value};

/// Levels of nested arrays and objects.
#[must_use]
pub fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(map) => 1 + map.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

/// Equality as the clients' language has it: `4` is `4.0`. Numbers may differ in the last bits, because reading,
/// writing and reading a decimal fraction again does not always give the same one.
#[must_use]
pub fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => {
            let (x, y) = (a.as_f64().unwrap_or(0.0), b.as_f64().unwrap_or(0.0));
            a == b || x == y || (x - y).abs() <= x.abs().max(y.abs()) * 1e-14
        }
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same(a, b)))
        }
        _ => a == b,
    }
}

/// The object without the members that say nothing: `null`, `[]`, `{}`.
#[must_use]
pub fn without_blanks(value: &Value) -> Value {
    let Value::Object(map) = value else { return value.clone() };
    let blank = |value: &Value| match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
        _ => false,
    };
    let kept: Map<String, Value> =
        map.iter().filter(|(_, value)| !blank(value)).map(|(k, v)| (k.clone(), v.clone())).collect();
    Value::Object(kept)
}

/// Every string below a value, keys left out.
pub fn strings<'v>(value: &'v Value, out: &mut Vec<&'v str>) {
    match value {
        Value::String(text) => out.push(text),
        Value::Array(items) => items.iter().for_each(|item| strings(item, out)),
        Value::Object(map) => map.values().for_each(|item| strings(item, out)),
        _ => {}
    }
}

/// The number of object members below a value.
#[must_use]
pub fn members(value: &Value) -> usize {
    match value {
        Value::Array(items) => items.iter().map(members).sum(),
        Value::Object(map) => map.len() + map.values().map(members).sum::<usize>(),
        _ => 0,
    }
}

/// Whether writing and reading gives the very same value: false for some decimal fractions.
#[must_use]
pub fn exact(value: &Value) -> bool {
    serde_json::from_str::<Value>(&value.to_string()).is_ok_and(|again| again == *value)
}
