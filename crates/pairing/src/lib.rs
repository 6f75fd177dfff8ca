//! Devices: waiting, paired, revoked; their tokens and codes; the durable store and its readable view.
//!
//! Two halves. [`model`] and [`mod@transition`] are pure: a [`Snapshot`] is a value, [`transition::transition`] makes the
//! next one, and everything that decides who may do what to which device is in there. [`Store`] gives that value a
//! disk: one SQLite database, one writer thread that commits in groups, snapshots for readers that never wait, and
//! `devices/*.json` as a readable view whose `scopes` the owner may edit by hand.
//!
//! Never in here: HTTP, WebSockets, the decision who is let in (that is `admission`), and plaintext device tokens at
//! rest (they are derived, see [`token`]).

pub mod backup;
pub mod export;
pub mod import;
pub mod model;
pub mod paths;
pub mod store;
pub mod token;
pub mod transition;
pub mod view;

pub use model::{
    Applied, ApprovedVia, Ask, CallerAuthority, Change, Code, CodeHash, CodeKind, Decision, Device, Fate,
    Former, Grant, Latch, Mutation, Need, NewCode, Outcome, PeerKey, Rejected, Request, Resolved, Roles,
    SetAside, Shown, Snapshot, TokenRecord, Tombstone, Widening, need,
};
pub use paths::StatePaths;
pub use store::{ApplyError, OpenReport, Store, StoreError, StoreOptions};
pub use token::TokenKey;
pub use transition::transition;
