//! The `openclaw` command: argument grammar, printing, exit codes. What is done is done elsewhere: by a gateway over
//! `openclaw-client`, by `openclaw-gateway` itself, or on the file by `openclaw-config`.
//!
//! | module | owns |
//! | --- | --- |
//! | [`args`], [`grammar`] | what can be typed, and what a mistake is answered with |
//! | [`app`] | one run, from words to exit code |
//! | [`reach`] | the way to a gateway: owner socket, network, or a stopped one's state directory |
//! | [`look`] | everything there is to know about the gateway of this machine, gathered once |
//! | [`commands`] | one module for each command |
//! | [`ui`], [`failure`], [`hint`] | everything that is printed |
//! | [`shim`] | the `node` of the container image |

mod app;
mod args;
mod commands;
mod context;
mod failure;
mod grammar;
mod hint;
mod look;
mod numbers;
mod reach;
mod shim;
#[cfg(test)]
mod snapshot;
mod ui;
mod version;

use std::process::ExitCode;

fn main() -> ExitCode {
    match shim::called(std::env::args_os()) {
        shim::Called::Words(words) => ExitCode::from(app::run(&words)),
        shim::Called::NotNode(explanation) => ExitCode::from(app::explain(&explanation)),
    }
}
