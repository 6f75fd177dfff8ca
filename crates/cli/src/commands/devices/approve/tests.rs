//! Every way through `devices approve`, with what it prints and what it calls.

use serde_json::{Value, json};

use super::run;
use crate::args::devices::ApproveArgs;
use crate::args::devices::Common;
use crate::failure::Outcome;
use crate::hint::Hints;
use crate::reach::testing::{Scripted, block_on};
use crate::ui::Terminal;
use crate::ui::testing::{at_terminal, capture};

struct Ran {
    outcome: Outcome,
    out: String,
    err: String,
    calls: Vec<(String, Value)>,
}

fn approve(mut gateway: Scripted, args: ApproveArgs, terminal: Terminal, typed: &str) -> Ran {
    let (mut ui, out, err) = capture(terminal, typed);
    let hints = Hints { program: "openclaw".to_owned(), ..Hints::default() };
    let json = args.common.json;
    let outcome = block_on(run(&mut gateway, &mut ui, &hints, &args, json));
    if let Err(failure) = &outcome {
        failure.print(&mut ui, json);
    }
    Ran { outcome, out: out.text(), err: err.text(), calls: gateway.calls.clone() }
}

fn args(words: Option<&str>) -> ApproveArgs {
    ApproveArgs {
        words: words.map(str::to_owned),
        latest: words.is_none(),
        replace: None,
        scopes: Vec::new(),
        read_only: false,
        yes: false,
        dry_run: false,
        no_wait: true,
        common: Common::default(),
    }
}

fn request() -> Value {
    json!({"requestId": "7f3a9c1e-0000", "deviceId": "448f04ffcba874db", "displayName": "Chrome on macOS", "platform": "macos",
           "clientId": "openclaw-control-ui", "clientMode": "ui", "role": "operator", "roles": ["operator"],
           "scopes": ["operator.admin", "operator.read"], "remoteIp": "172.18.0.1", "isRepair": false, "ts": 5, "shown": "f00d"})
}

fn listing(connected: bool) -> Value {
    json!({"pending": [request(), {"requestId": "older", "deviceId": "x", "ts": 1}],
           "paired": [{"deviceId": "448f04ffcba874db", "role": "operator", "scopes": ["operator.read"], "connected": connected}]})
}

fn approved() -> Value {
    json!({"requestId": "7f3a9c1e-0000", "device": {"deviceId": "448f04ffcba874db"}})
}

#[test]
fn an_id_approves_at_once_and_says_what_was_granted() {
    let gateway = Scripted::new([
        ("device.pair.resolve", Ok(json!({"kind": "request", "request": request()}))),
        ("device.pair.approve", Ok(approved())),
    ]);
    let ran = approve(gateway, args(Some("7f3a")), at_terminal(), "");
    assert_eq!(ran.outcome, Ok(0));
    assert_eq!(
        ran.out,
        "Approved 448f04ffcba874db (7f3a9c1e-0000)\n  Device: Chrome on macOS, seen as 172.18.0.1\n  Role:   operator\n  Scopes: admin, read\n"
    );
    assert_eq!(ran.calls[0].1, json!({"words": "7f3a", "terminal": true}));
    // What was shown when it was resolved is what gets approved.
    assert_eq!(ran.calls[1].1, json!({"requestId": "7f3a9c1e-0000", "shown": "f00d"}));
}

#[test]
fn it_says_when_the_device_is_there() {
    let gateway = Scripted::new([
        ("device.pair.resolve", Ok(json!({"kind": "request", "request": request()}))),
        ("device.pair.approve", Ok(approved())),
        ("device.pair.list", Ok(listing(false))),
        ("device.pair.list", Ok(listing(true))),
    ]);
    let ran = approve(
        gateway,
        ApproveArgs { no_wait: false, ..args(Some("7f3a9c1e-0000")) },
        Terminal::plain(),
        "",
    );
    assert!(ran.out.ends_with("Chrome on macOS is connected. No restart is needed.\n"), "{}", ran.out);
}

#[test]
fn it_stops_waiting_and_never_waits_for_a_stopped_gateway() {
    let mut answers = vec![
        ("device.pair.resolve", Ok(json!({"kind": "request", "request": request()}))),
        ("device.pair.approve", Ok(approved())),
    ];
    let stopped = Scripted::new([answers[0].clone(), answers[1].clone()]).stopped();
    let ran = approve(stopped, ApproveArgs { no_wait: false, ..args(Some("x")) }, Terminal::plain(), "");
    assert!(!ran.out.contains("connected"), "{}", ran.out);
    // 150, 300, 600 ms and then every second: seven looks in five seconds.
    answers.extend((0..7).map(|_| ("device.pair.list", Ok(listing(false)))));
    let answers: [_; 9] = answers.try_into().unwrap();
    let ran = approve(
        Scripted::new(answers),
        ApproveArgs { no_wait: false, ..args(Some("x")) },
        Terminal::plain(),
        "",
    );
    assert!(
        ran.out.ends_with("Chrome on macOS has not connected yet; it gets in with its next attempt. No restart is needed: open it, or reload its page.\n"),
        "{}",
        ran.out
    );
}

#[test]
fn the_newest_is_only_shown_without_a_terminal() {
    let gateway =
        Scripted::new([("device.pair.list", Ok(listing(false))), ("device.pair.list", Ok(listing(false)))]);
    let ran = approve(gateway, args(None), Terminal::plain(), "y\n");
    assert_eq!(ran.outcome.unwrap_err().exit_code(), 1);
    assert_eq!(
        ran.out,
        "Selected pending device request 7f3a9c1e-0000\n  Device: Chrome on macOS 448f04ffcba8\n  Requested: roles: operator; scopes: admin, read\n  \
         Approved:  roles: operator; scopes: read\n  IP:     172.18.0.1\n  Note:   Paired already; asks for more access.\n"
    );
    assert_eq!(ran.err, "Approve this exact request with: openclaw devices approve 7f3a9c1e-0000\n");
}

#[test]
fn the_newest_is_approved_after_a_yes() {
    for (typed, approves) in [("y\n", true), ("\n", false)] {
        let listings = || ("device.pair.list", Ok(listing(false)));
        let gateway = if approves {
            let mut gateway = vec![listings(), listings()];
            gateway.push(("device.pair.approve", Ok(approved())));
            let answers: [_; 3] = gateway.try_into().unwrap();
            Scripted::new(answers)
        } else {
            Scripted::new([listings(), listings()])
        };
        let ran = approve(gateway, args(None), at_terminal(), typed);
        assert_eq!(ran.outcome.is_ok(), approves, "{typed:?}");
        assert!(ran.err.contains("Approve? [y/N]"));
        assert_eq!(ran.err.contains("Nothing was approved."), !approves);
    }
}

#[test]
fn yes_approves_the_newest_as_it_was_listed() {
    let gateway =
        Scripted::new([("device.pair.list", Ok(listing(false))), ("device.pair.approve", Ok(approved()))]);
    let ran = approve(gateway, ApproveArgs { yes: true, ..args(None) }, Terminal::plain(), "");
    assert_eq!(ran.outcome, Ok(0));
    assert_eq!(ran.calls[1].1["shown"], "f00d");
}

#[test]
fn a_name_never_approves_by_itself_not_even_with_yes() {
    let gateway = Scripted::new([
        ("device.pair.resolve", Ok(json!({"kind": "name", "request": request()}))),
        ("device.pair.list", Ok(listing(false))),
    ]);
    let ran = approve(
        gateway,
        ApproveArgs { yes: true, ..args(Some("Chrome on macOS")) },
        Terminal::plain(),
        "y\n",
    );
    assert!(ran.outcome.is_err());
    assert!(ran.err.contains("devices approve 7f3a9c1e-0000"));
}

#[test]
fn preview_in_the_shape_native_apps_read() {
    let gateway =
        Scripted::new([("device.pair.list", Ok(listing(false))), ("device.pair.list", Ok(listing(false)))]);
    let ran = approve(
        gateway,
        ApproveArgs { common: Common { json: true, ..Common::default() }, ..args(None) },
        at_terminal(),
        "y\n",
    );
    assert_eq!(ran.outcome.unwrap_err().exit_code(), 1);
    let shown: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(shown["selected"]["requestId"], "7f3a9c1e-0000");
    assert_eq!(
        shown["approvalState"],
        json!({"kind": "scope-upgrade", "requested": {"roles": ["operator"], "scopes": ["operator.admin", "operator.read"]},
               "approved": {"roles": ["operator"], "scopes": ["operator.read"]}})
    );
    assert_eq!(shown["approveCommand"], "openclaw devices approve 7f3a9c1e-0000");
    assert_eq!(shown["requiresAuthFlags"], json!({"token": false, "password": false}));
}

#[test]
fn dry_run_shows_and_succeeds() {
    let gateway = Scripted::new([
        ("device.pair.resolve", Ok(json!({"kind": "request", "request": request()}))),
        ("device.pair.list", Ok(json!({"pending": [request()], "paired": []}))),
    ]);
    let ran = approve(gateway, ApproveArgs { dry_run: true, ..args(Some("7f3a9c1e")) }, at_terminal(), "");
    assert_eq!(ran.outcome, Ok(0));
    assert!(ran.out.contains("First-time device pairing request."));
}

#[test]
fn a_former_request_explains_itself() {
    for (answer, exit, text) in [
        (
            json!({"kind": "former", "state": "approved", "note": "Approved 2 minutes ago."}),
            0,
            "Approved 2 minutes ago.",
        ),
        (
            json!({"kind": "former", "note": "Replaced by a broader request.", "difference": "operator.admin", "request": request()}),
            1,
            "Replaced by a broader request.\n  It now asks for more than before: operator.admin\n  Nothing was approved.\n",
        ),
        (json!({"kind": "none"}), 1, "unknown requestId: no pending device request matches 7f3a9c1e-old"),
        (
            json!({"kind": "ambiguous", "candidates": [request(), request()]}),
            1,
            "matches 2 waiting requests; nothing was approved.",
        ),
    ] {
        let ran = approve(
            Scripted::new([("device.pair.resolve", Ok(answer))]),
            args(Some("7f3a9c1e-old")),
            at_terminal(),
            "",
        );
        assert_eq!(ran.outcome.unwrap_or_else(|failure| failure.exit_code()), exit, "{text}");
        assert!(format!("{}{}", ran.out, ran.err).contains(text), "{}{}", ran.out, ran.err);
    }
}

#[test]
fn a_gateway_without_resolving_is_asked_for_its_list() {
    let gateway = Scripted::new([
        ("device.pair.resolve", Err("unknown method: device.pair.resolve")),
        ("device.pair.list", Ok(listing(false))),
        ("device.pair.approve", Ok(approved())),
    ]);
    assert_eq!(approve(gateway, args(Some("7f3a9c1e-0000")), Terminal::plain(), "").outcome, Ok(0));
}

#[test]
fn nothing_waits() {
    let gateway = Scripted::new([("device.pair.list", Ok(json!({"pending": [], "paired": []})))]);
    let ran = approve(gateway, args(None), Terminal::plain(), "");
    assert_eq!(ran.err, "No pending device pairing requests to approve\n");
}

#[test]
fn an_old_device_may_go_in_the_same_step() {
    let old = "b".repeat(64);
    let replacing = || ApproveArgs { replace: Some(old.clone()), ..args(Some("7f3a9c1e-0000")) };
    let resolved =
        |request: Value| ("device.pair.resolve", Ok(json!({"kind": "request", "request": request})));
    let gateway = Scripted::new([resolved(request()), ("device.pair.approve", Ok(approved()))]);
    let ran = approve(gateway, replacing(), Terminal::plain(), "");
    assert_eq!(ran.outcome, Ok(0));
    assert!(ran.out.contains(&format!("Removed {old}")), "{}", ran.out);
    assert_eq!(ran.calls[1].1["replace"], json!(old));

    // A gateway that does not say what it showed is not asked for more than it knows.
    let mut plain = request();
    plain.as_object_mut().unwrap().remove("shown");
    let gateway = Scripted::new([
        resolved(plain),
        ("device.pair.approve", Ok(approved())),
        ("device.pair.remove", Ok(json!({}))),
    ]);
    let ran = approve(gateway, replacing(), Terminal::plain(), "");
    assert_eq!(ran.outcome, Ok(0));
    assert_eq!((ran.calls[1].1.get("replace"), &ran.calls[2].1), (None, &json!({"deviceId": old})));
}

#[test]
fn a_preview_asks_whether_the_device_is_an_old_one() {
    let old = json!({"deviceId": "c".repeat(64), "displayName": "Chrome on macOS", "platform": "macos",
                     "clientId": "openclaw-control-ui", "role": "operator", "approvedAtMs": 1});
    let listing = json!({"pending": [request()], "paired": [old]});
    let gateway =
        Scripted::new([("device.pair.list", Ok(listing.clone())), ("device.pair.list", Ok(listing))]);
    let ran = approve(gateway, args(None), Terminal::plain(), "");
    assert!(
        ran.out.contains(&format!("openclaw devices approve 7f3a9c1e-0000 --replace {}", "c".repeat(64))),
        "{}",
        ran.out
    );
}

#[test]
fn less_may_be_given_than_is_asked_for() {
    let resolved = || ("device.pair.resolve", Ok(json!({"kind": "request", "request": request()})));
    let narrowed = || {
        let mut answer = approved();
        answer["withheld"] = json!(["operator.admin"]);
        ("device.pair.approve", Ok(answer))
    };
    let read_only = || ApproveArgs { read_only: true, ..args(Some("7f3a9c1e-0000")) };
    let ran = approve(Scripted::new([resolved(), narrowed()]), read_only(), Terminal::plain(), "");
    assert_eq!(ran.calls[1].1["scopes"], json!(["operator.read"]));
    assert!(ran.out.ends_with("  Scopes: read\n  Kept from it: admin\n"), "{}", ran.out);
    // Short names and whole ones.
    let scopes = ["read", "operator.talk.secrets", "node.run"].map(str::to_owned).to_vec();
    let some = ApproveArgs { scopes, ..args(Some("7f3a9c1e-0000")) };
    let ran = approve(Scripted::new([resolved(), narrowed()]), some, Terminal::plain(), "");
    assert_eq!(ran.calls[1].1["scopes"], json!(["operator.read", "operator.talk.secrets", "node.run"]));
    // A preview says what would be given.
    let gateway = Scripted::new([resolved(), ("device.pair.list", Ok(listing(false)))]);
    let ran = approve(gateway, ApproveArgs { dry_run: true, ..read_only() }, at_terminal(), "");
    assert!(ran.out.contains("  Gives:  read\n"), "{}", ran.out);
}
