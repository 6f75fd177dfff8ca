//! Two hosts on one wire: network namespaces, each with an address of its own.

use std::ffi::OsStr;
use std::process::Command;

use anyhow::Result;

use super::PATH;
use crate::{run, tools};

/// A host of its own; gone when it is dropped.
pub(super) struct Host {
    name: String,
    /// Its address on the wire.
    pub(super) address: &'static str,
}

impl Host {
    fn new(role: &str, address: &'static str) -> Result<Host> {
        let name = format!("oci-{}-{role}", std::process::id());
        ip(&["netns", "add", &name])?;
        let host = Host { name, address };
        ip(&["-n", &host.name, "link", "set", "lo", "up"])?;
        Ok(host)
    }

    fn plug_in(&self) -> Result<()> {
        ip(&["-n", &self.name, "addr", "add", &format!("{}/24", self.address), "dev", "wire"])?;
        ip(&["-n", &self.name, "link", "set", "wire", "up"])
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = ip(&["netns", "del", &self.name]);
    }
}

/// The gateway's host and its client's, in this order. `None` where they cannot be made: that takes
/// root's full powers and iproute2.
pub(super) fn pair() -> Result<Option<(Host, Host)>> {
    if !rustix::process::geteuid().is_root() || !tools::on_path("ip") {
        return Ok(None);
    }
    // A container's root often may not make any.
    let Ok(here) = Host::new("gateway", "10.78.0.1") else { return Ok(None) };
    let there = Host::new("client", "10.78.0.2")?;
    let ends = ["type", "veth", "peer", "name", "wire", "netns", &there.name];
    ip(&[&["link", "add", "wire", "netns", &here.name][..], &ends].concat())?;
    here.plug_in()?;
    there.plug_in()?;
    Ok(Some((here, there)))
}

/// A command that runs on `host`, or on this machine as it is. The process that is started is the program itself.
pub(super) fn command(host: Option<&Host>, program: impl AsRef<OsStr>) -> Command {
    let Some(host) = host else { return Command::new(program) };
    let mut command = Command::new("ip");
    command.args(["netns", "exec", &host.name]).arg(program);
    command
}

fn ip(words: &[&str]) -> Result<()> {
    run::run(Command::new("ip").args(words).env("PATH", PATH))
}
