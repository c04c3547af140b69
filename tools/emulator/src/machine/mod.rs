//! The whole board: 48 cores, the chip around them, and who runs next.
//!
//! One host thread runs all cores in one deterministic order. A core runs until it is a quantum ahead of the
//! slowest other one; whatever other agents could observe is done in global time order (see [`schedule`]).

mod access;
pub(crate) mod attach;
#[cfg(test)]
mod code_lines_tests;
mod config;
mod effects;
#[cfg(test)]
pub(crate) mod flat_program;
pub(crate) mod linear;
#[cfg(test)]
mod linear_tests;
#[cfg(test)]
mod observation_tests;
mod registers;
mod schedule;
#[cfg(test)]
mod shadow_tests;
mod statistics;
mod step;
#[cfg(test)]
mod tests;
mod unit;

use attach::Held;

pub use access::HostAccessError;
pub use config::{Diagnostics, MachineBuilder, MemoryModel, TimingModel};
pub use linear::Unmapped;
pub use registers::{Registers, SegmentRegister};
pub use schedule::{Limits, Report, RunEnd};
pub use statistics::{CoreStatistics, Statistics};

use crate::chip::Fabric;
use crate::chip::config::{FabricConfig, PowerUpContents, Timing};
use crate::cpu::model::{Fast, Strict};
use crate::cpu::run::run;
use crate::cpu::state::{Activity, Core};
use scc::id::CoreId;
use scc::lut::BoardMemory;
use scc::timing::{LatencyParameters, Time};
use schedule::Unfinished;
use unit::{Run, Unit};

/// An SCC board.
pub struct Machine {
    units: Vec<Unit>,
    fabric: Fabric,
    memory: BoardMemory,
    seed: u64,
    run: Run,
    quantum: u64,
    diagnostics: Diagnostics,
    model: MemoryModel,
    /// Findings kept under [`Diagnostics::Warn`].
    reports: Vec<Report>,
    /// Cores for which applying the chip's effects led to a finding.
    found_by_effects: Vec<CoreId>,
    /// Start of the slice that ran last.
    now: Time,
    /// Cores a debugger holds still.
    held: Held,
    /// The slice in which the run was stopped, if it was not over.
    unfinished: Option<Unfinished>,
}

impl Machine {
    /// Settings to build a machine from.
    #[must_use]
    pub fn builder() -> MachineBuilder {
        MachineBuilder::default()
    }

    fn new(settings: &MachineBuilder) -> Self {
        let flat = settings.timing == TimingModel::Flat;
        let parameters = LatencyParameters::with_memory_clock(settings.clocks.memory());
        let timing = if flat { Timing::Flat } else { Timing::Scc(parameters) };
        let fabric = Fabric::new(&FabricConfig {
            memory: settings.memory,
            timing,
            contents: if settings.poison { PowerUpContents::Poison } else { PowerUpContents::Zero },
            clocks: settings.clocks,
            loss: settings.loss,
        });
        let strict = settings.model == MemoryModel::Strict;
        let units = CoreId::all()
            .map(|id| {
                let mut core = Core::new(id, strict, flat, fabric.tile_period(id.tile()));
                if flat {
                    core.hierarchy.set_l2_cycles(0);
                }
                Unit::new(core)
            })
            .collect();
        Machine {
            units,
            fabric,
            memory: settings.memory,
            seed: settings.seed,
            run: if strict { run::<Strict> } else { run::<Fast> },
            quantum: settings.quantum,
            diagnostics: settings.diagnostics,
            model: settings.model,
            reports: Vec::new(),
            found_by_effects: Vec::new(),
            now: Time::ZERO,
            held: Held::default(),
            unfinished: None,
        }
    }

    /// The chip around the cores.
    #[must_use]
    pub fn fabric(&self) -> &Fabric {
        &self.fabric
    }

    /// The chip around the cores, as the host may change it.
    pub fn fabric_mut(&mut self) -> &mut Fabric {
        &mut self.fabric
    }

    /// Which memory model the machine was built with.
    #[must_use]
    pub fn model(&self) -> MemoryModel {
        self.model
    }

    /// Emulated time since power-on: no core that can run is earlier.
    #[must_use]
    pub fn time(&self) -> Time {
        self.now
    }

    /// Instructions completed by all cores since power-on.
    #[must_use]
    pub fn instructions(&self) -> u64 {
        self.units.iter().map(|unit| unit.core.instructions).sum()
    }

    /// Number of cores that are executing (not halted, in reset, or stopped).
    #[must_use]
    pub fn busy_cores(&self) -> usize {
        self.units.iter().filter(|unit| unit.core.is_running()).count()
    }

    /// What a core is doing.
    #[must_use]
    pub fn activity(&self, core: CoreId) -> &Activity {
        &self.units[core.index()].core.activity
    }

    /// Findings collected so far under [`Diagnostics::Warn`].
    #[must_use]
    pub fn reports(&self) -> &[Report] {
        &self.reports
    }
}
