//! Error codes, restart, double faults and shutdown.

use super::*;
use i586::exception::Exception;
use iced_x86::code_asm::{ax, ds, dword_ptr, eax, ecx, esp, ss};

#[test]
fn selector_beyond_the_table_is_named_by_the_error_code() {
    let mut guest = Guest::protected();
    guest.assemble(PROGRAM, |a| {
        a.mov(eax, 0x1003)?;
        a.mov(ds, eax)
    });
    assert_eq!(guest.run_to_handler(), 13);
    assert_eq!([guest.stack(0), guest.stack(1)], [0x1000, PROGRAM + 5]);
    // RF is set in the pushed flags of a fault.
    assert_eq!(guest.stack(3), 0x1_0002);
}

#[test]
fn absent_data_and_stack_segments_raise_different_exceptions() {
    let absent = Descriptor::from_words(0x0000_FFFF, 0x00CF_1200);
    for (name, vector) in [(ds, 11), (ss, 12)] {
        let mut guest = Guest::protected();
        guest.describe(SPARE, absent);
        guest.assemble(PROGRAM, |a| {
            a.mov(eax, u32::from(SPARE))?;
            a.mov(name, eax)
        });
        assert_eq!(guest.run_to_handler(), vector);
        assert_eq!(guest.stack(0), u32::from(SPARE));
    }
}

#[test]
fn null_data_segment_loads_and_faults_at_first_use() {
    let mut guest = Guest::protected();
    guest.assemble(PROGRAM, |a| {
        a.xor(eax, eax)?;
        a.mov(ds, eax)?;
        a.mov(eax, dword_ptr(0x100))
    });
    assert_eq!(guest.run_to_handler(), 13);
    assert_eq!([guest.stack(0), guest.stack(1)], [0, PROGRAM + 4]);
}

#[test]
fn loading_a_segment_sets_its_accessed_bit() {
    let mut guest = Guest::protected();
    guest.describe(SPARE, Descriptor::flat_data(0));
    guest.assemble(PROGRAM, |a| {
        a.mov(eax, u32::from(SPARE))?;
        a.mov(ds, eax)?;
        a.hlt()
    });
    guest.run();
    assert_eq!(guest.get32(GDT + u32::from(SPARE) + 4), 0x00CF_9300);
    assert_eq!(guest.core.segment(SegmentName::Ds).access, 0x93);
}

#[test]
fn contributory_fault_in_delivery_is_a_double_fault_with_code_zero() {
    let mut guest = Guest::protected();
    // The gate of #GP names a data segment.
    guest.gate(13, SystemKind::InterruptGate32, DATA0, 0, 0);
    guest.assemble(PROGRAM, |a| {
        a.mov(eax, 0x1000)?;
        a.mov(ds, eax)
    });
    assert_eq!(guest.run_to_handler(), 8);
    assert_eq!([guest.stack(0), guest.stack(1)], [0, PROGRAM + 5]);
}

#[test]
fn fault_after_a_benign_exception_is_delivered_instead() {
    let mut guest = Guest::protected();
    guest.gate(6, SystemKind::InterruptGate32, DATA0, 0, 0);
    guest.write(PROGRAM, &[0x0F, 0x0B]);
    assert_eq!(guest.run_to_handler(), 13);
    // The gate's segment, with EXT: it was the delivery that failed.
    assert_eq!([guest.stack(0), guest.stack(1)], [u32::from(DATA0) | 1, PROGRAM]);
}

#[test]
fn empty_interrupt_table_shuts_the_core_down() {
    let mut guest = Guest::protected();
    guest.core.idtr.limit = 0;
    guest.write(PROGRAM, &[0xCC]);
    assert_eq!(guest.run(), Activity::Shutdown);
}

#[test]
fn page_fault_reports_address_and_cause_and_the_instruction_restarts() {
    let mut guest = Guest::protected();
    identity_map(&mut guest);
    let entry = 0x4_1000 + 0x50 * 4;
    guest.set32(entry, 0);
    guest.assemble(PROGRAM, |a| {
        a.mov(dword_ptr(0x5_0010), 0x77)?;
        a.mov(ecx, 1)?;
        a.hlt()
    });
    guest.assemble(handler(14), |a| {
        a.hlt()?;
        a.add(esp, 4)?;
        a.iretd()
    });
    assert_eq!(guest.run_to_handler(), 14);
    assert_eq!(guest.core.cr2, 0x5_0010);
    assert_eq!([guest.stack(0), guest.stack(1)], [2, PROGRAM]);
    guest.set32(entry, 0x5_0003);
    guest.resume();
    assert_eq!(guest.core.regs[1], 1);
    assert_eq!(guest.get32(0x5_0010), 0x77);
}

#[test]
fn read_only_inner_stack_page_makes_a_page_fault_of_an_interrupt() {
    let mut guest = Guest::protected();
    identity_map(&mut guest);
    guest.core.cr0 |= Cr0::WRITE_PROTECT.bits();
    guest.core.flush_translations();
    let page = (ENTRY_STACK - 4) >> 12;
    guest.set32(0x4_1000 + page * 4, page << 12 | 5);
    guest.gate(14, SystemKind::TaskGate, TASK2, 0, 0);
    tasks::prepare(&mut guest, TSS2, handler(14));
    guest.set32(TSS2 + i586::tss::bits32::CR3, 0x4_0000);
    guest.gate(0x80, SystemKind::InterruptGate32, CODE0, handler(0x80), 3);
    guest.assemble(PROGRAM, |a| a.int(0x80));
    guest.level(3);
    assert_eq!(guest.run_to_handler(), 14);
    assert_eq!(guest.core.cr2, ENTRY_STACK - 4);
    // A supervisor write to a present page.
    assert_eq!(guest.stack(0), 3);
    assert_eq!(guest.get32(TSS1 + i586::tss::bits32::EIP), PROGRAM);
}

#[test]
fn misaligned_access_faults_only_at_level_3_with_both_switches() {
    for (level, flag, expected) in [(3, true, 17), (3, false, 13), (0, true, 0)] {
        let mut guest = Guest::protected();
        guest.core.cr0 |= Cr0::ALIGNMENT_MASK.bits();
        guest.assemble(PROGRAM, |a| {
            a.mov(eax, dword_ptr(0x8001))?;
            a.hlt()
        });
        guest.level(level);
        guest.core.set_eflags(
            if flag { Eflags::ALIGNMENT_CHECK } else { Eflags::empty() },
            Eflags::ALIGNMENT_CHECK,
        );
        guest.run();
        let stop = if expected == 0 { PROGRAM + 6 } else { handler(expected) + 1 };
        assert_eq!(guest.core.eip, stop, "level {level}, AC {flag}");
    }
}

#[test]
fn images_and_table_registers_are_aligned_word_by_word() {
    // FNSTENV and SGDT to a displacement of 32 bits; whether the store to 0x8000 + n is aligned.
    let cases: [([u8; 3], usize, [bool; 4]); 3] = [
        ([0xD9, 0x35, 0], 2, [true, false, false, false]),
        ([0x66, 0xD9, 0x35], 3, [true, false, true, false]),
        ([0x0F, 0x01, 0x05], 3, [false, false, true, false]),
    ];
    for (opcode, length, aligned) in cases {
        for (offset, aligned) in (0..4u32).zip(aligned) {
            let mut guest = Guest::protected();
            guest.core.cr0 |= Cr0::ALIGNMENT_MASK.bits();
            guest.write(PROGRAM, &opcode[..length]);
            guest.write(PROGRAM + 3 - u32::from(length == 2), &(0x8000 + offset).to_le_bytes());
            guest.level(3);
            guest.core.set_eflags(Eflags::ALIGNMENT_CHECK, Eflags::ALIGNMENT_CHECK);
            let expected = if aligned { 13 } else { 17 };
            // HLT behind the store.
            guest.write(PROGRAM + 7 - u32::from(length == 2), &[0xF4]);
            assert_eq!(guest.run_to_handler(), expected, "{opcode:02x?} at +{offset}");
        }
    }
}

#[test]
fn reserved_control_bits_and_privilege_are_enforced() {
    for (value, register, vector) in
        [(0x8000_0000u32, 0xC0, 13), (0x2000_0001, 0xC0, 13), (0x20, 0xE0, 13), (0x1000, 0xE0, 13)]
    {
        let mut guest = Guest::protected();
        guest.assemble(PROGRAM, |a| a.mov(eax, value));
        // mov cr0, eax or mov cr4, eax
        guest.write(PROGRAM + 5, &[0x0F, 0x22, register]);
        assert_eq!(guest.run_to_handler(), vector, "{value:#x}");
        assert_eq!(guest.stack(0), 0);
    }
    for bytes in [&[0x0F, 0x22, 0xC0][..], &[0x0F, 0x06], &[0xF4], &[0x0F, 0x32], &[0x0F, 0x09], &[0xFA]] {
        let mut guest = Guest::protected();
        guest.write(PROGRAM, bytes);
        guest.level(3);
        assert_eq!(guest.run_to_handler(), Exception::GeneralProtection.vector(), "{bytes:02x?}");
    }
}

#[test]
fn ports_are_open_by_level_or_by_map() {
    for (bit, vector) in [(0xFF, 13), (0xFE, 0)] {
        let mut guest = Guest::protected();
        guest.core.tr.limit = 0x68 + 0x100;
        for at in (0x68..0x168).step_by(4) {
            guest.set32(TSS1 + at, u32::MAX);
        }
        guest.write(TSS1 + 0x68 + 0x3F8 / 8, &[bit]);
        guest.assemble(PROGRAM, |a| {
            a.mov(iced_x86::code_asm::dx, 0x3F8)?;
            a.mov(ax, 0x41)?;
            a.out(iced_x86::code_asm::dx, iced_x86::code_asm::al)?;
            a.int(0x30)
        });
        guest.level(3);
        assert_eq!(guest.run_to_handler(), 13);
        let refused = guest.stack(1) != PROGRAM + 9;
        assert_eq!(refused, vector == 13);
    }
}

/// Maps the first 4 MB one to one for everyone, directory at 0x40000.
pub(super) fn identity_map(guest: &mut Guest) {
    guest.set32(0x4_0000, 0x4_1007);
    for page in 0..1024 {
        guest.set32(0x4_1000 + page * 4, page << 12 | 7);
    }
    guest.core.cr3 = 0x4_0000;
    guest.core.cr0 |= Cr0::PAGING.bits();
    guest.core.flush_translations();
}
