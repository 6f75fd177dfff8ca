//! A client of this machine, with the credentials that it would use: the owner sees what others meet (ruling 27).

use crate::facts::Facts;
use crate::finding::Finding;

pub(super) const ID: &str = "gateway-connect";
pub(super) const WHAT: &str = "Client connection";

pub(super) fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let Some(door) = &facts.door else {
        return vec![Finding::skipped(ID, WHAT, "not tried")];
    };
    let target = format!("{} ({})", door.url, door.source);
    vec![match &door.outcome {
        Ok(how) => Finding::ok(ID, WHAT, format!("{target} lets this machine in{how}")),
        Err(refused) => {
            let mut finding = Finding::blocking(ID, WHAT, format!("{target}: {}", refused.sentence));
            finding.cause = refused.cause.clone();
            match &refused.fix {
                Some(fix) => finding.fix(fix.clone()),
                None => finding,
            }
        }
    }]
}
