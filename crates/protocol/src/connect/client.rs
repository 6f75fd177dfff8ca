//! What a client says it is, and the classes the rules speak of (auth-and-pairing §1.4).

use crate::dialect::Dialect;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The `client` block. All of it is the client's own claim.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ClientInfo {
    /// Product, one of a closed list (`cli`, `openclaw-control-ui`, `node-host`, …).
    pub id: String,
    /// Name for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// Version of the client.
    pub version: String,
    /// Protocol 4: exact build of the client.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub build_id: Option<String>,
    /// Operating system, for example `linux 6.18.44`, `darwin`, `web`.
    pub platform: String,
    /// Kind of device, for example `Mac`, `iPhone`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_family: Option<String>,
    /// Model of the device.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model_identifier: Option<String>,
    /// Protocol 4: IANA time zone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    /// Coarse kind: `cli`, `ui`, `webchat`, `backend`, `node`, `probe`, `test` (protocol 4 also `worker`).
    pub mode: String,
    /// Names one installation or process.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance_id: Option<String>,
}

/// The kind of client that decides the words of a hint (§3.2).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ClientKind {
    /// Mode `cli`.
    Cli,
    /// The browser UI, webchat, or the TUI where it counts as one.
    ControlUi,
    /// Mode `node`; hears the same hints as others.
    Node,
    /// Anything else.
    #[default]
    Other,
}

/// Whom a hint is for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClientHint {
    /// The kind of client.
    pub kind: ClientKind,
    /// Whether the connection counts as local (ruling 16).
    pub local: bool,
}

impl ClientInfo {
    /// A client with only the properties that must be there.
    #[must_use]
    pub fn new(id: &str, mode: &str, version: &str, platform: &str) -> Self {
        Self {
            id: id.to_owned(),
            mode: mode.to_owned(),
            version: version.to_owned(),
            platform: platform.to_owned(),
            ..Self::default()
        }
    }

    /// The Control UI; protocol 4 counts the TUI as one ("operator UI").
    #[must_use]
    pub fn is_control_ui(&self, dialect: Dialect) -> bool {
        self.id == "openclaw-control-ui" || (dialect == Dialect::V4 && self.id == "openclaw-tui")
    }

    /// A Control UI that runs in a browser, whatever the generation.
    #[must_use]
    pub fn is_browser_ui(&self) -> bool {
        matches!(self.id.as_str(), "openclaw-control-ui" | "openclaw-browser-copilot")
    }

    /// Webchat: mode `webchat` or id `webchat-ui`.
    #[must_use]
    pub fn is_webchat(&self) -> bool {
        self.mode == "webchat" || self.id == "webchat-ui"
    }

    /// Mode `cli`.
    #[must_use]
    pub fn is_cli(&self) -> bool {
        self.mode == "cli"
    }

    /// The CLI itself: id and mode `cli`.
    #[must_use]
    pub fn is_cli_program(&self) -> bool {
        self.id == "cli" && self.mode == "cli"
    }

    /// The pair that the original's own processes connect as: id `gateway-client`, mode `backend`.
    #[must_use]
    pub fn is_backend_self(&self) -> bool {
        self.id == "gateway-client" && self.mode == "backend"
    }

    /// A native app with a user interface.
    #[must_use]
    pub fn is_native_app(&self) -> bool {
        self.mode == "ui"
            && matches!(
                self.id.as_str(),
                "openclaw-macos" | "openclaw-linux" | "openclaw-ios" | "openclaw-android"
            )
    }

    /// Whether the client appears in presence: everybody but the short-lived ones.
    #[must_use]
    pub fn tracked_in_presence(&self, dialect: Dialect) -> bool {
        let passing = match dialect {
            Dialect::V3 => &["cli"][..],
            Dialect::V4 => &["cli", "backend", "probe"],
        };
        !passing.contains(&self.mode.as_str())
    }

    /// Whether id or mode claims to be a worker.
    #[must_use]
    pub fn claims_worker(&self) -> bool {
        self.id == "openclaw-worker" || self.mode == "worker"
    }

    /// Whom hints are for.
    #[must_use]
    pub fn hint(&self, dialect: Dialect, local: bool) -> ClientHint {
        let kind = if self.is_cli() {
            ClientKind::Cli
        } else if self.is_control_ui(dialect) || self.is_webchat() {
            ClientKind::ControlUi
        } else if self.mode == "node" {
            ClientKind::Node
        } else {
            ClientKind::Other
        };
        ClientHint { kind, local }
    }

    pub(super) fn to_json(&self) -> Value {
        serde_json::to_value(self).unwrap_or_else(|_| json!({}))
    }
}
