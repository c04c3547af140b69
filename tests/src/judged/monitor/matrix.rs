//! One probe with every kind of descriptor: all types, privilege levels and selectors' RPLs, present or not.
//!
//! The driver writes the descriptor at [`selector::FREE`], enters the probe with its selector in EAX, and prints
//! one character for what became of it: a line per type, 32 columns for P, DPL and RPL (P is the slowest).
//!
//! ```text
//! .  +   the probe ran to its end with ZF clear, set
//! G      #GP with the selector as error code (so with U T N S P: #UD, #TS, #NP, #SS, #PF)
//! g      the same with error code 0; ? with another one
//! sum    of what else changed: EAX, CS, SS, DS, the descriptor's high word
//! ```
//!
//! For far transfers the driver leaves a far pointer to the probe's end at [`DATA`] and the flat data selector of
//! that RPL's ring at [`DATA`] + 8.

use super::variables::{AFTERWARDS, CODE, CURRENT, EIP, Entry, Field, HAS_CODE, MATRIX, VECTOR};
use super::{Labels, MATRIX_ENDED, Result, advance, print};
use crate::judged::layout::{DATA, TASK, TASK_LIMIT, descriptor, selector};
use i586::exception::Exception;
use i586::segment::{Descriptor, SystemKind};
use iced_x86::code_asm::{
    CodeAssembler, al, ax, byte_ptr, cl, dword_ptr, eax, ebp, ebx, ecx, edx, esi, word_ptr,
};

/// Type of the current line, with the S bit as bit 4.
const ROW: u32 = MATRIX;
/// P, DPL, RPL of the current combination.
const COLUMN: u32 = MATRIX + 4;
/// Sum of the current line.
const SUM: u32 = MATRIX + 8;
/// Name of the row's type, and of the exceptions: the character of each vector.
const LETTERS: u32 = MATRIX + 16;

/// Rows of a matrix.
pub(in crate::judged) const ROWS: u32 = 32;
const COLUMNS: u32 = 32;

/// Words of an ordinary entry that say something else to the driver.
pub(in crate::judged) mod parameter {
    use super::Entry;

    /// Low word of the descriptor.
    pub(in crate::judged) const LOW: Entry = Entry::Esi;
    /// High word of the descriptor, without P, DPL, S and type.
    pub(in crate::judged) const HIGH: Entry = Entry::Edi;
    /// Set of the rows to run.
    pub(in crate::judged) const ROWS: Entry = Entry::Ebx;
}

pub(super) fn assemble(a: &mut CodeAssembler, labels: &mut Labels) -> Result {
    let mut row = a.create_label();
    let mut column = a.create_label();
    let mut next_column = a.create_label();
    let mut next_row = a.create_label();
    let mut print_row = a.create_label();
    a.set_label(&mut labels.matrix)?;
    a.mov(eax, dword_ptr(MATRIX_ENDED))?;
    a.mov(dword_ptr(AFTERWARDS), eax)?;
    for (place, four) in (LETTERS..).step_by(4).zip(letters()) {
        a.mov(dword_ptr(place), four)?;
    }
    a.mov(dword_ptr(ROW), 0u32)?;
    a.set_label(&mut row)?;
    a.mov(ebx, dword_ptr(CURRENT))?;
    a.mov(ecx, dword_ptr(ROW))?;
    a.bt(dword_ptr(ebx + parameter::ROWS.offset()), ecx)?;
    a.jnc(next_row)?;
    a.mov(esi, dword_ptr(ebx + Entry::Name.offset()))?;
    a.call(labels.print_text)?;
    a.mov(eax, dword_ptr(ROW))?;
    a.call(labels.print_hex)?;
    print::character(a, labels, b':')?;
    print::character(a, labels, b' ')?;
    a.xor(eax, eax)?;
    a.mov(dword_ptr(COLUMN), eax)?;
    a.mov(dword_ptr(SUM), eax)?;
    a.set_label(&mut column)?;
    combination(a)?;
    a.jmp(labels.resume)?;

    a.set_label(&mut labels.matrix_ended)?;
    verdict(a)?;
    a.call(labels.print_character)?;
    sum(a)?;
    a.set_label(&mut next_column)?;
    a.inc(dword_ptr(COLUMN))?;
    a.cmp(dword_ptr(COLUMN), COLUMNS)?;
    a.jb(column)?;
    a.set_label(&mut print_row)?;
    a.mov(ebp, u32::from_le_bytes(*b" sum"))?;
    a.mov(ebx, dword_ptr(SUM))?;
    a.call(labels.print_field)?;
    print::character(a, labels, b'\n')?;
    a.set_label(&mut next_row)?;
    a.inc(dword_ptr(ROW))?;
    a.cmp(dword_ptr(ROW), ROWS)?;
    a.jb(row)?;
    advance(a, labels)
}

/// The characters of the vectors, four to a word.
fn letters() -> impl Iterator<Item = u32> {
    let named = [
        (Exception::InvalidOpcode, b'U'),
        (Exception::InvalidTss, b'T'),
        (Exception::SegmentNotPresent, b'N'),
        (Exception::StackFault, b'S'),
        (Exception::GeneralProtection, b'G'),
        (Exception::PageFault, b'P'),
        (Exception::DoubleFault, b'D'),
    ];
    let mut letters = [b'X'; 32];
    for (exception, letter) in named {
        letters[usize::from(exception.vector())] = letter;
    }
    (0..8).map(move |word| {
        let at = 4 * word;
        u32::from_le_bytes([letters[at], letters[at + 1], letters[at + 2], letters[at + 3]])
    })
}

/// Writes the descriptor, its selector and the far pointer; makes task and LDT registers good again.
fn combination(a: &mut CodeAssembler) -> Result {
    let task = Descriptor::system(SystemKind::AvailableTss32, TASK, TASK_LIMIT, 0);
    let at = descriptor(selector::FREE);
    a.mov(ebx, dword_ptr(CURRENT))?;
    // Access byte: P, DPL from the column, S and type from the row.
    a.mov(eax, dword_ptr(COLUMN))?;
    a.mov(ecx, eax)?;
    a.and(eax, 0x1C)?;
    a.shl(eax, 3)?;
    a.or(eax, dword_ptr(ROW))?;
    a.shl(eax, 8)?;
    a.or(eax, dword_ptr(ebx + parameter::HIGH.offset()))?;
    a.mov(dword_ptr(at + 4), eax)?;
    a.mov(eax, dword_ptr(ebx + parameter::LOW.offset()))?;
    a.mov(dword_ptr(at), eax)?;
    a.and(ecx, 3)?;
    a.lea(eax, ecx + u32::from(selector::FREE))?;
    a.mov(dword_ptr(ebx + Entry::Eax.offset()), eax)?;
    a.mov(word_ptr(DATA + 4), ax)?;
    a.mov(eax, dword_ptr(ebx + Entry::End.offset()))?;
    a.mov(dword_ptr(DATA), eax)?;
    // Flat data selectors of the four rings.
    let selectors = [selector::DATA, selector::DATA_1, selector::DATA_2, selector::DATA_3];
    let [first, second, third, fourth] = selectors.map(|selector| selector.to_le_bytes()[0]);
    a.mov(eax, u32::from_le_bytes([first, second, third, fourth]))?;
    a.shl(ecx, 3)?;
    a.shr(eax, cl)?;
    a.and(eax, 0xFF)?;
    a.mov(dword_ptr(DATA + 8), eax)?;
    a.mov(dword_ptr(descriptor(selector::TASK) + 4), task.words().1)?;
    a.mov(ax, u32::from(selector::TASK))?;
    a.ltr(ax)?;
    a.mov(ax, u32::from(selector::LDT))?;
    a.lldt(ax)
}

/// The character for what became of the probe, in AL.
fn verdict(a: &mut CodeAssembler) -> Result {
    let mut exception = a.create_label();
    let mut done = a.create_label();
    let mut not_zero = a.create_label();
    let mut other = a.create_label();
    a.mov(ebx, dword_ptr(CURRENT))?;
    a.mov(eax, dword_ptr(EIP))?;
    a.cmp(eax, dword_ptr(ebx + Entry::End.offset()))?;
    a.jne(exception)?;
    a.cmp(dword_ptr(VECTOR), u32::from(Exception::InvalidOpcode.vector()))?;
    a.jne(exception)?;
    a.mov(al, u32::from(b'.'))?;
    a.test(dword_ptr(Field::Flags.actual()), i586::flags::Eflags::ZERO.bits())?;
    a.jz(not_zero)?;
    a.mov(al, u32::from(b'+'))?;
    a.set_label(&mut not_zero)?;
    a.jmp(done)?;

    a.set_label(&mut exception)?;
    a.mov(ecx, dword_ptr(VECTOR))?;
    a.mov(al, byte_ptr(ecx + LETTERS))?;
    a.cmp(dword_ptr(HAS_CODE), 0)?;
    a.je(done)?;
    a.mov(ecx, dword_ptr(CODE))?;
    a.cmp(ecx, u32::from(selector::FREE))?;
    a.je(done)?;
    a.test(ecx, ecx)?;
    a.jnz(other)?;
    a.or(al, 0x20)?;
    a.jmp(done)?;
    a.set_label(&mut other)?;
    a.mov(al, u32::from(b'?'))?;
    a.set_label(&mut done)?;
    a.nop()
}

/// Folds what else changed into the line's sum.
fn sum(a: &mut CodeAssembler) -> Result {
    a.mov(edx, dword_ptr(SUM))?;
    let places = [
        Field::Eax.actual(),
        Field::Cs.actual(),
        Field::Ss.actual(),
        Field::Ds.actual(),
        Field::Task.actual(),
        Field::Ldt.actual(),
        descriptor(selector::FREE) + 4,
    ];
    for at in places {
        a.rol(edx, 1)?;
        a.add(edx, dword_ptr(at))?;
    }
    a.mov(dword_ptr(SUM), edx)
}
