//! Checklist 14 to 27: the configuration registers of a tile.

use boot_tests::guest::{Board, Program, Setting, core, layout, tile};
use iced_x86::code_asm::{dword_ptr, eax, ebx, ecx, edi, edx, esi};
use scc::fpga::FpgaRegister;
use scc::gic::Word;
use scc::id::TileId;
use scc::tile::{Gcbcfg, Glcfg, TileRegister};
use scc::timing::{MemoryClock, MeshClock, Time};
use scc_emu::Machine;
use scc_emu::chip::clocks::Clocks;
use scc_emu::chip::statistics::CoreTraffic;
use scc_emu::diagnostics::FindingKind;

/// Own tile's registers as core 0 of a tile sees them.
const OWN_GLCFG: u32 = 0xF800_0010;
const OWN_L2CFG: u32 = 0xF800_0020;
const OWN_GCBCFG: u32 = 0xF800_0080;

/// Conformance item 14.
#[test]
fn tile_registers_have_their_hard_reset_values() {
    const OFFSETS: [u32; 7] = [0x10, 0x18, 0x20, 0x28, 0x40, 0x48, 0x80];
    let program = Program::with_body(Setting::Flat, |code| {
        (0..).zip(OFFSETS).try_for_each(|(slot, offset)| code.report(slot, 0xE500_0000 + offset))
    });
    let mut board = Board::ran(&program);
    let expected = [0x0034_0DF8, 0x0034_0DF8, 0x6CF, 0x6CF, 0, 0, 0x00A8_E2FF];
    assert_eq!(board.results(core(0)), expected);
    for tile in TileId::all().skip(1) {
        let found = OFFSETS.map(|offset| {
            board.host_read_tile(tile, TileRegister::from_offset(offset).expect("these are registers"))
        });
        assert_eq!(found, expected, "tile {tile}");
    }
}

/// Conformance item 15, (U29) for the widths.
#[test]
fn lock_is_taken_by_reading_and_freed_by_any_write() {
    let lock = 0xF800_0200;
    let program = Program::with_body(Setting::Flat, |code| {
        code.report(0, lock)?;
        code.report(1, lock)?;
        code.report(2, lock)?;
        for (slot, value) in [(3, 0), (5, 1), (7, u32::MAX)] {
            code.write(lock, value)?;
            code.report(slot, lock)?;
            code.report(slot + 1, lock)?;
        }
        code.write_byte(lock, 0)?;
        code.report(9, lock)?;
        code.write_word(lock, 0)?;
        code.read_byte(lock)?;
        code.result(10, eax)?;
        code.read_byte(lock)?;
        code.result(11, eax)
    });
    let board = Board::ran(&program);
    assert_eq!(board.results(core(0)), [1, 0, 0, 1, 0, 1, 0, 1, 0, 1, 1, 0]);
}

/// Conformance item 16, with races in which the distance between the two reads varies.
#[test]
fn free_lock_read_by_two_cores_goes_to_exactly_one() {
    const ROUNDS: u32 = 1_000_000;
    let racers = [core(6), core(20)];
    let mut board = Board::new();
    board.allow(Time::from_microseconds(20_000_000));
    board.launch(racers[0], &racer(0x8000_0000, 0x8000_0100, 0x07, ROUNDS));
    board.launch(racers[1], &racer(0x8000_0100, 0x8000_0000, 0x38, ROUNDS));
    board.run();
    let wins = racers.map(|racer| board.result(racer, 0));
    assert_eq!(wins[0] + wins[1], ROUNDS, "{wins:?}");
    assert!(wins[0] > 0 && wins[1] > 0, "the races are one-sided: {wins:?}");
}

/// Reads the lock of core 6 once a round. `own` and `other` are uncached words where the racers count the
/// rounds they have entered, and 32 bytes on the rounds they have left.
fn racer(own: u32, other: u32, delay_bits: u32, rounds: u32) -> Program {
    let lock = 0xE300_0200;
    Program::with_body(Setting::Cached, |code| {
        code.xor(ebx, ebx)?;
        code.repeat(rounds, |code| {
            code.mov(dword_ptr(own), edi)?;
            let enter = code.here()?;
            code.cmp(dword_ptr(other), edi)?;
            code.jne(enter)?;
            code.mov(ecx, edi)?;
            code.and(ecx, delay_bits)?;
            code.inc(ecx)?;
            let delay = code.here()?;
            code.dec(ecx)?;
            code.jnz(delay)?;
            code.add(ebx, dword_ptr(lock))?;
            code.mov(dword_ptr(own + 32), edi)?;
            let leave = code.here()?;
            code.cmp(dword_ptr(other + 32), edi)?;
            code.jne(leave)?;
            // Both free it; it is done before either enters the next round.
            code.write(lock, 1)
        })?;
        code.result(0, ebx)
    })
}

/// Conformance item 17.
#[test]
fn locks_of_a_tile_are_independent_and_the_host_takes_them_too() {
    let program = Program::with_body(Setting::Flat, |code| {
        code.report(0, 0xF800_0200)?;
        code.report(1, 0xF800_0400)?;
        code.write(0xF800_0400, 1)?;
        code.report(2, 0xF800_0200)?;
        code.wait_for_host(1)?;
        code.report(3, 0xF800_0400)
    });
    let mut board = Board::loaded(&program);
    board.start(core(0));
    let host = board.at(core(0), 1, |board| board.host_read_tile(tile(0), TileRegister::Lock(1)));
    board.run();
    assert_eq!(host, 1);
    assert_eq!(board.results(core(0)), [1, 1, 0, 0]);
}

/// Conformance item 18.
#[test]
fn halt_shows_in_the_configuration_register_until_it_is_written() {
    let mut board = Board::ran(&Program::with_body(Setting::Flat, |_| Ok(())));
    let glcfg = TileRegister::Glcfg(0);
    assert_eq!(board.host_read_tile(tile(0), glcfg), 0x0034_8DF8);
    board.host_write_tile(tile(0), glcfg, 0x0DF8);
    assert_eq!(board.host_read_tile(tile(0), glcfg), 0x0034_0DF8);
}

/// Conformance item 19.
#[test]
fn cache_instructions_show_in_the_configuration_register() {
    let program = Program::with_body(Setting::Flat, |code| {
        code.wbinvd()?;
        code.report(0, OWN_GLCFG)?;
        code.write(OWN_GLCFG, 0x0DF8)?;
        code.report(1, OWN_GLCFG)?;
        code.invd()?;
        code.report(2, OWN_GLCFG)
    });
    let board = Board::ran(&program);
    assert_eq!(board.results(core(0)), [0x0035_4DF8, 0x0034_0DF8, 0x0035_0DF8]);
}

/// Conformance item 20. System management mode is not modelled: SMI# stops with a diagnostic instead of
/// showing in bit 18.
#[test]
fn status_bits_cannot_be_written_and_system_management_is_refused() {
    let program = Program::with_body(Setting::Flat, |code| {
        code.write(OWN_GLCFG, 0xFFFF_FDF8)?;
        code.report(0, OWN_GLCFG)?;
        code.write(OWN_GLCFG, 0x0000_0DF8)?;
        code.report(1, OWN_GLCFG)?;
        code.write(OWN_GLCFG, 0x0000_0D78)
    });
    let mut board = Board::loaded(&program);
    board.start(core(0));
    let report = board.run_to_finding();
    assert_eq!(board.results(core(0)), [0x0034_0DF8, 0x0034_0DF8]);
    assert_eq!(report.finding.kind, FindingKind::SystemManagementNotModelled);
}

/// Conformance item 21.
#[test]
fn time_stamp_counter_runs_at_every_tile_clock() {
    let timestamp = 0xF900_0000 + FpgaRegister::Timestamp(Word::Low).offset();
    // One entry per divider; the round with entry 16 only brings the code into the caches.
    let upper_bits = |divider| Gcbcfg::for_divider(divider, MeshClock::Mhz800).into_bits() & !0xFF;
    let table: Vec<u8> = (0..16).chain([2]).flat_map(|divider| upper_bits(divider).to_le_bytes()).collect();
    let program = Program::draft(Setting::Cached).data(layout::DATA, &table).body(|code| {
        code.repeat(16, |code| {
            code.read(OWN_GCBCFG)?;
            code.and(eax, 0xFF)?;
            code.or(eax, dword_ptr(edi * 4 + layout::DATA))?;
            code.mov(dword_ptr(OWN_GCBCFG), eax)?;
            code.mov(esi, dword_ptr(timestamp))?;
            code.rdtsc()?;
            code.mov(ebx, eax)?;
            code.pause_for(20_000)?;
            code.mov(ecx, dword_ptr(timestamp))?;
            code.rdtsc()?;
            code.sub(eax, ebx)?;
            code.sub(ecx, esi)?;
            code.mov(dword_ptr(edi * 8 + layout::RESULTS), eax)?;
            code.mov(dword_ptr(edi * 8 + layout::RESULTS + 4), ecx)
        })
    });
    let board = Board::ran(&program);
    for divider in 1..16 {
        let cycles = board.result(core(0), 2 * divider);
        let ticks = board.result(core(0), 2 * divider + 1);
        assert!(ticks > 1250, "divider {divider}: {ticks} ticks are too few to compare");
        let megahertz = f64::from(cycles) * 125.0 / f64::from(ticks);
        let expected = 1600.0 / f64::from(divider + 1);
        assert!((megahertz - expected).abs() <= 1.0, "divider {divider}: {megahertz} MHz, not {expected}");
    }
}

/// Conformance item 22.
#[test]
fn released_core_starts_with_a_fresh_counter_and_leaves_its_sibling_alone() {
    let first = Program::with_body(Setting::Cached, |code| {
        code.mov(esi, 0x1234_5678)?;
        code.pause_for(200_000)?;
        code.read(OWN_GCBCFG)?;
        code.and(eax, !Gcbcfg::reset_mask(1))?;
        code.mov(dword_ptr(OWN_GCBCFG), eax)?;
        code.pause_for(50_000)?;
        code.rdtsc()?;
        code.result(0, eax)?;
        code.result(1, esi)
    });
    let second = Program::with_body(Setting::Flat, |code| {
        code.rdtsc()?;
        code.result(0, eax)?;
        code.result(1, edx)?;
        code.report(2, 0xF800_0100)
    });
    let mut board = Board::new();
    board.load(core(1), &second);
    board.launch(core(0), &first);
    board.run_until("both end", |board| board.result(core(0), 1) != 0 && board.result(core(1), 0) != 0);
    board.run();
    assert!(board.result(core(0), 0) > 250_000);
    assert_eq!(board.result(core(0), 1), 0x1234_5678);
    // The boot code runs uncached before the counter is read.
    assert!(board.result(core(1), 0) < 20_000, "{}", board.result(core(1), 0));
    assert_eq!(board.result(core(1), 1), 0);
    assert_eq!(board.result(core(1), 2), 1);
}

/// Conformance item 23.
#[test]
fn core_in_reset_executes_nothing_and_is_silent() {
    let spinner = Program::with_body(Setting::Flat, |code| code.wait_for_host(1));
    let mut board = Board::new();
    for number in [2, 4] {
        board.load(core(number), &spinner);
    }
    board.start(core(4));
    board.reach(core(4), 1);
    board.run_for(Time::from_microseconds(50));
    assert_eq!(board.traffic(core(2)), CoreTraffic::default());
    assert!(board.machine().statistics().cores.iter().all(|counts| counts.core == 4));

    board.machine_mut().hold_in_reset(core(4));
    let instructions = board.machine().instructions();
    let traffic = board.traffic(core(4));
    board.run_for(Time::from_microseconds(50));
    assert_eq!(board.machine().instructions(), instructions);
    assert_eq!(board.traffic(core(4)), traffic);
}

/// SCC reference §4.5, §11 item 45.
#[test]
fn soft_reset_pin_resets_the_units_that_the_tile_names() {
    let program = Program::with_body(Setting::Flat, |code| {
        code.read(layout::DATA)?;
        code.inc(eax)?;
        code.mov(dword_ptr(layout::DATA), eax)?;
        code.result(0, eax)?;
        code.wait_for_host(1)
    });
    let mut board = Board::new();
    for number in [2, 4] {
        board.launch(core(number), &program);
    }
    for number in [2, 4] {
        board.reach(core(number), 1);
    }
    let spared = core(2).tile();
    let value = board.machine().fabric().gcbcfg(spared).with_soft_reset_core0(false).into_bits();
    board.host_write_tile(spared, TileRegister::Gcbcfg, value);
    board.machine_mut().soft_reset();
    board.run_for(Time::from_microseconds(50));
    assert_eq!([2, 4].map(|number| board.result(core(number), 0)), [1, 2]);
}

/// Conformance item 24, (U09).
#[test]
fn resetting_l2_discards_its_dirty_lines() {
    let line = layout::DATA;
    let program = Program::draft(Setting::Cached).data(line, &1u32.to_le_bytes()).body(|code| {
        code.read(line)?;
        code.write(line, 2)?;
        code.wbinvd()?;
        code.report(0, line)?;
        code.wait_for_host(1)?;
        code.wbinvd()?;
        code.read(OWN_GCBCFG)?;
        code.or(eax, 0x4)?;
        code.mov(dword_ptr(OWN_GCBCFG), eax)?;
        code.and(eax, !0x4)?;
        code.mov(dword_ptr(OWN_GCBCFG), eax)?;
        code.report(1, line)
    });
    let mut board = Board::loaded(&program);
    board.start(core(0));
    let memory = board.at(core(0), 1, |board| board.read(core(0), line));
    board.run();
    assert_eq!(memory, 1);
    assert_eq!(board.results(core(0)), [2, 1]);
    assert_eq!(board.read(core(0), line), 1);
}

/// Conformance item 25, (U10).
#[test]
fn disabled_l2_sends_every_l1_miss_to_memory() {
    let traffic = |l2cfg| {
        // Nine lines of one L1 set, read in a circle.
        let circle = |code: &mut boot_tests::guest::Code| {
            (0..9).try_for_each(|line| code.read(layout::DATA + 0x1000 * line))
        };
        super::traffic_of(
            Program::draft(Setting::Cached),
            move |code| code.write(OWN_L2CFG, l2cfg),
            move |code| {
                circle(code)?;
                circle(code)
            },
        )
    };
    assert_eq!(traffic(0x6CF).line_reads, 0);
    assert_eq!(traffic(0x6DF).line_reads, 18);
}

/// Conformance item 26.
#[test]
fn init_restarts_the_core_and_keeps_its_counter_registers_and_dirty_lines() {
    let line = layout::DATA;
    const EVENT_SELECT: u32 = 0x11;
    let program = Program::draft(Setting::Cached).data(line, &1u32.to_le_bytes()).body(|code| {
        let mut second_pass = code.create_label();
        code.cmp(dword_ptr(layout::result(0)), 0)?;
        code.jne(second_pass)?;
        code.read(line)?;
        code.write(line, 2)?;
        code.mov(ecx, EVENT_SELECT)?;
        code.mov(eax, 0x00C6_00C6)?;
        code.xor(edx, edx)?;
        code.wrmsr()?;
        code.rdtsc()?;
        code.result(0, eax)?;
        code.wait_for_host(1)?;
        code.hlt()?;
        code.set_label(&mut second_pass)?;
        code.rdtsc()?;
        code.result(1, eax)?;
        code.mov(ecx, EVENT_SELECT)?;
        code.rdmsr()?;
        code.result(2, eax)?;
        code.report(3, line)?;
        code.wait_for_host(2)
    });
    let mut board = Board::loaded(&program);
    board.start(core(0));
    board.reach(core(0), 1);
    let idle = Glcfg::RESET;
    board.host_write_tile(tile(0), TileRegister::Glcfg(0), idle.with_init(true).into_bits());
    board.host_write_tile(tile(0), TileRegister::Glcfg(0), idle.into_bits());
    let memory = board.at(core(0), 2, |board| board.read(core(0), line));
    board.run();
    let [before, after, select, value] = board.results(core(0));
    assert!(after > before, "{before} {after}");
    assert_eq!([select, value, memory], [0x00C6_00C6, 2, 1]);
}

/// Conformance item 27; the counts while enabled are (U35).
#[test]
fn sensor_counts_only_while_enabled() {
    let program = Program::with_body(Setting::Flat, |code| {
        code.write(0xF800_0040, 0x0123)?;
        code.report(0, 0xF800_0048)?;
        code.write(0xF800_0040, 0x2123)?;
        code.report(1, 0xF800_0048)
    });
    let board = Board::ran(&program);
    assert_eq!(board.results(core(0)), [0, 0x0123 << 13 | 0x0123]);
}

/// The clocks a board is brought up with stand in GCBCFG; the global grid stays at 1600 MHz.
#[test]
fn clocks_of_the_board_show_in_its_registers() {
    let mut clocks = Clocks::new(MeshClock::Mhz1600, MemoryClock::Ddr1066).expect("a legal pair");
    clocks.set_divider(tile(3), 1).expect("800 MHz");
    clocks.set_divider(tile(23), 15).expect("100 MHz");
    let mut board = Board::with(Machine::builder().clocks(clocks));
    for (number, value) in [(0, 0x00A8_72FF), (3, 0x0070_71FF), (23, 0x0380_7FFF)] {
        let found = board.host_read_tile(tile(number), TileRegister::Gcbcfg);
        assert_eq!(found, value, "tile {number}: {found:#x}");
    }
    assert_eq!(board.host_read_fpga(FpgaRegister::FastClock), 1600);
}
