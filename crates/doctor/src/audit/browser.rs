//! The dashboard: which pages may speak to the gateway.

use openclaw_config::Loaded;

use super::{Facts, Finding, Severity, exposure, keep_only};

pub(super) fn check(facts: &Facts<'_>, loaded: &Loaded) -> Vec<Finding> {
    let mut found = Vec::new();
    let ui = &loaded.gateway.control_ui;
    let private = exposure::is_private(facts, loaded);
    let openclaw = |words: &str| facts.vantage.openclaw(words);
    if ui.allowed_origins.iter().any(|origin| origin == "*") {
        let others = ui.allowed_origins.iter().map(String::as_str).filter(|origin| *origin != "*");
        let others: Vec<&str> = others.collect();
        found.push(
            Finding::new(
                "gateway.control_ui.allowed_origins_wildcard",
                if private { Severity::Warn } else { Severity::Critical },
                "Pages of every origin may connect",
                "gateway.controlUi.allowedOrigins has *: any page that is open in a browser can speak to the gateway.",
            )
            .fix(keep_only(facts, "gateway.controlUi.allowedOrigins", &others)),
        );
    }
    if ui.host_header_origin_fallback {
        found.push(
            Finding::new(
                "gateway.control_ui.host_header_origin_fallback",
                if private { Severity::Warn } else { Severity::Critical },
                "The Host header decides about origins",
                "gateway.controlUi.dangerouslyAllowHostHeaderOriginFallback is on: DNS rebinding gets a page in.",
            )
            .fix(openclaw("config unset gateway.controlUi.dangerouslyAllowHostHeaderOriginFallback")),
        );
    }
    for (on, key, id) in [
        (ui.allow_insecure_auth, "allowInsecureAuth", "gateway.control_ui.insecure_auth"),
        (ui.disable_device_auth, "dangerouslyDisableDeviceAuth", "gateway.control_ui.device_auth_disabled"),
    ] {
        if on {
            found.push(
                Finding::new(
                    id,
                    Severity::Warn,
                    format!("{key} is on"),
                    format!(
                        "gateway.controlUi.{key} has no effect here, but opens the door when the same file is used with the original."
                    ),
                )
                .fix(openclaw(&format!("config unset gateway.controlUi.{key}"))),
            );
        }
    }
    found
}
