//! `status`: what the gateway is doing, in one answer (cli spec §7.2). Sections that both generations' clients read
//! have their keys; what this gateway does not have is empty or zero in them, because that is the truth.

use std::sync::Arc;

use openclaw_config::Severity;
use openclaw_config::start::{self, Overrides, Source, Sourced};
use openclaw_protocol::dialect::Dialect;
use openclaw_protocol::role::Role;
use openclaw_protocol::schema::{Field, Shape};
use openclaw_protocol::scope::Scope;
use openclaw_protocol::time::Millis;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Methods, pairing_caller};
use crate::core::Core;
use crate::router::{Authority, Method, Need, Reply};
use crate::version;

/// How far back refused connections are counted: ten minutes, as people look for it (G4-7), and an hour.
const TEN_MINUTES_MS: u64 = 600_000;
const HOUR_MS: u64 = 3_600_000;

static SHAPE: [Field; 1] = [Field::since_v4("includeChannelSummary", Shape::Boolean)];

pub(super) fn methods() -> Methods {
    vec![Method::new("status", Need::Scope(Scope::READ), &SHAPE, "What the gateway is doing", status)]
}

#[derive(Deserialize)]
struct Params {}

async fn status(core: Arc<Core>, caller: Authority, _: Params) -> Reply {
    let full = caller.may(&Scope::ADMIN);
    let mut answer = clients_sections(&core, caller.dialect, full);
    answer.insert("gateway".to_owned(), gateway_section(&core, full));
    // Names and numbers of devices are for those who may manage all of them (ruling 32).
    let judged = pairing_caller(&caller);
    let manages_all = judged.is_admin() || (caller.may(&Scope::PAIRING) && judged.own_device.is_none());
    if manages_all {
        answer.insert("devices".to_owned(), devices_section(&core, judged.is_admin()));
    }
    if full {
        let at = core.clone();
        let looked = tokio::task::spawn_blocking(move || config_section(&at)).await;
        answer.insert("configuration".to_owned(), looked.unwrap_or(Value::Null));
    }
    Ok(Value::Object(answer))
}

/// The sections that the original's command lines print.
fn clients_sections(core: &Core, dialect: Dialect, full: bool) -> Map<String, Value> {
    let path = core.paths.state_dir.join("agents/main/sessions/sessions.json").display().to_string();
    let (paths, path) = if full { (json!([path]), path) } else { (json!([]), "[redacted]".to_owned()) };
    let mut heartbeat = json!({"agentId": "main", "enabled": false, "every": "disabled", "everyMs": null});
    if dialect == Dialect::V4 {
        heartbeat["waitingForRoute"] = json!(false);
    }
    let sections = json!({
        "runtimeVersion": version::VERSION,
        "heartbeat": {"defaultAgentId": "main", "agents": [heartbeat]},
        "channelSummary": [],
        "queuedSystemEvents": [],
        "sessions": {
            "paths": paths,
            "count": 0,
            "defaults": {"model": null, "contextTokens": null},
            "recent": [],
            "byAgent": [{"agentId": "main", "path": path, "count": 0, "recent": []}],
        },
    });
    let mut sections = match sections {
        Value::Object(sections) => sections,
        _ => Map::new(),
    };
    if dialect == Dialect::V4 {
        let counts =
            |names: &[&str]| names.iter().map(|name| ((*name).to_owned(), json!(0))).collect::<Map<_, _>>();
        let states = ["queued", "running", "succeeded", "failed", "timed_out", "cancelled", "lost"];
        let faults = [
            "stale_queued",
            "stale_running",
            "lost",
            "delivery_failed",
            "missing_cleanup",
            "inconsistent_timestamps",
        ];
        let more = [
            ("hostDesktop", json!({"enabled": false, "state": "disabled"})),
            ("degradedSecretOwners", json!([])),
            ("degradedPlugins", json!([])),
            (
                "tasks",
                json!({
                    "total": 0, "active": 0, "terminal": 0, "failures": 0,
                    "byStatus": counts(&states),
                    "byRuntime": counts(&["subagent", "acp", "cli", "cron"]),
                }),
            ),
            ("taskAudit", json!({"total": 0, "warnings": 0, "errors": 0, "byCode": counts(&faults)})),
            ("modelRuntime", json!({"degraded": false, "pendingAgents": []})),
            ("processMemory", json!({"rssBytes": resident_bytes()})),
            ("pid", json!(std::process::id())),
        ];
        sections.extend(more.map(|(name, value)| (name.to_owned(), value)));
    }
    sections
}

/// Resident memory of this process.
pub(super) fn resident_bytes() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
}

fn gateway_section(core: &Core, full: bool) -> Value {
    let failing = core.failing();
    let refused = |ms: u64| core.journal.refused_since(Millis(core.now().0.saturating_sub(ms)));
    let mut gateway = json!({
        "version": version::VERSION,
        "ready": core.is_ready(),
        "failing": failing,
        "uptimeMs": core.uptime_ms(),
        "connections": core.hub.len(),
        "refusedLast10Min": refused(TEN_MINUTES_MS),
        "refusedLastHour": refused(HOUR_MS),
        "inContainer": core.in_container,
    });
    if full {
        gateway["host"] = json!(core.facts.hostname);
        gateway["ip"] = json!(core.facts.ip);
        gateway["platform"] = json!(core.facts.platform);
        gateway["port"] = json!(core.facts.port);
        gateway["pid"] = json!(std::process::id());
        gateway["authMode"] = json!(core.policy().admission.auth.name());
        gateway["stateDir"] = json!(core.paths.state_dir);
        gateway["configPath"] = json!(core.paths.config_path);
        gateway["claimable"] = json!(core.is_claimable());
        gateway["bind"] = json!(core.policy().plan.bind.as_str());
        gateway["secretSources"] = secret_sources(core);
        gateway["log"] = log_section(core);
    }
    gateway
}

/// Every place from which this process could take a shared secret, in order of precedence (F-12). Only the process
/// itself knows its own environment and command line.
fn secret_sources(core: &Core) -> Value {
    let policy = core.policy();
    let flag = |sourced: &Option<Sourced>| {
        sourced.as_ref().filter(|found| found.source == Source::Flag).map(|found| found.secret.clone())
    };
    let overrides = Overrides {
        token: flag(&policy.plan.token),
        password: flag(&policy.plan.password),
        ..Overrides::default()
    };
    let found = start::secret_sources(&policy.loaded, &overrides).into_iter().map(|found| {
        json!({
            "kind": found.kind,
            "source": found.source.to_string(),
            "fingerprint": found.fingerprint,
            "inForce": found.in_force,
            "stale": found.stale,
        })
    });
    found.collect()
}

/// How the log is doing (F-19): where it goes, and why lines do not reach the file.
fn log_section(core: &Core) -> Value {
    let Some(logging) = &core.logging else { return Value::Null };
    let health = logging.health();
    json!({"file": health.file, "trouble": health.trouble, "lost": health.lost})
}

fn devices_section(core: &Core, full: bool) -> Value {
    let now = core.now();
    let devices = core.store.snapshot();
    let widened: Vec<Value> = devices
        .widened()
        .map(|device| {
            let widening = device.widening.as_deref();
            json!({
                "deviceId": device.id,
                "name": device.shown_name(),
                "scopes": widening.map(|widening| &widening.added),
                "atMs": widening.map(|widening| widening.at),
                "undo": format!("openclaw devices undo {}", device.id),
            })
        })
        .collect();
    let connected = core.hub.connected_devices();
    // Operators and nodes are told apart: what is wrong with one says nothing about the other (G5-8).
    let of_role = |role: Role| {
        let of_role = devices.devices().filter(|device| device.roles().names().contains(&role.as_str()));
        let (paired, present) = of_role.fold((0u64, 0u64), |(paired, present), device| {
            (paired + 1, present + u64::from(connected.contains(&device.id)))
        });
        json!({"paired": paired, "connected": present})
    };
    let mut section = json!({
        "paired": devices.device_count(),
        "operators": of_role(Role::Operator),
        "nodes": of_role(Role::Node),
        "pending": devices.requests().filter(|request| request.is_live(now)).count(),
        "connected": connected.len(),
        "handEdited": widened,
    });
    if full {
        let trouble = core.store.trouble();
        let set_aside = core
            .store
            .set_aside()
            .into_iter()
            .map(|item| json!({"record": item.record, "why": item.why, "keptIn": item.kept_in}));
        section["setAside"] = set_aside.collect();
        section["trouble"] =
            json!({"view": trouble.view, "backup": trouble.backup, "writer": trouble.writer});
    }
    section
}

/// The findings about the file as it is now, and whether it is the one in force.
fn config_section(core: &Core) -> Value {
    let in_force = core.policy().loaded.hash.clone();
    match openclaw_config::load(&core.paths, &core.env) {
        Ok(loaded) => json!({
            "path": loaded.path,
            "exists": loaded.exists,
            "valid": loaded.is_valid(),
            "inForce": loaded.hash == in_force,
            "issues": loaded.issues,
            "partsOff": loaded.issues_of(Severity::PartOff).map(|issue| &issue.path).collect::<Vec<_>>(),
        }),
        Err(error) => json!({
            "path": core.paths.config_path,
            "exists": true,
            "valid": false,
            "inForce": false,
            "issues": error.issues(),
            "partsOff": [],
        }),
    }
}
