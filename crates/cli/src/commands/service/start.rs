//! `gateway start`: by the supervisor where it has the service; else in the background, until it answers.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::answer::{self, Answering};
use super::{Service, Site, detached, refused};
use crate::args::service::StartArgs;
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::ui::Ui;

/// How long a new gateway may take until it answers. It waits up to five seconds for a predecessor that goes.
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs the command. `port`: given before the verb; one behind it wins.
pub(crate) async fn start(context: &Context, ui: &mut Ui, args: &StartArgs, port: Option<&str>) -> Outcome {
    let port = args.port.as_deref().or(port);
    let site = Site::new(context, "start", args.json);
    let service = site.service();
    if let Some(running) = site.running() {
        let line = format!("The gateway is running already: {}.", running.line());
        let loaded = matches!(service, Service::Installed);
        site.done(ui, "already-running", loaded, &[line], facts(running.pid, None));
        return Ok(0);
    }
    if let Some(lines) = site.obstacle() {
        let sentence = "Gateway start failed: the gateway would not start with this configuration.";
        return Err(site.would_not_start(sentence, lines));
    }
    match service {
        Service::Installed => by_supervisor(&site, ui).await,
        Service::Absent => in_background(&site, ui, port, true).await,
        Service::Unusable => in_background(&site, ui, port, false).await,
    }
}

async fn by_supervisor(site: &Site<'_>, ui: &mut Ui) -> Outcome {
    site.supervisor().start().map_err(|error| did_not(site, &error))?;
    let Some((answering, running)) = answer::wait(site, &answer::Before::default(), PATIENCE, || false).await
    else {
        return Err(silent(site, PATIENCE));
    };
    let pid = running.map(|running| running.pid);
    let line = format!("Started {}", site.named());
    let mut more = Map::new();
    more.insert("pid".into(), json!(pid));
    more.insert("version".into(), json!(answering.version));
    site.done(ui, "started", true, &[line], more);
    Ok(0)
}

/// What the supervisor said, and where the reason stands.
pub(super) fn did_not(site: &Site<'_>, error: &openclaw_service::ServiceError) -> Failure {
    refused(site, error)
        .detail(format!("Logs: journalctl --user -u {} -n 50 --no-pager", site.place.name()))
        .fix(site.command("doctor"))
}

/// Starts a gateway that nobody supervises; used by `restart` too, when nothing runs.
pub(super) async fn in_background(
    site: &Site<'_>,
    ui: &mut Ui,
    port: Option<&str>,
    installable: bool,
) -> Outcome {
    let mut gateway = detached::spawn(site, port)?;
    let pid = gateway.pid();
    let mut ended = false;
    let found = answer::wait(site, &answer::Before::default(), PATIENCE, || {
        ended = gateway.has_ended();
        ended
    })
    .await;
    let output = site.context.paths.short(&gateway.output);
    match found {
        Some((mut answering, Some(running))) if running.pid == pid => {
            let mut lines = vec![
                format!("Started the gateway in the background: OpenClaw {}, pid {pid}.", answering.version),
                format!("Output: {output}"),
                afterwards(site, installable),
            ];
            // Its claim code would stand in a file, so it shows none; who typed this needs none.
            if answering.is_new().await {
                lines.push(format!(
                    "No device is paired yet. For this machine's browser: {}; for another device: {}",
                    site.command("dashboard"),
                    site.command("devices join-code"),
                ));
            }
            site.done(ui, "started", false, &lines, facts(pid, Some((&answering, &gateway.output))));
            Ok(0)
        }
        // Somebody else was quicker, and it answers: what was asked for is so.
        Some((_, Some(running))) => {
            let line = format!("The gateway is running already: {}.", running.line());
            site.done(ui, "already-running", false, &[line], facts(running.pid, None));
            Ok(0)
        }
        _ if ended || gateway.has_ended() => Err(ended_early(site, &gateway.said(), &output)),
        _ => Err(silent(site, PATIENCE).detail(format!("Output: {output}"))),
    }
}

/// What becomes of it later, which without a supervisor is the owner's business.
fn afterwards(site: &Site<'_>, installable: bool) -> String {
    if openclaw_os::container::detect().is_some() {
        return "Nothing starts it again when the container does: make `openclaw gateway` the container's command."
            .to_owned();
    }
    if installable {
        return format!(
            "Nothing starts it again after a reboot; as a service: {}",
            site.command("gateway install")
        );
    }
    format!(
        "Nothing starts it again after a reboot: there is no supervisor for this account. Stop it with: {}",
        site.command("gateway stop")
    )
}

/// The start refused, in its own words; its `Fix:` is ours.
fn ended_early(site: &Site<'_>, said: &[String], output: &str) -> Failure {
    let fix = said.iter().rev().find_map(|line| line.trim_start().strip_prefix("Fix: "));
    // Lines of the log begin with the time; what a refused start says begins with words.
    let words = said.iter().filter(|line| {
        !line.starts_with(|first: char| first.is_ascii_digit()) && !line.trim_start().starts_with("Fix: ")
    });
    let failure = site
        .failure("Gateway start failed: the gateway ended instead of answering.")
        .details(words.map(|line| format!("  {}", openclaw_protocol::words::escape(line, 1_000))))
        .detail(format!("Output: {output}"));
    match fix {
        Some(fix) => failure.fix(openclaw_protocol::words::escape(fix, 1_000)),
        None => failure.fix(site.command("doctor")),
    }
}

/// It runs, perhaps, and does not answer.
fn silent(site: &Site<'_>, patience: Duration) -> Failure {
    site.failure(format!(
        "Timed out after {} waiting for gateway port {} to become healthy.",
        answer::shown(patience),
        site.place.port
    ))
    .fix(site.command("doctor"))
}

fn facts(pid: u32, started: Option<(&Answering, &std::path::Path)>) -> Map<String, Value> {
    let mut more = Map::new();
    more.insert("pid".into(), json!(pid));
    if let Some((answering, output)) = started {
        more.insert("version".into(), json!(answering.version));
        more.insert("output".into(), json!(output));
        more.insert("supervised".into(), json!(false));
    }
    more
}
