//! What the slow tests share: devices out of numbers, and a store in a folder.
#![allow(dead_code, unreachable_pub, missing_docs)]

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;

use openclaw_pairing::{
    ApplyError, Ask, CallerAuthority, Device, Mutation, OpenReport, Outcome, PeerKey, StatePaths, Store,
    StoreOptions,
};
use openclaw_protocol::ids::DeviceId;
use openclaw_protocol::role::Role;
use openclaw_protocol::scope::ScopeSet;
use openclaw_protocol::words::Words;

pub fn set(names: &[&str]) -> ScopeSet {
    let (set, unknown) = ScopeSet::parse_known(names);
    assert!(unknown.is_empty(), "{unknown:?}");
    set
}

pub fn key_of(n: u32) -> [u8; 32] {
    let mut key = [0xA5; 32];
    key[..4].copy_from_slice(&n.to_be_bytes());
    key
}

pub fn id_of(n: u32) -> DeviceId {
    DeviceId::of_public_key(&key_of(n))
}

pub fn ask(n: u32, role: Role, scopes: &[&str]) -> Ask {
    Ask {
        device_id: id_of(n),
        public_key: key_of(n),
        role,
        scopes: set(scopes),
        client_id: Words::new("cli"),
        client_mode: Words::new("cli"),
        display_name: Some(Words::new(&format!("device {n}"))),
        platform: Some(Words::new("linux 6.1")),
        device_family: None,
        remote_ip: None,
        origin: None,
        // Every device from another network, so that the bounds of ruling 21 do not bite.
        peer: PeerKey::of(IpAddr::V4(Ipv4Addr::from_bits(n << 8 | 1))),
        seen: None,
    }
}

pub fn options(dir: &Path) -> StoreOptions {
    StoreOptions { view_delay_ms: 20, lazy_ms: 50, ..StoreOptions::for_state_dir(dir) }
}

pub fn open(dir: &Path) -> (Store, OpenReport) {
    Store::open(StatePaths::in_state_dir(dir), options(dir)).unwrap()
}

pub fn pair(store: &Store, n: u32, role: Role, scopes: &[&str]) -> Result<Device, ApplyError> {
    let filed = store.apply_blocking(Mutation::File(ask(n, role, scopes)))?;
    let Outcome::Filed { request, .. } = filed.outcome else { panic!("{:?}", filed.outcome) };
    let approve = Mutation::Approve {
        request: request.id.clone(),
        caller: CallerAuthority::owner(),
        expect: None,
        scopes: None,
        replace: None,
    };
    match store.apply_blocking(approve)?.outcome {
        Outcome::Approved { device, .. } => Ok((*device).clone()),
        other => panic!("{other:?}"),
    }
}

/// One number after the other, the same for the same seed.
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}
