//! The early-2026 `paired.json`, also when it is empty, cut off, a list, or partly broken.

use std::path::Path;

use serde_json::Value;

use super::{Gathered, record};

/// Takes every record that can be understood.
pub(super) fn read(path: &Path, bytes: &[u8], all: &mut Gathered) {
    all.report.from.push(path.to_path_buf());
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let before = all.report.refused.len();
    let (records, trouble) = split(text);
    for (name, raw) in records {
        match record::device(&name, &raw, true) {
            Ok(device) if all.known.insert(device.id.as_str().to_owned()) => all.devices.push(device),
            // Twice in the file, or already there from the database.
            Ok(_) => {}
            Err(why) => all.refuse(&name, why, raw),
        }
    }
    if let Some(trouble) = trouble {
        let shown = path.display();
        all.report.warnings.push(format!(
            "{shown} {trouble}; the whole records in it were taken over. The file is kept as {shown}.imported."
        ));
    }
    let refused = all.report.refused.len() - before;
    if refused > 0 {
        tracing::warn!("{refused} records of {} were not taken over", path.display());
    }
}

/// The top-level records, as far as the text can be read, and what is wrong with it.
fn split(text: &[u8]) -> (Vec<(String, Value)>, Option<String>) {
    let start = text.iter().position(|byte| !byte.is_ascii_whitespace());
    let Some(start) = start else {
        return (Vec::new(), Some("is empty".to_owned()));
    };
    match text[start] {
        b'{' => members(text, start + 1, true),
        b'[' => members(text, start + 1, false),
        _ => (Vec::new(), Some("is no JSON object".to_owned())),
    }
}

/// Reads `"key": value` pairs (or plain values) one after the other and stops at the first that is broken: a file
/// that was cut off still gives up what came before the cut.
fn members(text: &[u8], mut at: usize, keyed: bool) -> (Vec<(String, Value)>, Option<String>) {
    let mut records = Vec::new();
    let close = if keyed { b'}' } else { b']' };
    let broken = |at: usize| Some(format!("is damaged or cut off at byte {at}"));
    loop {
        at = skip_space(text, at);
        if text.get(at) == Some(&close) {
            return (records, None);
        }
        let mut name = String::new();
        if keyed {
            let Some((key, next)) = value(text, at) else { return (records, broken(at)) };
            let Value::String(key) = key else { return (records, broken(at)) };
            name = key;
            at = skip_space(text, next);
            if text.get(at) != Some(&b':') {
                return (records, broken(at));
            }
            at += 1;
        }
        let Some((record, next)) = value(text, at) else { return (records, broken(at)) };
        if !keyed {
            name = record.get("deviceId").and_then(Value::as_str).unwrap_or_default().to_owned();
        }
        records.push((name, record));
        at = skip_space(text, next);
        match text.get(at) {
            Some(b',') => at += 1,
            Some(byte) if *byte == close => return (records, None),
            _ => return (records, broken(at)),
        }
    }
}

fn value(text: &[u8], at: usize) -> Option<(Value, usize)> {
    let mut stream = serde_json::Deserializer::from_slice(text.get(at..)?).into_iter::<Value>();
    let value = stream.next()?.ok()?;
    Some((value, at + stream.byte_offset()))
}

fn skip_space(text: &[u8], mut at: usize) -> usize {
    while text.get(at).is_some_and(u8::is_ascii_whitespace) {
        at += 1;
    }
    at
}
