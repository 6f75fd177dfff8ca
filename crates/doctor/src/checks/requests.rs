//! Devices that wait for approval, new ones and paired ones that ask for more. Only the owner approves (D-04).

use crate::facts::{Devices, Facts};
use crate::finding::Finding;

pub(super) const ID: &str = "device-pairing";
pub(super) const WHAT: &str = "Pairing requests";

/// Requests told one by one.
const TOLD: usize = 5;

pub(super) fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let Devices { source, waiting, .. } = &facts.devices;
    if *source == crate::facts::Source::Nowhere {
        return vec![Finding::ok(ID, WHAT, "no device has been here yet")];
    }
    if waiting.is_empty() {
        return vec![Finding::ok(ID, WHAT, "nobody is waiting")];
    }
    let mut findings: Vec<Finding> = waiting
        .iter()
        .take(TOLD)
        .map(|request| {
            let what = if request.is_upgrade { "is paired and asks for more" } else { "is new and asks for" };
            let fact = format!("“{}” {what}: {} ({})", request.name, request.role, request.scopes.in_words());
            let id = request.id.as_str();
            let plain = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
            let id = if plain && !id.starts_with('-') { id } else { "<requestId>" };
            Finding::warning(ID, WHAT, fact).fix(facts.command(&format!("devices approve {id}")))
        })
        .collect();
    if waiting.len() > TOLD {
        let fact = format!("and {} more", waiting.len() - TOLD);
        findings.push(Finding::warning(ID, WHAT, fact).fix(facts.command("devices list")));
    }
    findings
}
