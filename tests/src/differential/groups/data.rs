//! Data transfer: MOV and its relatives, exchanges, LEA, XLAT, SETcc.

use super::super::draft::{Draft, EAX, EBX, EDX};

/// MOV between general registers, memory and immediates.
pub(super) fn moves(draft: &mut Draft<'_>) {
    let register = draft.register();
    match draft.random.below(5) {
        0 | 1 => {
            let direction = draft.random.pick(&[0x88, 0x8A]);
            let size = draft.sized_opcode(direction);
            draft.operand(register, size);
        }
        2 => {
            let direction = draft.random.pick(&[0xA0, 0xA2]);
            let size = draft.sized_opcode(direction);
            draft.uses_address_size();
            let place = draft.place(size);
            let width = if draft.address16 { 2 } else { 4 };
            draft.constant(place, width);
        }
        3 => {
            let opcode = 0xB0 + draft.random.byte_below(16);
            draft.byte(opcode);
            let size = if opcode < 0xB8 { 1 } else { draft.operand };
            draft.immediate(size);
        }
        _ => {
            let size = draft.sized_opcode(0xC6);
            draft.operand(0, size);
            draft.immediate(size);
        }
    }
}

/// MOVZX and MOVSX.
pub(super) fn extensions(draft: &mut Draft<'_>) {
    let opcode = draft.random.pick(&[0xB6, 0xB7, 0xBE, 0xBF]);
    draft.bytes(&[0x0F, opcode]);
    let register = draft.register();
    draft.operand(register, 1 + opcode % 2);
}

/// LEA of every addressing form.
pub(super) fn effective_addresses(draft: &mut Draft<'_>) {
    // Nothing is accessed, so flat segments may use 16-bit forms here.
    draft.address16 = draft.random.once_in(2);
    draft.byte(0x8D);
    let register = draft.register();
    draft.any_address(register);
}

/// XCHG.
pub(super) fn exchanges(draft: &mut Draft<'_>) {
    if draft.random.once_in(4) {
        let opcode = 0x90 + draft.register();
        draft.byte(opcode);
        return;
    }
    let size = draft.sized_opcode(0x86);
    let register = draft.register();
    let place = draft.operand(register, size);
    draft.lock(place.is_some());
}

/// XADD CMPXCHG CMPXCHG8B, half of the comparisons true.
pub(super) fn read_modify_write(draft: &mut Draft<'_>) {
    let register = draft.register();
    match draft.random.below(3) {
        0 => {
            draft.byte(0x0F);
            let size = draft.sized_opcode(0xC0);
            let place = draft.operand(register, size);
            draft.lock(place.is_some());
        }
        1 => {
            draft.byte(0x0F);
            draft.keep(EAX);
            let size = draft.sized_opcode(0xB0);
            let place = draft.operand(register, size);
            if let Some(place) = place
                && draft.random.once_in(2)
            {
                draft.store(place, draft.registers[usize::from(EAX)], size);
            }
            draft.lock(place.is_some());
        }
        _ => {
            draft.bytes(&[0x0F, 0xC7]);
            draft.keep(EAX);
            draft.keep(EDX);
            let place = draft.memory_operand(1, 8);
            if draft.random.once_in(2) {
                draft.store(place, draft.registers[usize::from(EAX)], 4);
                draft.store(place + 4, draft.registers[usize::from(EDX)], 4);
            }
            draft.lock(true);
        }
    }
}

/// SETcc of every condition; the reg field is ignored.
pub(super) fn conditional_bytes(draft: &mut Draft<'_>) {
    let opcode = 0x90 + draft.random.byte_below(16);
    draft.bytes(&[0x0F, opcode]);
    let ignored = draft.register();
    draft.operand(ignored, 1);
}

/// XLAT.
pub(super) fn table_look_up(draft: &mut Draft<'_>) {
    draft.byte(0xD7);
    draft.uses_address_size();
    let start = draft.mode.scratch() + draft.random.below(0x100);
    let upper = if draft.address16 { draft.random.word() << 16 } else { 0 };
    draft.pin(EBX, upper | start);
}
