//! Values that must never be printed: tokens, passwords, codes.

use serde::{Deserialize, Deserializer};
use sha2::{Digest, Sha256};
use std::fmt;
use subtle::ConstantTimeEq;
use zeroize::Zeroize;

/// What stands in the place of a secret in configuration that is shown.
pub const REDACTED: &str = "__OPENCLAW_REDACTED__";

/// Below this length a fingerprint would help a guesser, so there is none (ruling 32).
const FINGERPRINT_MIN_CHARS: usize = 24;

/// A secret text. It cannot be formatted or serialised; [`Secret::expose`] is the only way out, so that every
/// place where a secret leaves the type can be found. Memory is cleared on drop.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// Takes the text as it is.
    #[must_use]
    pub const fn new(text: String) -> Self {
        Self(text)
    }

    /// A credential as the wire and the config mean it: trimmed, and absent when nothing remains
    /// (auth-and-pairing §2.4).
    #[must_use]
    pub fn present(text: &str) -> Option<Self> {
        let text = text.trim();
        (!text.is_empty()).then(|| Self(text.to_owned()))
    }

    /// The value. For sending it or writing it to a protected file, nothing else.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Compares in a time that depends on neither value (digests are compared, so length does not show either).
    #[must_use]
    pub fn matches(&self, other: &str) -> bool {
        Sha256::digest(&self.0).ct_eq(&Sha256::digest(other)).into()
    }

    /// Eight hex digits by which people can see that two secrets are the same one; `None` for secrets under 24
    /// characters. Never for passwords.
    #[must_use]
    pub fn fingerprint(&self) -> Option<String> {
        (self.0.chars().count() >= FINGERPRINT_MIN_CHARS)
            .then(|| crate::ids::hex(&Sha256::digest(&self.0)[..4]))
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(redacted)")
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.matches(&other.0)
    }
}

impl Eq for Secret {}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self)
    }
}

/// What guides print in the place of a token, letters and digits only, in lower case.
pub const PLACEHOLDER_WORDS: [&str; 14] = [
    "token",
    "yourtoken",
    "yourtokenhere",
    "yourgatewaytoken",
    "yourgatewaytokenhere",
    "youropenclawtoken",
    "yoursecrettoken",
    "yourpassword",
    "pasteyourtokenhere",
    "gatewaytoken",
    "newtoken",
    "changeme",
    "replaceme",
    "openclawredacted",
];

/// Whether a value is what a guide or a redacted listing prints in the place of a token: the redaction marker,
/// `YOUR_TOKEN`, `<token>`, `$OPENCLAW_GATEWAY_TOKEN`, a row of stars (ruling 34).
#[must_use]
pub fn is_placeholder(text: &str) -> bool {
    let text = text.trim();
    if text == REDACTED || (text.len() > 1 && text.starts_with('<') && text.ends_with('>')) {
        return true;
    }
    if text.starts_with('$') {
        let name = text.trim_start_matches(['$', '{', '(']).trim_end_matches(['}', ')']);
        return !name.is_empty()
            && name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
    }
    if !text.is_empty() && text.chars().all(|c| matches!(c, '*' | '•' | '…' | '.' | 'x' | 'X')) {
        return true;
    }
    let letters: String =
        text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    PLACEHOLDER_WORDS.contains(&letters.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_does_not_show() {
        let secret = Secret::from("TOK-secret-123");
        assert_eq!(format!("{secret:?}"), "Secret(redacted)");
        assert!(secret.matches("TOK-secret-123"));
        assert!(!secret.matches("TOK-secret-12"));
        assert!(!secret.matches(""));
    }

    #[test]
    fn only_long_secrets_have_a_fingerprint() {
        assert_eq!(Secret::from("x".repeat(23).as_str()).fingerprint(), None);
        let print = Secret::from("x".repeat(24).as_str()).fingerprint().unwrap();
        assert_eq!(print.len(), 8);
        assert!(print.bytes().all(|b| b.is_ascii_hexdigit()));
    }

    #[test]
    fn blank_credentials_are_absent() {
        assert!(Secret::present(" \t ").is_none());
        assert_eq!(Secret::present(" a ").unwrap().expose(), "a");
    }

    #[test]
    fn placeholders_are_recognised_and_tokens_are_not() {
        for placeholder in [
            REDACTED,
            "<token>",
            "<your token>",
            "YOUR_TOKEN",
            "your-gateway-token",
            "TOKEN",
            "$OPENCLAW_GATEWAY_TOKEN",
            "${OPENCLAW_GATEWAY_TOKEN}",
            "********",
            "changeme",
        ] {
            assert!(is_placeholder(placeholder), "{placeholder}");
        }
        for token in ["", "TOK-secret-123", "f00dfacef00dface", "$ecret", "my-token-7", "<"] {
            assert!(!is_placeholder(token), "{token}");
        }
    }
}
