//! A device has to wait: file its request, refresh it, or supersede it by a broader one.

use std::sync::Arc;

use openclaw_protocol::ids::DeviceId;

use super::Work;
use crate::model::{
    Ask, Broadened, Decision, Fate, MAX_WAITING, MAX_WAITING_PER_ADDRESS, Network, Outcome, PeerKey,
    Rejected, Request, Roles, Shown, need, scopes_of_role,
};

/// How often a waiting device may change its name.
const MAX_RENAMES: u8 = 8;

impl Work<'_> {
    pub(super) fn file(&mut self, ask: Ask) -> Result<Outcome, Rejected> {
        check_key(&ask)?;
        let Some(need) = need(&self.state, &ask) else {
            // Approved while admission was deciding: it decides again.
            return Err(Rejected::NotNeeded);
        };
        let kind = need.kind();
        let waiting = self.state.request_of(&ask.device_id).cloned();
        let mut request = self.build(ask, kind);
        if let Some(old) = waiting {
            let same = old.asked().covers(&request.asked()) && old.origin == request.origin;
            if same && !is_renamed(&old, &request) {
                return Ok(self.refresh(&old));
            }
            request.roles = request.roles.union(old.roles);
            request.scopes = request.scopes.union(&old.scopes);
            request.role = old.role;
            // The place of the old request goes to the new one; it is not counted twice. A name is not worth losing it.
            match self.take_place(request.peer, Some(&old)) {
                Err(_) if same => return Ok(self.refresh(&old)),
                taken => taken?,
            }
            request.renamed = old.renamed.saturating_add(u8::from(same));
            request.broadened = if same {
                old.broadened.clone()
            } else {
                Some(Box::new(Broadened { former: old.id.clone(), at: self.now, asked: old.asked() }))
            };
            request.shown = Shown::of(&request);
            self.resolve_request(&old, Fate::Superseded { by: request.id.clone() }, Decision::Rejected);
        } else {
            self.take_place(request.peer, None)?;
            request.shown = Shown::of(&request);
        }
        let request = self.put_request(request);
        self.changes.push(crate::model::Change::Requested(Arc::clone(&request)));
        Ok(Outcome::Filed { request, created: true })
    }

    fn build(&mut self, ask: Ask, kind: crate::model::RequestKind) -> Request {
        Request {
            id: (self.fresh_id)(),
            kind,
            roles: Roles::only(ask.role),
            scopes: scopes_of_role(&ask.scopes, ask.role),
            is_repair: self.state.device(&ask.device_id).is_some(),
            device_id: ask.device_id,
            public_key: ask.public_key,
            role: ask.role,
            display_name: ask.display_name,
            platform: ask.platform,
            device_family: ask.device_family,
            client_id: ask.client_id,
            client_mode: ask.client_mode,
            origin: ask.origin,
            remote_ip: ask.remote_ip,
            peer: ask.peer,
            seen: ask.seen,
            ts: self.now,
            refreshed_at: self.now,
            shown: Shown(0),
            broadened: None,
            renamed: 0,
        }
    }

    /// The same or less again: the id stays, and so does everything shown. Written lazily, because nothing that was
    /// promised depends on it.
    fn refresh(&mut self, old: &Request) -> Outcome {
        let mut request = old.clone();
        request.refreshed_at = self.now;
        let request = Arc::new(request);
        self.state.put_request(Arc::clone(&request));
        self.touched.lazy_requests.push(request.id.clone());
        Outcome::Filed { request, created: false }
    }

    /// Makes sure there is a place for one more request from `peer`; `instead_of` is the request it replaces.
    ///
    /// All places taken: the network that holds the most gives way with its oldest, if it holds at least two more than
    /// the asking one. So nobody's only request is pushed out, and two networks cannot push each other around.
    fn take_place(&mut self, peer: PeerKey, instead_of: Option<&Request>) -> Result<(), Rejected> {
        let freed = |fits: bool| usize::from(instead_of.is_some() && fits);
        let from_peer = freed(instead_of.is_some_and(|old| old.peer == peer));
        if self.state.held_by(peer) - from_peer >= MAX_WAITING_PER_ADDRESS {
            return Err(self.too_many());
        }
        if self.state.request_count() - freed(true) < MAX_WAITING {
            return Ok(());
        }
        let own = peer.network();
        let mut held: Vec<(usize, Network)> =
            self.state.held_by_networks().map(|(net, held)| (held, net)).collect();
        for (places, network) in &mut held {
            *places -= freed(instead_of.is_some_and(|old| old.peer.network() == *network));
        }
        let own = held.iter().find(|(_, network)| *network == own).map_or(0, |(places, _)| *places);
        let busiest = held.into_iter().max().filter(|(places, _)| *places >= own + 2);
        let gives_way = busiest.and_then(|(_, network)| {
            self.state
                .requests()
                .filter(|request| request.peer.network() == network)
                .filter(|request| instead_of.is_none_or(|old| old.id != request.id))
                .min_by(|a, b| a.refreshed_at.cmp(&b.refreshed_at).then_with(|| a.id.cmp(&b.id)))
                .cloned()
        });
        match gives_way {
            Some(request) => {
                self.drop_request(&request, Fate::GaveWay);
                Ok(())
            }
            None => Err(self.too_many()),
        }
    }

    /// When a place may be free: not before the first request can expire, but any may be decided at any time.
    fn too_many(&self) -> Rejected {
        let until = self.state.next_expiry.map_or(0, |at| at.since(self.now));
        Rejected::TooMany { retry_after_ms: until.clamp(5_000, 60_000) }
    }
}

/// Whether the same program asks again under another name, as a person who waits may choose one in the browser. What
/// was shown is frozen (ruling 22), so that this is another request; the old id stands for it, because nothing more is
/// asked for. Names cost nothing, and each leaves a trace: after a few the request keeps the one it has.
fn is_renamed(old: &Request, new: &Request) -> bool {
    new.display_name.is_some()
        && new.display_name != old.display_name
        && new.client_id == old.client_id
        && new.client_mode == old.client_mode
        && old.renamed < MAX_RENAMES
}

/// Device id and key must belong together, whoever built the ask.
pub(super) fn check_key(ask: &Ask) -> Result<(), Rejected> {
    if DeviceId::of_public_key(&ask.public_key) == ask.device_id {
        Ok(())
    } else {
        Err(Rejected::KeyMismatch)
    }
}
