use super::*;
use serde_json::json;

fn mend(paths: &Paths, repair: &Repair) -> Result<Done, RepairError> {
    Mender { paths, env: &Env::default(), now: Millis(5), origin: ORIGIN, argv: &[] }.mend(repair)
}

#[test]
fn modes_are_taken_away_and_given_back() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("a file");
    fs::write(&file, "x").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let paths = Paths::in_state_dir(dir.path());
    let repair = Repair::Mode { path: file.clone(), from: 0o644, to: 0o600, view_first: false };
    let done = mend(&paths, &repair).unwrap();
    assert_eq!(fs::metadata(&file).unwrap().mode() & 0o777, 0o600);
    let Some(Undo::System(undo)) = done.undo else { panic!() };
    assert!(std::process::Command::new("sh").args(["-c", &undo]).status().unwrap().success());
    assert_eq!(fs::metadata(&file).unwrap().mode() & 0o777, 0o644);
    // Not what was seen any more.
    fs::set_permissions(&file, fs::Permissions::from_mode(0o604)).unwrap();
    assert!(mend(&paths, &repair).is_err());
    // A link is not followed.
    let link = dir.path().join("link");
    std::os::unix::fs::symlink(&file, &link).unwrap();
    let repair = Repair::Mode { path: link, from: 0o604, to: 0o600, view_first: false };
    assert!(mend(&paths, &repair).is_err());
    assert_eq!(fs::metadata(&file).unwrap().mode() & 0o777, 0o604);
}

#[test]
fn a_forgotten_token_can_be_put_back() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("device-auth.json");
    let text = json!({"version": 1, "deviceId": "d", "tokens": {
        "operator": {"token": "hush"}, "node": {"token": "hush-2"}}, "more": 1})
    .to_string();
    fs::write(&file, &text).unwrap();
    let paths = Paths::in_state_dir(dir.path());
    let repair = Repair::ForgetToken { file: file.clone(), role: Role::Operator };
    let done = mend(&paths, &repair).unwrap();
    let left: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    assert_eq!(left["tokens"], json!({"node": {"token": "hush-2"}}));
    assert_eq!(left["more"], 1);
    assert!(!format!("{done:?}").contains("hush"));
    assert!(mend(&paths, &repair).is_err());
    let Some(Undo::System(undo)) = done.undo else { panic!() };
    assert!(std::process::Command::new("sh").args(["-c", &undo]).status().unwrap().success());
    assert_eq!(fs::read_to_string(&file).unwrap(), text);
}

#[test]
fn locks_are_removed_only_while_they_name_the_dead() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("gateway.0.lock");
    fs::write(&path, r#"{"pid": 77}"#).unwrap();
    let paths = Paths::in_state_dir(dir.path());
    assert!(mend(&paths, &Repair::RemoveLock { path: path.clone(), pid: 78 }).is_err());
    mend(&paths, &Repair::RemoveLock { path: path.clone(), pid: 77 }).unwrap();
    assert!(!path.exists());
}

#[test]
fn config_repairs_are_in_the_journal() {
    let dir = tempfile::tempdir().unwrap();
    let paths = Paths::in_state_dir(dir.path());
    let before = "// keep\n{ gateway: { token: 'hush-hush-1', odd: 1 } }\n";
    fs::write(&paths.config_path, before).unwrap();
    let loaded = openclaw_config::load(&paths, &Env::default()).unwrap();
    let migration = openclaw_config::migrate::migrations(&loaded.source).remove(0);
    let repair = Repair::Config { edits: migration.edits, message: migration.message };
    let done = mend(&paths, &repair).unwrap();
    assert!(!format!("{:?}", done.patch).contains("hush") && !done.patch.is_empty());
    let after = fs::read_to_string(&paths.config_path).unwrap();
    assert!(
        after.contains("// keep") && after.contains("odd: 1") && after.contains("hush-hush-1"),
        "{after}"
    );
    assert_eq!(done.undo, Some(Undo::Own("config undo 1".to_owned())));
    let env = Env::default();
    Editor::new(&paths, &env, "config undo", Millis(6)).undo(Some(1)).unwrap();
    assert_eq!(fs::read_to_string(&paths.config_path).unwrap(), before);
}
