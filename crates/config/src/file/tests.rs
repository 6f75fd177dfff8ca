use super::*;
use proptest::prelude::*;
use serde_json::json;
use std::fs;

struct Home {
    dir: tempfile::TempDir,
    paths: Paths,
}

impl Home {
    fn new(config: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let paths = Paths::in_state_dir(dir.path());
        fs::write(&paths.config_path, config).unwrap();
        Self { dir, paths }
    }

    fn load(&self, env: &[(&str, &str)]) -> Loaded {
        load(&self.paths, &Env::from_pairs(env.iter().copied())).unwrap()
    }
}

#[test]
fn absent_empty_and_broken() {
    let home = Home::new("{}");
    fs::remove_file(&home.paths.config_path).unwrap();
    let loaded = home.load(&[]);
    assert_eq!((loaded.exists, loaded.hash, loaded.value), (false, None, json!({})));

    for (text, want) in [
        ("", "JSON5 parse failed: SyntaxError: JSON5: "),
        ("{\n a: }", "JSON5 parse failed: SyntaxError: JSON5: "),
        (&"[".repeat(100_000), "JSON5 parse failed: "),
    ] {
        let home = Home::new(text);
        let error = load(&home.paths, &Env::default()).unwrap_err();
        let issues = error.issues();
        assert!(issues[0].message.starts_with(want), "{}", issues[0].message);
        assert_eq!((issues[0].path.as_str(), issues[0].severity), ("<root>", Severity::Fatal));
    }
    let home = Home::new("");
    fs::write(&home.paths.config_path, [0xff, 0xfe, b'{']).unwrap();
    assert!(matches!(load(&home.paths, &Env::default()), Err(LoadError::Syntax { .. })));
    fs::remove_file(&home.paths.config_path).unwrap();
    fs::create_dir(&home.paths.config_path).unwrap();
    assert!(matches!(load(&home.paths, &Env::default()), Err(LoadError::Unreadable { .. })));
}

#[test]
fn everything_at_once_with_lines() {
    let home = Home::new(
        "\u{feff}{\n  gateway: {\n    port: \"x\",\n    bogus: 1,\n    bind: '0.0.0.0',\n    auth: { token: '${NOPE}' },\n    \
         trustedProxies: ['10.0.0.0/33'],\n    controlUi: { allowedOrigins: ['https://a/'], basePath: 'a b' },\n  },\n  hello: 1,\n  \
         channels: { telegram: { enabled: 3 } },\n}",
    );
    let loaded = home.load(&[]);
    let got: Vec<(Severity, &str, Option<u32>)> =
        loaded.issues.iter().map(|i| (i.severity, i.path.as_str(), i.line)).collect();
    use Severity::{Fatal, PartOff, Warning};
    assert_eq!(
        got,
        [
            (Fatal, "gateway.port", Some(3)),
            (PartOff, "channels.telegram.enabled", Some(11)),
            (Warning, "gateway.bind", Some(5)),
            (Warning, "gateway.auth.token", Some(6)),
            (Warning, "gateway", Some(4)),
            (Warning, "<root>", Some(10)),
            (Warning, "gateway.trustedProxies[0]", Some(7)),
            (Warning, "gateway.controlUi.basePath", Some(8)),
            (Warning, "gateway.controlUi.allowedOrigins[0]", Some(8)),
        ]
    );
    assert!(!loaded.is_valid());
    assert!(loaded.part_off(&"channels.telegram".parse().unwrap()).is_some());
    assert!(loaded.part_off(&"channels.discord".parse().unwrap()).is_none());
    assert_eq!(loaded.gateway.bind, Some(crate::gateway::Bind::Lan));
    assert_eq!(loaded.source["gateway"]["bind"], "0.0.0.0");
}

#[test]
fn environment_order() {
    let home = Home::new(
        "{env: {vars: {A: 'vars', B: 'vars', C: 'vars'}, D: 'plain'}, ui: {t: '${A}${B}${C}${D}'}}",
    );
    fs::write(home.dir.path().join(".env"), "A=dotenv\nB=dotenv\n").unwrap();
    let loaded = home.load(&[("A", "process")]);
    assert_eq!(loaded.value["ui"]["t"], "processdotenvvarsplain");
    assert_eq!(loaded.env.get("D"), Some("plain"));
    assert!(loaded.issues.is_empty(), "{:?}", loaded.issues);
}

#[test]
fn only_the_dotenv_of_the_state_directory() {
    let home = Home::new("{gateway: {auth: {token: '${FROM_CWD}'}}}");
    let cwd = tempfile::tempdir().unwrap();
    fs::write(cwd.path().join(".env"), "FROM_CWD=evil\n").unwrap();
    // The loader has no way of asking for the working directory's file; this pins it down for a state directory below.
    let loaded = home.load(&[("PWD", cwd.path().to_str().unwrap())]);
    assert!(matches!(loaded.gateway.auth.token, SecretValue::Unresolved(_)));
}

#[test]
fn includes_bring_secrets_and_references() {
    let home = Home::new("{gateway: {$include: './gw.json5', port: 5}, agents: {$include: 'missing.json5'}}");
    fs::write(home.dir.path().join("gw.json5"), "{mode: 'local', port: 4, auth: {token: '${T}'}}").unwrap();
    let loaded = home.load(&[("T", "tok")]);
    assert_eq!(loaded.gateway.port, Some(5));
    assert!(loaded.gateway.auth.token.get().is_some_and(|t| t.matches("tok")));
    assert_eq!(loaded.includes.len(), 1);
    assert_eq!(loaded.issues.len(), 1);
    assert_eq!((loaded.issues[0].kind, loaded.issues[0].severity), (IssueKind::Include, Severity::Fatal));
}

#[test]
fn answers_of_config_get() {
    let home = Home::new(
        "{gateway: {port: 1, auth: {token: 'hush', mode: 'token'}}, mcp: {servers: {s: {args: ['--api-key', 'hush']}}}}",
    );
    let loaded = home.load(&[]);
    let get = |path: &str| loaded.get(&path.parse().unwrap());
    let marker = json!(openclaw_protocol::secret::REDACTED);
    assert_eq!(get("gateway.port"), Answer::Set(json!(1)));
    assert_eq!(get("gateway.auth.token"), Answer::Set(marker.clone()));
    assert_eq!(get("gateway.auth"), Answer::Set(json!({"token": marker, "mode": "token"})));
    assert_eq!(get("mcp.servers.s.args[1]"), Answer::Set(marker));
    assert_eq!(get("gateway.bind"), Answer::Default(json!("loopback")));
    assert_eq!(get("gateway.remote.url"), Answer::Unset);
    assert_eq!(get("gateway.token"), Answer::Unknown { suggestion: Some("gateway.auth.token".into()) });
    assert!(!format!("{loaded:?}").contains("hush"));
}

#[test]
fn exec_references_wait_until_asked() {
    let home = Home::new("");
    let script = r#"echo '{"protocolVersion":1,"values":{"a":"s3"}}'"#;
    let config = json!({
        "secrets": {"providers": {"v": {"source": "exec", "command": "/bin/sh", "allowSymlinkCommand": true, "args": ["-c", script]}}},
        "gateway": {"mode": "local", "auth": {"token": {"source": "exec", "provider": "v", "id": "a"}}},
    });
    fs::write(&home.paths.config_path, config.to_string()).unwrap();
    let mut loaded = home.load(&[]);
    assert!(matches!(loaded.gateway.auth.token, SecretValue::Pending(_)));
    assert!(loaded.issues.is_empty(), "{:?}", loaded.issues);
    loaded.resolve_exec_secrets(&home.paths);
    assert!(loaded.gateway.auth.token.get().is_some_and(|t| t.matches("s3")));
}

#[test]
fn a_large_real_file_loads_quickly() {
    let channels: Map<String, Value> = ["telegram", "discord", "slack"]
        .iter()
        .map(|c| ((*c).to_owned(), json!({"enabled": true, "accounts": (0..50).map(|i| (format!("a{i}"), json!({"name": "x", "dmPolicy": "open"}))).collect::<Map<_, _>>()})))
        .collect();
    let config = json!({"gateway": {"mode": "local", "auth": {"token": "f00d"}}, "channels": channels});
    let home = Home::new(&config.to_string());
    let start = std::time::Instant::now();
    let loaded = home.load(&[]);
    assert!(loaded.issues.is_empty(), "{:?}", loaded.issues);
    // A debug build under load; a release build needs about a hundredth of it.
    assert!(start.elapsed().as_millis() < 2_000);
}

proptest! {
    /// Includes and variables, whatever they hold: an answer, and never a panic.
    #[test]
    fn total(main in "[{}\\[\\]:,'\"$A-Ca-c/.\\\\ \n]{0,80}", included in "[{}:,'\"$A-Ca-c. ]{0,40}") {
        let dir = tempfile::tempdir().unwrap();
        let paths = Paths::in_state_dir(dir.path());
        fs::write(dir.path().join("a"), included).unwrap();
        for text in [main.clone(), format!("{{x: {{$include: ['a', 'a']}}, y: '{}'}}", main.replace(['\'', '\n', '\\'], ""))] {
            fs::write(&paths.config_path, &text).unwrap();
            let _ = load(&paths, &Env::from_pairs([("A", "${A}"), ("B", "}")]));
        }
    }
}
