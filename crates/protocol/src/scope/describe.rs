//! Scopes in the words of people.

use super::Scope;

impl Scope {
    /// What holding the scope allows, as a phrase; `None` for scopes of nodes, which the node's owner names.
    #[must_use]
    pub fn description(&self) -> Option<&'static str> {
        Some(match self.as_str() {
            "operator.admin" => "Everything: settings, devices, tokens, and all that is below",
            "operator.read" => "Look: status, sessions, logs, and change nothing",
            "operator.write" => "Chat, run agents, use nodes; look as well",
            "operator.approvals" => "Decide about commands that ask before they run",
            "operator.pairing" => "See and decide who may come in",
            "operator.sessions.read" => "Look at sessions of its own",
            "operator.sessions.write" => "Work in sessions of its own",
            "operator.questions" => "Answer questions of agents",
            "operator.talk" => "Speak with agents",
            "operator.talk.secrets" => "Use the keys of voice services",
            _ => return None,
        })
    }
}
