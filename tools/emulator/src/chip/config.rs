//! What a chip is built with: memory, clocks, timing, power-up contents, and what the host tools leave in the FPGA.

use scc::lut::BoardMemory;
use scc::timing::LatencyParameters;

use super::clocks::Clocks;
use super::loss::InterruptLoss;

/// How long accesses take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Timing {
    /// Latencies and contention of SCC reference §10.
    Scc(LatencyParameters),
    /// Every access is answered at once.
    Flat,
}

/// What memory and message buffers hold at power-up (U37, U56).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PowerUpContents {
    /// Zero, as after the host's memory test.
    #[default]
    Zero,
    /// A pattern that shows up when software relies on zeroes.
    Poison,
}

impl PowerUpContents {
    /// The byte everything is filled with.
    pub(crate) const fn byte(self) -> u8 {
        match self {
            Self::Zero => 0,
            Self::Poison => 0xA5,
        }
    }
}

/// Everything that distinguishes one board from another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FabricConfig {
    /// Installed memory.
    pub memory: BoardMemory,
    /// Timing model.
    pub timing: Timing,
    /// Contents of memory at power-up.
    pub contents: PowerUpContents,
    /// Clocks of routers and tiles at power-up. The memory's is part of the timing.
    pub clocks: Clocks,
    /// Interrupts that are lost on purpose; none on the chip.
    pub loss: InterruptLoss,
}

impl Default for FabricConfig {
    /// A 32 GB board at the usual preset: tiles 533 MHz, mesh 800 MHz.
    fn default() -> Self {
        Self {
            memory: BoardMemory::Gb32,
            timing: Timing::Scc(LatencyParameters::default()),
            contents: PowerUpContents::Zero,
            clocks: Clocks::default(),
            loss: InterruptLoss::default(),
        }
    }
}
