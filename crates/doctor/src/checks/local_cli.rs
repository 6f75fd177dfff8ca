//! This machine's own command line as a device: an owner's machine is never left with part of what an operator may do
//! (G5-1, G5-7).

use openclaw_protocol::scope::ScopeSet;

use crate::facts::{Facts, Source};
use crate::finding::Finding;
use crate::repair::Repair;

pub(super) const ID: &str = "local-cli-scopes";
pub(super) const WHAT: &str = "This machine's CLI";

pub(super) fn check(facts: &Facts<'_>) -> Vec<Finding> {
    if facts.is_remote() {
        return vec![Finding::skipped(ID, WHAT, "gateway.mode is remote: that gateway knows")];
    }
    let own = &facts.local.own_device;
    if let Some(why) = &own.damaged {
        let file = facts.short(&facts.paths.identity_dir().join("device.json"));
        return vec![
            Finding::warning(ID, WHAT, format!("{file} cannot be used: {why}"))
                .advice("move the file away; a new identity is made, and pairs by itself on this machine"),
        ];
    }
    let Some(id) = &own.id else {
        return vec![Finding::ok(ID, WHAT, "has no device identity yet; it pairs by itself")];
    };
    if facts.devices.source == Source::Nowhere {
        return vec![Finding::skipped(ID, WHAT, "no list of devices to look in")];
    }
    let short = id.short();
    let Some(device) = facts.devices.device(id) else {
        return vec![Finding::ok(ID, WHAT, format!("device {short} is not paired yet; it pairs by itself"))];
    };
    if device.revoked.iter().any(|role| role == "operator") {
        return vec![
            Finding::warning(
                ID,
                WHAT,
                format!("the operator role of device {short} (this machine's CLI) was revoked"),
            )
            .fix(facts.command("devices list")),
        ];
    }
    if !device.roles.iter().any(|role| role == "operator") {
        return vec![Finding::ok(
            ID,
            WHAT,
            format!("device {short} is paired as {}", device.roles.join(", ")),
        )];
    }
    let missing = ScopeSet::full_operator().beyond(&device.scopes);
    if missing.is_empty() {
        return vec![Finding::ok(ID, WHAT, format!("device {short} may do everything an operator may"))];
    }
    let fact = format!(
        "device {short} (this machine's CLI) has {} only; an operator has {} too",
        device.scopes.in_words(),
        missing.in_words()
    );
    vec![
        Finding::warning(ID, WHAT, fact)
            .fix(facts.doctor_fix())
            .repair(Repair::LocalDevice { device: id.clone() }),
    ]
}
