//! Task switches.

use super::*;
use i586::tss::bits32;
use iced_x86::code_asm::{dword_ptr, ebx};

/// Fills a 32-bit task-state segment with a flat ring 0 task that starts at `eip`.
pub(super) fn prepare(guest: &mut Guest, base: u32, eip: u32) {
    guest.set32(base + bits32::EIP, eip);
    guest.set32(base + bits32::EFLAGS, 2);
    for register in 0..8 {
        guest.set32(base + bits32::GENERAL + 4 * register, 0x100 + register);
    }
    guest.set32(base + bits32::GENERAL + 16, 0x8000);
    for segment in 0..6 {
        guest.set32(base + bits32::SEGMENTS + 4 * segment, u32::from(DATA0));
    }
    guest.set32(base + bits32::SEGMENTS + 4, u32::from(CODE0));
}

fn is_busy(guest: &mut Guest, selector: u16) -> bool {
    guest.get32(GDT + u32::from(selector) + 4) & 0x200 != 0
}

/// `call` (9A) or `jmp` (EA) to a selector.
fn far(opcode: u8, selector: u16) -> [u8; 7] {
    let [low, high] = selector.to_le_bytes();
    [opcode, 0, 0, 0, 0, low, high]
}

#[test]
fn call_links_the_tasks_and_iret_goes_back() {
    let mut guest = Guest::protected();
    prepare(&mut guest, TSS2, 0x1_4000);
    guest.assemble(PROGRAM, |a| a.mov(ebx, 0x1234));
    guest.write(PROGRAM + 5, &far(0x9A, TASK2));
    guest.write(PROGRAM + 12, &[0xF4]);
    guest.write(0x1_4000, &[0xF4, 0xCF]);
    assert_eq!(guest.run(), Activity::Halted);
    assert_eq!((guest.core.eip, guest.core.tr.selector), (0x1_4001, TASK2));
    assert_eq!(guest.core.regs[..8], [0x100, 0x101, 0x102, 0x103, 0x8000, 0x105, 0x106, 0x107]);
    assert!(guest.flag(Eflags::NESTED_TASK));
    assert!(guest.core.cr0 & Cr0::TASK_SWITCHED.bits() != 0);
    assert_eq!(guest.get16(TSS2), u32::from(TASK1));
    assert_eq!(guest.get32(TSS1 + bits32::EIP), PROGRAM + 12);
    assert_eq!(guest.get32(TSS1 + bits32::GENERAL + 12), 0x1234);
    assert!(is_busy(&mut guest, TASK1) && is_busy(&mut guest, TASK2));

    guest.resume();
    assert_eq!((guest.core.eip, guest.core.tr.selector), (PROGRAM + 13, TASK1));
    assert_eq!(guest.core.regs[3], 0x1234);
    assert!(!guest.flag(Eflags::NESTED_TASK));
    assert!(is_busy(&mut guest, TASK1) && !is_busy(&mut guest, TASK2));
    assert_eq!(guest.get32(TSS2 + bits32::EIP), 0x1_4002);
}

#[test]
fn jump_moves_the_busy_bit_and_leaves_no_link() {
    let mut guest = Guest::protected();
    prepare(&mut guest, TSS2, 0x1_4000);
    guest.write(PROGRAM, &far(0xEA, TASK2));
    guest.write(0x1_4000, &[0xF4]);
    assert_eq!(guest.run(), Activity::Halted);
    assert!(!is_busy(&mut guest, TASK1) && is_busy(&mut guest, TASK2));
    assert!(!guest.flag(Eflags::NESTED_TASK));
    assert_eq!(guest.get16(TSS2), 0);
}

#[test]
fn busy_task_cannot_be_called() {
    let mut guest = Guest::protected();
    guest.write(PROGRAM, &far(0x9A, TASK1));
    assert_eq!(guest.run_to_handler(), 13);
    assert_eq!([guest.stack(0), guest.stack(1)], [u32::from(TASK1), PROGRAM]);
}

#[test]
fn short_task_state_segment_faults_in_the_old_task() {
    let mut guest = Guest::protected();
    guest.describe(TASK2, Descriptor::system(SystemKind::AvailableTss32, TSS2, 0x66, 0));
    guest.write(PROGRAM, &far(0xEA, TASK2));
    assert_eq!(guest.run_to_handler(), 10);
    assert_eq!([guest.stack(0), guest.stack(1)], [u32::from(TASK2), PROGRAM]);
    assert_eq!(guest.core.tr.selector, TASK1);
}

#[test]
fn bad_data_segment_faults_in_the_new_task() {
    let mut guest = Guest::protected();
    prepare(&mut guest, TSS2, 0x1_4000);
    guest.set32(TSS2 + bits32::SEGMENTS + 12, 0x1000);
    guest.write(PROGRAM, &far(0xEA, TASK2));
    assert_eq!(guest.run_to_handler(), 10);
    assert_eq!(guest.core.tr.selector, TASK2);
    assert_eq!(guest.core.regs[4], 0x8000 - 16);
    assert_eq!([guest.stack(0), guest.stack(1)], [0x1000, 0x1_4000]);
}

#[test]
fn task_gate_pushes_the_error_code_on_the_new_stack() {
    let mut guest = Guest::protected();
    prepare(&mut guest, TSS2, handler(13));
    guest.gate(13, SystemKind::TaskGate, TASK2, 0, 0);
    guest.assemble(PROGRAM, |a| {
        a.mov(ebx, 0x1003)?;
        a.mov(iced_x86::code_asm::ds, ebx)
    });
    assert_eq!(guest.run_to_handler(), 13);
    assert_eq!(guest.core.regs[4], 0x8000 - 4);
    assert_eq!(guest.stack(0), 0x1000);
    // The faulting instruction would be restarted with RF set.
    assert_eq!(guest.get32(TSS1 + bits32::EIP), PROGRAM + 5);
    assert_eq!(guest.get32(TSS1 + bits32::EFLAGS), 0x1_0002);
}

#[test]
fn trap_bit_raises_a_debug_exception_before_the_first_instruction() {
    let mut guest = Guest::protected();
    prepare(&mut guest, TSS2, 0x1_4000);
    guest.write(TSS2 + bits32::TRAP, &[1, 0]);
    guest.write(PROGRAM, &far(0xEA, TASK2));
    assert_eq!(guest.run_to_handler(), 1);
    assert_eq!(guest.stack(0), 0x1_4000);
    assert_eq!(guest.core.dr[6], 0xFFFF_8FF0);
}

#[test]
fn sixteen_bit_task_loads_low_halves() {
    let mut guest = Guest::protected();
    let words: [u16; 22] = [
        0, 0, 0, 0, 0, 0, 0, // link and stacks
        0x0100, 0x0002, // IP, flags
        1, 2, 3, 4, 0x8000, 6, 7, 8, // AX CX DX BX SP BP SI DI
        DATA0, SPARE, DATA0, DATA0, 0, // ES CS SS DS LDT
    ];
    for (at, word) in (TSS16..).step_by(2).zip(words) {
        guest.write(at, &word.to_le_bytes());
    }
    guest.describe(SPARE, Descriptor::flat_code(0).with_base(0x1_4000));
    guest.write(0x1_4100, &[0xF4]);
    guest.write(PROGRAM, &far(0xEA, TASK16));
    assert_eq!(guest.run(), Activity::Halted);
    assert_eq!(guest.core.eip, 0x101);
    assert_eq!(guest.core.regs[0] & 0xFFFF, 1);
    assert_eq!(guest.core.regs[7] & 0xFFFF, 8);
    assert_eq!(guest.selector(SegmentName::Fs), 0);
}

#[test]
fn load_task_register_marks_the_task_busy() {
    let mut guest = Guest::protected();
    guest.assemble(PROGRAM, |a| {
        a.mov(ebx, u32::from(TASK2))?;
        a.ltr(ebx)?;
        a.str(dword_ptr(0x8000))?;
        a.hlt()
    });
    guest.run();
    assert!(is_busy(&mut guest, TASK2));
    assert_eq!(guest.get16(0x8000), u32::from(TASK2));
}

#[test]
fn task_that_returns_to_itself_finds_what_it_saved() {
    let mut guest = Guest::protected();
    guest.write(PROGRAM, &[0xCF, 0x90, 0xF4]);
    guest.set32(TSS1, u32::from(guest.core.tr.selector));
    guest.core.set_eflags(Eflags::NESTED_TASK, Eflags::NESTED_TASK);
    guest.run();
    assert_eq!(guest.core.eip, PROGRAM + 3);
    assert!(!guest.flag(Eflags::NESTED_TASK));
}
