//! Section 3 of the wire's description as tables: each situation, what comes back, how it closes; in both dialects.
//!
//! Rows that cannot be brought about here, and why:
//! * "gateway starting" and "draining": there is no moment in which this gateway answers but is not ready;
//! * "Control UI build mismatch": the Control UI has not moved in yet;
//! * "proxy headers that cannot be attributed": by ruling such a peer is served as a remote one (see `local.rs`);
//! * the Tailscale reasons: they need a running tailscaled;
//! * "server misconfigured": a gateway without its secret does not start (see `start.rs`);
//! * "device public key invalid": unreachable, a key that does not decode fails the id check first.

mod access;
mod after;
mod frames;
mod params;
mod proofs;

use openclaw_tests::{Answer, Close, Connect, Dial, Dialect, Gateway, World};
use serde_json::{Value, json};

/// One row: what is sent and what must come back. It closes with the message, cut to 120 bytes.
struct Row {
    name: &'static str,
    connect: Connect,
    code: &'static str,
    message: String,
    /// All of `details` but `help`.
    details: Value,
    close: u16,
}

impl Row {
    fn new(name: &'static str, connect: Connect, code: &'static str, message: &str, details: Value) -> Row {
        Row { name, connect, code, message: message.into(), details, close: 1008 }
    }

    fn closing(mut self, code: u16) -> Row {
        self.close = code;
        self
    }

    /// Connects through `dial` and compares.
    #[track_caller]
    fn check(&self, dial: Dial) {
        let what = format!("{:?}, {}", self.connect.dialect, self.name);
        let Answer::Refused { error, close } = dial.open().connect(&self.connect) else {
            panic!("{what}: let in");
        };
        let (details, help) = split_help(&what, &error);
        assert_eq!(error["code"], json!(self.code), "{what}: {error}");
        assert_eq!(error["message"], json!(self.message), "{what}");
        assert_eq!(details, self.details, "{what}");
        check_help(&what, &help);
        assert_eq!(close, Close { code: self.close, reason: cut(&self.message) }, "{what}");
    }
}

/// `details` without `help`, and `help`.
fn split_help(what: &str, error: &Value) -> (Value, Value) {
    let mut details =
        error["details"].as_object().unwrap_or_else(|| panic!("{what}: no details in {error}")).clone();
    let help = details.remove("help").unwrap_or_else(|| panic!("{what}: no help in {error}"));
    (Value::Object(details), help)
}

/// Every refusal explains itself.
fn check_help(what: &str, help: &Value) {
    let text =
        |field: &str| help[field].as_str().unwrap_or_else(|| panic!("{what}: help has no {field}: {help}"));
    assert!(text("cause").starts_with("C-"), "{what}: {help}");
    assert!(text("sentence").ends_with(['.', '?', '!']), "{what}: {help}");
    let fields: Vec<&String> = help.as_object().unwrap().keys().collect();
    // `seen` is the peer's own address; `claimable`, that there is no owner yet and a code to become it.
    assert_eq!(fields[..3], ["cause", "sentence", "fix"], "{what}");
    assert!(fields[3..].iter().all(|field| ["seen", "claimable"].contains(&field.as_str())), "{what}");
}

/// A close reason holds 120 bytes.
fn cut(text: &str) -> String {
    let end = (0..=text.len().min(120)).rev().find(|at| text.is_char_boundary(*at)).unwrap();
    text[..end].to_owned()
}

/// A world whose limiter does not get in the way of a long table, with one public origin allowed.
fn patient_world() -> World {
    World::new().with(|config| {
        config["gateway"]["auth"]["rateLimit"] =
            json!({"maxAttempts": 1000, "windowMs": 60000, "lockoutMs": 1000, "exemptLoopback": false});
        config["gateway"]["controlUi"] = json!({"allowedOrigins": [UI]});
    })
}

/// The origin that [`patient_world`] allows.
const UI: &str = "https://gateway.example.com";

/// Goes through `rows` in both dialects, each on a connection that looks remote.
fn check_all(gateway: &Gateway, rows: impl Fn(Dialect) -> Vec<Row>) {
    for dialect in Dialect::BOTH {
        for row in rows(dialect) {
            row.check(gateway.dial_remote());
        }
    }
}
