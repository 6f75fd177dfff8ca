//! The devices on the disk: the database and its readable view, and what was set aside (F-05, ruling 24).

use std::path::Path;

use serde_json::Value;

use crate::facts::{Facts, Gateway};
use crate::finding::Finding;
use crate::repair::Repair;

pub(super) const ID: &str = "device-store";
pub(super) const WHAT: &str = "Device records";

pub(super) fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let local = &facts.local;
    let mut findings = Vec::new();
    if let Some(why) = &local.database {
        let file = facts.short(&facts.paths.database());
        let fact = format!("{file} is damaged: {why}. The next start sets it aside and uses its backup");
        findings.push(Finding::blocking(ID, WHAT, fact).fix(facts.command("gateway restart")));
    }
    let running = matches!(facts.gateway, Gateway::Answers(_));
    if let (Some(why), false) = (&local.view, running) {
        let file = facts.short(&facts.paths.devices_dir().join("paired.json"));
        let fact = if local.has_database {
            format!(
                "{file}: {why}. The gateway keeps its own records; nothing is taken from the file, and a copy is kept"
            )
        } else {
            format!(
                "{file}: {why}. What can be read is taken over at the first start, the rest is kept beside it"
            )
        };
        findings.push(Finding::warning(ID, WHAT, fact).fix(facts.command("devices list")));
    }
    findings.extend(told(facts));
    for path in &local.set_aside {
        findings.push(set_aside(facts, path));
    }
    if findings.is_empty() {
        let count = facts.devices.paired.len();
        findings.push(Finding::ok(ID, WHAT, format!("{count} paired, nothing damaged or set aside")));
    }
    findings
}

fn set_aside(facts: &Facts<'_>, path: &Path) -> Finding {
    let fact = format!("{} was set aside by the gateway; what it says was not taken", facts.short(path));
    Finding::warning(ID, WHAT, fact).fix(facts.doctor_fix()).repair(Repair::Archive {
        path: path.to_path_buf(),
        folder: facts.paths.state_dir.join("quarantine"),
    })
}

/// What the running gateway tells of its store.
fn told(facts: &Facts<'_>) -> Vec<Finding> {
    let Some(devices) = facts.gateway.section("devices") else { return Vec::new() };
    let mut findings = Vec::new();
    for item in devices.get("setAside").and_then(Value::as_array).into_iter().flatten() {
        let text = |key: &str| item.get(key).and_then(Value::as_str).unwrap_or_default();
        let fact = format!("not taken from the view: {}: {}", text("record"), text("why"));
        findings.push(Finding::warning(ID, WHAT, fact).fix(facts.command("devices list")));
    }
    let trouble = devices.get("trouble").and_then(Value::as_object);
    for (part, why) in trouble.into_iter().flatten() {
        if let Some(why) = why.as_str() {
            findings.push(Finding::blocking(ID, WHAT, format!("the {part} cannot be written: {why}")));
        }
    }
    for device in devices.get("handEdited").and_then(Value::as_array).into_iter().flatten() {
        let text = |key: &str| device.get(key).and_then(Value::as_str).unwrap_or_default();
        let id = text("deviceId");
        let scopes: Vec<&str> = device
            .get("scopes")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let fact = format!("{} was given {} in paired.json", text("name"), scopes.join(", "));
        let plain = id.len() == 64 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        let undo = facts.command(&format!("devices undo {}", if plain { id } else { "<deviceId>" }));
        findings.push(Finding::ok(ID, WHAT, format!("{fact}; taken back with: {undo}")));
    }
    findings
}
