//! Debugger's memory: translation, caches, and that looking changes nothing.

use super::flat_program::{START, core, start};
use super::{Limits, Machine, MemoryModel, RunEnd, Unmapped};
use iced_x86::code_asm::{CodeAssembler, cr0, cr3, dword_ptr, eax};
use scc::address::PhysAddr;

/// Turns paging on (tables at 0x10000 and 0x11000), maps linear 0x40_0000 to physical 0x5000 and 0x80_0000
/// to 0x6000, loads from the first page, stores there, halts.
fn paging() -> Machine {
    let mut code = CodeAssembler::new(32).unwrap();
    code.mov(eax, 0x10000u32).unwrap();
    code.mov(cr3, eax).unwrap();
    code.mov(eax, 0x8000_0001u32).unwrap();
    code.mov(cr0, eax).unwrap();
    code.mov(eax, dword_ptr(0x40_0000)).unwrap();
    code.mov(dword_ptr(0x40_0000), 0x1234_5678u32).unwrap();
    code.hlt().unwrap();
    let code = code.assemble(u64::from(START)).unwrap();
    let mut machine = Machine::builder().model(MemoryModel::Strict).build();
    start(&mut machine, core(3), &code);
    let mut entry = |at: u32, value: u32| {
        machine.write_core_memory(core(3), PhysAddr::new(at), &value.to_le_bytes()).unwrap();
    };
    entry(0x10000, 0x11003);
    entry(0x11000 + 4, 0x1003);
    entry(0x10000 + 4, 0x12003);
    entry(0x12000, 0x5003);
    entry(0x10000 + 8, 0x13003);
    entry(0x13000, 0x6003);
    machine
}

fn word(machine: &Machine, linear: u32) -> u32 {
    let mut bytes = [0; 4];
    machine.peek_linear(core(3), linear, &mut bytes).unwrap();
    u32::from_le_bytes(bytes)
}

#[test]
fn the_core_s_caches_are_seen_and_patched() {
    let mut machine = paging();
    assert_eq!(machine.run(&Limits::default()), RunEnd::AllStopped);
    let mut behind = [0; 4];
    machine.read_core_memory(core(3), PhysAddr::new(0x5000), &mut behind).unwrap();
    assert_eq!(behind, [0; 4], "the store is still in L1");
    assert_eq!(word(&machine, 0x40_0000), 0x1234_5678);
    machine.poke_linear(core(3), 0x40_0002, &[0xAA]).unwrap();
    assert_eq!(word(&machine, 0x40_0000), 0x12AA_5678);
    machine.read_core_memory(core(3), PhysAddr::new(0x5000), &mut behind).unwrap();
    assert_eq!(behind, [0, 0, 0xAA, 0], "only the byte that was written goes to memory");
}

#[test]
fn looking_changes_neither_page_tables_nor_counts() {
    let mut machine = paging();
    machine.run(&Limits::default());
    let counts = machine.statistics();
    assert_eq!(word(&machine, 0x80_0000), 0);
    let mut entries = [0; 4];
    machine.read_core_memory(core(3), PhysAddr::new(0x13000), &mut entries).unwrap();
    assert_eq!(u32::from_le_bytes(entries), 0x6003, "no accessed bit");
    assert_eq!(machine.statistics(), counts);
}

#[test]
fn stale_translations_are_what_the_core_sees() {
    let mut machine = paging();
    machine.run(&Limits::default());
    machine.poke_linear(core(3), 0x1000, &[0x90]).unwrap();
    machine.write_core_memory(core(3), PhysAddr::new(0x12000), &0_u32.to_le_bytes()).unwrap();
    let (physical, _) = machine.translate_linear(core(3), 0x40_0000).unwrap();
    assert_eq!(physical, PhysAddr::new(0x5000), "the TLB still has it");
    let absent = machine.translate_linear(core(3), 0xC0_0000);
    assert_eq!(absent, Err(Unmapped::NotPresent { core: core(3), linear: 0xC0_0000 }));
}
