//! The gateway that OpenClaw's command lines meet: ours, in a temporary home of its own.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::hosts::{self, Host};
use super::{PATH, Said, TOKEN};

/// Ended when dropped.
pub(super) struct Gateway<'a> {
    binary: PathBuf,
    home: PathBuf,
    port: u16,
    host: Option<&'a Host>,
    child: Option<Child>,
}

impl<'a> Gateway<'a> {
    /// Starts it on loopback, or on `host` where others reach it.
    pub(super) fn start(binary: &Path, host: Option<&'a Host>) -> Result<Gateway<'a>> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let home = std::env::temp_dir().join(format!("openclaw-interop-{}-{port}", std::process::id()));
        let mut gateway = Gateway { binary: binary.into(), home, port, host, child: None };
        let bind = if host.is_some() { "lan" } else { "loopback" };
        gateway.write_config(&gateway.home, bind)?;
        let mut command = gateway.command(&["gateway", "run"]);
        gateway.child = Some(command.stdout(Stdio::null()).spawn().context("could not start the gateway")?);
        let end = Instant::now() + Duration::from_secs(15);
        while !Said::of(&mut gateway.command(&["health"]))?.ok {
            if Instant::now() > end {
                bail!("the gateway does not become healthy");
            }
        }
        Ok(gateway)
    }

    /// Where another host reaches it.
    pub(super) fn url(&self) -> String {
        let address = self.host.map_or("127.0.0.1", |host| host.address);
        format!("ws://{address}:{}", self.port)
    }

    /// A home with a configuration that points at this gateway, as a user of the same host has it.
    pub(super) fn home_of_owner(&self) -> Result<PathBuf> {
        let home = self.home.join("owner");
        self.write_config(&home, "loopback")?;
        Ok(home)
    }

    /// A home in which nothing is configured.
    pub(super) fn home_of_stranger(&self, name: &str) -> Result<PathBuf> {
        let home = self.home.join(name);
        std::fs::create_dir_all(&home)?;
        Ok(home)
    }

    /// The id of the request that came last.
    pub(super) fn newest_request(&self) -> Result<String> {
        let list: serde_json::Value = serde_json::from_str(&self.cli(&["devices", "list", "--json"])?)?;
        let request = list["pending"][0]["requestId"].as_str().context("no request is waiting")?;
        Ok(request.to_owned())
    }

    /// Approves a request as the owner does, on the gateway's host.
    pub(super) fn approve(&self, request: &str) -> Result<()> {
        self.cli(&["devices", "approve", request, "--no-wait"]).map(drop)
    }

    fn write_config(&self, home: &Path, bind: &str) -> Result<()> {
        let state = home.join(".openclaw");
        std::fs::create_dir_all(&state)?;
        let auth = serde_json::json!({"mode": "token", "token": TOKEN});
        let config = serde_json::json!({
            "gateway": {"mode": "local", "port": self.port, "bind": bind, "auth": auth},
            "logging": {"file": home.join("openclaw.log")},
        });
        Ok(std::fs::write(state.join("openclaw.json"), config.to_string())?)
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = hosts::command(self.host, &self.binary);
        command
            .args(words)
            .current_dir(&self.home)
            .stdin(Stdio::null())
            .env_clear()
            .env("HOME", &self.home)
            .env("PATH", PATH)
            // A build machine that is a container itself knows no local peers.
            .env("OPENCLAW_IN_CONTAINER", "0");
        command
    }

    fn cli(&self, words: &[&str]) -> Result<String> {
        let said = Said::of(&mut self.command(words))?;
        if !said.ok {
            bail!("our `openclaw {}` failed: {}", words.join(" "), said.text);
        }
        Ok(said.text)
    }
}

impl Drop for Gateway<'_> {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
        let _ = std::fs::remove_dir_all(&self.home);
    }
}
