//! The running gateway and this command are the same version.

use openclaw_protocol::words::escape;

use crate::facts::{Facts, Gateway};
use crate::finding::Finding;

pub(super) const ID: &str = "versions";
pub(super) const WHAT: &str = "Versions";

pub(super) fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let Some(running) = facts.gateway.text("version") else {
        return vec![match &facts.gateway {
            Gateway::Stopped => {
                Finding::ok(ID, WHAT, format!("this command is {}; no gateway runs here", facts.version))
            }
            _ => Finding::skipped(ID, WHAT, "the gateway did not tell its version"),
        }];
    };
    if running == facts.version {
        return vec![Finding::ok(ID, WHAT, format!("gateway and command are {running}"))];
    }
    let fact = format!("the gateway is {}, this command is {}", escape(running, 40), facts.version);
    vec![Finding::warning(ID, WHAT, fact).fix(facts.command("gateway restart"))]
}
