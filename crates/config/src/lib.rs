//! Paths and `openclaw.json`: where it is, what it says, whether it is right, and changing it without losing anything.
//!
//! | module | owns |
//! | --- | --- |
//! | [`mod@env`], [`paths`] | the captured environment, home, state directory, profiles, legacy names |
//! | [`mod@file`] | loading: JSON5, `$include`, `${VAR}`, secret references, all findings at once |
//! | [`gateway`] | the typed settings of the gateway |
//! | [`schema`] | the table of known keys and everything that derives from it |
//! | [`edit`] | changing the file: comments kept, atomic, refused when it changed underneath, backups, audit |
//! | [`redact`] | what may be shown, and restoring what was hidden |
//! | [`reload`], [`watch`] | noticing a change and knowing what it asks for |
//! | [`start`], [`first_run`] | what a start needs: a file, a secret, a port; or the sentence that refuses |
//! | [`migrate`], [`report`] | old spellings; the texts of bad configuration |
//!
//! Nothing here reads the process environment except [`env::Env::capture`], and nothing prints.

pub mod edit;
pub mod env;
pub mod file;
pub mod first_run;
pub mod gateway;
pub mod issue;
pub mod keypath;
pub mod migrate;
pub mod parse;
pub mod paths;
pub mod proxies;
pub mod redact;
pub mod reload;
pub mod report;
pub mod schema;
pub mod secretref;
pub mod start;
pub mod substitute;
pub mod watch;

mod include;
mod lines;

pub use env::Env;
pub use file::{LoadError, Loaded, hash_of, load};
pub use gateway::GatewayConfig;
pub use issue::{Issue, IssueKind, Severity};
pub use keypath::KeyPath;
pub use paths::{Flags, Paths};
