//! The instruction after a load of SS or STI belongs to it, whatever the host does between the two.

use super::flat_program::{START, core, start};
use super::{Machine, MemoryModel, RunEnd, SegmentRegister};
use scc::address::PhysAddr;
use scc::tile::{Glcfg, TileRegister};
use scc::timing::Time;

/// Where the handler of the non-maskable interrupt is.
const HANDLER: u16 = 0x3000;
/// Bottom of the stack.
const STACK: u32 = 0x800;

fn set_pins(machine: &mut Machine, pins: Glcfg) {
    let register = TileRegister::Glcfg(core(0).slot());
    machine.fabric_mut().host_write_tile(core(0).tile(), register, pins.into_bits(), Time::ZERO);
}

#[test]
fn an_interrupt_between_two_slices_waits_for_the_instruction_in_the_shadow() {
    let mut machine = Machine::builder().model(MemoryModel::Fast).build();
    // Without the local APIC the pin goes straight to the core.
    let pins = Glcfg::RESET.with_apic_enable_core0(false);
    set_pins(&mut machine, pins);
    // mov ss,ax; inc bx; nop
    start(&mut machine, core(0), &[0x8E, 0xD0, 0x43, 0x90]);
    machine.write_core_memory(core(0), PhysAddr::new(2 * 4), &HANDLER.to_le_bytes()).unwrap();
    machine.write_core_memory(core(0), PhysAddr::new(HANDLER.into()), &[0xF4]).unwrap();
    let mut registers = machine.registers(core(0));
    let real = SegmentRegister { limit: 0xFFFF, big: false, ..SegmentRegister::flat(0, false) };
    registers.segments = [real; 6];
    registers.general[4] = STACK;
    registers.control = [0; 4];
    machine.set_registers(core(0), &registers);

    assert_eq!(machine.step(core(0)), RunEnd::Observed(core(0)));
    set_pins(&mut machine, pins.with_nmi(true));
    assert_eq!(machine.step(core(0)), RunEnd::Observed(core(0)));

    let registers = machine.registers(core(0));
    assert_eq!((registers.eip, registers.general[3]), (HANDLER.into(), 1));
    let mut pushed = [0; 2];
    machine.read_core_memory(core(0), PhysAddr::new(STACK - 6), &mut pushed).unwrap();
    assert_eq!(u32::from(u16::from_le_bytes(pushed)), START + 3, "returns behind the shadow");
}
