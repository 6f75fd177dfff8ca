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
//! | [`running`] | the gateway process itself, supervised or not |

pub mod audit;
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

pub use inspect::{Depth, inspect};
pub use names::Names;
pub use place::Place;
pub use report::{Manager, Report, Runtime, Status};
pub use runner::{Programs, Ran, Runner};
pub use supervisor::{ServiceError, Supervisor};
pub use systemd::UnitOptions;
