//! A full disk, a read-only one, and somebody else's files: clear errors, and memory equals disk. Needs root for the
//! mounts; says so and passes where it cannot mount.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test fails by panicking, and says what it measured"
)]

mod common;

use std::path::{Path, PathBuf};
use std::process::Command;

use common::{id_of, open, options, pair};
use openclaw_pairing::{ApplyError, StatePaths, Store, StoreError};
use openclaw_protocol::role::Role;

/// A mount that goes away with its owner.
struct Mount(PathBuf);

impl Mount {
    fn new(target: &Path, arguments: &[&str]) -> Option<Self> {
        let output = Command::new("mount").args(arguments).arg(target).output().ok()?;
        if !output.status.success() {
            println!("skipped: cannot mount here: {}", String::from_utf8_lossy(&output.stderr).trim());
            return None;
        }
        Some(Self(target.to_path_buf()))
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_refuses_clearly_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let Some(mount) = Mount::new(folder.path(), &["-t", "tmpfs", "-o", "size=1m", "tmpfs"]) else { return };
    let (store, _) = open(folder.path());
    pair(&store, 1, Role::Operator, &["operator.read"]).unwrap();
    let filler = folder.path().join("filler");
    // Fill to the last page.
    for size in [1 << 16, 1 << 12] {
        let block = vec![0u8; size];
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(&filler).unwrap();
        while std::io::Write::write_all(&mut file, &block).is_ok() {}
    }
    let mut refused = None;
    for n in 2..60 {
        if let Err(error) = pair(&store, n, Role::Operator, &["operator.read"]) {
            refused = Some((n, error));
            break;
        }
    }
    let (n, error) = refused.unwrap_or_else(|| panic!("the disk never got full"));
    let ApplyError::Unavailable(why) = &error else { panic!("{error:?}") };
    assert!(why.why.contains("full") && why.retry_after_ms > 0, "{why}");
    assert!(store.snapshot().device(&id_of(n)).is_none());
    let held = store.snapshot().device_count();
    std::fs::remove_file(&filler).unwrap();
    pair(&store, n, Role::Operator, &["operator.read"]).unwrap();
    assert_eq!(store.snapshot().device_count(), held + 1);
    store.close().unwrap();
    let (store, report) = open(folder.path());
    assert!(report.recovered.is_none());
    assert_eq!(store.snapshot().device_count(), held + 1, "memory was equal to the disk");
    drop(store);
    drop(mount);
}

#[test]
fn a_read_only_state_is_told_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path());
    pair(&store, 1, Role::Operator, &[]).unwrap();
    store.close().unwrap();
    let view = tempfile::tempdir().unwrap();
    let source = folder.path().to_string_lossy().into_owned();
    let Some(bound) = Mount::new(view.path(), &["--bind", &source]) else { return };
    let target = view.path().to_string_lossy().into_owned();
    let output = Command::new("mount").args(["-o", "remount,ro,bind", &target]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let error = Store::open(StatePaths::in_state_dir(view.path()), options(view.path())).err().unwrap();
    assert!(error.to_string().contains("read-only"), "{error}");
    drop(bound);
    let (store, _) = open(folder.path());
    assert_eq!(store.snapshot().device_count(), 1);
}

#[test]
fn somebody_elses_database_is_not_opened() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path());
    store.close().unwrap();
    let database = folder.path().join("state/gateway.sqlite");
    if std::os::unix::fs::chown(&database, Some(4242), None).is_err() {
        println!("skipped: only root can give files away");
        return;
    }
    match Store::open(StatePaths::in_state_dir(folder.path()), options(folder.path())) {
        Err(error @ StoreError::ForeignOwner { uid: 4242, .. }) => {
            assert!(error.to_string().contains("chown"), "{error}");
        }
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it was opened"),
    }
}

#[test]
fn a_second_process_is_kept_out() {
    let folder = tempfile::tempdir().unwrap();
    let (_store, _) = open(folder.path());
    let error = Store::open(StatePaths::in_state_dir(folder.path()), options(folder.path())).err().unwrap();
    assert!(matches!(error, StoreError::Busy { .. }), "{error}");
}
