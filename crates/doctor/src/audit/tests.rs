use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use openclaw_config::Env;
use openclaw_config::paths::Paths;
use openclaw_protocol::refusal::Vantage;

use super::{Facts, Report, Severity, run};

/// A state directory with this file, as the owner alone can see it.
fn state(config: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let paths = Paths::in_state_dir(dir.path());
    std::fs::write(&paths.config_path, config).unwrap();
    chmod(&paths.config_path, 0o600);
    chmod(dir.path(), 0o700);
    dir
}

fn chmod(path: &Path, mode: u32) {
    std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
}

fn audited(dir: &Path, change: impl FnOnce(&mut Facts<'_>)) -> Report {
    let paths = Paths::in_state_dir(dir);
    let env = Env::from_pairs([("HOME", "/nonexistent")]);
    let loaded = openclaw_config::load(&paths, &env).ok();
    let mut facts = Facts {
        paths: &paths,
        loaded: loaded.as_ref(),
        in_container: false,
        units_with_token: Vec::new(),
        log_file: None,
        vantage: Vantage::default(),
    };
    change(&mut facts);
    run(&facts, 7)
}

fn ids(report: &Report) -> Vec<(&'static str, Severity)> {
    report.findings.iter().map(|finding| (finding.check_id, finding.severity)).collect()
}

const GOOD: &str = "0123456789abcdef0123456789abcdef0123456789abcdef";

#[test]
fn a_fresh_gateway_has_nothing_but_its_surface() {
    let dir = state(&format!("{{gateway: {{mode: 'local', auth: {{mode: 'token', token: '{GOOD}'}}}}}}"));
    let report = audited(dir.path(), |_| {});
    assert_eq!(ids(&report), [("summary.attack_surface", Severity::Info)]);
    assert!(!report.is_critical());
    assert_eq!(report.summary(), "0 critical · 0 warn · 1 info");
    assert_eq!(report.findings[0].detail.split(" · ").next(), Some("bind loopback"));
}

#[test]
fn one_setting_one_finding() {
    let token = format!("auth: {{mode: 'token', token: '{GOOD}'}}");
    for (gateway, id, severity) in [
        ("auth: {mode: 'none'}".to_owned(), "gateway.loopback_no_auth", Severity::Warn),
        ("auth: {token: 'short-token'}".to_owned(), "gateway.token_too_short", Severity::Warn),
        ("auth: {token: 'YOUR_TOKEN'}".to_owned(), "gateway.token_placeholder", Severity::Critical),
        ("auth: {token: 'abababababababababababababab'}".to_owned(), "gateway.token_weak", Severity::Warn),
        (format!("bind: 'lan', {token}"), "gateway.bind_no_tls", Severity::Warn),
        (
            format!("trustedProxies: ['0.0.0.0/0'], {token}"),
            "gateway.trusted_proxies_open",
            Severity::Critical,
        ),
        (format!("trustedProxies: ['10.0.0.0/8'], {token}"), "gateway.trusted_proxies_broad", Severity::Warn),
        (format!("trustedProxies: ['nginx'], {token}"), "gateway.trusted_proxies_invalid", Severity::Warn),
        (format!("allowRealIpFallback: true, {token}"), "gateway.real_ip_fallback_enabled", Severity::Warn),
        (
            format!("controlUi: {{allowedOrigins: ['*']}}, {token}"),
            "gateway.control_ui.allowed_origins_wildcard",
            Severity::Warn,
        ),
        (
            format!("controlUi: {{dangerouslyDisableDeviceAuth: true}}, {token}"),
            "gateway.control_ui.device_auth_disabled",
            Severity::Warn,
        ),
    ] {
        let dir = state(&format!("{{gateway: {{mode: 'local', {gateway}}}}}"));
        let report = audited(dir.path(), |_| {});
        let expected = [(id, severity), ("summary.attack_surface", Severity::Info)];
        assert_eq!(ids(&report), expected, "{gateway}");
        assert!(report.findings[0].remediation.is_some(), "{id} has no way out");
    }
}

#[test]
fn what_others_can_reach_is_worse() {
    let dir = state(
        "{gateway: {mode: 'local', bind: 'lan', auth: {mode: 'none'}, controlUi: {allowedOrigins: ['*']}}}",
    );
    let report = audited(dir.path(), |_| {});
    let critical: Vec<&str> = report
        .findings
        .iter()
        .filter(|finding| finding.severity == Severity::Critical)
        .map(|finding| finding.check_id)
        .collect();
    assert_eq!(critical, ["gateway.bind_no_auth", "gateway.control_ui.allowed_origins_wildcard"]);
    assert!(report.is_critical());
}

#[test]
fn secrets_where_they_do_not_belong() {
    let dir = state(&format!(
        "{{gateway: {{mode: 'local', auth: {{mode: 'token', token: '{GOOD}'}}}}, hooks: {{token: '{GOOD}'}}}}"
    ));
    let report =
        audited(dir.path(), |facts| facts.units_with_token.push("/u/openclaw-gateway.service".into()));
    assert_eq!(
        ids(&report)[..2],
        [("hooks.token_reuse_gateway_token", Severity::Critical), ("service.token_embedded", Severity::Warn)]
    );
    assert!(!report.json().to_string().contains(GOOD));
    let dir =
        state("{gateway: {mode: 'local', auth: {mode: 'password', password: 'correct horse battery'}}}");
    assert_eq!(ids(&audited(dir.path(), |_| {}))[0].0, "config.secrets.gateway_password_in_config");
}

#[test]
fn files_that_others_can_open() {
    let dir = state(&format!("{{gateway: {{mode: 'local', auth: {{token: '{GOOD}'}}}}}}"));
    let config = dir.path().join("openclaw.json");
    chmod(&config, 0o644);
    // Nobody gets that far as long as the folder is shut.
    assert_eq!(ids(&audited(dir.path(), |_| {})).len(), 1);
    chmod(dir.path(), 0o755);
    assert_eq!(
        ids(&audited(dir.path(), |_| {}))[..2],
        [
            ("fs.config.perms_world_readable", Severity::Critical),
            ("fs.state_dir.perms_readable", Severity::Warn)
        ]
    );
    chmod(&config, 0o600);
    chmod(dir.path(), 0o770);
    let report = audited(dir.path(), |_| {});
    assert_eq!(ids(&report)[0], ("fs.state_dir.perms_writable", Severity::Critical));
    assert_eq!(report.findings[0].remediation.as_deref(), Some("openclaw doctor --fix"));
    // Only root can give a file away. No command takes a stranger's words for the owner's.
    if std::os::unix::fs::chown(&config, Some(65_534), None).is_ok() {
        let report = audited(dir.path(), |_| {});
        let config = report.findings.iter().find(|finding| finding.check_id == "fs.config.perms_writable");
        assert_eq!(config.unwrap().remediation, None);
    }
}

#[test]
fn a_file_that_cannot_be_parsed_is_said() {
    let dir = state("{gateway: ");
    let report = audited(dir.path(), |_| {});
    assert_eq!(ids(&report), [("config.unreadable", Severity::Warn)]);
}

#[test]
fn the_way_out_keeps_what_is_right() {
    let first = |gateway: &str| {
        let dir = state(&format!("{{gateway: {{mode: 'local', auth: {{token: '{GOOD}'}}, {gateway}}}}}"));
        audited(dir.path(), |_| {}).findings[0].remediation.clone().unwrap()
    };
    assert_eq!(first("trustedProxies: ['0.0.0.0/0']"), "openclaw config unset gateway.trustedProxies");
    assert_eq!(
        first("trustedProxies: ['10.1.2.3', '0.0.0.0/0', 'nginx', 'fd00::1']"),
        "openclaw config set gateway.trustedProxies '[\"10.1.2.3\",\"fd00::1\"]' --strict-json"
    );
    assert_eq!(
        first("controlUi: {allowedOrigins: ['*', 'https://a.example.com', \"https://x';reboot\"]}"),
        "openclaw config set gateway.controlUi.allowedOrigins '[\"https://a.example.com\"]' --strict-json"
    );
}

/// The ids in the sources: texts of small letters, dots and underscores with a known beginning.
fn ids_in(source: &str) -> impl Iterator<Item = &str> {
    let begins = ["gateway.", "hooks.token_", "config.", "service.", "logging.redact", "fs.", "summary."];
    let is_id = move |text: &&str| {
        begins.iter().any(|begin| text.starts_with(begin))
            && text.bytes().all(|byte| byte.is_ascii_lowercase() || b"._".contains(&byte))
            && text.contains('_')
    };
    source.split('"').skip(1).step_by(2).filter(is_id)
}

#[test]
fn every_finding_is_on_the_page() {
    let page = include_str!("../../../../docs/status.md");
    let sources = [
        include_str!("browser.rs"),
        include_str!("exposure.rs"),
        include_str!("files.rs"),
        include_str!("proxies.rs"),
        include_str!("secrets.rs"),
    ];
    let ids: Vec<&str> = sources.iter().flat_map(|source| ids_in(source)).collect();
    assert!(ids.len() > 25, "{ids:?}");
    for id in ids {
        assert!(page.contains(&format!("`{id}`")), "docs/status.md does not explain {id}");
    }
}
