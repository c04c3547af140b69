//! Arithmetic and logic on registers and memory, multiplication, division, decimal adjustment.

use super::super::draft::{Draft, EAX, EDX};

/// ADD OR ADC SBB AND SUB XOR CMP in all encodings, 82h included.
pub(super) fn two_operands(draft: &mut Draft<'_>) {
    const CMP: u8 = 7;
    let operation = draft.register();
    match draft.random.below(5) {
        0 => {
            let size = draft.sized_opcode(operation << 3 | 4);
            draft.immediate(size);
        }
        1 => {
            let size = draft.sized_opcode(0x80);
            let place = draft.operand(operation, size);
            draft.immediate(size);
            draft.lock(place.is_some() && operation != CMP);
        }
        2 => {
            let opcode = draft.random.pick(&[0x82, 0x83]);
            draft.byte(opcode);
            let size = if opcode == 0x82 { 1 } else { draft.operand };
            let place = draft.operand(operation, size);
            draft.immediate(1);
            draft.lock(place.is_some() && operation != CMP);
        }
        _ => {
            let to_register = draft.random.pick(&[0, 2]);
            let size = draft.sized_opcode(operation << 3 | to_register);
            let register = draft.register();
            let place = draft.operand(register, size);
            draft.lock(place.is_some() && to_register == 0 && operation != CMP);
        }
    }
}

/// TEST in all encodings, F6h /1 included; NOT, NEG, INC, DEC.
pub(super) fn test_and_one_operand(draft: &mut Draft<'_>) {
    match draft.random.below(6) {
        0 => {
            let size = draft.sized_opcode(0xA8);
            draft.immediate(size);
        }
        1 => {
            let size = draft.sized_opcode(0x84);
            let register = draft.register();
            draft.operand(register, size);
        }
        2 => {
            let alias = draft.random.byte_below(2);
            let size = draft.sized_opcode(0xF6);
            draft.operand(alias, size);
            draft.immediate(size);
        }
        3 => {
            let operation = 2 + draft.random.byte_below(2);
            let size = draft.sized_opcode(0xF6);
            let place = draft.operand(operation, size);
            draft.lock(place.is_some());
        }
        4 => {
            let opcode = 0x40 + draft.random.byte_below(16);
            draft.byte(opcode);
        }
        _ => {
            let operation = draft.random.byte_below(2);
            let size = draft.sized_opcode(0xFE);
            let place = draft.operand(operation, size);
            draft.lock(place.is_some());
        }
    }
}

/// MUL and IMUL with one, two and three operands.
pub(super) fn multiplication(draft: &mut Draft<'_>) {
    let register = draft.register();
    match draft.random.below(4) {
        0 | 1 => {
            draft.keep(EAX);
            let operation = 4 + draft.random.byte_below(2);
            let size = draft.sized_opcode(0xF6);
            draft.operand(operation, size);
        }
        2 => {
            draft.bytes(&[0x0F, 0xAF]);
            let size = draft.operand;
            draft.operand(register, size);
        }
        _ => {
            let opcode = draft.random.pick(&[0x69, 0x6B]);
            draft.byte(opcode);
            let size = draft.operand;
            draft.operand(register, size);
            draft.immediate(if opcode == 0x69 { size } else { 1 });
        }
    }
}

/// DIV and IDIV, with quotients that fit, just fit and do not, and with zero divisors.
pub(super) fn division(draft: &mut Draft<'_>) {
    let operation = 6 + draft.random.byte_below(2);
    let size = draft.sized_opcode(0xF6);
    let upper = match draft.random.below(6) {
        0 => 0,
        1 => u32::MAX,
        2 => draft.random.below(0x100),
        3 => draft.random.below(0x1_0000),
        _ => draft.random.word(),
    };
    if size == 1 {
        let low = draft.random.word() & 0xFF;
        draft.pin(EAX, draft.registers[usize::from(EAX)] & 0xFFFF_0000 | (upper << 8 | low) & 0xFFFF);
    } else {
        draft.keep(EAX);
        draft.pin(EDX, upper);
    }
    draft.operand(operation, size);
}

/// DAA DAS AAA AAS AAM AAD.
pub(super) fn decimal_adjustment(draft: &mut Draft<'_>) {
    let opcode = draft.random.pick(&[0x27, 0x2F, 0x37, 0x3F, 0xD4, 0xD5]);
    draft.byte(opcode);
    if opcode >= 0xD4 {
        let base = match draft.random.below(4) {
            0 | 1 => 10,
            2 => draft.random.byte_below(20),
            _ => draft.random.byte(),
        };
        draft.byte(base);
    }
}

/// CLC STC CMC CLD STD LAHF SAHF SALC NOP CBW CWD and their 32-bit forms.
pub(super) fn flags_and_conversions(draft: &mut Draft<'_>) {
    let opcode = draft.random.pick(&[0xF8, 0xF9, 0xF5, 0xFC, 0xFD, 0x9F, 0x9E, 0xD6, 0x90, 0x98, 0x99]);
    draft.byte(opcode);
}
