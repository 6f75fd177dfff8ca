//! `devices reject | remove | rename | clear | undo`: the owner's other decisions about devices (cli §8).

use openclaw_protocol::words::Words;
use serde_json::{Value, json};

use super::list;
use super::pick::{Pick, pick};
use crate::args::devices::{ClearArgs, RenameArgs};
use crate::failure::{EXIT_FAILED, Failure, Outcome};
use crate::hint::Hints;
use crate::reach::{CallError, Gateway};
use crate::ui::{Style, Ui};

/// Shortest beginning of a device id that names the device.
const DEVICE_PREFIX: usize = 8;
/// Longest name of a device (spec 4.6).
const MAX_LABEL: usize = 64;

/// `devices reject`.
pub(crate) async fn reject(
    gateway: &mut dyn Gateway,
    ui: &mut Ui,
    hints: &Hints,
    words: &str,
    json: bool,
) -> Outcome {
    let request = match pick(gateway, words, ui.interactive()).await? {
        Pick::Request(request, _) => request,
        // Rejecting the successor of a request is what was meant, whatever it asks for beyond it.
        Pick::Former(former) => match former.request {
            Some(request) => request,
            None if former.note.is_empty() => return Err(unknown_request(hints, words)),
            None => return Err(Failure::new(former.note).fix(hints.command("devices list"))),
        },
        Pick::Name(request) => {
            return Err(Failure::new(format!(
                "{} is a name that the device chose itself.",
                Words::new(words)
            ))
            .fix(hints.command(&format!(
                "devices reject {}",
                crate::hint::word(&request.request_id, "<requestId>")
            ))));
        }
        Pick::Ambiguous(_) | Pick::Nothing(_) => return Err(unknown_request(hints, words)),
    };
    let answer = gateway.call("device.pair.reject", json!({ "requestId": request.request_id })).await?;
    say(ui, json, &answer, format!("Rejected {}", Words::new(&request.device_id)))
}

/// `devices remove`.
pub(crate) async fn remove(
    gateway: &mut dyn Gateway,
    ui: &mut Ui,
    hints: &Hints,
    words: &str,
    json: bool,
) -> Outcome {
    let device = device(gateway, hints, words).await?;
    let answer = gateway.call("device.pair.remove", json!({ "deviceId": device })).await?;
    say(ui, json, &answer, format!("Removed {device}"))
}

/// `devices undo`.
pub(crate) async fn undo(
    gateway: &mut dyn Gateway,
    ui: &mut Ui,
    hints: &Hints,
    words: &str,
    json: bool,
) -> Outcome {
    let device = device(gateway, hints, words).await?;
    let answer = gateway.call("device.pair.undo", json!({ "deviceId": device })).await?;
    say(
        ui,
        json,
        &answer,
        format!("{device} has the access again that was approved before the file was edited."),
    )
}

/// `devices rename`.
pub(crate) async fn rename(
    gateway: &mut dyn Gateway,
    ui: &mut Ui,
    hints: &Hints,
    args: &RenameArgs,
    json: bool,
) -> Outcome {
    let mut words = args.words.iter();
    let wanted = args.device.as_ref().or_else(|| words.next());
    let label = args.name.as_ref().or_else(|| words.next()).map(|label| label.trim());
    let (Some(wanted), Some(label)) = (wanted, label) else {
        return Err(Failure::new("--device and --name required"));
    };
    if label.is_empty() || label.chars().count() > MAX_LABEL {
        return Err(Failure::new(format!("A name has 1 to {MAX_LABEL} characters.")));
    }
    let device = device(gateway, hints, wanted).await?;
    let answer = gateway.call("device.pair.rename", json!({ "deviceId": device, "label": label })).await?;
    say(ui, json, &answer, format!("Renamed {device} to {}", Words::new(label)))
}

/// `devices clear`.
pub(crate) async fn clear(gateway: &mut dyn Gateway, ui: &mut Ui, args: &ClearArgs, json: bool) -> Outcome {
    if !args.yes {
        return Err(Failure::new("Refusing to clear pairing table without --yes"));
    }
    let Cleared { removed, rejected, problems } = clear_all(gateway, args.pending).await?;
    if json {
        let problems: Vec<&str> = problems.iter().map(Failure::message).collect();
        let mut document = json!({ "removedDevices": removed, "rejectedPending": rejected });
        if !problems.is_empty() {
            document["problems"] = json!(problems);
        }
        ui.json(&document);
    } else {
        ui.line(format!("Cleared {} paired devices", removed.len()));
        if args.pending {
            ui.line(format!("Rejected {} pending requests", rejected.len()));
        }
        for problem in &problems {
            ui.note(problem.message());
        }
    }
    if problems.is_empty() { Ok(0) } else { Err(Failure::shown(EXIT_FAILED)) }
}

#[derive(Default)]
struct Cleared {
    removed: Vec<String>,
    rejected: Vec<String>,
    problems: Vec<Failure>,
}

/// At once where the gateway can, so that nothing is half done; else one by one.
async fn clear_all(gateway: &mut dyn Gateway, pending: bool) -> Result<Cleared, Failure> {
    match gateway.call("device.pair.clear", json!({ "devices": true, "requests": pending })).await {
        Ok(answer) => {
            let ids = |name: &str| {
                let listed = answer.get(name).and_then(Value::as_array).into_iter().flatten();
                listed.filter_map(Value::as_str).map(str::to_owned).collect()
            };
            return Ok(Cleared {
                removed: ids("removedDevices"),
                rejected: ids("rejectedPending"),
                problems: Vec::new(),
            });
        }
        Err(error) if error.is_unknown_method() => {}
        Err(error) => return Err(error.into()),
    }
    let answer = gateway.call("device.pair.list", json!({})).await?;
    let listing = list::read(&answer)?;
    let mut cleared = Cleared::default();
    for request in listing.pending.iter().filter(|_| pending) {
        match gateway.call("device.pair.reject", json!({ "requestId": request.request_id })).await {
            Ok(_) => cleared.rejected.push(request.request_id.clone()),
            // It was answered or ran out in the meantime: it waits no longer, which was the wish.
            Err(error) if error.refusal() == Some("unknown requestId") => {}
            Err(error) => cleared.problems.push(Failure::from(error)),
        }
    }
    // This very device goes last: with it goes the connection, perhaps before its answer.
    let own = gateway.own_device();
    let is_own = |id: &str| own.as_deref() == Some(id);
    let (last, first): (Vec<_>, Vec<_>) =
        listing.paired.iter().map(|device| &device.device_id).partition(|id| is_own(id));
    for id in first.into_iter().chain(last) {
        match gateway.call("device.pair.remove", json!({ "deviceId": id })).await {
            Ok(_) => cleared.removed.push(id.clone()),
            Err(CallError::Lost(why)) if is_own(id) && why.message().contains("device removed") => {
                cleared.removed.push(id.clone());
            }
            Err(error) => cleared.problems.push(Failure::from(error)),
        }
    }
    Ok(cleared)
}

/// The device that the words name: a whole id, or the beginning of exactly one.
pub(crate) async fn device(gateway: &mut dyn Gateway, hints: &Hints, words: &str) -> Result<String, Failure> {
    let whole = words.len() == 64 && words.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if whole {
        return Ok(words.to_owned());
    }
    let answer = gateway.call("device.pair.list", json!({})).await?;
    let listing = list::read(&answer)?;
    if listing.device(words).is_some() {
        return Ok(words.to_owned());
    }
    let hits: Vec<_> = listing.paired.iter().filter(|device| device.device_id.starts_with(words)).collect();
    match hits.as_slice() {
        [one] if words.len() >= DEVICE_PREFIX => Ok(one.device_id.clone()),
        [_, _, ..] if words.len() >= DEVICE_PREFIX => {
            let lines = hits.iter().map(|device| format!("  {}  {}", Words::new(&device.device_id), device.name()));
            Err(Failure::new(format!("{} matches {} devices.", Words::new(words), hits.len())).details(lines))
        }
        _ => Err(Failure::new("unknown deviceId")
            .detail(format!("  No paired device has an id that is {0} or begins with it ({DEVICE_PREFIX} digits or more).", Words::new(words)))
            .fix(hints.command("devices list --json"))),
    }
}

fn unknown_request(hints: &Hints, words: &str) -> Failure {
    Failure::new(format!("unknown requestId: no single pending device request matches {}", Words::new(words)))
        .fix(hints.command("devices list"))
}

fn say(ui: &mut Ui, json: bool, answer: &Value, sentence: String) -> Outcome {
    if json {
        ui.json(answer);
    } else {
        ui.styled(Style::Good, sentence);
    }
    Ok(0)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{clear, reject, remove, rename};
    use crate::args::devices::{ClearArgs, Common, RenameArgs};
    use crate::hint::Hints;
    use crate::reach::testing::{Scripted, block_on};
    use crate::ui::Terminal;
    use crate::ui::testing::capture;

    fn hints() -> Hints {
        Hints { program: "openclaw".to_owned(), ..Hints::default() }
    }

    fn listing() -> Value {
        json!({"pending": [{"requestId": "req-1", "deviceId": "p1"}, {"requestId": "req-2", "deviceId": "p2"}],
               "paired": [{"deviceId": "abcdef0123"}, {"deviceId": "abcdef0199"}, {"deviceId": "ffff"}]})
    }

    #[test]
    fn remove_by_id_or_by_its_beginning() {
        let whole = "a".repeat(64);
        let (mut ui, out, _) = capture(Terminal::plain(), "");
        let mut gateway = Scripted::new([("device.pair.remove", Ok(json!({"deviceId": whole})))]);
        assert_eq!(block_on(remove(&mut gateway, &mut ui, &hints(), &whole, false)), Ok(0));
        assert_eq!(out.text(), format!("Removed {whole}\n"));

        for (words, expected) in [
            ("ffff", Ok("ffff")),
            ("abcdef012", Ok("abcdef0123")),
            ("abcdef01", Err("abcdef01 matches 2 devices.")),
            ("abcdef0", Err("unknown deviceId")),
            ("nothing-here", Err("unknown deviceId")),
        ] {
            let (mut ui, _, _) = capture(Terminal::plain(), "");
            let mut gateway = match expected {
                Ok(_) => Scripted::new([
                    ("device.pair.list", Ok(listing())),
                    ("device.pair.remove", Ok(json!({}))),
                ]),
                Err(_) => Scripted::new([("device.pair.list", Ok(listing()))]),
            };
            let outcome = block_on(remove(&mut gateway, &mut ui, &hints(), words, true));
            match expected {
                Ok(device) => assert_eq!(gateway.calls[1].1, json!({"deviceId": device})),
                Err(message) => assert_eq!(outcome.unwrap_err().message(), message),
            }
        }
    }

    #[test]
    fn reject_takes_ids_and_refuses_names() {
        let (mut ui, out, _) = capture(Terminal::plain(), "");
        let request = json!({"requestId": "req-1", "deviceId": "p1", "displayName": "Phone"});
        let mut gateway = Scripted::new([
            ("device.pair.resolve", Ok(json!({"kind": "request", "request": request}))),
            ("device.pair.reject", Ok(json!({"requestId": "req-1", "deviceId": "p1"}))),
        ]);
        assert_eq!(block_on(reject(&mut gateway, &mut ui, &hints(), "req-1", false)), Ok(0));
        assert_eq!(out.text(), "Rejected p1\n");
        let mut gateway =
            Scripted::new([("device.pair.resolve", Ok(json!({"kind": "name", "request": request})))]);
        let failure = block_on(reject(&mut gateway, &mut ui, &hints(), "Phone", false)).unwrap_err();
        assert_eq!(failure.fix_command(), Some("openclaw devices reject req-1"));
    }

    #[test]
    fn clear_needs_a_yes_and_counts() {
        let args = |yes, pending| ClearArgs { pending, yes, common: Common::default() };
        let (mut ui, out, _) = capture(Terminal::plain(), "");
        let mut none = Scripted::new([]);
        let failure = block_on(clear(&mut none, &mut ui, &args(false, true), false)).unwrap_err();
        assert_eq!(failure.message(), "Refusing to clear pairing table without --yes");
        let removed = || ("device.pair.remove", Ok(json!({})));
        let mut gateway = Scripted::new([
            ("device.pair.clear", Err("unknown method: device.pair.clear")),
            ("device.pair.list", Ok(listing())),
            ("device.pair.reject", Ok(json!({}))),
            ("device.pair.reject", Err("unknown requestId")),
            removed(),
            removed(),
            removed(),
        ]);
        gateway.own = Some("abcdef0123".to_owned());
        assert_eq!(block_on(clear(&mut gateway, &mut ui, &args(true, true), false)), Ok(0));
        assert_eq!(gateway.calls.last().unwrap().1, json!({"deviceId": "abcdef0123"}), "its own comes last");
        assert_eq!(out.text(), "Cleared 3 paired devices\nRejected 1 pending requests\n");
        let (mut ui, out, _) = capture(Terminal::plain(), "");
        let answer = json!({"removedDevices": ["a", "b"], "rejectedPending": []});
        let mut gateway = Scripted::new([("device.pair.clear", Ok(answer))]);
        assert_eq!(block_on(clear(&mut gateway, &mut ui, &args(true, false), false)), Ok(0));
        assert_eq!(gateway.calls[0].1, json!({"devices": true, "requests": false}));
        assert_eq!(out.text(), "Cleared 2 paired devices\n");
    }

    #[test]
    fn rename_takes_options_or_words() {
        let args = |device: Option<&str>, name: Option<&str>, words: &[&str]| RenameArgs {
            device: device.map(str::to_owned),
            name: name.map(str::to_owned),
            words: words.iter().map(|word| (*word).to_owned()).collect(),
            common: Common::default(),
        };
        let whole = "b".repeat(64);
        for args in [
            args(Some(&whole), Some("Kitchen"), &[]),
            args(None, None, &[&whole, "Kitchen"]),
            args(Some(&whole), None, &["Kitchen"]),
        ] {
            let (mut ui, _, _) = capture(Terminal::plain(), "");
            let mut gateway = Scripted::new([("device.pair.rename", Ok(json!({})))]);
            assert_eq!(block_on(rename(&mut gateway, &mut ui, &hints(), &args, false)), Ok(0));
            assert_eq!(gateway.calls[0].1, json!({"deviceId": whole, "label": "Kitchen"}));
        }
        let (mut ui, _, _) = capture(Terminal::plain(), "");
        for bad in [
            args(None, None, &[]),
            args(Some(&whole), Some(" "), &[]),
            args(Some(&whole), Some(&"x".repeat(65)), &[]),
        ] {
            assert!(block_on(rename(&mut Scripted::new([]), &mut ui, &hints(), &bad, false)).is_err());
        }
    }
}
