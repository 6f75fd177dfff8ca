//! Checks of an installation and their repairs, one file per check (acceptance list §11, cli spec §10). A check takes
//! facts and gives findings; nothing here prints, and nothing here speaks to a gateway or a supervisor: what they say
//! comes in with the facts, and what they have to do comes out as a [`Repair`] for the caller.
//!
//! | module | owns |
//! | --- | --- |
//! | [`facts`] | what the checks look at, and gathering what can be read from this machine's files |
//! | [`attention`] | what somebody should look at, the worst first; [`trouble`]: what hides the cause of other trouble |
//! | [`audit`] | what lets in more than the owner may think (`security audit`) |
//! | [`checks`] | the checks, in the order in which a connection can fail (G2-12) |
//! | [`finding`] | what a check says |
//! | [`repair`] | repairs of files: modes, old keys, caches, dead locks |
//! | [`token`] | making a gateway token, and nothing else (D-07) |
//! | [`patch`] | a change of the configuration as lines before and after, without secrets |

pub mod attention;
pub mod audit;
pub mod checks;
pub mod facts;
pub mod finding;
pub mod patch;
pub mod repair;
pub mod token;
pub mod trouble;

pub use checks::{Check, all, run};
pub use facts::Facts;
pub use finding::{Finding, Fix, Severity, ids};
pub use repair::{Done, Repair, RepairError};
