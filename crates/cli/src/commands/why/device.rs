//! A device as it stands now: what `why` says of one besides its refusals.

use openclaw_protocol::words::escape;
use serde::Deserialize;
use serde_json::Value;

use crate::ui::{Style, Ui, time};

/// Longest text printed.
const MAX_TEXT: usize = 128;

/// What the gateway tells of a device.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Device {
    device_id: String,
    state: String,
    name: Option<String>,
    #[serde(default)]
    roles: Vec<String>,
    #[serde(default)]
    scopes: Vec<String>,
    approved_via: Option<String>,
    approved_at_ms: Option<u64>,
    last_seen_at_ms: Option<u64>,
    connected_since_ms: Option<u64>,
    at_ms: Option<u64>,
    request_id: Option<String>,
}

impl Device {
    pub(super) fn read(value: &Value) -> Option<Device> {
        Device::deserialize(value).ok()
    }

    /// Whether the gateway has anything about it.
    pub(super) fn is_known(&self) -> bool {
        self.state != "unknown"
    }

    /// Whether a request of its waits.
    pub(super) fn waits(&self) -> bool {
        self.request_id.is_some()
    }

    /// `workbench, paired, connected`.
    pub(super) fn in_words(&self) -> String {
        let name = self.name.as_deref().map(|name| escape(name, MAX_TEXT));
        let state = match self.state.as_str() {
            "paired" => "paired",
            "waiting" => "waiting for approval",
            "removed" => "removed by the owner",
            _ => "not paired",
        };
        let connected = self.connected_since_ms.map(|_| "connected".to_owned());
        let parts: Vec<String> = name.into_iter().chain([state.to_owned()]).chain(connected).collect();
        parts.join(", ")
    }

    /// What happened to it: `approved 2m ago by the owner, connected just now`.
    pub(super) fn since(&self, now: u64) -> Option<String> {
        let approved = self.approved_at_ms.map(|at| format!("approved {}{}", time::age(at, now), self.by()));
        let connected = self.connected_since_ms.map(|at| format!("connected {}", time::age(at, now)));
        let seen = self.last_seen_at_ms.map(|at| format!("last let in {}", time::age(at, now)));
        let parts: Vec<String> = approved.into_iter().chain(connected.or(seen)).collect();
        (!parts.is_empty()).then(|| parts.join(", "))
    }

    fn by(&self) -> &'static str {
        match self.approved_via.as_deref() {
            Some("silent") => " without asking, as the owner's own program on the gateway's machine",
            Some("owner") => " by the owner",
            Some("bootstrap") => " by a setup code",
            Some("claim") => " by the claim code",
            Some("import") => " when devices were taken over from another store",
            _ => "",
        }
    }

    /// The story of a device that was never refused.
    pub(super) fn tell(&self, ui: &mut Ui, now: u64) {
        let list =
            |words: &[String]| words.iter().map(|word| escape(word, MAX_TEXT)).collect::<Vec<_>>().join(", ");
        ui.styled(Style::Heading, "Not refused, as far back as the journal goes");
        ui.line(format!("  Device  {} ({})", escape(&self.device_id, MAX_TEXT), self.in_words()));
        if !self.roles.is_empty() {
            ui.line(format!("  May     {}: {}", list(&self.roles), list(&self.scopes)));
        }
        if let Some(at) = self.at_ms {
            ui.line(format!("  Removed {}", time::age(at, now)));
        }
        if let Some(since) = self.since(now) {
            let mut letters = since.chars();
            let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
            ui.line(format!("{first}{}.", letters.as_str()));
        }
    }
}
