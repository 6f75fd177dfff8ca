//! The parameters of `connect`, in both dialects. Input: a JSON text.

#![no_main]

use libfuzzer_sys::fuzz_target;
use openclaw_fuzz::{harmless, json5, values};
use openclaw_protocol::connect::{self, ConnectParams, Invalid};
use openclaw_protocol::dialect::Dialect;
use openclaw_protocol::{guard, scope::ScopeSet};
use serde_json::{Map, Value, json, value::RawValue};

fuzz_target!(|text: &str| {
    let Ok(raw) = serde_json::from_str::<Box<RawValue>>(text) else { return };
    let value = serde_json::from_str::<Value>(raw.get()).ok();
    let dialect = connect::dialect_of(Some(&raw));
    if let Some(value) = &value
        && json5::colons(text) == values::members(value)
    {
        assert_eq!(dialect, dialect_by_contract(value));
    }
    match (connect::parse(Some(&raw)), &value) {
        (Ok(params), Some(value)) => {
            assert!(is_connect(value, dialect == Dialect::V4), "accepted");
            says_what_was_sent(&params, value);
            shows_no_secret(&params);
            grants_nothing_unknown(&params);
        }
        (Ok(_), None) => panic!("accepted what is not JSON"),
        (Err(invalid), value) => {
            assert!(
                !value.as_ref().is_some_and(|value| is_connect(value, dialect == Dialect::V4)),
                "refused"
            );
            for dialect in [Dialect::V3, Dialect::V4] {
                let message = invalid.message(dialect);
                let complaint =
                    message.strip_prefix("invalid connect params: ").expect("the known beginning");
                assert!(!complaint.is_empty() && complaint.len() < 8_192, "{} bytes", complaint.len());
                harmless(complaint);
            }
            if let Some(value) = value
                && json5::colons(text) == values::members(value)
            {
                quotes_no_secret(&invalid, value);
            }
        }
    }
});

/// The highest generation that both ends of the range allow; protocol 4 when there is no such range.
fn dialect_by_contract(value: &Value) -> Dialect {
    let end = |name: &str| value.get(name).and_then(Value::as_f64).filter(|n| n.fract() == 0.0);
    match (end("minProtocol"), end("maxProtocol")) {
        (Some(min), Some(max)) if min <= 3.0 && max == 3.0 => Dialect::V3,
        _ => Dialect::V4,
    }
}

type Check<'a> = &'a dyn Fn(&Value) -> bool;

fn object(value: &Value, need: &[&str], members: &[(&str, Check<'_>)]) -> bool {
    let Some(map) = value.as_object() else { return false };
    let fits =
        |(name, value): (&String, &Value)| members.iter().any(|(known, check)| known == name && check(value));
    need.iter().all(|name| map.contains_key(*name)) && map.iter().all(fits)
}

/// What `connect` may contain, by the contract (auth-and-pairing §1.4), written independently of the table.
fn is_connect(value: &Value, v4: bool) -> bool {
    let length = |value: &Value| value.as_str().map(|text| text.chars().count());
    let text = |value: &Value| value.is_string();
    let name = |value: &Value| length(value).is_some_and(|len| len > 0);
    let short = |max: usize| move |value: &Value| length(value).is_some_and(|len| (1..=max).contains(&len));
    let names = |value: &Value| value.as_array().is_some_and(|items| items.iter().all(name));
    let flags = |value: &Value| value.as_object().is_some_and(|map| map.values().all(Value::is_boolean));
    let whole = |least: f64| {
        move |value: &Value| {
            value.as_f64().is_some_and(|n| n.fract() == 0.0 && n >= least && n <= 9_223_372_036_854_775_807.0)
        }
    };
    let new = |check: fn(&Value) -> bool| move |value: &Value| v4 && check(value);
    let any = new(|_| true);
    let v4_text = new(Value::is_string);
    let build = |value: &Value| v4 && short(96)(value);
    let zone = |value: &Value| v4 && short(64)(value);
    let one_of = |both: &'static [&'static str], later: &'static [&'static str]| {
        move |value: &Value| {
            value.as_str().is_some_and(|text| both.contains(&text) || (v4 && later.contains(&text)))
        }
    };
    let id = one_of(
        &[
            "webchat-ui",
            "openclaw-control-ui",
            "webchat",
            "cli",
            "gateway-client",
            "openclaw-macos",
            "openclaw-ios",
            "openclaw-android",
            "node-host",
            "test",
            "fingerprint",
            "openclaw-probe",
        ],
        &[
            "openclaw-browser-copilot",
            "openclaw-tui",
            "openclaw-linux",
            "openclaw-watchos",
            "openclaw-worker",
        ],
    );
    let mode = one_of(&["webchat", "cli", "ui", "backend", "node", "probe", "test"], &["worker"]);
    let client = |value: &Value| {
        object(
            value,
            &["id", "version", "platform", "mode"],
            &[
                ("id", &id),
                ("displayName", &name),
                ("version", &name),
                ("buildId", &build),
                ("platform", &name),
                ("deviceFamily", &name),
                ("modelIdentifier", &name),
                ("timeZone", &zone),
                ("mode", &mode),
                ("instanceId", &name),
            ],
        )
    };
    let device = |value: &Value| {
        let need = ["id", "publicKey", "signature", "signedAt", "nonce"];
        let at = whole(0.0);
        let [a, b, c, d, e] = need;
        object(value, &need, &[(a, &name), (b, &name), (c, &name), (d, &at), (e, &name)])
    };
    let auth = |value: &Value| {
        object(
            value,
            &[],
            &[
                ("token", &text),
                ("bootstrapToken", &text),
                ("deviceToken", &text),
                ("password", &text),
                ("approvalRuntimeToken", &v4_text),
                ("agentRuntimeIdentityToken", &v4_text),
            ],
        )
    };
    let digest = |value: &Value| {
        let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        value.as_str().is_some_and(|text| text.len() == 64 && text.bytes().all(hex))
    };
    let features = |value: &Value| {
        value.as_array().is_some_and(|items| {
            let distinct = items.iter().enumerate().all(|(at, item)| !items[..at].contains(item));
            items.len() <= 64 && distinct && items.iter().all(short(128))
        })
    };
    let prewarm =
        |value: &Value| whole(1.0)(value) && value.as_f64().is_some_and(|n| n <= 9_007_199_254_740_991.0);
    let version = short(128);
    let worker = |value: &Value| {
        v4 && object(
            value,
            &["bundleHash", "openclawVersion", "protocolFeatures"],
            &[
                ("bundleHash", &digest),
                ("openclawVersion", &version),
                ("protocolFeatures", &features),
                ("bundlePrewarm", &prewarm),
            ],
        )
    };
    let protocol = whole(1.0);
    values::depth(value) <= guard::MAX_DEPTH
        && object(
            value,
            &["minProtocol", "maxProtocol", "client"],
            &[
                ("minProtocol", &protocol),
                ("maxProtocol", &protocol),
                ("client", &client),
                ("caps", &names),
                ("commands", &names),
                ("computerUse", &any),
                ("workerRuns", &worker),
                ("permissions", &flags),
                ("pathEnv", &text),
                ("role", &name),
                ("scopes", &names),
                ("device", &device),
                ("auth", &auth),
                ("locale", &text),
                ("userAgent", &text),
                ("modelCatalog", &any),
            ],
        )
}

/// Nothing is lost, nothing is invented, and what we would send for it reads the same.
fn says_what_was_sent(params: &ConnectParams, value: &Value) {
    let written = params.to_json();
    let (kept, sent) = (values::without_blanks(&written), values::without_blanks(value));
    // The order of the checks below is that of the types: every member that says something came through.
    assert!(values::same(&kept, &sent), "\n{kept}\n{sent}");
    let text = written.to_string();
    let raw: Box<RawValue> = serde_json::from_str(&text).expect("we write JSON");
    let again = connect::parse(Some(&raw)).expect("what we write is valid");
    assert_eq!(again.to_json().to_string(), text);
    let tokens = ["token", "deviceToken", "bootstrapToken"].map(|name| value["auth"][name].as_str());
    assert_eq!(params.auth.signed_token(), tokens.into_iter().flatten().next().unwrap_or_default());
    assert_eq!(params.role_word(), value["role"].as_str().unwrap_or("operator"));
    let worker = [&value["role"], &value["client"]["mode"]].into_iter().any(|word| word == "worker")
        || value["client"]["id"] == "openclaw-worker";
    assert_eq!(params.claims_worker(), worker);
}

/// `Debug` of the credentials is the same whatever they are.
fn shows_no_secret(params: &ConnectParams) {
    let shown = format!("{:?}", params.auth);
    let rest = ["token", "password", "device_token", "bootstrap_token", "approval_runtime_token"]
        .into_iter()
        .chain(["agent_runtime_identity_token", "AuthParams", "Some(Secret(redacted))", "None"])
        .collect::<Vec<_>>();
    let mut left = shown.clone();
    for word in rest.iter().rev() {
        left = left.replace(word, "");
    }
    assert!(
        left.chars().all(|c| "{}:,_ ".contains(c) || c.is_ascii_lowercase()) && left.len() < 60,
        "{shown}"
    );
}

/// Scopes that nobody knows never become scopes.
fn grants_nothing_unknown(params: &ConnectParams) {
    let (known, unknown) = ScopeSet::parse_known(&params.scopes);
    for scope in known.iter() {
        assert!(params.scopes.iter().any(|sent| sent == scope.as_str()));
        assert!(scope.as_str().starts_with("operator.") || scope.as_str().starts_with("node."));
    }
    let left = params.scopes.iter().filter(|sent| !known.iter().any(|scope| scope.as_str() == *sent));
    assert!(unknown.len() <= left.count());
    unknown.iter().for_each(|words| harmless(words.as_str()));
    let again: Map<String, Value> = [("scopes".to_owned(), json!(known.to_strings()))].into_iter().collect();
    let strings: Vec<String> = known.to_strings();
    assert_eq!(ScopeSet::parse_known(&strings).0, known, "{again:?}");
}

/// Complaints depend on what kinds of values stand below `auth`, never on what they say.
fn quotes_no_secret(invalid: &Invalid, value: &Value) {
    let mut other = value.clone();
    if let Some(auth) = other.get_mut("auth") {
        mask(auth);
    }
    let raw = serde_json::value::to_raw_value(&other).expect("a value is JSON");
    let masked = connect::parse(Some(&raw)).expect_err("the same with other secrets");
    assert_eq!(&masked, invalid);
}

fn mask(value: &mut Value) {
    match value {
        Value::String(text) => *text = "x".repeat(text.chars().count()),
        Value::Array(items) => items.iter_mut().for_each(mask),
        Value::Object(map) => map.values_mut().for_each(mask),
        _ => {}
    }
}
