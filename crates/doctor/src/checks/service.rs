//! The supervisor's unit: there, current, without secrets; and units that older products left behind (G5-3, G3-9).

use openclaw_service::audit::{Code, Level};
use openclaw_service::report::{Definition, Linger};
use openclaw_service::{Report, Status};

use crate::facts::{Facts, Gateway};
use crate::finding::Finding;
use crate::repair::Repair;

pub(super) const ID: &str = "gateway-services";
pub(super) const WHAT: &str = "Service";

pub(super) fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let Some(report) = facts.service else {
        return vec![Finding::skipped(ID, WHAT, "the supervisor was not asked")];
    };
    let mut findings = others(facts, report);
    findings.extend(own(facts, report));
    if findings.is_empty() {
        findings.push(Finding::ok(ID, WHAT, in_order(report)));
    }
    findings
}

fn in_order(report: &Report) -> String {
    match (&report.unusable, report.installed) {
        (Some(why), _) => format!("{} is not used here: {why}", report.manager.label()),
        (None, false) => "not installed; the gateway runs when somebody starts it".to_owned(),
        (None, true) => format!("{} is current and holds no secret", report.name),
    }
}

fn own(facts: &Facts<'_>, report: &Report) -> Vec<Finding> {
    let mut findings = Vec::new();
    if !report.installed || report.unusable.is_some() {
        return findings;
    }
    // What needs the owner's yes comes first: the unit is written once.
    let lost = report.definition.as_ref().map(Definition::variables_of_others).unwrap_or_default();
    let mut issues: Vec<_> = report.issues.iter().collect();
    // Nor is the original's service taken over by the way.
    let needs_yes =
        |code: Code| matches!(code, Code::TokenEmbedded | Code::TokenMismatch | Code::EntrypointMismatch);
    let takes_over = report.issues.iter().any(|issue| issue.code == Code::EntrypointMismatch);
    issues.sort_by_key(|issue| !needs_yes(issue.code));
    for issue in issues {
        let detail = issue.detail.as_deref().map(|detail| format!(" ({detail})")).unwrap_or_default();
        let finding = Finding::warning(ID, WHAT, format!("{}: {}{detail}", report.name, issue.message));
        let asks = needs_yes(issue.code) || takes_over || !lost.is_empty();
        let forced = issue.level == Level::Aggressive;
        let words = match (forced, asks) {
            (true, _) => "doctor --fix --force",
            (false, true) => "doctor --fix --yes",
            (false, false) => "doctor --fix",
        };
        findings.push(finding.fix(facts.command(words)).repair(Repair::RewriteUnit {
            name: report.name.clone(),
            forced,
            asks,
        }));
    }
    let runs = matches!(facts.gateway, Gateway::Answers(_) | Gateway::Silent(_));
    if report.runtime.status == Status::Stopped && !runs {
        findings.push(
            Finding::warning(ID, WHAT, format!("{} is installed and does not run", report.name))
                .fix(facts.command("gateway start"))
                .repair(Repair::StartService),
        );
    }
    if report.linger == Linger::Disabled {
        findings.push(
            Finding::warning(ID, WHAT, format!("{} ends when this account logs out", report.name))
                .fix("loginctl enable-linger"),
        );
    }
    findings
}

/// Services that are not this gateway's own. Only those of former products are retired, and only with consent.
fn others(facts: &Facts<'_>, report: &Report) -> Vec<Finding> {
    report
        .extra
        .iter()
        .map(|extra| {
            let command = extra.cleanup(facts.local.uid).into_iter().next();
            if extra.legacy {
                let fact =
                    format!("{} is left over from an older product and may hold the port", extra.line());
                let finding =
                    Finding::warning(ID, WHAT, fact).repair(Repair::RetireLegacy { extra: extra.clone() });
                return finding.fix(facts.command("doctor --fix --yes"));
            }
            let finding = Finding::warning(ID, WHAT, format!("{} runs a gateway too", extra.line()));
            match command {
                Some(command) => finding.advice(format!("if it is not wanted: {command}")),
                None => finding,
            }
        })
        .collect()
}
