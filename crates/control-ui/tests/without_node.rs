//! Builds of this crate where the app cannot be built, in a copy of it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The copy, a target folder, and a folder with all the programs that its builds find.
struct Copy {
    folder: tempfile::TempDir,
}

impl Copy {
    fn new() -> Copy {
        let own = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root = own.ancestors().nth(2).unwrap();
        let copy = Copy { folder: tempfile::tempdir().unwrap() };
        let there = copy.at("crates/control-ui");
        copy_files(own, &there);
        for part in ["src", "web", "web/public", "web/src"] {
            copy_files(&own.join(part), &there.join(part));
        }
        let manifest = fs::read_to_string(root.join("Cargo.toml")).unwrap();
        let members = |line: &str| line.starts_with("members = ") || line.starts_with("default-members = ");
        let lines = manifest.lines().map(|line| match members(line) {
            true => format!("{} = [\"crates/control-ui\"]", line.split(' ').next().unwrap()),
            false => line.to_owned(),
        });
        fs::write(copy.at("Cargo.toml"), lines.collect::<Vec<_>>().join("\n")).unwrap();
        // What the compiler needs for linking, and nothing else.
        fs::create_dir(copy.at("bin")).unwrap();
        for folder in std::env::split_paths(&std::env::var_os("PATH").unwrap()) {
            for program in ["cc", "gcc", "clang", "ld", "ld.lld", "as"] {
                if folder.join(program).exists() && !copy.at("bin").join(program).exists() {
                    symlink(folder.join(program), copy.at("bin").join(program)).unwrap();
                }
            }
        }
        copy
    }

    fn at(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    /// Puts a program there that prints this and fails or not.
    fn program(&self, name: &str, says: &str, code: u8) {
        self.script(name, &format!("echo '{says}'; exit {code}"));
    }

    fn script(&self, name: &str, line: &str) {
        let path = self.at("bin").join(name);
        fs::write(&path, format!("#!/bin/sh\n{line}\n")).unwrap();
        fs::set_permissions(path, PermissionsExt::from_mode(0o755)).unwrap();
    }

    fn build(&self, wish: Option<&str>) -> (Output, String) {
        let cargo = PathBuf::from(env!("CARGO"));
        let mut command = Command::new(&cargo);
        command.args(["check", "--offline", "-p", "openclaw-control-ui"]).current_dir(self.folder.path());
        command.env("PATH", self.at("bin")).env("RUSTC", cargo.with_file_name("rustc"));
        command.env("CARGO_TARGET_DIR", self.at("target")).env_remove("OPENCLAW_UI").env_remove("RUSTFLAGS");
        if let Some(wish) = wish {
            command.env("OPENCLAW_UI", wish);
        }
        let out = command.output().unwrap();
        let said = String::from_utf8_lossy(&out.stderr).into_owned();
        (out, said)
    }

    /// What the built program would say of its page.
    fn absence(&self) -> String {
        let builds = fs::read_dir(self.at("target/debug/build")).unwrap().map(|entry| entry.unwrap().path());
        let tables: Vec<String> =
            builds.filter_map(|build| fs::read_to_string(build.join("out/app.rs")).ok()).collect();
        assert_eq!(tables.len(), 1, "{tables:?}");
        tables.concat().trim().to_owned()
    }
}

fn copy_files(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_file() {
            fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

#[test]
fn the_build_goes_on_and_says_why_there_is_no_page() {
    let copy = Copy::new();
    let (out, said) = copy.build(None);
    assert!(out.status.success(), "{said}");
    assert!(
        said.contains("without its Control UI") && said.contains("there is no node on the path"),
        "{said}"
    );
    assert!(said.contains("OPENCLAW_UI=required"), "it says how to ask again: {said}");
    assert!(copy.absence().ends_with("Err(Absence::NoNode);"), "{}", copy.absence());

    // Asked for, it is an error each time, with the reason of the moment.
    let required = |reason: &str| {
        let (out, said) = copy.build(Some("required"));
        assert!(!out.status.success() && said.contains(reason), "{reason}: {said}");
    };
    required("there is no node on the path");
    copy.program("node", "v18.20.4", 0);
    required("this one is v18.20.4");
    for wrong in ["v21.7.3", "v22.11.0", "v20.18.9", "nonsense"] {
        copy.program("node", wrong, 0);
        required(wrong);
    }
    copy.program("node", "v22.12.0", 0);
    required("npm is needed");
    copy.program("npm", "npm error code ENOTFOUND", 1);
    required("npm ci failed: npm error code ENOTFOUND");
    copy.program("npm", "added 1 package", 0);
    copy.script(
        "node",
        "[ \"$1\" = --version ] && echo v24.0.0 && exit 0; echo 'it does not compile' >&2; exit 1",
    );
    required("vite build failed: it does not compile");
    // A program that says it is well and made nothing has not built the page either.
    copy.program("node", "v24.0.0", 0);
    required("made no table");

    // Not wished for, it is no fault.
    let (out, said) = copy.build(Some("off"));
    assert!(out.status.success() && !said.contains("Control UI") && !said.contains("node"), "{said}");
    assert!(copy.absence().ends_with("Err(Absence::LeftOut);"), "{}", copy.absence());

    fs::remove_dir_all(copy.at("crates/control-ui/web")).unwrap();
    required("crates/control-ui/web is not there");
    let (out, said) = copy.build(None);
    assert!(out.status.success() && said.contains("crates/control-ui/web is not there"), "{said}");
    assert!(copy.absence().ends_with("Err(Absence::NoSources);"), "{}", copy.absence());
}
