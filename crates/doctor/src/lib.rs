//! Checks of an installation and their repairs, one file per check (acceptance list §11, cli spec §10). A check takes
//! facts and gives findings; nothing here prints.

pub mod audit;
