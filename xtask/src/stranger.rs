//! The whole-program tests once more as a user with no privileges: root never sees a permission error.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::{prepare, run, tools};

/// A uid that owns nothing on any machine. Not 65534: the kernel shows that one for owners it cannot name, and the
/// gateway refuses it for that reason.
const UID: u32 = 42_123;

pub(crate) fn run() -> (Vec<String>, Result<()>) {
    if !rustix::process::geteuid().is_root() {
        println!("skipped: the tests above already ran without privileges");
        return (Vec::new(), Ok(()));
    }
    match place() {
        Ok(place) => {
            let outcome = run_in(&place);
            let cleaned = std::fs::remove_dir_all(&place.folder).context("could not remove the copies");
            (outcome.0, outcome.1.and(cleaned))
        }
        Err(error) => (Vec::new(), Err(error)),
    }
}

/// Copies that the other user may read: the repository itself may lie where only root can look.
struct Place {
    folder: PathBuf,
    tests: PathBuf,
    binary: PathBuf,
    schema: PathBuf,
    /// The folder with the browser's driver.
    browser: PathBuf,
}

fn place() -> Result<Place> {
    let prepared = prepare::prepare()?;
    let built = test_binary()?;
    let folder = std::env::temp_dir().join(format!("openclaw-stranger-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    std::fs::set_permissions(&folder, PermissionsExt::from_mode(0o755))?;
    let copy = |from: &Path, name: &str, mode: u32| -> Result<PathBuf> {
        let to = folder.join(name);
        std::fs::copy(from, &to).with_context(|| format!("could not copy {}", from.display()))?;
        std::fs::set_permissions(&to, PermissionsExt::from_mode(mode))?;
        Ok(to)
    };
    let tests = copy(&built, "it", 0o755)?;
    let binary = copy(&prepared.binary, "openclaw", 0o755)?;
    let schema = copy(&prepared.schema(), "protocol.schema.json", 0o644)?;
    let browser = browser(&prepared.browser, &folder)?;
    let home = folder.join("home");
    std::fs::create_dir_all(home.join("tmp"))?;
    for path in [&home, &home.join("tmp")] {
        std::os::unix::fs::chown(path, Some(UID), Some(UID))?;
        std::fs::set_permissions(path, PermissionsExt::from_mode(0o700))?;
    }
    Ok(Place { folder, tests, binary, schema, browser })
}

/// The browser's driver with the two packages that it uses, in the same places to each other.
fn browser(driver: &Path, folder: &Path) -> Result<PathBuf> {
    let web = driver.parent().context("the driver lies in a folder of the page")?;
    for part in ["e2e", "node_modules/playwright-core", "node_modules/axe-core"] {
        let to = folder.join("web").join(part);
        std::fs::create_dir_all(to.parent().unwrap_or(&to))?;
        run::run(run::command("cp").arg("-rL").arg(web.join(part)).arg(&to))?;
    }
    run::run(run::command("chmod").args(["-R", "a+rX"]).arg(folder.join("web")))?;
    Ok(folder.join("web/e2e"))
}

fn run_in(place: &Place) -> (Vec<String>, Result<()>) {
    let home = place.folder.join("home");
    let mut command = run::command("setpriv");
    command
        .arg(format!("--reuid={UID}"))
        .arg(format!("--regid={UID}"))
        .args(["--clear-groups", "--no-new-privs", "--inh-caps=-all"])
        .arg(&place.tests)
        // Tests about the source tree and about the published client have nothing to do with who runs them.
        .args(["--test-threads=4", "--skip", "house::", "--skip", "reference::"])
        .args(["--skip", "acceptance::complete::"])
        .current_dir(&home)
        .env_clear()
        .env("HOME", &home)
        .env("TMPDIR", home.join("tmp"))
        .env("PATH", "/usr/bin:/bin:/usr/sbin:/sbin")
        .env("OPENCLAW_TEST_BINARY", &place.binary)
        .env("OPENCLAW_TEST_SCHEMA", &place.schema)
        .env("OPENCLAW_TEST_BROWSER", &place.browser);
    // The packaged Node.js of the published client may lie where that user cannot look.
    if let Some(node) = tools::find("node") {
        command.env("OPENCLAW_TEST_NODE", node);
    }
    run::run_tests(&mut command)
}

/// Builds the whole-program tests, or finds them built, and returns the test binary.
pub(crate) fn test_binary() -> Result<PathBuf> {
    let words =
        ["test", "--quiet", "--workspace", "--test", "it", "--no-run", "--locked", "--message-format=json"];
    let messages = run::output(run::cargo().args(words))?;
    // Rooms have tests of that name too.
    let source = run::root().join("tests/it/main.rs");
    for line in messages.lines() {
        let message: serde_json::Value = serde_json::from_str(line).unwrap_or_default();
        let file = message["target"]["src_path"].as_str();
        let built =
            message["reason"] == "compiler-artifact" && file.is_some_and(|file| source == Path::new(file));
        if let Some(path) = message["executable"].as_str().filter(|_| built) {
            return Ok(PathBuf::from(path));
        }
    }
    bail!("cargo built no test binary from {}", source.display())
}
