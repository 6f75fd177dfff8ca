//! The gateway: listener, sessions, RPC families, event hub, journal, and applying what admission decided.
//!
//! | module | owns |
//! | --- | --- |
//! | [`run()`], `serve`, `reload` | the order of start, what runs beside the connections, restart and stop |
//! | [`Offline`] | the same methods on a stopped gateway |
//! | `listener`, `http`, `page` | sockets and the HTTP phase |
//! | `handshake`, `desk` | from the upgrade to `hello-ok` or a refusal |
//! | `explain` | the same for a peer that is only described |
//! | `doctor` | the checks and repairs of `openclaw doctor`, from in here |
//! | `session`, [`outbox`], [`hub`] | admitted connections and events |
//! | `changes`, `news` | what the connected are told when something changes |
//! | [`router`], [`rpc`] | methods |
//! | [`core`] | what all of them work with |
//! | [`journal`], [`history`], [`presence`], [`health`], [`claim`] | what is remembered and shown |
//! | [`vantage`] | how commands in its words are typed on its host |

mod banner;
pub mod budget;
pub mod caps;
mod changes;
pub mod claim;
pub mod core;
mod desk;
mod doctor;
mod explain;
mod handshake;
pub mod health;
mod hello;
pub mod history;
mod http;
pub mod hub;
mod io;
pub mod journal;
pub mod lifecycle;
mod listener;
pub mod logging;
pub mod logs_tail;
mod news;
mod offline;
pub mod outbox;
pub mod presence;
mod proxies;
mod reload;
mod requests;
pub mod router;
pub mod rpc;
mod run;
mod serve;
mod session;
pub mod settings;
pub mod sockets;
pub mod vantage;
pub mod version;
mod wire;

pub use offline::{Offline, OfflineError};
pub use run::{RunOptions, WsLog, run, run_to_exit};
