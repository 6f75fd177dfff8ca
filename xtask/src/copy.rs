//! A copy of the sources that a chore may break.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::run;

/// The files of a copy, by their path in it.
pub(crate) type Files = BTreeMap<PathBuf, Vec<u8>>;

/// The crates of that name (all of them for an empty list), and what cargo needs to build `member` of them.
pub(crate) fn workspace(crates: &[&str], member: &str) -> Result<Files> {
    let root = run::root();
    let mut files = Files::new();
    for entry in std::fs::read_dir(root.join("crates"))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if crates.is_empty() || crates.contains(&name.as_str()) {
            read(&root, &path, &mut files)?;
        }
    }
    for name in ["Cargo.lock", "rust-toolchain.toml"] {
        files.insert(name.into(), std::fs::read(root.join(name))?);
    }
    let manifest = std::fs::read_to_string(root.join("Cargo.toml"))?;
    let default = format!("default-members = [\"crates/{member}\"]");
    let lines = manifest.lines().map(|line| match line {
        line if line.starts_with("members = ") => "members = [\"crates/*\"]",
        line if line.starts_with("default-members = ") => &default,
        line => line,
    });
    files.insert("Cargo.toml".into(), lines.collect::<Vec<_>>().join("\n").into_bytes());
    Ok(files)
}

fn read(root: &Path, folder: &Path, files: &mut Files) -> Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            // What npm installed and Vite built is large, and no chore breaks it.
            if !path.ends_with("node_modules") && !path.ends_with("dist") {
                read(root, &path, files)?;
            }
        } else {
            let name = path.strip_prefix(root).context("outside the repository")?.to_path_buf();
            files.insert(name, std::fs::read(&path)?);
        }
    }
    Ok(())
}

/// Makes `tree` these files and no others. What is the same already stays untouched, and is not compiled again.
pub(crate) fn write(files: &Files, tree: &Path) -> Result<()> {
    let mut before = Files::new();
    if tree.exists() {
        read(tree, tree, &mut before)?;
    }
    for name in before.keys().filter(|name| !files.contains_key(*name)) {
        std::fs::remove_file(tree.join(name))?;
    }
    for (name, content) in files.iter().filter(|(name, content)| before.get(*name) != Some(content)) {
        let path = tree.join(name);
        std::fs::create_dir_all(path.parent().unwrap_or(tree))?;
        std::fs::write(&path, content)?;
    }
    Ok(())
}
