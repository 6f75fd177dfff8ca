//! The harness of the whole-program tests: a hermetic world in which the real `openclaw` binary runs, scripted clients
//! that speak the wire by themselves, and OpenClaw's published client.
//!
//! Nothing of the gateway is linked in. What a test sees is what a user, a browser or a phone would see.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    reason = "a test that cannot go on panics"
)]

pub mod acceptance;
pub mod background;
pub mod browser;
pub mod connect;
pub mod container;
pub mod device;
pub mod docker_host;
pub mod gateway;
pub mod http;
pub mod network;
pub mod place;
pub mod proxy;
pub mod reference;
pub mod schema;
pub mod sshd;
pub mod systemd;
pub mod terminal;
pub mod wait;
pub mod wire;
pub mod world;

pub use acceptance::{Row, fix_of};
pub use browser::{Browser, Page};
pub use connect::{Connect, Dialect};
pub use device::Device;
pub use gateway::Gateway;
pub use wire::{Answer, Close, Dial, Socket};
pub use world::World;

/// Says why a test does nothing on this machine. The caller returns.
pub fn skipped(reason: &str) {
    let test = std::thread::current().name().unwrap_or("test").to_owned();
    eprintln!("skipped {test}: {reason}");
}
