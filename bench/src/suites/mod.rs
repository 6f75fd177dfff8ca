//! The suites, one file each. A suite starts its gateways itself and ends them.

mod cli;
mod connections;
mod handshakes;
mod memory;
mod size;
mod start;
mod storm;

use anyhow::Result;

use crate::figures::Report;
use crate::place::Binary;

/// How much of everything.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scale {
    /// Starts, and runs of each command.
    pub(crate) runs: usize,
    /// Handshakes in one round.
    pub(crate) handshakes: usize,
    /// Idle connections: the smaller and the larger number.
    pub(crate) connections: [usize; 2],
    /// Paired devices in a large store, and strangers in a storm.
    pub(crate) devices: usize,
}

impl Scale {
    /// The figures of `docs/performance.md`.
    pub(crate) const FULL: Scale =
        Scale { runs: 40, handshakes: 4_000, connections: [1_000, 5_000], devices: 10_000 };
    /// A tenth.
    pub(crate) const QUICK: Scale =
        Scale { runs: 8, handshakes: 400, connections: [100, 500], devices: 1_000 };
}

/// A suite.
pub(crate) struct Suite {
    /// Its name on the command line.
    pub(crate) name: &'static str,
    /// What it measures.
    pub(crate) what: &'static str,
    /// Runs it.
    pub(crate) run: fn(&Binary, &Scale, &mut Report) -> Result<()>,
}

/// All of them, in the order in which they run.
pub(crate) const SUITES: &[Suite] = &[
    Suite { name: "size", what: "the binary on disk", run: size::run },
    Suite { name: "start", what: "from exec to the first RPC answered", run: start::run },
    Suite { name: "cli", what: "wall time of short commands", run: cli::run },
    Suite { name: "memory", what: "resident memory without connections", run: memory::run },
    Suite { name: "handshakes", what: "full handshakes with device proofs", run: handshakes::run },
    Suite { name: "connections", what: "memory of idle authenticated connections", run: connections::run },
    Suite { name: "storm", what: "thousands of unknown devices ask at once", run: storm::run },
];
