//! What the whole-program tests need: the `openclaw` binary, OpenClaw's published client with a Node.js to run it,
//! and the published schema of the protocol. Nextest runs this before them; doing it again costs nothing.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

use crate::{run, tools, web};

/// Where the tests find what they need, as the environment variables that name it (see `tests/src/place.rs`).
pub(crate) struct Prepared {
    /// The gateway and command line under test.
    pub(crate) binary: PathBuf,
    /// The folder with the driver script and its `node_modules`.
    pub(crate) reference: PathBuf,
    /// The Node.js that runs it.
    pub(crate) node: PathBuf,
    /// Docker's program for published ports; empty when it is not to be had.
    pub(crate) docker_proxy: PathBuf,
    /// The folder with the browser's driver; its packages lie in `node_modules` beside it.
    pub(crate) browser: PathBuf,
}

impl Prepared {
    /// The same as environment variables.
    pub(crate) fn variables(&self) -> [(&'static str, &Path); 5] {
        [
            ("OPENCLAW_TEST_BINARY", &self.binary),
            ("OPENCLAW_TEST_REFERENCE", &self.reference),
            ("OPENCLAW_TEST_NODE", &self.node),
            ("OPENCLAW_TEST_DOCKER_PROXY", &self.docker_proxy),
            ("OPENCLAW_TEST_BROWSER", &self.browser),
        ]
    }

    /// The published schema of protocol 4.
    pub(crate) fn schema(&self) -> PathBuf {
        self.reference.join("node_modules/@openclaw/gateway-protocol/protocol.schema.json")
    }
}

/// Builds and fetches; the outcome is handed to nextest when it asks for it.
pub(crate) fn run() -> Result<()> {
    let prepared = prepare()?;
    if let Some(file) = std::env::var_os("NEXTEST_ENV") {
        let mut file =
            std::fs::OpenOptions::new().append(true).open(file).context("could not tell nextest")?;
        for (name, value) in prepared.variables() {
            writeln!(file, "{name}={}", value.display())?;
        }
    }
    Ok(())
}

/// Builds the binary and fetches the reference client, each only when something changed.
pub(crate) fn prepare() -> Result<Prepared> {
    tools::debian()?;
    // `--workspace` and not `-p`: the same features as for the tests, so nothing is compiled twice.
    run::run(run::cargo().args(["build", "--quiet", "--workspace", "--bin", "openclaw"]))?;
    let target = run::target_dir()?;
    let reference = reference_client(&target)?;
    let node = tools::node(&reference)?;
    let docker_proxy = tools::docker_proxy().unwrap_or_default();
    web::install()?;
    let browser = web::folder().join("e2e");
    Ok(Prepared { binary: target.join("debug/openclaw"), reference, node, docker_proxy, browser })
}

/// The files of `tests/reference-client`, with `node_modules` installed from the lock file, in a folder named after
/// what they say: a changed lock file gets a new folder, and one that is there is complete.
fn reference_client(target: &Path) -> Result<PathBuf> {
    let source = run::root().join("tests/reference-client");
    let read =
        |name: &str| std::fs::read(source.join(name)).with_context(|| format!("could not read {name}"));
    let (manifest, lock) = (read("package.json")?, read("package-lock.json")?);
    let mut hash = Sha256::new();
    hash.update(&manifest);
    hash.update(&lock);
    let name: String = hash.finalize().iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    let folder = target.join("npm").join(format!("reference-client-{name}"));
    let complete = folder.join(".complete");
    if !complete.exists() {
        std::fs::create_dir_all(&folder)?;
        std::fs::write(folder.join("package.json"), manifest)?;
        std::fs::write(folder.join("package-lock.json"), lock)?;
        // The packaged Node.js is large, so it comes along only where it is needed.
        let extra: &[&str] = if tools::node_is_new_enough() { &["--omit=optional"] } else { &[] };
        println!("fetching OpenClaw's published client into {}", folder.display());
        tools::npm_ci(&folder, extra)?;
        std::fs::write(&complete, "")?;
    }
    std::fs::write(folder.join("drive.mjs"), read("drive.mjs")?)?;
    Ok(folder)
}
