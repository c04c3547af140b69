//! Segment registers, queries of descriptors, accesses beyond limits.

use super::super::draft::{Draft, EBX};
use native_runner::{CODE16, Mode, WINDOW, WINDOW_STACK16};

/// Selectors that both sides know: null ones, the flat ones of Linux, those of the local table, none.
const SELECTORS: [u16; 12] =
    [0, 1, 3, 0x23, 0x2B, 0x28, CODE16, WINDOW, WINDOW, WINDOW_STACK16, 0xFFFC, 0x0C];

fn selector(draft: &mut Draft<'_>) -> u32 {
    let upper = draft.random.word() << 16;
    upper | u32::from(draft.random.pick(&SELECTORS))
}

/// ES SS DS FS GS; CS can be read but not loaded.
fn segment(draft: &mut Draft<'_>) -> u8 {
    draft.random.pick(&[0, 2, 3, 4, 5])
}

/// MOV, PUSH and POP of segment registers, LES LDS LSS LFS LGS.
pub(super) fn segment_registers(draft: &mut Draft<'_>) {
    let top = draft.stack();
    let register = draft.register();
    let value = selector(draft);
    match draft.random.below(5) {
        0 => {
            draft.byte(0x8C);
            let source = draft.random.byte_below(6);
            draft.operand(source, 2);
        }
        1 => {
            let target = segment(draft);
            draft.byte(0x8E);
            if draft.random.once_in(2) {
                let place = draft.memory_operand(target, 2);
                draft.store(place, value, 2);
            } else {
                let from = draft.random.pick(&[0, 1, 2, 3, 5, 6, 7]);
                draft.pin(from, value);
                draft.register_operand(target, from);
            }
        }
        2 => {
            let opcodes: &[u8] = draft.random.pick(&[
                [0x06].as_slice(),
                &[0x0E],
                &[0x16],
                &[0x1E],
                &[0x0F, 0xA0],
                &[0x0F, 0xA8],
            ]);
            draft.bytes(opcodes);
        }
        3 => {
            let opcodes: &[u8] =
                draft.random.pick(&[[0x07].as_slice(), &[0x17], &[0x1F], &[0x0F, 0xA1], &[0x0F, 0xA9]]);
            draft.bytes(opcodes);
            let at = draft.index(top);
            draft.store(at, value, 2);
        }
        _ => {
            let opcodes: &[u8] =
                draft.random.pick(&[[0xC4].as_slice(), &[0xC5], &[0x0F, 0xB2], &[0x0F, 0xB4], &[0x0F, 0xB5]]);
            draft.bytes(opcodes);
            let size = draft.operand;
            let place = draft.memory_operand(register, size + 2);
            draft.store(place + usize::from(size), value, 2);
        }
    }
}

/// LAR LSL VERR VERW ARPL.
pub(super) fn descriptor_queries(draft: &mut Draft<'_>) {
    let value = selector(draft);
    let reg = match draft.random.below(3) {
        0 => {
            let opcode = draft.random.pick(&[0x02, 0x03]);
            draft.bytes(&[0x0F, opcode]);
            draft.register()
        }
        1 => {
            draft.bytes(&[0x0F, 0x00]);
            draft.random.pick(&[4, 5])
        }
        _ => {
            draft.byte(0x63);
            draft.register()
        }
    };
    if draft.random.once_in(2) {
        let place = draft.memory_operand(reg, 2);
        draft.store(place, value, 2);
    } else {
        let rm = draft.register();
        draft.pin(rm, value);
        draft.register_operand(reg, rm);
    }
}

/// Reads and writes at and beyond the end of the window.
pub(super) fn limit_violations(draft: &mut Draft<'_>) {
    if draft.mode == Mode::Flat {
        draft.mode = Mode::Window;
    }
    draft.address16 = false;
    draft.uses_address_size();
    let beyond =
        draft.random.pick(&[0xFFFD, 0xFFFE, 0xFFFF, 0x1_0000, 0x7FFF_FFFF, 0xFFFF_FFFC, 0xFFFF_FFFF]);
    draft.pin(EBX, beyond);
    let via_stack = draft.random.once_in(3);
    if via_stack {
        draft.prefix(0x36);
    }
    // Only instructions that leave nothing behind: what lies at the end of the window is not compared.
    match draft.random.below(3) {
        0 => draft.bytes(&[0x8B, 0x03]),
        1 => draft.bytes(&[0x3B, 0x0B]),
        _ => {
            // An OR of zero stores what it read.
            draft.bytes(&[0x83, 0x0B, 0x00]);
        }
    }
}
