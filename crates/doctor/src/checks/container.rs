//! In a container every connection from outside comes through a bridge: why a browser on the same machine is not local
//! there (G2-2), and whether it can get in at all.

use openclaw_config::gateway::Bind;

use crate::facts::Facts;
use crate::finding::Finding;

pub(super) const ID: &str = "container";
pub(super) const WHAT: &str = "Container";

pub(super) fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let Some(container) = &facts.container else {
        return vec![Finding::ok(ID, WHAT, "none; addresses are as the clients have them")];
    };
    let bind = facts.loaded().and_then(|loaded| loaded.gateway.bind);
    if bind == Some(Bind::Loopback) {
        let fact = format!(
            "the gateway runs in a container ({}) and listens on its loopback only: a published port cannot reach it",
            container.runtime
        );
        return vec![Finding::warning(ID, WHAT, fact).fix(facts.command("config set gateway.bind lan"))];
    }
    let bridge = openclaw_os::host::default_gateway()
        .map(|address| format!(" and appear as {address}"))
        .unwrap_or_default();
    let fact = format!(
        "the gateway runs in a container ({}, {}): browsers of the host come through its bridge{bridge}, so each is approved once",
        container.runtime, container.evidence
    );
    vec![Finding::ok(ID, WHAT, fact)]
}
