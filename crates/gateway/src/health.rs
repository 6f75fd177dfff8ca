//! The health summary: what `health` answers and the `health` event carries (cli spec §7.3).

use std::time::Instant;

use openclaw_protocol::time::Millis;
use serde_json::{Map, Value, json};
use tokio::sync::Notify;

use crate::core::Core;

/// When the summary was made last, and that somebody wants it made again.
#[derive(Debug, Default)]
pub struct Health {
    wanted: Notify,
}

impl Health {
    /// Asks for a `health` event soon; many wishes make one event (ruling 4).
    pub fn refresh_soon(&self) {
        self.wanted.notify_one();
    }

    /// Waits until somebody wants a refresh.
    pub async fn wanted(&self) {
        self.wanted.notified().await;
    }
}

/// The summary as it is now. `full` adds what only an administrator may see.
pub fn summary(core: &Core, full: bool) -> Value {
    let began = Instant::now();
    let now: Millis = core.now();
    let sessions = |path: &str| {
        let mut sessions = Map::new();
        // The contract wants a path; where it leads is for administrators.
        sessions.insert("path".to_owned(), Value::from(if full { path } else { "" }));
        sessions.insert("count".to_owned(), Value::from(0));
        sessions.insert("recent".to_owned(), json!([]));
        Value::Object(sessions)
    };
    let store_path = core.paths.state_dir.join("agents/main/sessions/sessions.json");
    let store_path = store_path.display().to_string();
    json!({
        "ok": true,
        "ts": now,
        "durationMs": u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
        "plugins": {"loaded": [], "errors": [], "unavailable": []},
        "configReload": {"hotReloadStatus": "active"},
        "channels": {},
        "channelOrder": [],
        "channelLabels": {},
        "heartbeatSeconds": 0,
        "defaultAgentId": "main",
        "agents": [{
            "agentId": "main",
            "isDefault": true,
            "heartbeat": {"enabled": false, "every": "disabled", "everyMs": Value::Null, "prompt": "", "target": "none", "ackMaxChars": 300},
            "sessions": sessions(&store_path),
        }],
        "sessions": sessions(&store_path),
    })
}
