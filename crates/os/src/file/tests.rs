use super::testing::{Fault, Forgetful, Loss};
use super::*;
use std::os::unix::fs::symlink;

fn mode_of(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().mode() & 0o7777
}

fn entries(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn replacing_keeps_the_mode_asked_for_and_leaves_no_litter() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.json");
    for (text, mode) in [("one", 0o600), ("two", 0o640), ("three", 0o600)] {
        write_atomic(&path, text.as_bytes(), mode).unwrap();
        assert_eq!(read_nofollow(&path, 100).unwrap(), text.as_bytes());
        assert_eq!(mode_of(&path), mode);
    }
    let error = Files::real().create_new(&path, b"four", 0o600).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
    assert!(error.to_string().contains("a.json"), "{error}");
    assert_eq!(read_nofollow(&path, 100).unwrap(), b"three");
    assert_eq!(entries(dir.path()), ["a.json"]);
}

#[test]
fn a_name_of_the_greatest_length_can_be_written() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x".repeat(255));
    write_atomic(&path, b"long", 0o600).unwrap();
    assert_eq!(read_nofollow(&path, 10).unwrap(), b"long");
}

#[test]
fn links_pipes_and_large_files_are_not_read() {
    let dir = tempfile::tempdir().unwrap();
    let real = dir.path().join("real");
    write_atomic(&real, b"0123456789", 0o600).unwrap();
    let link = dir.path().join("link");
    symlink(&real, &link).unwrap();
    assert!(read_nofollow(&link, 100).is_err());
    assert!(Files::real().append(&link, b"x", 0o600).is_err());
    let pipe = dir.path().join("pipe");
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR, 0)
        .unwrap();
    assert_eq!(read_nofollow(&pipe, 100).unwrap_err().kind(), io::ErrorKind::InvalidInput);
    assert_eq!(read_nofollow(&real, 9).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
    assert_eq!(read_nofollow(&real, 10).unwrap().len(), 10);
    // Replacing a link replaces the link and spares what it pointed to.
    write_atomic(&link, b"new", 0o600).unwrap();
    assert_eq!(read_nofollow(&link, 100).unwrap(), b"new");
    assert_eq!(read_nofollow(&real, 100).unwrap(), b"0123456789");
}

#[test]
fn appending_creates_with_the_mode_and_adds() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("audit.jsonl");
    Files::real().append(&path, b"1\n", 0o600).unwrap();
    Files::real().append(&path, b"2\n", 0o600).unwrap();
    assert_eq!(read_nofollow(&path, 100).unwrap(), b"1\n2\n");
    assert_eq!(mode_of(&path), 0o600);
    assert!(Files::real().remove(&path).unwrap());
    assert!(!Files::real().remove(&path).unwrap());
}

#[test]
fn folders_are_made_and_repaired_but_links_are_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let deep = dir.path().join("state/devices");
    ensure_dir(&deep, 0o700).unwrap();
    assert_eq!((mode_of(&deep), mode_of(deep.parent().unwrap())), (0o700, 0o700));
    fs::set_permissions(&deep, fs::Permissions::from_mode(0o777)).unwrap();
    ensure_dir(&deep, 0o700).unwrap();
    assert_eq!(mode_of(&deep), 0o700);
    let link = dir.path().join("link");
    symlink(&deep, &link).unwrap();
    ensure_dir(&link, 0o700).unwrap();
    let file = dir.path().join("file");
    fs::write(&file, b"").unwrap();
    assert_eq!(ensure_dir(&file, 0o700).unwrap_err().kind(), io::ErrorKind::NotADirectory);
}

#[test]
fn trust_is_owner_mode_and_no_links_on_every_step() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("state");
    let folder = root.join("devices");
    ensure_dir(&folder, 0o700).unwrap();
    let file = folder.join("paired.json");
    write_atomic(&file, b"{}", 0o600).unwrap();
    let owners = Owners::of_state(&root);
    let relative = Path::new("devices/paired.json");
    let open = || open_trusted(&root, relative, &owners);
    open().unwrap();
    check_trusted(&file, &owners).unwrap();

    for path in [&file, &folder, &root] {
        let before = mode_of(path);
        fs::set_permissions(path, fs::Permissions::from_mode(before | 0o020)).unwrap();
        assert!(matches!(open(), Err(Distrust::Writable { path: at, .. }) if at == *path));
        fs::set_permissions(path, fs::Permissions::from_mode(before)).unwrap();
    }

    let moved = root.join("elsewhere");
    fs::rename(&folder, &moved).unwrap();
    assert!(matches!(open(), Err(Distrust::Missing(_))));
    symlink(&moved, &folder).unwrap();
    assert!(matches!(open(), Err(Distrust::Kind { expected: "folder", .. })));
    fs::remove_file(&folder).unwrap();
    fs::rename(&moved, &folder).unwrap();
    fs::rename(&file, folder.join("other")).unwrap();
    symlink("other", &file).unwrap();
    assert!(matches!(open(), Err(Distrust::Kind { expected: "file", .. })));
    assert!(matches!(check_trusted(&file, &owners), Err(Distrust::Kind { .. })));
    for outside in ["../x", "/etc/passwd", ""] {
        assert!(open_trusted(&root, Path::new(outside), &owners).is_err());
    }
}

#[test]
fn who_is_trusted() {
    assert_eq!(Owners::rule(1000, Some(1001)).uids(), [0, 1000]);
    assert_eq!(Owners::rule(0, Some(1001)).uids(), [0, 1001]);
    assert_eq!(Owners::rule(0, None).uids(), [0]);
}

#[test]
fn root_gives_what_it_makes_to_the_owner_of_the_folder() {
    if !rustix::process::geteuid().is_root() {
        println!("skipped: needs root");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("state");
    ensure_dir(&root, 0o700).unwrap();
    std::os::unix::fs::chown(&root, Some(4711), Some(4712)).unwrap();
    ensure_dir(&root.join("devices"), 0o700).unwrap();
    let file = root.join("devices/paired.json");
    write_atomic(&file, b"{}", 0o600).unwrap();
    let meta = fs::metadata(&file).unwrap();
    assert_eq!((meta.uid(), meta.gid()), (4711, 4712));
    open_trusted(&root, Path::new("devices/paired.json"), &Owners::of_state(&root)).unwrap();
    std::os::unix::fs::chown(&file, Some(4713), None).unwrap();
    let refused = open_trusted(&root, Path::new("devices/paired.json"), &Owners::of_state(&root));
    assert!(matches!(refused, Err(Distrust::Owner { uid: 4713, .. })));
}

#[test]
fn a_really_full_disk_keeps_the_old_content() {
    if !rustix::process::geteuid().is_root() {
        println!("skipped: needs root to mount a small tmpfs");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let mounted = std::process::Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=64k", "tmpfs"])
        .arg(dir.path())
        .status();
    if !mounted.is_ok_and(|status| status.success()) {
        println!("skipped: cannot mount a tmpfs here");
        return;
    }
    let path = dir.path().join("a");
    let first = write_atomic(&path, b"old", 0o600);
    let second = write_atomic(&path, &[7; 200 * 1024], 0o600);
    let left = (read_nofollow(&path, 100), entries(dir.path()));
    assert!(std::process::Command::new("umount").arg(dir.path()).status().unwrap().success());
    first.unwrap();
    assert_eq!(second.unwrap_err().kind(), io::ErrorKind::StorageFull);
    assert_eq!((left.0.unwrap(), left.1), (b"old".to_vec(), vec!["a".to_owned()]));
}

/// Writes a file three times with the power failing at each step in turn. Returns how often what was acknowledged was
/// missing afterwards, or the file was neither old nor new.
fn losses(prepare: impl Fn(&Forgetful), loss: Loss) -> u32 {
    let mut bad = 0;
    for crash_at in 1.. {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        let (files, control) = Files::forgetful();
        prepare(&control);
        control.fail_at(crash_at, Fault::PowerCut);
        let (mut acknowledged, mut tried) = (None, None);
        for text in ["one", "two", "three"] {
            tried = Some(text.as_bytes().to_vec());
            match files.write_atomic(&path, text.as_bytes(), 0o600) {
                Ok(()) => acknowledged = tried.clone(),
                Err(_) => break,
            }
        }
        let finished = control.steps() < crash_at;
        control.crash(loss).unwrap();
        let found = read_nofollow(&path, 100).ok();
        if found != acknowledged && found != tried {
            bad += 1;
        }
        if finished {
            return bad;
        }
    }
    unreachable!("the loop ends when the crash comes after the last step")
}

#[test]
fn no_power_cut_takes_back_what_was_acknowledged() {
    for loss in [Loss::Everything, Loss::Contents] {
        assert_eq!(losses(|_| {}, loss), 0);
        assert!(losses(Forgetful::ignore_syncs, loss) > 0, "the test must see missing syncs ({loss:?})");
    }
}

#[test]
fn injected_faults_have_the_systems_kind_and_end() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a");
    let (files, control) = Files::forgetful();
    files.write_atomic(&path, b"old", 0o600).unwrap();
    for (fault, kind) in
        [(Fault::DiskFull, io::ErrorKind::StorageFull), (Fault::ReadOnly, io::ErrorKind::ReadOnlyFilesystem)]
    {
        control.fail_at(control.steps() + 1, fault);
        assert_eq!(files.write_atomic(&path, b"new", 0o600).unwrap_err().kind(), kind);
        assert_eq!(files.read(&path, 10).unwrap(), b"old");
        control.heal();
    }
    files.write_atomic(&path, b"new", 0o600).unwrap();
    assert_eq!(files.read(&path, 10).unwrap(), b"new");
    assert_eq!(entries(dir.path()), ["a"]);
}
