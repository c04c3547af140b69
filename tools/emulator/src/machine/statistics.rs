//! Counts of a run, for `--stats` and tests.

use super::Machine;
use crate::cache::CacheStatistics;
use crate::chip::statistics::Statistics as FabricStatistics;
use scc::id::CoreId;
use scc::timing::Time;
use serde::Serialize;

/// Counts of the whole board.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Statistics {
    /// Emulated time in picoseconds.
    pub picoseconds: u64,
    /// One entry per core that ever executed an instruction.
    pub cores: Vec<CoreStatistics>,
    /// Mesh, memory controllers, devices.
    pub chip: FabricStatistics,
}

/// Counts of one core.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CoreStatistics {
    /// Core number.
    pub core: u8,
    /// Instructions completed.
    pub instructions: u64,
    /// Cycles of its own clock since it left reset.
    pub cycles: u64,
    /// Cache events; all zero in the fast model.
    pub caches: CacheStatistics,
}

impl Machine {
    /// Counts since power-on.
    #[must_use]
    pub fn statistics(&self) -> Statistics {
        let cores = self.units.iter().filter(|unit| unit.core.instructions > 0).map(|unit| CoreStatistics {
            core: unit.core.id.number(),
            instructions: unit.core.instructions,
            cycles: unit.core.cycles,
            caches: unit.core.hierarchy.statistics().clone(),
        });
        Statistics {
            picoseconds: self.now.as_picoseconds(),
            cores: cores.collect(),
            chip: self.fabric.statistics().clone(),
        }
    }

    /// Cycles a core has spent since it left reset, on its own clock.
    #[must_use]
    pub fn cycles(&self, core: CoreId) -> u64 {
        self.units[core.index()].core.cycles
    }

    /// Emulated time a core has come to: that of its [`cycles`](Self::cycles).
    #[must_use]
    pub fn core_time(&self, core: CoreId) -> Time {
        self.units[core.index()].core.time()
    }
}
