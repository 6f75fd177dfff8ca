//! What a change of the file means for a running gateway: nothing, something to apply live, or a restart
//! (cli spec section 4.7; here more applies live than in the original).

use serde_json::Value;

use crate::edit::diff;
use crate::gateway::ReloadMode;

/// A part of the gateway that can take new settings while it runs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// Auth mode, token, password, Tailscale, trusted-proxy settings, identity scopes, rate limit.
    Auth,
    /// Addresses of reverse proxies and what is believed of them.
    TrustedProxies,
    /// The browser interface and the origins it may be loaded from.
    ControlUi,
    /// Levels, styles and redaction of logs.
    Logging,
    /// Pairing and commands of nodes.
    Nodes,
    /// HTTP endpoints, headers, tools over HTTP.
    Http,
    /// Named operator roles.
    Roles,
    /// Limits and names that the gateway reads when it next needs them.
    Misc,
    /// The channel health monitor.
    HealthMonitor,
    /// HTTP hooks.
    Hooks,
    /// The mail watcher.
    Gmail,
    /// Heartbeats and the models they use.
    Heartbeat,
    /// Scheduled jobs.
    Cron,
    /// Browser control.
    Browser,
    /// One channel, by id.
    Channel(String),
    /// Values that other parts refer to (`env`, `secrets`): everything that resolves them looks again.
    Secrets,
}

/// What one changed key asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// It is read on next use.
    None,
    /// This part takes the new settings.
    Live(Part),
    /// The gateway has to restart.
    Restart,
}

impl Action {
    /// `none`, `live` or `restart`.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Live(_) => "live",
            Self::Restart => "restart",
        }
    }
}

/// What the gateway should do about a change, given `gateway.reload.mode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Nothing to do.
    Nothing,
    /// Apply the live parts.
    Apply,
    /// Restart: it takes everything with it.
    Restart,
    /// Apply the live parts; the rest needs a restart that the mode forbids. Say which keys wait.
    ApplyAndWait,
    /// The mode forbids any reaction.
    Disabled,
}

/// The difference between two configurations, sorted by what it asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Every changed path, in the order of the new file.
    pub changed_paths: Vec<String>,
    /// The parts that take new settings, without repetition.
    pub live: Vec<Part>,
    /// The changed paths that need a restart.
    pub restart_paths: Vec<String>,
}

impl Plan {
    /// Whether any changed path needs a restart.
    #[must_use]
    pub fn restart(&self) -> bool {
        !self.restart_paths.is_empty()
    }

    /// Whether nothing changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changed_paths.is_empty()
    }

    /// What to do under a reload mode.
    #[must_use]
    pub fn decide(&self, mode: ReloadMode) -> Decision {
        match mode {
            _ if self.is_empty() => Decision::Nothing,
            ReloadMode::Off => Decision::Disabled,
            ReloadMode::Restart => {
                if self.restart() || !self.live.is_empty() {
                    Decision::Restart
                } else {
                    Decision::Nothing
                }
            }
            ReloadMode::Hybrid if self.restart() => Decision::Restart,
            ReloadMode::Hot if self.restart() => Decision::ApplyAndWait,
            _ if self.live.is_empty() => Decision::Nothing,
            _ => Decision::Apply,
        }
    }
}

/// Compares two resolved configurations ([`crate::Loaded::value`]).
#[must_use]
pub fn plan(old: &Value, new: &Value) -> Plan {
    let mut plan = Plan::default();
    for path in diff::changed(old, new) {
        let keys: Vec<&str> = path
            .0
            .iter()
            .filter_map(|s| match s {
                crate::keypath::Segment::Key(k) => Some(k.as_str()),
                crate::keypath::Segment::Index(_) => None,
            })
            .collect();
        let text = path.to_string();
        match action_of(&keys) {
            Action::None => {}
            Action::Live(part) => {
                if !plan.live.contains(&part) {
                    plan.live.push(part);
                }
            }
            Action::Restart => plan.restart_paths.push(text.clone()),
        }
        plan.changed_paths.push(text);
    }
    plan
}

/// What a change at a path asks for: the longest matching prefix of the table decides.
#[must_use]
pub fn action_of(keys: &[&str]) -> Action {
    let live = |part| Action::Live(part);
    match keys {
        ["gateway", "remote" | "reload", ..] => Action::None,
        ["gateway", "auth", ..] => live(Part::Auth),
        ["gateway", "trustedProxies" | "allowRealIpFallback", ..] => live(Part::TrustedProxies),
        ["gateway", "controlUi", ..] => live(Part::ControlUi),
        ["gateway", "publicOrigin", ..] => live(Part::ControlUi),
        ["gateway", "nodes", ..] => live(Part::Nodes),
        ["gateway", "http" | "tools", ..] => live(Part::Http),
        ["gateway", "roles", ..] => live(Part::Roles),
        ["gateway", "cliAgents" | "terminal", ..] => live(Part::Misc),
        [
            "gateway",
            "channelHealthCheckMinutes" | "channelStaleEventThresholdMinutes" | "channelMaxRestartsPerHour",
            ..,
        ] => live(Part::HealthMonitor),
        ["logging", ..] => live(Part::Logging),
        ["hooks", "gmail", ..] => live(Part::Gmail),
        ["hooks", ..] => live(Part::Hooks),
        ["agents", "defaults", "heartbeat" | "model" | "models", ..]
        | ["models", ..]
        | ["agent", "heartbeat", ..] => live(Part::Heartbeat),
        ["cron", ..] => live(Part::Cron),
        ["browser", ..] => live(Part::Browser),
        ["web", ..] => live(Part::Channel("whatsapp".to_owned())),
        // Settings for all channels are read when a message comes in.
        ["channels", "defaults" | "modelByChannel", ..] => Action::None,
        ["channels", id, ..] => live(Part::Channel((*id).to_owned())),
        ["secrets" | "env", ..] => live(Part::Secrets),
        [
            "$schema" | "meta" | "identity" | "wizard" | "diagnostics" | "agents" | "agent" | "tools"
            | "bindings" | "audio" | "routing" | "messages" | "session" | "talk" | "skills" | "commands"
            | "approvals" | "auth" | "broadcast" | "media" | "memory" | "mcp" | "acp" | "ui" | "tui" | "cli"
            | "update" | "nodeHost",
            ..,
        ] => Action::None,
        // Port, bind, TLS, Tailscale, mode, discovery, plugins, and everything nobody has thought about.
        _ => Action::Restart,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn actions() {
        use Action::{Live, None, Restart};
        let table: [(&str, Action); 16] = [
            ("gateway.auth.token", Live(Part::Auth)),
            ("gateway.auth.rateLimit.maxAttempts", Live(Part::Auth)),
            ("gateway.controlUi.allowedOrigins", Live(Part::ControlUi)),
            ("gateway.trustedProxies", Live(Part::TrustedProxies)),
            ("gateway.port", Restart),
            ("gateway.bind", Restart),
            ("gateway.tls.enabled", Restart),
            ("gateway.mode", Restart),
            ("gateway.somethingNew", Restart),
            ("gateway.remote.url", None),
            ("gateway.reload.mode", None),
            ("logging.level", Live(Part::Logging)),
            ("channels.telegram.botToken", Live(Part::Channel("telegram".into()))),
            ("agents.defaults.workspace", None),
            ("agents.defaults.model.primary", Live(Part::Heartbeat)),
            ("plugins.entries.x", Restart),
        ];
        for (path, want) in table {
            assert_eq!(action_of(&path.split('.').collect::<Vec<_>>()), want, "{path}");
        }
    }

    #[test]
    fn plans_and_decisions() {
        let old = json!({"gateway": {"port": 1, "auth": {"token": "a"}}, "meta": {"x": 1}});
        let cases = [
            (
                json!({"gateway": {"port": 1, "auth": {"token": "a"}}, "meta": {"x": 1}}),
                [Decision::Nothing; 4],
            ),
            (
                json!({"gateway": {"port": 1, "auth": {"token": "a"}}, "meta": {"x": 2}}),
                [Decision::Nothing, Decision::Nothing, Decision::Nothing, Decision::Disabled],
            ),
            (
                json!({"gateway": {"port": 1, "auth": {"token": "b"}}, "meta": {"x": 1}}),
                [Decision::Apply, Decision::Apply, Decision::Restart, Decision::Disabled],
            ),
            (
                json!({"gateway": {"port": 2, "auth": {"token": "b"}}, "meta": {"x": 1}}),
                [Decision::Restart, Decision::ApplyAndWait, Decision::Restart, Decision::Disabled],
            ),
        ];
        for (new, want) in cases {
            let plan = plan(&old, &new);
            let got = [ReloadMode::Hybrid, ReloadMode::Hot, ReloadMode::Restart, ReloadMode::Off]
                .map(|m| plan.decide(m));
            assert_eq!(got, want, "{new}");
        }
        let plan = plan(&old, &json!({"gateway": {"port": 2}}));
        assert_eq!(plan.changed_paths, ["gateway.port", "gateway.auth.token", "meta.x"]);
        assert_eq!(plan.restart_paths, ["gateway.port"]);
        assert_eq!(plan.live, [Part::Auth]);
    }
}
