//! Keys of older versions and of guides (cli spec §10.2). `--fix` moves them where no value is lost by it; where two
//! values compete, both stay and the owner decides (trap b of §10.1).

use openclaw_config::migrate::migrations;

use crate::facts::Facts;
use crate::finding::Finding;
use crate::repair::Repair;

pub(super) const ID: &str = "legacy-config-keys";
pub(super) const WHAT: &str = "Old configuration keys";

pub(super) fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let Some(loaded) = facts.loaded() else {
        return vec![Finding::skipped(ID, WHAT, "the configuration cannot be read")];
    };
    let found = migrations(&loaded.source);
    if found.is_empty() {
        return vec![Finding::ok(ID, WHAT, "none")];
    }
    found
        .into_iter()
        .map(|migration| {
            let finding = Finding::warning(ID, WHAT, migration.warning.clone()).at(migration.from, None);
            if migration.keeps_value {
                finding
                    .fix(facts.doctor_fix())
                    .repair(Repair::Config { edits: migration.edits, message: migration.message })
            } else {
                finding.fix(facts.command(&format!("config unset {}", migration.from)))
            }
        })
        .collect()
}
