//! `security audit` (cli §14): settings and files that let in more than the owner may think. Exit code 1 when something
//! is critical, for CI.

use std::time::Duration;

use openclaw_doctor::audit::{self, Facts, Report, Severity};
use serde_json::json;

use crate::args::status::{AuditArgs, SecurityArgs, SecurityCommand};
use crate::context::Context;
use crate::failure::{EXIT_FAILED, Failure, Outcome};
use crate::look::{Survey, Wishes, trouble};
use crate::numbers;
use crate::ui::{Style, Ui, time};

/// Milliseconds for any one part of the look.
const TIMEOUT_MS: u64 = 10_000;

/// `--json` was given.
pub(crate) fn wants_json(args: &SecurityArgs) -> bool {
    matches!(&args.command, Some(SecurityCommand::Audit(audit)) if audit.json)
}

/// Runs the verb.
pub(crate) async fn run(context: &Context, ui: &mut Ui, args: &SecurityArgs) -> Outcome {
    match &args.command {
        Some(SecurityCommand::Audit(audit)) => audit_verb(context, ui, audit).await,
        // The grammar has answered this.
        None => Ok(0),
    }
}

async fn audit_verb(context: &Context, ui: &mut Ui, args: &AuditArgs) -> Outcome {
    let timeout = numbers::positive("--timeout <ms>", args.reach.timeout.as_deref(), TIMEOUT_MS)?;
    let wishes = Wishes { probe: args.deep, deep: args.deep, patience: Duration::from_millis(timeout) };
    let survey = Survey::gather(context, &args.reach, wishes).await?;
    let mut report = report(context, &survey);
    if let Some(miss) = survey.probe.as_ref().and_then(|probe| probe.missed()) {
        let fix = miss.failure.fix_command().map(str::to_owned);
        let detail = format!("What a stranger meets could not be seen: {}", miss.failure.message());
        report.push("gateway.probe_failed", Severity::Warn, "The gateway was not reached", detail, fix);
    }
    if args.json {
        ui.json(&document(&report, &survey));
    } else {
        ui.styled(Style::Heading, "OpenClaw security audit");
        print(ui, &report, Severity::Info);
        if args.fix {
            ui.note(format!(
                "Nothing was changed: repairs are made by `{}`.",
                context.vantage().openclaw("doctor --fix")
            ));
        }
    }
    if report.is_critical() { Err(Failure::shown(EXIT_FAILED)) } else { Ok(0) }
}

/// The audit of what the survey saw.
pub(crate) fn report(context: &Context, survey: &Survey) -> Report {
    let definition = survey.service.as_ref().and_then(|service| service.definition.as_ref());
    let carries = definition.filter(|definition| definition.token().is_some());
    let loaded = context.config();
    let facts = Facts {
        paths: &context.paths,
        loaded: loaded.as_ref().ok().copied(),
        in_container: survey.setup.in_container,
        units_with_token: carries.map(|definition| definition.path.clone()).into_iter().collect(),
        log_file: trouble::log_file(context, &survey.owner),
        vantage: context.vantage().clone(),
    };
    audit::run(&facts, time::now_ms())
}

/// Summary and findings as the original prints them; findings below `least` are only counted.
pub(crate) fn print(ui: &mut Ui, report: &Report, least: Severity) {
    ui.line(format!("Summary: {}", report.summary()));
    for finding in report.findings.iter().filter(|finding| finding.severity >= least) {
        let style = match finding.severity {
            Severity::Critical => Style::Bad,
            Severity::Warn => Style::Warn,
            Severity::Info => Style::Dim,
        };
        let word = finding.severity.as_str().to_uppercase();
        ui.styled(style, format!("  {word} {}", finding.title));
        ui.line(format!("    {}", finding.detail));
        if let Some(fix) = &finding.remediation {
            ui.styled(Style::Command, format!("    Fix: {fix}"));
        }
    }
}

fn document(report: &Report, survey: &Survey) -> serde_json::Value {
    let mut document = report.json();
    if let Some(probe) = &survey.probe {
        let miss = probe.missed();
        document["deep"] = json!({
            "gateway": {
                "attempted": true,
                "url": probe.url,
                "ok": miss.is_none(),
                "error": miss.map(|miss| miss.failure.message()),
                "close": miss.and_then(|miss| miss.close.as_ref())
                    .map(|(code, reason)| json!({ "code": code, "reason": reason })),
            },
        });
    }
    document
}
