//! `gateway restart`: returns when the new gateway answers. Without a supervisor the process restarts in place: the
//! same process and the same listening socket, so that whoever knocks meanwhile waits instead of failing.

use std::time::{Duration, Instant};

use openclaw_gateway::lifecycle::port::describe;
use openclaw_os::port_owner::port_owner;
use openclaw_os::process::Ask;
use openclaw_service::running::Running;
use openclaw_service::{Depth, inspect};
use serde_json::{Map, json};

use super::answer::{self, Answering, Before};
use super::stop::held;
use super::{Service, Site, start};
use crate::args::service::RestartArgs;
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::ui::{Style, Ui};

/// How long the original waits for the new gateway.
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs the command.
pub(crate) async fn restart(
    context: &Context,
    ui: &mut Ui,
    args: &RestartArgs,
    port: Option<&str>,
) -> Outcome {
    let site = Site::new(context, "restart", args.json);
    let patience = args.wait.as_deref().map_or(Ok(PATIENCE), answer::duration)?;
    site.only_one_gateway()?;
    let began = Instant::now();
    let service = site.service();
    let running = site.running();
    match (&service, running) {
        (Service::Installed, running)
            if running.as_ref().is_none_or(|running| site.is_supervised(running)) =>
        {
            if let Some(lines) = site.obstacle() {
                return Err(refused(&site, &lines.join("\n")));
            }
            warn_of_old_token(&site, ui);
            let boot = answer::ask(&site).await.and_then(|answering| answering.boot);
            // The supervisor ends the old one before it starts the new one.
            let before = Before { boot, since: None };
            site.supervisor().restart().map_err(|error| start::did_not(&site, &error))?;
            let Some(found) = answer::wait(&site, &before, patience, || false).await else {
                return Err(timed_out(&site, patience));
            };
            let line = format!("Restarted {}", site.named());
            tell(&site, ui, vec![line], true, &found.0, found.1.as_ref(), began);
            Ok(0)
        }
        (_, Some(running)) => {
            let (lines, before) = in_place(&site, &running).await?;
            for line in lines.iter().filter(|_| !site.json) {
                ui.line(line);
            }
            ui.flush();
            let Some(found) = answer::wait(&site, &before, patience, || false).await else {
                return Err(timed_out(&site, patience));
            };
            let pid = found.1.as_ref().map_or(running.pid, |running| running.pid);
            let line = format!(
                "Restarted the gateway: OpenClaw {}, pid {pid}, after {} ms. It was started {}.",
                found.0.version,
                began.elapsed().as_millis(),
                running.started.words()
            );
            tell(
                &site,
                ui,
                vec![line],
                matches!(service, Service::Installed),
                &found.0,
                found.1.as_ref(),
                began,
            );
            Ok(0)
        }
        (_, None) => match Running::original_on(site.place.port) {
            Some(running) => original(&site, ui, &running),
            None => {
                if !site.json {
                    ui.note("No gateway was running; starting one.");
                }
                start::in_background(&site, ui, port, matches!(service, Service::Absent)).await
            }
        },
    }
}

/// Has the running gateway restart: asked over the owner socket, where it can say no and why; by signal where it
/// cannot be asked. Answers what to print, and which run it was.
async fn in_place(site: &Site<'_>, running: &Running) -> Result<(Vec<String>, Before), Failure> {
    let before = |boot: Option<String>| Before { boot, since: running.since.clone() };
    let sent = vec![site.sent(running)];
    let mut answering = answer::ask(site).await;
    if let Some(answering) = &mut answering {
        match answering.restart().await {
            Ok(true) => return Ok((sent, before(answering.boot.clone()))),
            Ok(false) => {}
            Err(why) => return Err(refused(site, &why)),
        }
    }
    let process = running.hold(&site.place.paths.state_dir).map_err(|error| held(site, running, &error))?;
    process.ask(Ask::Restart).map_err(|error| {
        site.failure(format!("Gateway restart failed: pid {} cannot be signalled: {error}.", running.pid))
    })?;
    Ok((sent, before(answering.and_then(|answering| answering.boot))))
}

/// The gateway stays as it is.
fn refused(site: &Site<'_>, why: &str) -> Failure {
    let disabled = why.contains("commands.restart=false");
    if disabled {
        return site
            .failure(format!("{why}; unmanaged SIGUSR1 restart would be ignored"))
            .fix(site.command("config set commands.restart true"));
    }
    let sentence = "Gateway restart failed: the gateway would not start again, so it keeps running as it is.";
    site.would_not_start(sentence, why.lines().map(str::to_owned).collect())
}

/// A gateway of the original has no owner socket: it is signalled, and its port is what can be watched.
fn original(site: &Site<'_>, ui: &mut Ui, running: &Running) -> Outcome {
    let process = running.hold_original(site.place.port).map_err(|error| held(site, running, &error))?;
    let sent = site.sent(running);
    process.ask(Ask::Restart).map_err(|error| {
        site.failure(format!("Gateway restart failed: pid {} cannot be signalled: {error}.", running.pid))
    })?;
    site.done(ui, "scheduled", false, &[sent], Map::new());
    Ok(0)
}

fn tell(
    site: &Site<'_>,
    ui: &mut Ui,
    lines: Vec<String>,
    loaded: bool,
    answering: &Answering,
    running: Option<&Running>,
    began: Instant,
) {
    let mut more = Map::new();
    more.insert("pid".into(), json!(running.map(|running| running.pid)));
    more.insert("version".into(), json!(answering.version));
    more.insert("tookMs".into(), json!(u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX)));
    site.done(ui, "restarted", loaded, &lines, more);
}

/// A unit that carries a token is read by people as if that were the one.
fn warn_of_old_token(site: &Site<'_>, ui: &mut Ui) {
    let report = inspect(&site.place, &site.programs, Depth::Usual);
    let token = report.definition.as_ref().and_then(|definition| definition.token());
    let differs = match (&token, &site.place.token) {
        (Some(embedded), Some(configured)) => !configured.matches(embedded.expose()),
        _ => false,
    };
    if differs {
        ui.note_styled(
            Style::Warn,
            "Config token differs from service token. The one of the configuration is in force.",
        );
        ui.note_styled(
            Style::Warn,
            format!(
                "Run `{}` to take the other one out of the service.",
                site.command("gateway install --force")
            ),
        );
    }
}

/// The original's two sentences, with everything between them that helps to find the reason.
fn timed_out(site: &Site<'_>, patience: Duration) -> Failure {
    let shown = answer::shown(patience);
    let report = inspect(&site.place, &site.programs, Depth::Usual);
    let mut failure = site
        .failure(format!(
            "Timed out after {shown} waiting for gateway port {} to become healthy.",
            site.place.port
        ))
        .detail(format!("Runtime: {}", report.runtime.line()))
        .details(describe(site.place.port, &port_owner(site.place.port), site.context.vantage()));
    if report.installed {
        failure =
            failure.detail(format!("Logs: journalctl --user -u {} -n 200 --no-pager", site.place.name()));
    }
    failure
        .detail(format!("Gateway restart timed out after {shown} waiting for health checks."))
        .fix(site.command("doctor"))
}
