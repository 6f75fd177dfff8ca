//! Each check on facts made for it.

use std::path::PathBuf;

use openclaw_config::{Env, Paths};
use openclaw_protocol::ids::DeviceId;
use openclaw_protocol::refusal::Vantage;
use openclaw_protocol::role::Role;
use openclaw_protocol::scope::ScopeSet;
use openclaw_protocol::time::Millis;
use openclaw_service::audit::{Code, Issue, Level};
use openclaw_service::legacy::{Extra, Scope};
use openclaw_service::report::Linger;
use openclaw_service::{Manager, Report, Runtime, Status};
use serde_json::json;

use super::{all, run};
use crate::facts::{CachedToken, Devices, Facts, FileFact, Gateway, Local, OwnDevice, Paired, Source};
use crate::finding::{Finding, Fix, Severity};
use crate::repair::Repair;

const NOW: Millis = Millis(1_795_000_000_000);

/// A world of facts that a test changes.
struct World {
    text: Option<String>,
    env: Env,
    local: Local,
    gateway: Gateway,
    devices: Devices,
    service: Option<Report>,
}

impl World {
    fn with(text: &str) -> World {
        let (local, devices) = (Local::default(), Devices::default());
        World {
            text: Some(text.to_owned()),
            env: Env::default(),
            local,
            gateway: Gateway::Stopped,
            devices,
            service: None,
        }
    }

    fn findings(&self, only: &str) -> Vec<Finding> {
        let dir = tempfile::tempdir().unwrap();
        let paths = Paths::in_state_dir(dir.path());
        // `/s` stands for the state directory.
        let mut local = self.local.clone();
        for file in &mut local.files {
            if let Ok(below) = file.path.strip_prefix("/s") {
                file.path = dir.path().join(below);
            }
        }
        if let Some(text) = &self.text {
            std::fs::write(&paths.config_path, text).unwrap();
        }
        let config = openclaw_config::load(&paths, &self.env);
        let facts = Facts {
            paths: &paths,
            env: &self.env,
            config: config.as_ref(),
            vantage: &Vantage::default(),
            now: NOW,
            version: "2026.11.0",
            container: None,
            local,
            gateway: self.gateway.clone(),
            door: None,
            port: (18789, None),
            service: self.service.as_ref(),
            devices: self.devices.clone(),
        };
        run(&facts, |check| check.id == only)
    }
}

fn device(fill: &str) -> DeviceId {
    DeviceId::parse(&fill.repeat(64)).unwrap()
}

fn paired(id: &DeviceId, scopes: &[&str]) -> Paired {
    Paired {
        id: id.clone(),
        roles: vec!["operator".to_owned()],
        revoked: Vec::new(),
        scopes: ScopeSet::parse_known(scopes.iter().copied()).0,
        rotated_at: Some(Millis(10)),
    }
}

#[test]
fn ids_are_distinct_and_every_check_says_something() {
    let mut ids: Vec<&str> = all().iter().map(|check| check.id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), all().len());
    let world = World::with("{gateway: {mode: 'local'}}");
    for check in all() {
        let findings = world.findings(check.id);
        assert!(!findings.is_empty(), "{}", check.id);
        assert!(findings.iter().all(|finding| finding.check == check.id && !finding.fact.is_empty()));
    }
}

#[test]
fn every_problem_of_the_file_is_told_with_its_line() {
    let findings = World::with("{\n gateway: {port: 'x',\n bind: 5}}").findings("gateway-config");
    assert_eq!(findings.len(), 2, "{findings:?}");
    assert!(findings.iter().all(|finding| finding.severity == Severity::Blocking && finding.line.is_some()));
    // What another check tells is not told twice.
    let wide = World::with("{gateway: {mode: 'local', trustedProxies: ['0.0.0.0/0']}, odd: 1}");
    assert_eq!(wide.findings("gateway-config")[0].severity, Severity::Ok);
    assert_eq!(wide.findings("trusted-proxies")[0].severity, Severity::Warning);
    let broken = World::with("{gateway:").findings("gateway-config");
    assert_eq!(broken[0].severity, Severity::Blocking);
    let missing = World { text: None, ..World::with("") }.findings("gateway-config");
    assert_eq!(missing[0].severity, Severity::Warning);
}

#[test]
fn unknown_keys_are_never_repaired() {
    for text in ["{bogus: 1, gateway: {odd: 2, auth: {wrong: 3}}}", "{gateway: {prot: 1}}"] {
        for finding in World::with(text).findings("unknown-config-keys") {
            assert_eq!((finding.severity, finding.repair), (Severity::Warning, None));
        }
    }
}

#[test]
fn old_keys_are_moved_unless_a_value_would_be_lost() {
    for (text, repaired) in [
        ("{gateway: {token: 'a'}}", true),
        ("{gateway: {token: 'a', auth: {token: 'a'}}}", true),
        ("{gateway: {token: 'a', auth: {token: 'b'}}}", false),
        ("{gateway: {auth: {type: 'token'}}}", true),
        ("{gateway: {auth: {type: 'password', mode: 'token'}}}", false),
        ("{gateway: {auth: {type: 'basic'}}}", false),
        ("{gateway: {bind: '0.0.0.0'}}", true),
    ] {
        let findings = World::with(text).findings("legacy-config-keys");
        assert_eq!(findings.len(), 1, "{text}");
        assert_eq!(findings[0].repair.is_some(), repaired, "{text}: {findings:?}");
        assert!(findings[0].fix.is_some());
    }
}

#[test]
fn a_start_that_would_be_refused_names_the_command() {
    for (text, severity, fix) in [
        ("{gateway: {}}", Severity::Blocking, "openclaw config set gateway.mode local"),
        (
            "{gateway: {mode: 'local', bind: 'lan', auth: {mode: 'none'}}}",
            Severity::Blocking,
            "openclaw doctor --generate-gateway-token",
        ),
        (
            "{gateway: {mode: 'local', auth: {mode: 'password'}}}",
            Severity::Blocking,
            "openclaw config set gateway.auth.mode token",
        ),
        ("{gateway: {mode: 'remote'}}", Severity::Blocking, "openclaw config set gateway.remote.url <url>"),
    ] {
        let findings = World::with(text).findings("gateway-start");
        assert_eq!((findings[0].severity, &findings[0].fix), (severity, &Some(Fix::Command(fix.to_owned()))));
    }
    let bind = World::with("{gateway: {mode: 'local', bind: 'lan', auth: {mode: 'none'}}}");
    assert_eq!(bind.findings("gateway-start")[0].repair, Some(Repair::GenerateToken));
    assert_eq!(World::with("{gateway: {mode: 'local'}}").findings("gateway-start")[0].severity, Severity::Ok);
}

#[test]
fn secrets_stand_in_their_order_and_the_stale_one_is_named() {
    let long = "0123456789abcdef0123456789abcdef";
    let mut world = World::with(&format!("{{gateway: {{auth: {{token: '{long}'}}}}}}"));
    world.env = Env::from_pairs([("OPENCLAW_GATEWAY_TOKEN", "another-token-of-enough-letters")]);
    let findings = world.findings("gateway-auth");
    assert_eq!(findings.len(), 2, "{findings:?}");
    assert!(findings[0].fact.starts_with("gateway.auth.token in ") && findings[0].severity == Severity::Ok);
    assert_eq!(findings[1].fix, Some(Fix::Command("unset OPENCLAW_GATEWAY_TOKEN".to_owned())));
    assert!(!format!("{findings:?}").contains(long) && !format!("{findings:?}").contains("another"));
    let missing = World::with("{gateway: {mode: 'local'}}").findings("gateway-auth");
    assert_eq!(missing[0].repair, Some(Repair::GenerateToken));
    let placeholder = World::with("{gateway: {auth: {token: 'YOUR_TOKEN'}}}").findings("gateway-auth");
    let wanted = Fix::Command("openclaw doctor --generate-gateway-token".to_owned());
    assert!(placeholder.iter().any(|finding| finding.fix.as_ref() == Some(&wanted)), "{placeholder:?}");
}

#[test]
fn the_machines_own_device_is_completed_and_no_other() {
    let (own, other) = (device("a"), device("b"));
    let mut world = World::with("{}");
    world.local.own_device = OwnDevice { id: Some(own.clone()), ..OwnDevice::default() };
    world.devices = Devices {
        source: Source::Files,
        paired: vec![paired(&own, &["operator.read"]), paired(&other, &["operator.read"])],
        waiting: Vec::new(),
    };
    let findings = world.findings("local-cli-scopes");
    assert_eq!(findings.len(), 1);
    assert!(findings[0].fact.contains("(this machine's CLI) has read only"), "{}", findings[0].fact);
    assert_eq!(findings[0].repair, Some(Repair::LocalDevice { device: own.clone() }));
    world.devices.paired[0].scopes = ScopeSet::full_operator();
    assert_eq!(world.findings("local-cli-scopes")[0].severity, Severity::Ok);
    world.devices.paired[0].revoked = vec!["operator".to_owned()];
    let revoked = world.findings("local-cli-scopes");
    assert_eq!((revoked[0].severity, &revoked[0].repair), (Severity::Warning, &None));
}

#[test]
fn stale_tokens_are_those_that_cannot_be_valid() {
    let own = device("a");
    let token = CachedToken { role: Role::Operator, updated_at: Millis(20), file: PathBuf::from("/x") };
    let mut world = World::with("{}");
    world.local.own_device = OwnDevice { id: Some(own.clone()), tokens: vec![token], ..OwnDevice::default() };
    world.devices = Devices { source: Source::Gateway, ..Devices::default() };
    let stale = |world: &World| world.findings("device-tokens")[0].repair.is_some();
    assert!(stale(&world), "not paired");
    world.devices.paired = vec![paired(&own, &["operator.read"])];
    assert!(!stale(&world));
    world.devices.paired[0].rotated_at = Some(Millis(30));
    assert!(stale(&world), "rotated since");
    let known = std::mem::take(&mut world.devices);
    assert!(!stale(&world), "nothing is known");
    // A gateway of another machine gave the token; what one of this machine once knew says nothing about it.
    world.text = Some("{gateway: {mode: 'remote', remote: {url: 'wss://gw.example'}}}".to_owned());
    world.devices = Devices { paired: Vec::new(), ..known };
    assert!(!stale(&world), "another gateway's");
}

#[test]
fn only_a_gateway_that_does_not_run_is_said_not_to() {
    let mut world = World::with("{}");
    for (gateway, severity) in
        [(Gateway::Stopped, Severity::Ok), (Gateway::Silent("it hangs".to_owned()), Severity::Skipped)]
    {
        world.gateway = gateway;
        assert_eq!(world.findings("versions")[0].severity, severity);
    }
}

#[test]
fn modes_are_repaired_and_owners_are_not() {
    let fact = |mode: u32, trusted: bool| FileFact {
        path: PathBuf::from("/s/openclaw.json"),
        is_dir: false,
        is_link: false,
        mode,
        allowed: 0o600,
        uid: 7,
        trusted,
        modified: Millis(0),
    };
    let mut world = World::with("{}");
    for (file, severity, repaired) in [
        (fact(0o600, true), Severity::Ok, false),
        (fact(0o400, true), Severity::Ok, false),
        (fact(0o644, true), Severity::Warning, true),
        (fact(0o666, false), Severity::Blocking, false),
        (FileFact { is_link: true, ..fact(0o777, true) }, Severity::Ok, false),
        (
            FileFact { path: PathBuf::from("/etc/openclaw.json"), ..fact(0o640, true) },
            Severity::Warning,
            false,
        ),
    ] {
        world.local.files = vec![file.clone()];
        let findings = world.findings("state-integrity");
        assert_eq!((findings[0].severity, findings[0].repair.is_some()), (severity, repaired), "{file:?}");
    }
}

#[test]
fn nothing_weakens_what_protects() {
    // Exposure, proxies, origins and requests offer commands at most (D-04).
    let text = "{gateway: {bind: 'lan', trustedProxies: ['0.0.0.0/0'], controlUi: {allowedOrigins: ['*'],
        allowInsecureAuth: true, dangerouslyDisableDeviceAuth: true}, tls: {enabled: true, certPath: '/none'}}}";
    let world = World::with(text);
    for id in ["security", "trusted-proxies", "allowed-origins", "device-pairing"] {
        for finding in world.findings(id) {
            assert_eq!(finding.repair, None, "{finding:?}");
        }
    }
    assert!(world.findings("trusted-proxies")[0].severity == Severity::Warning);
    assert!(world.findings("security").iter().any(|finding| finding.severity == Severity::Blocking));
}

#[test]
fn tls_that_is_not_served_is_not_believed_in() {
    let world = World::with("{gateway: {bind: 'lan', auth: {token: 'x'}, tls: {enabled: true}}}");
    let found = world.findings("security");
    assert!(found.iter().any(|finding| finding.fact.contains("without TLS")), "{found:?}");
    let believed = found.iter().find(|finding| finding.severity == Severity::Blocking).unwrap();
    assert!(believed.fact.contains("serves no TLS"), "{believed:?}");
    let way_out = "openclaw config set gateway.tls.enabled false";
    assert_eq!(believed.fix, Some(crate::Fix::Command(way_out.to_owned())));
}

#[test]
fn what_the_gateway_says_is_held_against_what_is_here() {
    let mut world = World::with("{}");
    world.gateway = Gateway::Answers(json!({
        "gateway": {"version": "2026.10.0", "stateDir": "/elsewhere", "pid": 5, "failing": []},
        "configuration": {"inForce": false},
        "devices": {"setAside": [{"record": "x", "why": "y"}], "trouble": {"view": null, "writer": "disk full"}},
    }));
    let health = world.findings("gateway-health");
    assert!(health[0].severity == Severity::Blocking && health[0].fact.contains("/elsewhere"));
    assert!(health[1].fact.contains("not the one in force"));
    assert_eq!(world.findings("versions")[0].severity, Severity::Warning);
    let store = world.findings("device-store");
    assert!(
        store
            .iter()
            .any(|finding| finding.severity == Severity::Blocking && finding.fact.contains("disk full"))
    );
    world.gateway = Gateway::Silent("permission denied".to_owned());
    assert_eq!(world.findings("gateway-health")[0].severity, Severity::Blocking);
}

#[test]
fn old_variables_and_detours_are_named() {
    let mut world = World::with("{}");
    world.env = Env::from_pairs([
        ("CLAWDBOT_GATEWAY_TOKEN", "x"),
        ("CLAWDBOT_odd;name", "y"),
        ("OPENCLAW_GATEWAY_URL", "ws://x"),
    ]);
    let fixes: Vec<_> = world.findings("environment").into_iter().filter_map(|finding| finding.fix).collect();
    assert_eq!(
        fixes,
        [
            Fix::Command("unset CLAWDBOT_GATEWAY_TOKEN".to_owned()),
            Fix::Command("unset OPENCLAW_GATEWAY_URL".to_owned())
        ]
    );
}

#[test]
fn a_clock_that_went_back_is_seen() {
    let mut world = World::with("{}");
    assert_eq!(world.findings("clock")[0].severity, Severity::Ok);
    world.local.files = vec![FileFact {
        path: PathBuf::from("/s"),
        is_dir: true,
        is_link: false,
        mode: 0o700,
        allowed: 0o700,
        uid: 0,
        trusted: true,
        modified: NOW.plus(3_600_000),
    }];
    assert_eq!(world.findings("clock")[0].severity, Severity::Warning);
}

fn report() -> Report {
    Report {
        manager: Manager::Systemd,
        unusable: None,
        name: "openclaw-gateway.service".to_owned(),
        definition_path: None,
        definition: None,
        installed: true,
        enabled: true,
        runtime: Runtime { status: Status::Running, ..Runtime::default() },
        issues: Vec::new(),
        extra: Vec::new(),
        linger: Linger::Enabled,
        running: None,
        listeners: Vec::new(),
    }
}

#[test]
fn a_unit_is_rewritten_started_and_retired() {
    let mut world = World::with("{}");
    world.service = Some(report());
    assert_eq!(world.findings("gateway-services")[0].severity, Severity::Ok);

    let embedded = Issue {
        code: Code::TokenEmbedded,
        message: "The unit carries the token.".to_owned(),
        level: Level::Recommended,
        detail: None,
    };
    let legacy = Extra {
        platform: "linux",
        label: "clawdbot-gateway.service".to_owned(),
        path: PathBuf::from("/h/.config/systemd/user/clawdbot-gateway.service"),
        scope: Scope::User,
        marker: "clawdbot",
        legacy: true,
    };
    let foreign = Extra { label: "my-gateway.service".to_owned(), legacy: false, ..legacy.clone() };
    world.service = Some(Report {
        issues: vec![embedded],
        extra: vec![legacy.clone(), foreign],
        runtime: Runtime { status: Status::Stopped, ..Runtime::default() },
        linger: Linger::Disabled,
        ..report()
    });
    let findings = world.findings("gateway-services");
    let repairs: Vec<_> = findings.iter().filter_map(|finding| finding.repair.clone()).collect();
    assert!(repairs.contains(&Repair::RetireLegacy { extra: legacy }), "{findings:?}");
    assert!(
        repairs.contains(&Repair::StartService)
            && repairs.iter().any(|repair| matches!(repair, Repair::RewriteUnit { .. }))
    );
    assert_eq!(repairs.len(), 3, "nobody else's service is touched: {findings:?}");
    assert!(
        findings.iter().any(|finding| finding.fix == Some(Fix::Command("loginctl enable-linger".to_owned())))
    );
}

/// A supervisor that knows the unit and says that it runs.
struct Running;

impl openclaw_service::Runner for Running {
    fn run(&self, _: &str, _: &[&str]) -> std::io::Result<openclaw_service::Ran> {
        let out = "LoadState=loaded\nUnitFileState=enabled\nActiveState=active\n".to_owned();
        Ok(openclaw_service::Ran { code: Some(0), out, err: String::new() })
    }
}

#[test]
fn a_unit_of_somebody_elses_making_is_not_written_anew_without_a_yes() {
    let home = tempfile::tempdir().unwrap();
    let env = Env::from_pairs([("HOME", home.path().to_str().unwrap())]);
    let place = openclaw_service::Place::here(&env, &Paths::in_state_dir(home.path()), 18789, None);
    let path = place.definition_path().unwrap();
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let this = place.program.display().to_string();
    for (program, line, asks) in [
        (this.as_str(), "Environment=ANTHROPIC_API_KEY=k", true),
        (this.as_str(), "Environment=OPENCLAW_GATEWAY_PASSWORD=p", true),
        (this.as_str(), "Environment=OPENCLAW_SERVICE_VERSION=2026.1.1 HOME=/h", false),
        ("/usr/bin/node /opt/openclaw/dist/index.js", "Environment=HOME=/h", true),
    ] {
        std::fs::write(&path, format!("[Service]\nExecStart={program} gateway\n{line}\n")).unwrap();
        let mut world = World::with("{}");
        world.service = Some(openclaw_service::inspect(&place, &Running, openclaw_service::Depth::Usual));
        let findings = world.findings("gateway-services");
        let all = findings.iter().filter_map(|finding| match finding.repair {
            Some(Repair::RewriteUnit { asks, .. }) => Some(asks),
            _ => None,
        });
        let all: Vec<bool> = all.collect();
        assert!(!all.is_empty() && all.iter().all(|each| *each == asks), "{line}: {findings:?}");
    }
}

#[test]
fn where_no_supervisor_is_there_is_nothing_to_mend() {
    let mut world = World::with("{}");
    world.service = Some(Report { unusable: Some("no systemd".to_owned()), installed: false, ..report() });
    let findings = world.findings("gateway-services");
    assert!(
        findings.iter().all(|finding| finding.severity == Severity::Ok && finding.repair.is_none()),
        "{findings:?}"
    );
}

#[test]
fn a_remote_client_needs_no_gateway_and_no_token_here() {
    let world = World::with("{gateway: {mode: 'remote', remote: {url: 'wss://gw.example'}}}");
    for id in ["gateway-health", "gateway-auth", "gateway-start"] {
        let findings = world.findings(id);
        assert!(findings.iter().all(|finding| finding.severity == Severity::Ok), "{findings:?}");
    }
}

#[test]
fn the_page_lists_every_check_in_its_order() {
    let page = include_str!("../../../../docs/doctor.md");
    let listed: Vec<&str> = page
        .lines()
        .skip_while(|line| !line.starts_with("## What is looked at"))
        .take_while(|line| !line.starts_with("## What `--fix`"))
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
        .collect();
    let ids: Vec<&str> = all().iter().map(|check| check.id).collect();
    assert_eq!(listed, ids);
}
