//! `devices list`: the tables of waiting requests and paired devices (cli §8).

use openclaw_protocol::words::Words;
use serde_json::{Value, json};

use super::entry::{Listing, Paired, Pending, scopes, short};
use crate::failure::{Failure, Outcome};
use crate::reach::Gateway;
use crate::ui::{Column, Style, Table, Ui, time};

/// Asks for the list and prints it.
pub(crate) async fn run(gateway: &mut dyn Gateway, ui: &mut Ui, json: bool, now_ms: u64) -> Outcome {
    let answer = gateway.call("device.pair.list", json!({})).await?;
    if json {
        ui.json(&answer);
        return Ok(0);
    }
    print(&read(&answer)?, ui, now_ms);
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

fn print(listing: &Listing, ui: &mut Ui, now_ms: u64) {
    if listing.pending.is_empty() && listing.paired.is_empty() {
        ui.line("No device pairing entries.");
        return;
    }
    if !listing.pending.is_empty() {
        ui.styled(Style::Heading, format!("Pending ({})", listing.pending.len()));
        ui.table(&pending(&listing.pending, now_ms));
        ui.line("Approve with: openclaw devices approve <Request>");
    }
    if !listing.paired.is_empty() {
        if !listing.pending.is_empty() {
            ui.line("");
        }
        ui.styled(Style::Heading, format!("Paired ({})", listing.paired.len()));
        ui.table(&paired(&listing.paired));
    }
}

fn pending(requests: &[Pending], now_ms: u64) -> Table {
    let mut table = Table::new(&[
        Column::whole("Request"),
        Column::wrapping("Device"),
        Column::wrapping("Role"),
        Column::wrapping("IP"),
        Column::whole("Age"),
        Column::wrapping("Flags"),
    ]);
    for request in requests {
        table.row([
            Words::new(&request.request_id).to_string(),
            request.name(),
            request.roles().join(", "),
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

fn paired(devices: &[Paired]) -> Table {
    let mut table = Table::new(&[
        Column::wrapping("Device"),
        Column::wrapping("Roles"),
        Column::wrapping("Scopes"),
        Column::wrapping("Tokens"),
        Column::wrapping("IP"),
    ]);
    for device in devices {
        let name = device.name();
        let id = short(&device.device_id);
        table.row([
            if name == id { name } else { format!("{name} {id}") },
            device.roles().join(", "),
            if device.scopes.is_empty() { String::new() } else { scopes(&device.scopes) },
            device.tokens(),
            device.remote_ip.as_ref().map(ToString::to_string).unwrap_or_default(),
        ]);
    }
    table
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::run;
    use crate::reach::testing::{Scripted, block_on};
    use crate::ui::Terminal;
    use crate::ui::testing::capture;

    pub(crate) const NOW: u64 = 1_795_160_300_000;

    fn printed(answer: serde_json::Value, json: bool) -> String {
        let (mut ui, out, _) = capture(Terminal::plain(), "");
        let mut gateway = Scripted::new([("device.pair.list", Ok(answer))]);
        assert_eq!(block_on(run(&mut gateway, &mut ui, json, NOW)), Ok(0));
        out.text()
    }

    #[test]
    fn nothing_to_list() {
        assert_eq!(printed(json!({"pending": [], "paired": []}), false), "No device pairing entries.\n");
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
                 "createdAtMs": 1, "approvedAtMs": 1}
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
        let failure = block_on(run(&mut gateway, &mut ui, false, NOW)).unwrap_err();
        assert!(failure.message().contains("missing scope: operator.pairing"));
    }
}
