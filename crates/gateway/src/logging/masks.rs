//! The last defence against a secret in a line: known secrets and the shapes in which tokens travel are replaced.

use std::borrow::Cow;
use std::sync::{PoisonError, RwLock};

use openclaw_protocol::secret::Secret;

/// What stands where a secret stood.
const MASK: &str = "***";
/// Shorter texts are left alone: `password` as a password would mask the word everywhere.
const MIN_BYTES: usize = 8;
/// Known secrets kept; they are config values, of which there are a handful. The oldest go first.
const MAX_SECRETS: usize = 256;
/// After these a value follows that is a credential whatever it is.
const MARKS: [&str; 5] = ["token=", "password=", "Bearer ", "bearer ", "bootstrapToken="];

/// The secrets known to this process.
#[derive(Default)]
pub(super) struct Masks {
    secrets: RwLock<Vec<Secret>>,
}

impl Masks {
    pub(super) fn add(&self, text: &str) {
        let text = text.trim();
        if text.len() < MIN_BYTES {
            return;
        }
        let mut secrets = self.secrets.write().unwrap_or_else(PoisonError::into_inner);
        if secrets.iter().any(|known| known.expose() == text) {
            return;
        }
        if secrets.len() == MAX_SECRETS {
            secrets.remove(0);
        }
        secrets.push(Secret::from(text));
    }

    /// The text without secrets; not copied when there are none.
    pub(super) fn clean<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut out = Cow::Borrowed(text);
        {
            let secrets = self.secrets.read().unwrap_or_else(PoisonError::into_inner);
            for secret in secrets.iter().map(Secret::expose).filter(|secret| text.contains(secret)) {
                out = Cow::Owned(out.replace(secret, MASK));
            }
        }
        for mark in MARKS.into_iter().filter(|mark| text.contains(mark)) {
            out = Cow::Owned(after_mark(&out, mark));
        }
        out
    }
}

/// Replaces each run of token characters of some length after the mark.
fn after_mark(text: &str, mark: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(mark) {
        let (before, after) = rest.split_at(at + mark.len());
        out.push_str(before);
        let end = after
            .find(|c: char| !(c.is_ascii_alphanumeric() || "-._~+/=%".contains(c)))
            .unwrap_or(after.len());
        if end >= MIN_BYTES {
            out.push_str(MASK);
        } else {
            out.push_str(&after[..end]);
        }
        rest = &after[end..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_secrets_and_token_shapes_disappear() {
        let masks = Masks::default();
        masks.add(" 0123456789abcdef \n");
        masks.add("short");
        let clean = |text: &str| masks.clean(text).into_owned();
        assert_eq!(clean("got 0123456789abcdef, twice 0123456789abcdef"), "got ***, twice ***");
        assert_eq!(clean("a short word"), "a short word");
        assert_eq!(
            clean("GET /?token=AbCdEfGh12&x=1 and #token=zzzzzzzz."),
            "GET /?token=***&x=1 and #token=***"
        );
        assert_eq!(clean("Authorization: Bearer abcdefghij"), "Authorization: Bearer ***");
        assert_eq!(clean("auth=token token=none"), "auth=token token=none");
        assert!(matches!(masks.clean("nothing here"), Cow::Borrowed(_)));
    }

    #[test]
    fn the_registry_is_bounded() {
        let masks = Masks::default();
        for number in 0..=MAX_SECRETS {
            masks.add(&format!("secret-number-{number:05}"));
        }
        assert_eq!(masks.clean("secret-number-00000"), "secret-number-00000");
        assert_eq!(masks.clean("secret-number-00256"), MASK);
    }
}
