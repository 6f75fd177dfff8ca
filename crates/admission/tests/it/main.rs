//! The decision, seen from outside: a table of situations, and properties over generated worlds.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    unreachable_pub,
    reason = "a test that cannot go on panics, and a test binary has no outside"
)]

mod properties;
mod table;
mod world;
