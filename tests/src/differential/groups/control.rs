//! Jumps, calls and returns; the case ends at their target.
//!
//! Targets lie in the code region, where INT3s catch the program, or, with 16-bit operands in flat segments, in
//! the lowest 64 KB, which is never mapped. They never lie in the instruction itself.

use super::super::draft::{Draft, ECX};
use native_runner::{CODE_BYTES, CODE16, Mode};

/// Selector of Linux's flat 32-bit user code segment.
const FLAT_CODE: u16 = 0x23;
/// Selector of Linux's flat user data segment.
const FLAT_DATA: u16 = 0x2B;

/// A random EIP for a target in the code region, clear of the instruction.
fn target(draft: &mut Draft<'_>, mode: Mode) -> u32 {
    loop {
        let offset = 0x100 + draft.random.below(0xFE00);
        let apart = offset.abs_diff(u32::from(draft.entry));
        if apart > u32::try_from(CODE_BYTES).expect("an instruction is short") {
            let entry = u16::try_from(offset).expect("the code region has 64 KB");
            return mode.eip(entry);
        }
    }
}

/// Appends a distance of `size` bytes from the end of the instruction, which has `prefixes` bytes before its
/// opcode at most, to a target. Short distances are random.
fn distance(draft: &mut Draft<'_>, size: u8) {
    if size == 1 {
        // At most three prefixes and three more bytes: never back into the instruction.
        let forward = draft.random.byte_below(0x70);
        let back = 0x80 + draft.random.byte_below(0x68);
        let byte = draft.random.pick(&[forward, back]);
        draft.byte(byte);
        return;
    }
    let target = target(draft, draft.mode);
    // The length is not known yet; a few bytes more or less do not matter.
    let value = target.wrapping_sub(draft.eip());
    draft.constant(value, size);
}

/// Jcc near and short, JCXZ, LOOP, LOOPE, LOOPNE.
pub(super) fn conditional_jumps(draft: &mut Draft<'_>) {
    match draft.random.below(3) {
        0 => {
            let opcode = 0x70 + draft.random.byte_below(16);
            draft.byte(opcode);
            distance(draft, 1);
        }
        1 => {
            let opcode = 0x80 + draft.random.byte_below(16);
            draft.bytes(&[0x0F, opcode]);
            let size = draft.operand;
            distance(draft, size);
        }
        _ => {
            draft.address16 = draft.random.once_in(2);
            draft.uses_address_size();
            let count = draft.random.pick(&[0, 1, 2, 0x1_0000, 0x1_0001, 0xFFFF_0000]);
            draft.pin(ECX, count);
            let opcode = 0xE0 + draft.random.byte_below(4);
            draft.byte(opcode);
            distance(draft, 1);
        }
    }
}

/// JMP CALL RET within the segment.
pub(super) fn near_transfers(draft: &mut Draft<'_>) {
    let top = draft.stack();
    let size = draft.operand;
    let address = target(draft, draft.mode);
    match draft.random.below(5) {
        0 => {
            draft.byte(0xEB);
            distance(draft, 1);
        }
        1 => {
            let opcode = draft.random.pick(&[0xE8, 0xE9]);
            draft.byte(opcode);
            distance(draft, size);
        }
        2 => {
            let at = draft.index(top);
            draft.store(at, address, 4);
            if draft.random.once_in(2) {
                draft.byte(0xC3);
            } else {
                draft.byte(0xC2);
                draft.immediate(2);
            }
        }
        _ => {
            let operation = draft.random.pick(&[2, 4]);
            draft.byte(0xFF);
            if draft.random.once_in(2) {
                // Not ESP, which may not change.
                let register = draft.random.pick(&[0, 1, 2, 3, 5, 6, 7]);
                draft.pin(register, address);
                draft.register_operand(operation, register);
            } else {
                let place = draft.memory_operand(operation, 4);
                draft.store(place, address, size);
            }
        }
    }
}

/// A code selector with an address in it, or a selector that cannot be one.
fn far_target(draft: &mut Draft<'_>) -> (u32, u16) {
    match draft.random.below(8) {
        0 => (target(draft, draft.mode), draft.random.pick(&[0, 3, FLAT_DATA, 0x0F, 0xFFF8, 0xFFFF])),
        1..4 => (target(draft, Mode::Code16), CODE16),
        _ => (target(draft, Mode::Flat), FLAT_CODE),
    }
}

/// JMP CALL RET to a segment, IRET, all without a change of privilege.
pub(super) fn far_transfers(draft: &mut Draft<'_>) {
    let top = draft.stack();
    let size = draft.operand;
    let (eip, selector) = far_target(draft);
    let selector = u32::from(selector);
    match draft.random.below(4) {
        0 => {
            let opcode = draft.random.pick(&[0x9A, 0xEA]);
            draft.byte(opcode);
            draft.constant(eip, size);
            draft.constant(selector, 2);
        }
        1 => {
            let operation = draft.random.pick(&[3, 5]);
            draft.byte(0xFF);
            let place = draft.memory_operand(operation, size + 2);
            draft.store(place, eip, size);
            draft.store(place + usize::from(size), selector, 2);
        }
        choice => {
            let at = draft.index(top);
            draft.store(at, eip, size);
            draft.store(at + usize::from(size), selector, size);
            let returns = draft.random.pick(&[0xCB, 0xCA]);
            if choice == 2 {
                draft.byte(returns);
                if returns == 0xCA {
                    let bytes = draft.random.below(16);
                    draft.constant(bytes, 2);
                }
            } else {
                const TRAP_AND_NESTED: u32 = 0x4100;
                let flags = draft.random.bits() & !TRAP_AND_NESTED;
                draft.store(at + 2 * usize::from(size), flags, size);
                draft.byte(0xCF);
            }
        }
    }
}
