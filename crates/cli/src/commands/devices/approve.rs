//! `devices approve` (cli §21.2, rulings 22 and 24): an id approves at once; the newest request and a name are shown
//! first, and approved after a yes. What was shown is what gets approved, or nothing.

use std::time::Duration;

use openclaw_protocol::words::Words;
use serde_json::{Map, Value, json};

use super::entry::{Listing, Paired, Pending, scopes, short};
use super::pick::{Former, Pick, pick};
use super::{list, manage};
use crate::args::devices::ApproveArgs;
use crate::failure::{EXIT_FAILED, Failure, Outcome};
use crate::hint::{Hints, word};
use crate::reach::{CallError, Gateway};
use crate::ui::{Style, Ui, time};

/// How long an approved device is given to show up.
const CONNECT_WAIT: Duration = Duration::from_secs(5);
/// First pause between two looks; it grows, because a list of many devices is long.
const FIRST_LOOK: Duration = Duration::from_millis(150);

/// Approves, or shows what would be approved.
pub(crate) async fn run(
    gateway: &mut dyn Gateway,
    ui: &mut Ui,
    hints: &Hints,
    args: &ApproveArgs,
    json: bool,
) -> Outcome {
    let chosen = match args.words.as_deref().filter(|_| !args.latest) {
        Some(words) => match pick(gateway, words, ui.interactive()).await? {
            Pick::Request(request, note) => {
                if let Some(note) = note.filter(|_| !json) {
                    ui.note(note);
                }
                Chosen { request, named_exactly: true, certain: true }
            }
            Pick::Name(request) => Chosen { request, named_exactly: false, certain: false },
            Pick::Former(former) => return answer_former(ui, hints, former, words, json),
            Pick::Ambiguous(several) => return Err(ambiguous(hints, words, &several)),
            Pick::Nothing(note) => {
                return Err(unknown(hints, words).details(note.map(|note| format!("  {note}"))));
            }
        },
        None => Chosen { request: newest(gateway).await?, named_exactly: false, certain: true },
    };
    let request = chosen.request;
    let replace = match &args.replace {
        Some(words) => Some(manage::device(gateway, hints, words).await?),
        None => None,
    };
    let at_once = !args.dry_run && (chosen.named_exactly || (args.yes && chosen.certain));
    if !at_once {
        let asked = !args.dry_run && !json && ui.interactive();
        let answer = gateway.call("device.pair.list", json!({})).await?;
        let listing = list::read(&answer)?;
        let paired = listing.device(&request.device_id);
        show(ui, hints, &request, paired, json, asked);
        if let Some(given) = given(args).filter(|_| !json) {
            ui.line(format!("  Gives:  {}", scopes(&given)));
        }
        match (&replace, request.predecessor(&listing)) {
            (Some(old), _) if !json => ui.line(format!("  Removes: {}", Words::new(old))),
            (None, Some(old)) if !json => ui.line(list::same_again(hints, &request, old, time::now_ms())),
            _ => {}
        }
        if args.dry_run {
            return Ok(0);
        }
        if !asked {
            return Err(Failure::shown(EXIT_FAILED));
        }
        if !ui.confirm("Approve?") {
            ui.note("Nothing was approved.");
            return Err(Failure::shown(EXIT_FAILED));
        }
    }
    let manner = Manner { json, no_wait: args.no_wait, given: given(args) };
    approve(gateway, ui, hints, &request, replace.as_deref(), manner).await
}

/// How much is given, and how the answer is.
struct Manner {
    json: bool,
    no_wait: bool,
    /// Only these of the scopes asked for.
    given: Option<Vec<Words>>,
}

/// The scopes that the options name, in full; `None` for all that is asked for.
fn given(args: &ApproveArgs) -> Option<Vec<Words>> {
    if args.read_only {
        return Some(vec![Words::new("operator.read")]);
    }
    let full = |name: &String| {
        let name = name.trim();
        let known = name.starts_with("operator.") || name.starts_with("node.");
        Words::new(&if known { name.to_owned() } else { format!("operator.{name}") })
    };
    (!args.scopes.is_empty()).then(|| args.scopes.iter().map(full).collect())
}

struct Chosen {
    request: Box<Pending>,
    /// The user typed an id of it.
    named_exactly: bool,
    /// Strangers had no say in which request it is.
    certain: bool,
}

async fn newest(gateway: &mut dyn Gateway) -> Result<Box<Pending>, Failure> {
    let answer = gateway.call("device.pair.list", json!({})).await?;
    let newest = list::read(&answer)?.pending.into_iter().next();
    newest.map(Box::new).ok_or_else(|| Failure::new("No pending device pairing requests to approve"))
}

async fn approve(
    gateway: &mut dyn Gateway,
    ui: &mut Ui,
    hints: &Hints,
    request: &Pending,
    replace: Option<&str>,
    manner: Manner,
) -> Outcome {
    let mut params = Map::new();
    params.insert("requestId".to_owned(), Value::String(request.request_id.clone()));
    if let Some(shown) = &request.shown {
        params.insert("shown".to_owned(), Value::String(shown.clone()));
    }
    if let Some(given) = &manner.given {
        params.insert("scopes".to_owned(), json!(given));
    }
    // Only the owner, whom a gateway of this kind tells what was shown, may ask for both in one step.
    let in_one_step = replace.filter(|_| request.shown.is_some());
    if let Some(old) = in_one_step {
        params.insert("replace".to_owned(), Value::String(old.to_owned()));
    }
    let mut answer = match gateway.call("device.pair.approve", Value::Object(params)).await {
        Ok(answer) => answer,
        Err(error) if error.refusal() == Some("unknown requestId") => {
            return Err(gone(hints, request, &error));
        }
        Err(error) => return Err(error.into()),
    };
    if let Some(old) = replace.filter(|_| in_one_step.is_none()) {
        gateway.call("device.pair.remove", json!({ "deviceId": old })).await?;
        answer["replaced"] = json!(old);
    }
    if manner.json {
        ui.json(&answer);
        return Ok(0);
    }
    ui.styled(
        Style::Good,
        format!("Approved {} ({})", Words::new(&request.device_id), Words::new(&request.request_id)),
    );
    for line in facts(request, manner.given.as_deref()) {
        ui.line(line);
    }
    if let Some(withheld) = withheld(&answer) {
        ui.line(format!("  Kept from it: {}", scopes(&withheld)));
    }
    if let Some(old) = replace {
        ui.line(format!("Removed {}", Words::new(old)));
    }
    if !manner.no_wait && gateway.is_running() {
        wait_for(gateway, ui, request).await;
    }
    Ok(0)
}

/// Says when the device is there, or that it is not yet. The approval stands either way, so nothing here fails.
async fn wait_for(gateway: &mut dyn Gateway, ui: &mut Ui, request: &Pending) {
    if ui.terminal().output {
        ui.note("Waiting for it to connect…");
    }
    ui.flush();
    let deadline = tokio::time::Instant::now() + CONNECT_WAIT;
    let mut pause = FIRST_LOOK;
    loop {
        let Ok(answer) = gateway.call("device.pair.list", json!({})).await else { return };
        if Listing::read(&answer)
            .is_ok_and(|listing| listing.device(&request.device_id).is_some_and(|device| device.connected))
        {
            ui.styled(Style::Good, format!("{} is connected. No restart is needed.", request.name()));
            return;
        }
        if tokio::time::Instant::now() + pause > deadline {
            ui.line(format!("{} has not connected yet; it gets in with its next attempt. No restart is needed: open it, or reload its page.", request.name()));
            return;
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(1));
    }
}

/// What the gateway says was asked for and not given.
fn withheld(answer: &Value) -> Option<Vec<Words>> {
    let names = answer.get("withheld")?.as_array()?.iter().filter_map(Value::as_str);
    Some(names.map(Words::new).collect()).filter(|names: &Vec<Words>| !names.is_empty())
}

fn facts(request: &Pending, given: Option<&[Words]>) -> Vec<String> {
    let seen = request.remote_ip.as_ref().map(|address| format!(", seen as {address}")).unwrap_or_default();
    vec![
        format!("  Device: {}{seen}", request.name()),
        format!("  Role:   {}", request.roles().join(", ")),
        format!("  Scopes: {}", scopes(given.unwrap_or(&request.scopes))),
    ]
}

/// The preview, in the original's words and shape (cli §8).
fn show(ui: &mut Ui, hints: &Hints, request: &Pending, paired: Option<&Paired>, json: bool, asked: bool) {
    let command = hints.command(&format!("devices approve {}", word(&request.request_id, "<requestId>")));
    if json {
        ui.json(&preview(hints, request, paired, &command));
        return;
    }
    ui.line(format!("Selected pending device request {}", Words::new(&request.request_id)));
    ui.line(format!("  Device: {} {}", request.name(), short(&request.device_id)));
    ui.line(format!(
        "  Requested: roles: {}; scopes: {}",
        request.roles().join(", "),
        scopes(&request.scopes)
    ));
    if let Some(paired) = paired {
        ui.line(format!(
            "  Approved:  roles: {}; scopes: {}",
            paired.roles().join(", "),
            scopes(&paired.scopes)
        ));
    }
    let address =
        request.remote_ip.as_ref().map_or_else(|| "local or not known".to_owned(), ToString::to_string);
    ui.line(format!("  IP:     {address}"));
    ui.line(format!("  Note:   {}", note(kind(request, paired))));
    if !asked {
        ui.note(format!("Approve this exact request with: {command}"));
    }
}

fn preview(hints: &Hints, request: &Pending, paired: Option<&Paired>, command: &str) -> Value {
    json!({
        "selected": selected(request),
        "approvalState": {
            "kind": kind(request, paired),
            "requested": { "roles": request.roles(), "scopes": request.scopes },
            "approved": paired.map(|paired| json!({ "roles": paired.roles(), "scopes": paired.scopes })),
        },
        "approveCommand": command,
        "requiresAuthFlags": { "token": hints.token, "password": hints.password },
    })
}

/// The entry again, with the keys it came with.
fn selected(request: &Pending) -> Value {
    let mut entry = json!({
        "requestId": request.request_id,
        "deviceId": request.device_id,
        "displayName": request.display_name,
        "platform": request.platform,
        "deviceFamily": request.device_family,
        "clientId": request.client_id,
        "clientMode": request.client_mode,
        "role": request.role,
        "roles": request.roles(),
        "scopes": request.scopes,
        "remoteIp": request.remote_ip,
        "isRepair": request.is_repair,
        "ts": request.ts,
    });
    if let Value::Object(fields) = &mut entry {
        fields.retain(|_, value| !value.is_null());
    }
    entry
}

/// What the approval would do, in the original's words.
fn kind(request: &Pending, paired: Option<&Paired>) -> &'static str {
    match request.kind.as_deref() {
        Some("new-pairing") => return "new-pairing",
        Some("role-upgrade") => return "role-upgrade",
        Some("scope-upgrade") => return "scope-upgrade",
        Some("re-approval") => return "re-approval",
        _ => {}
    }
    let Some(paired) = paired else { return "new-pairing" };
    let has = |held: &[String], wanted: &str| held.iter().any(|one| one == wanted);
    if !request.roles().iter().all(|role| has(&paired.roles(), role)) {
        return "role-upgrade";
    }
    let held: Vec<String> = paired.scopes.iter().map(ToString::to_string).collect();
    if request.scopes.iter().all(|scope| has(&held, scope.as_str())) {
        "re-approval"
    } else {
        "scope-upgrade"
    }
}

fn note(kind: &str) -> &'static str {
    match kind {
        "new-pairing" => "First-time device pairing request.",
        "role-upgrade" => "Paired already; asks for another role.",
        "scope-upgrade" => "Paired already; asks for more access.",
        _ => "Paired already; comes back changed and asks for the same access.",
    }
}

fn answer_former(ui: &mut Ui, hints: &Hints, former: Former, words: &str, json: bool) -> Outcome {
    if former.approved {
        let note = if former.note.is_empty() {
            "This request was approved already.".to_owned()
        } else {
            former.note
        };
        if json {
            ui.json(&json!({ "requestId": words, "alreadyApproved": true, "note": note }));
        } else {
            ui.line(note);
        }
        return Ok(0);
    }
    let sentence = match former.note.as_str() {
        "" => format!("Request {} is not waiting any more.", Words::new(words)),
        note => note.to_owned(),
    };
    let mut failure = Failure::new(sentence);
    if let Some(difference) = &former.difference {
        failure = failure
            .detail(format!("  It now asks for more than before: {difference}"))
            .detail("  Nothing was approved.")
            .field("difference", difference.clone());
    }
    if let Some(request) = former.request {
        let id = word(&request.request_id, "<requestId>").to_owned();
        return Err(failure
            .details(facts(&request, None))
            .fix(hints.command(&format!("devices approve {id}")))
            .field("requestId", request.request_id.clone()));
    }
    Err(failure.fix(hints.command("devices list")))
}

fn unknown(hints: &Hints, words: &str) -> Failure {
    let words = Words::new(words);
    Failure::new(format!("unknown requestId: no pending device request matches {words}"))
        .detail("  A request waits five minutes; the device files a new one when it tries again.")
        .fix(hints.command("devices list"))
}

/// The request was there when it was shown or named, and is not any more.
fn gone(hints: &Hints, request: &Pending, error: &CallError) -> Failure {
    let Some(replacement) = error.detail("replacement") else { return unknown(hints, &request.request_id) };
    let id = word(replacement, "<requestId>").to_owned();
    Failure::new("The request changed after it was shown; nothing was approved.")
        .details(error.detail("reason").map(|reason| format!("  {}", Words::new(reason))))
        .fix(hints.command(&format!("devices approve {id}")))
        .field("requestId", replacement)
}

fn ambiguous(hints: &Hints, words: &str, several: &[Pending]) -> Failure {
    let lines =
        several.iter().map(|request| format!("  {}  {}", Words::new(&request.request_id), request.name()));
    Failure::new(format!(
        "{} matches {} waiting requests; nothing was approved.",
        Words::new(words),
        several.len()
    ))
    .details(lines)
    .fix(hints.command("devices approve <requestId>"))
}

#[cfg(test)]
mod tests;
