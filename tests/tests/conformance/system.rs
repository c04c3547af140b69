//! The whole chip at work: 48 cores that print, lock, count and send messages, and what becomes of messages
//! whose sender or receiver forgets half of the protocol.

use boot_tests::guest::{Board, Code, Program, Result, Setting, core};
use iced_x86::code_asm::{al, byte_ptr, dword_ptr, dx, eax};
use scc::host::Uart;
use scc::id::CoreId;
use scc::map;
use scc::timing::Time;

/// Lines of a core's half of a message buffer, as byte offsets.
const DATA: u32 = 0x000;
const FLAG: u32 = 0x020;
/// A line nobody reads: a store to it flushes the write-combining buffer.
const DUMMY: u32 = 0x040;

/// What sender and receiver leave out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Protocol {
    Complete,
    /// The receiver polls what it has cached.
    WithoutInvalidate,
    /// The sender's flag stays in its write-combining buffer.
    WithoutFlush,
    /// The sender's flag stays in a line of its L1.
    WithoutInvalidateBeforeStore,
}

/// Sends eight words to `receiver`: SCC reference §2.6, "publish flag after data".
fn send(code: &mut Code, protocol: Protocol, receiver: CoreId, first_word: u32) -> Result {
    let half = map::mpb_of(receiver).get();
    if protocol != Protocol::WithoutInvalidateBeforeStore {
        // Stores that hit a line in L1 would stay there.
        code.cl1invmb()?;
    }
    // The eighth store completes the line, which leaves at once.
    (0..8).try_for_each(|word| code.write(half + DATA + 4 * word, first_word + word))?;
    code.write_byte(half + FLAG, 1)?;
    if protocol != Protocol::WithoutFlush {
        code.write(half + DUMMY, 0)?;
    }
    Ok(())
}

/// Waits for a message in the half of `receiver`, the core itself; reports its eight words from `slot` on.
fn receive(code: &mut Code, protocol: Protocol, receiver: CoreId, slot: u32) -> Result {
    let half = map::mpb_of(receiver).get();
    let poll = code.here()?;
    if protocol != Protocol::WithoutInvalidate {
        code.cl1invmb()?;
    }
    code.cmp(byte_ptr(half + FLAG), 0)?;
    code.je(poll)?;
    code.cl1invmb()?;
    (0..8).try_for_each(|word| code.report(slot + word, half + DATA + 4 * word))
}

fn print(code: &mut Code, text: &str) -> Result {
    code.mov(dx, 0x3F8)?;
    for byte in text.bytes() {
        code.mov(al, u32::from(byte))?;
        code.out(dx, al)?;
    }
    Ok(())
}

/// Adds 1 to an uncached word under a lock register.
fn add_locked(code: &mut Code, lock: u32, word: u32) -> Result {
    let again = code.here()?;
    code.mov(eax, dword_ptr(lock))?;
    code.test(eax, eax)?;
    code.jz(again)?;
    code.inc(dword_ptr(word))?;
    code.write(lock, 1)
}

#[test]
fn all_48_cores_print_lock_count_and_pass_messages_round() {
    const ADDITIONS: u32 = 20;
    let (word, lock, counter) = (0x8100_0200, 0xEC00_0200, 0xF900_E010);
    let mut board = Board::new();
    for own in CoreId::all() {
        let number = own.number();
        let next = core((number + 1) % 48);
        let program = Program::with_body(Setting::Cached, |code| {
            print(code, &format!("core {number}\r\n"))?;
            code.repeat(ADDITIONS, |code| add_locked(code, lock, word))?;
            code.report(10, counter)?;
            send(code, Protocol::Complete, next, 100 * u32::from(number))?;
            receive(code, Protocol::Complete, own, 0)
        });
        board.launch(own, &program);
    }
    board.run();
    assert_eq!(board.read(core(0), word), 48 * ADDITIONS);
    let mut tickets: Vec<u32> = CoreId::all().map(|core| board.result(core, 10)).collect();
    tickets.sort_unstable();
    assert!(tickets.into_iter().eq(0..48));
    for own in CoreId::all() {
        let text = board.machine().console(own, Uart::Com1).to_vec();
        assert_eq!(String::from_utf8(text).unwrap().trim_end(), format!("core {own}"));
        let sender = (u32::from(own.number()) + 47) % 48;
        let message: [u32; 8] = board.results(own);
        assert_eq!(message, [0, 1, 2, 3, 4, 5, 6, 7].map(|word| 100 * sender + word), "core {own}");
    }
}

/// Core 0 sends to core 29 after core 29 has looked once; whether the message arrived after 5 ms.
fn arrives(protocol: Protocol) -> bool {
    let receiver = core(29);
    let sending = Program::with_body(Setting::Cached, |code| {
        // From now on the sender has the flag's line, too.
        code.read_byte(map::mpb_of(receiver).get() + FLAG)?;
        code.wait_for_host(1)?;
        send(code, protocol, receiver, 700)
    });
    let receiving = Program::with_body(Setting::Cached, |code| {
        code.read_byte(map::mpb_of(receiver).get() + FLAG)?;
        code.wait_for_host(1)?;
        receive(code, protocol, receiver, 0)
    });
    let mut board = Board::new();
    board.launch(core(0), &sending);
    board.launch(receiver, &receiving);
    board.at(receiver, 1, |_| ());
    board.at(core(0), 1, |_| ());
    board.run_for(Time::from_microseconds(5_000));
    let message: [u32; 8] = board.results(receiver);
    let complete = message == [700, 701, 702, 703, 704, 705, 706, 707];
    assert!(complete || message == [0; 8], "{message:?}");
    complete
}

#[test]
fn message_arrives_if_both_sides_keep_the_protocol() {
    assert!(arrives(Protocol::Complete));
}

#[test]
fn receiver_that_does_not_invalidate_never_sees_the_flag() {
    assert!(!arrives(Protocol::WithoutInvalidate));
}

#[test]
fn sender_that_stores_into_a_cached_line_keeps_the_flag_to_itself() {
    assert!(!arrives(Protocol::WithoutInvalidateBeforeStore));
}

#[test]
fn sender_that_does_not_flush_keeps_the_flag_to_itself() {
    assert!(!arrives(Protocol::WithoutFlush));
}
