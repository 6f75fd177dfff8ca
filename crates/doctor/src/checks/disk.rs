//! Room on the disks that the gateway writes to (F-19).

use crate::facts::Facts;
use crate::finding::Finding;

pub(super) const ID: &str = "disk-space";
pub(super) const WHAT: &str = "Disk space";

/// Below this nothing can be made durable any more.
const FULL: u64 = 16 << 20;
/// Below this it is time to look.
const LOW: u64 = 256 << 20;

pub(super) fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let disks = &facts.local.disks;
    if disks.is_empty() {
        return vec![Finding::skipped(ID, WHAT, "the system does not tell")];
    }
    disks
        .iter()
        .map(|disk| {
            let at = facts.short(&disk.path);
            let room = format!("{} MiB free at {at}", disk.free >> 20);
            if disk.read_only {
                return Finding::blocking(ID, WHAT, format!("{at} is on a file system mounted read-only"));
            }
            match disk.free {
                free if free < FULL => Finding::blocking(ID, WHAT, room)
                    .advice("make room: approvals and the log cannot be written"),
                free if free < LOW => Finding::warning(ID, WHAT, room).advice("make room soon"),
                _ => Finding::ok(ID, WHAT, room),
            }
        })
        .collect()
}
