//! The size of the stripped release binary, and that it needs nothing but libc beside it.

use std::process::Command;

use anyhow::Result;

use super::Scale;
use crate::figures::{Report, Unit};
use crate::place::Binary;

pub(super) fn run(binary: &Binary, _: &Scale, report: &mut Report) -> Result<()> {
    let bytes = binary.size()?;
    report.figure("stripped binary", bytes as f64 / 1024.0, Unit::MiB);
    // Nothing to say where there is no dynamic loader to ask.
    if let Ok(out) = Command::new("ldd").arg(&binary.path).output() {
        let text = String::from_utf8_lossy(&out.stdout).into_owned();
        let libraries: Vec<&str> = text.lines().filter_map(|line| line.split_whitespace().next()).collect();
        report.note(&format!("loads {}", libraries.join(", ")));
        let foreign = libraries
            .iter()
            .any(|name| ["ssl", "crypto", "sqlite", "stdc++"].iter().any(|word| name.contains(word)));
        report.must(!foreign, "needs no TLS, SQLite or C++ library of the system");
    }
    Ok(())
}
