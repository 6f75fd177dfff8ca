//! What is known of a connection's client, kept once for all clients that look alike: ten thousand idle connections of
//! the same program cost ten thousand pointers.

use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use openclaw_admission::peer::Whereabouts;
use openclaw_protocol::connect::ConnectParams;
use openclaw_protocol::hello::AuthMethod;
use openclaw_protocol::words::Words;

/// Number of different clients above which those that nobody uses any more are looked for.
const SWEEP_AT: usize = 64;

/// A client as it names itself, and how it got here. The first part is its own claim.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Client {
    /// `client.id`.
    pub id: Words,
    /// `client.mode`.
    pub mode: Words,
    /// `client.version`.
    pub version: Words,
    /// `client.platform`.
    pub platform: Words,
    /// `client.displayName`. Not kept of a paired device: that one is shown by the name in its record.
    pub name: Option<Words>,
    /// How it got here, in the journal's words.
    pub path: Words,
    /// The proxy it came through, listed or not.
    pub proxy: Option<IpAddr>,
    /// Whether it counts as local (ruling 16).
    pub local: bool,
    /// How it proved that it may come in.
    pub method: AuthMethod,
}

impl Client {
    /// What a `connect` says, and what admission found out about where it comes from.
    pub fn of(params: &ConnectParams, at: &Whereabouts, method: AuthMethod, paired: bool) -> Self {
        let client = &params.client;
        Self {
            id: Words::new(&client.id),
            mode: Words::new(&client.mode),
            version: Words::new(&client.version),
            platform: Words::new(&client.platform),
            name: client.display_name.as_deref().filter(|_| !paired).and_then(Words::some),
            path: at.path.in_words(),
            proxy: at.path.proxy(),
            local: at.is_local(),
            method,
        }
    }
}

/// The different clients of the live connections. Bounded by twice their number.
#[derive(Debug, Default)]
pub(super) struct Clients {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    known: HashSet<Arc<Client>>,
    /// How many there were after the last sweep.
    swept: usize,
}

impl Clients {
    /// The one copy of this client.
    pub(super) fn share(&self, client: Client) -> Arc<Client> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = state.known.get(&client) {
            return known.clone();
        }
        if state.known.len() >= SWEEP_AT.max(2 * state.swept) {
            state.known.retain(|known| Arc::strong_count(known) > 1);
            state.swept = state.known.len();
        }
        let client = Arc::new(client);
        state.known.insert(client.clone());
        client
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(version: usize) -> Client {
        Client {
            id: Words::new("cli"),
            mode: Words::new("cli"),
            version: Words::new(&version.to_string()),
            platform: Words::new("linux"),
            name: None,
            path: Words::new("direct"),
            proxy: None,
            local: false,
            method: AuthMethod::Token,
        }
    }

    #[test]
    fn clients_that_look_alike_are_kept_once_and_only_while_they_are_here() {
        let clients = Clients::default();
        let first = clients.share(client(0));
        assert!(Arc::ptr_eq(&first, &clients.share(client(0))));
        for version in 1..10_000 {
            clients.share(client(version));
        }
        assert!(Arc::ptr_eq(&first, &clients.share(client(0))), "who is here is not forgotten");
        assert!(clients.state.lock().unwrap().known.len() <= 2 * SWEEP_AT);
        let here: Vec<_> = (0..1_000).map(|version| clients.share(client(version))).collect();
        assert!(clients.state.lock().unwrap().known.len() <= 2 * here.len());
    }
}
