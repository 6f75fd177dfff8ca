//! Caps on sockets that have not been admitted yet (ruling 20, S23).
//!
//! When a cap is reached the oldest unfinished socket gives way, not the newest: whoever holds sockets open
//! without finishing loses them first, and a client that finishes at once is never refused.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// The limits in force.
#[derive(Debug, Clone, Copy)]
pub struct Caps {
    /// Unfinished sockets of one address.
    pub per_address: usize,
    /// Unfinished sockets in all.
    pub total: usize,
}

impl Default for Caps {
    fn default() -> Self {
        Self { per_address: 32, total: 1_024 }
    }
}

/// Where a socket comes from; `None` while it is not attributed, because its peer may be a proxy for many. All of
/// these stand together when places run out: what comes through a tunnel must not push out what comes directly.
type From = Option<IpAddr>;

#[derive(Debug)]
struct Unfinished {
    from: From,
    displaced: Arc<Notify>,
}

#[derive(Debug, Default)]
struct State {
    next: u64,
    /// By age: smaller keys are older.
    sockets: BTreeMap<u64, Unfinished>,
    by_from: HashMap<From, BTreeSet<u64>>,
}

/// The register of unfinished sockets.
#[derive(Debug, Clone)]
pub struct Register {
    caps: Caps,
    state: Arc<Mutex<State>>,
}

/// A place in the register; given up when dropped.
#[derive(Debug)]
pub struct Place {
    register: Register,
    key: u64,
    displaced: Arc<Notify>,
}

impl Register {
    /// An empty register with these caps.
    pub fn new(caps: Caps) -> Self {
        Self { caps, state: Arc::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Enters a socket. `address` is `None` when its peer cannot be counted by itself: a loopback peer may be a
    /// proxy that carries everybody.
    pub fn enter(&self, address: Option<IpAddr>) -> Place {
        let displaced = Arc::new(Notify::new());
        let mut state = self.state();
        let key = state.next;
        state.next += 1;
        state.insert(key, Unfinished { from: address, displaced: displaced.clone() });
        state.make_room(self.caps, address, key);
        drop(state);
        Place { register: self.clone(), key, displaced }
    }

    /// How many sockets are unfinished.
    pub fn len(&self) -> usize {
        self.state().sockets.len()
    }

    /// Whether no socket is unfinished.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl State {
    fn insert(&mut self, key: u64, socket: Unfinished) {
        self.by_from.entry(socket.from).or_default().insert(key);
        self.sockets.insert(key, socket);
    }

    fn remove(&mut self, key: u64) -> Option<Unfinished> {
        let socket = self.sockets.remove(&key)?;
        if let Some(keys) = self.by_from.get_mut(&socket.from) {
            keys.remove(&key);
            if keys.is_empty() {
                self.by_from.remove(&socket.from);
            }
        }
        Some(socket)
    }

    fn make_room(&mut self, caps: Caps, from: From, newest: u64) {
        let own = from.and_then(|_| self.by_from.get(&from));
        let victim = if own.is_some_and(|keys| keys.len() > caps.per_address) {
            own.and_then(|keys| keys.first().copied())
        } else if self.sockets.len() > caps.total {
            // The busiest address gives way; when nobody holds more than one, the oldest socket does.
            let busiest = self.by_from.values().max_by_key(|keys| keys.len());
            match busiest {
                Some(keys) if keys.len() > 1 => keys.first().copied(),
                _ => self.sockets.keys().next().copied(),
            }
        } else {
            None
        };
        if let Some(key) = victim.filter(|key| *key != newest)
            && let Some(socket) = self.remove(key)
        {
            socket.displaced.notify_one();
        }
    }
}

impl Place {
    /// Now that the request is read, the socket is known to come from `address`.
    pub fn attribute(&self, address: IpAddr) {
        let mut state = self.register.state();
        if let Some(mut socket) = state.remove(self.key) {
            socket.from = Some(address);
            state.insert(self.key, socket);
            state.make_room(self.register.caps, Some(address), self.key);
        }
    }

    /// The peer is local: it is not counted.
    pub fn release(&self) {
        self.register.state().remove(self.key);
    }

    /// Waits until this socket has to give way. Cancel safe.
    pub async fn displaced(&self) {
        self.displaced.notified().await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.register.state().remove(self.key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(last: u8) -> IpAddr {
        IpAddr::from([203, 0, 113, last])
    }

    async fn is_displaced(place: &Place) -> bool {
        tokio::select! { biased; () = place.displaced() => true, () = std::future::ready(()) => false }
    }

    #[tokio::test]
    async fn the_oldest_of_the_address_gives_way() {
        let register = Register::new(Caps { per_address: 2, total: 10 });
        let stranger = register.enter(Some(ip(9)));
        let first = register.enter(Some(ip(1)));
        let second = register.enter(Some(ip(1)));
        let third = register.enter(Some(ip(1)));
        assert!(is_displaced(&first).await);
        for place in [&stranger, &second, &third] {
            assert!(!is_displaced(place).await);
        }
        assert_eq!(register.len(), 3);
    }

    #[tokio::test]
    async fn in_all_the_busiest_address_gives_way() {
        let register = Register::new(Caps { per_address: 8, total: 3 });
        let lonely = register.enter(Some(ip(1)));
        let busy = register.enter(Some(ip(2)));
        let _busy2 = register.enter(Some(ip(2)));
        let newest = register.enter(Some(ip(3)));
        assert!(is_displaced(&busy).await);
        assert!(!is_displaced(&lonely).await);
        assert!(!is_displaced(&newest).await);
    }

    #[tokio::test]
    async fn what_a_tunnel_carries_gives_way_before_those_who_come_directly() {
        let register = Register::new(Caps { per_address: 8, total: 4 });
        let direct = [register.enter(Some(ip(1))), register.enter(Some(ip(1)))];
        let carried: Vec<_> = (0..8).map(|_| register.enter(None)).collect();
        for place in &direct {
            assert!(!is_displaced(place).await);
        }
        for place in &carried[..6] {
            assert!(is_displaced(place).await, "the oldest that are carried");
        }
        assert!(!is_displaced(&carried[7]).await);
        assert_eq!(register.len(), 4);
    }

    #[tokio::test]
    async fn attributed_later_counts_then_and_finished_sockets_free_their_place() {
        let register = Register::new(Caps { per_address: 1, total: 10 });
        let a = register.enter(None);
        let b = register.enter(None);
        a.attribute(ip(1));
        b.attribute(ip(1));
        assert!(is_displaced(&a).await);
        b.release();
        drop((a, b));
        assert!(register.is_empty());
        assert!(register.state().by_from.is_empty());
    }
}
