//! Segment registers, queries of descriptors, accesses beyond limits.

use super::super::draft::{DIRECTION, Draft, EBX, ECX, EDI, ESI, ESP};
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

/// LAR LSL VERR VERW ARPL. An AMD host lets ARPL look at a segment that it may not write as long as it need not,
/// so no operand is in the code segment.
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
        draft.drop_code_override();
    } else {
        let rm = draft.register();
        draft.pin(rm, value);
        draft.register_operand(reg, rm);
    }
}

/// Reads, writes, pushes, pops, string steps and jumps at and beyond the end of a segment.
pub(super) fn limit_violations(draft: &mut Draft<'_>) {
    const SS: u8 = 0x36;
    const EDGES: [u32; 8] = [0xFFF9, 0xFFFD, 0xFFFE, 0xFFFF, 0x1_0000, 0x7FFF_FFFF, 0xFFFF_FFFC, 0xFFFF_FFFF];
    if draft.mode == Mode::Flat {
        draft.mode = Mode::Window;
    }
    draft.address16 = false;
    draft.uses_address_size();
    let beyond = draft.random.pick(&EDGES);
    // What lies at the end of the window is not compared, so nothing there may change.
    match draft.random.below(6) {
        0..3 => {
            draft.pin(EBX, beyond);
            if draft.random.once_in(3) {
                draft.prefix(SS);
            }
            // MOV, CMP and an OR of zero, which stores what it read.
            let code: &[u8] =
                draft.random.pick(&[[0x8B, 0x03].as_slice(), &[0x3B, 0x0B], &[0x83, 0x0B, 0x00]]);
            draft.bytes(code);
        }
        3 => {
            draft.pin(ESP, beyond);
            // POP, POPF, RET, far RET and IRET run off the end. An AMD host lets the last two fault with 16-bit
            // operands that end right there, and POPA fault with the first registers already loaded.
            let opcodes: &[u8] = if draft.operand == 2 && beyond == 0xFFF9 {
                &[0x58, 0x9D, 0xC3]
            } else {
                &[0x58, 0x9D, 0xC3, 0xCB, 0xCF]
            };
            let opcode = draft.random.pick(opcodes);
            draft.byte(opcode);
        }
        4 => {
            draft.pin(ESI, beyond);
            let inside = draft.place(8);
            draft.pin(EDI, inside);
            let count = draft.random.below(12);
            draft.pin(ECX, count);
            draft.flags &= !DIRECTION;
            draft.prefix(0xF3);
            let opcode = draft.random.pick(&[0xA4, 0xA5, 0xA6, 0xA7, 0xAC, 0xAD]);
            draft.byte(opcode);
        }
        _ => {
            draft.mode = Mode::Code16;
            draft.operand = 4;
            draft.pin(EBX, beyond);
            // JMP and CALL to EBX.
            draft.stack();
            let rm = draft.random.pick(&[0xE3, 0xD3]);
            draft.bytes(&[0xFF, rm]);
        }
    }
}
