use openclaw_protocol::refusal::{Refusal, Vantage};
use openclaw_protocol::words::Words;
use serde_json::{Value, json};

use super::{describe, tell};
use crate::args::why::ExplainArgs;
use crate::context::Context;
use crate::ui::Terminal;
use crate::ui::testing::capture;

fn told(answer: Value, json: bool) -> String {
    let (mut ui, out, err) = capture(Terminal::plain(), "");
    assert_eq!(tell(answer, &mut ui, json, &Vantage::default()), Ok(0));
    ui.flush();
    format!("{}{}", out.text(), err.text())
}

fn answer() -> Value {
    json!({
        "peer": {"from": "203.0.113.9 (public)", "headers": ["host: gw\u{1b}[2J"], "client": "cli/cli", "platform": "linux",
                 "role": "operator", "scopes": ["operator.read"], "device": "new", "presents": ["a token"], "protocol": 4},
        "assumed": ["The device proves its key."],
        "trace": [{"name": "origin", "verdict": "fail", "saw": "https://evil.example is not allowed"},
                  {"name": "credentials", "verdict": "skip", "saw": "not looked at after an earlier refusal"}],
    })
}

#[test]
fn a_refusal_foretold() {
    let mut answer = answer();
    let origin = Refusal::Origin { missing: false, origin: Some(Words::new("https://evil.example")) };
    answer["refusal"] = json!(origin);
    answer["fix"] = json!("rm -rf /");
    for (field, value) in [
        ("outcome", json!("refuse")),
        ("message", json!("origin not allowed")),
        ("closeCode", json!(1008)),
        ("addressClass", json!("public")),
        ("unlistedProxy", json!({"address": "127.0.0.1", "headers": ["x-forwarded-for"], "offered": true})),
    ] {
        answer[field] = value;
    }
    let text = told(answer.clone(), false);
    crate::snapshot::check("explain-refused.txt", &text);
    assert!(!text.contains('\u{1b}') && !text.contains("rm -rf"), "{text}");
    let document: Value = serde_json::from_str(&told(answer, true)).unwrap();
    let fix = document["fix"].as_str().unwrap();
    assert!(
        fix.contains("https://evil.example") && document["proxyHelp"]["cause"] == json!("C-15"),
        "{document}"
    );
}

#[test]
fn an_admission_foretold() {
    let mut answer = answer();
    answer["trace"] = json!([{"name": "pairing", "verdict": "pass", "saw": "approved silently"}]);
    answer["outcome"] = json!("admit");
    answer["how"] = json!("silently");
    answer["role"] = json!("operator");
    answer["scopes"] = json!(["operator.admin", "operator.read"]);
    crate::snapshot::check("explain-admitted.txt", &told(answer, false));
}

#[test]
fn only_what_was_said_is_sent() {
    use clap::Parser;
    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        peer: ExplainArgs,
    }
    let words = [
        "x",
        "--from",
        "203.0.113.9",
        "--header",
        "A: b",
        "--header",
        "C: d",
        "--scopes",
        "read,write",
        "--tls",
        "--with-gateway-token",
        "--device",
        "none",
    ];
    let line = Line::parse_from(words);
    let described = describe(&Context::testing(), &line.peer).unwrap();
    assert_eq!(
        described,
        json!({"from": "203.0.113.9", "headers": ["A: b", "C: d"], "scopes": ["read", "write"], "tls": true,
               "gatewaySecret": true, "device": "none"})
    );
    assert!(!line.peer.has_secret());
    assert!(describe(&Context::testing(), &Line::parse_from(["x", "--device", "own"]).peer).is_err());
}
