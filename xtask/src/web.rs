//! The browser app in `crates/control-ui/web`: its packages, lints, types, tests, licences and size.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;

use crate::{deny, run, tools};

/// How much compressed script and style a browser may have to fetch before it shows the first page.
const FIRST_VIEW: u64 = 150_000;

/// Where the app's sources are.
pub(crate) fn folder() -> PathBuf {
    run::root().join("crates/control-ui/web")
}

/// Installs the packages when they are missing or older than the lock file, as the crate's build script does; the two
/// wait for each other.
pub(crate) fn install() -> Result<()> {
    let web = folder();
    let lock = File::open(web.join("package-lock.json")).context("the page's sources are not there")?;
    lock.lock().context("could not wait for another installation")?;
    let written = |name: &str| fs::metadata(web.join(name)).and_then(|file| file.modified()).ok();
    let installed = written("node_modules/.package-lock.json");
    if installed.is_some() && installed >= written("package-lock.json") {
        return Ok(());
    }
    println!("fetching the page's packages into {}", web.display());
    tools::npm_ci(&web, &["--include=dev"])
}

/// All that is said of it without running it.
pub(crate) fn check() -> Result<()> {
    install()?;
    licences()?;
    lint()?;
    types()
}

/// Biome over everything that people write.
pub(crate) fn lint() -> Result<()> {
    run::run(tool("@biomejs/biome/bin/biome").args(["check", "--error-on-warnings", "."]))
}

/// The compiler's opinion of the types.
pub(crate) fn types() -> Result<()> {
    run::run(tool("typescript/bin/tsc").arg("--noEmit"))
}

/// The unit tests.
pub(crate) fn tests() -> (Vec<String>, Result<()>) {
    run::run_tests(tool("vitest/vitest.mjs").arg("run"))
}

/// Builds the app into `into` and compresses it.
pub(crate) fn build(into: &Path) -> Result<()> {
    let words = ["build", "--logLevel", "warn", "--emptyOutDir", "--manifest", "--outDir"];
    run::run(tool("vite/bin/vite.js").args(words).arg(into).env("NODE_ENV", "production"))
}

/// A program out of the packages, run in the app's folder.
fn tool(script: &str) -> Command {
    let mut command = Command::new("node");
    command.arg(Path::new("node_modules").join(script)).current_dir(folder()).env("NO_COLOR", "1");
    command
}

/// One file of a build, as Vite's manifest has it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Chunk {
    file: String,
    #[serde(default)]
    is_entry: bool,
    #[serde(default)]
    imports: Vec<String>,
    #[serde(default)]
    dynamic_imports: Vec<String>,
    #[serde(default)]
    css: Vec<String>,
}

type Manifest = BTreeMap<String, Chunk>;
/// Paths in the build.
type Files<'m> = BTreeSet<&'m str>;

/// Builds the app and holds what the first view needs against the budget: the entry with all that it imports, and the
/// heaviest of the pages, each of which is fetched when it is shown.
pub(crate) fn size() -> Result<()> {
    let built = run::target_dir()?.join("ui");
    build(&built)?;
    let table = run::target_dir()?.join("ui-table.rs");
    run::run(Command::new("node").arg("pack.mjs").arg(&built).arg(table).current_dir(folder()))?;
    let manifest: Manifest = serde_json::from_slice(&fs::read(built.join(".vite/manifest.json"))?)
        .context("Vite's manifest is not as expected")?;
    let weigh = |files: &Files<'_>| {
        files.iter().try_fold(0, |sum, file| {
            // What gzip does not make smaller has no such version.
            let packed = fs::metadata(built.join(format!("{file}.gz")));
            let size = packed.or_else(|_| fs::metadata(built.join(file)))?.len();
            anyhow::Ok(sum + size)
        })
    };
    let (entry, pages) = first_views(&manifest).context("Vite's manifest has no entry")?;
    let entry_size = weigh(&entry)?;
    let mut heaviest = (entry_size, "none");
    for (name, files) in pages {
        heaviest = heaviest.max((weigh(&files)?, name));
    }
    let (size, page) = heaviest;
    println!(
        "first view: {:.1} kB compressed script and style of {} kB allowed ({:.1} kB without a page; heaviest page: {page})",
        size as f64 / 1000.0,
        FIRST_VIEW / 1000,
        entry_size as f64 / 1000.0,
    );
    ensure!(size < FIRST_VIEW, "the first view is heavier than {} kB", FIRST_VIEW / 1000);
    Ok(())
}

/// The files of the entry, and for each part that it loads later the files of both.
fn first_views(manifest: &Manifest) -> Option<(Files<'_>, Vec<(&str, Files<'_>)>)> {
    let (name, _) = manifest.iter().find(|(_, chunk)| chunk.is_entry)?;
    let mut seen = BTreeSet::new();
    collect(manifest, name, &mut seen);
    let later: BTreeSet<&str> = seen
        .iter()
        .filter_map(|name| manifest.get(*name))
        .flat_map(|chunk| chunk.dynamic_imports.iter().map(String::as_str))
        .collect();
    let views = later.into_iter().map(|page| {
        let mut both = seen.clone();
        collect(manifest, page, &mut both);
        (page, files(manifest, &both))
    });
    Some((files(manifest, &seen), views.collect()))
}

/// Adds a chunk and what it imports.
fn collect<'m>(manifest: &'m Manifest, name: &'m str, seen: &mut BTreeSet<&'m str>) {
    if !seen.insert(name) {
        return;
    }
    for import in manifest.get(name).into_iter().flat_map(|chunk| &chunk.imports) {
        collect(manifest, import, seen);
    }
}

fn files<'m>(manifest: &'m Manifest, names: &BTreeSet<&str>) -> Files<'m> {
    let chunks = names.iter().filter_map(|name| manifest.get(*name));
    chunks.flat_map(|chunk| std::iter::once(&chunk.file).chain(&chunk.css)).map(String::as_str).collect()
}

/// Where packages come from.
const REGISTRY: &str = "https://registry.npmjs.org/";

/// A package of the lock file.
#[derive(Deserialize, Default)]
struct Locked {
    #[serde(default)]
    dev: bool,
    license: Option<String>,
    resolved: Option<String>,
    integrity: Option<String>,
}

#[derive(Deserialize)]
struct Lock {
    packages: BTreeMap<String, Locked>,
}

/// What may enter the app: packages of the default registry with a checksum, and, in what is shipped, under the licences
/// that `deny.toml` allows.
pub(crate) fn licences() -> Result<()> {
    let lock: Lock = serde_json::from_slice(&fs::read(folder().join("package-lock.json"))?)
        .context("package-lock.json is not as expected")?;
    let faults = faults(&lock, &|licence| deny::allows(licence))?;
    let shipped = lock.packages.iter().filter(|(path, package)| !path.is_empty() && !package.dev).count();
    println!("{shipped} packages are shipped");
    if faults.is_empty() { Ok(()) } else { bail!("the page's packages:\n  {}", faults.join("\n  ")) }
}

fn faults(lock: &Lock, allowed: &dyn Fn(&str) -> Result<bool>) -> Result<Vec<String>> {
    let mut faults = Vec::new();
    for (path, package) in lock.packages.iter().filter(|(path, _)| !path.is_empty()) {
        let name = path.trim_start_matches("node_modules/");
        // A package without an address comes from the registry that npm is set to; its checksum says what it must be.
        let source = package.resolved.as_deref().unwrap_or(REGISTRY);
        if !source.starts_with(REGISTRY) {
            faults.push(format!("{name} comes from {source}, not from the default registry"));
        }
        if package.integrity.is_none() {
            faults.push(format!("{name} has no checksum"));
        }
        let licence = package.license.as_deref().unwrap_or_default();
        if !package.dev && !allowed(licence)? {
            faults.push(format!("{name} is shipped and licensed {licence:?}, which is not allowed"));
        }
    }
    Ok(faults)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_view_is_the_entry_and_the_page() {
        let manifest: Manifest = serde_json::from_str(
            r#"{
              "index.html": {"file": "i.js", "isEntry": true, "imports": ["_a"], "css": ["i.css"],
                             "dynamicImports": ["p1", "p2"]},
              "_a": {"file": "a.js", "imports": ["_b"], "css": ["a.css"]},
              "_b": {"file": "b.js", "imports": ["_a"]},
              "p1": {"file": "p1.js", "imports": ["_a", "_c"], "css": ["p1.css"]},
              "p2": {"file": "p2.js", "dynamicImports": ["_d"]},
              "_c": {"file": "c.js"},
              "_d": {"file": "d.js"}
            }"#,
        )
        .unwrap();
        let (entry, pages) = first_views(&manifest).unwrap();
        let set = |more: &[&'static str]| {
            BTreeSet::from_iter(["i.js", "i.css", "a.js", "a.css", "b.js"].iter().chain(more).copied())
        };
        assert_eq!(entry, set(&[]));
        assert_eq!(pages, [("p1", set(&["p1.js", "p1.css", "c.js"])), ("p2", set(&["p2.js"]))]);
        assert!(first_views(&Manifest::new()).is_none());
    }

    #[test]
    fn each_kind_of_fault_is_named() {
        let lock: Lock = serde_json::from_str(
            r#"{"packages": {
              "": {"license": "none"},
              "node_modules/a": {"license": "MIT", "integrity": "x"},
              "node_modules/b": {"license": "GPL-3.0", "resolved": "https://registry.npmjs.org/b", "integrity": "x"},
              "node_modules/c": {"dev": true, "license": "GPL-3.0", "resolved": "git+ssh://x", "integrity": "x"},
              "node_modules/d": {"license": "MIT", "resolved": "https://registry.npmjs.org/d"}
            }}"#,
        )
        .unwrap();
        let found = faults(&lock, &|licence| Ok(licence == "MIT")).unwrap();
        let heads: Vec<&str> = found.iter().map(|fault| fault.split(", ").next().unwrap()).collect();
        let expected =
            ["b is shipped and licensed \"GPL-3.0\"", "c comes from git+ssh://x", "d has no checksum"];
        assert_eq!(heads, expected);
    }
}
