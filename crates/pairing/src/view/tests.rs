//! Hand edits of the view (ruling 25), with a real store and real files.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, SystemTime};

use openclaw_protocol::ids::DeviceId;
use openclaw_protocol::role::Role;
use openclaw_protocol::scope::ScopeSet;
use openclaw_protocol::words::Words;
use serde_json::{Value, json};

use super::EditReport;
use crate::model::{ApprovedVia, Ask, CallerAuthority, Change, Mutation, PeerKey};
use crate::paths::StatePaths;
use crate::store::{Store, StoreOptions};

struct Bench {
    dir: tempfile::TempDir,
    store: Store,
}

fn open(dir: &Path) -> Store {
    let options = StoreOptions { view_delay_ms: 1, ..StoreOptions::for_state_dir(dir) };
    Store::open(StatePaths::in_state_dir(dir), options).unwrap().0
}

fn ask(n: u8, role: Role, scopes: &[&str]) -> Ask {
    let public_key = [n; 32];
    Ask {
        device_id: DeviceId::of_public_key(&public_key),
        public_key,
        role,
        scopes: ScopeSet::parse_known(scopes).0,
        client_id: Words::new("cli"),
        client_mode: Words::new("cli"),
        display_name: Some(Words::new("a \"name\"\u{202e}")),
        platform: Some(Words::new("linux")),
        device_family: None,
        remote_ip: None,
        origin: None,
        peer: PeerKey::local(),
        seen: None,
    }
}

impl Bench {
    /// Device 1 is an operator with `operator.read`, device 2 a node.
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = open(dir.path());
        let bench = Self { dir, store };
        for (n, role, scopes) in [(1, Role::Operator, &["operator.read"][..]), (2, Role::Node, &[])] {
            let mutation = Mutation::ApproveSilently { ask: ask(n, role, scopes), via: ApprovedVia::Owner };
            bench.store.apply_blocking(mutation).unwrap();
        }
        bench.store.flush_blocking().unwrap();
        bench
    }

    fn read(&self) -> Value {
        serde_json::from_slice(&fs::read(&self.store.paths().paired).unwrap()).unwrap()
    }

    /// Edits in place, as an editor or the Python one-liner does: same file, same mode.
    fn write(&self, value: &Value) {
        fs::write(&self.store.paths().paired, serde_json::to_string(value).unwrap()).unwrap();
    }

    fn edit(&self, change: impl FnOnce(&mut Value)) -> EditReport {
        self.store.flush_blocking().unwrap();
        let mut value = self.read();
        change(&mut value);
        self.write(&value);
        self.store.check_hand_edits_blocking()
    }

    fn scopes(&self) -> Vec<String> {
        self.store.snapshot().device(&id(1)).unwrap().approved_scopes(Role::Operator).to_strings()
    }

    fn copies(&self) -> usize {
        let list = fs::read_dir(&self.store.paths().devices_dir).unwrap().flatten();
        list.filter(|entry| entry.file_name().to_string_lossy().contains("set-aside")).count()
    }
}

fn id(n: u8) -> DeviceId {
    DeviceId::of_public_key(&[n; 32])
}

#[test]
fn the_view_has_the_early_layout_and_no_tokens() {
    let bench = Bench::new();
    let request = Mutation::File(ask(3, Role::Operator, &["operator.admin"]));
    bench.store.apply_blocking(request).unwrap();
    bench.store.flush_blocking().unwrap();
    let paths = bench.store.paths();
    let record = &bench.read()[id(1).as_str()];
    assert_eq!(record["deviceId"], json!(id(1)));
    assert_eq!(record["publicKey"], json!("AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE"));
    assert_eq!(record["scopes"], json!(["operator.read"]));
    assert_eq!(record["approvedScopes"], json!(["operator.read"]));
    assert_eq!(record["roles"], json!(["operator"]));
    assert_eq!(record["displayName"], json!("a \"name\"\\u{202e}"));
    let token = &record["tokens"]["operator"];
    assert_eq!(token["role"], json!("operator"));
    assert!(token.get("token").is_none());
    let pending: Value = serde_json::from_slice(&fs::read(&paths.pending).unwrap()).unwrap();
    let (name, request) = pending.as_object().unwrap().iter().next().unwrap();
    assert_eq!(request["requestId"], json!(name));
    assert_eq!(request["scopes"], json!(["operator.admin"]));
    assert_eq!((&request["silent"], &request["isRepair"]), (&json!(false), &json!(false)));
    let text = fs::read_to_string(&paths.paired).unwrap();
    assert!(text.starts_with("{\n  \"") && text.ends_with("}\n"));
    for file in [&paths.paired, &paths.pending] {
        assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn a_widened_scope_counts_as_the_owners_approval() {
    let bench = Bench::new();
    let mut changes = bench.store.subscribe();
    let report = bench.edit(|all| {
        all[id(1).as_str()]["scopes"].as_array_mut().unwrap().push(json!("operator.admin"));
    });
    let added = ScopeSet::parse_known(["operator.admin"]).0;
    assert_eq!(report, EditReport { widened: vec![(id(1), added.clone())], ..EditReport::default() });
    assert_eq!(bench.scopes(), ["operator.admin", "operator.read"]);
    assert!(matches!(changes.try_recv(), Ok(Change::Widened { added: told, .. }) if told == added));
    assert_eq!(bench.store.snapshot().widened().count(), 1);
    bench.store.flush_blocking().unwrap();
    assert_eq!(bench.read()[id(1).as_str()]["approvedScopes"], json!(["operator.admin", "operator.read"]));
    assert_eq!(bench.copies(), 0);
    assert_eq!(bench.store.check_hand_edits_blocking(), EditReport::default(), "our own file is no edit");

    let undo = Mutation::UndoWidening { device: id(1), caller: CallerAuthority::owner() };
    bench.store.apply_blocking(undo).unwrap();
    bench.store.flush_blocking().unwrap();
    assert_eq!(bench.scopes(), ["operator.read"]);
    assert_eq!(bench.read()[id(1).as_str()]["scopes"], json!(["operator.read"]));
}

#[test]
fn an_edit_made_while_nobody_ran_is_taken_at_the_next_start() {
    let bench = Bench::new();
    bench.store.close().unwrap();
    let mut value = bench.read();
    value[id(1).as_str()]["scopes"] = json!(["operator.write"]);
    bench.write(&value);
    let store = open(bench.dir.path());
    // The check happens by itself; asking makes it certain that it is over.
    store.check_hand_edits_blocking();
    store.flush_blocking().unwrap();
    let device = store.snapshot().device(&id(1)).unwrap().clone();
    assert_eq!(device.approved_scopes(Role::Operator).to_strings(), ["operator.read", "operator.write"]);
}

#[test]
fn absence_removes_nothing() {
    let bench = Bench::new();
    for change in [
        (|all| all[id(1).as_str()]["scopes"] = json!([])) as fn(&mut Value),
        |all| {
            all[id(1).as_str()].as_object_mut().unwrap().remove("scopes");
        },
        |all| {
            all.as_object_mut().unwrap().remove(id(1).as_str());
        },
        |all| *all = json!({}),
    ] {
        assert_eq!(bench.edit(change), EditReport::default());
        assert_eq!(bench.scopes(), ["operator.read"]);
    }
    fs::remove_file(&bench.store.paths().paired).unwrap();
    assert_eq!(bench.store.check_hand_edits_blocking(), EditReport::default());
    bench.store.flush_blocking().unwrap();
    assert!(bench.read().get(id(1).as_str()).is_some(), "and the view comes back");
}

#[test]
fn everything_else_is_set_aside_and_told() {
    type Row = (&'static str, fn(&mut Value));
    let rows: [Row; 9] = [
        ("no scope", |all| all[id(1).as_str()]["scopes"] = json!(["operator.root"])),
        ("list of scope names", |all| all[id(1).as_str()]["scopes"] = json!("operator.admin")),
        ("publicKey", |all| {
            all[id(1).as_str()]["publicKey"] = json!("AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI");
            all[id(1).as_str()]["scopes"] = json!(["operator.admin"]);
        }),
        ("a role is approved", |all| all[id(1).as_str()]["roles"] = json!(["operator", "node"])),
        ("tokens are not taken", |all| {
            all[id(1).as_str()]["tokens"]["operator"]["token"] = json!("mine");
        }),
        ("no operator", |all| all[id(2).as_str()]["scopes"] = json!(["operator.admin"])),
        ("node scopes", |all| all[id(2).as_str()]["scopes"] = json!(["node.run"])),
        ("new devices", |all| {
            let copy = all[id(1).as_str()].clone();
            all[id(9).as_str()] = copy;
        }),
        ("changed since", |all| {
            all[id(1).as_str()]["revision"] = json!(0);
            all[id(1).as_str()]["scopes"] = json!(["operator.admin"]);
        }),
    ];
    for (word, change) in rows {
        let bench = Bench::new();
        let before = format!("{:?}", bench.store.snapshot().device(&id(1)));
        let report = bench.edit(change);
        assert!(report.widened.is_empty(), "{word}");
        assert!(report.set_aside.iter().any(|item| item.why.contains(word)), "{word}: {report:?}");
        let copy = report.set_aside[0].kept_in.clone().unwrap();
        assert_eq!(fs::metadata(&copy).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(format!("{:?}", bench.store.snapshot().device(&id(1))), before, "{word}");
        assert!(bench.store.snapshot().device(&id(9)).is_none());
        assert!(!bench.store.set_aside().is_empty());
        bench.store.flush_blocking().unwrap();
        assert_eq!(bench.store.check_hand_edits_blocking(), EditReport::default(), "told once");
        assert_eq!(bench.copies(), 1);
    }
}

#[test]
fn a_removed_or_revoked_device_does_not_come_back_by_an_old_file() {
    let bench = Bench::new();
    let old = bench.read();
    let revoke = Mutation::Revoke { device: id(1), role: Role::Operator, caller: CallerAuthority::owner() };
    bench.store.apply_blocking(revoke).unwrap();
    let report = bench.edit(|all| *all = old.clone());
    assert!(report.set_aside[0].why.contains("revoked"), "{report:?}");
    bench.store.apply_blocking(Mutation::Remove { device: id(1), caller: CallerAuthority::owner() }).unwrap();
    let report = bench.edit(|all| *all = old);
    assert!(report.set_aside[0].why.contains("removed"), "{report:?}");
    assert!(bench.store.snapshot().device(&id(1)).is_none());
}

#[test]
fn a_file_that_is_being_written_gets_time_and_a_broken_one_is_kept() {
    let bench = Bench::new();
    let path = &bench.store.paths().paired;
    let whole = fs::read(path).unwrap();
    fs::write(path, &whole[..whole.len() / 2]).unwrap();
    assert!(bench.store.check_hand_edits_blocking().postponed);
    assert_eq!(fs::read(path).unwrap().len(), whole.len() / 2, "nothing is overwritten meanwhile");
    let long_ago = SystemTime::now() - Duration::from_secs(60);
    fs::OpenOptions::new().write(true).open(path).unwrap().set_modified(long_ago).unwrap();
    let report = bench.store.check_hand_edits_blocking();
    assert!(report.set_aside[0].why.contains("no JSON object"), "{report:?}");
    let copy = report.set_aside[0].kept_in.clone().unwrap();
    assert_eq!(fs::read(copy).unwrap(), &whole[..whole.len() / 2]);
    bench.store.flush_blocking().unwrap();
    assert_eq!(fs::read(path).unwrap(), whole);
}

#[test]
fn what_others_could_have_written_is_shown_and_not_taken() {
    for (target, mode) in
        [("devices/paired.json", 0o666), ("devices/paired.json", 0o620), ("devices", 0o777), ("", 0o777)]
    {
        let bench = Bench::new();
        let target = bench.dir.path().join(target);
        fs::set_permissions(&target, fs::Permissions::from_mode(mode)).unwrap();
        let mut value = bench.read();
        value[id(1).as_str()]["scopes"] = json!(["operator.admin"]);
        bench.write(&value);
        let report = bench.store.check_hand_edits_blocking();
        assert!(report.widened.is_empty());
        assert!(
            report.set_aside[0].why.contains("admin") && report.set_aside[0].why.contains("other accounts"),
            "{report:?}"
        );
        assert_eq!(bench.scopes(), ["operator.read"]);
        bench.store.flush_blocking().unwrap();
        let file = fs::metadata(&bench.store.paths().paired).unwrap().permissions().mode() & 0o777;
        assert_eq!(file, 0o600, "the file is written anew");
        fs::set_permissions(bench.dir.path(), fs::Permissions::from_mode(0o700)).unwrap();
        assert_eq!(
            fs::metadata(&bench.store.paths().devices_dir).unwrap().permissions().mode() & 0o777,
            0o700
        );
        // Repaired, the stranger's edit is still not taken, and the owner's next one is.
        assert_eq!(bench.store.check_hand_edits_blocking(), EditReport::default());
        let report = bench.edit(|all| all[id(1).as_str()]["scopes"] = json!(["operator.write"]));
        assert_eq!(report.widened.len(), 1);
    }
}

#[test]
fn a_link_is_not_followed() {
    let bench = Bench::new();
    let path = &bench.store.paths().paired;
    let elsewhere = bench.dir.path().join("elsewhere.json");
    let mut value = bench.read();
    value[id(1).as_str()]["scopes"] = json!(["operator.admin"]);
    fs::write(&elsewhere, value.to_string()).unwrap();
    fs::remove_file(path).unwrap();
    std::os::unix::fs::symlink(&elsewhere, path).unwrap();
    let report = bench.store.check_hand_edits_blocking();
    assert!(report.widened.is_empty() && report.set_aside[0].why.contains("links"), "{report:?}");
    bench.store.flush_blocking().unwrap();
    assert!(!fs::symlink_metadata(path).unwrap().is_symlink());
    assert!(fs::read_to_string(&elsewhere).unwrap().contains("operator.admin"), "the target is not touched");
}

#[test]
fn an_edit_is_not_overwritten_by_a_change_that_comes_at_the_same_time() {
    let bench = Bench::new();
    let mut value = bench.read();
    value[id(1).as_str()]["scopes"] = json!(["operator.admin"]);
    bench.write(&value);
    // Another device changes, so the view is due, before anybody looked at the edit.
    let other = Mutation::ApproveSilently { ask: ask(4, Role::Operator, &[]), via: ApprovedVia::Owner };
    bench.store.apply_blocking(other).unwrap();
    bench.store.flush_blocking().unwrap();
    assert_eq!(bench.scopes(), ["operator.admin", "operator.read"]);
    assert!(bench.read().get(id(4).as_str()).is_some());
}
