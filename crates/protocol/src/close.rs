//! How a WebSocket ends: a code and a reason of at most 120 bytes (ruling 3).

use crate::ids::RequestId;
use std::fmt;

/// Longest reason we send, in bytes of UTF-8. The wire allows 123; both generations cut at 120.
pub const MAX_REASON_BYTES: usize = 120;

/// Everything is fine.
pub const NORMAL: u16 = 1000;
/// The peer went away (page closed, process ended).
pub const GOING_AWAY: u16 = 1001;
/// The protocol versions do not fit.
pub const PROTOCOL: u16 = 1002;
/// Local only: the connection ended without a close code.
pub const NO_STATUS: u16 = 1005;
/// Local only: the connection broke without a close frame.
pub const ABNORMAL: u16 = 1006;
/// Refused by policy; most refusals.
pub const POLICY: u16 = 1008;
/// A frame was larger than allowed.
pub const TOO_LARGE: u16 = 1009;
/// The gateway restarts; clients reconnect.
pub const SERVICE_RESTART: u16 = 1012;
/// Not now; clients retry.
pub const TRY_AGAIN_LATER: u16 = 1013;
/// Local only: TLS failed.
pub const TLS_FAILED: u16 = 1015;
/// Sent by clients that heard no `tick` for two intervals.
pub const TICK_TIMEOUT: u16 = 4000;
/// The connection's grant was withdrawn.
pub const INVALIDATED: u16 = 4001;

/// The codes and what each means, in the words of this module.
pub const MEANINGS: [(u16, &str); 12] = [
    (NORMAL, "Everything is fine"),
    (GOING_AWAY, "The other side went away"),
    (PROTOCOL, "The protocol versions do not fit"),
    (NO_STATUS, "Ended without a code"),
    (ABNORMAL, "Broke off without a word"),
    (POLICY, "Refused"),
    (TOO_LARGE, "A message was too large"),
    (SERVICE_RESTART, "The gateway restarts"),
    (TRY_AGAIN_LATER, "Not now, later"),
    (TICK_TIMEOUT, "The gateway was not heard for a while"),
    (INVALIDATED, "Access was withdrawn"),
    (TLS_FAILED, "TLS did not come about"),
];

/// A close code and its reason.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Close {
    /// The code, one of the constants of this module.
    pub code: u16,
    /// The reason, at most [`MAX_REASON_BYTES`] bytes when made by [`Close::new`].
    pub reason: String,
}

impl Close {
    /// Cuts the reason to 120 bytes at a character boundary. A reason that ends in ` (requestId: …)` keeps that end
    /// whole: the words before it give way.
    #[must_use]
    pub fn new(code: u16, reason: impl Into<String>) -> Self {
        let mut reason = reason.into();
        if reason.len() > MAX_REASON_BYTES {
            let tail = request_tail(&reason).map(|at| reason[at..].to_owned());
            match tail {
                Some(tail) => {
                    let words = &reason[..reason.len() - tail.len()];
                    let words = cut_words(words, MAX_REASON_BYTES - tail.len());
                    reason = words + &tail;
                }
                None => reason.truncate(reason.floor_char_boundary(MAX_REASON_BYTES)),
            }
        }
        Self { code, reason }
    }

    /// A reason that names the pairing request, in the form both clients and people look for.
    #[must_use]
    pub fn with_request(code: u16, words: &str, request: &RequestId) -> Self {
        Self::new(code, format!("{words} (requestId: {request})"))
    }

    /// The pairing request that the reason names, if it does.
    #[must_use]
    pub fn request_id(&self) -> Option<RequestId> {
        let at = request_tail(&self.reason)?;
        RequestId::parse(self.reason[at..].strip_prefix(HEAD)?.strip_suffix(')')?)
    }
}

const HEAD: &str = " (requestId: ";

/// Where a whole ` (requestId: <id>)` at the end of the text begins.
fn request_tail(reason: &str) -> Option<usize> {
    let at = reason.rfind(HEAD)?;
    let id = reason[at + HEAD.len()..].strip_suffix(')')?;
    RequestId::parse(id).map(|_| at)
}

/// The longest run of whole words that fits with an ellipsis; at least the first characters when one word is too long.
fn cut_words(words: &str, room: usize) -> String {
    if words.len() <= room {
        return words.to_owned();
    }
    let room = room.saturating_sub('…'.len_utf8());
    let hard = &words[..words.floor_char_boundary(room)];
    let kept = hard.rfind(' ').map_or(hard, |space| &hard[..space]);
    format!("{}…", kept.trim_end_matches([' ', ':', ',']))
}

impl fmt::Display for Close {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "({}): {}", self.code, if self.reason.is_empty() { "no reason" } else { &self.reason })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn plain_reasons_are_cut_as_the_real_gateways_cut_them() {
        let long = "invalid connect params: must have required property 'minProtocol'; must have required property 'maxProtocol'; must have required property 'client'";
        assert_eq!(
            Close::new(POLICY, long).reason,
            "invalid connect params: must have required property 'minProtocol'; must have required property 'maxProtocol'; must have "
        );
        assert_eq!(Close::new(POLICY, "short").reason, "short");
        assert_eq!(Close::new(POLICY, "ä".repeat(80)).reason, "ä".repeat(60));
    }

    #[test]
    fn a_request_id_is_never_cut() {
        let id = RequestId::parse("da01839f-d96a-4dc1-90bf-865d724a7642").unwrap();
        let words = "pairing required: device is asking for more scopes than currently approved";
        let close = Close::with_request(POLICY, words, &id);
        assert_eq!(
            close.reason,
            "pairing required: device is asking for more scopes than currently… (requestId: da01839f-d96a-4dc1-90bf-865d724a7642)"
        );
        assert_eq!(close.request_id(), Some(id));
    }

    proptest! {
        #[test]
        fn reasons_fit_and_ids_survive(words in "\\PC{0,200}", id in "[!-~]{1,64}") {
            let id = RequestId::parse(&id).unwrap();
            let plain = Close::new(POLICY, words.clone());
            prop_assert!(plain.reason.len() <= MAX_REASON_BYTES);
            let close = Close::with_request(POLICY, &words, &id);
            prop_assert!(close.reason.len() <= MAX_REASON_BYTES);
            prop_assert_eq!(close.request_id(), Some(id));
        }
    }
}
