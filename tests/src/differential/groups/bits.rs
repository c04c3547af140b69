//! Shifts, rotates, bit tests and bit scans.

use super::super::draft::{Draft, ECX};

/// A shift count: mostly up to a little more than an operand's width.
fn count(draft: &mut Draft<'_>) -> u8 {
    match draft.random.below(4) {
        0 => 1,
        1 => draft.random.byte(),
        _ => draft.random.byte_below(40),
    }
}

fn pin_cl(draft: &mut Draft<'_>, count: u8) {
    let ecx = draft.registers[usize::from(ECX)] & 0xFFFF_FF00 | u32::from(count);
    draft.pin(ECX, ecx);
}

/// ROL ROR RCL RCR SHL SHR SAR and the second SHL, by 1, by an immediate and by CL.
pub(super) fn shifts_and_rotates(draft: &mut Draft<'_>) {
    let operation = draft.register();
    let count = count(draft);
    match draft.random.below(3) {
        0 => {
            let size = draft.sized_opcode(0xD0);
            draft.operand(operation, size);
        }
        1 => {
            pin_cl(draft, count);
            let size = draft.sized_opcode(0xD2);
            draft.operand(operation, size);
        }
        _ => {
            let size = draft.sized_opcode(0xC0);
            draft.operand(operation, size);
            draft.byte(count);
        }
    }
}

/// SHLD and SHRD. Counts above 16 of 16-bit operands leave the result undefined and do not occur.
pub(super) fn double_shifts(draft: &mut Draft<'_>) {
    let mut count = count(draft);
    if draft.operand == 2 && count % 32 > 16 {
        count &= 0xEF;
    }
    let opcode = draft.random.pick(&[0xA4, 0xA5, 0xAC, 0xAD]);
    draft.bytes(&[0x0F, opcode]);
    let by_cl = opcode & 1 != 0;
    if by_cl {
        pin_cl(draft, count);
    }
    let (register, size) = (draft.register(), draft.operand);
    draft.operand(register, size);
    if !by_cl {
        draft.byte(count);
    }
}

/// BT BTS BTR BTC; bit numbers in registers reach signed distances from the operand.
pub(super) fn bit_tests(draft: &mut Draft<'_>) {
    let size = draft.operand;
    if draft.random.once_in(3) {
        let operation = 4 + draft.random.byte_below(4);
        draft.bytes(&[0x0F, 0xBA]);
        let place = draft.operand(operation, size);
        draft.immediate(1);
        draft.lock(place.is_some() && operation != 4);
        return;
    }
    let opcode = draft.random.pick(&[0xA3, 0xAB, 0xB3, 0xBB]);
    draft.bytes(&[0x0F, opcode]);
    let register = draft.register();
    if draft.random.once_in(2) {
        let rm = draft.register();
        draft.register_operand(register, rm);
        draft.lock(false);
        return;
    }
    // The operand itself may be anywhere, the bit must not: 16-bit numbers reach 4 KB either way.
    let distance = draft.random.below(0x300).wrapping_sub(0x180);
    let number = match draft.random.below(2) {
        0 => distance,
        _ => draft.random.below(64),
    };
    let upper = if size == 2 { draft.random.word() << 16 } else { number & 0xFFFF_0000 };
    draft.pin(register, upper | number & 0xFFFF);
    let target = draft.mode.scratch() + 128 + draft.random.below(256);
    draft.memory_operand_at(register, target);
    draft.lock(opcode != 0xA3);
}

/// BSF and BSR, half of them of few or no bits.
pub(super) fn bit_scans(draft: &mut Draft<'_>) {
    let opcode = draft.random.pick(&[0xBC, 0xBD]);
    draft.bytes(&[0x0F, opcode]);
    let (register, size) = (draft.register(), draft.operand);
    let sparse = match draft.random.below(4) {
        0 => Some(0),
        1 => Some(1 << draft.random.below(32)),
        _ => None,
    };
    if let Some(place) = draft.operand(register, size)
        && let Some(value) = sparse
    {
        draft.store(place, value, size);
    }
}

/// BSWAP of 32-bit registers; of 16-bit ones it is undefined.
pub(super) fn byte_swap(draft: &mut Draft<'_>) {
    draft.operand = 4;
    let opcode = 0xC8 + draft.register();
    draft.bytes(&[0x0F, opcode]);
}
