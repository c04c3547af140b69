//! Checklist 53 to 62: interrupt pins, the local APIC and the FPGA's global interrupt controller.

use boot_tests::guest::{Board, Code, Draft, Program, Result, Setting, core, layout, tile};
use i586::apic::{ApicRegister, CommandLow, DeliveryMode, LocalVector, Shorthand};
use iced_x86::code_asm::{dword_ptr, eax, ebx, esi};
use scc::fpga::FpgaRegister;
use scc::gic::{GicRegister, Word};
use scc::id::CoreId;
use scc::tile::TileRegister;

/// Own GLCFG of a core 0, with both interrupt pins inactive, and the pins.
const OWN_GLCFG: u32 = 0xF800_0010;
const IDLE: u32 = 0x0DF8;
const INTR: u32 = 0x2;
const NMI: u32 = 0x1;

const VECTOR: u8 = 0x41;

/// Result slots: how often LINT0's, LINT1's and the NMI's handlers ran.
const LINT0_COUNT: u32 = 20;
const LINT1_COUNT: u32 = 21;
const NMI_COUNT: u32 = 22;

fn counting() -> Draft {
    Program::draft(Setting::Cached)
        .count_interrupts(VECTOR, LINT0_COUNT)
        .count_interrupts(VECTOR + 1, LINT1_COUNT)
        .interrupt(2, |code| {
            code.inc(dword_ptr(layout::result(NMI_COUNT)))?;
            code.iretd()
        })
}

/// Enables the APIC with edge-triggered fixed vectors on both pins, and interrupts.
fn listen(code: &mut Code) -> Result {
    code.enable_apic()?;
    code.write_apic(ApicRegister::LvtLint0, LocalVector::new().with_vector(VECTOR).into_bits())?;
    code.write_apic(ApicRegister::LvtLint1, LocalVector::new().with_vector(VECTOR + 1).into_bits())?;
    code.sti()
}

fn gic(register: GicRegister) -> u32 {
    0xF900_0000 + register.offset()
}

/// Time enough for a pin or an interrupt packet to arrive.
fn settle(code: &mut Code) -> Result {
    code.pause_for(4000)
}

/// Writes values to the own GLCFG, one after the other, with time for interrupts, and reports the counts of
/// LINT0 and LINT1 after each in slots 0, 1, ...
fn pulse(code: &mut Code, values: &[u32]) -> Result {
    for (slot, value) in (0..).step_by(2).zip(values) {
        code.write(OWN_GLCFG, *value)?;
        settle(code)?;
        code.report(slot, layout::result(LINT0_COUNT))?;
        code.report(slot + 1, layout::result(LINT1_COUNT))?;
    }
    Ok(())
}

/// Conformance item 53.
#[test]
fn rising_interrupt_bit_delivers_its_vector_once() {
    let program = counting().body(|code| {
        listen(code)?;
        pulse(code, &[IDLE | INTR, IDLE | INTR, IDLE, IDLE | INTR])
    });
    let board = Board::ran(&program);
    let lint0 = [0, 2, 4, 6].map(|slot| board.result(core(0), slot));
    assert_eq!(lint0, [1, 1, 1, 2]);
    assert_eq!(board.result(core(0), 7), 0);
}

/// Conformance item 53, the bit written by another core.
#[test]
fn other_cores_raise_the_interrupt_bit_too() {
    let receiver = counting().body(|code| {
        listen(code)?;
        code.wait_until_equal(layout::result(LINT0_COUNT), 1)
    });
    let sender = Program::with_body(Setting::Flat, |code| {
        code.pause_for(20_000)?;
        code.write(0xF700_0018, IDLE | INTR)
    });
    let mut board = Board::new();
    board.launch(core(47), &receiver);
    board.launch(core(0), &sender);
    board.run();
    assert_eq!(board.result(core(47), LINT0_COUNT), 1);
}

/// Conformance item 54.
#[test]
fn non_maskable_bit_drives_the_other_local_interrupt() {
    let program = counting().body(|code| {
        listen(code)?;
        pulse(code, &[IDLE | NMI, IDLE, IDLE | NMI])?;
        code.cli()?;
        let entry = LocalVector::new().with_delivery_mode(DeliveryMode::NonMaskable);
        code.write_apic(ApicRegister::LvtLint1, entry.into_bits())?;
        code.write(OWN_GLCFG, IDLE)?;
        code.write(OWN_GLCFG, IDLE | NMI)?;
        settle(code)
    });
    let board = Board::ran(&program);
    assert_eq!([1, 3, 5].map(|slot| board.result(core(0), slot)), [1, 1, 2]);
    assert_eq!(board.result(core(0), NMI_COUNT), 1);
    assert_eq!(board.result(core(0), LINT0_COUNT), 0);
    assert_eq!(board.result(core(0), LINT1_COUNT), 2);
}

/// (U21): edges while the entry is masked are lost, and unmasking an active pin delivers nothing.
#[test]
fn edge_at_a_masked_entry_is_lost() {
    let program = counting().body(|code| {
        listen(code)?;
        let masked = LocalVector::new().with_vector(VECTOR).with_mask(true);
        code.write_apic(ApicRegister::LvtLint0, masked.into_bits())?;
        code.write(OWN_GLCFG, IDLE | INTR)?;
        settle(code)?;
        code.write_apic(ApicRegister::LvtLint0, masked.with_mask(false).into_bits())?;
        settle(code)
    });
    let board = Board::ran(&program);
    assert_eq!(board.result(core(0), LINT0_COUNT), 0);
}

/// Conformance item 55: the handler stores the time stamps of 12 interrupts.
#[test]
fn periodic_timer_interrupts_every_initial_count_cycles() {
    const PERIOD: u32 = 10_000;
    let times = layout::result(100);
    let program = Program::draft(Setting::Cached)
        .interrupt(VECTOR, |code| {
            code.rdtsc()?;
            code.mov(dword_ptr(esi), eax)?;
            code.add(esi, 4)?;
            code.end_interrupt()
        })
        .body(|code| {
            code.mov(esi, times)?;
            code.enable_apic()?;
            code.write_apic(ApicRegister::TimerDivide, 0xB)?;
            let entry = LocalVector::new().with_vector(VECTOR).with_periodic(true);
            code.write_apic(ApicRegister::LvtTimer, entry.into_bits())?;
            code.write_apic(ApicRegister::TimerInitialCount, PERIOD)?;
            code.sti()?;
            let wait = code.here()?;
            code.cmp(esi, times + 4 * 12)?;
            code.jb(wait)?;
            code.cli()?;
            code.write_apic(ApicRegister::TimerInitialCount, 0)
        });
    let board = Board::ran(&program);
    let stamps: Vec<u32> = (100..112).map(|slot| board.result(core(0), slot)).collect();
    for (number, stamp) in (1..).zip(&stamps[1..]) {
        let drift = i64::from(*stamp) - i64::from(stamps[1]) - i64::from(PERIOD) * (number - 1);
        // When the handler begins varies by the instruction that is interrupted.
        assert!(drift.abs() <= 20, "interrupt {number} is {drift} cycles off: {stamps:?}");
    }
}

/// Conformance item 56, (U23).
#[test]
fn interrupt_commands_reach_only_the_core_itself() {
    let command = CommandLow::new().with_vector(VECTOR).with_assert(true);
    let program = counting().body(|code| {
        listen(code)?;
        code.write_apic(ApicRegister::CommandLow, command.with_shorthand(Shorthand::Myself).into_bits())?;
        settle(code)?;
        code.report(0, layout::result(LINT0_COUNT))?;
        code.write_apic(
            ApicRegister::CommandLow,
            command.with_shorthand(Shorthand::AllIncludingSelf).into_bits(),
        )?;
        settle(code)?;
        code.report(1, layout::result(LINT0_COUNT))?;
        // Core 1's APIC has the same identification 0 [U20], any other destination is as good.
        code.write_apic(ApicRegister::CommandHigh, 1 << 24)?;
        code.write_apic(ApicRegister::CommandLow, command.into_bits())?;
        settle(code)?;
        code.report(2, layout::result(LINT0_COUNT))?;
        code.report(3, 0xFEE0_0300)?;
        code.report(4, 0xFEE0_0280)
    });
    let neighbour = counting().body(|code| {
        listen(code)?;
        code.pause_for(60_000)?;
        code.cli()
    });
    let mut board = Board::with(scc_emu::Machine::builder().diagnostics(scc_emu::Diagnostics::Warn));
    board.launch(core(1), &neighbour);
    board.launch(core(0), &program);
    board.run();
    assert_eq!([0, 1, 2].map(|slot| board.result(core(0), slot)), [1, 2, 2]);
    // Delivery status and errors read 0.
    assert_eq!([board.result(core(0), 3) & 1 << 12, board.result(core(0), 4)], [0, 0]);
    assert_eq!(board.result(core(1), LINT0_COUNT), 0);
}

/// Conformance item 57, (U43).
#[test]
fn request_bit_of_each_sender_sets_its_status_bit() {
    const TARGET: u8 = 7;
    let status = |word| gic(GicRegister::Status(core(TARGET), word));
    let program = Program::with_body(Setting::Flat, |code| {
        for sender in CoreId::all() {
            let number = u32::from(sender.number());
            let (word, bit) = if number < 32 { (Word::Low, number) } else { (Word::High, number - 32) };
            code.write(gic(GicRegister::IpiRequest(core(TARGET), word)), 1 << bit)?;
            code.report(2 * number, status(Word::Low))?;
            code.report(2 * number + 1, status(Word::High))?;
            for word in [Word::Low, Word::High] {
                code.write(gic(GicRegister::Reset(core(TARGET), word)), u32::MAX)?;
            }
        }
        Ok(())
    });
    let board = Board::ran(&program);
    for sender in 0..48 {
        let found = [board.result(core(0), 2 * sender), board.result(core(0), 2 * sender + 1)];
        let expected = if sender < 26 { [1 << (sender + 6), 0] } else { [0, 1 << (sender - 26)] };
        assert_eq!(found, expected, "sender {sender}");
    }
}

/// The words of core 0's registers that the tests below use: requests of senders 1 and 2.
fn request(code: &mut Code, sender: u32) -> Result {
    code.write(gic(GicRegister::IpiRequest(core(0), Word::Low)), 1 << sender)
}

fn unmask(code: &mut Code) -> Result {
    code.write(gic(GicRegister::Mask(core(0), Word::Low)), 0)
}

/// Conformance item 58.
#[test]
fn masked_request_is_kept_and_delivered_when_unmasked() {
    let program = Program::with_body(Setting::Cached, |code| {
        request(code, 1)?;
        settle(code)?;
        code.report(0, gic(GicRegister::Status(core(0), Word::Low)))?;
        code.report(1, OWN_GLCFG)?;
        unmask(code)?;
        settle(code)?;
        code.report(2, OWN_GLCFG)
    });
    let board = Board::ran(&program);
    let [status, before, after] = board.results(core(0));
    assert_eq!([status, before & 3, after & 3], [1 << 7, 0, INTR]);
}

/// Conformance item 59.
#[test]
fn second_request_waits_until_the_first_is_reset() {
    let program = Program::with_body(Setting::Cached, |code| {
        unmask(code)?;
        request(code, 1)?;
        settle(code)?;
        code.report(0, OWN_GLCFG)?;
        // No second packet while the first is pending, even with the pin back at 0.
        code.write(OWN_GLCFG, IDLE)?;
        request(code, 2)?;
        settle(code)?;
        code.report(1, OWN_GLCFG)?;
        code.write(gic(GicRegister::Reset(core(0), Word::Low)), 1 << 7)?;
        settle(code)?;
        code.report(2, OWN_GLCFG)?;
        code.report(3, gic(GicRegister::Status(core(0), Word::Low)))
    });
    let mut board = Board::ran(&program);
    let [first, second, third, status] = board.results(core(0));
    assert_eq!([first & 3, second & 3, third & 3], [INTR, 0, INTR]);
    assert_eq!(status, 1 << 8);
    assert_eq!(board.machine().fabric().statistics().interrupt_packets, 2);
    assert_eq!(board.host_read_tile(tile(0), TileRegister::Glcfg(0)) & 3, INTR);
}

/// Conformance item 60.
#[test]
fn interrupt_controller_registers_read_and_write_as_documented() {
    let status = gic(GicRegister::Status(core(0), Word::Low));
    let reset = gic(GicRegister::Reset(core(0), Word::Low));
    let mask = gic(GicRegister::Mask(core(0), Word::Low));
    let program = Program::with_body(Setting::Cached, |code| {
        request(code, 1)?;
        request(code, 2)?;
        code.write(status, 0)?;
        code.report(0, status)?;
        code.write(reset, 1 << 7)?;
        code.report(1, status)?;
        code.report(2, reset)?;
        code.report(3, gic(GicRegister::IpiRequest(core(0), Word::Low)))?;
        code.write(status, u32::MAX)?;
        code.report(4, status)?;
        code.write(mask, 0xA5A5_A5FF)?;
        code.report(5, mask)?;
        code.report(6, gic(GicRegister::Mask(core(0), Word::High)))
    });
    let board = Board::ran(&program);
    let expected = [3 << 7, 1 << 8, 0, 0, 1 << 8, 0xA5A5_A5FF, 0x007F_FFFF];
    assert_eq!(board.results(core(0)), expected);
}

/// Conformance item 61.
#[test]
fn configuration_chooses_the_pin() {
    let program = counting().body(|code| {
        listen(code)?;
        code.write(gic(GicRegister::Config(core(0))), 1)?;
        unmask(code)?;
        request(code, 5)?;
        settle(code)?;
        code.report(0, OWN_GLCFG)?;
        code.report(1, layout::result(LINT0_COUNT))?;
        code.report(2, layout::result(LINT1_COUNT))?;
        code.mov(ebx, dword_ptr(gic(GicRegister::Config(core(0)))))?;
        code.result(3, ebx)
    });
    let board = Board::ran(&program);
    let [pins, lint0, lint1, config] = board.results(core(0));
    assert_eq!([pins & 3, lint0, lint1, config], [NMI, 0, 1, 1]);
}

/// Conformance item 62: requests by the host for a core of each word.
#[test]
fn host_request_sets_status_bit_54() {
    let mut board = Board::new();
    let program = |own: CoreId| {
        Program::with_body(Setting::Flat, move |code| {
            code.report(0, gic(GicRegister::Status(own, Word::Low)))?;
            code.report(1, gic(GicRegister::Status(own, Word::High)))
        })
    };
    board.host_write_fpga(FpgaRegister::Gic(GicRegister::HostRequest(Word::Low)), 1 << 3);
    board.host_write_fpga(FpgaRegister::Gic(GicRegister::HostRequest(Word::High)), 1 << 8);
    for number in [3, 4, 40] {
        board.launch(core(number), &program(core(number)));
    }
    board.run();
    let high = [3, 4, 40].map(|number| board.result(core(number), 1));
    assert_eq!(high, [1 << 22, 0, 1 << 22]);
    assert_eq!(board.result(core(3), 0), 0);
}
