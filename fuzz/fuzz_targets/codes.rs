//! Codes that people paste and type: setup codes and claim codes. Input: the text; it is read as it stands, and also
//! as what a setup code could hold.

#![no_main]

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use libfuzzer_sys::fuzz_target;
use openclaw_fuzz::lines;
use openclaw_protocol::claim_code::{self, ClaimCode};
use openclaw_protocol::recognise::{Kind, recognise};
use openclaw_protocol::secret;
use openclaw_protocol::setup_code::SetupCode;
use serde_json::Value;

fuzz_target!(|data: &[u8]| {
    let text = lines::text(data);
    setup(&text);
    setup(&URL_SAFE_NO_PAD.encode(&text));
    held_by_a_setup_code(&text);
    claim(&text);
    kinds_agree(&text);
});

fn setup(text: &str) {
    let Some(code) = SetupCode::decode(text) else { return };
    assert!(code.url.starts_with("ws://") || code.url.starts_with("wss://"));
    assert!(!code.bootstrap_token.expose().is_empty());
    assert!(code.urls.len() <= 8);
    let written = code.encode();
    assert!(written.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'), "{written}");
    // However it is copied: as it is, wrapped in a terminal, in the other alphabet, padded.
    let other = STANDARD.encode(URL_SAFE_NO_PAD.decode(&written).expect("our own base64url"));
    let wrapped: String =
        written.chars().flat_map(|c| [Some(c), (c == 'I').then_some('\n')]).flatten().collect();
    for copy in [written.clone(), other, format!(" {wrapped}\r\n")] {
        if copy.len() <= 8_192 {
            assert_eq!(SetupCode::decode(&copy).as_ref(), Some(&code), "{copy}");
        }
    }
    let token = code.bootstrap_token.expose();
    let shown = format!(
        "{:?}",
        SetupCode { url: String::new(), tls_fingerprint: None, urls: vec![], ..code.clone() }
    );
    assert!(token.len() < 12 || !shown.contains(token), "the token shows: {shown}");
}

/// A JSON text is a setup code exactly when it says an address and a token in the right types.
fn held_by_a_setup_code(json: &str) {
    let Ok(value) = serde_json::from_str::<Value>(json) else { return };
    let text = |name: &str| value.get(name).and_then(Value::as_str);
    let absent = |name: &str| value.get(name).is_none_or(Value::is_null);
    let address = |url: &str| url.starts_with("ws://") || url.starts_with("wss://");
    let fine = value.is_object()
        && text("url").is_some_and(address)
        && text("bootstrapToken").is_some_and(|token| !token.is_empty())
        && (absent("expiresAtMs") || value["expiresAtMs"].is_u64())
        && (absent("tlsFingerprint") || value["tlsFingerprint"].is_string())
        && value
            .get("urls")
            .is_none_or(|urls| urls.as_array().is_some_and(|urls| urls.iter().all(Value::is_string)));
    let encoded = URL_SAFE_NO_PAD.encode(json);
    let Some(code) = SetupCode::decode(&encoded) else {
        let repeated = openclaw_fuzz::json5::colons(json) != openclaw_fuzz::values::members(&value);
        let bounds = encoded.len() > 8_192 || openclaw_fuzz::values::depth(&value) > 4;
        assert!(!fine || repeated || bounds, "refused: {json}");
        return;
    };
    assert!(fine, "accepted: {json}");
    assert_eq!(Some(code.url.as_str()), text("url"));
    assert_eq!(Some(code.bootstrap_token.expose()), text("bootstrapToken"));
    assert_eq!(code.expires_at_ms, value["expiresAtMs"].as_u64());
}

/// What a person may type for a claim code, written independently: eight symbols, separators anywhere.
fn typed(text: &str) -> Option<String> {
    let separator = |c: &char| !matches!(c, '-' | ' ' | '‐' | '‑' | '‒' | '–' | '—' | '―');
    let symbols: Option<Vec<char>> = text
        .trim()
        .chars()
        .filter(separator)
        .map(|c| match c {
            'o' | 'O' => Some('0'),
            'i' | 'I' | 'l' | 'L' => Some('1'),
            'u' | 'U' => None,
            c if c.is_ascii_alphanumeric() => Some(c.to_ascii_uppercase()),
            _ => None,
        })
        .collect();
    let symbols = symbols.filter(|symbols| symbols.len() == 8)?;
    Some(format!("{}-{}", symbols[..4].iter().collect::<String>(), symbols[4..].iter().collect::<String>()))
}

fn claim(text: &str) {
    let code = ClaimCode::parse(text);
    assert_eq!(code.as_ref().map(|code| code.expose().to_owned()), typed(text));
    if let Some(code) = code {
        assert!(
            code.matches(text) && code.matches(code.expose()) && code.matches(&code.expose().to_lowercase())
        );
        assert!(claim_code::recognise(code.expose()));
        assert!(!format!("{code:?}").contains(code.expose()));
        let mut wrong: Vec<u8> = code.expose().bytes().collect();
        wrong[0] = if wrong[0] == b'7' { b'8' } else { b'7' };
        assert!(!code.matches(&String::from_utf8(wrong).expect("ASCII")));
    }
}

/// The guess of what was pasted never contradicts the readers.
fn kinds_agree(text: &str) {
    match recognise(text) {
        Kind::ClaimCode => assert!(ClaimCode::parse(text).is_some()),
        Kind::SetupCode => assert!(SetupCode::decode(text).is_some()),
        Kind::Placeholder => assert!(secret::is_placeholder(text)),
        kind => {
            assert!(!claim_code::recognise(text) && !secret::is_placeholder(text), "{kind:?}");
        }
    }
}
