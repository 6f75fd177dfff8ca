//! May this connection in, and as what: one pure function.
//!
//! [`decide`] takes what the owner configured ([`Policy`]), an immutable view of the devices and the limiter
//! ([`View`]), the facts of one attempt ([`Attempt`]) and the time, and answers with an outcome, the effects that
//! must become true with it, and the story of its checks. No I/O, no clock, no randomness: the gateway runs it,
//! the tests enumerate it, the fuzzer attacks it, the journal records it.

pub mod address;
mod decide;
pub mod limiter;
pub mod origin;
mod outcome;
pub mod peer;
mod policy;
mod shared;
pub mod trace;

pub use decide::{Supposed, Supposition, decide, suppose};
pub use outcome::{Attempt, Decision, Effect, Grant, Locks, Outcome, PairingWish, View, is_shared_secret};
pub use policy::{Auth, Policy, TrustedProxyAuth};
