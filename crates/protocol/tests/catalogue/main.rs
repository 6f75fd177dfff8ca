//! The browser page's catalogue is made from this crate's words, so that nothing in it is typed twice:
//! `crates/control-ui/web/src/generated/catalogue.ts`, rewritten when `UPDATE_SNAPSHOTS=1`.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod vectors;

use std::{fmt::Write as _, path::Path};

use openclaw_protocol::{
    close,
    connect::{ClientHint, ClientKind},
    device_proof::{ProofError, ProofKind},
    dialect::Dialect,
    ids::{DeviceId, RequestId},
    refusal::{
        AuthFailure, AuthReason, Caller, Cause, DrainReason, Help, InvalidatedWhy, PROXY_LINES,
        PairingReason, PairingRefusal, Refusal, TailscaleReason, Vantage, page_words,
    },
    role::Role,
    scope::{Scope, ScopeSet},
    secret,
};
use serde_json::{Value, json};

/// What the page says is said to somebody who sits elsewhere.
fn vantage() -> Vantage {
    Vantage::of_client(Caller::default())
}

fn said(help: &Help) -> Value {
    json!({"cause": help.cause, "sentence": help.sentence, "fix": help.fix})
}

fn causes() -> Value {
    let cause = |cause: Cause| {
        let about = json!({
            "key": cause.key(), "title": cause.title(), "browser": cause.meets_a_browser(),
        });
        (cause.id(), about)
    };
    Value::Object(Cause::ALL.into_iter().map(cause).collect())
}

fn says() -> Value {
    Value::Object(
        page_words(&vantage()).iter().map(|words| (words.key.to_owned(), said(&words.help))).collect(),
    )
}

fn unauthorized(reason: AuthReason) -> Refusal {
    Refusal::Unauthorized(AuthFailure::new(reason, ClientHint { kind: ClientKind::ControlUi, local: false }))
}

fn pairing(reason: PairingReason) -> Refusal {
    Refusal::Pairing(PairingRefusal {
        reason,
        // Not plain, so that a placeholder stands in the command.
        request_id: RequestId::parse("{requestId}").unwrap(),
        device_id: DeviceId::of_public_key(&[0; 32]),
        requested_role: Role::Operator,
        requested_scopes: ScopeSet::EMPTY,
        approved_roles: Vec::new(),
        approved_scopes: ScopeSet::EMPTY,
        control_ui: true,
        not_local: None,
        token_accepted: false,
        claimable: false,
    })
}

/// Refusals as gateways without our help object send them: the word by which they are known, and what it means.
fn refusals() -> Vec<Refusal> {
    let mut all = vec![
        unauthorized(AuthReason::TokenMissing),
        unauthorized(AuthReason::TokenMismatch),
        unauthorized(AuthReason::TokenNotConfigured),
        unauthorized(AuthReason::PasswordMissing),
        unauthorized(AuthReason::PasswordMismatch),
        unauthorized(AuthReason::PasswordNotConfigured),
        unauthorized(AuthReason::DeviceTokenMismatch),
        unauthorized(AuthReason::ScopeMismatch),
        unauthorized(AuthReason::BootstrapInvalid),
        unauthorized(AuthReason::RateLimited),
        unauthorized(AuthReason::Unauthorized),
        unauthorized(AuthReason::Tailscale(TailscaleReason::UserMissing)),
        unauthorized(AuthReason::Tailscale(TailscaleReason::ProxyMissing)),
        unauthorized(AuthReason::Tailscale(TailscaleReason::WhoisFailed)),
        unauthorized(AuthReason::Tailscale(TailscaleReason::UserMismatch)),
        Refusal::Origin { missing: false, origin: None },
        Refusal::DeviceRequired { control_ui: true },
        Refusal::DeviceRequired { control_ui: false },
        Refusal::BuildMismatch { gateway_build: String::new() },
        Refusal::Starting,
        Refusal::Draining { reason: DrainReason::Restart },
        Refusal::Draining { reason: DrainReason::Suspension },
        Refusal::TooManyWaiting { retry_after_ms: 1000 },
        Refusal::StoreUnavailable { retry_after_ms: 1000, why: String::new() },
    ];
    all.extend(ProofKind::ALL.map(|kind| Refusal::Proof(ProofError::from(kind))));
    all
}

fn codes() -> Value {
    let mut codes = serde_json::Map::new();
    for refusal in refusals() {
        let details = refusal.wire(Dialect::V4).error.and_then(|error| error.details).unwrap();
        let code = details.get("code").or_else(|| details.get("reason")).and_then(Value::as_str).unwrap();
        assert!(codes.insert(code.to_owned(), said(&refusal.help_for(&vantage()))).is_none(), "{code} twice");
    }
    Value::Object(codes)
}

fn pairings() -> Value {
    let reasons = [
        PairingReason::NotPaired,
        PairingReason::RoleUpgrade,
        PairingReason::ScopeUpgrade,
        PairingReason::MetadataUpgrade { changed: Vec::new() },
    ];
    let told = |reason: PairingReason| {
        (reason.as_str().to_owned(), said(&pairing(reason.clone()).help_for(&vantage())))
    };
    Value::Object(reasons.into_iter().map(told).collect())
}

/// Closes without an answer before them.
fn closes() -> Value {
    let mut all = vec![
        Refusal::HandshakeTimeout,
        Refusal::SlowConsumer,
        Refusal::RepeatedUnauthorized,
        Refusal::Displaced,
        Refusal::FrameTooLarge,
        Refusal::TooManyHandshakeFrames,
        Refusal::InvalidFrame,
        Refusal::InvalidJson,
        Refusal::Starting,
        Refusal::Draining { reason: DrainReason::Restart },
    ];
    all.extend(InvalidatedWhy::ALL.map(|why| Refusal::Invalidated { why }));
    let name = |refusal: &Refusal| match refusal {
        Refusal::Invalidated { why } => match why {
            InvalidatedWhy::DeviceRemoved => "DEVICE_REMOVED",
            InvalidatedWhy::TokenRevoked => "TOKEN_REVOKED",
            InvalidatedWhy::TokenRotated => "TOKEN_ROTATED",
            InvalidatedWhy::AccessReduced => "ACCESS_REDUCED",
            InvalidatedWhy::AuthChanged => "AUTH_CHANGED",
            InvalidatedWhy::Closed => "CLOSED",
        },
        _ => "",
    };
    let row = |code: u16, reason: &str, refusal: &Refusal| {
        json!({
            "code": code, "reason": reason, "name": name(refusal),
            "temporary": refusal.is_temporary(), "help": said(&refusal.help_for(&vantage())),
        })
    };
    let rows = all.iter().map(|refusal| {
        let close = refusal.wire(Dialect::V4).close;
        row(close.code, &close.reason, refusal)
    });
    // Of these the code alone says it: early gateways give no reason, or another.
    let by_code = [
        row(close::TOO_LARGE, "", &Refusal::FrameTooLarge),
        row(close::SERVICE_RESTART, "", &Refusal::Draining { reason: DrainReason::Restart }),
    ];
    rows.chain(by_code).collect()
}

fn scopes() -> Value {
    let scope = |scope: Scope| {
        let implies = Scope::OPERATOR.into_iter().filter(|other| *other != scope && scope.implies(other));
        json!({
            "name": scope.as_str(),
            "short": scope.short(),
            "says": scope.description(),
            "implies": implies.map(|other| other.as_str().to_owned()).collect::<Vec<_>>(),
        })
    };
    Scope::OPERATOR.into_iter().map(scope).collect()
}

/// One exported constant.
fn constant(out: &mut String, about: &str, name: &str, of: &str, value: &Value) {
    let value = serde_json::to_string_pretty(value).unwrap();
    let of = if of.is_empty() { String::new() } else { format!(": {of}") };
    write!(out, "\n/** {about} */\nexport const {name}{of} = {value};\n").unwrap();
}

const HEAD: &str = "// Made from the words of crates/protocol by its test `catalogue`: change them there, then run\n\
     // `UPDATE_SNAPSHOTS=1 cargo test -p openclaw-protocol --test catalogue`.\n\n\
     /** Words for a person: a cause, a sentence, and a command where one helps. */\n\
     export type Said = { cause: string; sentence: string; fix: string | null };\n";

fn catalogue() -> String {
    let mut out = HEAD.to_owned();
    let proxies = PROXY_LINES.iter().map(|(proxy, lines)| json!([proxy, lines])).collect();
    let meanings = close::MEANINGS.iter().map(|(code, says)| (code.to_string(), json!(says))).collect();
    constant(
        &mut out,
        "Causes by id. `browser`: a browser can be refused for it.",
        "causes",
        "Record<string, { key: string; title: string; browser: boolean }>",
        &causes(),
    );
    constant(&mut out, "What the page says by itself.", "says", "", &says());
    constant(
        &mut out,
        "What codes of gateways mean that send no words.",
        "codes",
        "Record<string, Said>",
        &codes(),
    );
    constant(
        &mut out,
        "The same for pairing, by its reason.",
        "pairings",
        "Record<string, Said>",
        &pairings(),
    );
    constant(
        &mut out,
        "Closes without an answer; an empty reason fits all of its code. Those that withdraw access have a name.",
        "closes",
        "{ code: number; reason: string; name: string; temporary: boolean; help: Said }[]",
        &closes(),
    );
    constant(
        &mut out,
        "Close codes by number.",
        "closeCodes",
        "Record<string, string>",
        &Value::Object(meanings),
    );
    constant(
        &mut out,
        "Operator scopes in the order in which they are shown.",
        "scopes",
        "{ name: string; short: string; says: string; implies: string[] }[]",
        &scopes(),
    );
    constant(
        &mut out,
        "Lines that a proxy needs for WebSockets, by the proxy's name.",
        "proxyLines",
        "[proxy: string, lines: string[]][]",
        &proxies,
    );
    constant(
        &mut out,
        "Stands in the gateway's answers where a secret is; sent back, it means \"as it was\".",
        "redacted",
        "",
        &json!(secret::REDACTED),
    );
    constant(
        &mut out,
        "What guides print in the place of a token, letters and digits only, in lower case.",
        "placeholders",
        "string[]",
        &json!(secret::PLACEHOLDER_WORDS),
    );
    out
}

fn check(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../control-ui/web/src/generated").join(name);
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(&path, text).unwrap();
        return;
    }
    let there = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        there == text,
        "{name} is not what this crate says; run the test with UPDATE_SNAPSHOTS=1 and look at the change"
    );
}

#[test]
fn the_pages_catalogue_says_what_this_crate_says() {
    check("catalogue.ts", &catalogue());
    check("vectors.ts", &vectors::text());
}

#[test]
fn whatever_the_page_says_can_be_filled_in() {
    let places = ["address", "status", "host", "origin", "code", "method"];
    for words in page_words(&vantage()) {
        let text = format!("{} {}", words.help.sentence, words.help.fix.unwrap_or_default());
        for place in text.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(place, _)| place) {
            assert!(places.contains(&place), "{}: {{{place}}}", words.key);
        }
    }
}

#[test]
fn every_operator_scope_and_every_cause_has_words() {
    assert!(Scope::OPERATOR.iter().all(|scope| scope.description().is_some()));
    assert_eq!(Scope::node("node.run").unwrap().description(), None);
    let mut titles = Cause::ALL.map(Cause::title).to_vec();
    titles.sort_unstable();
    titles.dedup();
    assert_eq!(titles.len(), Cause::ALL.len());
    assert!(titles.iter().all(|title| title.len() <= 40 && !title.ends_with('.')));
    assert_eq!(Cause::NewDevice.key(), "newDevice");
}
