//! Surveys made by hand, to test what is printed about them.

use std::time::Duration;

use openclaw_client::{Applicant, Cause, ConnectError, Phase, Refused, Sent, UrlSource};
use openclaw_config::gateway::{AuthMode, Bind, Mode};
use openclaw_config::start::Source;
use openclaw_os::lock::{LockHeldBy, Purpose};
use openclaw_os::port_owner::{Holder, Product};
use openclaw_protocol::close::Close;
use openclaw_protocol::error::{ErrorCode, ErrorShape};
use openclaw_protocol::scope::ScopeSet;
use openclaw_service::{Manager, Report, Runtime, Status};
use serde_json::{Value, json};

use super::owner::Answers;
use super::probe::{Hit, Miss, Probe};
use super::secrets::{Reader, SecretLine, Verdict};
use super::{ConfigFacts, DeviceCounts, OwnerView, PortFacts, Setup, Survey};
use crate::args::reach::ReachArgs;
use crate::context::Context;
use crate::reach::{Inputs, explain};
use crate::version::VERSION;

/// The process that runs in these tests.
const PID: u32 = 4242;

/// `status` as a healthy gateway answers it to its owner.
fn status() -> Value {
    json!({
        "sessions": {"count": 0, "recent": []},
        "gateway": {
            "version": VERSION, "ready": true, "failing": [], "refusedLast10Min": 0, "host": "vm", "ip": "192.0.2.2",
            "platform": "linux 6.18", "port": 18789, "pid": PID, "authMode": "token", "bind": "loopback",
            "log": {"file": "/tmp/openclaw/openclaw-2026-11-20.log", "trouble": null, "lost": 0},
        },
        "devices": {"handEdited": [], "setAside": [], "trouble": {"view": null, "backup": null, "writer": null}},
        "configuration": {"inForce": true},
    })
}

/// A service that systemd runs.
fn service() -> Report {
    Report {
        manager: Manager::Systemd,
        unusable: None,
        name: "openclaw-gateway.service".to_owned(),
        definition_path: Some("/h/.config/systemd/user/openclaw-gateway.service".into()),
        definition: None,
        installed: true,
        enabled: true,
        runtime: Runtime {
            status: Status::Running,
            state: Some("active".to_owned()),
            sub_state: Some("running".to_owned()),
            pid: Some(PID),
            last_exit_status: Some(0),
            last_exit_reason: Some("exited".to_owned()),
            ..Runtime::default()
        },
        issues: Vec::new(),
        extra: Vec::new(),
        linger: Default::default(),
        running: None,
        listeners: Vec::new(),
    }
}

fn holder(pid: u32, command: &str, product: Product) -> Holder {
    Holder {
        address: "127.0.0.1:18789".parse().unwrap(),
        uid: 1000,
        user: Some("u".to_owned()),
        pid: Some(pid),
        name: command.split(' ').next().map(str::to_owned),
        command: command.to_owned(),
        unit: None,
        product,
        version: None,
        state_dir: None,
    }
}

/// A gateway that runs, lets clients in, and has nobody waiting.
pub(crate) fn healthy() -> Survey {
    let counts = DeviceCounts {
        origin: super::devices::Origin::Gateway,
        pending: 0,
        operators: 2,
        operators_connected: 1,
        nodes: 1,
        nodes_connected: 0,
    };
    Survey {
        at_ms: 1_795_159_800_000,
        took_ms: 7,
        is_own: true,
        config: ConfigFacts {
            path: "/h/.openclaw/openclaw.json".into(),
            exists: true,
            valid: true,
            issues: Vec::new(),
        },
        setup: Setup {
            port: 18_789,
            port_source: Source::Default,
            mode: Some(Mode::Local),
            bind: Bind::Loopback,
            custom_host: None,
            auth: AuthMode::Token,
            dashboard: true,
            base_path: String::new(),
            tls: false,
            refusal: None,
            in_container: false,
        },
        secrets: vec![SecretLine {
            kind: "token",
            place: "config gateway.auth.token".to_owned(),
            reader: Reader::Gateway,
            fingerprint: Some("a8a604e9".to_owned()),
            verdict: Verdict::InForce,
            help: None,
        }],
        service: Some(service()),
        port: PortFacts {
            port: 18_789,
            own: Some(PID),
            holders: Some(vec![holder(PID, "openclaw gateway run", Product::Gateway)]),
        },
        lock: None,
        owner: OwnerView::Answers(Box::new(Answers {
            latency_ms: 1,
            status: status(),
            devices: json!({"paired": [], "pending": []}),
            health: json!({"ok": true, "channels": {}}),
            own_device: None,
        })),
        probe: Some(Probe {
            url: "ws://127.0.0.1:18789".to_owned(),
            source: "local loopback".to_owned(),
            outcome: Ok(Hit {
                latency_ms: 2,
                version: VERSION.to_owned(),
                conn_id: "c0".to_owned(),
                auth_method: Some("token".to_owned()),
                scopes: Some(vec!["operator.admin".to_owned()]),
                read: Ok(()),
            }),
        }),
        devices: counts,
        troubles: Vec::new(),
    }
}

/// The same, with the service stopped.
pub(crate) fn stopped(context: &Context) -> Survey {
    let mut survey = healthy();
    survey.owner = OwnerView::Absent;
    survey.devices.origin = super::devices::Origin::Files;
    survey.port = PortFacts { port: 18_789, own: None, holders: Some(Vec::new()) };
    if let Some(service) = &mut survey.service {
        service.runtime = Runtime {
            status: Status::Stopped,
            state: Some("inactive".to_owned()),
            sub_state: Some("dead".to_owned()),
            ..Runtime::default()
        };
    }
    missed(&mut survey, context, Cause::NothingListening { addresses: Vec::new() });
    survey
}

/// Running, and this shell sends a token that is not the gateway's.
pub(crate) fn refused(context: &Context) -> Survey {
    let mut survey = healthy();
    let message =
        "unauthorized: gateway token mismatch (set gateway.remote.token to match gateway.auth.token)";
    let details = json!({"code": "AUTH_TOKEN_MISMATCH"});
    let error = ErrorShape::new(ErrorCode::InvalidRequest, message).with_details(details);
    let refused = Refused { error, close: Some(Close::new(1008, message)) };
    missed(&mut survey, context, Cause::Refused(Box::new(refused)));
    survey
}

/// Its process is there and says nothing.
pub(crate) fn hanging(context: &Context) -> Survey {
    let mut survey = healthy();
    survey.owner = OwnerView::Failed {
        why: "The gateway's process is there, but does not answer its owner: it hangs, or is very busy."
            .to_owned(),
        cause: Some("C-20".to_owned()),
    };
    survey.lock = Some(LockHeldBy {
        pid: Some(PID),
        purpose: Some(Purpose::Gateway),
        version: None,
        config_path: None,
        created_at: None,
        start_time: None,
        lock_path: "/h/.openclaw/gateway.lock".into(),
    });
    missed(&mut survey, context, Cause::TimedOut { phase: Phase::Upgrade });
    survey
}

/// Stopped, with another program on the port.
pub(crate) fn taken(context: &Context) -> Survey {
    let mut survey = stopped(context);
    survey.port.holders = Some(vec![holder(77, "nginx -g daemon", Product::Other)]);
    survey
}

fn missed(survey: &mut Survey, context: &Context, cause: Cause) {
    let args = ReachArgs::default();
    let mut inputs = Inputs::gather(context, &args).unwrap();
    inputs.config.bind = Some(Bind::Loopback);
    let error = ConnectError {
        target: "ws://127.0.0.1:18789".to_owned(),
        source: UrlSource::LocalLoopback,
        patience: Duration::from_secs(10),
        sent: Sent::Nothing,
        applicant: Applicant {
            client: "cli".to_owned(),
            platform: "linux".to_owned(),
            role: "operator".to_owned(),
            scopes: ScopeSet::full_operator(),
            device: None,
        },
        cause,
    };
    let close = error.close().map(|close| (close.code, close.reason));
    let probe = survey.probe.as_mut().unwrap();
    probe.outcome = Err(Miss { failure: explain(&error, context, &inputs), close });
}
