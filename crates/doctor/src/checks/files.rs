//! Modes and owners of the files that hold secrets or decide who may do what (G1-5, N-07).

use crate::facts::{Facts, FileFact, Gateway};
use crate::finding::Finding;
use crate::repair::Repair;

pub(super) const ID: &str = "state-integrity";
pub(super) const WHAT: &str = "Files";

pub(super) fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let files = &facts.local.files;
    let mut findings: Vec<Finding> = files.iter().filter_map(|file| one(facts, file)).collect();
    if findings.is_empty() {
        let state = facts.short(&facts.paths.state_dir);
        let fact = if files.is_empty() {
            format!("{state} does not exist yet")
        } else {
            format!("{state} and what is in it belong to this account and are closed to others")
        };
        findings.push(Finding::ok(ID, WHAT, fact));
    }
    findings
}

fn one(facts: &Facts<'_>, file: &FileFact) -> Option<Finding> {
    let name = facts.short(&file.path);
    if !file.trusted {
        let fact = format!(
            "{name} belongs to uid {}, which is not trusted here; nothing is believed that stands in it",
            file.uid
        );
        return Some(Finding::blocking(ID, WHAT, fact).advice(format!(
            "look at it, then give it back: chown {} {}",
            facts.local.uid,
            word(&name)
        )));
    }
    if !file.is_loose() {
        return None;
    }
    let what =
        if file.is_writable_by_others() { "can be changed by others" } else { "can be read by others" };
    let fact = format!("{name} {what} (mode {:04o}, should be {:04o})", file.mode, file.mode & file.allowed);
    let finding = Finding::warning(ID, WHAT, fact);
    // A file that is kept elsewhere may be open to a group on purpose, which would be locked out of it.
    if !file.path.starts_with(&facts.paths.state_dir) {
        let to = file.mode & file.allowed;
        return Some(finding.advice(format!("if nobody else needs it: chmod {to:04o} {}", word(&name))));
    }
    let finding = finding.fix(facts.doctor_fix());
    Some(finding.repair(Repair::Mode {
        path: file.path.clone(),
        from: file.mode,
        to: file.mode & file.allowed,
        // What a stranger wrote into the view must be looked at before its mode makes it believable (ruling 25).
        view_first: is_view(facts, file) && !matches!(facts.gateway, Gateway::Answers(_)),
    }))
}

/// The readable view, or a folder on the way to it, that others may write to.
fn is_view(facts: &Facts<'_>, file: &FileFact) -> bool {
    file.is_writable_by_others() && facts.paths.devices_dir().join("paired.json").starts_with(&file.path)
}

/// A path that means only itself to a shell, or a placeholder.
fn word(path: &str) -> &str {
    let plain = path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_./~".contains(&byte));
    if plain && !path.starts_with('-') { path } else { "<file>" }
}
