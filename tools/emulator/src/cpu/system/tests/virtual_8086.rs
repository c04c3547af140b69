//! V86 mode, with and without VME.

use super::*;
use i586::control::Cr4;

/// Enters V86 mode at 1000:0000 with SS:SP 2000:0100 by IRETD from ring 0, with these EFLAGS besides VM.
fn enter(guest: &mut Guest, flags: u32, program: &[u8]) {
    guest.write(0x1_0000, program);
    let frame = [0, 0x1000, 0x2_0000 | flags, 0x100, 0x2000, 0x2100, 0x2200, 0x2300, 0x2400];
    guest.core.regs[4] = STACK0 - 36;
    for (at, value) in (STACK0 - 36..).step_by(4).zip(frame) {
        guest.set32(at, value);
    }
    guest.write(0x1_8000, &[0xCF]);
    guest.core.eip = 0x1_8000;
}

#[test]
fn iret_enters_with_paragraph_segments() {
    let mut guest = Guest::protected();
    // HLT is privileged: it takes the guest back to the monitor.
    enter(&mut guest, 0x3202, &[0xF4]);
    assert_eq!(guest.run_to_handler(), 13);
    assert_eq!(guest.core.regs[4], ENTRY_STACK - 40);
    let frame = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map(|index| guest.stack(index));
    assert_eq!(frame, [0, 0, 0x1000, 0x3_3202, 0x100, 0x2000, 0x2100, 0x2200, 0x2300, 0x2400]);
    assert_eq!((guest.core.cpl, guest.selector(SegmentName::Ds)), (0, 0));
    assert!(!guest.flag(Eflags::VIRTUAL_8086));
}

#[test]
fn sensitive_instructions_need_io_privilege() {
    for program in [&[0xFA][..], &[0xFB], &[0x9C], &[0x9D], &[0xCF], &[0xCD, 0x40]] {
        let mut guest = Guest::protected();
        enter(&mut guest, 0x0202, program);
        assert_eq!(guest.run_to_handler(), 13, "{program:02x?}");
        assert_eq!([guest.stack(0), guest.stack(1)], [0, 0], "{program:02x?}");
    }
}

#[test]
fn with_io_privilege_interrupts_go_to_the_monitor() {
    let mut guest = Guest::protected();
    guest.gate(0x40, SystemKind::InterruptGate32, CODE0, handler(0x40), 3);
    enter(&mut guest, 0x3202, &[0xFA, 0xCD, 0x40]);
    assert_eq!(guest.run_to_handler(), 0x40);
    // CLI took effect in the guest.
    assert_eq!([guest.stack(0), guest.stack(2)], [3, 0x2_3002]);
}

#[test]
fn handler_outside_ring_0_is_refused_with_its_selector() {
    let mut guest = Guest::protected();
    guest.gate(0x40, SystemKind::InterruptGate32, CODE3, handler(0x40), 3);
    enter(&mut guest, 0x3202, &[0xCD, 0x40]);
    assert_eq!(guest.run_to_handler(), 13);
    assert_eq!(guest.stack(0), u32::from(CODE3 & !3));
}

/// Extends task 1 with a redirection map of zeroes and an empty I/O map.
fn redirect_everything(guest: &mut Guest) {
    guest.core.cr4 = Cr4::VIRTUAL_8086_EXTENSIONS.bits();
    guest.set32(TSS1 + bits32::IO_MAP_BASE, 0x88);
    guest.core.tr.limit = 0x88;
    for at in (0x68..0x88).step_by(4) {
        guest.set32(TSS1 + at, 0);
    }
}

#[test]
fn redirected_interrupt_uses_the_programs_own_table() {
    let mut guest = Guest::protected();
    redirect_everything(&mut guest);
    guest.write(0x40 * 4, &[0x10, 0x00, 0x00, 0x10]);
    // sti; int 0x40 ... handler at 1000:0010: hlt
    let mut program = [0x90; 17];
    program[..3].copy_from_slice(&[0xFB, 0xCD, 0x40]);
    program[16] = 0xF4;
    enter(&mut guest, 0x0202, &program);
    assert_eq!(guest.run_to_handler(), 13);
    // The monitor sees the HLT at 0x10 and VIF clear again.
    assert_eq!([guest.stack(1), guest.stack(3) & 0x8_0000], [0x10, 0]);
    // The program's stack: IP, CS, flags with IF from VIF and IOPL 3.
    let flags = guest.get16(0x2_0000 + 0xFE);
    assert_eq!([guest.get16(0x2_00FA), guest.get16(0x2_00FC), flags], [3, 0x1000, 0x3202]);
}

#[test]
fn pending_virtual_interrupt_makes_sti_fault() {
    let mut guest = Guest::protected();
    redirect_everything(&mut guest);
    // VIP set by the monitor.
    enter(&mut guest, 0x10_0202, &[0xFA, 0xFB]);
    assert_eq!(guest.run_to_handler(), 13);
    assert_eq!([guest.stack(0), guest.stack(1)], [0, 1]);
}

#[test]
fn protected_programs_get_a_virtual_flag_with_pvi() {
    let mut guest = Guest::protected();
    guest.core.cr4 = Cr4::PROTECTED_VIRTUAL_INTERRUPTS.bits();
    guest.write(PROGRAM, &[0xFB, 0xF4]);
    guest.level(3);
    assert_eq!(guest.run_to_handler(), 13);
    assert_eq!([guest.stack(1), guest.stack(3)], [PROGRAM + 1, 0x9_0002]);
}
