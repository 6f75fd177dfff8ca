//! The supervisor of the gateway: the systemd user unit or launchd agent that starts it, units that older products
//! left behind, and gateways that nobody supervises (cli spec §6.3 and §15).
//!
//! | module | owns |
//! | --- | --- |
//! | [`place`], [`names`] | what a gateway's service is called, and everything else that is fixed about it |
//! | [`runner`] | the one seam to `systemctl`, `loginctl` and `launchctl` |
//! | [`inspect()`], [`report`], [`audit`] | how the service is, without changing anything |
//! | [`systemd`], [`launchd`] | the definitions as text, and the commands that act on them |
//! | [`supervisor`] | install, uninstall, start, stop, restart |
//! | [`legacy`] | services that older products left behind |
//! | [`running`], [`described`] | the gateway process itself, supervised or not, and whoever holds its port |

pub mod audit;
mod holder;
mod inspect;
pub mod launchd;
pub mod legacy;
pub mod names;
pub mod place;
pub mod report;
pub mod runner;
pub mod running;
pub mod supervisor;
pub mod systemd;

pub use holder::described;
pub use inspect::{Depth, inspect};
pub use names::Names;
pub use place::Place;
pub use report::{Manager, Report, Runtime, Status};
pub use runner::{Programs, Ran, Runner};
pub use supervisor::{ServiceError, Supervisor};
pub use systemd::UnitOptions;
