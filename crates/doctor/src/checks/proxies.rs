//! Trusted proxies: a range that is too wide lets strangers say who they are (G2-9). Nothing here is ever changed by
//! `--fix` (D-04).

use openclaw_config::proxies::{Breadth, Range};

use crate::facts::Facts;
use crate::finding::Finding;

pub(super) const ID: &str = "trusted-proxies";
pub(super) const WHAT: &str = "Trusted proxies";

pub(super) fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let Some(loaded) = facts.loaded() else {
        return vec![Finding::skipped(ID, WHAT, "the configuration cannot be read")];
    };
    let entries = &loaded.gateway.trusted_proxies;
    if entries.is_empty() {
        return vec![Finding::ok(ID, WHAT, "none; whoever sends forwarding headers counts as remote")];
    }
    let mut findings: Vec<Finding> = entries
        .iter()
        .filter_map(|entry| {
            let why = too_wide(entry)?;
            Some(
                Finding::warning(
                    ID,
                    WHAT,
                    format!("{entry} {why}; every host in it can claim to be any client"),
                )
                .fix(facts.command("config set gateway.trustedProxies '[\"<addr>\"]' --strict-json")),
            )
        })
        .collect();
    if loaded.gateway.allow_real_ip_fallback {
        findings.push(
            Finding::warning(
                ID,
                WHAT,
                "gateway.allowRealIpFallback believes X-Real-IP, which clients can send too",
            )
            .fix(facts.command("config unset gateway.allowRealIpFallback")),
        );
    }
    if findings.is_empty() {
        findings.push(Finding::ok(ID, WHAT, entries.join(", ")));
    }
    findings
}

/// Why a range is wider than any set of proxies.
fn too_wide(entry: &str) -> Option<&'static str> {
    Some(match Range::parse(entry)?.too_broad()? {
        Breadth::Everybody => "is everybody",
        Breadth::WholePrivateBlock => "is a whole private network",
        Breadth::TooMany => "is wider than any set of proxies",
    })
}
