//! Builds the browser app in `web/` with Node.js and embeds it, compressed. Where that cannot be done the build goes on:
//! the gateway then serves a page that says why, and how to get the app.
//!
//! `OPENCLAW_UI=off` leaves the app out, `OPENCLAW_UI=required` makes it an error when it cannot be built.

#![allow(clippy::print_stdout, reason = "this is how a build script talks to cargo")]

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Output, Stdio};

/// Why there is no app in this build: what its page may tell anybody, and the details for whoever builds it.
struct Absent {
    /// One of `Absence` in `src/lib.rs`.
    kind: &'static str,
    details: String,
}

impl Absent {
    fn new(kind: &'static str, details: impl Into<String>) -> Absent {
        Absent { kind, details: details.into() }
    }
}

fn main() -> ExitCode {
    let Some(out) = std::env::var_os("OUT_DIR").map(PathBuf::from) else { return ExitCode::FAILURE };
    let web = Path::new(env!("CARGO_MANIFEST_DIR")).join("web");
    println!("cargo::rerun-if-changed=build.rs");
    for name in [
        "index.html",
        "package.json",
        "package-lock.json",
        "pack.mjs",
        "public",
        "tsconfig.json",
        "vite.config.ts",
    ] {
        println!("cargo::rerun-if-changed={}", web.join(name).display());
    }
    watch_sources(&web.join("src"));

    let wish = std::env::var("OPENCLAW_UI").unwrap_or_default();
    let built =
        if wish == "off" { Err(Absent::new("LeftOut", "OPENCLAW_UI is off")) } else { build(&web, &out) };
    let Err(absent) = built else { return ExitCode::SUCCESS };
    // What was left out or went wrong can be asked for again. A built app is not built anew because the wish changed.
    println!("cargo::rerun-if-env-changed=OPENCLAW_UI");
    let details = absent.details.replace('\n', " | ");
    if wish == "required" {
        println!("cargo:::error=the Control UI was not built: {details}");
        return ExitCode::FAILURE;
    }
    if wish != "off" {
        println!(
            "cargo::warning=the gateway is built without its Control UI: {details}. With that mended, \
             OPENCLAW_UI=required in front of the same cargo command builds it"
        );
    }
    let table = format!("static APP: Result<&[Packed], Absence> = Err(Absence::{});\n", absent.kind);
    match fs::write(out.join("app.rs"), table) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// Names every file that can be part of the app; a test is none. Folders are not named: cargo would look at all that is
/// in them, and a new file matters only when an old one comes to mention it.
fn watch_sources(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for path in entries.flatten().map(|entry| entry.path()) {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() {
            if name != "testing" {
                watch_sources(&path);
            }
        } else if !name.contains(".test.") {
            println!("cargo::rerun-if-changed={}", path.display());
        }
    }
}

/// Builds the app into `out/ui` and writes the table of its files, `out/app.rs`.
fn build(web: &Path, out: &Path) -> Result<(), Absent> {
    if !web.join("package-lock.json").exists() {
        return Err(Absent::new("NoSources", "the folder crates/control-ui/web is not there"));
    }
    node_is_new_enough()?;
    // Two builds, say of a program and of its documentation, must not install into the same folder at once.
    let lock = File::open(web.join("package-lock.json"));
    let _held = lock.and_then(|file| file.lock().map(|()| file)).ok();
    if !is_installed(web) {
        install(web)?;
    }
    let ui = out.join("ui");
    let failed = |step: &str, said: Output| {
        Absent::new("NotBuilt", format!("{step} failed: {}", complaint(&said.stdout, &said.stderr)))
    };
    let vite = node(web)
        .args(["node_modules/vite/bin/vite.js", "build", "--logLevel", "warn", "--emptyOutDir", "--outDir"])
        .arg(&ui)
        .output();
    let vite = vite.map_err(|error| Absent::new("NotBuilt", format!("node did not start: {error}")))?;
    if !vite.status.success() {
        return Err(failed("vite build", vite));
    }
    let table = out.join("app.rs");
    // That of an earlier build must not pass for this one's.
    let _ = fs::remove_file(&table);
    let pack = node(web).arg("pack.mjs").arg(&ui).arg(&table).output();
    let pack = pack.map_err(|error| Absent::new("NotBuilt", format!("node did not start: {error}")))?;
    if !pack.status.success() {
        return Err(failed("compressing", pack));
    }
    if table.exists() { Ok(()) } else { Err(Absent::new("NotBuilt", "pack.mjs made no table")) }
}

fn node(web: &Path) -> Command {
    let mut node = Command::new("node");
    // Whatever the person is developing in this shell, this is a build for use.
    node.current_dir(web).env("NODE_ENV", "production").env("NO_COLOR", "1").stdin(Stdio::null());
    node
}

/// Vite asks for Node.js 20.19, or 22.12, or newer.
fn node_is_new_enough() -> Result<(), Absent> {
    let wanted = "Node.js 20.19 or newer (of the 22 series: 22.12) is needed";
    let Ok(said) = Command::new("node").arg("--version").output() else {
        return Err(Absent::new("NoNode", format!("{wanted}, and there is no node on the path")));
    };
    let text = String::from_utf8_lossy(&said.stdout).trim().to_owned();
    let mut parts = text.trim_start_matches('v').split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    let version = (parts.next().unwrap_or(0), parts.next().unwrap_or(0));
    match version {
        (20, 19..) | (22, 12..) | (23.., _) => Ok(()),
        _ => Err(Absent::new("OldNode", format!("{wanted}, and this one is {text}"))),
    }
}

/// Whether `node_modules` is complete (npm writes this file last) and not older than the lock file.
fn is_installed(web: &Path) -> bool {
    let written = |name: &str| fs::metadata(web.join(name)).and_then(|file| file.modified()).ok();
    match (written("node_modules/.package-lock.json"), written("package-lock.json")) {
        (Some(installed), Some(locked)) => installed >= locked,
        _ => false,
    }
}

fn install(web: &Path) -> Result<(), Absent> {
    // No package needs a script of its own to be installed. What is built here are development dependencies.
    let said = Command::new("npm")
        .args(["ci", "--ignore-scripts", "--include=dev", "--no-audit", "--no-fund", "--prefer-offline"])
        .args(["--loglevel=error", "--fetch-retry-mintimeout=2000", "--fetch-retry-maxtimeout=10000"])
        .current_dir(web)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| Absent::new("NoPackages", format!("npm is needed and did not start: {error}")))?;
    if said.status.success() {
        return Ok(());
    }
    Err(Absent::new("NoPackages", format!("npm ci failed: {}", complaint(&said.stdout, &said.stderr))))
}

/// The first lines of what a program said when it failed.
fn complaint(stdout: &[u8], stderr: &[u8]) -> String {
    let said = if stderr.is_empty() { stdout } else { stderr };
    let said = String::from_utf8_lossy(said);
    let lines = said.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("npm warn"));
    let lines: Vec<&str> = lines.take(8).collect();
    lines.join("\n")
}
