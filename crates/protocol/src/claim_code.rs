//! The claim code: eight characters by which the first operator of a new gateway signs in (ruling 30). Forty bits in
//! Crockford's base32, written `XXXX-XXXX`.

use crate::secret::Secret;

/// The alphabet: digits and letters without I, L, O and U, which people misread.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const LENGTH: usize = 8;

/// A claim code in its written form `XXXX-XXXX`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ClaimCode(Secret);

impl ClaimCode {
    /// Makes a code from random bytes (forty bits).
    #[must_use]
    pub fn from_random(bytes: [u8; 5]) -> Self {
        let bits = bytes.into_iter().fold(0u64, |bits, byte| bits << 8 | u64::from(byte));
        let symbols = (0..LENGTH).map(|at| {
            let shift = 5 * (LENGTH - 1 - at);
            char::from(ALPHABET[usize::try_from(bits >> shift & 31).unwrap_or_default()])
        });
        Self::written(&symbols.collect::<String>())
    }

    /// Reads what a person typed: any case, with or without separators, `O` for zero and `I` or `L` for one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut symbols = String::with_capacity(LENGTH);
        for c in text.trim().chars() {
            let symbol = match c.to_ascii_uppercase() {
                '-' | ' ' | '\u{2010}'..='\u{2015}' => continue,
                'O' => '0',
                'I' | 'L' => '1',
                upper if upper.is_ascii() && ALPHABET.contains(&(upper as u8)) => upper,
                _ => return None,
            };
            symbols.push(symbol);
            if symbols.len() > LENGTH {
                return None;
            }
        }
        (symbols.len() == LENGTH).then(|| Self::written(&symbols))
    }

    fn written(symbols: &str) -> Self {
        let (left, right) = symbols.split_at(4);
        Self(Secret::new(format!("{left}-{right}")))
    }

    /// The written form, for the gateway's own output and for redeeming.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// Whether a typed text is this code, in constant time.
    #[must_use]
    pub fn matches(&self, typed: &str) -> bool {
        Self::parse(typed).is_some_and(|code| self.0.matches(code.expose()))
    }
}

/// Whether a text looks like a claim code where a token is expected: four, a separator, four.
#[must_use]
pub fn recognise(text: &str) -> bool {
    let text = text.trim();
    let separated = text.chars().nth(4).is_some_and(|c| matches!(c, '-' | ' ' | '\u{2010}'..='\u{2015}'));
    separated && text.chars().count() == LENGTH + 1 && ClaimCode::parse(text).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn people_may_type_it_their_way() {
        let code = ClaimCode::parse("7f3a-9c1e").unwrap();
        assert_eq!(code.expose(), "7F3A-9C1E");
        for typed in ["7F3A9C1E", " 7f3a 9cle ", "7F3A–9C1E", "7f3a-9cie"] {
            assert!(code.matches(typed), "{typed}");
        }
        for wrong in ["7F3A-9C1F", "7F3A-9C1", "7F3A-9C1EE", "7F3A-9C1U", ""] {
            assert!(!code.matches(wrong), "{wrong}");
        }
    }

    #[test]
    fn tokens_are_not_taken_for_codes() {
        assert!(recognise("7F3A-9C1E"));
        for token in ["7F3A9C1E", "f00dfacef00dface", "my-token", "7F3A-9C1E-0000", "ABCD-EFG", "ÄBCD-EFGH"]
        {
            assert!(!recognise(token), "{token}");
        }
    }

    proptest! {
        #[test]
        fn every_code_survives_writing_and_reading(bytes in any::<[u8; 5]>(), other in any::<[u8; 5]>()) {
            let code = ClaimCode::from_random(bytes);
            prop_assert_eq!(code.expose().len(), 9);
            prop_assert!(recognise(code.expose()));
            prop_assert!(code.matches(&code.expose().to_lowercase()));
            prop_assert_eq!(ClaimCode::from_random(other) == code, other == bytes);
        }

        #[test]
        fn reading_never_panics(text in "\\PC{0,20}") {
            let _ = ClaimCode::parse(&text);
            let _ = recognise(&text);
        }
    }
}
