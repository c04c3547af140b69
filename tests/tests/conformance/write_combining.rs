//! Checklist 45 to 49: the write-combining buffer.

use boot_tests::guest::{Board, Draft, Program, Setting, core, layout};
use i586::apic::{ApicRegister, CommandLow, DeliveryMode, Shorthand};
use iced_x86::code_asm::{al, cr3, dword_ptr, dx, eax};
use scc::address::PhysAddr;
use scc::memory_type::MemoryType;
use scc::timing::Time;

const LINE: u32 = layout::DATA;
/// The same memory as [`LINE`], as message lines.
const MESSAGE: u32 = 0x0050_0000;
/// The same memory as [`LINE`], as uncached message lines.
const MESSAGE_UNCACHED: u32 = 0x0060_0000;
/// The same memory as [`LINE`], uncached.
const UNCACHED: u32 = 0x0070_0000;

fn program() -> Draft {
    let memory = PhysAddr::new(LINE);
    Program::draft(Setting::Cached)
        .map(MESSAGE, memory, 4, MemoryType::MpbtWriteBack)
        .map(MESSAGE_UNCACHED, memory, 4, MemoryType::MpbtUncached)
        .map(UNCACHED, memory, 4, MemoryType::Uncached)
}

/// Conformance item 45, in a message buffer that another core reads.
#[test]
fn message_store_stays_in_the_buffer_until_another_line_is_stored() {
    let writer = Program::with_body(Setting::Cached, |code| {
        code.write(0xC500_0020, 0xCAFE)?;
        code.wait_for_host(1)?;
        code.write_byte(0xC500_0200, 1)?;
        code.wait_for_host(2)
    });
    let mut board = Board::loaded(&writer);
    board.start(core(0));
    board.reach(core(0), 1);
    // An arbitrarily long time.
    board.run_for(Time::from_microseconds(2_000));
    let before = board.at(core(0), 1, |board| board.read(core(0), 0xC500_0020));
    board.reach(core(0), 2);
    let after = board.read(core(0), 0xC500_0020);
    let reader = Program::with_body(Setting::Cached, |code| {
        code.report(0, 0xC500_0020)?;
        code.report(1, 0xC500_0200)
    });
    board.launch(core(47), &reader);
    board.go(core(0), 2);
    board.run();
    assert_eq!([before, after], [0, 0xCAFE]);
    // The byte, in turn, is still in the buffer.
    assert_eq!(board.results(core(47)), [0xCAFE, 0]);
}

/// Conformance item 46.
#[test]
fn eight_ascending_stores_leave_as_one_line() {
    let seven = super::traffic_of(
        program(),
        |code| code.write(MESSAGE + 0x100, 0),
        |code| {
            code.write(MESSAGE + 0x200, 0)?;
            (0..7).try_for_each(|word| code.write(MESSAGE + 4 * word, word))
        },
    );
    assert_eq!(seven.combined_writes, 0);
    let eight = super::traffic_of(
        program(),
        |_| Ok(()),
        |code| (0..8).try_for_each(|word| code.write(MESSAGE + 4 * word, word)),
    );
    assert_eq!([eight.combined_writes, eight.writes], [1, 0]);

    let board = Board::ran(
        &program().body(|code| (0..8).try_for_each(|word| code.write(MESSAGE + 4 * word, 10 + word))),
    );
    let memory = [0, 1, 2, 3, 4, 5, 6, 7].map(|word| board.read(core(0), LINE + 4 * word));
    assert_eq!(memory, [10, 11, 12, 13, 14, 15, 16, 17]);
}

/// Conformance item 47, (U15) for the order.
#[test]
fn incomplete_line_leaves_as_partial_writes_of_its_bytes() {
    let body = |code: &mut boot_tests::guest::Code| {
        (0..3).try_for_each(|word| code.write(MESSAGE + 4 * word, word + 1))?;
        code.write_byte(MESSAGE + 17, 0xEE)?;
        code.write(MESSAGE + 0x100, 0)
    };
    let traffic = super::traffic_of(program(), |_| Ok(()), body);
    // Three quadwords, and the other line's word that the previous pass had left in the buffer.
    assert_eq!([traffic.writes, traffic.combined_writes], [4, 0]);

    let board = Board::ran(&program().data(LINE, &[0x77; 32]).body(body));
    let memory = [0, 1, 2, 3, 4, 5, 6, 7].map(|word| board.read(core(0), LINE + 4 * word));
    const KEPT: u32 = 0x7777_7777;
    assert_eq!(memory, [1, 2, 3, KEPT, 0x7777_EE77, KEPT, KEPT, KEPT]);
}

/// Conformance item 48.
#[test]
fn nothing_but_a_message_store_flushes_the_buffer() {
    let command = CommandLow::new()
        .with_vector(0x40)
        .with_delivery_mode(DeliveryMode::Fixed)
        .with_assert(true)
        .with_shorthand(Shorthand::Myself);
    let program = program().count_interrupts(0x40, 5).body(|code| {
        code.enable_apic()?;
        code.write(MESSAGE, 1)?;
        // Uncached store to a tile register, uncached load, I/O.
        code.write(0xF800_0200, 1)?;
        code.read(UNCACHED + 0x80)?;
        code.mov(dx, 0x3F8)?;
        code.mov(al, u32::from(b'x'))?;
        code.out(dx, al)?;
        // CR3, INVLPG, CL1INVMB, and a message load of another line.
        code.mov(eax, cr3)?;
        code.mov(cr3, eax)?;
        code.invlpg(dword_ptr(MESSAGE))?;
        code.cl1invmb()?;
        code.read(MESSAGE + 0x80)?;
        // An interrupt.
        code.sti()?;
        code.write_apic(ApicRegister::CommandLow, command.into_bits())?;
        code.wait_until_equal(layout::result(5), 1)?;
        code.cli()?;
        // Ordinary stores and WBINVD [U17].
        code.write(layout::DATA + 0x8000, 1)?;
        code.wbinvd()?;
        code.wait_for_host(1)?;
        code.write(MESSAGE + 0x100, 0)?;
        code.wait_for_host(2)
    });
    let mut board = Board::loaded(&program);
    board.start(core(0));
    let before = board.at(core(0), 1, |board| board.read(core(0), LINE));
    let after = board.at(core(0), 2, |board| board.read(core(0), LINE));
    board.run();
    assert_eq!([before, after], [0, 1]);
}

/// (U16): a load of the buffered line itself sees the core's own store.
#[test]
fn load_of_the_buffered_line_flushes_it_first() {
    let program = program().body(|code| {
        code.write(MESSAGE, 1)?;
        code.report(0, MESSAGE)
    });
    let board = Board::ran(&program);
    assert_eq!([board.result(core(0), 0), board.read(core(0), LINE)], [1, 1]);
}

/// Conformance item 49.
#[test]
fn uncached_message_stores_combine_and_plain_uncached_stores_do_not() {
    let stores = |base: u32| {
        move |code: &mut boot_tests::guest::Code| {
            (0..8).try_for_each(|word| code.write(base + 4 * word, word))
        }
    };
    let combined = super::traffic_of(program(), |_| Ok(()), stores(MESSAGE_UNCACHED));
    assert_eq!([combined.writes, combined.combined_writes], [0, 1]);
    let plain = super::traffic_of(program(), |_| Ok(()), stores(UNCACHED));
    assert_eq!([plain.writes, plain.combined_writes], [8, 0]);
}
