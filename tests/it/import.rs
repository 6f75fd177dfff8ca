//! Coming from OpenClaw: its devices come along, with the tokens they hold.

use std::collections::BTreeMap;
use std::path::Path;

use openclaw_tests::connect::now_ms;
use openclaw_tests::wait::until;
use openclaw_tests::world::TOKEN;
use openclaw_tests::{Connect, Device, Dialect, World};
use serde_json::{Value, json};

#[test]
fn devices_of_early_2026_come_along_with_their_tokens() {
    let world = World::new();
    let device = Device::new();
    let token = "aClygqysAbFR90aKLuWe1370nnA4jS5j5etsBq7bfpI";
    let now = now_ms();
    let paired = json!({
        device.id(): {
            "deviceId": device.id(), "publicKey": device.public_key(), "platform": "linux", "clientId": "cli",
            "clientMode": "cli", "role": "operator", "roles": ["operator"], "scopes": ["operator.read"],
            "approvedScopes": ["operator.read"],
            "tokens": {"operator": {
                "token": token, "role": "operator", "scopes": ["operator.read"], "createdAtMs": now,
            }},
            "createdAtMs": now, "approvedAtMs": now,
        },
    });
    let folder = world.state().join("devices");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("paired.json"), format!("{paired:#}")).unwrap();

    let gateway = world.start();
    let known =
        Connect::test(Dialect::V3).client("id", json!("cli")).client("mode", json!("cli")).device(&device);
    let hello = gateway.dial_remote().open().connect(&known.clone().auth("deviceToken", token)).hello();
    assert_eq!(hello["auth"]["deviceToken"], json!(token), "the token it holds is given back");
    gateway.dial_remote().open().connect(&known.clone().token(TOKEN)).hello();
    let wrong = known.auth("deviceToken", "aClygqysAbFR90aKLuWe1370nnA4jS5j5etsBq7bfpJ");
    gateway.dial_remote().open().connect(&wrong).refused();

    until("word of the import", || gateway.printed().contains("1 paired device came along").then_some(()));
    let copy = folder.join("paired.json.imported");
    assert!(std::fs::read_to_string(&copy).unwrap().contains(token));
    until("the view without tokens", || {
        std::fs::read_to_string(folder.join("paired.json")).ok().filter(|view| !view.contains(token))
    });

    // A second start imports nothing twice.
    gateway.stop();
    let gateway = world.start();
    let list = gateway.cli(&["devices", "list", "--json"]).ok().json();
    assert_eq!(list["paired"].as_array().unwrap().len(), 1);
}

/// The tables of OpenClaw 2026.9 that have to do with devices (auth-and-pairing §4.5).
const SCHEMA: &str = "
    CREATE TABLE device_pairing_pending (
        request_id TEXT PRIMARY KEY, device_id TEXT, public_key TEXT, display_name TEXT, platform TEXT,
        device_family TEXT, client_id TEXT, client_mode TEXT, browser_origin TEXT, role TEXT, roles_json TEXT,
        scopes_json TEXT, remote_ip TEXT, silent INTEGER, is_repair INTEGER, ts INTEGER, refreshed_at_ms INTEGER
    ) STRICT;
    CREATE TABLE device_pairing_paired (
        device_id TEXT PRIMARY KEY, public_key TEXT, display_name TEXT, operator_label TEXT, platform TEXT,
        device_family TEXT, client_id TEXT, client_mode TEXT, browser_origin TEXT, role TEXT, roles_json TEXT,
        scopes_json TEXT, approved_scopes_json TEXT, remote_ip TEXT, tokens_json TEXT, approved_via TEXT,
        node_surface_json TEXT, pending_node_surface_json TEXT, created_at_ms INTEGER, approved_at_ms INTEGER,
        last_seen_at_ms INTEGER, last_seen_reason TEXT
    ) STRICT;
    CREATE TABLE device_bootstrap_tokens (token_key TEXT PRIMARY KEY, token TEXT, ts INTEGER) STRICT;
    CREATE TABLE sessions (id TEXT PRIMARY KEY) STRICT;
";

/// A device of the original: who it is, what it may do, and the token that it holds.
struct Known {
    device: Device,
    connect: Connect,
    role: &'static str,
    scopes: &'static [&'static str],
    token: &'static str,
    revoked: bool,
}

fn store(db: &rusqlite::Connection, known: &Known) {
    let now = now_ms();
    let scopes = json!(known.scopes);
    let mut token = json!({"token": known.token, "role": known.role, "scopes": scopes, "createdAtMs": now});
    if known.revoked {
        token["revokedAtMs"] = json!(now);
    }
    let params = known.connect.params("");
    let client = |field: &str| params["client"][field].as_str().map(str::to_owned);
    db.execute(
        "INSERT INTO device_pairing_paired
            (device_id, public_key, display_name, platform, device_family, client_id, client_mode, role, roles_json,
             scopes_json, approved_scopes_json, remote_ip, tokens_json, approved_via, created_at_ms, approved_at_ms)
         VALUES (?1, ?2, 'An old friend', ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9, '198.51.100.7', ?10, 'owner', ?11, ?11)",
        rusqlite::params![
            known.device.id(),
            known.device.public_key(),
            client("platform"),
            client("deviceFamily"),
            client("id"),
            client("mode"),
            known.role,
            json!([known.role]).to_string(),
            scopes.to_string(),
            json!({known.role: token}).to_string(),
            now as i64,
        ],
    )
    .unwrap();
}

/// Name and content of everything in a folder.
fn content(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let files = std::fs::read_dir(folder).unwrap().map(Result::unwrap);
    files
        .filter(|entry| entry.file_name().to_string_lossy().starts_with("openclaw.sqlite"))
        .map(|entry| (entry.file_name().into_string().unwrap(), std::fs::read(entry.path()).unwrap()))
        .collect()
}

/// The devices of the original: two operators, a node, and one whose token was revoked.
fn friends() -> Vec<Known> {
    let make = |connect: Connect, role, scopes, token, revoked| {
        let device = Device::new();
        Known { connect: connect.device(&device), device, role, scopes, token, revoked }
    };
    let reader = Connect::test(Dialect::V4);
    vec![
        make(
            Connect::cli(Dialect::V4).scopes(&["read", "pairing"]),
            "operator",
            &["operator.read", "operator.pairing"],
            "oneTokenOfFortyThreeCharacters-0123456789ab",
            false,
        ),
        make(
            Connect::app(Dialect::V3, "macos"),
            "operator",
            &["operator.read", "operator.write", "operator.talk.secrets"],
            "twoTokenOfFortyThreeCharacters-0123456789ab",
            false,
        ),
        make(
            Connect::node_host(Dialect::V4),
            "node",
            &[],
            "sixTokenOfFortyThreeCharacters-0123456789ab",
            false,
        ),
        make(reader, "operator", &["operator.read"], "tenTokenOfFortyThreeCharacters-0123456789ab", true),
    ]
}

/// Lays a database of the original into the state directory and brings it along. With `in_log` the last rows stand only
/// in its write-ahead log, as after a power cut of the original.
fn from_database(in_log: bool) {
    let world = World::new();
    let folder = world.state().join("state");
    std::fs::create_dir_all(&folder).unwrap();
    let friends = friends();
    {
        let elsewhere = tempfile::tempdir().unwrap();
        let path = elsewhere.path().join("openclaw.sqlite");
        let db = rusqlite::Connection::open(&path).unwrap();
        db.pragma_update(None, "journal_mode", "wal").unwrap();
        db.execute_batch(SCHEMA).unwrap();
        store(&db, &friends[0]);
        db.pragma_update(None, "wal_checkpoint", "truncate").unwrap();
        for known in &friends[1..] {
            store(&db, known);
        }
        db.execute(
            "INSERT INTO device_pairing_pending (request_id, device_id, public_key, role, ts)
             VALUES ('b2f7', ?1, ?2, 'operator', ?3)",
            rusqlite::params![Device::new().id(), Device::new().public_key(), now_ms() as i64],
        )
        .unwrap();
        if !in_log {
            db.pragma_update(None, "wal_checkpoint", "truncate").unwrap();
        }
        // Copied while it is open: what is in the log stays there.
        for name in ["openclaw.sqlite", "openclaw.sqlite-wal"] {
            std::fs::copy(elsewhere.path().join(name), folder.join(name)).unwrap();
        }
    }
    if !in_log {
        std::fs::remove_file(folder.join("openclaw.sqlite-wal")).unwrap();
    }
    let before = content(&folder);

    let mut gateway = world.start();
    let word = "4 paired devices came along";
    until("word of the import", || gateway.printed().contains(word).then_some(()));
    for round in ["at once", "after a restart"] {
        for known in &friends {
            let own = known.connect.clone().auth("deviceToken", known.token);
            let answer = gateway.dial_remote().open().connect(&own);
            if known.revoked {
                let (error, _) = answer.refused();
                assert_eq!(error["details"]["code"], json!("AUTH_DEVICE_TOKEN_MISMATCH"), "{round}: {error}");
            } else {
                let hello = answer.hello();
                assert_eq!(hello["auth"]["deviceToken"], json!(known.token), "{round}: the token it holds");
            }
        }
        let list = gateway.cli(&["devices", "list", "--json"]).ok().json();
        assert_eq!(list["paired"].as_array().unwrap().len(), friends.len(), "{round}: {list}");
        assert_eq!(list["pending"], json!([]), "{round}: requests do not come along");
        gateway.stop();
        assert_eq!(content(&folder), before, "{round}: the original's files are left as they were");
        gateway = world.start();
    }
    // What a token was worth there it is worth here, and no more.
    let admin = friends[0].connect.clone().scopes(&["admin"]).auth("deviceToken", friends[0].token);
    let (error, _) = gateway.dial_remote().open().connect(&admin).refused();
    assert_eq!(error["details"]["code"], json!("AUTH_SCOPE_MISMATCH"), "{error}");
    // Nor are the imported tokens written down anywhere.
    let view = std::fs::read_to_string(world.state().join("devices/paired.json")).unwrap();
    let store = std::fs::read(folder.join("gateway.sqlite")).unwrap();
    for known in &friends {
        assert!(!view.contains(known.token));
        assert!(!store.windows(known.token.len()).any(|window| window == known.token.as_bytes()));
    }
    let parsed: Value = serde_json::from_str(&view).unwrap();
    assert_eq!(parsed.as_object().unwrap().len(), friends.len());
}

#[test]
fn devices_of_a_current_database_come_along_with_their_tokens() {
    from_database(false);
}

#[test]
fn devices_in_the_log_of_a_database_come_along_too() {
    from_database(true);
}
