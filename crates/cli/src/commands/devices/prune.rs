//! `devices prune`: removing devices that were not seen for a long time, after they were shown (acceptance G4-6).

use openclaw_protocol::words::Words;
use serde_json::json;

use super::entry::{Paired, short};
use super::list;
use crate::args::devices::PruneArgs;
use crate::failure::{EXIT_FAILED, Failure, Outcome};
use crate::hint::{Hints, word};
use crate::reach::Gateway;
use crate::ui::{Column, Style, Table, Ui};

/// For how long a device must not have been seen when nothing else is said: 30 days, in milliseconds.
pub(super) const DEFAULT_UNSEEN_MS: u64 = 30 * 86_400_000;
/// Shortest time that may be said: whoever is away over lunch is not gone.
const LEAST_UNSEEN_MS: u64 = 3_600_000;

/// Who prunes, and how.
pub(crate) struct Pruning<'a> {
    /// What was asked for.
    pub(crate) args: &'a PruneArgs,
    /// One JSON document.
    pub(crate) json: bool,
    /// Milliseconds since 1970.
    pub(crate) now_ms: u64,
    /// This machine's own device, which stays. As the gateway's owner it connects as no device, and is not seen for long.
    pub(crate) own: Option<String>,
}

/// Shows the devices, asks, and removes them.
pub(crate) async fn run(
    gateway: &mut dyn Gateway,
    ui: &mut Ui,
    hints: &Hints,
    pruning: Pruning<'_>,
) -> Outcome {
    let Pruning { args, json, now_ms, own } = pruning;
    let unseen_ms = time_of(&args.unseen)?;
    let answer = gateway.call("device.pair.list", json!({})).await?;
    let listing = list::read(&answer)?;
    let devices = unseen(&listing.paired, unseen_ms, now_ms, own.as_deref());
    let ids: Vec<&str> = devices.iter().map(|device| device.device_id.as_str()).collect();
    if devices.is_empty() {
        if json {
            ui.json(&json!({ "removedDevices": [] }));
        } else {
            ui.line(format!("Every device was seen within {}.", Words::new(&args.unseen)));
        }
        return Ok(0);
    }
    if !args.yes {
        let command = hints.command(&format!("devices prune --unseen {} --yes", word(&args.unseen, "30d")));
        if json {
            ui.json(&json!({ "wouldRemove": ids, "pruneCommand": command }));
            return Err(Failure::shown(EXIT_FAILED));
        }
        ui.table(&table(&devices, now_ms));
        if !ui.interactive() {
            ui.note(format!("Remove these with: {command}"));
            return Err(Failure::shown(EXIT_FAILED));
        }
        if !ui.confirm("Remove them?") {
            ui.note("Nothing was removed.");
            return Err(Failure::shown(EXIT_FAILED));
        }
    }
    let mut removed = Vec::new();
    for device in &devices {
        gateway.call("device.pair.remove", json!({ "deviceId": device.device_id })).await?;
        removed.push(device.device_id.as_str());
        if !json {
            let id = short(&device.device_id);
            ui.styled(Style::Good, format!("Removed {} {id}", device.name()));
        }
    }
    if json {
        ui.json(&json!({ "removedDevices": removed }));
    }
    Ok(0)
}

/// The devices that were not there for that long, the longest gone first. Who is connected, and who asks, stay.
pub(super) fn unseen<'a>(
    devices: &'a [Paired],
    unseen_ms: u64,
    now_ms: u64,
    own: Option<&str>,
) -> Vec<&'a Paired> {
    let mut gone: Vec<&Paired> = devices
        .iter()
        .filter(|device| !device.connected && own != Some(device.device_id.as_str()))
        // A gateway that does not tell when a device was there says nothing about its absence.
        .filter(|device| device.last_there_ms() > 0)
        .filter(|device| now_ms.saturating_sub(device.last_there_ms()) >= unseen_ms)
        .collect();
    gone.sort_by_key(|device| device.last_there_ms());
    gone
}

fn table(devices: &[&Paired], now_ms: u64) -> Table {
    let mut table =
        Table::new(&[Column::wrapping("Device"), Column::wrapping("Roles"), Column::whole("Last seen")]);
    for device in devices {
        table.row([
            format!("{} {}", device.name(), short(&device.device_id)),
            device.roles().join(", "),
            list::last_seen(device, now_ms),
        ]);
    }
    table
}

/// `12h`, `30d`, `8w` in milliseconds.
fn time_of(text: &str) -> Result<u64, Failure> {
    let unit = match text.trim().chars().last() {
        Some('h') => 3_600_000,
        Some('d') => 86_400_000,
        Some('w') => 7 * 86_400_000,
        _ => 0,
    };
    let number = text.trim().strip_suffix(['h', 'd', 'w']).and_then(|number| number.parse::<u64>().ok());
    number.and_then(|number| number.checked_mul(unit)).filter(|ms| *ms >= LEAST_UNSEEN_MS).ok_or_else(|| {
        Failure::new(format!("{} is not a time. Write 12h, 30d or 8w; one hour at least.", Words::new(text)))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Pruning, run, time_of};
    use crate::args::devices::{Common, PruneArgs};
    use crate::failure::Outcome;
    use crate::hint::Hints;
    use crate::reach::testing::{Scripted, block_on};
    use crate::ui::Terminal;
    use crate::ui::testing::{at_terminal, capture};

    const DAY: u64 = 86_400_000;
    const NOW: u64 = 100 * DAY;

    fn listing() -> Value {
        json!({"pending": [], "paired": [
            {"deviceId": "fresh", "lastSeenAtMs": NOW - DAY, "approvedAtMs": 1},
            {"deviceId": "gone", "displayName": "Old\u{1b}phone", "lastSeenAtMs": NOW - 31 * DAY, "approvedAtMs": 1},
            {"deviceId": "there", "lastSeenAtMs": NOW - 40 * DAY, "approvedAtMs": 1, "connected": true},
            {"deviceId": "never", "approvedAtMs": NOW - 50 * DAY},
            {"deviceId": "approved-today", "lastSeenAtMs": 5, "approvedAtMs": NOW - 5},
            {"deviceId": "me", "lastSeenAtMs": NOW - 90 * DAY, "approvedAtMs": 1},
            {"deviceId": "nobody-knows"}
        ]})
    }

    fn prune(
        mut gateway: Scripted,
        unseen: &str,
        yes: bool,
        terminal: Terminal,
        typed: &str,
    ) -> (Outcome, String) {
        let (mut ui, out, err) = capture(terminal, typed);
        let hints = Hints { program: "openclaw".to_owned(), ..Hints::default() };
        let args = PruneArgs { unseen: unseen.to_owned(), yes, common: Common::default() };
        let pruning = Pruning { args: &args, json: false, now_ms: NOW, own: Some("me".to_owned()) };
        let outcome = block_on(run(&mut gateway, &mut ui, &hints, pruning));
        (outcome, out.text() + &err.text())
    }

    fn removed() -> (&'static str, Result<Value, &'static str>) {
        ("device.pair.remove", Ok(json!({})))
    }

    #[test]
    fn the_longest_gone_go_first_after_a_yes() {
        let gateway = Scripted::new([("device.pair.list", Ok(listing())), removed(), removed()]);
        let (outcome, text) = prune(gateway, "30d", true, Terminal::plain(), "");
        assert_eq!((outcome, text.as_str()), (Ok(0), "Removed never never\nRemoved Old\\u{1b}phone gone\n"));

        let gateway = Scripted::new([("device.pair.list", Ok(listing()))]);
        let (outcome, text) = prune(gateway, "30d", false, at_terminal(), "n\n");
        assert!(outcome.is_err() && text.contains("Nothing was removed."), "{text}");

        let gateway = Scripted::new([("device.pair.list", Ok(listing()))]);
        let (outcome, text) = prune(gateway, "30d", false, Terminal::plain(), "");
        assert!(
            outcome.is_err() && text.contains("Remove these with: openclaw devices prune --unseen 30d --yes")
        );
    }

    #[test]
    fn nobody_to_remove() {
        let gateway = Scripted::new([("device.pair.list", Ok(listing()))]);
        let (outcome, text) = prune(gateway, "8w", false, Terminal::plain(), "");
        assert_eq!((outcome, text.as_str()), (Ok(0), "Every device was seen within 8w.\n"));
    }

    #[test]
    fn times() {
        for (text, expected) in [
            ("12h", Some(12 * 3_600_000)),
            ("30d", Some(30 * DAY)),
            ("8w", Some(56 * DAY)),
            ("0d", None),
            ("30", None),
            ("d", None),
            ("-1d", None),
            ("1dd", None),
            ("99999999999999999d", None),
        ] {
            assert_eq!(time_of(text).ok(), expected, "{text}");
        }
    }
}
