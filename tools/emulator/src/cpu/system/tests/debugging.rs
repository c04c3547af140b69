//! Breakpoint registers, single step, RF.

use super::*;
use crate::cpu::system::debug;
use iced_x86::code_asm::{dword_ptr, eax, ebx, ecx, edx, esp, ss};

#[test]
fn single_step_traps_after_every_instruction() {
    let mut guest = Guest::protected();
    guest.assemble(PROGRAM, |a| {
        a.nop()?;
        a.mov(eax, 1)?;
        a.hlt()
    });
    guest.core.set_eflags(Eflags::TRAP, Eflags::TRAP);
    assert_eq!(guest.run_to_handler(), 1);
    assert_eq!(guest.stack(0), PROGRAM + 1);
    assert_eq!(guest.stack(2), 0x102);
    assert_eq!(guest.core.dr[6], 0xFFFF_4FF0);
    assert!(!guest.flag(Eflags::TRAP));
    guest.assemble(handler(1) + 1, |a| a.iretd());
    guest.resume();
    assert_eq!(guest.stack(0), PROGRAM + 6);
}

#[test]
fn stack_segment_load_is_not_stepped_on_its_own() {
    let mut guest = Guest::protected();
    guest.assemble(PROGRAM, |a| {
        a.mov(ss, eax)?;
        a.mov(esp, 0x8800)?;
        a.nop()
    });
    guest.core.regs[0] = u32::from(DATA0);
    guest.core.set_eflags(Eflags::TRAP, Eflags::TRAP);
    assert_eq!(guest.run_to_handler(), 1);
    assert_eq!(guest.stack(0), PROGRAM + 7);
}

#[test]
fn interrupt_instruction_is_not_stepped_into() {
    let mut guest = Guest::protected();
    guest.assemble(PROGRAM, |a| a.int(0x30));
    guest.core.set_eflags(Eflags::TRAP, Eflags::TRAP);
    assert_eq!(guest.run_to_handler(), 0x30);
    assert_eq!(guest.stack(2), 0x102);
}

#[test]
fn instruction_breakpoint_is_a_fault_and_resume_flag_passes_it_once() {
    let mut guest = Guest::protected();
    guest.assemble(PROGRAM, |a| {
        a.inc(ecx)?;
        a.inc(ecx)?;
        a.jmp(u64::from(PROGRAM))
    });
    guest.core.dr[0] = PROGRAM + 1;
    guest.core.dr[7] = 0x402;
    debug::breakpoints_changed(&mut guest.core);
    guest.assemble(handler(1), |a| {
        a.hlt()?;
        a.or(dword_ptr(esp + 8), 0x1_0000)?;
        a.iretd()
    });
    assert_eq!(guest.run_to_handler(), 1);
    assert_eq!([guest.stack(0), guest.stack(2) & 0x1_0000], [PROGRAM + 1, 0]);
    assert_eq!((guest.core.dr[6], guest.core.regs[1]), (0xFFFF_0FF1, 1));
    guest.resume();
    // Once round the loop: the breakpoint hits again.
    assert_eq!(guest.core.regs[1], 3);
    assert_eq!(guest.stack(0), PROGRAM + 1);
}

#[test]
fn instruction_breakpoint_behind_a_stack_segment_load_is_passed_over() {
    let mut guest = Guest::protected();
    guest.assemble(PROGRAM, |a| {
        a.mov(ss, eax)?;
        a.nop()?;
        a.nop()?;
        a.sti()?;
        a.nop()
    });
    guest.core.regs[0] = u32::from(DATA0);
    // On the instruction behind the load, and behind STI.
    guest.core.dr[0] = PROGRAM + 2;
    guest.core.dr[1] = PROGRAM + 5;
    guest.core.dr[7] = 0x40A;
    debug::breakpoints_changed(&mut guest.core);
    assert_eq!(guest.run_to_handler(), 1);
    assert_eq!((guest.stack(0), guest.core.dr[6]), (PROGRAM + 5, 0xFFFF_0FF2));
}

#[test]
fn data_breakpoint_traps_after_the_access() {
    let mut guest = Guest::protected();
    guest.assemble(PROGRAM, |a| {
        a.mov(eax, dword_ptr(0x8004))?;
        a.mov(dword_ptr(0x8008), eax)?;
        a.mov(dword_ptr(0x8004), eax)?;
        a.hlt()
    });
    // A 4-byte write breakpoint in register 2.
    guest.core.dr[2] = 0x8004;
    guest.core.dr[7] = 0x0D00_0420;
    debug::breakpoints_changed(&mut guest.core);
    assert_eq!(guest.run_to_handler(), 1);
    assert_eq!(guest.stack(0), PROGRAM + 15);
    assert_eq!(guest.core.dr[6], 0xFFFF_0FF4);
}

#[test]
fn performance_counters_count_each_breakpoint_match_once() {
    let mut guest = Guest::protected();
    guest.assemble(PROGRAM, |a| {
        a.mov(ecx, 0x11)?;
        a.xor(edx, edx)?;
        // Counter 0: matches of register 0 at any privilege; counter 1: of register 1.
        a.mov(eax, 0x00E4_00E3)?;
        a.wrmsr()?;
        a.mov(dword_ptr(0x8004), eax)?;
        // The handler returns here with RF set, so the breakpoint lies one further.
        a.nop()?;
        a.nop()?;
        a.mov(ecx, 0x12)?;
        a.rdmsr()?;
        a.mov(ebx, eax)?;
        a.mov(ecx, 0x13)?;
        a.rdmsr()?;
        a.hlt()
    });
    // The second NOP, and a 4-byte write breakpoint on the word before it.
    guest.core.dr[0] = PROGRAM + 5 + 2 + 5 + 2 + 5 + 1;
    guest.core.dr[1] = 0x8004;
    guest.core.dr[7] = 0x00D0_040A;
    debug::breakpoints_changed(&mut guest.core);
    guest.assemble(handler(1), |a| {
        a.or(dword_ptr(esp + 8), 0x1_0000)?;
        a.iretd()
    });
    guest.run();
    assert_eq!([guest.core.regs[3], guest.core.regs[0]], [1, 1]);
}

#[test]
fn general_detect_guards_the_debug_registers_once() {
    let mut guest = Guest::protected();
    guest.write(PROGRAM, &[0x0F, 0x21, 0xC0]);
    guest.core.dr[7] = 0x2400;
    assert_eq!(guest.run_to_handler(), 1);
    assert_eq!(guest.stack(0), PROGRAM);
    assert_eq!((guest.core.dr[6], guest.core.dr[7]), (0xFFFF_2FF0, 0x400));
}

#[test]
fn debugging_extensions_remove_the_aliases() {
    let mut guest = Guest::protected();
    guest.core.cr4 = i586::control::Cr4::DEBUGGING_EXTENSIONS.bits();
    guest.write(PROGRAM, &[0x0F, 0x21, 0xE0]);
    assert_eq!(guest.run_to_handler(), 6);
}

#[test]
fn repeated_string_instruction_traps_after_every_iteration() {
    let mut guest = Guest::protected();
    guest.assemble(PROGRAM, |a| a.rep().stosb());
    guest.core.regs[1] = 3;
    guest.core.regs[7] = 0x8800;
    guest.core.set_eflags(Eflags::TRAP, Eflags::TRAP);
    assert_eq!(guest.run_to_handler(), 1);
    assert_eq!((guest.stack(0), guest.core.regs[1]), (PROGRAM, 2));
    guest.assemble(handler(1) + 1, |a| a.iretd());
    guest.resume();
    assert_eq!((guest.stack(0), guest.core.regs[1]), (PROGRAM, 1));
    guest.resume();
    assert_eq!((guest.stack(0), guest.core.regs[1]), (PROGRAM + 2, 0));
}

#[test]
fn second_non_maskable_interrupt_waits_for_iret() {
    let mut guest = Guest::protected();
    guest.assemble(PROGRAM, |a| a.nop());
    guest.assemble(handler(2) + 1, |a| a.iretd());
    guest.core.attention |= Attention::NMI;
    assert_eq!(guest.run_to_handler(), 2);
    assert_eq!(guest.core.regs[4], STACK0 - 12);
    guest.core.attention |= Attention::NMI;
    guest.resume();
    // Taken behind the IRET, on the same stack.
    assert_eq!(guest.core.eip, handler(2) + 1);
    assert_eq!((guest.core.regs[4], guest.stack(0)), (STACK0 - 12, PROGRAM));
}
