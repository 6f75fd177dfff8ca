//! The store on a real disk: durability of a restart, group commit, failed commits, lazy writes, recovery.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use openclaw_protocol::ids::DeviceId;
use openclaw_protocol::role::Role;
use openclaw_protocol::time::Millis;
use openclaw_protocol::words::Words;

use super::*;
use crate::backup;
use crate::model::{
    Ask, CallerAuthority, CodeHash, CodeKind, Device, NewCode, Outcome, PeerKey, Rejected, Roles,
};

fn ask(n: u8, scopes: &[&str]) -> Ask {
    let public_key = [n; 32];
    Ask {
        device_id: DeviceId::of_public_key(&public_key),
        public_key,
        role: Role::Operator,
        scopes: openclaw_protocol::scope::ScopeSet::parse_known(scopes).0,
        client_id: Words::new("cli"),
        client_mode: Words::new("cli"),
        display_name: None,
        platform: Some(Words::new("linux")),
        device_family: None,
        remote_ip: None,
        origin: None,
        peer: PeerKey::of([192, 0, 2, n].into()),
        seen: None,
    }
}

fn options(dir: &Path) -> StoreOptions {
    StoreOptions { view_delay_ms: 10, lazy_ms: 10, ..StoreOptions::for_state_dir(dir) }
}

fn open(dir: &Path) -> (Store, OpenReport) {
    Store::open(StatePaths::in_state_dir(dir), options(dir)).unwrap()
}

fn pair(store: &Store, n: u8, scopes: &[&str]) -> Arc<Device> {
    let mutation = Mutation::ApproveSilently { ask: ask(n, scopes), via: crate::model::ApprovedVia::Owner };
    match store.apply_blocking(mutation).unwrap().outcome {
        Outcome::Approved { device, .. } => device,
        other => panic!("{other:?}"),
    }
}

#[test]
fn everything_comes_back_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let (store, report) = open(dir.path());
    assert!(report.fresh && report.claimable && report.sentences().is_empty());
    let device = pair(&store, 1, &["operator.read"]);
    let removed = pair(&store, 2, &[]);
    store
        .apply_blocking(Mutation::Remove { device: removed.id.clone(), caller: CallerAuthority::owner() })
        .unwrap();
    let old = store.apply_blocking(Mutation::File(ask(3, &["operator.read"]))).unwrap();
    let new = store.apply_blocking(Mutation::File(ask(3, &["operator.write"]))).unwrap();
    let (Outcome::Filed { request: old, .. }, Outcome::Filed { request: new, .. }) =
        (old.outcome, new.outcome)
    else {
        panic!("not filed");
    };
    let code = NewCode {
        hash: CodeHash::of("code"),
        kind: CodeKind::Setup,
        roles: Roles::BOTH,
        scopes: Default::default(),
        ttl_ms: 60_000,
        minted_by: None,
    };
    store.apply_blocking(Mutation::MintCode { code, caller: CallerAuthority::owner() }).unwrap();
    let token = store.token_key().issue(&device, Role::Operator).unwrap();
    store.close().unwrap();
    assert!(store.apply_blocking(Mutation::File(ask(9, &[]))).is_err(), "closed is closed");

    let (store, report) = open(dir.path());
    assert!(!report.fresh && !report.claimable && report.devices == 1);
    let snapshot = store.snapshot();
    assert_eq!(**snapshot.device(&device.id).unwrap(), *device);
    assert_eq!(snapshot.tombstone(&removed.id).unwrap().operator, 1);
    assert_eq!(snapshot.request_of(&new.device_id).unwrap(), &new);
    assert!(snapshot.former_request(&old.id).is_some());
    assert!(snapshot.code(&CodeHash::of("code")).is_some());
    assert_eq!(store.token_key().issue(&device, Role::Operator), Some(token));
}

#[test]
fn many_callers_share_few_commits_and_all_are_answered() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open(dir.path());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let before = store.meta_get(writer::SERIAL).await.unwrap();
        assert_eq!(before, None);
        let mut waiting = Vec::new();
        for n in 1..=200u8 {
            let store = store.clone();
            let mutation =
                Mutation::ApproveSilently { ask: ask(n, &[]), via: crate::model::ApprovedVia::Silent };
            waiting.push(tokio::spawn(async move { store.apply(mutation).await }));
        }
        for one in waiting {
            one.await.unwrap().unwrap();
        }
        let commits: u64 = store.meta_get(writer::SERIAL).await.unwrap().unwrap().parse().unwrap();
        assert!(commits < 100, "{commits} commits for 200 changes");
    });
    assert_eq!(store.snapshot().device_count(), 200);
}

#[test]
fn after_a_failed_commit_memory_equals_the_disk() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open(dir.path());
    pair(&store, 1, &["operator.read"]);
    store.close().unwrap();
    let paths = StatePaths::in_state_dir(dir.path());
    {
        let db = rusqlite::Connection::open(&paths.database).unwrap();
        db.execute_batch(
            "CREATE TRIGGER bad BEFORE INSERT ON devices WHEN NEW.record LIKE '%operator.admin%'
             BEGIN SELECT RAISE(ABORT, 'planted'); END;",
        )
        .unwrap();
    }
    let (store, _) = open(dir.path());
    let mut changes = store.subscribe();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let (good, bad, rejected, seen) = runtime.block_on(async {
        let via = crate::model::ApprovedVia::Silent;
        let first = ask(1, &[]).device_id;
        tokio::join!(
            store.apply(Mutation::ApproveSilently { ask: ask(2, &[]), via }),
            store.apply(Mutation::ApproveSilently { ask: ask(3, &["operator.admin"]), via }),
            store.apply(Mutation::UndoWidening { device: first.clone(), caller: CallerAuthority::owner() }),
            store.apply(Mutation::Seen {
                device: first,
                role: Role::Operator,
                by_token: true,
                display_name: None,
                platform: None,
                remote_ip: None,
            }),
        )
    });
    assert!(matches!(bad, Err(ApplyError::Unavailable(_))), "{bad:?}");
    assert!(matches!(rejected, Err(ApplyError::Rejected(Rejected::NothingToUndo))), "{rejected:?}");
    seen.unwrap();
    // Whether the good one shared the bad one's commit is a matter of timing; memory and disk agree in both cases.
    let in_memory = store.snapshot();
    assert_eq!(in_memory.device(&ask(2, &[]).device_id).is_some(), good.is_ok());
    assert!(in_memory.device(&ask(3, &[]).device_id).is_none());
    assert!(store.trouble().writer.is_none() || good.is_err() || bad.is_err());
    while let Ok(change) = changes.try_recv() {
        assert!(
            !matches!(change, Change::Approved(device) if device.id == ask(3, &[]).device_id),
            "told too early"
        );
    }
    let held: Vec<_> = in_memory.devices().map(|device| device.id.clone()).collect();
    store.close().unwrap();
    let (store, _) = open(dir.path());
    let mut again: Vec<_> = store.snapshot().devices().map(|device| device.id.clone()).collect();
    let mut held = held;
    again.sort();
    held.sort();
    assert_eq!(held, again);
}

#[test]
fn being_seen_costs_no_commit_of_its_own_and_is_kept_at_close() {
    let dir = tempfile::tempdir().unwrap();
    let slow = StoreOptions { lazy_ms: 3_600_000, ..options(dir.path()) };
    let (store, _) = Store::open(StatePaths::in_state_dir(dir.path()), slow).unwrap();
    let device = pair(&store, 1, &[]);
    let size = || std::fs::metadata(dir.path().join("state/gateway.sqlite-wal")).unwrap().len();
    store.flush_blocking().unwrap();
    let before = size();
    for _ in 0..100 {
        let seen = Mutation::Seen {
            device: device.id.clone(),
            role: Role::Operator,
            by_token: true,
            display_name: Some(Words::new("now")),
            platform: None,
            remote_ip: None,
        };
        store.apply_blocking(seen).unwrap();
    }
    assert_eq!(size(), before, "nothing was written yet");
    let last = store.snapshot().device(&device.id).unwrap().last_seen_at;
    assert!(last.is_some());
    store.close().unwrap();
    let (store, _) = open(dir.path());
    assert_eq!(store.snapshot().device(&device.id).unwrap().last_seen_at, last);
}

#[test]
fn requests_expire_by_themselves() {
    let dir = tempfile::tempdir().unwrap();
    let time = Arc::new(AtomicU64::new(1_000_000));
    let clock = {
        let time = Arc::clone(&time);
        Arc::new(move || Millis(time.load(Ordering::SeqCst)))
    };
    let opts = StoreOptions { clock, ..options(dir.path()) };
    let (store, _) = Store::open(StatePaths::in_state_dir(dir.path()), opts).unwrap();
    let filed = store.apply_blocking(Mutation::File(ask(1, &[]))).unwrap();
    let Outcome::Filed { request, .. } = filed.outcome else { panic!("not filed") };
    time.fetch_add(300_000, Ordering::SeqCst);
    // Any sign of life makes the writer look at the clock.
    store.flush_blocking().unwrap();
    store.flush_blocking().unwrap();
    assert!(store.snapshot().request(&request.id).is_none());
    assert!(store.snapshot().former_request(&request.id).is_some());
    let text = std::fs::read_to_string(&store.paths().pending).unwrap();
    assert_eq!(text.trim(), "{}");
}

/// Overwrites the middle of every page but keeps the size.
fn damage(path: &Path) {
    let mut bytes = std::fs::read(path).unwrap();
    for page in bytes.chunks_mut(4096) {
        let end = page.len().min(600);
        page[..end].fill(0x5A);
    }
    std::fs::write(path, bytes).unwrap();
}

#[test]
fn a_damaged_database_is_set_aside_and_the_backup_takes_its_place() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open(dir.path());
    let device = pair(&store, 1, &["operator.admin"]);
    let token = store.token_key().issue(&device, Role::Operator).unwrap();
    store.backup_blocking().unwrap();
    store.close().unwrap();
    let paths = StatePaths::in_state_dir(dir.path());
    for how in ["overwritten", "emptied", "lost"] {
        match how {
            "overwritten" => damage(&paths.database),
            "emptied" => std::fs::write(&paths.database, b"").unwrap(),
            _ => std::fs::remove_file(&paths.database).unwrap(),
        }
        let (store, report) = open(dir.path());
        let recovered = report.recovered.as_ref().unwrap();
        assert_eq!(recovered.backup.as_ref(), Some(&backup::newest(&paths)));
        assert_eq!(recovered.damaged.exists(), how != "lost");
        assert!(report.sentences()[0].contains("damaged"), "{:?}", report.sentences());
        let snapshot = store.snapshot();
        let device = snapshot.device(&device.id).unwrap();
        store.token_key().verify(device, Role::Operator, token.expose()).unwrap();
        assert!(!report.claimable);
        store.close().unwrap();
    }
    let (store, report) = open(dir.path());
    assert!(report.recovered.is_none());
    drop(store);

    // No backup either: the readable view is what is left, and tokens go on working, because they are derived.
    damage(&paths.database);
    damage(&backup::newest(&paths));
    let (store, report) = open(dir.path());
    assert_eq!(report.recovered.as_ref().unwrap().backup, None);
    assert!(!report.claimable, "a damaged state is not a new one");
    let snapshot = store.snapshot();
    let device = snapshot.device(&device.id).unwrap();
    assert_eq!(device.approved_scopes(Role::Operator).to_strings(), ["operator.admin"]);
    store.token_key().verify(device, Role::Operator, token.expose()).unwrap();
}

#[test]
fn a_backup_from_before_the_first_operator_does_not_make_the_gateway_claimable() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open(dir.path());
    store.backup_blocking().unwrap();
    store.close().unwrap();
    let paths = StatePaths::in_state_dir(dir.path());
    damage(&paths.database);
    let (store, report) = open(dir.path());
    assert!(report.recovered.unwrap().backup.is_some());
    assert!(!report.claimable && !store.snapshot().latch().is_open());
    store.close().unwrap();
    assert!(!open(dir.path()).1.claimable, "nor after the next start");
}

#[test]
fn an_older_backup_generation_is_used_when_the_newest_is_damaged() {
    let dir = tempfile::tempdir().unwrap();
    let paths = StatePaths::in_state_dir(dir.path());
    for n in 1..=2 {
        let (store, _) = open(dir.path());
        pair(&store, n, &[]);
        store.backup_blocking().unwrap();
        store.close().unwrap();
    }
    assert!(backup::previous(&paths).exists());
    damage(&paths.database);
    damage(&backup::newest(&paths));
    let (store, report) = open(dir.path());
    assert_eq!(report.recovered.unwrap().backup, Some(backup::previous(&paths)));
    assert_eq!(store.snapshot().device_count(), 1);
}

#[test]
fn a_lost_key_is_replaced_and_told() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open(dir.path());
    let device = pair(&store, 1, &[]);
    let token = store.token_key().issue(&device, Role::Operator).unwrap();
    store.close().unwrap();
    let paths = StatePaths::in_state_dir(dir.path());
    for damage in [None, Some("not a key"), Some("")] {
        match damage {
            None => std::fs::remove_file(&paths.key).unwrap(),
            Some(text) => std::fs::write(&paths.key, text).unwrap(),
        }
        let (store, report) = open(dir.path());
        assert!(report.key_replaced);
        let snapshot = store.snapshot();
        let device = snapshot.device(&device.id).unwrap();
        assert!(store.token_key().verify(device, Role::Operator, token.expose()).is_err());
        store.close().unwrap();
    }
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&paths.key).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn only_an_untouched_folder_can_be_claimed() {
    let traces = [
        "state/gateway.key",
        "devices/paired.json",
        "state/gateway.sqlite.damaged-1",
        "state/openclaw.sqlite",
    ];
    for trace in traces {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(trace);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, "{}").unwrap();
        let (_store, report) = open(dir.path());
        assert!(!report.claimable, "{trace}");
    }
    let dir = tempfile::tempdir().unwrap();
    let (store, report) = open(dir.path());
    assert!(report.claimable);
    store.close().unwrap();
    assert!(open(dir.path()).1.claimable, "and stays so until there is an operator");
}

#[test]
fn a_newer_schema_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    open(dir.path()).0.close().unwrap();
    let paths = StatePaths::in_state_dir(dir.path());
    rusqlite::Connection::open(&paths.database).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let error = Store::open(paths, options(dir.path())).err().unwrap();
    assert!(matches!(error, StoreError::Newer { found: 99, .. }), "{error}");
}

#[test]
fn rows_that_cannot_be_understood_are_told_and_left() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open(dir.path());
    pair(&store, 1, &[]);
    store.close().unwrap();
    let paths = StatePaths::in_state_dir(dir.path());
    let db = rusqlite::Connection::open(&paths.database).unwrap();
    db.execute("INSERT INTO devices VALUES ('odd', '{}', NULL, NULL)", []).unwrap();
    drop(db);
    let (store, report) = open(dir.path());
    assert_eq!((report.devices, report.quarantined.len()), (1, 1));
    assert_eq!(store.set_aside().len(), 1);
}

#[test]
fn the_side_table_keeps_values() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open(dir.path());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        assert_eq!(store.meta_get("journal.mark").await.unwrap(), None);
        store.meta_put("journal.mark", Some("7".into())).await.unwrap();
        assert_eq!(store.meta_get("journal.mark").await.unwrap().as_deref(), Some("7"));
        store.meta_put("journal.mark", None).await.unwrap();
        assert_eq!(store.meta_get("journal.mark").await.unwrap(), None);
    });
}
