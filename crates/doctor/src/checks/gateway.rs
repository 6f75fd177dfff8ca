//! The gateway of this state directory: it runs, answers its owner, and has the configuration in force that is on the
//! disk.

use serde_json::Value;

use crate::facts::{Facts, Gateway};
use crate::finding::Finding;

pub(super) const ID: &str = "gateway-health";
pub(super) const WHAT: &str = "Gateway";

pub(super) fn check(facts: &Facts<'_>) -> Vec<Finding> {
    match &facts.gateway {
        Gateway::Stopped if facts.is_remote() => {
            vec![Finding::ok(ID, WHAT, "gateway.mode is remote: none has to run here")]
        }
        Gateway::Unasked => vec![Finding::skipped(ID, WHAT, "not asked")],
        Gateway::Stopped => vec![
            Finding::warning(ID, WHAT, "not running; nobody can connect")
                .fix(facts.command("gateway start"))
                .cause("C-20"),
        ],
        Gateway::Silent(why) => vec![
            Finding::blocking(ID, WHAT, format!("runs and does not answer its owner: {why}"))
                .fix(facts.command("gateway restart")),
        ],
        Gateway::Answers(_) => answers(facts),
    }
}

fn answers(facts: &Facts<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let told = facts.gateway.text("stateDir").unwrap_or_default();
    if !told.is_empty() && std::path::Path::new(told) != facts.paths.state_dir {
        let own = facts.short(&facts.paths.state_dir);
        let fact = format!("the gateway that answers works on {told}, these commands on {own}");
        findings.push(Finding::blocking(ID, WHAT, fact).fix(facts.command("gateway restart")));
    }
    let configuration = facts.gateway.section("configuration");
    let in_force = configuration.and_then(|section| section.get("inForce")).and_then(Value::as_bool);
    if in_force == Some(false) {
        findings.push(
            Finding::warning(ID, WHAT, "the configuration on the disk is not the one in force")
                .fix(facts.command("gateway restart")),
        );
    }
    let failing = facts.gateway.section("gateway").and_then(|section| section.get("failing")).cloned();
    for what in failing.iter().filter_map(Value::as_array).flatten().filter_map(Value::as_str) {
        findings.push(Finding::warning(ID, WHAT, format!("{what} does not work")));
    }
    if findings.is_empty() {
        let pid = facts.gateway.section("gateway").and_then(|section| section.get("pid")?.as_u64());
        let pid = pid.map(|pid| format!(" (pid {pid})")).unwrap_or_default();
        findings.push(Finding::ok(ID, WHAT, format!("runs and answers{pid}")));
    }
    findings
}
