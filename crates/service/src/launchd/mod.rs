//! launchd agents: the definition as text (cli spec §15.3).

pub(crate) mod read;
mod write;

pub use write::plist;
