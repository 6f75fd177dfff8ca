//! `gateway stop`: by the supervisor, and whatever runs on this state without one. Nothing to stop is a failure.

use std::time::Duration;

use openclaw_service::running::{self, HoldError, Running, Started};
use serde_json::{Map, json};

use super::{Service, Site, refused};
use crate::args::service::StopArgs;
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::ui::Ui;

/// How long a gateway may take to say goodbye to its clients and to close its stores.
const PATIENCE: Duration = Duration::from_secs(10);

/// Runs the command.
pub(crate) async fn stop(context: &Context, ui: &mut Ui, args: &StopArgs) -> Outcome {
    let site = Site::new(context, "stop", args.json);
    let service = site.service();
    let mut lines = Vec::new();
    let mut pids = Vec::new();
    let before = site.running();
    let mut loaded = matches!(service, Service::Installed);
    if loaded {
        let supervised = before.as_ref().is_some_and(|running| site.is_supervised(running));
        // A unit that rests has nothing to be stopped; one that systemd is about to start again has.
        let rests = !site.supervisor().is_active().map_err(|error| refused(&site, &error))?;
        // A unit that is waiting for its next start must not begin again what is stopped below.
        match site.supervisor().stop() {
            Ok(()) if rests => {}
            Ok(()) => lines.push(format!("Stopped {}", site.named())),
            Err(error) => return Err(refused(&site, &error)),
        }
        pids.extend(before.as_ref().filter(|_| supervised).map(|running| running.pid));
    }
    // What runs on the state now runs without the service.
    if let Some(running) = site.running() {
        by_signal(&site, ui, &running, args.force, &mut lines)?;
        pids.push(running.pid);
    } else if !loaded && let Some(running) = Running::original_on(site.place.port) {
        original(&site, &running, args.force, &mut lines)?;
        pids.push(running.pid);
    }
    if args.disable && loaded {
        site.supervisor().disable().map_err(|error| refused(&site, &error))?;
        lines.push(format!("{} does not start by itself any more.", site.place.name()));
        loaded = false;
    }
    if lines.is_empty() {
        return Err(nothing(&site, matches!(service, Service::Installed)));
    }
    let mut more = Map::new();
    more.insert("pids".into(), json!(pids));
    site.done(ui, "stopped", loaded, &lines, more);
    Ok(0)
}

/// Ends the gateway of this state, and sees that it has ended.
fn by_signal(
    site: &Site<'_>,
    ui: &mut Ui,
    running: &Running,
    force: bool,
    lines: &mut Vec<String>,
) -> Result<(), Failure> {
    if let Some(failure) = site.out_of_reach(running, "stop") {
        return Err(failure);
    }
    let process = running.hold(&site.place.paths.state_dir).map_err(|error| held(site, running, &error))?;
    let sent = site.sent(running);
    if running.started == Started::Init {
        // The container ends with it, and this command with the container: what is to be said is said before.
        if !site.json {
            ui.line(&sent);
            ui.line("It is the first process of this container, which ends with it.");
            ui.flush();
        }
    }
    let ended = running::end(&process, PATIENCE, force).map_err(|error| held(site, running, &error))?;
    if !ended {
        return Err(stubborn(site, running));
    }
    if running.started != Started::Init || site.json {
        lines.push(sent);
    }
    lines.push(format!(
        "Stopped the gateway (pid {}), which was started {}.",
        running.pid,
        running.started.words()
    ));
    Ok(())
}

fn original(site: &Site<'_>, running: &Running, force: bool, lines: &mut Vec<String>) -> Result<(), Failure> {
    if let Some(failure) = site.out_of_reach(running, "stop") {
        return Err(failure);
    }
    let process = running.hold_original(site.place.port).map_err(|error| held(site, running, &error))?;
    let sent = site.sent(running);
    // The original drains its work for up to five minutes under a supervisor, and for five seconds without one.
    if !running::end(&process, PATIENCE, force).map_err(|error| held(site, running, &error))? {
        return Err(stubborn(site, running));
    }
    lines.push(sent);
    Ok(())
}

fn stubborn(site: &Site<'_>, running: &Running) -> Failure {
    site.failure(format!(
        "The gateway (pid {}) was asked to stop and still runs after {} s.",
        running.pid,
        PATIENCE.as_secs()
    ))
    .field("pid", running.pid)
    .fix(site.command("gateway stop --force"))
}

/// It could not be taken hold of.
pub(super) fn held(site: &Site<'_>, running: &Running, error: &HoldError) -> Failure {
    let failure = site.failure(format!("Gateway {} failed: {error}.", site.action)).field("pid", running.pid);
    match error {
        HoldError::Gone => failure.fix(site.command("gateway status")),
        HoldError::OutOfSight => failure
            .detail("Run this where the gateway runs: with `docker exec` in its container, for instance."),
        HoldError::NotOurs { uid, .. } => {
            failure.fix(format!("sudo -u '#{uid}' {}", site.command(&format!("gateway {}", site.action))))
        }
        HoldError::System { .. } => failure,
    }
}

/// Nobody is there.
fn nothing(site: &Site<'_>, installed: bool) -> Failure {
    let sentence = if installed {
        format!("The gateway is not running: {} is stopped.", site.place.name())
    } else {
        "Gateway service disabled. No gateway runs on this state either.".to_owned()
    };
    let start = site.command("gateway start");
    if let Some((line, command)) = site.elsewhere() {
        return site.failure(sentence).field("result", "not-loaded").detail(line).fix(command);
    }
    site.failure(sentence)
        .field("result", "not-loaded")
        .field("hints", json!([start]))
        .detail(format!("Start with: {start}"))
}
