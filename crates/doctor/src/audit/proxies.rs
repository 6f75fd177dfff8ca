//! Whose word about other people's addresses is taken.

use openclaw_config::Loaded;
use openclaw_config::gateway::AuthMode;
use openclaw_config::proxies::{Breadth, Range};
use openclaw_protocol::words::Words;

use super::{Facts, Finding, Severity, exposure, keep_only};

pub(super) fn check(facts: &Facts<'_>, loaded: &Loaded) -> Vec<Finding> {
    let mut found = Vec::new();
    let gateway = &loaded.gateway;
    let good = gateway.trusted_proxies.iter().map(String::as_str);
    let good: Vec<&str> =
        good.filter(|entry| Range::parse(entry).is_some_and(|range| range.too_broad().is_none())).collect();
    let list = keep_only(facts, "gateway.trustedProxies", &good);
    for entry in &gateway.trusted_proxies {
        let shown = Words::new(entry);
        let (id, severity, title, detail) = match Range::parse(entry).map(|range| range.too_broad()) {
            Some(None) => continue,
            None => (
                "gateway.trusted_proxies_invalid",
                Severity::Warn,
                "A trusted proxy that is no address",
                format!(
                    "gateway.trustedProxies has {shown}, which is neither an address nor a range and matches nobody."
                ),
            ),
            Some(Some(Breadth::Everybody)) => (
                "gateway.trusted_proxies_open",
                Severity::Critical,
                "Everybody is a trusted proxy",
                format!("gateway.trustedProxies has {shown}: anybody can claim any address by a header."),
            ),
            Some(Some(breadth)) => (
                "gateway.trusted_proxies_broad",
                Severity::Warn,
                "A very wide range of trusted proxies",
                format!(
                    "gateway.trustedProxies has {shown}, {breadth}: every host in it can claim any address by a header. Name the proxy alone."
                ),
            ),
        };
        found.push(Finding::new(id, severity, title, detail).fix(list.clone()));
    }
    if exposure::mode(loaded) == AuthMode::TrustedProxy
        && let Some(proxy) = &gateway.auth.trusted_proxy
        && proxy.allow_users.is_empty()
    {
        found.push(
            Finding::new(
                "gateway.trusted_proxy_no_allowlist",
                Severity::Warn,
                "Every user of the proxy is an operator",
                "gateway.auth.trustedProxy.allowUsers is empty: whoever the proxy lets through gets in.",
            )
            .fix(
                facts
                    .vantage
                    .openclaw("config set gateway.auth.trustedProxy.allowUsers '[\"<user>\"]' --strict-json"),
            ),
        );
    }
    if gateway.allow_real_ip_fallback {
        found.push(
            Finding::new(
                "gateway.real_ip_fallback_enabled",
                Severity::Warn,
                "X-Real-IP is believed",
                "gateway.allowRealIpFallback is on: a proxy that does not overwrite X-Real-IP lets clients choose their address.",
            )
            .fix(facts.vantage.openclaw("config unset gateway.allowRealIpFallback")),
        );
    }
    found
}
