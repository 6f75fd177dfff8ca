//! The checks, in the order of the checklist that people are given (G2-12): host and port, token, restart, waiting
//! requests, approval, without address translation, without a proxy, versions; then what lies below.

mod channels;
mod clock;
mod config;
mod container;
mod device_store;
mod device_tokens;
mod disk;
mod door;
mod environment;
mod exposure;
mod files;
mod gateway;
mod legacy_keys;
mod local_cli;
mod locks;
mod origins;
mod port;
mod proxies;
mod requests;
mod secrets;
mod service;
mod start;
mod unknown_keys;
mod versions;

use crate::facts::Facts;
use crate::finding::Finding;

/// One check.
#[derive(Clone, Copy)]
pub struct Check {
    /// Its id, for `--only`, `--skip` and programs.
    pub id: &'static str,
    /// What it looks at.
    pub title: &'static str,
    run: fn(&Facts<'_>) -> Vec<Finding>,
}

/// All checks, in their order.
#[must_use]
pub fn all() -> &'static [Check] {
    const fn check(id: &'static str, title: &'static str, run: fn(&Facts<'_>) -> Vec<Finding>) -> Check {
        Check { id, title, run }
    }
    static ALL: [Check; 24] = [
        check(config::ID, config::WHAT, config::check),
        check(legacy_keys::ID, legacy_keys::WHAT, legacy_keys::check),
        check(unknown_keys::ID, unknown_keys::WHAT, unknown_keys::check),
        check(start::ID, start::WHAT, start::check),
        check(port::ID, port::WHAT, port::check),
        check(secrets::ID, secrets::WHAT, secrets::check),
        check(gateway::ID, gateway::WHAT, gateway::check),
        check(service::ID, service::WHAT, service::check),
        check(door::ID, door::WHAT, door::check),
        check(requests::ID, requests::WHAT, requests::check),
        check(local_cli::ID, local_cli::WHAT, local_cli::check),
        check(device_tokens::ID, device_tokens::WHAT, device_tokens::check),
        check(container::ID, container::WHAT, container::check),
        check(proxies::ID, proxies::WHAT, proxies::check),
        check(origins::ID, origins::WHAT, origins::check),
        check(exposure::ID, exposure::WHAT, exposure::check),
        check(versions::ID, versions::WHAT, versions::check),
        check(device_store::ID, device_store::WHAT, device_store::check),
        check(files::ID, files::WHAT, files::check),
        check(disk::ID, disk::WHAT, disk::check),
        check(locks::ID, locks::WHAT, locks::check),
        check(clock::ID, clock::WHAT, clock::check),
        check(environment::ID, environment::WHAT, environment::check),
        check(channels::ID, channels::WHAT, channels::check),
    ];
    &ALL
}

/// Runs the checks that `wanted` names.
#[must_use]
pub fn run(facts: &Facts<'_>, wanted: impl Fn(&Check) -> bool) -> Vec<Finding> {
    all().iter().filter(|check| wanted(check)).flat_map(|check| (check.run)(facts)).collect()
}

#[cfg(test)]
mod tests;
