//! Instructions in a row: flags pass from one to the next, and blocks of decoded instructions run as a whole.
//!
//! EBX, EBP and ESI point into the scratch memory and never change; EAX, ECX, EDX and EDI are the operands. An
//! instruction that reads a flag which an earlier one left undefined is drawn again.

use super::super::draft::{Draft, EBP, EBX, ESI};
use super::super::{decode, undefined};
use native_runner::{CODE_BYTES, Mode};

/// Registers that sequences compute with, as 16- and 32-bit and as byte registers.
const WORDS: [u8; 4] = [0, 1, 2, 7];
const BYTES: [u8; 6] = [0, 1, 2, 4, 5, 6];
const POINTERS: [u8; 3] = [EBX, EBP, ESI];
/// Longest instruction that [`instruction`] makes.
const LONGEST: usize = 12;

/// Up to a dozen instructions in flat or windowed segments.
pub(super) fn sequence(draft: &mut Draft<'_>) {
    if draft.mode == Mode::Code16 {
        draft.mode = Mode::Window;
    }
    draft.operand = 4;
    draft.address16 = false;
    draft.uses_address_size();
    for pointer in POINTERS {
        let offset = draft.mode.scratch() + 200 + draft.random.below(100);
        draft.pin(pointer, offset);
    }
    let mut count = 4 + draft.random.below(10);
    while count > 0 && draft.length() + LONGEST <= CODE_BYTES {
        let before = draft.length();
        instruction(draft);
        if undefined::is_read(&draft.preview()) {
            draft.truncate(before);
        } else {
            count -= 1;
        }
    }
    debug_assert!(!decode(&draft.preview()).is_invalid());
}

fn instruction(draft: &mut Draft<'_>) {
    let narrow = draft.random.once_in(3);
    let byte = draft.random.once_in(3);
    let size = match (byte, narrow) {
        (true, _) => 1,
        (_, true) => 2,
        _ => 4,
    };
    let wide = u8::from(!byte);
    let kind = draft.random.below(16);
    // A jump with a 16-bit operand would leave the sequence.
    if size == 2 && kind != 15 {
        draft.byte(0x66);
    }
    match kind {
        0..5 => {
            let operation = draft.random.byte_below(8);
            let direction = draft.random.pick(&[0, 2]);
            draft.byte(operation << 3 | direction | wide);
            let register = register(draft, size);
            place(draft, register, size);
        }
        5 => {
            let operation = draft.random.byte_below(8);
            draft.byte(if byte { 0x80 } else { 0x83 });
            place(draft, operation, size);
            draft.immediate(1);
        }
        6 => {
            let operation = draft.random.byte_below(2);
            draft.byte(0xFE | wide);
            place(draft, operation, size);
        }
        7 => {
            let operation = 2 + draft.random.byte_below(2);
            draft.byte(0xF6 | wide);
            place(draft, operation, size);
        }
        8 | 9 => {
            let operation = draft.random.byte_below(8);
            draft.byte(0xC0 | wide);
            place(draft, operation, size);
            let count = 1 + draft.random.byte_below(31);
            draft.byte(count);
        }
        10 => {
            let operation = draft.random.byte_below(8);
            draft.byte(0xD0 | wide);
            place(draft, operation, size);
        }
        11 => {
            let condition = draft.random.byte_below(16);
            draft.bytes(&[0x0F, 0x90 | condition]);
            place(draft, 0, 1);
        }
        12 => {
            let opcode = draft.random.pick(&[0xB6, 0xB7, 0xBE, 0xBF]);
            draft.bytes(&[0x0F, opcode]);
            let register = draft.random.pick(&WORDS);
            place(draft, register, 1 + opcode % 2);
        }
        13 => {
            let opcode = draft.random.pick(&[0xAF, 0xA3, 0xAB, 0xBC]);
            draft.bytes(&[0x0F, opcode]);
            let (register, rm) = (draft.random.pick(&WORDS), draft.random.pick(&WORDS));
            draft.register_operand(register, rm);
        }
        14 => {
            let opcode = draft.random.pick(&[0xF5, 0xF8, 0xF9, 0x98, 0x99, 0x9E, 0x9F, 0x27, 0x37, 0xD6]);
            draft.byte(opcode);
        }
        _ => {
            // To the next instruction either way.
            let condition = draft.random.byte_below(16);
            draft.bytes(&[0x70 | condition, 0]);
        }
    }
}

fn register(draft: &mut Draft<'_>, size: u8) -> u8 {
    if size == 1 { draft.random.pick(&BYTES) } else { draft.random.pick(&WORDS) }
}

/// A register or memory operand.
fn place(draft: &mut Draft<'_>, reg: u8, size: u8) {
    if draft.random.once_in(2) {
        let rm = register(draft, size);
        draft.register_operand(reg, rm);
        return;
    }
    let base = draft.random.pick(&POINTERS);
    let displacement = draft.random.byte();
    draft.bytes(&[0x40 | reg << 3 | base, displacement]);
}
