//! Between the snapshot and the tables: one row per device, request, code.

use std::sync::Arc;

use openclaw_protocol::ids::{DeviceId, RequestId};
use openclaw_protocol::words::Words;
use rusqlite::{Connection, OptionalExtension, params};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::model::{Code, CodeHash, Device, Former, Grant, Request, SetAside, Snapshot, Tombstone};

const LATCH: &str = "pairing.latch";

/// Reads everything. Rows that cannot be understood stay in the file and come back as second value.
pub(super) fn load(db: &Connection) -> rusqlite::Result<(Snapshot, Vec<SetAside>)> {
    let mut state = Snapshot::default();
    let mut bad = Vec::new();
    let mut statement = db.prepare("SELECT device_id, record, operator_import, node_import FROM devices")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let id = row.get_ref(0)?.as_str()?;
        let Some(mut device) = parse::<Device>("device", id, row.get_ref(1)?.as_str()?, &mut bad) else {
            continue;
        };
        take_import(&mut device.operator, row.get(2)?);
        take_import(&mut device.node, row.get(3)?);
        state.devices.insert(device.id.clone(), Arc::new(device));
    }
    let mut statement = db.prepare("SELECT device_id, record FROM tombstones")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let id = row.get_ref(0)?.as_str()?;
        let tombstone = parse::<Tombstone>("tombstone", id, row.get_ref(1)?.as_str()?, &mut bad);
        if let (Some(device), Some(tombstone)) = (DeviceId::parse(id), tombstone) {
            state.tombstones.insert(device, tombstone);
        }
    }
    let mut statement = db.prepare("SELECT request_id, record FROM requests")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let id = row.get_ref(0)?.as_str()?;
        let Some(request) = parse::<Request>("request", id, row.get_ref(1)?.as_str()?, &mut bad) else {
            continue;
        };
        state.put_request(Arc::new(request));
    }
    let mut statement = db.prepare("SELECT request_id, record FROM former_requests ORDER BY at_ms")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let id = row.get_ref(0)?.as_str()?;
        let Some(former) = parse::<Former>("former request", id, row.get_ref(1)?.as_str()?, &mut bad) else {
            continue;
        };
        state.former_order.push_back(former.id.clone());
        state.former.insert(former.id.clone(), Arc::new(former));
    }
    let mut statement = db.prepare("SELECT record FROM codes")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let Some(code) = parse::<Code>("code", "", row.get_ref(0)?.as_str()?, &mut bad) else { continue };
        state.note_expiry(code.expires_at);
        state.codes.insert(code.hash, Arc::new(code));
    }
    // No latch, or one that cannot be read, is a closed one.
    if let Some(text) = meta_get(db, LATCH)? {
        state.latch = serde_json::from_str(&text).unwrap_or_default();
    }
    Ok((state, bad))
}

fn parse<T: DeserializeOwned>(what: &str, id: &str, text: &str, bad: &mut Vec<SetAside>) -> Option<T> {
    match serde_json::from_str(text) {
        Ok(value) => Some(value),
        Err(error) => {
            let why =
                format!("a {what} in the database cannot be understood ({error}); it is left there, unused");
            bad.push(SetAside { record: Words::new(id), why, kept_in: None });
            None
        }
    }
}

fn take_import(grant: &mut Option<Grant>, blob: Option<Vec<u8>>) {
    let hash = blob.and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
    if let (Some(grant), Some(hash)) = (grant, hash) {
        grant.token.imported = Some(Box::new(hash));
    }
}

fn import_of(grant: Option<&Grant>) -> Option<&[u8]> {
    grant.and_then(|grant| grant.token.imported.as_deref()).map(<[u8; 32]>::as_slice)
}

fn json<T: Serialize>(value: &T) -> rusqlite::Result<String> {
    serde_json::to_string(value).map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}

/// Writes the row as it is now, or removes it.
pub(super) fn put_device(db: &Connection, state: &Snapshot, id: &DeviceId) -> rusqlite::Result<()> {
    match state.devices.get(id) {
        Some(device) => db
            .prepare_cached("INSERT OR REPLACE INTO devices VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![
                id.as_str(),
                json(&**device)?,
                import_of(device.operator.as_ref()),
                import_of(device.node.as_ref())
            ])
            .map(drop),
        None => {
            db.prepare_cached("DELETE FROM devices WHERE device_id = ?1")?.execute([id.as_str()]).map(drop)
        }
    }
}

/// Writes a tombstone; they are never removed.
pub(super) fn put_tombstone(db: &Connection, state: &Snapshot, id: &DeviceId) -> rusqlite::Result<()> {
    let Some(tombstone) = state.tombstones.get(id) else { return Ok(()) };
    db.prepare_cached("INSERT OR REPLACE INTO tombstones VALUES (?1, ?2)")?
        .execute(params![id.as_str(), json(tombstone)?])
        .map(drop)
}

/// Writes the row as it is now, or removes it.
pub(super) fn put_request(db: &Connection, state: &Snapshot, id: &RequestId) -> rusqlite::Result<()> {
    match state.requests.get(id) {
        Some(request) => db
            .prepare_cached("INSERT OR REPLACE INTO requests VALUES (?1, ?2, ?3)")?
            .execute(params![id.as_str(), request.device_id.as_str(), json(&**request)?])
            .map(drop),
        None => {
            db.prepare_cached("DELETE FROM requests WHERE request_id = ?1")?.execute([id.as_str()]).map(drop)
        }
    }
}

/// Writes the row as it is now, or removes it.
pub(super) fn put_former(db: &Connection, state: &Snapshot, id: &RequestId) -> rusqlite::Result<()> {
    match state.former.get(id) {
        Some(former) => db
            .prepare_cached("INSERT OR REPLACE INTO former_requests VALUES (?1, ?2, ?3)")?
            .execute(params![id.as_str(), i64::try_from(former.at.0).unwrap_or(i64::MAX), json(&**former)?])
            .map(drop),
        None => db
            .prepare_cached("DELETE FROM former_requests WHERE request_id = ?1")?
            .execute([id.as_str()])
            .map(drop),
    }
}

/// Writes the row as it is now, or removes it.
pub(super) fn put_code(db: &Connection, state: &Snapshot, hash: &CodeHash) -> rusqlite::Result<()> {
    match state.codes.get(hash) {
        Some(code) => db
            .prepare_cached("INSERT OR REPLACE INTO codes VALUES (?1, ?2)")?
            .execute(params![hash.0.as_slice(), json(&**code)?])
            .map(drop),
        None => {
            db.prepare_cached("DELETE FROM codes WHERE hash = ?1")?.execute([hash.0.as_slice()]).map(drop)
        }
    }
}

/// Writes the latch.
pub(super) fn put_latch(db: &Connection, state: &Snapshot) -> rusqlite::Result<()> {
    meta_put(db, LATCH, Some(&json(&state.latch)?))
}

/// A value of the side table.
pub(super) fn meta_get(db: &Connection, key: &str) -> rusqlite::Result<Option<String>> {
    db.prepare_cached("SELECT value FROM meta WHERE key = ?1")?.query_row([key], |row| row.get(0)).optional()
}

/// Sets or removes a value of the side table.
pub(super) fn meta_put(db: &Connection, key: &str, value: Option<&str>) -> rusqlite::Result<()> {
    match value {
        Some(value) => {
            db.prepare_cached("INSERT OR REPLACE INTO meta VALUES (?1, ?2)")?.execute([key, value]).map(drop)
        }
        None => db.prepare_cached("DELETE FROM meta WHERE key = ?1")?.execute([key]).map(drop),
    }
}
