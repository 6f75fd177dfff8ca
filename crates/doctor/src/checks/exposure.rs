//! How far the gateway can be reached, and what protects it there. Never changed by `--fix` (D-04).

use openclaw_config::Loaded;
use openclaw_config::gateway::{AuthMode, Bind};
use openclaw_config::start;

use crate::facts::Facts;
use crate::finding::Finding;

pub(super) const ID: &str = "security";
pub(super) const WHAT: &str = "Exposure";

pub(super) fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let Some(loaded) = facts.loaded() else {
        return vec![Finding::skipped(ID, WHAT, "the configuration cannot be read")];
    };
    let gateway = &loaded.gateway;
    let custom =
        gateway.custom_bind_host.as_deref().and_then(|host| host.trim_matches(['[', ']']).parse().ok());
    let default = if facts.container.is_some() { Bind::Auto } else { Bind::Loopback };
    let bind = gateway.bind.unwrap_or(default);
    let mut findings = Vec::new();
    if start::stays_on_loopback(bind, custom) {
        findings.push(Finding::ok(ID, WHAT, format!("bind {bind}: only this machine can reach it")));
    } else if gateway.auth.mode == Some(AuthMode::None) {
        findings.push(
            Finding::blocking(ID, WHAT, format!("bind {bind} without authentication"))
                .fix(facts.command("doctor --generate-gateway-token")),
        );
    } else {
        findings.push(
            Finding::warning(
                ID,
                WHAT,
                format!("bind {bind}: reachable from the network, and the token travels without TLS"),
            )
            .advice("use it in a trusted network, or behind a TLS proxy"),
        );
    }
    findings.extend(tls(facts, loaded));
    for (on, key, what) in [
        (
            gateway.control_ui.allow_insecure_auth,
            "allowInsecureAuth",
            "lets browsers in without a secure page",
        ),
        (
            gateway.control_ui.disable_device_auth,
            "dangerouslyDisableDeviceAuth",
            "lets browsers in without a device identity",
        ),
    ] {
        if on {
            findings.push(
                Finding::warning(ID, WHAT, format!("gateway.controlUi.{key} {what}"))
                    .fix(facts.command(&format!("config unset gateway.controlUi.{key}"))),
            );
        }
    }
    findings
}

/// Whoever set this believes that something is encrypted.
fn tls(facts: &Facts<'_>, loaded: &Loaded) -> Option<Finding> {
    loaded.gateway.tls.enabled.then(|| {
        let fact = "gateway.tls.enabled is set, but this gateway serves no TLS: nothing is encrypted, and this \
                    machine's commands, which expect TLS then, are not let in. A proxy in front can serve it";
        Finding::blocking(ID, WHAT, fact).fix(facts.command("config set gateway.tls.enabled false"))
    })
}
