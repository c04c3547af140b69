//! MOVS CMPS SCAS LODS STOS with their REP forms.
//!
//! One step performs a bounded number of iterations ([`BATCH`]); an unfinished repetition leaves EIP on the
//! instruction, so interrupts are taken between iterations as on the chip. In the fast model runs of MOVS
//! and STOS inside one page go in bulk.

use crate::chip::Fabric;
use crate::cpu::execute::alu::{Binary, Cmp};
use crate::cpu::fault::Stop;
use crate::cpu::model::Model;
use crate::cpu::op::{Attributes, Op, Step};
use crate::cpu::segment::SegmentName;
use crate::cpu::state::Core;
use crate::cpu::width::Width;
use i586::flags::Eflags;
use std::marker::PhantomData;

/// Iterations of a repeated string instruction before the block is left.
const BATCH: u32 = 256;

const SOURCE: usize = 6;
const TARGET: usize = 7;
/// Register that counts the iterations left: rCX.
pub(crate) const COUNT: usize = 1;

/// Mask of the registers used: 16 or 32 bits by address size.
fn mask(op: &Op) -> u32 {
    if op.is(Attributes::ADDRESS16) { 0xFFFF } else { u32::MAX }
}

/// Moves an index register by one element (or `elements`) in the current direction.
pub(crate) fn advance<W: Width>(core: &mut Core, op: &Op, register: usize, elements: u32) {
    let step = W::BYTES.wrapping_mul(elements);
    let old = core.regs[register];
    let new = if core.flags.has(Eflags::DIRECTION) { old.wrapping_sub(step) } else { old.wrapping_add(step) };
    core.regs[register] = (old & !mask(op)) | (new & mask(op));
}

pub(crate) fn source<W: Width>(core: &Core, op: &Op) -> Result<u32, Stop> {
    core.readable(usize::from(op.segment), core.regs[SOURCE] & mask(op), W::BYTES)
}

fn target_to_read<W: Width>(core: &Core, op: &Op) -> Result<u32, Stop> {
    core.readable(SegmentName::Es.index(), core.regs[TARGET] & mask(op), W::BYTES)
}

pub(crate) fn target_to_write<W: Width>(core: &Core, op: &Op) -> Result<u32, Stop> {
    core.writable(SegmentName::Es.index(), core.regs[TARGET] & mask(op), W::BYTES)
}

/// One string operation on one element.
pub(crate) trait Element: 'static {
    /// CMPS and SCAS end a repetition early by ZF.
    const COMPARES: bool;
    /// Cycles per iteration of the repeated form.
    const CYCLES: u64;

    fn once<M: Model, W: Width>(core: &mut Core, fabric: &mut Fabric, op: &Op) -> Result<(), Stop>;

    /// Up to `limit` iterations at once where nothing can intervene; returns how many were done.
    fn bulk<M: Model, W: Width>(_: &mut Core, _: &mut Fabric, _: &Op, _limit: u32) -> u32 {
        0
    }
}

/// MOVS
pub(crate) struct Movs;
/// CMPS
pub(crate) struct Cmps;
/// SCAS
pub(crate) struct Scas;
/// LODS
pub(crate) struct Lods;
/// STOS
pub(crate) struct Stos;

impl Element for Movs {
    const COMPARES: bool = false;
    const CYCLES: u64 = 1;

    #[inline(always)]
    fn once<M: Model, W: Width>(core: &mut Core, fabric: &mut Fabric, op: &Op) -> Result<(), Stop> {
        let from = source::<W>(core, op)?;
        let to = target_to_write::<W>(core, op)?;
        let value = core.load::<M, W>(fabric, op, from)?;
        core.store::<M, W>(fabric, op, to, value)?;
        advance::<W>(core, op, SOURCE, 1);
        advance::<W>(core, op, TARGET, 1);
        Ok(())
    }

    fn bulk<M: Model, W: Width>(core: &mut Core, fabric: &mut Fabric, op: &Op, limit: u32) -> u32 {
        if M::STRICT || core.flags.has(Eflags::DIRECTION) || mask(op) != u32::MAX {
            return 0;
        }
        let (Ok(from), Ok(to)) = (source::<W>(core, op), target_to_write::<W>(core, op)) else { return 0 };
        if !core.segments[usize::from(op.segment & 7)].flat.read || !core.segment(SegmentName::Es).flat.write
        {
            return 0;
        }
        let room = |linear: u32| (0x1000 - (linear & 0xFFF)) / W::BYTES;
        let elements = limit.min(room(from)).min(room(to));
        let bytes = (elements * W::BYTES) as usize;
        let (Some(source), Some(target)) = (core.hot_readable(from), core.hot_writable(to)) else { return 0 };
        // A forward copy onto itself a few bytes ahead repeats a pattern: leave it to single iterations.
        if to.wrapping_sub(from) < elements * W::BYTES && from != to {
            return 0;
        }
        if !fabric.dram.copy(source, (from & 0xFFF) as usize, target, (to & 0xFFF) as usize, bytes) {
            return 0;
        }
        advance::<W>(core, op, SOURCE, elements);
        advance::<W>(core, op, TARGET, elements);
        elements
    }
}

impl Element for Stos {
    const COMPARES: bool = false;
    const CYCLES: u64 = 1;

    #[inline(always)]
    fn once<M: Model, W: Width>(core: &mut Core, fabric: &mut Fabric, op: &Op) -> Result<(), Stop> {
        let to = target_to_write::<W>(core, op)?;
        let value = W::get(core, 0);
        core.store::<M, W>(fabric, op, to, value)?;
        advance::<W>(core, op, TARGET, 1);
        Ok(())
    }

    fn bulk<M: Model, W: Width>(core: &mut Core, fabric: &mut Fabric, op: &Op, limit: u32) -> u32 {
        if M::STRICT || core.flags.has(Eflags::DIRECTION) || mask(op) != u32::MAX {
            return 0;
        }
        let Ok(to) = target_to_write::<W>(core, op) else { return 0 };
        if !core.segment(SegmentName::Es).flat.write {
            return 0;
        }
        let elements = limit.min((0x1000 - (to & 0xFFF)) / W::BYTES);
        let Some(target) = core.hot_writable(to) else { return 0 };
        let pattern = core.regs[0].to_le_bytes();
        let bytes = (elements * W::BYTES) as usize;
        if !fabric.dram.fill(target, (to & 0xFFF) as usize, bytes, &pattern[..W::BYTES as usize]) {
            return 0;
        }
        advance::<W>(core, op, TARGET, elements);
        elements
    }
}

impl Element for Lods {
    const COMPARES: bool = false;
    const CYCLES: u64 = 2;

    #[inline(always)]
    fn once<M: Model, W: Width>(core: &mut Core, fabric: &mut Fabric, op: &Op) -> Result<(), Stop> {
        let from = source::<W>(core, op)?;
        let value = core.load::<M, W>(fabric, op, from)?;
        W::set(core, 0, value);
        advance::<W>(core, op, SOURCE, 1);
        Ok(())
    }
}

impl Element for Cmps {
    const COMPARES: bool = true;
    const CYCLES: u64 = 4;

    #[inline(always)]
    fn once<M: Model, W: Width>(core: &mut Core, fabric: &mut Fabric, op: &Op) -> Result<(), Stop> {
        let from = source::<W>(core, op)?;
        let to = target_to_read::<W>(core, op)?;
        let left = core.load::<M, W>(fabric, op, from)?;
        let right = core.load::<M, W>(fabric, op, to)?;
        Cmp::apply::<W>(&mut core.flags, left, right);
        advance::<W>(core, op, SOURCE, 1);
        advance::<W>(core, op, TARGET, 1);
        Ok(())
    }
}

impl Element for Scas {
    const COMPARES: bool = true;
    const CYCLES: u64 = 4;

    #[inline(always)]
    fn once<M: Model, W: Width>(core: &mut Core, fabric: &mut Fabric, op: &Op) -> Result<(), Stop> {
        let to = target_to_read::<W>(core, op)?;
        let right = core.load::<M, W>(fabric, op, to)?;
        let left = W::get(core, 0);
        Cmp::apply::<W>(&mut core.flags, left, right);
        advance::<W>(core, op, TARGET, 1);
        Ok(())
    }
}

/// A string instruction without a repeat prefix.
pub(crate) struct Single<E, W>(PhantomData<(E, W)>);

impl<E: Element, W: Width> Step for Single<E, W> {
    #[inline(always)]
    fn step<M: Model>(core: &mut Core, fabric: &mut Fabric, op: &Op) -> Result<(), Stop> {
        E::once::<M, W>(core, fabric, op)
    }
}

/// A string instruction with a repeat prefix. Must close its block: an unfinished repetition sets EIP back.
pub(crate) struct Repeated<E, W>(PhantomData<(E, W)>);

impl<E: Element, W: Width> Step for Repeated<E, W> {
    fn step<M: Model>(core: &mut Core, fabric: &mut Fabric, op: &Op) -> Result<(), Stop> {
        repeat::<M>(core, fabric, op, E::COMPARES, E::CYCLES, E::bulk::<M, W>, E::once::<M, W>)
    }
}

/// Repeats `once` (or `bulk`) up to rCX times; shared with INS and OUTS.
pub(crate) fn repeat<M: Model>(
    core: &mut Core,
    fabric: &mut Fabric,
    op: &Op,
    compares: bool,
    cycles: u64,
    bulk: impl Fn(&mut Core, &mut Fabric, &Op, u32) -> u32,
    once: impl Fn(&mut Core, &mut Fabric, &Op) -> Result<(), Stop>,
) -> Result<(), Stop> {
    let mask = mask(op);
    let here = core.offset_in_block(op.start);
    // With TF set every iteration is followed by a trap.
    let batch = if core.flags.has(Eflags::TRAP) { 1 } else { BATCH };
    let mut budget = batch;
    loop {
        let left = core.regs[COUNT] & mask;
        if left == 0 {
            return Ok(());
        }
        // Fetching the instruction may have asked for the block to be left already: one iteration is made anyway.
        if budget == 0 || (core.leave_block || core.in_order) && budget != batch {
            core.eip = here;
            // The instruction is entered again, not begun again: its start is charged once.
            if !core.flat_timing {
                core.cycles = core.cycles.saturating_sub(u64::from(op.cost));
            }
            return Ok(());
        }
        let done = match if batch == 1 { 0 } else { bulk(core, fabric, op, left) } {
            0 => once(core, fabric, op).map(|()| 1)?,
            many => many,
        };
        core.regs[COUNT] = (core.regs[COUNT] & !mask) | (left - done);
        if !core.flat_timing {
            core.cycles += cycles * u64::from(done);
        }
        budget = budget.saturating_sub(done);
        if compares && core.flags.zero() == op.is(Attributes::REPEAT_NOT_EQUAL) {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::machine::flat_program::{START, core, start};
    use crate::machine::{Limits, Machine, MemoryModel, RunEnd, TimingModel};
    use iced_x86::code_asm::{CodeAssembler, dword_ptr, eax, ebp, ebx, ecx, edi, esi};

    const SOURCE: u32 = 0x10_0000;
    const TARGET: u32 = 0x2_0000;

    /// Lines that are read.
    const LINES: u32 = 8;

    #[derive(Clone, Copy)]
    enum Reader {
        Repeated,
        Moves,
    }

    /// Cycles that a reader takes for lines that L1 holds, or that no cache holds. What it writes, L1 holds.
    fn cycles(reader: Reader, is_cached: bool) -> u32 {
        let assemble = || {
            let mut code = CodeAssembler::new(32)?;
            let mut top = code.create_label();
            for line in 0..LINES {
                code.mov(eax, dword_ptr(TARGET + 32 * line))?;
            }
            // The first pass brings the code into L1, and reads other lines unless they are to be cached.
            code.mov(esi, SOURCE)?;
            code.mov(ebp, 2)?;
            code.set_label(&mut top)?;
            code.mov(edi, TARGET)?;
            code.mov(ecx, 8 * LINES)?;
            code.rdtsc()?;
            code.mov(ebx, eax)?;
            match reader {
                Reader::Repeated => code.rep().movsd()?,
                Reader::Moves => {
                    for line in 0..LINES {
                        code.mov(eax, dword_ptr(esi + 32 * line))?;
                    }
                }
            }
            code.rdtsc()?;
            code.sub(eax, ebx)?;
            code.mov(esi, if is_cached { SOURCE } else { SOURCE + 32 * LINES })?;
            code.dec(ebp)?;
            code.jnz(top)?;
            code.hlt()?;
            code.assemble(u64::from(START))
        };
        let mut machine = Machine::builder().model(MemoryModel::Strict).timing(TimingModel::Scc).build();
        start(&mut machine, core(0), &assemble().expect("valid instructions"));
        assert_eq!(machine.run(&Limits::default()), RunEnd::AllStopped);
        machine.registers(core(0)).general[0]
    }

    /// The start of a repetition, 13 cycles, is charged once, not for each line again (SCC reference 10.4).
    #[test]
    fn repetition_waits_for_memory_as_long_as_single_moves_do() {
        let [repeated, moves] =
            [Reader::Repeated, Reader::Moves].map(|reader| cycles(reader, false) - cycles(reader, true));
        assert!(repeated.abs_diff(moves) <= LINES, "{repeated} and {moves} cycles");
    }
}
