//! What the chip does to its cores: resets, pin levels, clocks, L2 control, and the signals cores give back.
//!
//! The chip queues effects with the time they arrive at the core; the machine applies them.
//!
//! Source: SCC reference §4.3 to §4.5, §6.

use std::collections::VecDeque;

use scc::address::LutIndex;
use scc::id::{CoreId, TileId};
use scc::timing::Time;

/// A pin of the core that GLCFG drives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Pin {
    /// NMI, wired to LINT1 (GLCFG bit 0).
    Nmi,
    /// INTR, wired to LINT0 (bit 1).
    Intr,
    /// INIT, soft reset (bit 2).
    Init,
    /// FLUSH# (bit 3, active low).
    Flush,
    /// IGNNE# (bit 4, active low: ignore FPU errors).
    IgnoreNumericError,
    /// R/S# (bit 5; active: probe mode, the core stops).
    ProbeMode,
    /// STPCLK# (bit 6; active: the core's clock stops).
    StopClock,
    /// SMI# (bit 7, active low).
    Smi,
    /// A20M# (bit 8; active: address bit 20 is masked).
    A20Mask,
}

impl Pin {
    /// Every pin, in the order of its GLCFG bit.
    pub const ALL: [Self; 9] = [
        Self::Nmi,
        Self::Intr,
        Self::Init,
        Self::Flush,
        Self::IgnoreNumericError,
        Self::ProbeMode,
        Self::StopClock,
        Self::Smi,
        Self::A20Mask,
    ];
}

/// Whether a pin's function is asserted, independent of its electrical polarity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PinLevel {
    /// The function named by the pin is asserted.
    Active,
    /// It is not.
    Inactive,
}

/// State of a reset line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ResetLine {
    /// Held in reset.
    Asserted,
    /// Running.
    Released,
}

/// What L2CFG makes of a core's L2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum L2Mode {
    /// Normal operation.
    Enabled,
    /// All ways disabled (bit 4): the L2 is off.
    WaysDisabled,
    /// A clock is stopped (bits 12, 13): the L2 is absent, its contents kept (U33).
    ClockStopped,
}

/// A change that cores feel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// RESC of a core changed. On release the core starts at the reset vector with TSC 0.
    CoreReset(CoreId, ResetLine),
    /// RESL2 of a core changed. On assertion its L2 loses its contents.
    L2Reset(CoreId, ResetLine),
    /// L2CFG of a core changed what its L2 does.
    L2(CoreId, L2Mode),
    /// A pin of a core changed level.
    Pin(CoreId, Pin, PinLevel),
    /// The tile's clock period changed to this many picoseconds.
    TileClock(TileId, Time),
    /// An entry of a core's LUT was written.
    Lut(CoreId, LutIndex),
    /// The tile lost its supply: both cores stop and lose all state, the tile is as after power-on.
    PowerLost(TileId),
}

/// What a core tells its tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Signal {
    /// Branch trace message cycle (GLCFG bit 12 latches).
    BranchTraceMessage,
    /// Flush acknowledge cycle after FLUSH# (bit 13).
    FlushAcknowledge,
    /// Write-back special cycle of WBINVD (bit 14).
    WriteBack,
    /// Halt special cycle of HLT (bit 15).
    Halt,
    /// Flush special cycle of INVD and WBINVD (bit 16).
    Flush,
    /// Shutdown cycle (bit 17).
    Shutdown,
    /// The core entered (`Active`) or left system management mode (bit 18, live).
    SystemManagement(PinLevel),
    /// The core entered (`Active`) or left probe mode (bit 19, live).
    ProbeReady(PinLevel),
    /// Unmasked FPU error with CR0.NE = 0 (bit 20 latches to 0).
    FloatingPointError,
    /// Internal parity error (bit 21 latches to 0).
    InternalError,
    /// Levels of the breakpoint and performance monitor pins BP3..BP0 (bits 25..22, live).
    Breakpoints(u8),
}

/// Effects waiting for the machine, oldest first.
#[derive(Debug, Default)]
pub(crate) struct EffectQueue {
    queue: VecDeque<(Time, Effect)>,
}

impl EffectQueue {
    pub(crate) fn push(&mut self, at: Time, effect: Effect) {
        self.queue.push_back((at, effect));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    pub(crate) fn pop(&mut self) -> Option<(Time, Effect)> {
        self.queue.pop_front()
    }
}
