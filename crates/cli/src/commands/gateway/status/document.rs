//! `gateway status` for programs: the keys of both generations, and what people are told in words as fields beside them.
//! It is what guides ask for in bug reports (G5-11): versions and causes are in it, secrets are not.

use serde_json::{Map, Value, json};

use super::View;
use crate::look::{self, attention, service, trouble};
use crate::version::VERSION;

impl View<'_> {
    /// The document.
    pub(super) fn document(&self) -> Value {
        let survey = self.survey;
        let program = self.context.paths.command();
        let log = trouble::log_file(self.context, &survey.owner);
        let mut out = Map::new();
        let mut put = |name: &str, value: Value| {
            out.insert(name.to_owned(), value);
        };
        put("cli", json!({ "version": VERSION, "entrypoint": std::env::current_exe().ok() }));
        put("logFile", json!(log));
        put("service", self.service());
        put("config", self.config());
        put("gateway", self.gateway());
        put("port", survey.port.json(&program));
        let failed = survey.probe.as_ref().is_none_or(|probe| probe.missed().is_some());
        if failed && survey.is_own {
            put("lastError", json!(look::last_error::find(log.as_deref())));
        }
        if let Some(rpc) = self.rpc() {
            put("rpc", rpc);
        }
        put("extraServices", survey.service.as_ref().map_or(json!([]), |report| report.extra_json()));
        put("hostDesktop", json!({ "enabled": false, "state": "disabled" }));
        put("pluginVersionDrift", json!({ "gatewayVersion": survey.gateway_version(), "drifts": [] }));
        put(
            "runtime",
            json!({ "running": survey.is_running(), "pid": survey.pid(), "line": self.runtime_line() }),
        );
        put("ownerSocket", self.owner());
        put("devices", survey.devices.json());
        put("refusedLast10Min", json!(survey.owner.refused_recently()));
        put("secretSources", survey.secrets.iter().map(|line| line.json()).collect());
        let items = attention::of(survey, self.context.vantage());
        put("attention", items.iter().map(attention::Item::json).collect());
        put("durationMs", json!(survey.took_ms));
        Value::Object(out)
    }

    fn service(&self) -> Value {
        match &self.survey.service {
            Some(report) => {
                let mut service = report.service_json();
                service["targetRole"] =
                    json!(if report.unusable.is_some() { "diagnostic" } else { "primary" });
                service["inspectionReason"] = json!(report.unusable);
                service
            }
            None => json!({
                "label": "unknown",
                "loaded": false,
                "runtime": { "status": "unknown", "detail": "the supervisor did not answer in time" },
                "command": null,
                "configAudit": { "ok": true, "issues": [] },
            }),
        }
    }

    fn config(&self) -> Value {
        let config = &self.survey.config;
        let mut cli = config.json();
        cli["controlUi"] =
            json!({ "enabled": self.survey.setup.dashboard, "basePath": self.survey.setup.base_path });
        let mut out = json!({ "cli": cli });
        let definition = self.survey.service.as_ref().and_then(|report| report.definition.as_ref());
        if let Some(theirs) = definition.and_then(|found| service::config_of(found, self.context)) {
            if theirs == config.path {
                out["daemon"] = config.json();
            } else {
                out["daemon"] = json!({ "path": theirs, "exists": theirs.exists() });
                out["mismatch"] = json!(true);
            }
        }
        out
    }

    fn gateway(&self) -> Value {
        let (survey, setup) = (self.survey, &self.survey.setup);
        let scheme = if setup.tls { "wss" } else { "ws" };
        let ws = format!("{scheme}://127.0.0.1:{}", setup.port);
        let url = survey.probe.as_ref().map(|probe| probe.url.clone()).filter(|url| !url.is_empty());
        let mut out = json!({
            "mode": setup.mode.map(|mode| mode.as_str()),
            "bindMode": setup.bind.as_str(),
            "bindHost": setup.bind_host(),
            "port": setup.port,
            "portSource": setup.port_source.to_string(),
            "authMode": survey.owner.gateway_text("authMode").unwrap_or_else(|| setup.auth.to_string()),
            "probeUrl": url.unwrap_or_else(|| ws.clone()),
            "controlUiLinks": { "httpUrl": survey.dashboard_url(), "wsUrl": ws },
            "version": survey.gateway_version(),
        });
        if let Some(host) = &setup.custom_host {
            out["customBindHost"] = json!(host);
        }
        if let Some(note) = self.probe_note() {
            out["probeNote"] = json!(note);
        }
        out
    }

    fn rpc(&self) -> Option<Value> {
        let probe = self.survey.probe.as_ref()?;
        // The current generation writes these words with underscores in JSON.
        let capability = self.survey.capability().replace('-', "_");
        let mut out = json!({
            "ok": probe.reached().is_some(),
            "url": probe.url,
            "urlSource": probe.source,
            "kind": if self.asked.require_rpc { "read" } else { "connect" },
            "capability": capability,
        });
        match &probe.outcome {
            Ok(hit) => {
                out["latencyMs"] = json!(hit.latency_ms);
                out["auth"] = json!({
                    "role": "operator", "scopes": hit.scopes, "method": hit.auth_method, "capability": capability,
                });
                out["server"] = json!({ "version": hit.version, "connId": hit.conn_id });
                if let Err(why) = &hit.read {
                    out["readError"] = json!(why);
                    if self.asked.require_rpc {
                        out["ok"] = json!(false);
                        out["error"] = json!(why);
                    }
                }
            }
            Err(miss) => {
                out["error"] = json!(miss.failure.message());
                out["auth"] = json!({ "role": null, "scopes": [], "capability": capability });
                out["connectFailure"] = json!({
                    "kind": if miss.failure.text_field("code").is_some() { "refused" } else { "transport" },
                });
                if let Value::Object(facts) = miss.json() {
                    let fresh = facts.into_iter().filter(|(name, _)| name != "message");
                    for (name, value) in fresh {
                        out[name] = value;
                    }
                    out["fix"] = json!(self.survey.probe_fix());
                }
            }
        }
        Some(out)
    }

    fn owner(&self) -> Value {
        match &self.survey.owner {
            look::OwnerView::Answers(answers) => json!({ "ok": true, "latencyMs": answers.latency_ms }),
            look::OwnerView::Absent => json!({ "ok": false, "error": "nobody answers" }),
            look::OwnerView::Failed { why, .. } => json!({ "ok": false, "error": why }),
        }
    }
}
