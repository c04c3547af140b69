//! Interrupt, trap and call gates; far calls and returns between levels.

use super::*;
use i586::tss::bits32;
use iced_x86::code_asm::{eax, ecx};

#[test]
fn interrupt_gate_pushes_flags_and_clears_the_interrupt_flag() {
    let mut guest = Guest::protected();
    guest.core.flags.assign(Eflags::INTERRUPT, true);
    guest.assemble(PROGRAM, |a| {
        a.stc()?;
        a.int(0x30)
    });
    assert_eq!(guest.run_to_handler(), 0x30);
    assert_eq!(guest.core.regs[4], STACK0 - 12);
    assert_eq!([guest.stack(0), guest.stack(1), guest.stack(2)], [PROGRAM + 3, 8, 0x203]);
    assert!(!guest.flag(Eflags::INTERRUPT));
}

#[test]
fn trap_gate_leaves_the_interrupt_flag() {
    let mut guest = Guest::protected();
    guest.gate(0x30, SystemKind::TrapGate32, CODE0, handler(0x30), 0);
    guest.core.flags.assign(Eflags::INTERRUPT, true);
    guest.assemble(PROGRAM, |a| a.int(0x30));
    assert_eq!(guest.run_to_handler(), 0x30);
    assert!(guest.flag(Eflags::INTERRUPT));
}

#[test]
fn interrupt_from_ring_3_switches_stacks_and_iret_returns() {
    let mut guest = Guest::protected();
    guest.gate(0x80, SystemKind::InterruptGate32, CODE0, handler(0x80), 3);
    guest.assemble(PROGRAM, |a| {
        a.int(0x80)?;
        a.mov(eax, 0x55)?;
        a.hlt()
    });
    guest.assemble(handler(0x80), |a| {
        a.hlt()?;
        a.iretd()
    });
    guest.level(3);
    guest.core.flags.assign(Eflags::INTERRUPT, true);
    assert_eq!(guest.run_to_handler(), 0x80);
    assert_eq!((guest.core.cpl, guest.core.regs[4]), (0, ENTRY_STACK - 20));
    let frame = [0, 1, 2, 3, 4].map(|index| guest.stack(index));
    assert_eq!(frame, [PROGRAM + 2, u32::from(CODE3), 0x202, STACK3, u32::from(DATA3)]);
    assert_eq!(guest.selector(SegmentName::Ss), DATA0);
    // Back in ring 3; its HLT raises #GP(0).
    guest.write(handler(13), &[0xF4]);
    guest.resume();
    assert_eq!(guest.core.eip, handler(13) + 1);
    assert_eq!(guest.core.regs[0], 0x55);
    assert_eq!(guest.stack(0), 0);
    assert_eq!(guest.stack(2), u32::from(CODE3));
    assert_eq!(guest.stack(4), STACK3);
}

#[test]
fn gate_of_a_higher_level_refuses_software_interrupts_with_the_vector() {
    let mut guest = Guest::protected();
    guest.assemble(PROGRAM, |a| a.int(0x30));
    guest.level(3);
    assert_eq!(guest.run_to_handler(), 13);
    assert_eq!([guest.stack(0), guest.stack(1)], [0x30 * 8 + 2, PROGRAM]);
}

#[test]
fn absent_gate_names_itself() {
    let mut guest = Guest::protected();
    let at = IDT + 0x30 * 8 + 4;
    let high = guest.get32(at);
    guest.set32(at, high & !0x8000);
    guest.assemble(PROGRAM, |a| a.int(0x30));
    assert_eq!(guest.run_to_handler(), 11);
    assert_eq!(guest.stack(0), 0x30 * 8 + 2);
}

#[test]
fn sixteen_bit_gate_pushes_words() {
    let mut guest = Guest::protected();
    guest.write(0x4000, &[]);
    guest.describe(SPARE, Descriptor::flat_code(0).with_base(HANDLERS));
    guest.gate(0x30, SystemKind::InterruptGate16, SPARE, 16 * 0x30, 0);
    guest.assemble(PROGRAM, |a| a.int(0x30));
    assert_eq!(guest.run(), Activity::Halted);
    assert_eq!(guest.core.eip, 16 * 0x30 + 1);
    assert_eq!(guest.core.regs[4], STACK0 - 6);
    assert_eq!(guest.get16(STACK0 - 6), (PROGRAM + 2) & 0xFFFF);
    assert_eq!(guest.get16(STACK0 - 4), u32::from(CODE0));
}

#[test]
fn call_gate_copies_parameters_and_far_return_drops_them_from_both_stacks() {
    let mut guest = Guest::protected();
    let gate = Gate::new(SystemKind::CallGate32, Selector::from_bits(CODE0), 0x1_2000, 3)
        .expect("a gate type")
        .with_parameter_count(2);
    guest.describe(SPARE, gate.descriptor());
    guest.assemble(PROGRAM, |a| {
        a.push(0x1111)?;
        a.push(0x2222)?;
        // call far SPARE:0
        a.db(&[0x9A, 0, 0, 0, 0, 0x48, 0])?;
        a.hlt()
    });
    guest.assemble(0x1_2000, |a| {
        a.hlt()?;
        a.retf_1(8)
    });
    guest.level(3);
    assert_eq!(guest.run(), Activity::Halted);
    assert_eq!((guest.core.cpl, guest.core.eip), (0, 0x1_2001));
    assert_eq!(guest.core.regs[4], ENTRY_STACK - 24);
    let frame = [0, 1, 2, 3, 4, 5].map(|index| guest.stack(index));
    let back = PROGRAM + 10 + 7;
    assert_eq!(frame, [back, u32::from(CODE3), 0x2222, 0x1111, STACK3 - 8, u32::from(DATA3)]);
    guest.resume();
    // The ring 3 HLT faulted; its saved ESP shows the released parameters.
    assert_eq!(guest.core.eip, handler(13) + 1);
    assert_eq!(guest.stack(4), STACK3);
}

#[test]
fn return_outwards_clears_segments_the_outer_level_may_not_use() {
    let mut guest = Guest::protected();
    guest.assemble(PROGRAM, |a| {
        a.push(i32::from(DATA3))?;
        a.push(i32::try_from(STACK3).unwrap())?;
        a.push(i32::from(CODE3))?;
        a.push(0x1_3000)?;
        a.retf()
    });
    guest.write(0x1_3000, &[0xF4]);
    guest.core.set_segment(SegmentName::Es, flat(DATA3, 0xF3));
    assert_eq!(guest.run_to_handler(), 13);
    assert_eq!(guest.selector(SegmentName::Ds), 0);
    assert_eq!(guest.selector(SegmentName::Es), DATA3);
    assert!(!guest.core.segment(SegmentName::Ds).usable);
}

#[test]
fn conforming_code_is_called_at_the_callers_level() {
    let mut guest = Guest::protected();
    let conforming = Descriptor::from_words(0x0000_FFFF, 0x00CF_9E00);
    guest.describe(SPARE, conforming);
    guest.assemble(PROGRAM, |a| a.db(&[0x9A, 0, 0x20, 1, 0, 0x48, 0]));
    guest.assemble(0x1_2000, |a| {
        a.mov(ecx, 7)?;
        a.int(0x31)
    });
    guest.gate(0x31, SystemKind::InterruptGate32, CODE0, handler(0x31), 3);
    guest.level(3);
    assert_eq!(guest.run_to_handler(), 0x31);
    assert_eq!(guest.core.regs[1], 7);
    // CS was SPARE with the caller's level as RPL.
    assert_eq!(guest.stack(1), u32::from(SPARE | 3));
}

#[test]
fn inner_stack_without_room_faults_with_its_selector() {
    let mut guest = Guest::protected();
    guest.describe(SPARE, Descriptor::flat_data(0).with_limit(0xFFF));
    guest.set32(TSS1 + bits32::SS0, u32::from(SPARE));
    guest.set32(TSS1 + bits32::ESP0, 0x1004);
    guest.gate(0x80, SystemKind::InterruptGate32, CODE0, handler(0x80), 3);
    // #SS itself goes through a task gate: its handler has a good stack.
    guest.gate(12, SystemKind::TaskGate, TASK2, 0, 0);
    tasks::prepare(&mut guest, TSS2, handler(12));
    guest.assemble(PROGRAM, |a| a.int(0x80));
    guest.level(3);
    assert_eq!(guest.run_to_handler(), 12);
    assert_eq!(guest.stack(0), u32::from(SPARE));
    // The interrupted instruction is the INT.
    assert_eq!(guest.get32(TSS1 + bits32::EIP), PROGRAM);
}

#[test]
fn real_mode_interrupt_uses_the_vector_table() {
    let mut guest = Guest::real();
    guest.write(0x40 * 4, &[0x00, 0x02, 0x00, 0x10]);
    guest.write(0x1_0200, &[0xF4, 0xCF]);
    // int 0x40; hlt
    guest.write(0x8000, &[0xCD, 0x40, 0xF4]);
    guest.core.set_segment(SegmentName::Cs, Segment::real(0x0800, 0x8000));
    guest.core.eip = 0;
    guest.core.regs[4] = 0x7000;
    guest.core.flags.assign(Eflags::INTERRUPT, true);
    assert_eq!(guest.run(), Activity::Halted);
    assert_eq!((guest.selector(SegmentName::Cs), guest.core.eip), (0x1000, 0x201));
    assert_eq!(guest.core.regs[4], 0x6FFA);
    assert_eq!([guest.get16(0x6FFA), guest.get16(0x6FFC), guest.get16(0x6FFE)], [2, 0x800, 0x202]);
    assert!(!guest.flag(Eflags::INTERRUPT));
    guest.resume();
    assert_eq!((guest.selector(SegmentName::Cs), guest.core.eip), (0x800, 3));
    assert!(guest.flag(Eflags::INTERRUPT));
}

#[test]
fn table_registers_have_a_24_bit_base_with_16_bit_operands() {
    let mut guest = Guest::protected();
    guest.set32(0x8000, 0x5678_1234);
    guest.set32(0x8004, 0x9ABC);
    // lidt [0x8000]; sidt [0x8010]; data16 lidt [0x8000]; data16 sidt [0x8020]; hlt
    guest.write(
        PROGRAM,
        &[
            0x0F, 0x01, 0x1D, 0, 0x80, 0, 0, 0x0F, 0x01, 0x0D, 0x10, 0x80, 0, 0, 0x66, 0x0F, 0x01, 0x1D, 0,
            0x80, 0, 0, 0x66, 0x0F, 0x01, 0x0D, 0x20, 0x80, 0, 0, 0xF4,
        ],
    );
    assert_eq!(guest.run(), Activity::Halted);
    assert_eq!([guest.get32(0x8010), guest.get16(0x8014)], [0x5678_1234, 0x9ABC]);
    assert_eq!([guest.get32(0x8020), guest.get16(0x8024)], [0x5678_1234, 0x00BC]);
    assert_eq!(guest.core.idtr, TableRegister { base: 0x00BC_5678, limit: 0x1234 });
}
