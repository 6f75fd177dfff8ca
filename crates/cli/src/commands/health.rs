//! `openclaw health` (cli §7.3), and reading a health payload, which `gateway health` shares.

use openclaw_protocol::words::{Words, escape};
use serde_json::{Value, json};

use crate::args::gateway::HealthArgs;
use crate::context::Context;
use crate::failure::Outcome;
use crate::reach::{self, Door};
use crate::ui::{Ui, time};

/// Milliseconds to wait for an answer.
const TIMEOUT_MS: u64 = 10_000;
/// Sessions that are named.
const MAX_SESSIONS: usize = 5;

/// Asks the gateway and prints its health.
pub(crate) async fn run(context: &Context, ui: &mut Ui, args: &HealthArgs) -> Outcome {
    let mut gateway = reach::open(context, ui, &args.reach, Door::Reading, TIMEOUT_MS).await?;
    let params = if args.verbose || args.debug { json!({ "probe": true }) } else { json!({}) };
    let answer = gateway.call("health", params).await;
    gateway.close().await;
    let answer = answer?;
    if args.json {
        ui.json(&answer);
    } else {
        for line in lines(&answer, time::now_ms()) {
            ui.line(line);
        }
    }
    Ok(0)
}

/// One line for each channel, in the gateway's order.
pub(crate) fn channels(health: &Value) -> Vec<String> {
    let Some(channels) = health.get("channels").and_then(Value::as_object) else { return Vec::new() };
    let order =
        health.get("channelOrder").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let mut ids: Vec<&str> = order.filter(|id| channels.contains_key(*id)).collect();
    ids.extend(channels.keys().map(String::as_str).filter(|id| !ids.contains(id)).collect::<Vec<_>>());
    ids.iter().map(|id| channel(id, &channels[*id], health)).collect()
}

fn channel(id: &str, channel: &Value, health: &Value) -> String {
    let label =
        health.get("channelLabels").and_then(|labels| labels.get(id)).and_then(Value::as_str).unwrap_or(id);
    let flag = |name: &str| channel.get(name).and_then(Value::as_bool);
    let probe = channel.get("probe");
    let state = match (flag("configured"), probe.and_then(|probe| probe.get("ok")).and_then(Value::as_bool)) {
        (Some(false), _) => "not configured".to_owned(),
        (_, Some(true)) => "ok".to_owned(),
        (_, Some(false)) => {
            let why =
                probe.and_then(|probe| probe.get("error")).and_then(Value::as_str).unwrap_or("probe failed");
            format!("failed ({})", Words::new(why))
        }
        _ if flag("linked") == Some(false) => "not linked".to_owned(),
        _ if flag("running") == Some(true) => "running".to_owned(),
        _ => "configured".to_owned(),
    };
    format!("{}: {state}", Words::new(label))
}

fn lines(health: &Value, now_ms: u64) -> Vec<String> {
    let mut lines = channels(health);
    let agents: Vec<&Value> = health.get("agents").and_then(Value::as_array).into_iter().flatten().collect();
    let id = |agent: &Value| Words::new(agent.get("agentId").and_then(Value::as_str).unwrap_or("?"));
    if !agents.is_empty() {
        let names: Vec<String> = agents
            .iter()
            .map(|agent| {
                let default =
                    if agent.get("isDefault") == Some(&Value::Bool(true)) { " (default)" } else { "" };
                format!("{}{default}", id(agent))
            })
            .collect();
        lines.push(format!("Agents: {}", names.join(", ")));
    }
    let beats: Vec<String> = agents
        .iter()
        .filter_map(|agent| {
            let beat = agent.get("heartbeat")?;
            let every = beat.get("every").and_then(Value::as_str).unwrap_or("off");
            let off = beat.get("enabled") == Some(&Value::Bool(false));
            Some(format!("{} ({})", if off { Words::new("off") } else { Words::new(every) }, id(agent)))
        })
        .collect();
    if !beats.is_empty() {
        lines.push(format!("Heartbeat interval: {}", beats.join(", ")));
    }
    for agent in agents {
        let Some(sessions) = agent.get("sessions") else { continue };
        let path =
            sessions.get("path").and_then(Value::as_str).map(|path| escape(path, 512)).unwrap_or_default();
        let count = sessions.get("count").and_then(Value::as_u64).unwrap_or(0);
        lines.push(format!("Session store ({}): {path} ({count} entries)", id(agent)));
        for session in
            sessions.get("recent").and_then(Value::as_array).into_iter().flatten().take(MAX_SESSIONS)
        {
            let key = Words::new(session.get("key").and_then(Value::as_str).unwrap_or("?"));
            let age = session.get("updatedAt").and_then(Value::as_u64).map(|then| time::age(then, now_ms));
            lines.push(format!("- {key} ({})", age.unwrap_or_else(|| "no activity".to_owned())));
        }
    }
    if lines.is_empty() {
        let good = health.get("ok") != Some(&Value::Bool(false));
        lines.push(if good { "OK".to_owned() } else { "Not OK".to_owned() });
    }
    lines
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::lines;

    #[test]
    fn as_the_original_prints_it() {
        let health = json!({
            "ok": true, "channels": {"telegram": {"configured": true, "probe": {"ok": true}}, "irc": {"configured": false}},
            "channelOrder": ["irc"], "channelLabels": {"telegram": "Telegram"},
            "agents": [{"agentId": "main", "isDefault": true, "heartbeat": {"enabled": true, "every": "30m"},
                        "sessions": {"path": "/s/sessions.json", "count": 2, "recent": [{"key": "agent:main:main", "updatedAt": 1000}]}}]
        });
        assert_eq!(
            lines(&health, 121_000),
            [
                "irc: not configured",
                "Telegram: ok",
                "Agents: main (default)",
                "Heartbeat interval: 30m (main)",
                "Session store (main): /s/sessions.json (2 entries)",
                "- agent:main:main (2m ago)",
            ]
        );
    }

    #[test]
    fn a_payload_without_anything() {
        assert_eq!(lines(&json!({"ok": true}), 0), ["OK"]);
        assert_eq!(lines(&json!({"ok": false}), 0), ["Not OK"]);
    }
}
