//! The power fails at every single step of the file work (key, import, view, backup), and the disk forgets what was
//! not synced: nothing acknowledged is lost, no file is unreadable. With the syncs removed the same test must fail.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test fails by panicking, and says what it measured"
)]

mod common;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use common::{id_of, key_of, open, options, pair};
use openclaw_os::file::Files;
use openclaw_os::file::testing::{Fault, Forgetful, Loss};
use openclaw_pairing::{StatePaths, Store, StoreOptions, backup};
use openclaw_protocol::device_proof::PublicKey;
use openclaw_protocol::role::Role;

const OLD_TOKEN: &str = "aClygqysAbFR90aKLuWe1370nnA4jS5j5etsBq7bfpI";

/// What the run was told before the power failed.
#[derive(Default)]
struct Acknowledged {
    opened: bool,
    /// Device number and the token it was handed.
    tokens: Vec<(u32, String)>,
}

/// An early-2026 state with one device.
fn prepare(folder: &Path) -> String {
    let id = id_of(1);
    let text = serde_json::json!({ id.as_str(): {
        "deviceId": id, "publicKey": PublicKey::from_bytes(key_of(1)).to_base64url(), "platform": "linux",
        "clientId": "cli", "clientMode": "cli", "role": "operator", "roles": ["operator"],
        "scopes": ["operator.read"], "approvedScopes": ["operator.read"],
        "tokens": { "operator": { "token": OLD_TOKEN, "role": "operator", "scopes": ["operator.read"], "createdAtMs": 5 } },
        "createdAtMs": 5, "approvedAtMs": 5,
    }})
    .to_string();
    std::fs::create_dir(folder.join("devices")).unwrap();
    std::fs::write(folder.join("devices/paired.json"), &text).unwrap();
    text
}

fn run(folder: &Path, files: Files) -> Acknowledged {
    let mut acknowledged = Acknowledged::default();
    let options = StoreOptions { files, ..options(folder) };
    let Ok((store, _)) = Store::open(StatePaths::in_state_dir(folder), options) else { return acknowledged };
    acknowledged.opened = true;
    for n in 2..4 {
        let Ok(device) = pair(&store, n, Role::Operator, &["operator.read"]) else { break };
        let token = store.token_key().issue(&device, Role::Operator).unwrap();
        acknowledged.tokens.push((n, token.expose().to_owned()));
    }
    let _ = store.flush_blocking();
    let _ = store.backup_blocking();
    let _ = store.close();
    acknowledged
}

fn verify(folder: &Path, original: &str, acknowledged: &Acknowledged) {
    let paths = StatePaths::in_state_dir(folder);
    for name in ["paired.json", "pending.json", "paired.json.imported"] {
        if let Ok(bytes) = std::fs::read(folder.join("devices").join(name)) {
            let value: serde_json::Value = serde_json::from_slice(&bytes)
                .unwrap_or_else(|error| panic!("{name} is unreadable: {error}"));
            assert!(value.is_object(), "{name}");
        }
    }
    for path in [backup::newest(&paths), backup::previous(&paths)] {
        if path.exists() {
            let db = rusqlite::Connection::open(&path).unwrap();
            let devices: i64 = db.query_row("SELECT count(*) FROM devices", [], |row| row.get(0)).unwrap();
            assert_eq!(devices, 3, "{}", path.display());
        }
    }
    let kept = std::fs::read_to_string(folder.join("devices/paired.json.imported"));
    let still = std::fs::read_to_string(folder.join("devices/paired.json"));
    assert!(
        kept.is_ok_and(|text| text == original) || still.is_ok_and(|text| text == original),
        "the original's file with its tokens is nowhere"
    );
    let (store, report) = open(folder);
    if acknowledged.opened {
        assert!(!report.key_replaced && report.recovered.is_none(), "{report:?}");
    }
    let snapshot = store.snapshot();
    let old = snapshot.device(&id_of(1)).unwrap_or_else(|| panic!("the imported device is gone"));
    store.token_key().verify(old, Role::Operator, OLD_TOKEN).unwrap();
    for (n, token) in &acknowledged.tokens {
        let device = snapshot.device(&id_of(*n)).unwrap_or_else(|| panic!("device {n} is gone"));
        store.token_key().verify(device, Role::Operator, token).unwrap();
    }
    store.close().unwrap();
    serde_json::from_slice::<serde_json::Value>(&std::fs::read(folder.join("devices/paired.json")).unwrap())
        .unwrap();
}

/// One run with the power cut at `step`; how many steps there were.
fn one(step: u64, loss: Loss, ignore_syncs: bool) -> u64 {
    let folder = tempfile::tempdir().unwrap();
    let original = prepare(folder.path());
    let (files, forgetful): (Files, Forgetful) = Files::forgetful();
    if ignore_syncs {
        forgetful.ignore_syncs();
    }
    forgetful.fail_at(step, Fault::PowerCut);
    let acknowledged = run(folder.path(), files);
    let steps = forgetful.steps();
    forgetful.crash(loss).unwrap();
    verify(folder.path(), &original, &acknowledged);
    steps
}

#[test]
fn a_power_cut_at_any_step_loses_nothing_acknowledged() {
    let steps = one(u64::MAX, Loss::Everything, false);
    assert!(steps > 30, "the layer saw only {steps} steps");
    for step in 1..=steps {
        for loss in [Loss::Everything, Loss::Contents] {
            let result = catch_unwind(|| one(step, loss, false));
            assert!(result.is_ok(), "step {step} of {steps}, {loss:?}");
        }
    }
}

#[test]
fn without_syncs_the_same_test_fails() {
    for loss in [Loss::Everything, Loss::Contents] {
        let result = catch_unwind(AssertUnwindSafe(|| one(u64::MAX, loss, true)));
        assert!(result.is_err(), "{loss:?}: the test would not notice missing syncs");
    }
}

#[test]
fn a_full_disk_under_the_files_is_told_and_mends_itself() {
    let folder = tempfile::tempdir().unwrap();
    let (files, forgetful) = Files::forgetful();
    let options = StoreOptions { files, ..options(folder.path()) };
    let (store, _) = Store::open(StatePaths::in_state_dir(folder.path()), options).unwrap();
    store.flush_blocking().unwrap();
    forgetful.fail_at(1, Fault::DiskFull);
    pair(&store, 1, Role::Operator, &[]).unwrap();
    store.flush_blocking().unwrap();
    let view = store.trouble().view.unwrap();
    assert!(view.contains("paired.json") && view.contains("No space"), "{view}");
    let refused = store.backup_blocking().unwrap_err().to_string();
    assert!(refused.contains("no backup was made"), "{refused}");
    forgetful.heal();
    store.backup_blocking().unwrap();
    store.flush_blocking().unwrap();
    assert_eq!(store.trouble(), Default::default());
    let text = std::fs::read_to_string(&store.paths().paired).unwrap();
    assert!(text.contains(id_of(1).as_str()));
}
