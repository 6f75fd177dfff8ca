//! Which browser pages may connect (C-14). Same-origin pages need no entry (F-13).

use crate::facts::Facts;
use crate::finding::Finding;

pub(super) const ID: &str = "allowed-origins";
pub(super) const WHAT: &str = "Allowed origins";

pub(super) fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let Some(loaded) = facts.loaded() else {
        return vec![Finding::skipped(ID, WHAT, "the configuration cannot be read")];
    };
    let ui = &loaded.gateway.control_ui;
    let mut findings = Vec::new();
    if ui.allowed_origins.iter().any(|origin| origin.trim() == "*") {
        findings.push(
            Finding::warning(
                ID,
                WHAT,
                "“*” lets the page of any website connect from a browser that knows the token",
            )
            .fix(facts.command("config set gateway.controlUi.allowedOrigins '[\"<origin>\"]' --strict-json")),
        );
    }
    if ui.host_header_origin_fallback {
        findings.push(
            Finding::warning(
                ID,
                WHAT,
                "gateway.controlUi.dangerouslyAllowHostHeaderOriginFallback believes a header that attackers choose",
            )
            .fix(facts.command("config unset gateway.controlUi.dangerouslyAllowHostHeaderOriginFallback")),
        );
    }
    if findings.is_empty() {
        let fact = match ui.allowed_origins.as_slice() {
            [] => "none listed; the dashboard of this gateway needs no entry".to_owned(),
            list => list.join(", "),
        };
        findings.push(Finding::ok(ID, WHAT, fact));
    }
    findings
}
