//! Whether a running gateway has taken a changed configuration into force: asked for by commands that promise it.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::args::reach::ReachArgs;
use crate::context::Context;
use crate::reach::{Gateway, Inputs, connect_socket, is_absent};

/// A gateway notices a change after `gateway.reload.debounceMs` (300 ms unless set); this is ten times that.
const PATIENCE: Duration = Duration::from_secs(3);
/// Pause between two questions.
const PAUSE: Duration = Duration::from_millis(20);

/// What became of the change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Applied {
    /// No gateway runs on this state directory; the next start reads the file.
    NotRunning,
    /// The running gateway has it in force.
    InForce,
    /// It runs and keeps what it had.
    NeedsRestart,
}

impl Applied {
    /// The word for `--json`.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Applied::NotRunning => "not-running",
            Applied::InForce => "in-force",
            Applied::NeedsRestart => "needs-restart",
        }
    }

    /// The line that says it.
    pub(crate) fn line(self, context: &Context) -> String {
        let hints = context.hints(&ReachArgs::default());
        match self {
            Applied::NotRunning => {
                format!(
                    "The gateway is not running; it applies at the next start: {}",
                    hints.local("gateway start")
                )
            }
            Applied::InForce => {
                "The running gateway has it in force already; no restart is needed.".to_owned()
            }
            Applied::NeedsRestart => {
                format!("The running gateway keeps what it had until: {}", hints.local("gateway restart"))
            }
        }
    }
}

/// Waits until the file on the disk is the one in force.
pub(crate) async fn wait(context: &Context) -> Applied {
    let begun = Instant::now();
    let args = ReachArgs::default();
    let Ok(inputs) = Inputs::gather(context, &args) else { return Applied::NotRunning };
    let mut gateway = match connect_socket(context, &inputs, PATIENCE).await {
        Ok(gateway) => gateway,
        Err(error) if is_absent(&error) => return Applied::NotRunning,
        Err(_) => return Applied::NeedsRestart,
    };
    let mut applied = Applied::NeedsRestart;
    while begun.elapsed() < PATIENCE {
        let Ok(status) = gateway.call("status", json!({})).await else { break };
        if status.pointer("/configuration/inForce").and_then(Value::as_bool) == Some(true) {
            applied = Applied::InForce;
            break;
        }
        tokio::time::sleep(PAUSE).await;
    }
    Box::new(gateway).close().await;
    applied
}
