//! Telling by its shape what somebody pasted into a field for a token, so that the answer can say what it was
//! instead of "wrong token" (acceptance F-17, ruling 34).

use serde::{Deserialize, Serialize};

use crate::{claim_code, secret, setup_code::SetupCode};

/// What a pasted text looks like.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Kind {
    /// `XXXX-XXXX`: belongs into `auth.bootstrapToken`.
    ClaimCode,
    /// A setup code: holds an address and a single-use token.
    SetupCode,
    /// 43 base64url characters, as device tokens are.
    DeviceToken,
    /// At least 32 hex digits, as generated gateway tokens are.
    HexToken,
    /// A guide's placeholder or the redaction marker.
    Placeholder,
    /// The id of a pairing request or a device: to be approved, not to be signed in with.
    Id,
    /// An address, for example a dashboard link that was pasted whole.
    Url,
    /// Nothing known; may well be a token that the owner chose.
    Other,
}

/// Says what a text looks like. It is a guess for explaining; it never decides who gets in.
#[must_use]
pub fn recognise(text: &str) -> Kind {
    let text = text.trim();
    let hex = |text: &str| text.bytes().all(|b| b.is_ascii_hexdigit());
    let base64url = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    let uuid = || {
        text.len() == 36
            && text.bytes().enumerate().all(|(at, b)| match at {
                8 | 13 | 18 | 23 => b == b'-',
                _ => b.is_ascii_hexdigit(),
            })
    };
    if secret::is_placeholder(text) {
        Kind::Placeholder
    } else if claim_code::recognise(text) {
        Kind::ClaimCode
    } else if ["http://", "https://", "ws://", "wss://"].iter().any(|scheme| text.starts_with(scheme)) {
        Kind::Url
    } else if uuid() || (text.len() == 64 && hex(text) && text == text.to_ascii_lowercase()) {
        Kind::Id
    } else if text.len() >= 32 && hex(text) {
        Kind::HexToken
    } else if SetupCode::decode(text).is_some() {
        Kind::SetupCode
    } else if text.len() == 43 && text.bytes().all(base64url) {
        Kind::DeviceToken
    } else {
        Kind::Other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_are_told_apart() {
        let setup = SetupCode {
            url: "wss://host".to_owned(),
            bootstrap_token: "abc".into(),
            expires_at_ms: None,
            tls_fingerprint: None,
            urls: Vec::new(),
        };
        for (text, want) in [
            ("7F3A-9C1E", Kind::ClaimCode),
            (setup.encode().as_str(), Kind::SetupCode),
            ("mH3Qf_TiD223BoD5rDMOOog9NFB-UZRlNunxRJvducU", Kind::DeviceToken),
            ("0123456789abcdef0123456789abcdef0123456789abcdef", Kind::HexToken),
            ("56475aa75463474c0285df5dbf2bcab73da651358839e9b77481b2eab107708c", Kind::Id),
            ("05493183-47b8-4757-ab6b-2da89ac73923", Kind::Id),
            ("<token>", Kind::Placeholder),
            ("http://127.0.0.1:18789/#token=x", Kind::Url),
            ("TOK-secret-123", Kind::Other),
            ("", Kind::Other),
        ] {
            assert_eq!(recognise(text), want, "{text}");
        }
    }
}
