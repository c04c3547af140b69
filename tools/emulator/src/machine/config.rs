//! What a machine is built as.

use super::Machine;
use crate::chip::clocks::Clocks;
use crate::chip::loss::InterruptLoss;
use scc::lut::BoardMemory;

/// How memory behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MemoryModel {
    /// Caches, message-buffer tags and the write-combining buffer are modelled; stale data is stale.
    #[default]
    Strict,
    /// No caches: every access is coherent; message buffers and devices keep their exact behaviour.
    Fast,
}

/// How time passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TimingModel {
    /// Instructions, caches, mesh and memory cost what they cost on the chip.
    #[default]
    Scc,
    /// One cycle per instruction; accesses cost nothing.
    Flat,
}

/// What happens when software does something the chip would answer with a hang or corruption.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Diagnostics {
    /// The run stops with a report.
    #[default]
    Stop,
    /// The report is kept; the core does what the chip would do (it may hang).
    Warn,
    /// As [`Diagnostics::Warn`], without a report.
    Off,
}

/// Settings of a machine; [`Machine::builder`] gives the defaults.
#[derive(Debug, Clone)]
pub struct MachineBuilder {
    pub(super) memory: BoardMemory,
    pub(super) model: MemoryModel,
    pub(super) timing: TimingModel,
    pub(super) clocks: Clocks,
    pub(super) diagnostics: Diagnostics,
    pub(super) quantum: u64,
    pub(super) poison: bool,
    pub(super) seed: u64,
    pub(super) loss: InterruptLoss,
}

impl Default for MachineBuilder {
    fn default() -> Self {
        MachineBuilder {
            memory: BoardMemory::Gb32,
            model: MemoryModel::default(),
            timing: TimingModel::default(),
            clocks: Clocks::default(),
            diagnostics: Diagnostics::default(),
            quantum: 1000,
            poison: false,
            seed: 0,
            loss: InterruptLoss::default(),
        }
    }
}

impl MachineBuilder {
    /// Installed memory; default 32 GB.
    #[must_use]
    pub fn memory(mut self, memory: BoardMemory) -> Self {
        self.memory = memory;
        self
    }

    /// Memory model; default strict.
    #[must_use]
    pub fn model(mut self, model: MemoryModel) -> Self {
        self.model = model;
        self
    }

    /// Timing model; default scc.
    #[must_use]
    pub fn timing(mut self, timing: TimingModel) -> Self {
        self.timing = timing;
        self
    }

    /// Clocks at power-up; default tiles 533 MHz, mesh 800 MHz, DDR3-800.
    #[must_use]
    pub fn clocks(mut self, clocks: Clocks) -> Self {
        self.clocks = clocks;
        self
    }

    /// What findings do; default stop.
    #[must_use]
    pub fn diagnostics(mut self, diagnostics: Diagnostics) -> Self {
        self.diagnostics = diagnostics;
        self
    }

    /// How many cycles a core may run ahead of the slowest one with private work; default 1000, at least 1.
    #[must_use]
    pub fn quantum(mut self, cycles: u64) -> Self {
        self.quantum = cycles.max(1);
        self
    }

    /// Fills message buffers and DRAM with 0xA5 instead of 0 [U37, U56].
    #[must_use]
    pub fn poison(mut self, poison: bool) -> Self {
        self.poison = poison;
        self
    }

    /// Seed of the phases in which cores start (up to 1,023 cycles apart); 0, the default, starts them in step.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Interrupts that are lost on purpose, which the chip never does; default none.
    #[must_use]
    pub fn interrupt_loss(mut self, loss: InterruptLoss) -> Self {
        self.loss = loss;
        self
    }

    /// Builds the machine in power-on state: all resets asserted.
    #[must_use]
    pub fn build(self) -> Machine {
        Machine::new(&self)
    }
}
