//! The rows of `docs/troubleshooting.md`, each brought about against the real binary. A test is named after its row
//! (`c_01_…`, `g5_4b_…`), holds what the program says against it, runs the `Fix:` line as it was printed, and sees
//! that it helped.

mod browser;
mod causes;
mod client;
mod complete;
mod container;
mod dashboard;
mod doctor;
mod hostile;
mod look;
mod negative;
mod pairing;
mod proxies;
mod quick;
mod service;
mod stand;
mod why;
