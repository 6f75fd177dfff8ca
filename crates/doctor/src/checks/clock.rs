//! The clock: signatures of devices are refused when it is wrong (C-06).

use openclaw_protocol::time::{Millis, in_words};

use crate::facts::Facts;
use crate::finding::Finding;

pub(super) const ID: &str = "clock";
pub(super) const WHAT: &str = "Clock";

/// This program did not exist before 2026-01-01.
const NOT_BEFORE: Millis = Millis(1_767_225_600_000);
/// Signatures may be this much off.
const SKEW_MS: u64 = 120_000;

pub(super) fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let now = facts.now;
    if now < NOT_BEFORE {
        return vec![
            Finding::blocking(ID, WHAT, "the clock of this machine shows a year before 2026")
                .advice("set the clock; every device is refused until then"),
        ];
    }
    let newest = facts.local.files.iter().map(|file| file.modified).max().unwrap_or_default();
    let ahead = newest.since(now);
    if ahead > SKEW_MS {
        let fact =
            format!("files of the gateway are {} from the future: the clock went back", in_words(ahead));
        return vec![
            Finding::warning(ID, WHAT, fact).advice("check the clock; devices are refused when it is wrong"),
        ];
    }
    vec![Finding::ok(ID, WHAT, "plausible")]
}
