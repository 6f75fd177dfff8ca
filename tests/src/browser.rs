//! A real Chromium, driven over standard input and output: what a test does, a person could do, and what it waits for,
//! a person could read. Pages are asked by role and label only.
//!
//! In every string that is looked for, `…` stands for anything and any white space for any other.
//!
//! Whatever else a test is about, it fails when a page throws, breaks its content security policy, says an error on the
//! console, or asks any host that the test did not open itself ([`Browser::allow`]).

mod page;
mod process;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::World;
use crate::network::{Namespace, Origin};

pub use page::Page;
use process::Driver;

/// A running Chromium with one profile or more; it ends with this value, and says then what pages did wrong.
pub struct Browser {
    driver: Arc<Driver>,
    base: String,
}

impl Browser {
    /// On the gateway's own host. `None`, and the test says that it is skipped, where there is no Chromium.
    pub fn start(world: &World) -> Option<Browser> {
        let address = SocketAddr::from(([127, 0, 0, 1], world.port));
        Browser::from(world.origin().clone(), &format!("http://{address}"))
    }

    /// On another host. `base` is where paths like `/devices` are looked for.
    pub fn start_in(namespace: &Arc<Namespace>, base: &str) -> Option<Browser> {
        Browser::from(Origin::Inside(namespace.clone()), base)
    }

    fn from(origin: Origin, base: &str) -> Option<Browser> {
        match Driver::start(&origin) {
            Ok(driver) => Some(Browser { driver: Arc::new(driver), base: base.trim_end_matches('/').into() }),
            Err(reason) => {
                crate::skipped(reason);
                None
            }
        }
    }

    /// A page in the first profile.
    pub fn page(&self) -> Page {
        Page::open(&self.driver, &self.base, 0)
    }

    /// A page in a profile of its own: another browser, as far as anybody can tell.
    pub fn second_profile(&self) -> Page {
        let profile = self.driver.ask(json!({"op": "profile"}), "open another profile");
        Page::open(&self.driver, &self.base, profile.as_u64().unwrap())
    }

    /// Lets pages ask this host (`name:port`) too.
    pub fn allow(&self, host: &str) {
        self.driver.ask(json!({"op": "allow", "host": host}), "allow a host");
    }

    /// Every address that was asked for, WebSockets too.
    pub fn requests(&self) -> Vec<String> {
        texts(&self.driver.ask(json!({"op": "requests"}), "list the requests"))
    }

    /// What pages did wrong so far: exceptions, breaches of the policy, errors on the console.
    pub fn console_errors(&self) -> Vec<String> {
        texts(&self.driver.ask(json!({"op": "faults"}), "list the errors"))
    }

    /// Forgets what pages did wrong so far: a test that provoked it has looked at it.
    pub fn forgive(&self) {
        self.driver.ask(json!({"op": "forgive"}), "forget the errors");
    }

    /// The hosts that were asked without the test having opened them.
    fn strangers(&self) -> Vec<String> {
        texts(&self.driver.ask(json!({"op": "strangers"}), "list other hosts"))
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let errors = self.console_errors();
        let strangers = self.strangers();
        assert!(errors.is_empty(), "pages said on the console:\n{}", errors.join("\n"));
        assert!(strangers.is_empty(), "pages asked hosts that nobody opened:\n{}", strangers.join("\n"));
    }
}

/// The texts in a list.
fn texts(value: &Value) -> Vec<String> {
    value.as_array().unwrap().iter().map(|each| each.as_str().unwrap().to_owned()).collect()
}
