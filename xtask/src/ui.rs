//! The page in Chromium, for people to look at: its pictures and its figures. Both come out of the tests in
//! `tests/it/browser/`, which know how to bring every page and panel about.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::{run, tools};

/// Draws every portrait of the tests into `folder` and lists the pictures.
pub(crate) fn portraits(folder: Option<&str>) -> Result<()> {
    let folder = match folder {
        Some(folder) => std::path::absolute(folder)?,
        None => run::target_dir()?.join("portraits"),
    };
    std::fs::create_dir_all(&folder)?;
    for old in pictures(&folder)? {
        std::fs::remove_file(old)?;
    }
    let outcome = run::run(browser_tests()?.env("OPENCLAW_PORTRAITS", &folder));
    let drawn = pictures(&folder)?;
    for picture in &drawn {
        println!("{}", picture.display());
    }
    println!("{} pictures", drawn.len());
    outcome?;
    if drawn.is_empty() {
        bail!("nothing was drawn: is Chromium installed?");
    }
    Ok(())
}

/// Measures, and prints what came out.
pub(crate) fn figures() -> Result<()> {
    run::run(browser_tests()?.args(["--run-ignored", "only", "--no-capture"]))
}

/// The tests in Chromium.
fn browser_tests() -> Result<std::process::Command> {
    let mut command = tools::nextest()?;
    command.args([
        "run",
        "--workspace",
        "--locked",
        "-E",
        "package(openclaw-tests) and binary(it) and test(/(^|::)browser::/)",
    ]);
    Ok(command)
}

/// The portraits in a folder, and nothing else that may lie there.
fn pictures(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(|| format!("could not read {}", folder.display()))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let views = ["wide.light", "wide.dark", "phone.light", "phone.dark"];
        if views.iter().any(|view| name.ends_with(&format!(".{view}.png"))) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
