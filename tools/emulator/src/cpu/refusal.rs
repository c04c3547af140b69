//! Instructions that are refused again and again.
//!
//! A refused instruction is made again from its beginning, and what its first accesses have cost in the own caches stays
//! charged. An instruction of several accesses can so be past the other cores' time whenever it comes to the one that
//! leaves the core: PUSHA on a stack of which L2 holds a part. Two cores in such instructions would wait for each other
//! for ever. An instruction that was refused [`PATIENCE`] times is therefore made in one go in its next turn, as it is
//! anyway behind its first access that leaves the core.

use super::execute::string::COUNT;
use super::state::Core;

/// Refusals of one instruction before it is made in one go. One is usual; a second comes from a write of the fast
/// model that is not acknowledged yet.
const PATIENCE: u8 = 3;

/// The instruction that was refused last, and how often.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Refusals {
    place: Place,
    times: u8,
}

/// A place between two instructions, or between two iterations of one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Place {
    instructions: u64,
    eip: u32,
    iterations_left: u32,
}

impl Place {
    fn of(core: &Core) -> Self {
        Self { instructions: core.instructions, eip: core.eip, iterations_left: core.regs[COUNT] }
    }
}

impl Core {
    /// Notes that the instruction at hand must wait for cores that are earlier.
    #[cold]
    pub(super) fn note_refusal(&mut self) {
        let place = Place::of(self);
        let times = if self.refusals.place == place { self.refusals.times.saturating_add(1) } else { 1 };
        self.refusals = Refusals { place, times };
    }

    /// Whether the instruction at hand is made in one go. Asked at the beginning of a core's turn.
    #[inline]
    pub(super) fn has_waited_enough(&self) -> bool {
        self.refusals.times >= PATIENCE && self.refusals.place == Place::of(self)
    }
}

#[cfg(test)]
mod tests {
    use crate::machine::flat_program::{START, core, start};
    use crate::machine::{Limits, Machine, MemoryModel, RunEnd, TimingModel};
    use iced_x86::code_asm::{CodeAssembler, dword_ptr, eax, ecx, esp};
    use scc::timing::Time;

    /// End of the stack: PUSHA stores to the last word of a line and seven words of the line below.
    const STACK: u32 = 0x4_0004;

    /// Has L2 hold the upper line of the stack, and L1 neither, then pushes all registers there over and over, and halts.
    fn pushing() -> Vec<u8> {
        let assemble = || {
            let mut code = CodeAssembler::new(32)?;
            let mut top = code.create_label();
            code.mov(eax, dword_ptr(STACK - 4))?;
            // Four lines of the same set of L1 take its place there.
            for way in 1..=4 {
                code.mov(eax, dword_ptr(STACK - 4 + way * 0x1000))?;
            }
            code.mov(ecx, 50)?;
            code.set_label(&mut top)?;
            code.mov(esp, STACK)?;
            code.pushad()?;
            code.dec(ecx)?;
            code.jnz(top)?;
            code.hlt()?;
            code.assemble(u64::from(START))
        };
        assemble().expect("valid instructions")
    }

    #[test]
    fn cores_that_store_to_l2_and_memory_at_once_do_not_wait_for_each_other_for_ever() {
        let mut machine = Machine::builder().model(MemoryModel::Strict).timing(TimingModel::Scc).build();
        let cores = [0, 1, 2, 3].map(core);
        for core in cores {
            start(&mut machine, core, &pushing());
        }
        let limits = Limits { until: Some(Time::from_microseconds(1_000)), slices: None };
        assert_eq!(machine.run(&limits), RunEnd::AllStopped);
        for core in cores {
            assert_eq!(machine.registers(core).general[4], STACK - 32);
        }
    }
}
