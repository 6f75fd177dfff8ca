//! Lock files whose holder is gone.

use crate::facts::Facts;
use crate::finding::Finding;
use crate::repair::Repair;

pub(super) const ID: &str = "gateway-locks";
pub(super) const WHAT: &str = "Locks";

pub(super) fn check(facts: &Facts<'_>) -> Vec<Finding> {
    if facts.local.locks.is_empty() {
        return vec![Finding::ok(ID, WHAT, "none is left over")];
    }
    facts
        .local
        .locks
        .iter()
        .map(|lock| {
            let fact = format!("{} names pid {}, which is gone", lock.path.display(), lock.pid);
            Finding::warning(ID, WHAT, fact)
                .fix(facts.doctor_fix())
                .repair(Repair::RemoveLock { path: lock.path.clone(), pid: lock.pid })
        })
        .collect()
}
