//! What Linux says about a process and about this machine.

use std::fs;

use anyhow::{Context, Result};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Memory of a process, in KiB.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Memory {
    /// Resident, with pages shared with others (the program text) counted in full.
    pub(crate) rss: f64,
    /// Resident, with shared pages divided among those who share them.
    pub(crate) pss: f64,
    /// Resident and backed by no file: heap, stacks, and written data.
    pub(crate) anonymous: f64,
    /// The most that was ever resident.
    pub(crate) peak: f64,
}

impl Memory {
    /// As it is now.
    pub(crate) fn of(pid: u32) -> Result<Memory> {
        let status = read(pid, "status")?;
        let rollup = read(pid, "smaps_rollup").unwrap_or_default();
        let field = |text: &str, name: &str| {
            let line = text.lines().find(|line| line.starts_with(name))?;
            line.split_whitespace().nth(1)?.parse::<f64>().ok()
        };
        Ok(Memory {
            rss: field(&status, "VmRSS:").context("the process has no memory any more")?,
            pss: field(&rollup, "Pss:").unwrap_or_default(),
            anonymous: field(&status, "RssAnon:").unwrap_or_default(),
            peak: field(&status, "VmHWM:").unwrap_or_default(),
        })
    }
}

/// Processor time in seconds that a process has used so far, in user and system mode.
pub(crate) fn cpu_seconds(pid: u32) -> Result<f64> {
    ticks(&read(pid, "stat")?, 13)
}

/// The same for the children of this process that have ended and were waited for.
pub(crate) fn cpu_seconds_of_children() -> Result<f64> {
    ticks(&read(std::process::id(), "stat")?, 15)
}

/// The sum of the field with that number (from 0) and the next one in `/proc/<pid>/stat`, in seconds.
fn ticks(stat: &str, field: usize) -> Result<f64> {
    // The program's name may contain blanks; the numbers begin behind its closing bracket, which ends field 1.
    let (_, rest) = stat.rsplit_once(')').context("an unreadable stat file")?;
    let fields: Vec<f64> = rest.split_whitespace().map(|word| word.parse().unwrap_or(0.0)).collect();
    let at = field - 2;
    let sum = fields.get(at).zip(fields.get(at + 1)).map(|(user, system)| user + system);
    Ok(sum.context("a short stat file")? / rustix::param::clock_ticks_per_second() as f64)
}

fn read(pid: u32, name: &str) -> Result<String> {
    let path = format!("/proc/{pid}/{name}");
    fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))
}

/// Raises the soft limit of open files to the hard one: each connection is a descriptor.
pub(crate) fn raise_descriptor_limit() {
    let limit = getrlimit(Resource::Nofile);
    // When this fails, the suites that need many connections say so themselves.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
}

/// How many files this process, and a gateway started by it, may have open.
pub(crate) fn descriptor_limit() -> u64 {
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

/// The machine in one line.
pub(crate) fn machine() -> String {
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpuinfo
        .lines()
        .find(|line| line.starts_with("model name"))
        .and_then(|line| Some(line.split_once(':')?.1.trim().to_owned()))
        .unwrap_or_else(|| "unknown processor".to_owned());
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let meminfo = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let kib = meminfo.split_whitespace().nth(1).and_then(|word| word.parse::<u64>().ok()).unwrap_or_default();
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split_whitespace().next().unwrap_or("?");
    format!("{model}, {cores} cores, {} GiB, Linux {}, load {load}", kib >> 20, kernel.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_blanks_and_brackets_does_not_shift_the_fields() {
        let stat = "7 (a) b (c) S 1 7 7 0 -1 0 0 0 0 0 150 50 25 75 20 0";
        let hertz = rustix::param::clock_ticks_per_second() as f64;
        assert_eq!(ticks(stat, 13).unwrap(), 200.0 / hertz);
        assert_eq!(ticks(stat, 15).unwrap(), 100.0 / hertz);
    }

    #[test]
    fn this_process_has_memory() {
        let memory = Memory::of(std::process::id()).unwrap();
        assert!(memory.rss > 100.0 && memory.peak >= memory.rss - 64.0, "{memory:?}");
    }
}
