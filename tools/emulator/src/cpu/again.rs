//! Blocks that jump back to their own beginning: loops without leaving the run loop's inner side.
//!
//! Between two rounds everything is looked at that the run loop looks at between two blocks. A loop of nothing but
//! NOP, PAUSE and the jump changes no state except the counts of cycles, instructions and branches, so the rounds
//! that are left until the deadline are added up at once.

use super::block::Block;
use super::model::Model;
use super::op::Exit;
use super::state::Core;
use crate::chip::Fabric;

/// Runs a block that was just entered, and again for as long as the run loop would enter it next.
#[inline(always)]
pub(super) fn run<M: Model>(core: &mut Core, fabric: &mut Fabric, block: &Block, deadline: u64) -> Exit {
    let Some(first) = block.ops.first() else { return Exit::Left };
    let exit = (first.run)(core, fabric, &block.ops);
    if core.eip != core.block_eip || exit != Exit::Left {
        return exit;
    }
    repeat::<M>(core, fabric, block, deadline)
}

/// Goes on with a block that has just jumped to its beginning.
#[inline(never)]
fn repeat<M: Model>(core: &mut Core, fabric: &mut Fabric, block: &Block, deadline: u64) -> Exit {
    let Some(first) = block.ops.first() else { return Exit::Left };
    let generation = core.code_generation;
    loop {
        if core.leave_block
            || core.eip != core.block_eip
            || core.cycles >= deadline
            || !core.attention.is_empty()
            || core.code_generation != generation
            || !block.is_current::<M>(core, fabric)
        {
            return Exit::Left;
        }
        if let Some(idle) = block.idle() {
            idle.pass(core, deadline);
            return Exit::Left;
        }
        let exit = (first.run)(core, fabric, &block.ops);
        if exit != Exit::Left {
            return exit;
        }
    }
}

/// One round of a loop that does nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Idle {
    pub(super) cycles: u16,
    pub(super) instructions: u8,
    /// L1 code lines it is fetched from.
    pub(super) lines: u8,
}

impl Idle {
    /// Lets all rounds pass that begin before `deadline`. The core has looked the first of them up in L1.
    fn pass(self, core: &mut Core, deadline: u64) {
        let rounds = (deadline - core.cycles).div_ceil(u64::from(self.cycles.max(1)));
        core.cycles += rounds * u64::from(self.cycles);
        core.instructions += rounds * u64::from(self.instructions);
        core.counters.branches_taken(rounds);
        core.hierarchy.code_read_again((rounds - 1) * u64::from(self.lines));
    }
}

#[cfg(test)]
mod tests {
    use crate::cpu::run::Observer;
    use crate::cpu::state::Core;
    use crate::machine::flat_program::{core, start};
    use crate::machine::{Limits, Machine, MemoryModel, RunEnd, TimingModel};
    use iced_x86::code_asm::{CodeAssembler, dword_ptr, eax};
    use scc::timing::Time;

    struct Onlooker;

    impl Observer for Onlooker {
        fn before(&mut self, _: &Core, _: &crate::chip::Fabric) -> bool {
            true
        }
    }

    /// Core 0 spins with `nops` NOPs in the loop; core 7 counts, reads its message buffer and ends.
    fn board(model: MemoryModel, timing: TimingModel, nops: usize) -> Machine {
        let mut machine = Machine::builder().model(model).timing(timing).quantum(70).build();
        let mut spin = CodeAssembler::new(32).expect("32 bits");
        let mut top = spin.create_label();
        spin.set_label(&mut top).expect("one label");
        for _ in 0..nops {
            spin.nop().expect("valid");
        }
        spin.pause().expect("valid");
        spin.jmp(top).expect("valid");
        start(&mut machine, core(0), &spin.assemble(0x1000).expect("valid"));
        let mut count = CodeAssembler::new(32).expect("32 bits");
        let mut top = count.create_label();
        count.mov(eax, 90).expect("valid");
        count.set_label(&mut top).expect("one label");
        count.add(dword_ptr(0x4000), eax).expect("valid");
        count.cmp(eax, dword_ptr(0xD800_0100u32)).expect("valid");
        count.dec(eax).expect("valid");
        count.jnz(top).expect("valid");
        count.hlt().expect("valid");
        start(&mut machine, core(7), &count.assemble(0x1000).expect("valid"));
        machine
    }

    #[test]
    fn rounds_added_up_leave_what_rounds_run_leave() {
        let limits = Limits { until: Some(Time::from_nanoseconds(90_001)), slices: None };
        for (model, timing) in [
            (MemoryModel::Strict, TimingModel::Scc),
            (MemoryModel::Fast, TimingModel::Scc),
            (MemoryModel::Fast, TimingModel::Flat),
        ] {
            for nops in [0, 1, 20, 29] {
                let mut passed = board(model, timing, nops);
                assert_eq!(passed.run(&limits), RunEnd::TimeReached);
                let mut run = board(model, timing, nops);
                assert_eq!(run.run_observed(&limits, Some(&mut Onlooker)), RunEnd::TimeReached);
                assert_eq!(passed.statistics(), run.statistics(), "{model:?} {timing:?} {nops}");
                assert_eq!(passed.core(core(0)).counters, run.core(core(0)).counters);
                assert_eq!(passed.registers(core(0)), run.registers(core(0)));
                assert!(passed.core(core(0)).instructions > 1000);
            }
        }
    }
}
