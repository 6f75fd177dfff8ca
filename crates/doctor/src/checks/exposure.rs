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
    } else if !gateway.tls.enabled {
        findings.push(
            Finding::warning(
                ID,
                WHAT,
                format!("bind {bind}: reachable from the network, and the token travels without TLS"),
            )
            .advice("use it in a trusted network, behind a TLS proxy, or with gateway.tls.enabled"),
        );
    } else {
        findings.push(Finding::ok(ID, WHAT, format!("bind {bind}: reachable from the network, with TLS")));
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

fn tls(facts: &Facts<'_>, loaded: &Loaded) -> Vec<Finding> {
    let tls = &loaded.gateway.tls;
    if !tls.enabled {
        return Vec::new();
    }
    [("gateway.tls.certPath", &tls.cert_path), ("gateway.tls.keyPath", &tls.key_path)]
        .into_iter()
        .filter_map(|(key, path)| {
            let path = facts.paths.expand(path.as_deref()?);
            (!path.exists()).then(|| {
                Finding::blocking(ID, WHAT, format!("{key}: {} does not exist", facts.short(&path)))
                    .fix(facts.command(&format!("config set {key} <path>")))
            })
        })
        .collect()
}
