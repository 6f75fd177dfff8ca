//! Device tokens that this machine keeps from its gateway: those that cannot be valid any more are forgotten, and the
//! gateway hands out a new one at the next connection (C-09).

use crate::facts::{Facts, Source};
use crate::finding::Finding;
use crate::repair::Repair;

pub(super) const ID: &str = "device-tokens";
pub(super) const WHAT: &str = "Stored device tokens";

pub(super) fn check(facts: &Facts<'_>) -> Vec<Finding> {
    if facts.is_remote() {
        return vec![Finding::skipped(ID, WHAT, "gateway.mode is remote: that gateway knows")];
    }
    let own = &facts.local.own_device;
    if let Some(file) = &own.foreign_cache {
        let fact = format!("{} belongs to another device identity", facts.short(file));
        return vec![
            Finding::warning(ID, WHAT, fact)
                .fix(facts.doctor_fix())
                .repair(Repair::SetAside { path: file.clone() }),
        ];
    }
    if own.tokens.is_empty() {
        return vec![Finding::ok(ID, WHAT, "none")];
    }
    if facts.devices.source == Source::Nowhere {
        return vec![Finding::skipped(ID, WHAT, "no list of devices to hold them against")];
    }
    let device = own.id.as_ref().and_then(|id| facts.devices.device(id));
    let mut findings = Vec::new();
    for token in &own.tokens {
        let role = token.role.as_str();
        let why = match device {
            None => Some("this machine is not paired with the gateway any more".to_owned()),
            Some(device) if device.revoked.iter().any(|revoked| revoked == role) => {
                Some(format!("the role {role} was revoked"))
            }
            Some(device) if !device.roles.iter().any(|has| has == role) => {
                Some(format!("this machine is not paired as {role}"))
            }
            Some(device)
                if role == "operator" && device.rotated_at.is_some_and(|at| at > token.updated_at) =>
            {
                Some("the token was rotated since".to_owned())
            }
            Some(_) => None,
        };
        if let Some(why) = why {
            findings.push(
                Finding::warning(ID, WHAT, format!("the {role} token is stale: {why}"))
                    .fix(facts.doctor_fix())
                    .repair(Repair::ForgetToken { file: token.file.clone(), role: token.role }),
            );
        }
    }
    if findings.is_empty() {
        let roles: Vec<&str> = own.tokens.iter().map(|token| token.role.as_str()).collect();
        findings.push(Finding::ok(ID, WHAT, format!("{} – not older than the pairing", roles.join(", "))));
    }
    findings
}
