//! What the gateway notes of a request's origin and headers, for the decisions made by them.

use http::HeaderMap;
use openclaw_admission::peer::{Peer, PeerFacts, RELEVANT_HEADERS, SocketOwner, is_forwarding_header};

use crate::core::Core;
use crate::listener::Origin;

/// The headers that a decision looks at, in order of arrival.
pub(crate) fn kept_headers(core: &Core, headers: &HeaderMap) -> Vec<(Box<str>, Box<str>)> {
    let policy = core.policy();
    let matters = |name: &str| {
        RELEVANT_HEADERS.contains(&name)
            || is_forwarding_header(name)
            || policy.identity_headers.iter().any(|wanted| **wanted == *name)
    };
    headers
        .iter()
        .filter(|(name, _)| matters(name.as_str()))
        .map(|(name, value)| (name.as_str().into(), String::from_utf8_lossy(value.as_bytes()).into()))
        .collect()
}

/// What a decision needs to know about where the request comes from.
pub(super) fn facts(core: &Core, headers: &HeaderMap, origin: Origin) -> PeerFacts {
    let kept = kept_headers(core, headers);
    let peer = match origin {
        Origin::Owner => Peer::OwnerSocket,
        Origin::Tcp { peer, .. } => Peer::Tcp { address: peer, owner: SocketOwner::NotAsked },
    };
    let mut facts = PeerFacts { peer, in_container: core.in_container, tls: false, headers: kept };
    if facts.owner_matters()
        && let Origin::Tcp { peer, local } = origin
    {
        let own = openclaw_os::peer::own_uid();
        let owner = match openclaw_os::peer::tcp_peer_uid(local, peer) {
            Some(uid) if uid == own => SocketOwner::Own,
            Some(uid) => SocketOwner::Other(uid),
            None => SocketOwner::Unknown,
        };
        facts.peer = Peer::Tcp { address: peer, owner };
    }
    facts
}
