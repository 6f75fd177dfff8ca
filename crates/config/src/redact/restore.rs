//! Turning what a person or a form sends back into what belongs in the file: markers become the stored secrets again,
//! and values that only repeat what a `${VAR}` resolved to keep their reference.

use openclaw_protocol::secret::REDACTED;
use serde_json::Value;

use crate::keypath::KeyPath;
use crate::substitute;

/// A marker stands where nothing is stored that it could stand for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path} is {REDACTED}, and no stored value belongs there; send the real value or leave the key out")]
pub struct RestoreError {
    /// Where.
    pub path: String,
}

/// Restores `new` in place. `source` is what the file says now, `resolved` what that comes to.
///
/// # Errors
/// When a marker has no stored value.
pub fn restore(new: &mut Value, source: &Value, resolved: &Value) -> Result<(), RestoreError> {
    walk(new, Some(source), Some(resolved), &KeyPath::root())
}

fn walk(
    new: &mut Value,
    source: Option<&Value>,
    resolved: Option<&Value>,
    at: &KeyPath,
) -> Result<(), RestoreError> {
    match new {
        Value::String(text) if text == REDACTED => {
            // What is only known through an include is not in this file and must not be copied into it.
            match source {
                Some(stored) if stored != REDACTED && !stored.is_null() => *new = stored.clone(),
                _ => return Err(RestoreError { path: at.to_string() }),
            }
        }
        Value::String(text) if text.contains(REDACTED) => return Err(RestoreError { path: at.to_string() }),
        Value::String(text) => {
            let written = source.and_then(Value::as_str).filter(|s| substitute::mentions(s));
            if let (Some(written), Some(Value::String(means))) = (written, resolved)
                && means == text
            {
                *text = written.to_owned();
            }
        }
        Value::Array(list) => {
            let source = source.and_then(Value::as_array).map(Vec::as_slice);
            let resolved = resolved.and_then(Value::as_array).map(Vec::as_slice);
            let same_length = source.is_some_and(|s| s.len() == list.len());
            for (i, item) in list.iter_mut().enumerate() {
                let index = partner(item, i, source.unwrap_or_default(), same_length);
                let old = |from: Option<&'_ [Value]>| index.and_then(|i| from?.get(i).cloned());
                walk(item, old(source).as_ref(), old(resolved).as_ref(), &at.index(i))?;
            }
        }
        Value::Object(map) => {
            for (key, item) in map.iter_mut() {
                walk(item, source.and_then(|s| s.get(key)), resolved.and_then(|r| r.get(key)), &at.key(key))?;
            }
        }
        _ => {}
    }
    Ok(())
}

/// Which stored element a new one comes from: the one with the same `id` (or `name`), else the one in its place when
/// the array did not grow or shrink. A wrong guess here would give somebody another one's secret.
fn partner(item: &Value, index: usize, stored: &[Value], same_length: bool) -> Option<usize> {
    for key in ["id", "name"] {
        if let Some(id) = item.get(key).and_then(Value::as_str) {
            let mut matches =
                stored.iter().enumerate().filter(|(_, s)| s.get(key).and_then(Value::as_str) == Some(id));
            return match (matches.next(), matches.next()) {
                (Some((i, _)), None) => Some(i),
                _ => None,
            };
        }
    }
    same_length.then_some(index)
}
