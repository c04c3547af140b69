//! The stack: PUSH POP PUSHA POPA PUSHF POPF ENTER LEAVE.

use super::super::draft::{Draft, EBP, ESP};

/// PUSH and POP of registers, memory and immediates.
pub(super) fn pushes_and_pops(draft: &mut Draft<'_>) {
    draft.stack();
    let (register, size) = (draft.register(), draft.operand);
    match draft.random.below(6) {
        0 => draft.byte(0x50 + register),
        1 => draft.byte(0x58 + register),
        2 => {
            draft.byte(0x68);
            draft.immediate(size);
        }
        3 => {
            draft.byte(0x6A);
            draft.immediate(1);
        }
        4 => {
            draft.byte(0xFF);
            draft.operand(6, size);
        }
        _ => {
            draft.byte(0x8F);
            draft.operand(0, size);
        }
    }
}

/// PUSHA POPA PUSHF POPF; POPF changes whatever a program may change, except TF.
pub(super) fn all_registers_and_flags(draft: &mut Draft<'_>) {
    const TRAP: u32 = 0x100;
    let top = draft.stack();
    let opcode = draft.random.pick(&[0x60, 0x61, 0x9C, 0x9D]);
    draft.byte(opcode);
    if opcode == 0x9D {
        let flags = draft.random.bits() & !TRAP;
        let (at, size) = (draft.index(top), draft.operand);
        draft.store(at, flags, size);
    }
}

/// ENTER with up to four levels, LEAVE.
pub(super) fn frames(draft: &mut Draft<'_>) {
    draft.stack();
    let frame = draft.mode.scratch() + 128 + draft.random.below(256);
    let upper = if draft.has_stack16() { draft.random.word() << 16 } else { 0 };
    draft.pin(EBP, upper | frame);
    if draft.random.once_in(3) {
        draft.byte(0xC9);
        return;
    }
    let bytes = draft.random.below(64);
    let level = draft.random.byte_below(5) | draft.random.pick(&[0, 0, 0x20, 0xE0]);
    draft.byte(0xC8);
    draft.constant(bytes, 2);
    draft.byte(level);
    draft.keep(ESP);
}
