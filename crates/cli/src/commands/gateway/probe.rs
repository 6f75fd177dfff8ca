//! `gateway probe` (cli §6.4): every way this machine has to a gateway, tried as a client would try it, so that the
//! owner sees what others meet (ruling 27).

mod report;

use std::time::{Duration, Instant};

use openclaw_client::{Target, TargetInputs};
use openclaw_protocol::words::{Words, escape};
use serde_json::{Value, json};

use self::report::{Attempt, Report};
use crate::args::gateway::ProbeArgs;
use crate::context::Context;
use crate::failure::{EXIT_FAILED, Failure, Outcome};
use crate::look::owner::{self, OwnerView};
use crate::reach::{CallError, Connected, Gateway, Inputs, NotConnected, connect_looking, explain};
use crate::ui::{Ui, time};

/// Milliseconds for all of it, unless `--timeout` says otherwise.
const TIMEOUT_MS: u64 = 3000;
/// Most of that for the gateway of this machine.
const LOOPBACK: Duration = Duration::from_millis(800);
/// Most of that for any other.
const ELSEWHERE: Duration = Duration::from_millis(1500);

/// Tries the targets and prints what happened.
pub(super) async fn run(context: &Context, ui: &mut Ui, args: &ProbeArgs) -> Outcome {
    if args.ssh.is_some() || args.ssh_auto {
        return Err(Failure::new(
            "SSH tunnels are not opened by this version; open one yourself and probe its local end.",
        )
        .fix("ssh -N -L 18789:127.0.0.1:18789 <user@host>"));
    }
    let begun = Instant::now();
    let inputs = Inputs::gather(context, &args.reach)?;
    let budget = inputs.patience(TIMEOUT_MS)?;
    for line in inputs.config_problem.iter().flatten() {
        ui.note(line);
    }
    // First as the owner: that tells as what this machine may show itself at the door. A probe leaves no device behind.
    let owner = owner::ask(context, &inputs, LOOPBACK).await;
    let mut attempts = Vec::new();
    for (id, kind, target, most) in targets(&inputs)? {
        let left = budget.saturating_sub(begun.elapsed()).min(most).max(Duration::from_millis(50));
        attempts.push(attempt(context, &inputs, &owner, (id, kind, target, left)).await);
    }
    let owner_socket = match owner {
        OwnerView::Answers(_) => Ok(()),
        OwnerView::Absent => Err("The gateway of this machine does not run.".to_owned()),
        OwnerView::Failed { why, .. } => Err(why),
    };
    let report = Report {
        attempts,
        owner_socket,
        ts: time::now_ms(),
        duration_ms: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
        timeout_ms: u64::try_from(budget.as_millis()).unwrap_or(u64::MAX),
        local_url: TargetInputs { local_port: Some(inputs.local_port()), ..TargetInputs::default() }
            .resolve()
            .map(|target| target.shown())
            .unwrap_or_default(),
        tailnet: openclaw_os::host::tailnet_address().map(|address| address.to_string()),
        port: inputs.local_port(),
    };
    if args.json {
        ui.json(&report.json());
    } else {
        report.print(ui);
    }
    if report.reachable() { Ok(0) } else { Err(Failure::shown(EXIT_FAILED)) }
}

type Candidate = (&'static str, &'static str, Target, Duration);

/// The explicit address, the configured remote, and this machine, each once.
fn targets(inputs: &Inputs<'_>) -> Result<Vec<Candidate>, Failure> {
    let all = inputs.target();
    let mut found: Vec<Candidate> = Vec::new();
    let explicit = TargetInputs { remote_mode: false, ..all.clone() };
    if all.cli_url.is_some() || all.env_url.is_some_and(|url| !url.trim().is_empty()) {
        let target = explicit.resolve().map_err(|error| Failure::new(error.to_string()))?;
        found.push(("explicit", "explicit", target, ELSEWHERE));
    }
    if all.remote_url.is_some_and(|url| !url.trim().is_empty()) {
        let remote =
            TargetInputs { cli_url: None, cli_port: None, env_url: None, remote_mode: true, ..all.clone() };
        let target = remote.resolve().map_err(|error| Failure::new(error.to_string()))?;
        found.push(("configRemote", "configRemote", target, ELSEWHERE));
    }
    let local = TargetInputs { cli_url: None, env_url: None, remote_mode: false, ..all };
    let target = local.resolve().map_err(|error| Failure::new(error.to_string()))?;
    found.push(("localLoopback", "localLoopback", target, LOOPBACK));
    Ok(found)
}

async fn attempt(
    context: &Context,
    inputs: &Inputs<'_>,
    owner: &OwnerView,
    (id, kind, target, budget): Candidate,
) -> Attempt {
    let begun = Instant::now();
    let mut attempt = Attempt::new(id, kind, target.shown());
    let known = owner.answers().filter(|_| target.source.is_this_machine());
    let known = known.and_then(|answers| answers.own_device.as_ref());
    match connect_looking(context, inputs, target, budget, known).await {
        Ok(mut gateway) => {
            attempt.latency_ms = Some(u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX));
            ask(&mut gateway, &mut attempt).await;
            Box::new(gateway).close().await;
        }
        Err(NotConnected::Attempt(error)) => {
            attempt.error = Some(error.sentence());
            attempt.fix = explain(&error, context, inputs).fix_command().map(str::to_owned);
            attempt.cause = Some(error.cause_id().to_owned());
            attempt.close = error.close().map(|close| (close.code, escape(&close.reason, 123)));
        }
        Err(NotConnected::Before(failure)) => attempt.error = Some(failure.message().to_owned()),
    }
    attempt
}

/// What a client asks first. A missing scope is no failure of the gateway.
async fn ask(gateway: &mut Connected, attempt: &mut Attempt) {
    let hello = gateway.client().hello();
    attempt.server_version = Some(Words::new(&hello.server_version).to_string());
    attempt.conn_id = Some(Words::new(&hello.conn_id).to_string());
    attempt.auth_method = hello.auth_method.as_deref().map(|method| Words::new(method).to_string());
    attempt.scopes = hello.scopes.clone();
    for method in ["health", "status", "system-presence", "config.get"] {
        match gateway.call(method, json!({})).await {
            Ok(answer) => match method {
                "health" => attempt.health = Some(answer),
                "status" => attempt.summary = Some(answer),
                "system-presence" => attempt.presence = Some(answer),
                _ => attempt.config = Some(without_values(&answer)),
            },
            Err(CallError::Refused(shape)) if shape.message.starts_with("missing scope") => {
                attempt.scope_limited.get_or_insert_with(|| Words::new(&shape.message).to_string());
            }
            Err(error) => {
                attempt.rpc_error.get_or_insert_with(|| Failure::from(error).message().to_owned());
            }
        }
    }
}

/// What the file is, not what it says: a probe is pasted into bug reports.
fn without_values(answer: &Value) -> Value {
    let keep = ["path", "exists", "valid", "issues", "legacyIssues", "warnings"];
    let kept = answer.as_object().into_iter().flatten().filter(|(name, _)| keep.contains(&name.as_str()));
    Value::Object(kept.map(|(name, value)| (name.clone(), value.clone())).collect())
}
