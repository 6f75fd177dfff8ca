//! The shape of the source: which crate may know which.

use std::collections::BTreeMap;
use std::process::Command;

use openclaw_tests::place;
use serde_json::Value;

/// Every crate of the workspace and its floor, as in ARCHITECTURE.md. A crate may depend on lower floors only.
const FLOORS: [(&str, u32); 12] = [
    ("openclaw", 6),
    ("openclaw-gateway", 5),
    ("openclaw-client", 3),
    ("openclaw-doctor", 3),
    ("openclaw-admission", 2),
    ("openclaw-service", 2),
    ("openclaw-config", 1),
    ("openclaw-pairing", 1),
    ("openclaw-os", 0),
    ("openclaw-protocol", 0),
    ("openclaw-websocket", 0),
    ("openclaw-control-ui", 0),
];

/// Crates that stand beside the house: nothing in it may depend on them.
const OUTSIDE: [&str; 3] = ["openclaw-bench", "openclaw-tests", "xtask"];

/// What a crate must not have among its direct dependencies, whatever its floor.
const NEVER: [(&str, &[&str]); 4] = [
    ("openclaw-protocol", &["tokio", "hyper", "rusqlite", "rustix", "notify"]),
    (
        "openclaw-admission",
        &["tokio", "hyper", "rusqlite", "rustix", "getrandom", "openclaw-config", "openclaw-os"],
    ),
    ("openclaw-pairing", &["tokio-rustls", "hyper", "openclaw-websocket"]),
    ("openclaw-config", &["hyper", "openclaw-pairing", "openclaw-websocket"]),
];

/// Crate name → names of its direct dependencies, those for tests left out.
fn arrows() -> BTreeMap<String, Vec<String>> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let out = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(place::repository())
        .output()
        .unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let metadata: Value = serde_json::from_slice(&out.stdout).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let packages = metadata["packages"].as_array().unwrap();
    packages
        .iter()
        .map(|package| {
            let all = package["dependencies"].as_array().unwrap();
            let used =
                all.iter().filter(|dependency| dependency["kind"] != "dev").map(|entry| text(&entry["name"]));
            (text(&package["name"]), used.collect())
        })
        .collect()
}

#[test]
fn arrows_point_down() {
    let floors = BTreeMap::from(FLOORS);
    for (name, dependencies) in arrows() {
        if OUTSIDE.contains(&name.as_str()) {
            continue;
        }
        let floor =
            floors.get(name.as_str()).unwrap_or_else(|| panic!("{name} has no floor: see ARCHITECTURE.md"));
        for dependency in &dependencies {
            assert!(!OUTSIDE.contains(&dependency.as_str()), "{name} depends on {dependency}");
            if let Some(below) = floors.get(dependency.as_str()) {
                assert!(below < floor, "{name} (floor {floor}) depends on {dependency} (floor {below})");
            }
        }
        let never =
            NEVER.iter().find(|(crate_name, _)| *crate_name == name).map_or(&[][..], |(_, list)| list);
        for unwanted in never {
            assert!(
                !dependencies.iter().any(|name| name == unwanted),
                "{name} must not depend on {unwanted}"
            );
        }
    }
}

#[test]
fn every_floor_has_its_crate() {
    let arrows = arrows();
    for (name, _) in FLOORS {
        assert!(arrows.contains_key(name), "{name} is in the table and not in the workspace");
    }
}

#[test]
fn only_the_crate_for_the_operating_system_may_be_unsafe() {
    for entry in std::fs::read_dir(place::repository().join("crates")).unwrap().map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        let manifest = std::fs::read_to_string(entry.path().join("Cargo.toml")).unwrap();
        let inherits = manifest.contains("[lints]\nworkspace = true");
        assert!(inherits || name == "os", "{name} does not take the workspace's lints");
    }
    let workspace = std::fs::read_to_string(place::repository().join("Cargo.toml")).unwrap();
    assert!(workspace.contains("unsafe_code = \"forbid\""));
}

#[test]
fn every_link_of_the_documents_leads_somewhere() {
    let root = place::repository();
    let mut documents: Vec<_> = ["README", "ARCHITECTURE", "CONTRIBUTING", "SECURITY", "CHANGELOG"]
        .iter()
        .map(|name| root.join(name).with_extension("md"))
        .collect();
    documents.extend(
        std::fs::read_dir(root.join("docs")).into_iter().flatten().map(|entry| entry.unwrap().path()),
    );
    for document in
        documents.iter().filter(|path| path.extension().is_some_and(|extension| extension == "md"))
    {
        let text = std::fs::read_to_string(document).unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next()) {
            let inside = !link.is_empty() && !link.contains("://");
            let target = document.parent().unwrap().join(link);
            assert!(!inside || target.exists(), "{}: {link} is not there", document.display());
        }
    }
}
