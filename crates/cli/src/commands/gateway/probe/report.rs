//! What `gateway probe` found, for people and for programs (cli §6.4).

use openclaw_protocol::words::Words;
use serde_json::{Value, json};

use crate::look::probe;
use crate::ui::{Style, Ui};

/// One target and what became of it.
#[derive(Debug, Default)]
pub(super) struct Attempt {
    id: &'static str,
    kind: &'static str,
    url: String,
    /// Time until the gateway let us in; `None` when it did not.
    pub(super) latency_ms: Option<u64>,
    pub(super) error: Option<String>,
    pub(super) cause: Option<String>,
    pub(super) fix: Option<String>,
    pub(super) close: Option<(u16, String)>,
    /// The first `missing scope: …`.
    pub(super) scope_limited: Option<String>,
    pub(super) rpc_error: Option<String>,
    pub(super) server_version: Option<String>,
    pub(super) conn_id: Option<String>,
    pub(super) auth_method: Option<String>,
    pub(super) scopes: Option<Vec<String>>,
    pub(super) health: Option<Value>,
    pub(super) summary: Option<Value>,
    pub(super) presence: Option<Value>,
    pub(super) config: Option<Value>,
}

impl Attempt {
    /// A target that has not been tried.
    pub(super) fn new(id: &'static str, kind: &'static str, url: String) -> Attempt {
        Attempt { id, kind, url, ..Attempt::default() }
    }

    fn connected(&self) -> bool {
        self.latency_ms.is_some()
    }

    fn rpc_ok(&self) -> bool {
        self.connected() && self.scope_limited.is_none() && self.rpc_error.is_none()
    }

    /// The gateway's own entry among those present.
    fn itself(&self) -> Option<&Value> {
        self.presence
            .as_ref()?
            .as_array()?
            .iter()
            .find(|entry| entry.get("mode").and_then(Value::as_str) == Some("gateway"))
    }

    fn itself_json(&self) -> Value {
        let entry = self.itself();
        let part = |name: &str| entry.and_then(|entry| entry.get(name)).cloned();
        let version = part("version").or_else(|| self.server_version.clone().map(Value::String));
        if !self.connected() {
            return Value::Null;
        }
        json!({ "host": part("host"), "ip": part("ip"), "version": version, "platform": part("platform") })
    }

    fn json(&self) -> Value {
        json!({
            "id": self.id,
            "kind": self.kind,
            "url": self.url,
            "active": true,
            "tunnel": null,
            "connect": {
                "ok": self.connected(),
                "rpcOk": self.rpc_ok(),
                "scopeLimited": self.scope_limited.is_some(),
                "latencyMs": self.latency_ms,
                "error": self.error.as_ref().or(self.scope_limited.as_ref()).or(self.rpc_error.as_ref()),
                "close": self.close.as_ref().map(|(code, reason)| json!({ "code": code, "reason": reason })),
            },
            "cause": self.cause,
            "fix": self.fix,
            "auth": { "role": self.connected().then_some("operator"), "scopes": self.scopes, "capability": self.capability() },
            "server": { "version": self.server_version, "connId": self.conn_id, "auth": self.auth_method },
            "self": self.itself_json(),
            "config": self.config,
            "health": self.health,
            "summary": self.summary,
            "presence": self.presence,
        })
    }

    fn capability(&self) -> String {
        if !self.connected() {
            return "unknown".to_owned();
        }
        let error = self.scope_limited.as_deref().or(self.rpc_error.as_deref());
        probe::capability(self.scopes.as_deref(), error).replace('-', "_")
    }

    fn print(&self, ui: &mut Ui) {
        let name = match self.id {
            "explicit" => "URL (explicit)",
            "configRemote" => "Remote (configured)",
            _ => "Local loopback",
        };
        ui.line(format!("{name} {}", self.url));
        match (&self.error, self.latency_ms) {
            (None, Some(latency)) => {
                let (style, rpc) = match (&self.scope_limited, &self.rpc_error) {
                    (None, None) => (Style::Good, "ok".to_owned()),
                    (Some(limit), _) => (Style::Warn, format!("limited - {limit}")),
                    (None, Some(error)) => (Style::Bad, format!("failed - {error}")),
                };
                ui.styled(style, format!("  Connect: ok ({latency}ms) · RPC: {rpc}"));
                ui.line(format!("  Gateway: {}", self.gateway()));
            }
            (error, _) => {
                let error = error.as_deref().unwrap_or("not tried");
                ui.styled(Style::Bad, format!("  Connect: failed - {error}"));
                if let Some((code, reason)) = &self.close {
                    ui.line(format!("  Closed: ({code}) {reason}"));
                }
                if let Some(fix) = &self.fix {
                    ui.styled(Style::Command, format!("  Fix: {fix}"));
                }
            }
        }
    }

    /// `host (ip) · platform · app version`.
    fn gateway(&self) -> String {
        let entry = self.itself();
        let part =
            |name: &str| entry.and_then(|entry| entry.get(name)).and_then(Value::as_str).map(Words::new);
        let host = match (part("host"), part("ip")) {
            (Some(host), Some(ip)) => Some(format!("{host} ({ip})")),
            (Some(host), None) => Some(host.to_string()),
            _ => None,
        };
        let version =
            part("version").map(|version| version.to_string()).or_else(|| self.server_version.clone());
        let platform = part("platform").map(|platform| platform.to_string());
        let parts: Vec<String> =
            [host, platform, version.map(|version| format!("app {version}"))].into_iter().flatten().collect();
        parts.join(" · ")
    }
}

/// All of it.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) attempts: Vec<Attempt>,
    /// The owner socket of this machine's gateway, or why it cannot be used.
    pub(super) owner_socket: Result<(), String>,
    pub(super) ts: u64,
    pub(super) duration_ms: u64,
    pub(super) timeout_ms: u64,
    pub(super) local_url: String,
    pub(super) tailnet: Option<String>,
    pub(super) port: u16,
}

impl Report {
    /// Some gateway let us in.
    pub(super) fn reachable(&self) -> bool {
        self.attempts.iter().any(Attempt::connected)
    }

    fn warnings(&self) -> Vec<(&'static str, String, Vec<&'static str>)> {
        let ids = |which: fn(&Attempt) -> bool| -> Vec<&'static str> {
            self.attempts.iter().filter(|attempt| which(attempt)).map(|attempt| attempt.id).collect()
        };
        let mut warnings = Vec::new();
        let connected = ids(Attempt::connected);
        if connected.is_empty() {
            let text = if self.owner_socket.is_ok() {
                "No target let this client in, but the gateway of this machine runs: its owner socket answers."
            } else {
                "No gateway was reached."
            };
            warnings.push(("no_gateway_reachable", text.to_owned(), Vec::new()));
        }
        if connected.len() > 1 {
            let text = "Several gateways were reached. One is usual; check which one you mean.".to_owned();
            warnings.push(("multiple_gateways", text, connected));
        }
        let limited = ids(|attempt| attempt.scope_limited.is_some());
        if !limited.is_empty() {
            let text =
                "This device may connect but not read everything; approve more access on the gateway host."
                    .to_owned();
            warnings.push(("probe_scope_limited", text, limited));
        }
        warnings
    }

    /// For programs.
    pub(super) fn json(&self) -> Value {
        let warnings: Vec<Value> = self
            .warnings()
            .into_iter()
            .map(|(code, message, targets)| match targets.is_empty() {
                true => json!({ "code": code, "message": message }),
                false => json!({ "code": code, "message": message, "targetIds": targets }),
            })
            .collect();
        let primary = self.attempts.iter().find(|attempt| attempt.connected()).map(|attempt| attempt.id);
        json!({
            "ok": self.reachable(),
            "degraded": self.attempts.iter().any(|attempt| attempt.connected() && !attempt.rpc_ok()),
            "ts": self.ts,
            "durationMs": self.duration_ms,
            "timeoutMs": self.timeout_ms,
            "primaryTargetId": primary,
            "warnings": warnings,
            "network": {
                "localLoopbackUrl": self.local_url,
                "localTailnetUrl": self.tailnet.as_ref().map(|address| format!("ws://{address}:{}", self.port)),
                "tailnetIPv4": self.tailnet,
            },
            "discovery": { "timeoutMs": 0, "count": 0, "beacons": [] },
            "ownerSocket": { "ok": self.owner_socket.is_ok(), "error": self.owner_socket.as_ref().err() },
            "targets": self.attempts.iter().map(Attempt::json).collect::<Vec<Value>>(),
        })
    }

    /// For people.
    pub(super) fn print(&self, ui: &mut Ui) {
        ui.styled(Style::Heading, "Gateway Status");
        let (style, word) = if self.reachable() { (Style::Good, "yes") } else { (Style::Bad, "no") };
        ui.styled(style, format!("Reachable: {word}"));
        ui.line(format!("Probe budget: {}ms", self.timeout_ms));
        let warnings = self.warnings();
        if !warnings.is_empty() {
            ui.line("");
            ui.styled(Style::Warn, "Warning:");
            for (_, message, _) in &warnings {
                ui.line(format!("- {message}"));
            }
        }
        ui.line("");
        ui.styled(Style::Heading, "Targets");
        for attempt in &self.attempts {
            attempt.print(ui);
        }
        match &self.owner_socket {
            Ok(()) => ui.line("Owner socket: ok"),
            Err(why) => ui.line(format!("Owner socket: {why}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Attempt, Report};
    use crate::ui::Terminal;
    use crate::ui::testing::capture;

    fn report(attempts: Vec<Attempt>) -> Report {
        Report {
            attempts,
            owner_socket: Ok(()),
            ts: 1,
            duration_ms: 2,
            timeout_ms: 3000,
            local_url: "ws://127.0.0.1:18789".to_owned(),
            tailnet: None,
            port: 18789,
        }
    }

    fn healthy() -> Attempt {
        Attempt {
            latency_ms: Some(12),
            server_version: Some("2026.11.0".to_owned()),
            presence: Some(
                json!([{"mode": "cli"}, {"mode": "gateway", "host": "box", "ip": "10.0.0.2", "platform": "linux 6.1", "version": "2026.11.0"}]),
            ),
            ..Attempt::new("localLoopback", "localLoopback", "ws://127.0.0.1:18789".to_owned())
        }
    }

    fn refused() -> Attempt {
        Attempt {
            error: Some("pairing required: device is not approved yet".to_owned()),
            close: Some((1008, "pairing required".to_owned())),
            fix: Some("openclaw devices approve x".to_owned()),
            ..Attempt::new("configRemote", "configRemote", "wss://gw:443".to_owned())
        }
    }

    #[test]
    fn people_see_targets_and_fixes() {
        let (mut ui, out, _) = capture(Terminal::plain(), "");
        report(vec![refused(), healthy()]).print(&mut ui);
        crate::snapshot::check("gateway-probe.txt", &out.text());
    }

    #[test]
    fn programs_see_the_original_shape() {
        let document = report(vec![refused(), healthy()]).json();
        assert_eq!(
            (document["ok"].as_bool(), document["primaryTargetId"].as_str()),
            (Some(true), Some("localLoopback"))
        );
        assert_eq!(
            document["targets"][0]["connect"]["close"],
            json!({"code": 1008, "reason": "pairing required"})
        );
        assert_eq!(document["targets"][1]["self"]["host"], "box");
        assert_eq!(document["targets"][1]["connect"]["rpcOk"], true);
        let none = report(vec![refused()]).json();
        assert_eq!(
            (none["ok"].as_bool(), none["warnings"][0]["code"].as_str()),
            (Some(false), Some("no_gateway_reachable"))
        );
        let limited = report(vec![Attempt {
            scope_limited: Some("missing scope: operator.read".to_owned()),
            ..healthy()
        }])
        .json();
        assert_eq!(
            (limited["degraded"].as_bool(), limited["warnings"][0]["code"].as_str()),
            (Some(true), Some("probe_scope_limited"))
        );
    }
}
