//! Variables with the names of older products, and variables that send commands elsewhere.

use crate::facts::Facts;
use crate::finding::Finding;

pub(super) const ID: &str = "environment";
pub(super) const WHAT: &str = "Environment";

const OLD: [&str; 3] = ["CLAWDBOT_", "MOLTBOT_", "MOLDBOT_"];

pub(super) fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let mut findings: Vec<Finding> = facts
        .env
        .iter()
        .filter_map(|(name, _)| {
            let suffix = OLD.iter().find_map(|old| name.strip_prefix(old))?;
            let plain = |text: &str| {
                !text.is_empty()
                    && text
                        .bytes()
                        .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
            };
            if !plain(suffix) {
                return None;
            }
            let fact = format!("{name} is a name of an older product: OPENCLAW_{suffix} is read instead");
            Some(Finding::warning(ID, WHAT, fact).fix(format!("unset {name}")))
        })
        .collect();
    if facts.env.get("OPENCLAW_GATEWAY_URL").is_some() {
        findings.push(
            Finding::warning(
                ID,
                WHAT,
                "OPENCLAW_GATEWAY_URL sends every command to that gateway instead of this machine's",
            )
            .fix("unset OPENCLAW_GATEWAY_URL"),
        );
    }
    for name in ["OPENCLAW_NIX_MODE", "OPENCLAW_CONFIG_READONLY"] {
        if facts.env.flag(name) {
            findings.push(Finding::ok(
                ID,
                WHAT,
                format!("{name} is set: the configuration is not changed from here"),
            ));
        }
    }
    if findings.is_empty() {
        findings.push(Finding::ok(ID, WHAT, "no old names and no detours"));
    }
    findings
}
