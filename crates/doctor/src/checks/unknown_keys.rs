//! Keys that no version has. They are kept, whatever happens (D-04, F-09).

use openclaw_config::IssueKind;

use crate::facts::Facts;
use crate::finding::Finding;

pub(super) const ID: &str = "unknown-config-keys";
pub(super) const WHAT: &str = "Unknown configuration keys";

/// Keys told one by one.
const TOLD: usize = 20;

pub(super) fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let Some(loaded) = facts.loaded() else {
        return vec![Finding::skipped(ID, WHAT, "the configuration cannot be read")];
    };
    let unknown: Vec<_> = loaded.issues.iter().filter(|issue| issue.kind == IssueKind::UnknownKey).collect();
    if unknown.is_empty() {
        return vec![Finding::ok(ID, WHAT, "none")];
    }
    let more = unknown.len().saturating_sub(TOLD);
    let mut findings: Vec<Finding> = unknown
        .into_iter()
        .take(TOLD)
        .map(|issue| {
            let place = issue.line.map(|line| format!(" (line {line})")).unwrap_or_default();
            let hint = issue.hint.as_deref().unwrap_or("The value is kept and has no effect.");
            Finding::warning(ID, WHAT, format!("{issue}{place}. {hint}")).at(&issue.path, issue.line)
        })
        .collect();
    if more > 0 {
        findings.push(Finding::warning(ID, WHAT, format!("and {more} more")));
    }
    findings
}
