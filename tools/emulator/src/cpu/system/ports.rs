//! IN OUT INS OUTS and the permission to use a port.
//!
//! Port accesses leave the core as transactions of their own (SCC reference §2.8) and in global order.
//!
//! Source: Pentium manual vol. 3 §15.5 (protection of ports).

use super::debug;
use crate::chip::Fabric;
use crate::cpu::execute::string::{Element, advance, source, target_to_write};
use crate::cpu::fault::Stop;
use crate::cpu::model::Model;
use crate::cpu::op::{Op, Step};
use crate::cpu::state::Core;
use crate::cpu::width::Width;
use i586::tss::bits32;
use std::marker::PhantomData;

/// Register number of EDX.
const DATA: usize = 2;

/// Where a port number comes from.
pub(crate) trait Port: 'static {
    fn number(core: &Core, op: &Op) -> u16;
}

/// In `immediate`, 8 bits.
pub(crate) struct Fixed;
/// In DX.
pub(crate) struct InDx;

impl Port for Fixed {
    fn number(_: &Core, op: &Op) -> u16 {
        let [number, ..] = op.immediate.to_le_bytes();
        u16::from(number)
    }
}

impl Port for InDx {
    fn number(core: &Core, _: &Op) -> u16 {
        let [low, high, ..] = core.regs[DATA].to_le_bytes();
        u16::from_le_bytes([low, high])
    }
}

/// `in accumulator, port` of width W.
pub(crate) struct In<P, W>(PhantomData<(P, W)>);
/// `out port, accumulator` of width W.
pub(crate) struct Out<P, W>(PhantomData<(P, W)>);

impl<P: Port, W: Width> Step for In<P, W> {
    fn step<M: Model>(core: &mut Core, fabric: &mut Fabric, op: &Op) -> Result<(), Stop> {
        let port = P::number(core, op);
        check_io::<M>(core, fabric, op, port, W::BYTES)?;
        let value = read_port(core, fabric, op, port, W::BYTES)?;
        W::set(core, 0, value);
        Ok(())
    }
}

impl<P: Port, W: Width> Step for Out<P, W> {
    fn step<M: Model>(core: &mut Core, fabric: &mut Fabric, op: &Op) -> Result<(), Stop> {
        let port = P::number(core, op);
        check_io::<M>(core, fabric, op, port, W::BYTES)?;
        let value = W::get(core, 0);
        write_port(core, fabric, op, port, W::BYTES, value)
    }
}

/// INS: port in DX, target ES:rDI.
pub(crate) struct Ins;
/// OUTS: port in DX, source at rSI of `segment`.
pub(crate) struct Outs;

impl Element for Ins {
    const COMPARES: bool = false;
    const CYCLES: u64 = 8;

    fn once<M: Model, W: Width>(core: &mut Core, fabric: &mut Fabric, op: &Op) -> Result<(), Stop> {
        let port = InDx::number(core, op);
        check_io::<M>(core, fabric, op, port, W::BYTES)?;
        let to = target_to_write::<W>(core, op)?;
        // A port read cannot be repeated: nothing may fail after it.
        core.probe_write::<M>(fabric, op, to, W::BYTES)?;
        let value = read_port(core, fabric, op, port, W::BYTES)?;
        core.store::<M, W>(fabric, op, to, value)?;
        advance::<W>(core, op, 7, 1);
        Ok(())
    }
}

impl Element for Outs {
    const COMPARES: bool = false;
    const CYCLES: u64 = 12;

    fn once<M: Model, W: Width>(core: &mut Core, fabric: &mut Fabric, op: &Op) -> Result<(), Stop> {
        let port = InDx::number(core, op);
        check_io::<M>(core, fabric, op, port, W::BYTES)?;
        let from = source::<W>(core, op)?;
        let value = core.load::<M, W>(fabric, op, from)?;
        write_port(core, fabric, op, port, W::BYTES, value)?;
        advance::<W>(core, op, 6, 1);
        Ok(())
    }
}

/// Checks that the running program may access `bytes` ports from `port` on: by privilege level, else (and
/// always in V86 mode) by the I/O permission map of a 32-bit task-state segment.
///
/// # Errors
/// #GP(0).
#[inline]
pub(crate) fn check_io<M: Model>(
    core: &mut Core,
    fabric: &mut Fabric,
    op: &Op,
    port: u16,
    bytes: u32,
) -> Result<(), Stop> {
    let trusted = core.cpl <= core.flags.io_privilege() && !core.is_virtual_8086();
    if !core.is_protected() || trusted {
        return Ok(());
    }
    check_map::<M>(core, fabric, op, port, bytes)
}

/// Looks the ports up in the I/O permission map.
fn check_map<M: Model>(
    core: &mut Core,
    fabric: &mut Fabric,
    op: &Op,
    port: u16,
    bytes: u32,
) -> Result<(), Stop> {
    if !core.has_wide_task() || core.tr.limit < bits32::LIMIT_MIN {
        return Err(Stop::PROTECTION);
    }
    let base = core.tr.base;
    let map = core.load_system::<M, u16>(fabric, op, base.wrapping_add(bits32::IO_MAP_BASE))?;
    let offset = map + u32::from(port / 8);
    // Two bytes are read, so that an access across a byte of the map is seen whole.
    if offset + 1 > core.tr.limit {
        return Err(Stop::PROTECTION);
    }
    let denied = core.load_system::<M, u16>(fabric, op, base.wrapping_add(offset))?;
    let wanted = ((1 << bytes) - 1) << (port % 8);
    if denied & wanted == 0 { Ok(()) } else { Err(Stop::PROTECTION) }
}

/// Reads a port, in global order; permission has been checked.
pub(crate) fn read_port(
    core: &mut Core,
    fabric: &mut Fabric,
    op: &Op,
    port: u16,
    bytes: u32,
) -> Result<u32, Stop> {
    let issue = core.issue(op);
    core.order(&issue)?;
    let reply = fabric.io_read(core.id, port, bytes, issue.now)?;
    accessed(core, port, bytes);
    core.answered(fabric, op, reply);
    Ok(reply.value)
}

/// Writes a port, in global order; permission has been checked.
pub(crate) fn write_port(
    core: &mut Core,
    fabric: &mut Fabric,
    op: &Op,
    port: u16,
    bytes: u32,
    value: u32,
) -> Result<(), Stop> {
    let issue = core.issue(op);
    core.order(&issue)?;
    let reply = fabric.io_write(core.id, port, bytes, value, issue.now)?;
    accessed(core, port, bytes);
    core.answered(fabric, op, reply);
    Ok(())
}

fn accessed(core: &mut Core, port: u16, bytes: u32) {
    core.counters.io_cycle();
    debug::note_io_access(core, port, bytes);
}
