//! The current original's database, read without leaving a trace (section 4.5).

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};
use serde_json::{Map, Value};

use super::{Gathered, record};

/// Column names and the keys of the early-2026 layout they stand for.
const TEXTS: [(&str, &str); 14] = [
    ("device_id", "deviceId"),
    ("public_key", "publicKey"),
    ("display_name", "displayName"),
    ("operator_label", "label"),
    ("platform", "platform"),
    ("device_family", "deviceFamily"),
    ("client_id", "clientId"),
    ("client_mode", "clientMode"),
    ("browser_origin", "browserOrigin"),
    ("role", "role"),
    ("remote_ip", "remoteIp"),
    ("created_at_ms", "createdAtMs"),
    ("approved_at_ms", "approvedAtMs"),
    ("last_seen_at_ms", "lastSeenAtMs"),
];
/// Columns that hold JSON.
const JSONS: [(&str, &str); 4] = [
    ("roles_json", "roles"),
    ("scopes_json", "scopes"),
    ("approved_scopes_json", "approvedScopes"),
    ("tokens_json", "tokens"),
];

/// Takes the paired devices over.
pub(super) fn read(path: &Path, all: &mut Gathered) {
    match rows(path) {
        Ok(records) => {
            all.report.from.push(path.to_path_buf());
            for raw in records {
                let name = raw.get("deviceId").and_then(Value::as_str).unwrap_or_default().to_owned();
                match record::device(&name, &raw, false) {
                    Ok(device) if all.known.insert(device.id.as_str().to_owned()) => all.devices.push(device),
                    Ok(_) => {}
                    Err(why) => all.refuse(&name, why, raw),
                }
            }
        }
        Err(error) => all.report.warnings.push(format!(
            "{} could not be read ({error}); its devices were not taken over and must pair again.",
            path.display()
        )),
    }
}

/// The rows as records of the early-2026 layout.
fn rows(path: &Path) -> rusqlite::Result<Vec<Value>> {
    let log = beside(path, "-wal");
    let index = beside(path, "-shm");
    let has_log = fs::metadata(&log).is_ok_and(|meta| meta.len() > 0);
    if !has_log {
        // Nothing is pending in a log, so the file alone is the truth, and SQLite need not even lock it.
        return query(path, "immutable=1");
    }
    let had_index = index.exists();
    let result = query(path, "mode=ro").or_else(|_| query(path, "immutable=1"));
    if !had_index {
        // Reading the log needs an index beside it; it was not there before and goes again.
        let _ = fs::remove_file(&index);
    }
    result
}

fn query(path: &Path, parameter: &str) -> rusqlite::Result<Vec<Value>> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(uri(path, parameter), flags)?;
    db.execute_batch("PRAGMA query_only = ON; PRAGMA trusted_schema = OFF;")?;
    let known: i64 = db.query_row(
        "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'device_pairing_paired'",
        [],
        |row| row.get(0),
    )?;
    if known == 0 {
        // A database from before the original paired anything.
        return Ok(Vec::new());
    }
    let mut statement = db.prepare("SELECT * FROM device_pairing_paired")?;
    let columns: Vec<String> = statement.column_names().into_iter().map(str::to_owned).collect();
    let mut found = Vec::new();
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let mut record = Map::new();
        for (index, column) in columns.iter().enumerate() {
            put(&mut record, column, row.get_ref(index)?);
        }
        found.push(Value::Object(record));
    }
    Ok(found)
}

fn put(record: &mut Map<String, Value>, column: &str, value: ValueRef<'_>) {
    let key = |table: &[(&str, &str)]| {
        table.iter().find(|(name, _)| *name == column).map(|(_, key)| (*key).to_owned())
    };
    if let Some(key) = key(&TEXTS) {
        let value = match value {
            ValueRef::Text(bytes) => Value::from(String::from_utf8_lossy(bytes).into_owned()),
            ValueRef::Integer(number) => Value::from(number),
            _ => return,
        };
        record.insert(key, value);
    } else if let (Some(key), ValueRef::Text(bytes)) = (key(&JSONS), value)
        && let Ok(value) = serde_json::from_slice(bytes)
    {
        record.insert(key, value);
    }
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    PathBuf::from(name)
}

/// A `file:` URI; everything but plain characters is percent-encoded.
fn uri(path: &Path, parameter: &str) -> String {
    let mut out = String::from("file:");
    for byte in path.as_os_str().as_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'_' | b'-' => {
                out.push(char::from(*byte))
            }
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out.push('?');
    out.push_str(parameter);
    out
}
