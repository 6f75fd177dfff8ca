//! `devices list`: the tables of waiting requests and paired devices (cli §8).

use openclaw_protocol::words::Words;
use serde_json::{Value, json};

use super::entry::{Listing, Paired, Pending, scopes, short};
use crate::failure::{Failure, Outcome};
use crate::hint::{Hints, word};
use crate::reach::Gateway;
use crate::ui::{Column, Style, Table, Ui, time};

/// Asks for the list and prints it. `own`: this machine's own device.
pub(crate) async fn run(
    gateway: &mut dyn Gateway,
    ui: &mut Ui,
    hints: &Hints,
    json: bool,
    now_ms: u64,
    own: Option<&str>,
) -> Outcome {
    let answer = gateway.call("device.pair.list", json!({})).await?;
    if json {
        ui.json(&answer);
        return Ok(0);
    }
    print(&read(&answer)?, ui, hints, now_ms, own);
    Ok(0)
}

/// Reads the answer of the list method.
pub(crate) fn read(answer: &Value) -> Result<Listing, Failure> {
    Listing::read(answer).map_err(|why| {
        Failure::new(format!(
            "The gateway answered device.pair.list in a form that is not understood: {why}."
        ))
    })
}

fn print(listing: &Listing, ui: &mut Ui, hints: &Hints, now_ms: u64, own: Option<&str>) {
    if listing.pending.is_empty() && listing.paired.is_empty() {
        ui.line("No device pairing entries.");
        return;
    }
    if let Some(newest) = listing.pending.first() {
        ui.styled(Style::Warn, waiting(listing.pending.len(), &approve(hints, newest)));
        ui.styled(Style::Heading, format!("Pending ({})", listing.pending.len()));
        ui.table(&pending(&listing.pending, now_ms));
        for request in &listing.pending {
            if let Some(old) = request.predecessor(listing) {
                ui.line(same_again(hints, request, old, now_ms));
            }
        }
    }
    if !listing.paired.is_empty() {
        if !listing.pending.is_empty() {
            ui.line("");
        }
        ui.styled(Style::Heading, format!("Paired ({})", listing.paired.len()));
        ui.table(&paired(&listing.paired, now_ms));
        let old = super::prune::unseen(&listing.paired, super::prune::DEFAULT_UNSEEN_MS, now_ms, own).len();
        if old > 0 {
            let devices = if old == 1 { "1 device was".to_owned() } else { format!("{old} devices were") };
            let command = hints.command("devices prune --unseen 30d");
            ui.line(format!("{devices} not seen for 30 days. Look at them, and remove them: {command}"));
        }
    }
}

/// The first thing to know, with the command for the newest request.
fn waiting(count: usize, approve: &str) -> String {
    match count {
        1 => format!("1 request is waiting. Approve: {approve}"),
        _ => format!("{count} requests are waiting. Approve the newest: {approve}"),
    }
}

fn approve(hints: &Hints, request: &Pending) -> String {
    hints.command(&format!("devices approve {}", word(&request.request_id, "<requestId>")))
}

/// The question whether the new device is an old one that lost its key.
pub(super) fn same_again(hints: &Hints, request: &Pending, old: &Paired, now_ms: u64) -> String {
    format!(
        "A device of the same kind, {} {}, was last seen {}. Is it this one again? Then approve the new one and remove the old one:\n  {} --replace {}",
        old.name(),
        short(&old.device_id),
        time::age(old.last_there_ms(), now_ms),
        approve(hints, request),
        word(&old.device_id, "<deviceId>"),
    )
}

fn pending(requests: &[Pending], now_ms: u64) -> Table {
    let mut table = Table::new(&[
        Column::whole("Request"),
        Column::wrapping("Device"),
        Column::wrapping("Role"),
        Column::wrapping("Scopes"),
        Column::wrapping("IP"),
        Column::whole("Age"),
        Column::wrapping("Flags"),
    ]);
    for request in requests {
        table.row([
            Words::new(&request.request_id).to_string(),
            request.description(),
            request.roles().join(", "),
            scopes(&request.scopes),
            request.remote_ip.as_ref().map(ToString::to_string).unwrap_or_default(),
            time::age(request.ts, now_ms),
            flags(request),
        ]);
    }
    table
}

/// What should make the owner look twice: a device that asks again, and one that asks for everything.
fn flags(request: &Pending) -> String {
    let mut flags = Vec::new();
    if request.is_repair {
        flags.push("repair");
    }
    match request.kind.as_deref() {
        Some("role-upgrade") => flags.push("role upgrade"),
        Some("scope-upgrade") => flags.push("scope upgrade"),
        _ => {}
    }
    if request.scopes.iter().any(|scope| scope.as_str() == "operator.admin") {
        flags.push("admin");
    }
    flags.join(", ")
}

/// One kind of device beside the other, so that the five browsers of somebody who clears his storage are seen as such.
fn paired(devices: &[Paired], now_ms: u64) -> Table {
    let mut table = Table::new(&[
        Column::wrapping("Device"),
        Column::wrapping("Roles"),
        Column::wrapping("Scopes"),
        Column::wrapping("Tokens"),
        Column::wrapping("IP"),
        Column::whole("Last seen"),
    ]);
    let mut devices: Vec<&Paired> = devices.iter().collect();
    devices.sort_by_cached_key(|device| {
        (device.name().to_lowercase(), !device.connected, std::cmp::Reverse(device.last_there_ms()))
    });
    for device in devices {
        let name = device.name();
        let id = short(&device.device_id);
        table.row([
            if name == id { name } else { format!("{name} {id}") },
            device.roles().join(", "),
            if device.scopes.is_empty() { String::new() } else { scopes(&device.scopes) },
            device.tokens(),
            device.remote_ip.as_ref().map(ToString::to_string).unwrap_or_default(),
            last_seen(device, now_ms),
        ]);
    }
    table
}

/// `connected`, how long ago it was there, or `never` for a device that was approved and did not come.
pub(super) fn last_seen(device: &Paired, now_ms: u64) -> String {
    match device.last_seen_at_ms {
        _ if device.connected => "connected".to_owned(),
        Some(seen) => time::age(seen, now_ms),
        None => "never".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::run;
    use crate::hint::Hints;
    use crate::reach::testing::{Scripted, block_on};
    use crate::ui::Terminal;
    use crate::ui::testing::capture;

    pub(crate) const NOW: u64 = 1_795_160_300_000;

    fn hints() -> Hints {
        Hints { program: "openclaw --profile work".to_owned(), ..Hints::default() }
    }

    fn printed(answer: serde_json::Value, json: bool) -> String {
        let (mut ui, out, _) = capture(Terminal::plain(), "");
        let mut gateway = Scripted::new([("device.pair.list", Ok(answer))]);
        assert_eq!(block_on(run(&mut gateway, &mut ui, &hints(), json, NOW, Some("own"))), Ok(0));
        out.text()
    }

    #[test]
    fn nothing_to_list() {
        assert_eq!(printed(json!({"pending": [], "paired": []}), false), "No device pairing entries.\n");
    }

    #[test]
    fn only_what_pruning_would_remove_is_offered_to_it() {
        let of = |id: &str| json!({"pending": [], "paired": [{"deviceId": id, "lastSeenAtMs": 5, "approvedAtMs": 1}]});
        assert!(printed(of("other"), false).contains("1 device was not seen for 30 days."));
        assert!(!printed(of("own"), false).contains("not seen"));
    }

    #[test]
    fn tables() {
        let answer = json!({
            "pending": [
                {"requestId": "05493183-47b8-4757-ab6b-2da89ac73923", "deviceId": "448f04ffcba874db93d9fd02520daa583a92b1f20b100ff791202a6d7a93e0de",
                 "platform": "linux", "clientId": "cli", "clientMode": "cli", "role": "operator", "roles": ["operator"],
                 "scopes": ["operator.read"], "silent": false, "isRepair": false, "ts": NOW - 130_000},
                {"requestId": "7f3a9c1e-0000-4000-8000-000000000001", "deviceId": "10ba682c", "displayName": "Evil\u{202e}Phone\u{1b}[2J",
                 "platform": "iOS", "clientId": "openclaw-ios", "role": "node", "roles": ["node", "operator"], "scopes": ["operator.admin"],
                 "remoteIp": "192.168.1.20", "silent": false, "isRepair": true, "ts": NOW - 1000}
            ],
            "paired": [
                {"deviceId": "10ba682c8ad13513971e8b56881aab8bd702bb807796eca81932c735a94d6e6d", "platform": "linux", "clientId": "cli",
                 "role": "operator", "roles": ["operator", "node"], "scopes": ["operator.admin", "operator.read"],
                 "tokens": [{"role": "node", "scopes": [], "createdAtMs": 1, "revokedAtMs": 2}, {"role": "operator", "scopes": [], "createdAtMs": 1}],
                 "createdAtMs": 1, "approvedAtMs": 1},
                {"deviceId": "7e682c8ad13513971e8b56881aab8bd702bb807796eca81932c735a94d6e6d00", "platform": "iOS", "clientId": "openclaw-ios",
                 "displayName": "Evil\u{202e}Phone\u{1b}[2J", "role": "operator", "roles": ["operator"], "scopes": ["operator.read"],
                 "tokens": [], "createdAtMs": 1, "approvedAtMs": 1, "lastSeenAtMs": NOW - 40 * 86_400_000},
                {"deviceId": "8e682c8ad13513971e8b56881aab8bd702bb807796eca81932c735a94d6e6d00", "platform": "linux", "clientId": "cli",
                 "role": "operator", "scopes": ["operator.read"], "tokens": [], "approvedAtMs": NOW - 5_000, "connected": true}
            ]
        });
        crate::snapshot::check("devices-list.txt", &printed(answer, false));
    }

    #[test]
    fn json_is_the_answer_itself() {
        let answer = json!({"pending": [], "paired": [{"deviceId": "x", "unheardOf": 1}]});
        let text = printed(answer.clone(), true);
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), answer);
    }

    #[test]
    fn a_refusal_is_a_failure() {
        let (mut ui, _, _) = capture(Terminal::plain(), "");
        let mut gateway = Scripted::new([("device.pair.list", Err("missing scope: operator.pairing"))]);
        let failure = block_on(run(&mut gateway, &mut ui, &hints(), false, NOW, None)).unwrap_err();
        assert!(failure.message().contains("missing scope: operator.pairing"));
    }
}
