//! `openclaw status` for programs: the keys of both generations (cli §7.2), and ours beside them.

use openclaw_config::gateway::Mode;
use openclaw_service::Status;
use serde_json::{Map, Value, json};

use super::Page;
use crate::look::attention::Item;
use crate::version::VERSION;

/// Sections that the running gateway answers with itself.
const FROM_GATEWAY: [&str; 11] = [
    "runtimeVersion",
    "heartbeat",
    "channelSummary",
    "queuedSystemEvents",
    "sessions",
    "hostDesktop",
    "degradedSecretOwners",
    "degradedPlugins",
    "tasks",
    "taskAudit",
    "modelRuntime",
];

impl Page<'_> {
    /// The document.
    pub(super) fn document(&self) -> Value {
        let survey = self.survey;
        let mut out = empty();
        if let Some(Value::Object(told)) = survey.owner.answers().map(|answers| &answers.status) {
            let told = told.iter().filter(|(name, _)| FROM_GATEWAY.contains(&name.as_str()));
            out.extend(told.map(|(name, value)| (name.clone(), value.clone())));
        }
        let mut put = |name: &str, value: Value| {
            out.insert(name.to_owned(), value);
        };
        let platform = openclaw_os::host::platform();
        let release = platform.split(' ').nth(1).unwrap_or_default();
        put(
            "os",
            json!({
                "platform": std::env::consts::OS, "arch": std::env::consts::ARCH,
                "release": release, "label": self.os(),
            }),
        );
        put("gateway", self.gateway_section());
        put("gatewayService", self.service_section());
        put("securityAudit", self.audit.json());
        put(
            "secretDiagnostics",
            survey.secrets.iter().filter(|line| line.is_trouble()).map(|line| json!(line.line())).collect(),
        );
        put("secretSources", survey.secrets.iter().map(|line| line.json()).collect());
        put("devices", survey.devices.json());
        put("pairing", json!({ "pending": survey.devices.pending }));
        put("refusedLast10Min", json!(survey.owner.refused_recently()));
        put("config", survey.config.json());
        put("port", survey.port.json(&self.context.paths.command()));
        put("versions", json!({ "cli": VERSION, "gateway": survey.gateway_version() }));
        put("troubles", survey.troubles.iter().map(|trouble| trouble.json()).collect());
        put("attention", self.items.iter().map(Item::json).collect());
        put("collection", json!({ "notCollected": [] }));
        put("durationMs", json!(survey.took_ms));
        put("ts", json!(survey.at_ms));
        if self.deep {
            let health = survey.owner.answers().map(|answers| answers.health.clone());
            put("health", health.unwrap_or(Value::Null));
            put("channels", json!({}));
        }
        if self.usage {
            put("usage", json!({ "updatedAt": survey.at_ms, "providers": [] }));
        }
        Value::Object(out)
    }

    fn gateway_section(&self) -> Value {
        let survey = self.survey;
        let probe = survey.probe.as_ref();
        let hit = probe.and_then(|probe| probe.reached());
        let miss = probe.and_then(|probe| probe.missed());
        let told = |name: &str| survey.owner.gateway(name).cloned();
        let itself = hit.map(|hit| {
            json!({
                "host": told("host"), "ip": told("ip"), "version": hit.version, "platform": told("platform"),
            })
        });
        json!({
            "mode": if survey.setup.mode == Some(Mode::Remote) { "remote" } else { "local" },
            "url": probe.map(|probe| &probe.url),
            "urlSource": probe.map(|probe| &probe.source),
            "misconfigured": probe.is_some_and(|probe| probe.source.starts_with("missing ")),
            "reachable": hit.is_some(),
            "connectLatencyMs": hit.map(|hit| hit.latency_ms),
            "self": itself,
            "error": miss.map(|miss| miss.failure.message()),
            "cause": miss.and_then(|miss| miss.failure.text_field("cause")),
            "fix": survey.probe_fix(),
            "authWarning": null,
            "authMode": survey.owner.gateway_text("authMode").unwrap_or_else(|| survey.setup.auth.to_string()),
            "capability": probe.map(|_| survey.capability().replace('-', "_")),
            "running": survey.is_running(),
            "pid": survey.pid(),
            "bind": survey.setup.bind.as_str(),
            "port": survey.setup.port,
        })
    }

    fn service_section(&self) -> Value {
        let Some(report) = &self.survey.service else {
            return json!({ "label": "unknown", "installed": false, "runtimeShort": "unknown" });
        };
        let managed = report.running.as_ref().is_some_and(|running| running.unit.is_some());
        json!({
            "label": report.manager.label(),
            "installed": report.installed,
            "loaded": report.enabled,
            "loadState": if report.installed { "loaded" } else { "not-found" },
            "loadedText": report.loaded_text(),
            "managedByOpenClaw": report.installed,
            "externallyManaged": managed && !report.installed,
            "runtimeShort": report.runtime.line(),
            "runtime": { "status": match report.runtime.status {
                Status::Running => "running",
                Status::Stopped => "stopped",
                Status::Unknown => "unknown",
            }, "pid": report.runtime.pid },
        })
    }
}

/// What every answer has, also when no gateway runs.
fn empty() -> Map<String, Value> {
    let sections = json!({
        "runtimeVersion": VERSION,
        "heartbeat": { "defaultAgentId": "main", "agents": [] },
        "channelSummary": [],
        "queuedSystemEvents": [],
        "sessions": { "paths": [], "count": 0, "defaults": { "model": null, "contextTokens": null },
                      "recent": [], "byAgent": [] },
        "update": { "root": null, "installKind": "binary", "packageManager": null, "deps": null,
                    "registry": { "latestVersion": null } },
        "updateChannel": "stable",
        "updateChannelSource": "default",
        "memory": null,
        "memoryPlugin": { "enabled": false, "slot": null },
        "nodeService": { "label": "not part of this version", "installed": false, "managedByOpenClaw": false,
                         "externallyManaged": false, "loadedText": "not installed", "runtimeShort": null },
        "agents": { "defaultId": "main", "agents": [], "totalSessions": 0, "bootstrapPendingCount": 0 },
        "hostDesktop": { "enabled": false, "state": "disabled" },
        "degradedSecretOwners": [],
        "degradedPlugins": [],
        "tasks": { "total": 0, "active": 0, "terminal": 0, "failures": 0, "byStatus": {}, "byRuntime": {} },
        "taskAudit": {},
    });
    match sections {
        Value::Object(sections) => sections,
        _ => Map::new(),
    }
}
