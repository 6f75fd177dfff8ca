//! What may enter the dependency tree: `deny.toml` checked over `cargo metadata`.
//!
//! cargo-deny itself takes many minutes to compile; these are the same questions to the same file.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::{run, spdx};

/// The parts of `deny.toml` that are checked here. Unknown keys are cargo-deny's business.
#[derive(Deserialize)]
struct Policy {
    licenses: Licenses,
    bans: Bans,
}

#[derive(Deserialize)]
struct Licenses {
    allow: Vec<String>,
}

#[derive(Deserialize)]
struct Bans {
    deny: Vec<Ban>,
}

#[derive(Deserialize)]
struct Ban {
    #[serde(rename = "crate")]
    name: String,
    #[serde(default)]
    reason: String,
    /// With this set the crate is welcome, but in one version only.
    #[serde(default, rename = "deny-multiple-versions")]
    one_version: bool,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

/// One package of the resolved tree, the workspace's own included.
#[derive(Deserialize, Default)]
struct Package {
    name: String,
    version: String,
    license: Option<String>,
    /// `None` for a package in this workspace.
    source: Option<String>,
}

/// Fails with everything that is wrong, not only the first thing.
pub(crate) fn check() -> Result<()> {
    let policy = policy()?;
    let metadata: Metadata = serde_json::from_value(run::metadata(&["--all-features"])?)?;
    let faults = faults(&policy, &metadata.packages);
    println!("{} packages looked at", metadata.packages.len());
    if faults.is_empty() {
        return Ok(());
    }
    bail!("the dependency tree breaks deny.toml:\n  {}", faults.join("\n  "))
}

/// Whether `deny.toml` allows a licence expression, for packages that cargo does not know.
pub(crate) fn allows(licence: &str) -> Result<bool> {
    let allowed = policy()?.licenses.allow;
    Ok(spdx::satisfied(licence, &|word| allowed.iter().any(|ok| ok == word)))
}

fn policy() -> Result<Policy> {
    let text = std::fs::read_to_string(run::root().join("deny.toml")).context("could not read deny.toml")?;
    basic_toml::from_str(&text).context("deny.toml is not as expected")
}

fn faults(policy: &Policy, packages: &[Package]) -> Vec<String> {
    let mut faults = Vec::new();
    let mut versions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for package in packages {
        versions.entry(&package.name).or_default().insert(&package.version);
        let Some(source) = &package.source else { continue };
        let named = format!("{} {}", package.name, package.version);
        if !(source.starts_with("registry+") && source.ends_with("/crates.io-index")) {
            faults.push(format!("{named} comes from {source}, not from the default registry"));
        }
        match &package.license {
            None => faults.push(format!("{named} names no licence")),
            Some(licence) => {
                if !spdx::satisfied(licence, &|word| policy.licenses.allow.iter().any(|ok| ok == word)) {
                    faults.push(format!("{named} is licensed {licence}, which is not allowed"));
                }
            }
        }
    }
    for ban in &policy.bans.deny {
        let Some(found) = versions.get(ban.name.as_str()) else { continue };
        if !ban.one_version {
            faults.push(format!("{} is banned: {}", ban.name, ban.reason));
        } else if found.len() > 1 {
            let list: Vec<&str> = found.iter().copied().collect();
            faults.push(format!("{} is there in {} versions: {}", ban.name, list.len(), list.join(", ")));
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    const REGISTRY: &str = "registry+https://example.invalid/crates.io-index";

    fn package(name: &str, version: &str, license: &str, source: &str) -> Package {
        Package {
            name: name.into(),
            version: version.into(),
            license: Some(license.into()),
            source: Some(source.into()),
        }
    }

    fn policy() -> Policy {
        basic_toml::from_str(
            r#"
            [licenses]
            allow = ["MIT"]
            [bans]
            deny = [{ crate = "openssl", reason = "no" }, { crate = "ring", deny-multiple-versions = true }]
            "#,
        )
        .unwrap()
    }

    #[test]
    fn a_clean_tree_has_no_faults() {
        let tree = [
            package("serde", "1.0.0", "MIT OR Apache-2.0", REGISTRY),
            package("ring", "0.17.0", "MIT", REGISTRY),
        ];
        assert_eq!(faults(&policy(), &tree), Vec::<String>::new());
    }

    #[test]
    fn each_kind_of_fault_is_named() {
        let table = [
            (vec![package("openssl", "0.10.0", "MIT", REGISTRY)], "openssl is banned: no"),
            (
                vec![package("ring", "0.16.0", "MIT", REGISTRY), package("ring", "0.17.0", "MIT", REGISTRY)],
                "ring is there in 2 versions: 0.16.0, 0.17.0",
            ),
            (
                vec![package("a", "1.0.0", "GPL-3.0", REGISTRY)],
                "a 1.0.0 is licensed GPL-3.0, which is not allowed",
            ),
            (
                vec![package("b", "1.0.0", "MIT", "git+ssh://x/b")],
                "b 1.0.0 comes from git+ssh://x/b, not from the default registry",
            ),
        ];
        for (tree, expected) in table {
            assert_eq!(faults(&policy(), &tree), vec![expected.to_owned()]);
        }
    }

    #[test]
    fn the_workspace_itself_is_not_judged() {
        let own = Package { name: "openclaw".into(), version: "1.0.0".into(), ..Package::default() };
        assert!(faults(&policy(), &[own]).is_empty());
    }
}
