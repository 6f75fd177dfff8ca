//! What is worth telling the owner about the proxies that clients come through: one that is not listed (C-15), and a
//! listed one that does not say for whom it speaks. Both are let through, so nothing else would show them (ruling 19).

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use openclaw_admission::peer::{Path, Whereabouts};
use openclaw_protocol::refusal::{Help, silent_proxy, unknown_proxy};
use openclaw_protocol::time::Millis;
use openclaw_protocol::words::Words;

use crate::core::Core;

/// The same proxy is told again after this long.
const PAUSE_MS: u64 = 60 * 60 * 1000;
/// Proxies that are remembered. Anybody can pretend to be one, each from an address of his own; the owner's log is told
/// of no more than these within [`PAUSE_MS`].
const MAX_PROXIES: usize = 32;

/// The proxies that were told of.
#[derive(Debug, Default)]
pub struct Proxies(Mutex<HashMap<IpAddr, Millis>>);

impl Proxies {
    /// Whether the proxy is worth a line now; it is not again for a while.
    fn is_news(&self, proxy: IpAddr, now: Millis) -> bool {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        told.retain(|_, at| now.since(*at) < PAUSE_MS);
        if told.contains_key(&proxy) || told.len() >= MAX_PROXIES {
            return false;
        }
        told.insert(proxy, now);
        true
    }
}

/// Looks at how a connection came, and tells the log what the owner should do about it.
pub(crate) fn note(core: &Core, at: &Whereabouts) {
    let (proxy, what) = match &at.path {
        Path::UnlistedProxy { proxy, .. } => (*proxy, "unlisted"),
        Path::TrustedProxy { proxy } if !at.attributed => (*proxy, "silent"),
        _ => return,
    };
    if !core.proxies.is_news(proxy, core.now()) {
        return;
    }
    let help = explain(core, at, proxy);
    let fix = help.fix.as_ref().map(|fix| format!(" Fix: {fix}")).unwrap_or_default();
    tracing::warn!(
        subsystem = "gateway/proxy",
        "forwarded by a proxy proxy={proxy} ({what}) cause={}: {}{fix}",
        help.cause,
        help.sentence
    );
}

fn explain(core: &Core, at: &Whereabouts, proxy: IpAddr) -> Help {
    let vantage = &core.vantage.owner;
    let Path::UnlistedProxy { headers, .. } = &at.path else { return silent_proxy(proxy, vantage) };
    let policy = core.policy();
    let headers: Vec<Words> = headers.iter().map(|header| Words::new(header)).collect();
    // Anybody may call himself a proxy; only addresses that are the owner's own are offered (ruling 33).
    let own = proxy.is_loopback()
        || policy.admission.own_addresses.contains(&proxy)
        || openclaw_os::host::default_gateway() == Some(proxy);
    let listed = &policy.loaded.gateway.trusted_proxies;
    unknown_proxy(Some(proxy), &headers, own.then_some(proxy), listed, vantage)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_told_once_an_hour_and_only_so_many() {
        let proxies = Proxies::default();
        let address = |last: u8| IpAddr::from([10, 0, 0, last]);
        assert!(proxies.is_news(address(1), Millis(0)));
        assert!(!proxies.is_news(address(1), Millis(PAUSE_MS - 1)));
        assert!(proxies.is_news(address(1), Millis(PAUSE_MS)));
        let told = (0..100).filter(|last| proxies.is_news(address(*last), Millis(PAUSE_MS))).count();
        assert_eq!(told, MAX_PROXIES - 1);
    }
}
