//! Single instructions, for debuggers and tests.

use super::{Limits, Machine, RunEnd};
use crate::chip::Fabric;
use crate::cpu::run::Observer;
use crate::cpu::state::Core;
use scc::id::CoreId;

/// Lets one core complete one instruction; others run on.
struct OneInstruction {
    core: CoreId,
    /// Instructions completed and linear EIP before it.
    begin: (u64, u32),
}

impl Observer for OneInstruction {
    fn before(&mut self, core: &Core, _: &Fabric) -> bool {
        core.id != self.core || (core.instructions, core.linear_eip()) == self.begin
    }
}

impl Machine {
    /// Runs the board until `core` has executed one instruction, with the exception it may have raised
    /// delivered: EIP is then at the handler. Of a repeated string instruction a step may do a part.
    ///
    /// Returns [`RunEnd::Observed`] if that went well. Other cores that can run keep pace.
    pub fn step(&mut self, core: CoreId) -> RunEnd {
        let state = self.core(core);
        let mut observer = OneInstruction { core, begin: (state.instructions, state.linear_eip()) };
        self.run_observed(&Limits::default(), Some(&mut observer))
    }
}
