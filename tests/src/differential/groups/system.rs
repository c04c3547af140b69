//! Instructions that end in an exception for a program at privilege level 3.

use super::super::draft::Draft;
use super::{arithmetic, bits, control, data, segments, stack, strings};

/// INT3, INT n, INTO, BOUND.
pub(super) fn software_interrupts(draft: &mut Draft<'_>) {
    match draft.random.below(4) {
        0 => draft.byte(0xCC),
        1 => {
            // INT 80h is the system call of the host.
            let vector = draft.random.byte_below(0x7F);
            draft.bytes(&[0xCD, vector]);
        }
        2 => draft.byte(0xCE),
        _ => {
            draft.byte(0x62);
            let (register, size) = (draft.register(), draft.operand);
            draft.keep(register);
            let place = draft.memory_operand(register, 2 * size);
            if draft.random.once_in(2) {
                let value = draft.registers[usize::from(register)];
                let (below, above) = (draft.random.below(3), draft.random.below(3));
                draft.store(place, value.wrapping_sub(below).wrapping_add(1), size);
                draft.store(place + usize::from(size), value.wrapping_add(above).wrapping_sub(1), size);
            }
        }
    }
}

/// Instructions reserved to the system: #GP(0).
pub(super) fn privileged(draft: &mut Draft<'_>) {
    const PLAIN: [&[u8]; 24] = [
        &[0xF4],
        &[0xFA],
        &[0xFB],
        &[0xEC],
        &[0xED],
        &[0xEE],
        &[0xEF],
        &[0xE4, 0x21],
        &[0xE5, 0x21],
        &[0xE6, 0x21],
        &[0xE7, 0x21],
        &[0x0F, 0x06],
        &[0x0F, 0x08],
        &[0x0F, 0x09],
        &[0x0F, 0x20, 0xC0],
        &[0x0F, 0x20, 0xD8],
        &[0x0F, 0x22, 0xC0],
        &[0x0F, 0x22, 0xE0],
        &[0x0F, 0x21, 0xF8],
        &[0x0F, 0x23, 0xC0],
        &[0x0F, 0x30],
        &[0x0F, 0x32],
        &[0x0F, 0x00, 0xD0],
        &[0x0F, 0x00, 0xD8],
    ];
    if draft.random.once_in(4) {
        // LGDT LIDT LMSW INVLPG.
        let operation = draft.random.pick(&[2, 3, 6, 7]);
        draft.bytes(&[0x0F, 0x01]);
        draft.memory_operand(operation, 6);
        return;
    }
    let code = draft.random.pick(&PLAIN);
    draft.bytes(code);
}

/// Encodings that neither a P54C nor a present CPU knows, and LOCK where it is not allowed.
pub(super) fn undefined(draft: &mut Draft<'_>) {
    const CODES: [&[u8]; 8] = [
        &[0x0F, 0x0B],
        &[0x0F, 0xB9, 0xC0],
        &[0x8E, 0xC8],
        &[0x8E, 0xF0],
        &[0x8C, 0xF0],
        &[0xFE, 0xD0],
        &[0xFF, 0xF8],
        &[0x0F, 0xBA, 0xC0],
    ];
    if draft.random.once_in(2) {
        let code = draft.random.pick(&CODES);
        draft.bytes(code);
        return;
    }
    draft.prefix(0xF0);
    let register = draft.register();
    match draft.random.below(4) {
        0 => draft.bytes(&[0x90]),
        1 => draft.bytes(&[0x01, 0xC0 | register]),
        2 => draft.bytes(&[0x50 + register]),
        _ => {
            draft.byte(0x8B);
            draft.memory_operand(register, 4);
        }
    }
}

/// Prefixes in excess: repeated, contradictory, without a meaning, too many.
pub(super) fn prefixes(draft: &mut Draft<'_>) {
    const HARMLESS: [u8; 6] = [0x26, 0x3E, 0x36, 0xF2, 0xF3, 0x66];
    let size = draft.operand;
    let register = draft.register();
    let code: &[u8] = draft.random.pick(&[
        [0x01, 0xC8].as_slice(),
        &[0x40],
        &[0xF7, 0xD8],
        &[0xD1, 0xE0],
        &[0x98],
        &[0xF9],
        &[0x0F, 0xBE, 0xC1],
        &[0x0F, 0xA3, 0xC8],
        &[0x87, 0xC1],
        &[0x8D, 0x40, 0x10],
    ]);
    let in_memory = draft.random.once_in(2);
    let many = !in_memory && draft.random.once_in(2);
    // The operand and address sizes may add two more bytes, and a case holds 16.
    let count = if many { 9 + draft.random.below(3) } else { draft.random.below(6) };
    let narrow_code = draft.mode == native_runner::Mode::Code16;
    for _ in 0..count {
        let prefix = draft.random.pick(&HARMLESS);
        let changes_size = prefix == 0x66 && (draft.operand == 2) == narrow_code;
        if !changes_size {
            draft.prefix(prefix);
        }
    }
    if in_memory {
        draft.byte(0x8B);
        draft.memory_operand(register, size);
    } else {
        draft.bytes(code);
    }
}

/// Instructions of other groups with AC set: #AC where an operand is not aligned. Not far returns: with 16-bit
/// operands an AMD host checks them as if they were wider.
pub(super) fn alignment_checks(draft: &mut Draft<'_>) {
    const ALIGNMENT_CHECK: u32 = 0x4_0000;
    const GROUPS: [fn(&mut Draft<'_>); 18] = [
        arithmetic::two_operands,
        arithmetic::multiplication,
        bits::shifts_and_rotates,
        bits::bit_tests,
        data::moves,
        data::extensions,
        data::read_modify_write,
        stack::pushes_and_pops,
        strings::single,
        strings::repeated,
        control::near_transfers,
        bits::double_shifts,
        bits::bit_scans,
        data::exchanges,
        stack::all_registers_and_flags,
        stack::frames,
        segments::segment_registers,
        segments::descriptor_queries,
    ];
    draft.flags |= ALIGNMENT_CHECK;
    let group = draft.random.pick(&GROUPS);
    group(draft);
}
