//! What the operating system knows and does: files, locks, peers, processes, the host.
//!
//! Floor 0: nothing in here knows the gateway's protocol, its config or its store. It is the one crate that may use
//! `unsafe`, in two places, each with its reason: the restart in place ([`process::exec_self`]) and two socket options
//! that no library offers soundly ([`peer::unix_peer`]).

pub mod container;
pub mod file;
pub mod host;
pub mod lock;
mod netlink;
pub mod notify;
pub mod owner_socket;
pub mod path;
pub mod peer;
pub mod port_owner;
pub mod process;
pub mod tmp;

pub use tmp::tmp_dir;
