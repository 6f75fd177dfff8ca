//! `doctor --fix`: the repairs of D-03, one after the other. Those of files are the doctor's own; a device is completed
//! through the gateway or its store, a service through the supervisor.

use openclaw_doctor::repair::{Mender, ORIGIN, Undo};
use openclaw_doctor::{Done, Finding, Repair};
use openclaw_protocol::ids::DeviceId;
use openclaw_protocol::time::Millis;
use openclaw_protocol::words::escape;
use openclaw_service::Report;
use serde_json::{Value, json};

use super::services::Services;
use crate::args::doctor::DoctorArgs;
use crate::args::reach::ReachArgs;
use crate::context::Context;
use crate::failure::Failure;
use crate::reach::{Door, open};
use crate::ui::{Style, Ui, time};

/// Milliseconds to wait for the gateway.
const TIMEOUT_MS: u64 = 10_000;

/// A repair that was made, or was not.
pub(super) struct Mended {
    what: String,
    outcome: Result<Done, Refusal>,
}

/// Why a repair was not made.
pub(super) struct Refusal {
    pub(super) why: String,
    pub(super) fix: Option<String>,
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Refusal {
        Refusal { why: failure.message().to_owned(), fix: failure.fix_command().map(str::to_owned) }
    }
}

impl Mended {
    /// It was made.
    pub(super) fn is_done(&self) -> bool {
        self.outcome.is_ok()
    }

    /// For programs.
    pub(super) fn json(&self, context: &Context) -> Value {
        match &self.outcome {
            Ok(done) => json!({
                "ok": true, "what": self.what, "message": done.message, "patch": done.patch,
                "undo": done.undo.as_ref().map(|undo| match undo {
                    Undo::Own(words) => context.hints(&ReachArgs::default()).local(words),
                    Undo::System(command) => command.clone(),
                }),
            }),
            Err(refusal) => {
                json!({ "ok": false, "what": self.what, "message": refusal.why, "fix": refusal.fix })
            }
        }
    }

    fn print(&self, context: &Context, ui: &mut Ui) {
        match &self.outcome {
            Ok(done) => {
                ui.styled(Style::Good, format!("Repaired: {}: {}", self.what, done.message));
                for line in &done.patch {
                    ui.line(format!("  {}", escape(line, 400)));
                }
                if let Some(outcome) = &done.outcome {
                    let file = context.paths.short(&context.paths.config_path);
                    ui.line(format!("  Updated {file}"));
                    if let Some(backup) = &outcome.backup {
                        ui.line(format!("  Backup: {}", context.paths.short(backup)));
                    }
                    for note in &outcome.notes {
                        ui.line(format!("  {note}"));
                    }
                }
                match &done.undo {
                    Some(Undo::Own(words)) => {
                        let command = context.hints(&ReachArgs::default()).local(words);
                        ui.line(format!("  Undo: {command}"));
                    }
                    Some(Undo::System(command)) => ui.line(format!("  Undo: {command}")),
                    None => {}
                }
            }
            Err(refusal) => {
                ui.styled(Style::Warn, format!("Not repaired: {}: {}", self.what, refusal.why));
                if let Some(fix) = &refusal.fix {
                    ui.styled(Style::Command, format!("  Fix: {fix}"));
                }
            }
        }
    }
}

/// Makes every repair that the findings offer, each once.
pub(super) async fn all(
    context: &Context,
    ui: &mut Ui,
    args: &DoctorArgs,
    findings: &[Finding],
    service: Option<&Report>,
) -> Vec<Mended> {
    let services = Services::new(context, args, service);
    let mut made: Vec<&Repair> = Vec::new();
    let mut mended = Vec::new();
    let mut view_looked_at: Option<Result<(), Refusal>> = None;
    // Modes first: a change of the configuration closes its file by itself, and the way back would not be told.
    let is_mode = |finding: &&Finding| matches!(finding.repair, Some(Repair::Mode { .. }));
    let ordered = findings.iter().filter(is_mode).chain(findings.iter().filter(|finding| !is_mode(finding)));
    for finding in ordered {
        let Some(repair) = &finding.repair else { continue };
        if made.iter().any(|other| is_same(other, repair)) {
            continue;
        }
        made.push(repair);
        let outcome = match repair {
            Repair::Mode { view_first: true, .. } => {
                if view_looked_at.is_none() {
                    view_looked_at = Some(look_at_view(context, ui).await);
                }
                match &view_looked_at {
                    Some(Err(refusal)) => Err(Refusal { why: refusal.why.clone(), fix: refusal.fix.clone() }),
                    _ => of_files(context, repair),
                }
            }
            Repair::LocalDevice { device } => local_device(context, ui, device).await,
            Repair::RetireLegacy { extra } => services.retire(ui, extra),
            Repair::RewriteUnit { forced: true, .. } if !args.force => continue,
            Repair::RewriteUnit { asks, .. } => services.rewrite(ui, *asks),
            Repair::StartService => services.start(),
            _ => of_files(context, repair),
        };
        let each = Mended { what: finding.what.clone(), outcome };
        if !args.json {
            each.print(context, ui);
        }
        mended.push(each);
    }
    mended
}

/// Two findings may ask for the same: a missing token keeps a start from happening and is missing.
fn is_same(one: &Repair, other: &Repair) -> bool {
    match (one, other) {
        // Written once, and with the secret's consent if any of them needs it.
        (Repair::RewriteUnit { name, .. }, Repair::RewriteUnit { name: also, .. }) => name == also,
        _ => one == other,
    }
}

fn of_files(context: &Context, repair: &Repair) -> Result<Done, Refusal> {
    let mender = Mender {
        paths: &context.paths,
        env: &context.env,
        now: Millis(time::now_ms()),
        origin: ORIGIN,
        argv: &context.words,
    };
    mender.mend(repair).map_err(|error| Refusal { why: error.to_string(), fix: None })
}

/// Before a mode makes a file believable that others could have written, the store looks at it as it is: what a
/// stranger changed is set aside and told, not taken (ruling 25).
async fn look_at_view(context: &Context, ui: &mut Ui) -> Result<(), Refusal> {
    if !context.paths.database().exists() {
        let why = "others could have written the device records, and no gateway has looked at them yet; look at \
                   devices/paired.json, then close it with chmod";
        return Err(Refusal { why: why.to_owned(), fix: None });
    }
    let args = ReachArgs::default();
    let mut gateway = open(context, ui, &args, Door::Management, TIMEOUT_MS).await?;
    let looked = gateway.call("device.pair.list", json!({})).await.map_err(Failure::from);
    gateway.close().await;
    looked?;
    Ok(())
}

async fn local_device(context: &Context, ui: &mut Ui, device: &DeviceId) -> Result<Done, Refusal> {
    let args = ReachArgs::default();
    let mut gateway = open(context, ui, &args, Door::Management, TIMEOUT_MS).await?;
    let answer = gateway.call("device.pair.complete", json!({})).await.map_err(Failure::from);
    gateway.close().await;
    Ok(Done::completed(device, &answer?))
}
