use super::*;

fn info(dir: &Path) -> LockInfo {
    LockInfo {
        purpose: Purpose::Gateway,
        config_path: dir.join("openclaw.json"),
        version: "2026.11.0".into(),
        node_lock_dir: Some(dir.join("locks")),
    }
}

fn held(result: Result<StateLock, LockError>) -> LockHeldBy {
    match result {
        Err(LockError::Held(holder)) => holder,
        other => panic!("expected a held lock, got {other:?}"),
    }
}

/// A Node gateway's lock file for the config of `info(dir)`.
fn plant(dir: &Path, text: &str) -> PathBuf {
    file::ensure_dir(&dir.join("locks"), 0o700).unwrap();
    let path = node_lock::path(&dir.join("locks"), &info(dir).config_path);
    fs::write(&path, text).unwrap();
    path
}

#[test]
fn the_second_learns_who_the_first_is_and_gets_it_afterwards() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(held_by(dir.path()), None);
    let first = StateLock::acquire(dir.path(), &info(dir.path())).unwrap();
    let holder = held(StateLock::acquire(dir.path(), &info(dir.path())));
    assert_eq!(holder.pid, Some(std::process::id()));
    assert_eq!(holder.version.as_deref(), Some("2026.11.0"));
    assert_eq!(holder.to_string(), format!("gateway already running (pid {})", std::process::id()));
    assert_eq!(held_by(dir.path()).unwrap().pid, holder.pid);

    let node: serde_json::Value =
        serde_json::from_slice(&fs::read(first.node_lock().unwrap()).unwrap()).unwrap();
    assert_eq!(node["pid"], std::process::id());
    assert_eq!(node["startTime"], process::start_time(std::process::id()).unwrap());
    assert_eq!(node["configPath"], info(dir.path()).config_path.to_str().unwrap());
    assert!(node["createdAt"].as_str().unwrap().ends_with('Z'));

    let node_path = first.node_lock().unwrap().to_path_buf();
    drop(first);
    assert!(!node_path.exists());
    assert_eq!(held_by(dir.path()), None);
    StateLock::acquire(dir.path(), &info(dir.path())).unwrap();
}

#[test]
fn a_command_is_named_as_one() {
    let dir = tempfile::tempdir().unwrap();
    let command = LockInfo { purpose: Purpose::Command, node_lock_dir: None, ..info(dir.path()) };
    let lock = StateLock::acquire(dir.path(), &command).unwrap();
    assert_eq!(lock.node_lock(), None);
    let holder = held(StateLock::acquire(dir.path(), &info(dir.path())));
    assert!(holder.to_string().starts_with("another openclaw command"), "{holder}");
}

#[test]
fn a_kept_descriptor_is_the_lock_and_others_are_not() {
    let dir = tempfile::tempdir().unwrap();
    let first = StateLock::acquire(dir.path(), &info(dir.path())).unwrap();
    let kept = first.as_fd().try_clone_to_owned().unwrap();
    let unrelated = OwnedFd::from(File::open("/dev/null").unwrap());
    // As after an exec: no destructor ran.
    std::mem::forget(first);
    let again = StateLock::acquire_inherited(dir.path(), &info(dir.path()), vec![unrelated, kept]).unwrap();
    assert!(again.node_lock().is_some(), "our own node lock is taken over");
    let other = OwnedFd::from(File::open("/dev/null").unwrap());
    held(StateLock::acquire_inherited(dir.path(), &info(dir.path()), vec![other]));
}

#[test]
fn a_live_node_gateway_is_respected_and_a_dead_one_is_not() {
    let dir = tempfile::tempdir().unwrap();
    // Process 1 is always there.
    let start = process::start_time(1).unwrap();
    let path =
        plant(dir.path(), &format!(r#"{{"pid":1,"createdAt":"x","configPath":"y","startTime":{start}}}"#));
    let holder = held(StateLock::acquire(dir.path(), &info(dir.path())));
    assert_eq!((holder.pid, holder.version), (Some(1), None));
    assert_eq!(held_by(dir.path()), None, "a refused start holds nothing");
    for dead in [
        format!(r#"{{"pid":1,"startTime":{}}}"#, start + 1),
        r#"{"pid":4000000,"startTime":5}"#.to_owned(),
        // Without a start time the command line has to speak for it, and that of process 1 does not.
        r#"{"pid":1}"#.to_owned(),
    ] {
        plant(dir.path(), &dead);
        let lock = StateLock::acquire(dir.path(), &info(dir.path())).unwrap();
        assert_eq!(lock.node_lock(), Some(path.as_path()), "{dead}");
    }
}

#[test]
fn an_unreadable_node_lock_counts_for_half_a_minute() {
    let dir = tempfile::tempdir().unwrap();
    let path = plant(dir.path(), "{");
    assert_eq!(held(StateLock::acquire(dir.path(), &info(dir.path()))).pid, None);
    let old = SystemTime::now() - UNREADABLE_GRACE - Duration::from_secs(1);
    File::options().write(true).open(&path).unwrap().set_modified(old).unwrap();
    StateLock::acquire(dir.path(), &info(dir.path())).unwrap();
}

#[test]
fn an_untrusted_node_lock_folder_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink("/nonexistent", dir.path().join("locks")).unwrap();
    let lock = StateLock::acquire(dir.path(), &info(dir.path())).unwrap();
    assert_eq!(lock.node_lock(), None);
}

#[test]
fn a_link_in_the_locks_place_is_not_followed() {
    let dir = tempfile::tempdir().unwrap();
    let victim = dir.path().join("victim");
    fs::write(&victim, "precious").unwrap();
    std::os::unix::fs::symlink(&victim, dir.path().join(LOCK_NAME)).unwrap();
    assert!(matches!(StateLock::acquire(dir.path(), &info(dir.path())), Err(LockError::Unusable { .. })));
    assert_eq!(fs::read(&victim).unwrap(), b"precious");
}

#[test]
fn dates() {
    let at = |seconds| iso_utc(UNIX_EPOCH + Duration::from_millis(seconds));
    assert_eq!(at(0), "1970-01-01T00:00:00.000Z");
    assert_eq!(at(1_709_208_000_123), "2024-02-29T12:00:00.123Z");
    assert_eq!(at(1_767_225_599_999), "2025-12-31T23:59:59.999Z");
    assert_eq!(at(1_795_160_181_899), "2026-11-20T07:36:21.899Z");
}
