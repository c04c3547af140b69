//! The program around the cases: puts everything back to a known state, enters a case, records what ended it,
//! prints what changed.
//!
//! ```text
//! next      takes the next entry of the case table
//! reset     tables, page tables, stacks, system registers; then the case's own memory contents and preparation.
//!           The arena is built anew only behind cases with a preparation: otherwise `report` has put back what the
//!           case changed, and `undo` what its contents changed
//! enter     copies the arena, notes the registers, loads those of the case, IRET to its probe
//! recorded  where every exception arrives: notes the frame and all registers, returns if the vector is traced
//! report    prints what differs: registers, recorded events, words of the arena
//! ```
//!
//! A probe ends in an invalid opcode. Every gate leads to a stub that pushes its vector; vector 8 has a task gate,
//! so that cases may ruin their stack.

mod enter;
pub(super) mod matrix;
mod print;
mod record;
mod reset;
pub(super) mod variables;

use super::layout::{IMAGE, MONITOR_STACK, selector};
use iced_x86::code_asm::{CodeAssembler, CodeLabel, ax, ds, dword_ptr, eax, ebx, es, esi, esp, fs, gs, ss};
use iced_x86::{BlockEncoderOptions, IcedError};
pub(super) use print::LAST_LINE;
pub(super) use reset::CONTROL;

use variables::{AFTERWARDS, CURRENT, ENTRY_BYTES, Entry, STALE, UNCOPIED};

/// What assembling gives; the error is code that does not fit the instruction set.
pub type Result<T = ()> = std::result::Result<T, IcedError>;

/// Vectors with a stub.
pub(super) const VECTORS: u32 = 0x50;
/// The first vector whose gate is open to all rings.
pub const OPEN_VECTOR: u8 = 0x40;
/// Bytes of a stub.
pub(super) const STUB_BYTES: u32 = 10;
/// Word of the image with the address of the case table.
pub(super) const TABLE_START: u32 = IMAGE + 8;
/// Word with the address behind the table.
pub(super) const TABLE_END: u32 = IMAGE + 12;
/// Word with the address of the memory contents that all cases begin with.
pub(super) const BASE_CONTENTS: u32 = IMAGE + 16;
/// Word with the address at which a matrix goes on after a combination.
pub(super) const MATRIX_ENDED: u32 = IMAGE + 20;
/// A far jump from any code segment to where the monitor goes on after a case.
pub(super) const FAR_JUMP: u32 = IMAGE + 24;
/// Stubs of 32-bit gates.
pub(super) const STUBS: u32 = IMAGE + 0x20;
/// Stubs of 16-bit gates.
pub(super) const STUBS_16: u32 = STUBS + VECTORS * STUB_BYTES;
/// The monitor's code.
const CODE: u32 = STUBS_16 + VECTORS * STUB_BYTES;

/// The monitor's code and where to find its parts.
#[derive(Debug, Clone)]
pub(super) struct Monitor {
    /// The image's first bytes, up to the end of the monitor.
    pub(super) bytes: Vec<u8>,
    /// Handler of double faults.
    pub(super) double_fault: u32,
    /// Driver of matrices.
    pub(super) matrix: u32,
}

/// Labels between the parts.
struct Labels {
    next: CodeLabel,
    reset: CodeLabel,
    fill: CodeLabel,
    /// `fill` of the arena's copy.
    fill_copy: CodeLabel,
    /// Takes the contents of a list out of arena and copy.
    undo: CodeLabel,
    enter: CodeLabel,
    /// `enter` without the copy of the arena.
    resume: CodeLabel,
    matrix: CodeLabel,
    matrix_ended: CodeLabel,
    recorded: CodeLabel,
    double_fault: CodeLabel,
    ended: CodeLabel,
    report: CodeLabel,
    print_character: CodeLabel,
    print_text: CodeLabel,
    print_hex: CodeLabel,
    print_field: CodeLabel,
}

impl Monitor {
    pub(super) fn new() -> Self {
        assemble().expect("the monitor is made of valid instructions")
    }
}

/// Address of a vector's stub in the monitor, where 32-bit gates in flat code lead.
#[must_use]
pub const fn stub(vector: u8) -> u32 {
    STUBS + STUB_BYTES * vector as u32
}

/// Offset of the stub of a vector's 16-bit gate in [`super::layout::selector::CODE_LOW`].
#[must_use]
pub const fn stub_16(vector: u8) -> u32 {
    STUBS_16 - IMAGE + STUB_BYTES * vector as u32
}

fn assemble() -> Result<Monitor> {
    let mut a = CodeAssembler::new(32)?;
    let mut labels = Labels {
        next: a.create_label(),
        reset: a.create_label(),
        fill: a.create_label(),
        fill_copy: a.create_label(),
        undo: a.create_label(),
        enter: a.create_label(),
        resume: a.create_label(),
        matrix: a.create_label(),
        matrix_ended: a.create_label(),
        recorded: a.create_label(),
        double_fault: a.create_label(),
        ended: a.create_label(),
        report: a.create_label(),
        print_character: a.create_label(),
        print_text: a.create_label(),
        print_hex: a.create_label(),
        print_field: a.create_label(),
    };
    start(&mut a, &mut labels)?;
    reset::assemble(&mut a, &mut labels)?;
    enter::assemble(&mut a, &mut labels)?;
    record::assemble(&mut a, &mut labels)?;
    print::assemble(&mut a, &mut labels)?;
    matrix::assemble(&mut a, &mut labels)?;
    let assembled =
        a.assemble_options(u64::from(CODE), BlockEncoderOptions::RETURN_NEW_INSTRUCTION_OFFSETS)?;
    let at = |label: &CodeLabel| -> Result<u32> {
        Ok(u32::try_from(assembled.label_ip(label)?).expect("the image lies below 1 MB"))
    };
    let mut bytes = jump(IMAGE, CODE);
    bytes.resize((MATRIX_ENDED - IMAGE) as usize, 0);
    bytes.extend_from_slice(&at(&labels.matrix_ended)?.to_le_bytes());
    bytes.push(0xEA);
    bytes.extend_from_slice(&at(&labels.ended)?.to_le_bytes());
    bytes.extend_from_slice(&selector::CODE.to_le_bytes());
    bytes.resize((STUBS - IMAGE) as usize, 0);
    let recorded = at(&labels.recorded)?;
    for kind in 0..2 {
        for vector in 0..VECTORS {
            bytes.push(0x68);
            bytes.extend_from_slice(&(vector | kind << 8).to_le_bytes());
            let here = IMAGE + u32::try_from(bytes.len()).expect("a few kilobytes");
            bytes.extend(jump(here, recorded));
        }
    }
    bytes.extend_from_slice(&assembled.inner.code_buffer);
    Ok(Monitor { bytes, double_fault: at(&labels.double_fault)?, matrix: at(&labels.matrix)? })
}

/// `jmp rel32` at an address.
fn jump(from: u32, to: u32) -> Vec<u8> {
    let mut bytes = vec![0xE9];
    bytes.extend_from_slice(&to.wrapping_sub(from + 5).to_le_bytes());
    bytes
}

/// The first instructions, and the loop over the cases.
fn start(a: &mut CodeAssembler, labels: &mut Labels) -> Result {
    let mut table_done = a.create_label();
    a.mov(ax, 0x10u32)?;
    for segment in [ds, es, ss, fs, gs] {
        a.mov(segment, ax)?;
    }
    a.mov(esp, MONITOR_STACK)?;
    print::open(a)?;
    a.mov(ebx, dword_ptr(TABLE_START))?;
    a.mov(dword_ptr(STALE), 1u32)?;

    a.set_label(&mut labels.next)?;
    a.cmp(ebx, dword_ptr(TABLE_END))?;
    a.je(table_done)?;
    a.mov(dword_ptr(CURRENT), ebx)?;
    a.mov(dword_ptr(AFTERWARDS), 0u32)?;
    a.mov(eax, dword_ptr(STALE))?;
    a.mov(dword_ptr(UNCOPIED), eax)?;
    a.call(labels.reset)?;
    a.mov(dword_ptr(STALE), 0u32)?;
    a.mov(esi, dword_ptr(ebx + Entry::Contents.offset()))?;
    a.call(labels.fill)?;
    a.mov(eax, dword_ptr(ebx + Entry::Prepare.offset()))?;
    let mut prepared = a.create_label();
    a.test(eax, eax)?;
    a.jz(prepared)?;
    a.mov(dword_ptr(STALE), 1u32)?;
    a.mov(dword_ptr(UNCOPIED), 1u32)?;
    a.call(eax)?;
    a.set_label(&mut prepared)?;
    a.mov(ebx, dword_ptr(CURRENT))?;
    let mut ordinary = a.create_label();
    a.mov(eax, dword_ptr(ebx + Entry::Driver.offset()))?;
    a.test(eax, eax)?;
    a.jz(ordinary)?;
    a.mov(dword_ptr(STALE), 1u32)?;
    a.jmp(eax)?;
    a.set_label(&mut ordinary)?;
    a.mov(esi, dword_ptr(ebx + Entry::Name.offset()))?;
    a.call(labels.print_text)?;
    a.cmp(dword_ptr(UNCOPIED), 0)?;
    a.jne(labels.enter)?;
    a.mov(esi, dword_ptr(ebx + Entry::Contents.offset()))?;
    a.call(labels.fill_copy)?;
    a.jmp(labels.resume)?;

    a.set_label(&mut labels.ended)?;
    a.mov(eax, dword_ptr(AFTERWARDS))?;
    a.test(eax, eax)?;
    a.jz(labels.report)?;
    a.jmp(eax)?;

    a.set_label(&mut table_done)?;
    print::close(a, labels)
}

/// Goes on with the case behind the current one.
fn advance(a: &mut CodeAssembler, labels: &Labels) -> Result {
    a.mov(ebx, dword_ptr(CURRENT))?;
    a.add(ebx, ENTRY_BYTES)?;
    a.jmp(labels.next)
}
