//! The whole-program tests, in one binary: one link, and the reference client and the schema are fetched once.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    reason = "a test that cannot go on panics"
)]

mod acceptance;
mod apps;
mod browser;
mod cli;
mod codes;
mod crash;
mod doors;
mod explain;
mod house;
mod import;
mod insight;
mod journal;
mod limits;
mod local;
mod mutated;
mod narrowed;
mod owner;
mod pairing;
mod reference;
mod refusals;
mod restart;
mod rpc;
mod security;
mod slow;
mod start;
mod storm;
mod ui_http;
mod why;
