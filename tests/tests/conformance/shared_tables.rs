//! Page tables and descriptors that two cores share: the bits a core sets in them by itself are set by a read
//! and a write, between which the other core's change may be lost (SCC reference §2.9, U19).

use boot_tests::guest::{Board, Code, Program, Result, Setting, core, layout};
use iced_x86::code_asm::{al, ax, byte_ptr, dword_ptr, eax, ecx, edi, es, fword_ptr, ptr};

/// A page table in shared memory, uncached for everybody, and the page it maps.
const TABLE: u32 = 0x8200_1000;
const LINEAR: u32 = 0x4000_0000;
/// Directory entry of that page in the walking core's directory.
const DIRECTORY_ENTRY: u32 = 0x0010_0000 + (LINEAR >> 22) * 4;
/// Present, writable, uncached, and the bits a walk sets.
const RIGHTS: u32 = 0x13;
const ACCESSED_AND_DIRTY: u32 = 0x60;
/// The mapped page.
const PAGE: u32 = layout::DATA;

/// A descriptor table in shared memory, and the segment that is loaded from it.
const DESCRIPTORS: u32 = 0x8200_2000;
const SEGMENT: u32 = 0x78;
const ACCESS_BYTE: u32 = DESCRIPTORS + SEGMENT + 5;

const ROUNDS: u32 = 2000;

/// Result slot of the changes that were lost.
const LOST: u32 = 1;

/// Waits between a change and the look at it: 120 to 360 cycles, different in every round, so that no two loops
/// fall into step. Changes ECX.
fn pause(code: &mut Code) -> Result {
    code.imul_3(ecx, edi, 37)?;
    code.and(ecx, 0x7F)?;
    code.add(ecx, 60)?;
    let top = code.here()?;
    code.dec(ecx)?;
    code.jnz(top)
}

/// Walks to the shared entry again and again, to write.
fn walker() -> Program {
    Program::with_body(Setting::Cached, |code| {
        code.write(TABLE, PAGE | RIGHTS)?;
        code.write(DIRECTORY_ENTRY, TABLE | RIGHTS)?;
        code.repeat(ROUNDS, |code| {
            code.invlpg(ptr(LINEAR))?;
            code.mov(dword_ptr(LINEAR), edi)
        })?;
        code.report(0, LINEAR)
    })
}

/// Changes the bits of the shared entry that software owns, and counts changes that did not last.
fn editor() -> Program {
    Program::with_body(Setting::Cached, |code| {
        code.repeat(ROUNDS, |code| {
            code.mov(eax, edi)?;
            code.and(eax, 7)?;
            code.shl(eax, 9)?;
            code.or(eax, PAGE | RIGHTS)?;
            code.mov(dword_ptr(TABLE), eax)?;
            pause(code)?;
            code.mov(ecx, dword_ptr(TABLE))?;
            code.and(ecx, !ACCESSED_AND_DIRTY)?;
            let mut same = code.create_label();
            code.cmp(ecx, eax)?;
            code.je(same)?;
            code.inc(dword_ptr(layout::result(LOST)))?;
            code.set_label(&mut same)?;
            code.nop()
        })
    })
}

/// Loads a segment from the shared table again and again.
fn loader() -> Program {
    Program::with_body(Setting::Cached, |code| {
        // The table's own descriptors, then the one under test.
        for offset in (0..0x40).step_by(4) {
            code.read(layout::GDT + offset)?;
            code.mov(dword_ptr(DESCRIPTORS + offset), eax)?;
        }
        code.write(DESCRIPTORS + SEGMENT, 0x0000_FFFF)?;
        code.write(DESCRIPTORS + SEGMENT + 4, 0x00CF_9200)?;
        code.write(layout::DATA, 0x007F)?;
        code.write_word(layout::DATA, 0x7F)?;
        code.write_word(layout::DATA + 2, 0x2000)?;
        code.write_word(layout::DATA + 4, 0x8200)?;
        code.lgdt(fword_ptr(layout::DATA))?;
        code.repeat(ROUNDS, |code| {
            code.mov(eax, SEGMENT)?;
            code.mov(es, ax)
        })?;
        code.read_byte(ACCESS_BYTE)?;
        code.result(0, eax)
    })
}

/// Changes the privilege level of the shared descriptor, and counts changes that did not last.
fn segment_editor() -> Program {
    Program::with_body(Setting::Cached, |code| {
        code.repeat(ROUNDS, |code| {
            code.mov(eax, edi)?;
            code.and(eax, 1)?;
            code.imul_3(eax, eax, 0x60)?;
            code.or(eax, 0x92)?;
            code.mov(byte_ptr(ACCESS_BYTE), al)?;
            pause(code)?;
            code.movzx(ecx, byte_ptr(ACCESS_BYTE))?;
            code.and(ecx, 0xFE)?;
            let mut same = code.create_label();
            code.cmp(ecx, eax)?;
            code.je(same)?;
            code.inc(dword_ptr(layout::result(LOST)))?;
            code.set_label(&mut same)?;
            code.nop()
        })
    })
}

#[test]
fn a_change_of_a_page_table_between_a_walks_read_and_write_is_lost() {
    let mut board = Board::new();
    board.launch(core(0), &walker());
    board.launch(core(30), &editor());
    board.run();
    let lost = board.result(core(30), LOST);
    assert!(lost > 0 && lost < ROUNDS, "{lost} of {ROUNDS} changes were lost");
    assert_eq!(board.result(core(0), 0), 1, "the last write went to the page");
}

#[test]
fn a_change_of_a_descriptor_between_the_read_and_the_write_of_its_accessed_bit_is_lost() {
    let mut board = Board::new();
    board.launch(core(0), &loader());
    board.launch(core(30), &segment_editor());
    board.run();
    let lost = board.result(core(30), LOST);
    assert!(lost > 0 && lost < ROUNDS, "{lost} of {ROUNDS} changes were lost");
}

#[test]
fn a_core_alone_finds_its_bits_set_and_everything_else_as_it_was() {
    let mut board = Board::ran(&walker());
    assert_eq!(board.read(core(0), TABLE), PAGE | RIGHTS | ACCESSED_AND_DIRTY);
    // The directory is cached: the write-back of its line has not happened, or has with the bit set.
    board = Board::ran(&Program::with_body(Setting::Cached, |code| {
        code.write(TABLE, PAGE | RIGHTS)?;
        code.write(DIRECTORY_ENTRY, TABLE | RIGHTS)?;
        code.read(LINEAR)?;
        code.report(0, DIRECTORY_ENTRY)?;
        code.report(1, TABLE)?;
        code.write(LINEAR, 7)?;
        code.report(2, TABLE)
    }));
    let entry = PAGE | RIGHTS;
    assert_eq!(board.results(core(0)), [TABLE | RIGHTS | 0x20, entry | 0x20, entry | 0x60]);

    let board = Board::ran(&loader());
    assert_eq!(board.result(core(0), 0), 0x93);
}
