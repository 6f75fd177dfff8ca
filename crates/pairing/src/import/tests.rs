//! Adoption of what the original left, broken files included (acceptance F-05), and the way back.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use openclaw_protocol::device_proof::PublicKey;
use openclaw_protocol::ids::DeviceId;
use openclaw_protocol::role::Role;
use openclaw_protocol::scope::ScopeSet;
use openclaw_protocol::words::Words;
use serde_json::{Value, json};

use crate::model::{ApprovedVia, Ask, CallerAuthority, Mutation, PeerKey, Roles};
use crate::paths::StatePaths;
use crate::store::{OpenReport, Store, StoreOptions};

const TOKEN: &str = "aClygqysAbFR90aKLuWe1370nnA4jS5j5etsBq7bfpI";

fn id(n: u8) -> DeviceId {
    DeviceId::of_public_key(&[n; 32])
}

fn record(n: u8) -> Value {
    json!({
        "deviceId": id(n), "publicKey": PublicKey::from_bytes([n; 32]).to_base64url(), "platform": "linux",
        "clientId": "cli", "clientMode": "cli", "role": "operator", "roles": ["operator"],
        "scopes": ["operator.read"], "approvedScopes": ["operator.read"],
        "tokens": {"operator": {"token": TOKEN, "role": "operator", "scopes": ["operator.read"], "createdAtMs": 5}},
        "createdAtMs": 5, "approvedAtMs": 6,
    })
}

fn ask(n: u8) -> Ask {
    Ask {
        device_id: id(n),
        public_key: [n; 32],
        role: Role::Operator,
        scopes: ScopeSet::default(),
        client_id: Words::new("cli"),
        client_mode: Words::new("cli"),
        display_name: None,
        platform: Some(Words::new("linux")),
        device_family: None,
        remote_ip: None,
        origin: None,
        peer: PeerKey::local(),
        seen: None,
    }
}

fn open(dir: &Path) -> (Store, OpenReport) {
    let options = StoreOptions { view_delay_ms: 1, ..StoreOptions::for_state_dir(dir) };
    Store::open(StatePaths::in_state_dir(dir), options).unwrap()
}

fn with_paired(content: &[u8]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("devices")).unwrap();
    fs::write(dir.path().join("devices/paired.json"), content).unwrap();
    dir
}

fn file_of(records: &[(&str, Value)]) -> Vec<u8> {
    let map: serde_json::Map<String, Value> =
        records.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    serde_json::to_vec_pretty(&map).unwrap()
}

#[test]
fn an_early_file_comes_along_with_working_tokens() {
    let text = file_of(&[(id(1).as_str(), record(1))]);
    let dir = with_paired(&text);
    fs::write(dir.path().join("devices/pending.json"), "{}").unwrap();
    let (store, report) = open(dir.path());
    let imported = report.imported.as_ref().unwrap();
    assert_eq!((imported.devices, imported.with_tokens, imported.refused.len()), (1, 1, 0));
    assert!(report.sentences()[0].starts_with("1 paired device came along from"), "{:?}", report.sentences());
    assert!(!report.claimable);
    let snapshot = store.snapshot();
    let device = snapshot.device(&id(1)).unwrap();
    assert_eq!((device.created_at.0, device.approved_at.0, device.approved_via), (5, 6, ApprovedVia::Import));
    let key = store.token_key();
    key.verify(device, Role::Operator, TOKEN).unwrap();
    let ours = key.issue(device, Role::Operator).unwrap();
    key.verify(device, Role::Operator, ours.expose()).unwrap();
    assert!(key.verify(device, Role::Operator, "else").is_err());
    assert!(!format!("{:?}", snapshot).contains(TOKEN), "only its hash is kept");

    store.flush_blocking().unwrap();
    for name in ["paired.json.imported", "pending.json.imported"] {
        let path = dir.path().join("devices").join(name);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
    assert_eq!(fs::read(dir.path().join("devices/paired.json.imported")).unwrap(), text);
    assert!(!fs::read_to_string(dir.path().join("devices/paired.json")).unwrap().contains(TOKEN));
    assert!(store.set_aside().is_empty(), "what was adopted is no hand edit");
    store.close().unwrap();
    let database = fs::read(dir.path().join("state/gateway.sqlite")).unwrap();
    assert!(!database.windows(TOKEN.len()).any(|window| window == TOKEN.as_bytes()));

    let (store, report) = open(dir.path());
    assert!(report.imported.is_none() && report.sentences().is_empty(), "once");
    assert!(
        report.import_note.unwrap().starts_with("1 paired device came along"),
        "but `status` can still say it"
    );
    let snapshot = store.snapshot();
    store.token_key().verify(snapshot.device(&id(1)).unwrap(), Role::Operator, TOKEN).unwrap();
}

#[test]
fn a_rotation_or_revocation_ends_the_adopted_token() {
    for revoke in [false, true] {
        let dir = with_paired(&file_of(&[(id(1).as_str(), record(1))]));
        let (store, _) = open(dir.path());
        let (device, role, caller) = (id(1), Role::Operator, CallerAuthority::owner());
        store
            .apply_blocking(match revoke {
                false => Mutation::Rotate { device, role, scopes: None, caller },
                true => Mutation::Revoke { device, role, caller },
            })
            .unwrap();
        let again = Mutation::ApproveSilently { ask: ask(1), via: ApprovedVia::Owner };
        store.apply_blocking(again).unwrap();
        store.close().unwrap();
        let (store, _) = open(dir.path());
        let snapshot = store.snapshot();
        let refused = store.token_key().verify(snapshot.device(&id(1)).unwrap(), Role::Operator, TOKEN);
        assert!(refused.is_err(), "revoked: {revoke}");
    }
}

#[test]
fn hand_edited_scopes_of_the_early_file_count_and_tokens_stay_narrow() {
    let mut edited = record(1);
    edited["scopes"] = json!(["operator.read", "operator.admin", "operator.unheard"]);
    let mut old = record(2);
    old.as_object_mut().unwrap().remove("approvedScopes");
    old.as_object_mut().unwrap().remove("roles");
    let dir = with_paired(&file_of(&[(id(1).as_str(), edited), (id(2).as_str(), old)]));
    let (store, _) = open(dir.path());
    let snapshot = store.snapshot();
    let device = snapshot.device(&id(1)).unwrap();
    assert_eq!(device.approved_scopes(Role::Operator).to_strings(), ["operator.admin", "operator.read"]);
    assert_eq!(device.token_scopes(Role::Operator).unwrap().to_strings(), ["operator.read"]);
    let device = snapshot.device(&id(2)).unwrap();
    assert_eq!(
        device.approved_scopes(Role::Operator).to_strings(),
        ["operator.read"],
        "`scopes` is the baseline"
    );
}

#[test]
fn nodes_without_a_token_count_and_revoked_tokens_stay_revoked() {
    let mut node = record(1);
    node["role"] = json!("node");
    node["roles"] = json!(["node"]);
    node["scopes"] = json!([]);
    node["approvedScopes"] = json!([]);
    node.as_object_mut().unwrap().remove("tokens");
    let mut revoked = record(2);
    revoked["tokens"]["operator"]["revokedAtMs"] = json!(7);
    // A bug of the early generation: a token for a role that was never approved.
    revoked["tokens"]["node"] = json!({"token": "x", "role": "node", "scopes": [], "createdAtMs": 5});
    let dir = with_paired(&file_of(&[(id(1).as_str(), node), (id(2).as_str(), revoked)]));
    let (store, report) = open(dir.path());
    assert_eq!(report.imported.unwrap().with_tokens, 0);
    let snapshot = store.snapshot();
    assert_eq!(snapshot.device(&id(1)).unwrap().effective_roles(), Roles::only(Role::Node));
    let revoked = snapshot.device(&id(2)).unwrap();
    assert_eq!(revoked.effective_roles(), Roles::NONE);
    assert!(store.token_key().verify(revoked, Role::Operator, TOKEN).is_err());
}

#[test]
fn broken_files_give_up_what_is_whole_and_nothing_is_lost() {
    let whole = file_of(&[(id(1).as_str(), record(1)), (id(2).as_str(), record(2))]);
    let list = serde_json::to_vec(&json!([record(1), record(2), 7])).unwrap();
    let mut foreign_key = record(2);
    foreign_key["publicKey"] = record(3)["publicKey"].clone();
    let mut timeless = record(2);
    timeless.as_object_mut().unwrap().remove("approvedAtMs");
    let mut keyless = record(2);
    keyless["publicKey"] = json!("????");
    let mut roleless = record(2);
    roleless["roles"] = json!(["worker"]);
    let mixed = |bad: Value| file_of(&[(id(1).as_str(), record(1)), (id(2).as_str(), bad)]);
    // content, devices, refused records, word of a warning
    let rows: Vec<(Vec<u8>, usize, usize, &str)> = vec![
        (b"".to_vec(), 0, 0, "is empty"),
        (b"  \n".to_vec(), 0, 0, "is empty"),
        (b"null".to_vec(), 0, 0, "no JSON object"),
        (b"{".to_vec(), 0, 0, "cut off"),
        (whole[..whole.len() - 40].to_vec(), 1, 0, "cut off"),
        (whole[..whole.len() / 4].to_vec(), 0, 0, "cut off"),
        (b"{}".to_vec(), 0, 0, ""),
        (b"[]".to_vec(), 0, 0, ""),
        (list, 2, 1, ""),
        ([b"\xef\xbb\xbf".as_slice(), &whole].concat(), 2, 0, ""),
        (mixed(foreign_key), 1, 1, ""),
        (mixed(timeless), 1, 1, ""),
        (mixed(keyless), 1, 1, ""),
        (mixed(roleless), 1, 1, ""),
        (mixed(json!("text")), 1, 1, ""),
    ];
    for (content, devices, refused, word) in rows {
        let shown = String::from_utf8_lossy(&content[..content.len().min(30)]).into_owned();
        let dir = with_paired(&content);
        let (store, report) = open(dir.path());
        let imported = report.imported.clone().unwrap();
        assert_eq!((imported.devices, imported.refused.len()), (devices, refused), "{shown}: {imported:?}");
        assert_eq!(store.snapshot().device_count(), devices);
        assert!(
            imported.warnings.iter().any(|warning| warning.contains(word)) || word.is_empty(),
            "{imported:?}"
        );
        if refused > 0 {
            let kept = imported.refused[0].kept_in.clone().unwrap();
            let text: Value = serde_json::from_slice(&fs::read(&kept).unwrap()).unwrap();
            assert_eq!(text.as_array().unwrap().len(), refused);
            assert_eq!(fs::metadata(&kept).unwrap().permissions().mode() & 0o777, 0o600);
            assert!(report.sentences().iter().any(|line| line.contains("could not be taken over")));
        }
        store.flush_blocking().unwrap();
        assert_eq!(fs::read(dir.path().join("devices/paired.json.imported")).unwrap(), content, "{shown}");
    }
}

#[test]
fn a_copy_that_is_there_already_is_not_overwritten() {
    let dir = with_paired(&file_of(&[(id(1).as_str(), record(1))]));
    let first = dir.path().join("devices/paired.json.imported");
    fs::write(&first, "from long ago").unwrap();
    let (_store, report) = open(dir.path());
    assert_eq!(fs::read_to_string(&first).unwrap(), "from long ago");
    let copy = &report.imported.unwrap().copies[0];
    assert_ne!(*copy, first);
    assert!(fs::read_to_string(copy).unwrap().contains(TOKEN));
}

#[test]
fn links_and_foreign_files_are_not_adopted() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("devices")).unwrap();
    let elsewhere = dir.path().join("elsewhere");
    fs::write(&elsewhere, file_of(&[(id(1).as_str(), record(1))])).unwrap();
    std::os::unix::fs::symlink(&elsewhere, dir.path().join("devices/paired.json")).unwrap();
    let (store, report) = open(dir.path());
    assert_eq!(store.snapshot().device_count(), 0);
    assert!(report.sentences()[0].contains("not a plain file"), "{:?}", report.sentences());
}

fn original(path: &Path) -> rusqlite::Connection {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let db = rusqlite::Connection::open(path).unwrap();
    db.execute_batch(
        "PRAGMA journal_mode = WAL;
         CREATE TABLE device_pairing_paired (device_id TEXT PRIMARY KEY, public_key TEXT NOT NULL, display_name TEXT,
            operator_label TEXT, platform TEXT, device_family TEXT, client_id TEXT, client_mode TEXT,
            browser_origin TEXT, role TEXT, roles_json TEXT, scopes_json TEXT, approved_scopes_json TEXT,
            remote_ip TEXT, tokens_json TEXT, approved_via TEXT, node_surface_json TEXT,
            pending_node_surface_json TEXT, created_at_ms INTEGER NOT NULL, approved_at_ms INTEGER NOT NULL,
            last_seen_at_ms INTEGER, last_seen_reason TEXT) STRICT;",
    )
    .unwrap();
    db
}

fn insert(db: &rusqlite::Connection, n: u8) {
    let tokens = json!({"operator": {"token": TOKEN, "role": "operator", "scopes": ["operator.read"], "createdAtMs": 5,
        "issuer": {"kind": "shared-gateway-auth", "generation": "g"}}});
    db.execute(
        "INSERT INTO device_pairing_paired (device_id, public_key, operator_label, platform, client_id, client_mode,
            role, roles_json, scopes_json, approved_scopes_json, tokens_json, created_at_ms, approved_at_ms,
            last_seen_at_ms)
         VALUES (?1, ?2, 'my label', 'macOS 15', 'cli', 'cli', 'operator', '[\"operator\"]',
            '[\"operator.read\",\"operator.admin\"]', '[\"operator.read\"]', ?3, 5, 6, 7)",
        rusqlite::params![id(n).as_str(), PublicKey::from_bytes([n; 32]).to_base64url(), tokens.to_string()],
    )
    .unwrap();
}

/// Every name in the folder with its content.
fn listing(dir: &Path) -> Vec<(String, Vec<u8>)> {
    let mut all: Vec<_> = fs::read_dir(dir)
        .unwrap()
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with("openclaw.sqlite"))
        .map(|entry| (entry.file_name().to_string_lossy().into_owned(), fs::read(entry.path()).unwrap()))
        .collect();
    all.sort();
    all
}

#[test]
fn the_current_originals_database_is_read_and_left_untouched() {
    for pending_log in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("state/openclaw.sqlite");
        let db = original(&path);
        insert(&db, 1);
        if pending_log {
            // As a killed original leaves it: rows in the log, no index beside it.
            let copy = tempfile::tempdir().unwrap();
            for name in ["openclaw.sqlite", "openclaw.sqlite-wal"] {
                fs::copy(path.with_file_name(name), copy.path().join(name)).unwrap();
            }
            drop(db);
            for name in ["openclaw.sqlite", "openclaw.sqlite-wal"] {
                fs::copy(copy.path().join(name), path.with_file_name(name)).unwrap();
            }
        } else {
            drop(db);
        }
        let before = listing(path.parent().unwrap());
        assert_eq!(before.len(), if pending_log { 2 } else { 1 });
        // An early file beside it: the database's row wins, new ones are added.
        fs::create_dir(dir.path().join("devices")).unwrap();
        let mut early = record(1);
        early["scopes"] = json!(["operator.admin"]);
        let text = file_of(&[(id(1).as_str(), early), (id(2).as_str(), record(2))]);
        fs::write(dir.path().join("devices/paired.json"), text).unwrap();

        let (store, report) = open(dir.path());
        assert_eq!(report.imported.as_ref().unwrap().devices, 2, "{report:?}");
        let snapshot = store.snapshot();
        let device = snapshot.device(&id(1)).unwrap();
        assert_eq!(device.approved_scopes(Role::Operator).to_strings(), ["operator.read"]);
        assert_eq!(device.label.as_ref().unwrap().as_str(), "my label");
        assert_eq!(device.last_seen_at.unwrap().0, 7);
        store.token_key().verify(device, Role::Operator, TOKEN).unwrap();
        assert_eq!(listing(path.parent().unwrap()), before, "log pending: {pending_log}");
    }
}

#[test]
fn an_original_database_that_cannot_be_read_is_told() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("state")).unwrap();
    fs::write(dir.path().join("state/openclaw.sqlite"), vec![7; 9000]).unwrap();
    let (_store, report) = open(dir.path());
    assert!(report.sentences()[0].contains("must pair again"), "{:?}", report.sentences());
}

#[test]
fn an_export_goes_back_to_the_early_layout_with_tokens() {
    let dir = with_paired(&file_of(&[(id(1).as_str(), record(1))]));
    let (store, _) = open(dir.path());
    let out = tempfile::tempdir().unwrap();
    let told = store.export_blocking(out.path()).unwrap();
    assert_eq!((told.devices, told.without_own_token), (1, 1));
    let snapshot = store.snapshot();
    let ours = store.token_key().issue(snapshot.device(&id(1)).unwrap(), Role::Operator).unwrap();
    let exported: Value = serde_json::from_slice(&fs::read(&told.paired).unwrap()).unwrap();
    assert_eq!(exported[id(1).as_str()]["tokens"]["operator"]["token"], json!(ours.expose()));
    assert_eq!(fs::metadata(&told.paired).unwrap().permissions().mode() & 0o777, 0o600);

    // In place, as the last thing before the original takes over: the view does not come back over it.
    store.export_blocking(&store.paths().devices_dir.clone()).unwrap();
    store.close().unwrap();
    assert!(fs::read_to_string(dir.path().join("devices/paired.json")).unwrap().contains(ours.expose()));
}
