//! Names of events and who may see them (auth-and-pairing §5.5). Unknown events go to nobody: that is stricter than
//! protocol 3 was and what protocol 4 does, and it holds for both.

use crate::{
    role::Role,
    scope::{Scope, ScopeSet},
};

/// Names of events, as the wire has them.
pub struct EventName;

macro_rules! names {
    ($($constant:ident = $name:literal),* $(,)?) => {
        impl EventName {
            $(#[doc = concat!("`", $name, "`")] pub const $constant: &'static str = $name;)*
        }
    };
}

names! {
    CONNECT_CHALLENGE = "connect.challenge",
    AGENT = "agent",
    CHAT = "chat",
    PRESENCE = "presence",
    TICK = "tick",
    SHUTDOWN = "shutdown",
    HEALTH = "health",
    HEARTBEAT = "heartbeat",
    CRON = "cron",
    CONFIG_CHANGED = "config.changed",
    SESSIONS_CHANGED = "sessions.changed",
    UPDATE_AVAILABLE = "update.available",
    GATEWAY_CONNECTIONS = "gateway.connections",
    GATEWAY_REFUSED = "gateway.refused",
    GATEWAY_SUSPENSION = "gateway.suspension",
    DEVICE_PAIR_REQUESTED = "device.pair.requested",
    DEVICE_PAIR_RESOLVED = "device.pair.resolved",
    DEVICE_PAIR_CHANGED = "device.pair.changed",
    DEVICE_PAIR_SETUP_COMPLETED = "device.pair.setup.completed",
    NODE_PAIR_REQUESTED = "node.pair.requested",
    NODE_PAIR_RESOLVED = "node.pair.resolved",
    NODE_PRESENCE = "node.presence",
    NODE_INVOKE_REQUEST = "node.invoke.request",
    NODE_INVOKE_CANCEL = "node.invoke.cancel",
    NODE_INVOKE_INPUT = "node.invoke.input",
    EXEC_APPROVAL_REQUESTED = "exec.approval.requested",
    EXEC_APPROVAL_RESOLVED = "exec.approval.resolved",
    VOICEWAKE_CHANGED = "voicewake.changed",
    TALK_MODE = "talk.mode",
}

/// Who may see a broadcast event.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum EventGuard {
    /// Every connection.
    Everyone,
    /// Operators that hold one of these scopes, or one that implies it.
    AnyOf(&'static [Scope]),
    /// Nobody: the event is not in the table, or is only ever sent to one connection.
    Nobody,
}

impl EventGuard {
    /// Whether a connection of that role and with those scopes may see the event.
    #[must_use]
    pub fn permits(&self, role: Role, scopes: &ScopeSet) -> bool {
        match self {
            Self::Everyone => true,
            Self::AnyOf(any) => role == Role::Operator && any.iter().any(|scope| scopes.satisfies(scope)),
            Self::Nobody => false,
        }
    }
}

const READ: &[Scope] = &[Scope::READ];
const READ_OR_SESSIONS: &[Scope] = &[Scope::READ, Scope::SESSIONS_READ];
const WRITE: &[Scope] = &[Scope::WRITE];
const APPROVALS: &[Scope] = &[Scope::APPROVALS];
const PAIRING: &[Scope] = &[Scope::PAIRING];
const QUESTIONS: &[Scope] = &[Scope::QUESTIONS];
const TALK: &[Scope] = &[Scope::TALK];
const ADMIN: &[Scope] = &[Scope::ADMIN];

/// Who may see an event when it is broadcast. Events that are sent to one connection on purpose
/// (`connect.challenge`, `node.invoke.*`) do not pass here.
#[must_use]
pub fn guard(event: &str) -> EventGuard {
    let any = EventGuard::AnyOf;
    match event {
        "health" | "heartbeat" | "shutdown" | "gateway.suspension" | "tick" | "update.available" => {
            EventGuard::Everyone
        }
        "chat" | "chat.metadata.changed" => any(READ_OR_SESSIONS),
        "agent"
        | "board.changed"
        | "board.command"
        | "progressCard.changed"
        | "ui.command"
        | "chat.send_timing"
        | "chat.side_result"
        | "cron"
        | "presence"
        | "talk.event"
        | "task"
        | "task.suggestion"
        | "config.changed"
        | "users.prefs.changed"
        | "mentions.changed"
        | "skills.changed"
        | "plugins.changed"
        | "voicewake.changed"
        | "voicewake.routing.changed"
        | "node.presence"
        | "node.hostStats"
        | "node.runnerInventory.changed"
        | "sessions.catalog.host"
        | "sessions.changed"
        | "controlUi.sessionPullRequests.changed"
        | "plugins.controlUi.changed"
        | "session.message"
        | "session.observer"
        | "session.operation"
        | "session.sharing"
        | "session.sharing.evidence"
        | "session.suggestion"
        | "session.typing"
        | "session.tool"
        | "portal.changed" => any(READ),
        "session.approval" => any(APPROVALS),
        // Ours.
        "gateway.connections" | "gateway.refused" => any(PAIRING),
        "talk.mode" | "talk.voice.change" => any(TALK),
        "update.run.changed" | "plugins.install.progress" | "terminal.data" | "terminal.exit" => any(ADMIN),
        _ => by_prefix(event),
    }
}

fn by_prefix(event: &str) -> EventGuard {
    const FAMILIES: [(&str, &[Scope]); 7] = [
        ("exec.approval.", APPROVALS),
        ("plugin.approval.", APPROVALS),
        ("openclaw.approval.", APPROVALS),
        ("question.", QUESTIONS),
        ("device.pair.", PAIRING),
        ("node.pair.", PAIRING),
        ("plugin.", WRITE),
    ];
    FAMILIES
        .iter()
        .find(|(prefix, _)| event.starts_with(prefix))
        .map_or(EventGuard::Nobody, |(_, scopes)| EventGuard::AnyOf(scopes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn visibility_by_role_and_scope() {
        let sees = |event: &str, role: Role, scopes: &[Scope]| {
            guard(event).permits(role, &scopes.iter().cloned().collect())
        };
        for (event, role, scopes, want) in [
            ("tick", Role::Node, &[][..], true),
            ("health", Role::Operator, &[], true),
            ("presence", Role::Operator, &[], false),
            ("presence", Role::Operator, &[Scope::WRITE], true),
            ("presence", Role::Node, &[], false),
            ("chat", Role::Operator, &[Scope::SESSIONS_READ], true),
            ("device.pair.requested", Role::Operator, &[Scope::WRITE], false),
            ("device.pair.requested", Role::Operator, &[Scope::PAIRING], true),
            ("device.pair.requested", Role::Operator, &[Scope::ADMIN], true),
            ("node.pair.resolved", Role::Node, &[], false),
            ("exec.approval.requested", Role::Operator, &[Scope::READ], false),
            ("plugin.approval.requested", Role::Operator, &[Scope::WRITE], false),
            ("plugin.weather", Role::Operator, &[Scope::WRITE], true),
            ("terminal.data", Role::Operator, &[Scope::WRITE], false),
            ("node.invoke.request", Role::Operator, &[Scope::ADMIN], false),
            ("something.new", Role::Operator, &[Scope::ADMIN], false),
        ] {
            assert_eq!(sees(event, role, scopes), want, "{event} {role} {scopes:?}");
        }
    }
}
