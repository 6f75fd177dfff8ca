//! systemd user services: the unit as text, and what `systemctl --user` is asked and told (cli spec §15.2).

pub(crate) mod control;
pub(crate) mod read;
pub(crate) mod write;

pub use write::{UnitError, UnitOptions, unit};
