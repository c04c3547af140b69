//! String instructions, single and repeated, in both directions.

use super::super::draft::{Draft, EAX, ECX, EDI, ESI};

const REPE: u8 = 0xF3;
const REPNE: u8 = 0xF2;
const OPCODES: [u8; 5] = [0xA4, 0xA6, 0xAA, 0xAC, 0xAE];

/// Points a register at a place that leaves room on both sides.
fn point(draft: &mut Draft<'_>, register: u8) -> u32 {
    let offset = draft.mode.scratch() + 160 + draft.random.below(192);
    let upper = if draft.address16 { draft.random.word() << 16 } else { 0 };
    draft.pin(register, upper | offset);
    offset
}

fn string(draft: &mut Draft<'_>) -> (u8, usize, usize) {
    draft.uses_address_size();
    let (source, target) = (point(draft, ESI), point(draft, EDI));
    let opcode = draft.random.pick(&OPCODES);
    draft.sized_opcode(opcode);
    if draft.random.once_in(6) && draft.mode != native_runner::Mode::Flat {
        let prefix = draft.random.pick(&[0x26, 0x36, 0x3E, 0x64, 0x65]);
        draft.prefix(prefix);
    }
    (opcode, draft.index(source), draft.index(target))
}

/// One element.
pub(super) fn single(draft: &mut Draft<'_>) {
    string(draft);
}

/// Up to 15 elements, with comparisons that end early, late and not at all.
pub(super) fn repeated(draft: &mut Draft<'_>) {
    let (opcode, source, target) = string(draft);
    let count = draft.random.below(16);
    let upper = if draft.address16 { draft.random.word() << 16 } else { 0 };
    draft.pin(ECX, upper | count);
    let compares = matches!(opcode, 0xA6 | 0xAE);
    let prefix = if compares || draft.random.once_in(8) { draft.random.pick(&[REPE, REPNE]) } else { REPE };
    draft.prefix(prefix);
    if draft.random.once_in(2) {
        // Mostly equal elements: REPE runs far, REPNE ends at once.
        let byte = draft.random.byte();
        draft.memory[source - 64..source + 64].fill(byte);
        draft.memory[target - 64..target + 64].fill(byte);
        draft.pin(EAX, u32::from(byte) * 0x0101_0101);
        let odd = draft.random.below(128) as usize;
        draft.memory[target - 64 + odd] ^= 1;
    }
}
