use openclaw_protocol::ids::{DeviceId, RequestId};
use openclaw_protocol::refusal::{NotLocal, NotLocalWhy, PairingReason, PairingRefusal, Refusal, Vantage};
use openclaw_protocol::role::Role;
use openclaw_protocol::scope::{Scope, ScopeSet};
use openclaw_protocol::words::Words;
use serde_json::{Value, json};

use super::Answer;
use crate::context::Context;
use crate::failure::Failure;
use crate::ui::Terminal;
use crate::ui::testing::capture;

const NOW: u64 = 1_795_160_000_000;
const REQUEST: &str = "7f3a9c1e-0001";
const DEVICE: &str = "4b735ac174e40636507716ed5c9a8a75fbf6f462357fabb71ac42b7bd502c64a";

fn entry(refusal: &Refusal) -> Value {
    json!({
        "ts": NOW - 120_000, "firstTs": NOW - 180_000, "count": 17, "connId": "c-17", "firstConnId": "c-1",
        "peer": "172.18.0.1", "addressClass": "container-bridge", "path": "direct", "host": "gw.example:18789",
        "origin": "https://page.example\u{202e}", "client": "cli/cli 2026.9.6 on linux\u{1b}[2J", "protocol": 4,
        "cause": "C-01", "sentence": "words of the gateway", "fix": "rm -rf /", "deviceId": DEVICE,
        "requestId": REQUEST, "message": "pairing required: device is not approved yet", "closeCode": 1008,
        "closeReason": format!("pairing required: device is not approved yet (requestId: {REQUEST})"),
        "ahead": [], "standing": "open", "refusal": refusal,
        "trace": [
            {"name": "path", "verdict": "note", "saw": "directly from 172.18.0.1"},
            {"name": "credentials", "verdict": "pass", "saw": "the gateway token is right"},
            {"name": "pairing", "verdict": "fail", "saw": "the device is not approved yet\u{1b}[31m"},
            {"name": "later", "verdict": "fail", "saw": "something else"},
        ],
    })
}

fn pairing() -> Refusal {
    Refusal::Pairing(PairingRefusal {
        reason: PairingReason::NotPaired,
        request_id: RequestId::parse(REQUEST).unwrap(),
        device_id: DeviceId::parse(DEVICE).unwrap(),
        requested_role: Role::Operator,
        requested_scopes: ScopeSet::from_iter([Scope::READ]),
        approved_roles: Vec::new(),
        approved_scopes: ScopeSet::EMPTY,
        control_ui: false,
        not_local: Some(NotLocal {
            address: "172.18.0.1".parse().ok(),
            why: NotLocalWhy::Host { host: Words::new("gw.example") },
        }),
        token_accepted: true,
        claimable: false,
    })
}

fn tell(id: &str, answer: Value, json: bool) -> (Result<u8, Failure>, String) {
    let (mut ui, out, err) = capture(Terminal::plain(), "");
    let context = Context::testing();
    let hints = context.hints(&crate::args::reach::ReachArgs::default());
    let vantage = Vantage { profile: Some("work".to_owned()), ..Vantage::default() };
    let outcome = Answer { id, hints: &hints, vantage: &vantage, now: NOW }.tell(answer, &mut ui, json);
    ui.flush();
    if let Err(failure) = &outcome {
        failure.print(&mut ui, json);
    }
    (outcome, format!("{}{}", out.text(), err.text()))
}

fn answer(entry: Value, device: Value) -> Value {
    json!({"ts": NOW, "entry": entry, "device": device, "others": 2, "matchedBy": "requestId",
           "looked": {"entries": 3, "oldestMs": NOW - 7_200_000, "devices": 4}})
}

fn waiting() -> Value {
    json!({"deviceId": DEVICE, "state": "waiting", "name": "laptop\u{202e}", "requestId": REQUEST})
}

#[test]
fn a_refusal_is_told_from_the_knock_to_the_fix() {
    let (outcome, text) = tell(REQUEST, answer(entry(&pairing()), waiting()), false);
    assert_eq!(outcome, Ok(0));
    crate::snapshot::check("why-waiting.txt", &text);
    assert!(!text.contains("rm -rf") && !text.contains('\u{1b}') && !text.contains('\u{202e}'), "{text}");
}

#[test]
fn what_was_mended_needs_no_command() {
    let mut entry = entry(&pairing());
    entry["standing"] = json!("mended");
    let device = json!({"deviceId": DEVICE, "state": "paired", "name": "laptop", "approvedVia": "owner",
        "approvedAtMs": NOW - 60_000, "connectedSinceMs": NOW - 1_000, "roles": ["operator"], "scopes": ["operator.read"]});
    let (_, text) = tell("last", answer(entry, device), false);
    assert!(
        text.contains("Since then: approved 1m ago by the owner, connected just now. Nothing is left to do."),
        "{text}"
    );
    assert!(!text.contains("Fix:"), "{text}");
}

#[test]
fn a_neighbour_who_was_let_in_ends_nothing() {
    let mut entry = entry(&pairing());
    entry["standing"] = json!("perhaps");
    entry["deviceId"] = Value::Null;
    let (_, text) = tell("last", answer(entry, Value::Null), false);
    assert!(text.contains("was let in. If that was this client, nothing is left to do."), "{text}");
    assert!(text.contains("\nFix: "), "{text}");
}

#[test]
fn programs_get_the_same_with_a_command_of_their_own() {
    let (_, text) = tell(REQUEST, answer(entry(&pairing()), waiting()), true);
    let document: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(document["entry"]["fix"], json!(format!("openclaw --profile work devices approve {REQUEST}")));
    assert_eq!((&document["ok"], &document["entry"]["cause"]), (&json!(true), &json!("C-01")));
}

#[test]
fn a_refusal_of_a_later_version_is_told_without_a_command() {
    let mut unknown = entry(&pairing());
    unknown["refusal"] = json!({"teaTime": {}});
    let (_, text) = tell("last", answer(unknown, waiting()), false);
    assert!(text.contains("words of the gateway") && !text.contains("Fix:"), "{text}");
}

#[test]
fn who_was_never_refused_has_a_story_too() {
    let device = json!({"deviceId": DEVICE, "state": "paired", "name": "cli", "approvedVia": "silent",
        "approvedAtMs": NOW - 3_600_000, "lastSeenAtMs": NOW - 60_000, "roles": ["operator"], "scopes": ["operator.admin"]});
    let told = json!({"ts": NOW, "device": device, "others": 0, "looked": {"entries": 0, "devices": 1}});
    let (outcome, text) = tell(DEVICE, told, false);
    assert_eq!(outcome, Ok(0));
    crate::snapshot::check("why-never-refused.txt", &text);
}

#[test]
fn an_unknown_id_is_told_where_it_was_looked_for() {
    let nothing = json!({"ts": NOW, "looked": {"entries": 3, "oldestMs": NOW - 7_200_000, "devices": 4}});
    let (outcome, text) = tell("nonsense", nothing.clone(), false);
    assert_eq!(outcome.unwrap_err().exit_code(), 1);
    crate::snapshot::check("why-unknown.txt", &text);
    let (_, text) = tell("$(reboot)\u{1b}", nothing, false);
    assert!(text.starts_with("Nothing is known here about that id."), "{text}");
    let (outcome, text) = tell("last", json!({"looked": {"entries": 0, "devices": 0}}), false);
    assert_eq!((outcome, text.as_str()), (Ok(0), "Nobody was refused, as far back as the journal goes.\n"));
}

#[test]
fn all_of_them_in_a_table() {
    let told = |answer: Value| {
        let (mut ui, out, _) = capture(Terminal::plain(), "");
        assert_eq!(super::list::tell(&answer, &mut ui, false, NOW), Ok(0));
        ui.flush();
        out.text()
    };
    let mut deviceless = entry(&Refusal::InvalidRole);
    for name in ["requestId", "deviceId"] {
        deviceless.as_object_mut().unwrap().remove(name);
    }
    deviceless["connId"] = json!("c0ffee00-1111");
    let text = told(json!({"entries": [entry(&pairing()), deviceless]}));
    crate::snapshot::check("why-all.txt", &text);
    assert!(!text.contains('\u{1b}'), "{text}");
    assert_eq!(told(json!({"entries": []})), "Nobody was refused, as far back as the journal goes.\n");
}
