//! The file parses, and every known key has a value of its kind (ruling 11).

use openclaw_config::{Issue, IssueKind, Severity};

use crate::facts::Facts;
use crate::finding::Finding;

pub(super) const ID: &str = "gateway-config";
pub(super) const WHAT: &str = "Configuration";

pub(super) fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let file = facts.short(&facts.paths.config_path);
    let issues = match facts.config {
        Ok(loaded) if !loaded.exists => {
            let fact = format!("{file} does not exist yet; the first start of the gateway writes it");
            return vec![
                Finding::warning(ID, WHAT, fact).fix(facts.command("doctor --generate-gateway-token")),
            ];
        }
        Ok(loaded) => loaded.issues.clone(),
        Err(error) => error.issues(),
    };
    // Unknown and old keys, placeholders and wide ranges have checks of their own.
    let elsewhere = [IssueKind::UnknownKey, IssueKind::Legacy, IssueKind::Placeholder, IssueKind::TooBroad];
    let findings: Vec<Finding> = issues
        .iter()
        .filter(|issue| issue.severity == Severity::Fatal || !elsewhere.contains(&issue.kind))
        .map(|issue| finding(facts, issue))
        .collect();
    if findings.is_empty() { vec![Finding::ok(ID, WHAT, format!("{file} is valid"))] } else { findings }
}

fn finding(facts: &Facts<'_>, issue: &Issue) -> Finding {
    let place = issue.line.map(|line| format!(" (line {line})")).unwrap_or_default();
    let consequence = match issue.severity {
        Severity::Fatal => "; the gateway does not start with it",
        Severity::PartOff => "; that part is switched off",
        Severity::Warning => "",
    };
    let hint = issue.hint.as_deref().map(|hint| format!(" {hint}")).unwrap_or_default();
    let fact = format!("{issue}{place}{consequence}.{hint}");
    let finding = match issue.severity {
        Severity::Fatal => Finding::blocking(ID, WHAT, fact),
        _ => Finding::warning(ID, WHAT, fact),
    };
    finding.fix(facts.command("config validate")).at(&issue.path, issue.line)
}
