//! The state machine by tables; the property tests against an independent model are in `tests/model.rs` of the crate.

mod bounds;
mod codes;
mod grants;
mod partly;
mod requests;
mod slips;

use std::collections::BTreeSet;
use std::net::IpAddr;

use openclaw_protocol::ids::{DeviceId, RequestId};
use openclaw_protocol::role::Role;
use openclaw_protocol::scope::{Scope, ScopeSet};
use openclaw_protocol::time::Millis;
use openclaw_protocol::words::Words;

use super::{expire, transition};
use crate::model::*;
use crate::token::{TokenError, TokenKey};

const T0: Millis = Millis(1_000_000);

struct World {
    state: Snapshot,
    now: Millis,
    ids: u32,
    last: Vec<Change>,
}

impl World {
    fn new() -> Self {
        Self { state: Snapshot::fresh(), now: T0, ids: 0, last: Vec::new() }
    }

    fn go(&mut self, mutation: Mutation) -> Result<Outcome, Rejected> {
        let ids = &mut self.ids;
        let before = self.state.clone();
        let result = transition(&mut self.state, mutation, self.now, &mut || {
            *ids += 1;
            RequestId::parse(&format!("req-{ids:08}")).unwrap()
        });
        if result.is_err() {
            // In a crowd the texts are long, and the count says enough.
            assert_eq!(before.request_count(), self.state.request_count());
            if before.request_count() < 64 {
                let (before, after) = (format!("{before:?}"), format!("{:?}", self.state));
                assert_eq!(before.len(), after.len(), "a refusal changes nothing");
            }
        }
        let applied = result?;
        // Counting anew is slow; in a crowd every 64th time is enough.
        if self.state.request_count() < 64 || self.ids.is_multiple_of(64) {
            self.state.assert_counted();
        }
        self.last = applied.changes;
        Ok(applied.outcome)
    }

    fn file(&mut self, ask: Ask) -> Result<Request, Rejected> {
        match self.go(Mutation::File(ask))? {
            Outcome::Filed { request, .. } => Ok((*request).clone()),
            other => panic!("{other:?}"),
        }
    }

    fn approve(&mut self, id: &RequestId, caller: CallerAuthority) -> Result<Device, Rejected> {
        self.approve_only(id, caller, None)
    }

    /// Gives no more than these scopes.
    fn approve_only(
        &mut self,
        id: &RequestId,
        caller: CallerAuthority,
        scopes: Option<ScopeSet>,
    ) -> Result<Device, Rejected> {
        let approve = Mutation::Approve { request: id.clone(), caller, expect: None, scopes, replace: None };
        match self.go(approve)? {
            Outcome::Approved { device, .. } => Ok((*device).clone()),
            other => panic!("{other:?}"),
        }
    }

    /// A device approved by the owner.
    fn paired(&mut self, n: u8, role: Role, scopes: &[&str]) -> DeviceId {
        let request = self.file(ask(n, role, scopes)).unwrap();
        self.approve(&request.id, CallerAuthority::owner()).unwrap().id
    }

    fn device(&self, id: &DeviceId) -> &Device {
        self.state.device(id).unwrap()
    }

    fn later(&mut self, ms: u64) {
        self.now = self.now.plus(ms);
    }
}

fn set(names: &[&str]) -> ScopeSet {
    let (set, unknown) = ScopeSet::parse_known(names);
    assert!(unknown.is_empty());
    set
}

fn ask(n: u8, role: Role, scopes: &[&str]) -> Ask {
    let public_key = [n; 32];
    Ask {
        device_id: DeviceId::of_public_key(&public_key),
        public_key,
        role,
        scopes: set(scopes),
        client_id: Words::new("cli"),
        client_mode: Words::new("cli"),
        display_name: Some(Words::new(&format!("device {n}"))),
        platform: Some(Words::new("linux 6.1")),
        device_family: None,
        remote_ip: None,
        origin: None,
        peer: PeerKey::of(IpAddr::from([192, 0, 2, n])),
        seen: None,
    }
}

fn caller(scopes: &[&str]) -> CallerAuthority {
    CallerAuthority::with_scopes(set(scopes))
}

fn key() -> TokenKey {
    TokenKey::from_bytes([9; 32])
}
