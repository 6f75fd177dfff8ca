use super::*;
use openclaw_protocol::secret::REDACTED;
use serde_json::json;
use std::fs;
use std::os::unix::fs::PermissionsExt;

struct Home {
    dir: tempfile::TempDir,
    paths: Paths,
    env: Env,
}

const FILE: &str = "// mine\n{\n  gateway: {\n    mode: 'local', // here\n    auth: { mode: 'token', token: 'hush-hush-1' },\n    future: { x: 1 },\n  },\n}\n";

impl Home {
    fn new(config: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let paths = Paths::in_state_dir(dir.path());
        fs::write(&paths.config_path, config).unwrap();
        Self { dir, paths, env: Env::from_pairs([("T", "from-env")]) }
    }

    fn editor(&self) -> Editor<'_> {
        Editor::new(&self.paths, &self.env, "test", Millis(1_773_000_000_000))
    }

    fn text(&self) -> String {
        fs::read_to_string(&self.paths.config_path).unwrap()
    }

    fn set(&self, path: &str, value: Value) -> Result<Outcome, EditError> {
        self.editor().set(&path.parse().unwrap(), value)
    }
}

#[test]
fn set_keeps_comments_order_and_unknown_keys() {
    let home = Home::new(FILE);
    let outcome = home.set("gateway.port", json!(19000)).unwrap();
    assert!(outcome.changed);
    assert_eq!(outcome.changed_paths, ["gateway.port"]);
    assert!(outcome.plan.restart());
    let text = home.text();
    for part in ["// mine", "// here", "future: { x: 1 }", "\"port\": 19000"] {
        assert!(text.contains(part), "{part} is missing in\n{text}");
    }
    assert!(text.find("mode").unwrap() < text.find("auth").unwrap());
    assert_eq!(fs::metadata(&home.paths.config_path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read_to_string(outcome.backup.unwrap()).unwrap(), FILE);

    let again = home.set("gateway.port", json!(19000)).unwrap();
    assert!(!again.changed);
    assert_eq!(home.text(), text);
}

#[test]
fn refusals_write_nothing() {
    let home = Home::new(FILE);
    let table: [(&str, Value, &str); 10] = [
        ("gateway.prot", json!(1), "Unknown config path: gateway.prot. Did you mean gateway.port?"),
        ("zzz", json!(1), "Unknown config path: zzz. Run openclaw config schema"),
        (
            "gateway.port",
            json!("x"),
            "Config validation failed: gateway.port: Invalid input: expected number, received string",
        ),
        (
            "gateway.auth.token",
            json!(REDACTED),
            "gateway.auth.token: a placeholder stands where a secret belongs",
        ),
        ("gateway.auth.token", json!("YOUR_TOKEN"), "gateway.auth.token: a placeholder"),
        ("gateway.auth", json!({"token": "<token>"}), "gateway.auth.token: a placeholder"),
        (
            "channels.telegram.accounts.a.botToken",
            json!(REDACTED),
            "channels.telegram.accounts.a.botToken: a placeholder",
        ),
        ("gateway.mode.x", json!(1), "Unknown config path"),
        (
            "plugins.entries.x.config.anything",
            json!([REDACTED]),
            "plugins.entries.x.config.anything[0]: a placeholder",
        ),
        (
            "gateway.auth.token",
            json!({"source": "nope"}),
            "Config validation failed: gateway.auth.token: Invalid input: source of a secret reference",
        ),
    ];
    for (path, value, want) in table {
        let error = home.set(path, value).unwrap_err().to_string();
        assert!(error.starts_with(want), "{path}: {error}");
        assert_eq!(home.text(), FILE, "{path}");
    }
    let error = home.editor().unset(&"gateway.port".parse().unwrap()).unwrap_err();
    assert_eq!(error.to_string(), "Config path not found: gateway.port");
    assert_eq!(fs::read_dir(home.dir.path()).unwrap().count(), 1);
}

#[test]
fn force_dry_run_and_read_only() {
    let home = Home::new(FILE);
    let dry = home.editor().dry_run(true).set(&"gateway.port".parse().unwrap(), json!(5)).unwrap();
    assert!(dry.changed && dry.loaded.gateway.port == Some(5));
    assert_eq!(home.text(), FILE);
    home.editor().force(true).set(&"zzz.y".parse().unwrap(), json!(1)).unwrap();
    assert!(home.text().contains("zzz"));
    for name in ["OPENCLAW_NIX_MODE", "OPENCLAW_CONFIG_READONLY"] {
        let env = Env::from_pairs([(name, "1")]);
        let error =
            Editor::new(&home.paths, &env, "t", Millis(0)).unset(&"zzz".parse().unwrap()).unwrap_err();
        assert!(matches!(error, EditError::ReadOnly(n) if n == name));
    }
}

#[test]
fn old_findings_do_not_block_new_edits() {
    let home =
        Home::new("{bogus: 1, gateway: {mode: 'local', port: 'x'}, channels: {telegram: {enabled: 3}}}");
    home.set("logging.level", json!("debug")).unwrap();
    home.set("gateway.port", json!(18789)).unwrap();
    assert!(crate::file::load(&home.paths, &home.env).unwrap().is_valid());
}

#[test]
fn aliases_of_guides() {
    let home = Home::new("{gateway: {mode: 'local'}}");
    let outcome = home.set("gateway.token", json!("0123456789")).unwrap();
    assert!(outcome.notes[0].contains("gateway.auth.token"), "{:?}", outcome.notes);
    let value = crate::parse::parse(&home.text()).unwrap();
    assert_eq!(
        value,
        json!({"gateway": {"mode": "local", "auth": {"token": "0123456789", "mode": "token"}}})
    );
    home.set("gateway.bind", json!("0.0.0.0")).unwrap();
    home.set("gateway.auth.type", json!("token")).unwrap();
    assert!(home.text().contains("\"lan\"") && !home.text().contains("type"));
}

#[test]
fn base_hash() {
    let home = Home::new(FILE);
    let hash = crate::file::load(&home.paths, &home.env).unwrap().hash.unwrap();
    fs::write(&home.paths.config_path, "{gateway: {mode: 'local'}}").unwrap();
    let path = "gateway.port".parse().unwrap();
    assert!(matches!(home.editor().base_hash(hash).set(&path, json!(1)), Err(EditError::Changed)));
    let hash = crate::file::load(&home.paths, &home.env).unwrap().hash.unwrap();
    home.editor().base_hash(hash).set(&path, json!(1)).unwrap();
}

#[test]
fn two_writers_lose_nothing() {
    let home = Home::new("{gateway: {mode: 'local'}, ui: {}}");
    std::thread::scope(|scope| {
        for t in 0..4 {
            let home = &home;
            scope.spawn(move || {
                for i in 0..5 {
                    let path: KeyPath = format!("ui.t{t}x{i}").parse().unwrap();
                    loop {
                        match home.editor().set(&path, json!(1)) {
                            Ok(_) => break,
                            Err(EditError::Changed) => {}
                            Err(other) => panic!("{other}"),
                        }
                    }
                }
            });
        }
    });
    let value = crate::parse::parse(&home.text()).unwrap();
    assert_eq!(value["ui"].as_object().unwrap().len(), 20);
}

#[test]
fn patch_and_apply_restore_what_was_hidden() {
    let home = Home::new(
        "{\n  // note\n  gateway: { mode: 'local', auth: { mode: 'token', token: 'hush-hush-1' }, remote: { token: '${T}' } },\n}\n",
    );
    let loaded = crate::file::load(&home.paths, &home.env).unwrap();
    let shown = redact::redact_text(&loaded.raw, &loaded.source).unwrap();
    assert!(!shown.contains("hush"));
    let sent = shown.replace("mode: 'local',", "mode: 'local', port: 7,");
    home.editor().apply(&sent).unwrap();
    let text = home.text();
    assert!(
        text.contains("hush-hush-1")
            && text.contains("${T}")
            && text.contains("// note")
            && text.contains("port: 7"),
        "{text}"
    );

    // A form that sends the resolved values back keeps the reference.
    let form = json!({"gateway": {"mode": "local", "auth": {"mode": "token", "token": REDACTED}, "remote": {"token": "from-env"}, "port": 8}});
    home.editor().apply(&form.to_string()).unwrap();
    let value = crate::parse::parse(&home.text()).unwrap();
    assert_eq!(value["gateway"]["remote"]["token"], "${T}");
    assert_eq!(value["gateway"]["auth"]["token"], "hush-hush-1");

    home.editor()
        .patch(&json!({"gateway": {"port": null, "bind": "lan", "auth": {"token": REDACTED}}}))
        .unwrap();
    let value = crate::parse::parse(&home.text()).unwrap();
    assert_eq!((value["gateway"].get("port"), &value["gateway"]["bind"]), (None, &json!("lan")));
    assert_eq!(value["gateway"]["auth"]["token"], "hush-hush-1");

    let before = home.text();
    for bad in [
        json!({"hooks": {"token": REDACTED}}),
        json!({"gateway": {"auth": {"token": "YOUR_TOKEN"}}}),
        json!({"bogus": 1}),
        json!({"gateway": {"port": "x"}}),
    ] {
        assert!(home.editor().patch(&bad).is_err(), "{bad}");
        assert_eq!(home.text(), before, "{bad}");
    }
    assert!(home.editor().apply("{").is_err());
}

#[test]
fn a_broken_file_can_be_replaced_but_not_edited() {
    let home = Home::new("{ broken");
    assert!(matches!(home.set("gateway.port", json!(1)), Err(EditError::Load(_))));
    let outcome = home.editor().apply("{gateway: {mode: 'local'}}").unwrap();
    assert_eq!(fs::read_to_string(outcome.backup.unwrap()).unwrap(), "{ broken");
}

#[test]
fn includes_are_not_flattened() {
    let home = Home::new("{gateway: {$include: './gw.json5', port: 5}, logging: {level: 'info'}}");
    fs::write(home.dir.path().join("gw.json5"), "{mode: 'local', auth: {token: 'hush-hush-1'}}").unwrap();
    let before = home.text();
    let flatten = "Config write would flatten $include-owned config at gateway; edit that include file directly or remove the $include first.";
    for result in [
        home.set("gateway.auth.token", json!("new-token-1")),
        home.editor().unset(&"gateway.mode".parse().unwrap()),
        home.set("gateway", json!({"mode": "local"})),
        home.editor().apply("{gateway: {mode: 'local', port: 5, auth: {token: 'new-token-1'}}}"),
    ] {
        assert_eq!(result.unwrap_err().to_string(), flatten);
        assert_eq!(home.text(), before);
    }
    // What the included file says nothing about may be said beside it, and other sections are free.
    home.set("gateway.bind", json!("lan")).unwrap();
    home.set("gateway.port", json!(6)).unwrap();
    home.set("logging.level", json!("debug")).unwrap();
    assert!(home.text().contains("$include"));
    assert!(!home.text().contains("hush"));
    home.editor().unset(&"gateway".parse().unwrap()).unwrap();
}

#[test]
fn changes_are_taken_back_one_by_one_to_the_byte() {
    // With a byte order mark and Windows line ends: what comes back is the file, not something like it.
    let original = format!("\u{feff}{}", FILE.replace('\n', "\r\n"));
    let home = Home::new(&original);
    assert!(matches!(home.editor().undo(None), Err(EditError::NothingToUndo)));
    let first = home.set("gateway.port", json!(1)).unwrap();
    let one = home.text();
    let second = home.set("gateway.port", json!(2)).unwrap();
    assert_eq!((first.change, second.change), (Some(1), Some(2)));
    let two = home.text();

    // Not in the middle: what came later would go too.
    let refused = home.editor().undo(Some(1)).unwrap_err();
    assert!(matches!(&refused, EditError::ChangedSince { id: 1, later, .. } if later == &[2]), "{refused}");
    assert_eq!(home.text(), two);

    let (undo, taken_back) = home.editor().undo(None).unwrap();
    assert_eq!((undo.change, taken_back.map(|entry| entry.id)), (Some(3), Some(2)));
    assert_eq!(home.text(), one);
    home.editor().undo(None).unwrap();
    assert_eq!(fs::read(&home.paths.config_path).unwrap(), original.as_bytes());
    assert!(matches!(home.editor().undo(None), Err(EditError::NothingToUndo)));

    // An undo is a change like any other: taken back, it is as before.
    home.editor().undo(Some(4)).unwrap();
    assert_eq!(home.text(), one);
    assert!(matches!(home.editor().undo(Some(99)), Err(EditError::NoSuchChange(99))));

    // Somebody edits by hand: nothing is thrown away.
    fs::write(&home.paths.config_path, format!("// mine\n{one}")).unwrap();
    let refused = home.editor().undo(None).unwrap_err();
    assert!(matches!(&refused, EditError::ChangedSince { id: 1, .. }), "{refused}");
    assert!(home.text().starts_with("// mine"));
    let journal = fs::read_dir(super::history::folder(&home.paths)).unwrap();
    for file in journal.flatten().filter(|file| file.path().extension().is_some_and(|e| e == "json")) {
        assert!(!fs::read_to_string(file.path()).unwrap().contains("hush"), "{}", file.path().display());
    }
}

#[test]
fn a_patch_that_cannot_be_one_is_refused() {
    let text = "{gateway: {mode: 'local', trustedProxies: ['a', // x\u{2028} 'b',\n 'c']}}";
    let home = Home::new(text);
    let path = "gateway.trustedProxies[1]".parse().unwrap();
    let edit = [crate::edit::Edit::Set { path, value: json!("d") }];
    let refused = home.editor().in_place(true).edits(&edit).unwrap_err();
    assert!(matches!(refused, EditError::NotInPlace) && home.text() == text, "{refused}");
    assert!(home.editor().edits(&edit).unwrap().notes.iter().any(|note| note.contains("written anew")));
}

#[test]
fn without_a_journal_the_newest_backup_is_used() {
    let home = Home::new(FILE);
    home.set("gateway.port", json!(1)).unwrap();
    fs::remove_dir_all(super::history::folder(&home.paths)).unwrap();
    home.editor().undo(None).unwrap();
    assert_eq!(home.text(), FILE);
}

#[test]
fn the_record_has_everything_but_secrets() {
    let home = Home::new(FILE);
    let argv = ["openclaw", "config", "set", "gateway.auth.token", "hush-hush-2"].map(str::to_owned);
    home.editor().argv(argv).set(&"gateway.auth.token".parse().unwrap(), json!("hush-hush-2")).unwrap();
    let record = fs::read_to_string(home.paths.config_audit()).unwrap();
    assert!(!record.contains("hush"), "{record}");
    let entry: Value = serde_json::from_str(record.trim()).unwrap();
    for key in [
        "ts",
        "source",
        "event",
        "configPath",
        "pid",
        "ppid",
        "cwd",
        "argv",
        "execArgv",
        "existsBefore",
        "previousHash",
        "nextHash",
        "previousBytes",
        "nextBytes",
        "changedPathCount",
        "hasMetaBefore",
        "hasMetaAfter",
        "gatewayModeBefore",
        "gatewayModeAfter",
        "suspicious",
        "result",
    ] {
        assert!(entry.get(key).is_some(), "{key}");
    }
    assert_eq!(
        (entry["ts"].as_str(), entry["result"].as_str()),
        (Some("2026-03-08T20:00:00Z"), Some("rename"))
    );
    home.editor().unset(&"gateway.mode".parse().unwrap()).unwrap();
    let record = fs::read_to_string(home.paths.config_audit()).unwrap();
    assert!(record.lines().nth(1).unwrap().contains("gateway-mode-removed"));
}

#[test]
fn a_full_or_forbidden_place_loses_nothing() {
    let home = Home::new(FILE);
    // A folder in the place of the newest backup: the backup fails, which is said, and the write still happens.
    fs::create_dir_all(home.dir.path().join("openclaw.json.bak.1/x")).unwrap();
    fs::write(home.dir.path().join("openclaw.json.bak"), "older").unwrap();
    let outcome = home.set("gateway.port", json!(3)).unwrap();
    assert!(outcome.notes.iter().any(|n| n.starts_with("No backup was kept")) == outcome.backup.is_none());
    assert!(home.text().contains("\"port\": 3"));
}

#[test]
fn a_range_of_proxies_that_holds_strangers_is_said_twice() {
    let home = Home::new(FILE);
    let path: KeyPath = "gateway.trustedProxies".parse().unwrap();
    for range in ["0.0.0.0/0", "::/0", "10.0.0.0/8", "192.168.0.0/16", "100.64.0.0/10"] {
        let error = home.set("gateway.trustedProxies", json!(["10.0.0.5", range])).unwrap_err();
        let text = error.to_string();
        assert!(matches!(error, EditError::TooBroad(_)), "{range}: {text}");
        assert!(text.starts_with("gateway.trustedProxies[1]: ") && text.contains("--force"), "{text}");
        assert_eq!(home.text(), FILE);
    }
    home.set("gateway.trustedProxies", json!(["10.0.0.5", "172.18.0.0/16", "127.0.0.0/8"])).unwrap();
    let forced = home.editor().force(true).set(&path, json!(["100.64.0.0/10"])).unwrap();
    assert!(forced.loaded.issues.iter().any(|issue| issue.kind == IssueKind::TooBroad));
    // What stands there by decision does not hinder other changes.
    home.set("gateway.port", json!(19000)).unwrap();
}
