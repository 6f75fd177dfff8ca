//! `openclaw doctor` (acceptance list §11, cli §10): every check in one line, and with `--fix` the repairs that lose
//! nothing and weaken nothing. The checks are the crate `openclaw-doctor`'s; here they are given facts, and printed.

mod facts;
pub(crate) mod generate;
mod mend;
mod services;
#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

use openclaw_doctor::{Check, Finding, Severity};
use serde_json::{Value, json};

use self::mend::Mended;
use crate::args::doctor::DoctorArgs;
use crate::args::reach::ReachArgs;
use crate::commands::path_test;
use crate::context::Context;
use crate::failure::{EXIT_FAILED, Failure, Outcome};
use crate::numbers;
use crate::reach::Inputs;
use crate::ui::{Style, Ui};

/// Milliseconds for any one part of looking: two seconds are promised for all of it (D-01).
const PATIENCE_MS: u64 = 800;
/// Milliseconds for each hop on the way to another machine's gateway.
const HOP_PATIENCE_MS: u64 = 3000;

/// Runs the checks, mends if that was asked, and ends with 1 when something blocking remains (ruling 37).
pub(crate) async fn run(context: &Context, ui: &mut Ui, args: &DoctorArgs) -> Outcome {
    if args.url.is_some() {
        let reach = ReachArgs {
            url: args.url.clone(),
            token: args.token.clone(),
            password: args.password.clone(),
            timeout: args.timeout.clone(),
            port: None,
        };
        return path_test::run(context, ui, &reach, args.json).await;
    }
    if args.generate_gateway_token && !args.fix {
        let wish = generate::Wish {
            origin: "doctor --generate-gateway-token",
            replace: args.force,
            json: args.json,
        };
        return generate::run(context, ui, wish).await;
    }
    known_checks(args)?;
    let begun = Instant::now();
    let patience = numbers::positive("--timeout <ms>", args.timeout.as_deref(), PATIENCE_MS)?;
    let patience = Duration::from_millis(patience);
    if args.generate_gateway_token {
        // Both flags together, as the current generation hints: first the token, then everything else.
        let wish =
            generate::Wish { origin: "doctor --generate-gateway-token", replace: args.force, json: false };
        if !args.json {
            generate::run(context, ui, wish).await?;
        } else {
            generate::quietly(context, wish)?;
        }
    }
    let context = context.again();
    let looked = facts::look(&context, args, patience).await?;
    let found = looked.findings(&context, |check| wanted(args, check));
    if !args.fix {
        if args.json {
            ui.json(&document(&context, &found, None, begun));
        } else {
            print(ui, &found, args.deep);
            conclude(&context, ui, &found);
        }
        let outcome = exit(&found);
        return if args.json { outcome } else { outcome.and(way(&context, ui, args).await) };
    }
    if !args.json {
        print(ui, &found, args.deep);
    }
    let mended = mend::all(&context, ui, args, &found, looked.service()).await;
    // What is right now, not what was right before.
    let again = context.again();
    let now = match mended.iter().any(Mended::is_done) {
        true => facts::look(&again, args, patience).await?.findings(&again, |check| wanted(args, check)),
        false => found,
    };
    if args.json {
        ui.json(&document(&again, &now, Some(&mended), begun));
    } else {
        outcome(ui, &now, &mended);
    }
    exit(&now)
}

/// Where the gateway is another machine's, most of what can be wrong is on the way to it (G2-11).
async fn way(context: &Context, ui: &mut Ui, args: &DoctorArgs) -> Outcome {
    let timeout = args.timeout.clone().or_else(|| Some(HOP_PATIENCE_MS.to_string()));
    let reach = ReachArgs { timeout, ..ReachArgs::default() };
    let inputs = Inputs::gather(context, &reach)?;
    if !inputs.is_remote_mode() || inputs.config.remote.url.is_none() || !args.only.is_empty() {
        return Ok(0);
    }
    ui.line("");
    path_test::run(context, ui, &reach, false).await
}

fn wanted(args: &DoctorArgs, check: &Check) -> bool {
    let named = |list: &[String]| list.iter().any(|name| plain_id(name) == check.id);
    (args.only.is_empty() || named(&args.only)) && !named(&args.skip)
}

/// `core/doctor/gateway-auth` or `gateway-auth`.
fn plain_id(name: &str) -> &str {
    name.strip_prefix("core/doctor/").unwrap_or(name)
}

fn known_checks(args: &DoctorArgs) -> Result<(), Failure> {
    let unknown = args
        .only
        .iter()
        .chain(&args.skip)
        .find(|name| !openclaw_doctor::all().iter().any(|check| check.id == plain_id(name)));
    match unknown {
        None => Ok(()),
        Some(name) => {
            let ids: Vec<&str> = openclaw_doctor::all().iter().map(|check| check.id).collect();
            let name = openclaw_protocol::words::escape(name, 80);
            Err(Failure::new(format!("There is no check {name}.")).detail(format!("  {}", ids.join(", "))))
        }
    }
}

fn print(ui: &mut Ui, findings: &[Finding], all: bool) {
    for finding in findings {
        let style = match finding.severity {
            Severity::Skipped if !all => continue,
            Severity::Skipped => Style::Dim,
            Severity::Ok => Style::Good,
            Severity::Warning => Style::Warn,
            Severity::Blocking => Style::Bad,
        };
        ui.styled(style, finding.to_line());
    }
}

/// What to do next, when nothing was to be changed.
fn conclude(context: &Context, ui: &mut Ui, findings: &[Finding]) {
    let blocking = count(findings, Severity::Blocking);
    let warnings = count(findings, Severity::Warning);
    ui.line(match (blocking, warnings) {
        (0, 0) => "Nothing is wrong.".to_owned(),
        (0, warnings) => format!("Nothing is blocked; {}.", number(warnings, "warning")),
        (blocking, warnings) => {
            format!("{}, {}.", number(blocking, "blocking problem"), number(warnings, "warning"))
        }
    });
    if findings.iter().any(|finding| finding.repair.is_some()) {
        let command = context.hints(&ReachArgs::default()).local("doctor --fix");
        ui.line(format!("Run \"{command}\" to apply changes."));
    }
}

/// What is left after mending.
fn outcome(ui: &mut Ui, findings: &[Finding], mended: &[Mended]) {
    let done = mended.iter().filter(|each| each.is_done()).count();
    let failed = mended.len() - done;
    let mut line = match done {
        0 => "Nothing was changed.".to_owned(),
        done => format!("{} made.", number(done, "repair")),
    };
    if failed > 0 {
        line.push_str(&format!(" {} not made.", number(failed, "repair")));
    }
    ui.line(line);
    let blocking: Vec<&Finding> =
        findings.iter().filter(|finding| finding.severity == Severity::Blocking).collect();
    if !blocking.is_empty() {
        ui.line(format!("{} remain:", number(blocking.len(), "blocking problem")));
        for finding in blocking {
            ui.styled(Style::Bad, finding.to_line());
        }
    }
}

fn count(findings: &[Finding], severity: Severity) -> usize {
    findings.iter().filter(|finding| finding.severity == severity).count()
}

fn number(count: usize, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}

fn exit(findings: &[Finding]) -> Outcome {
    if count(findings, Severity::Blocking) == 0 { Ok(0) } else { Err(Failure::shown(EXIT_FAILED)) }
}

/// The document of the current generation (cli §10.3), with every line beside the findings.
fn document(context: &Context, findings: &[Finding], mended: Option<&[Mended]>, begun: Instant) -> Value {
    let checks = openclaw_doctor::all();
    let of = |check: &Check| findings.iter().filter(|finding| finding.check == check.id).collect::<Vec<_>>();
    let made = |check: &&Check| !of(check).is_empty();
    let skipped = |check: &&Check| {
        let found = of(check);
        !found.is_empty() && found.iter().all(|finding| finding.severity == Severity::Skipped)
    };
    let problems = findings.iter().filter(|finding| finding.severity >= Severity::Warning);
    let mut document = json!({
        "schemaVersion": 1,
        "ok": count(findings, Severity::Blocking) == 0,
        "checksRun": checks.iter().filter(made).count() - checks.iter().filter(skipped).count(),
        "checksSkipped": checks.iter().filter(skipped).count(),
        "findings": problems.map(Finding::json).collect::<Vec<_>>(),
        "checks": findings.iter().map(Finding::json).collect::<Vec<_>>(),
        "blocking": count(findings, Severity::Blocking),
        "warnings": count(findings, Severity::Warning),
        "durationMs": u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
    });
    if let Some(mended) = mended {
        document["repairs"] = mended.iter().map(|each| each.json(context)).collect();
    }
    document
}
