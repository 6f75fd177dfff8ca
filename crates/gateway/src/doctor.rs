//! The doctor from inside the gateway: the same checks as `openclaw doctor`, with what the gateway knows first-hand in the
//! place of what a command line would have to ask, and those repairs that can be made from here.

use std::sync::Arc;
use std::time::Duration;

use openclaw_config::{LoadError, Loaded, start};
use openclaw_doctor::facts::{Devices, Gateway, Local};
use openclaw_doctor::repair::{Mender, Undo};
use openclaw_doctor::{Check, Done, Facts, Finding, Repair};
use openclaw_service::{Depth, Place, Programs, Report};
use serde_json::Value;

use crate::core::Core;
use crate::router::Authority;
use crate::version;

/// How long the supervisor's programs may take; without their answer that check says that it was not made.
const PATIENCE: Duration = Duration::from_secs(2);

/// The checks that make no sense in here, each with the reason.
pub(crate) const LEFT_OUT: [(&str, &str); 4] = [
    ("gateway-port", "The gateway that answers you holds its port."),
    (
        "gateway-connect",
        "How a client of the gateway's host is let in can only be tried from there, by openclaw doctor.",
    ),
    ("versions", "There is no other program here whose version could differ."),
    ("environment", "The variables of a shell on the gateway's host can only be seen in that shell."),
];

/// What was found, with the names by which repairs are chosen.
pub(crate) struct Looked {
    /// The findings.
    pub(crate) findings: Vec<Finding>,
    /// Their names, in the same order.
    pub(crate) ids: Vec<String>,
    /// For the findings in their order: what the repair would change, or why it is not made from here.
    pub(crate) repairs: Vec<Option<Result<Vec<String>, String>>>,
}

/// Looks. Nothing is changed by it.
pub(crate) async fn look(core: &Arc<Core>) -> Looked {
    let status = ask(core, "status").await;
    let devices = Devices::listed(&ask(core, "device.pair.list").await);
    let service = service(core).await;
    let at = core.clone();
    let looked = tokio::task::spawn_blocking(move || checked(&at, status, devices, service.as_ref())).await;
    looked.unwrap_or_else(|_| Looked { findings: Vec::new(), ids: Vec::new(), repairs: Vec::new() })
}

/// What a method answers the owner.
async fn ask(core: &Arc<Core>, method: &str) -> Value {
    match core.router.call(core, &Authority::owner(), method, None) {
        Ok(call) => call.reply.await.unwrap_or_default(),
        Err(_) => Value::Null,
    }
}

/// The supervisor's view, when it gives it in time.
async fn service(core: &Arc<Core>) -> Option<Report> {
    let at = core.clone();
    let looked = tokio::task::spawn_blocking(move || {
        let loaded = at.policy().loaded.clone();
        let token = loaded.gateway.auth.token.get().cloned();
        let place = Place::here(&at.env, &at.paths, at.facts.port, token);
        at.while_spawning(|| openclaw_service::inspect(&place, &Programs::new(), Depth::Usual))
    });
    tokio::time::timeout(PATIENCE, looked).await.ok()?.ok()
}

fn checked(core: &Core, status: Value, devices: Devices, service: Option<&Report>) -> Looked {
    let config = openclaw_config::load(&core.paths, &core.env);
    let findings = findings(core, config.as_ref(), status, devices, service);
    let ids = openclaw_doctor::ids(&findings);
    let mender = Mender { paths: &core.paths, env: &core.env, now: core.now(), origin: "", argv: &[] };
    let repairs = findings
        .iter()
        .map(|finding| {
            let repair = finding.repair.as_ref()?;
            Some(match elsewhere(repair) {
                Some(why) => Err(why.to_owned()),
                None => mender.preview(repair).map_err(|error| error.to_string()),
            })
        })
        .collect();
    Looked { findings, ids, repairs }
}

fn findings(
    core: &Core,
    config: Result<&Loaded, &LoadError>,
    status: Value,
    devices: Devices,
    service: Option<&Report>,
) -> Vec<Finding> {
    let port = config.map_or(core.facts.port, |loaded| start::port(loaded, &core.paths, None).0);
    let facts = Facts {
        paths: &core.paths,
        env: &core.env,
        config,
        vantage: &core.vantage.host,
        now: core.now(),
        version: version::VERSION,
        container: openclaw_os::container::detect(),
        local: Local::gather(&core.paths, &core.env),
        gateway: Gateway::Answers(status),
        door: None,
        port: (port, None),
        service,
        devices,
    };
    let wanted = |check: &Check| LEFT_OUT.iter().all(|(id, _)| *id != check.id);
    openclaw_doctor::run(&facts, wanted)
}

/// Why a repair is not made from a browser. What is left loses nothing, can be taken back, and decides nothing about who
/// reaches the gateway (ruling 33).
fn elsewhere(repair: &Repair) -> Option<&'static str> {
    match repair {
        Repair::Config { .. }
        | Repair::Mode { .. }
        | Repair::LocalDevice { .. }
        | Repair::ForgetToken { .. }
        | Repair::SetAside { .. }
        | Repair::Archive { .. }
        | Repair::RemoveLock { .. } => None,
        Repair::GenerateToken => {
            Some("A new secret is made on the gateway's host, where its owner can read it.")
        }
        Repair::RewriteUnit { .. } | Repair::StartService | Repair::RetireLegacy { .. } => {
            Some("The supervisor of the gateway's host does this, and its owner is asked there.")
        }
    }
}

/// What became of one repair.
pub(crate) struct Mended {
    /// Its name.
    pub(crate) id: String,
    /// What it was about.
    pub(crate) what: String,
    /// What was done, or why it was not.
    pub(crate) outcome: Result<Done, String>,
}

/// Makes the repairs of these names, as far as what they were found for is still there. `who` asked for them.
pub(crate) async fn mend(core: &Arc<Core>, ids: &[String], who: &str) -> Vec<Mended> {
    let looked = look(core).await;
    let chosen = |id: &String| looked.ids.iter().position(|known| known == id);
    // Modes first, as on the command line: a change of the configuration closes its file by itself.
    let mut order: Vec<&String> = ids.iter().collect();
    order.sort_by_key(|id| {
        let repair = chosen(id).and_then(|at| looked.findings[at].repair.as_ref());
        !matches!(repair, Some(Repair::Mode { .. }))
    });
    let mut mended: Vec<Mended> = Vec::new();
    for id in order {
        if mended.iter().any(|made| made.id == *id) {
            continue;
        }
        let finding = chosen(id).map(|at| &looked.findings[at]);
        let outcome = match finding.and_then(|finding| finding.repair.clone()) {
            None => Err("This is not found any more; look again.".to_owned()),
            Some(repair) => match elsewhere(&repair) {
                Some(why) => Err(why.to_owned()),
                None => one(core, repair, id).await,
            },
        };
        let what = finding.map_or_else(String::new, |finding| finding.what.clone());
        log(core, &what, &outcome, who);
        mended.push(Mended { id: id.clone(), what, outcome });
    }
    mended
}

async fn one(core: &Arc<Core>, repair: Repair, id: &str) -> Result<Done, String> {
    if let Repair::LocalDevice { device } = &repair {
        // Only an admin comes this far, who may approve as much for any device.
        let call = core.router.call(core, &Authority::owner(), "device.pair.complete", None);
        let answer = call.map_err(|refused| refused.error.message)?.reply.await;
        return answer.map(|answer| Done::completed(device, &answer)).map_err(|error| error.message);
    }
    let (core, id) = (core.clone(), id.to_owned());
    let made = tokio::task::spawn_blocking(move || {
        let argv = ["gateway.doctor.fix".to_owned(), id];
        let mender =
            Mender { paths: &core.paths, env: &core.env, now: core.now(), origin: &argv[0], argv: &argv };
        mender.mend(&repair).map_err(|error| error.to_string())
    });
    made.await.unwrap_or_else(|_| Err("The repair was interrupted.".to_owned()))
}

fn log(core: &Core, what: &str, outcome: &Result<Done, String>, who: &str) {
    match outcome {
        Ok(done) => {
            let undo = match &done.undo {
                Some(Undo::Own(words)) => format!(" Undo: {}", core.vantage.host.openclaw(words)),
                Some(Undo::System(command)) => format!(" Undo: {command}"),
                None => String::new(),
            };
            tracing::warn!(
                subsystem = "gateway/doctor",
                "repaired for {who}: {what}: {} [{}]{undo}",
                done.message,
                done.patch.join("; ")
            );
        }
        Err(why) => tracing::warn!(subsystem = "gateway/doctor", "not repaired for {who}: {what}: {why}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_a_check_that_there_is() {
        for (id, why) in LEFT_OUT {
            assert!(openclaw_doctor::all().iter().any(|check| check.id == id), "{id}");
            assert!(why.ends_with('.'), "{why}");
        }
    }
}
