//! Setup codes: what a QR code or a pasted line carries to a phone or a second machine (auth-and-pairing §4.8).
//! Base64url without padding over compact JSON. It never holds the shared gateway token.

use crate::{guard, secret::Secret};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// Longest code read, in bytes; ours are a few hundred.
const MAX_BYTES: usize = 8192;
/// Most addresses in `urls`.
const MAX_URLS: usize = 8;

/// What a setup code says.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SetupCode {
    /// The gateway's WebSocket address.
    pub url: String,
    /// The single-use token, sent as `auth.bootstrapToken`.
    pub bootstrap_token: Secret,
    /// When the token ends, in milliseconds since the epoch.
    #[serde(default)]
    pub expires_at_ms: Option<u64>,
    /// SHA-256 of the gateway's certificate, to pin.
    #[serde(default)]
    pub tls_fingerprint: Option<String>,
    /// Further addresses of the same gateway, at most eight.
    #[serde(default)]
    pub urls: Vec<String>,
}

impl SetupCode {
    /// Writes the code. This exposes the single-use token.
    #[must_use]
    pub fn encode(&self) -> String {
        let mut map = Map::new();
        map.insert("url".to_owned(), json!(self.url));
        map.insert("bootstrapToken".to_owned(), json!(self.bootstrap_token.expose()));
        if let Some(at) = self.expires_at_ms {
            map.insert("expiresAtMs".to_owned(), json!(at));
        }
        if let Some(print) = &self.tls_fingerprint {
            map.insert("tlsFingerprint".to_owned(), json!(print));
        }
        if !self.urls.is_empty() {
            map.insert("urls".to_owned(), json!(self.urls[..self.urls.len().min(MAX_URLS)]));
        }
        URL_SAFE_NO_PAD.encode(Value::Object(map).to_string())
    }

    /// Reads a code that somebody pasted; line breaks, spaces and padding do not matter. Unknown properties are
    /// ignored. `None` when it is not a setup code.
    #[must_use]
    pub fn decode(text: &str) -> Option<Self> {
        if text.len() > MAX_BYTES {
            return None;
        }
        let compact: String = text.split_whitespace().collect();
        let compact = compact.trim_end_matches('=').replace('+', "-").replace('/', "_");
        let json = URL_SAFE_NO_PAD.decode(compact).ok()?;
        guard::check_json(&json, MAX_BYTES, 4).ok()?;
        if !guard::opens_object(&json) {
            return None;
        }
        let mut code: Self = serde_json::from_slice(&json).ok()?;
        code.urls.truncate(MAX_URLS);
        let fine = !code.bootstrap_token.expose().is_empty()
            && (code.url.starts_with("ws://") || code.url.starts_with("wss://"));
        fine.then_some(code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn early_codes_hold_an_address_and_a_token() {
        let text = URL_SAFE_NO_PAD.encode(r#"{"url":"wss://host","bootstrapToken":"abc"}"#);
        let code = SetupCode::decode(&format!(" {}\n{}==", &text[..9], &text[9..])).unwrap();
        assert_eq!((code.url.as_str(), code.bootstrap_token.expose()), ("wss://host", "abc"));
        assert_eq!(code.encode(), text);
    }

    #[test]
    fn other_things_are_not_codes() {
        let bad_url = URL_SAFE_NO_PAD.encode(r#"{"url":"http://host","bootstrapToken":"abc"}"#);
        let no_token = URL_SAFE_NO_PAD.encode(r#"{"url":"wss://host","bootstrapToken":""}"#);
        let list = URL_SAFE_NO_PAD.encode(r#"["wss://host","abc"]"#);
        for text in ["", "7F3A-9C1E", "f00dfacef00dface", &bad_url, &no_token, &list, &"A".repeat(9000)] {
            assert!(SetupCode::decode(text).is_none(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn codes_survive_the_journey(
            token in "[A-Za-z0-9_-]{1,43}", at in proptest::option::of(any::<u64>()),
            urls in proptest::collection::vec("wss://[a-z.]{1,20}", 0..8),
        ) {
            let code = SetupCode {
                url: "wss://gw.example:443".to_owned(),
                bootstrap_token: Secret::new(token),
                expires_at_ms: at,
                tls_fingerprint: at.map(|at| format!("{at:064x}")),
                urls,
            };
            prop_assert_eq!(SetupCode::decode(&code.encode()), Some(code));
        }

        #[test]
        fn reading_never_panics(text in "[A-Za-z0-9_=+/ -]{0,200}") {
            let _ = SetupCode::decode(&text);
        }
    }
}
