//! Checklist 76 and the latencies measured on silicon: how long accesses take, by RDTSC of a guest program.
//!
//! Tile 533 MHz, mesh 800 MHz, DDR 800, no contention, core 0. What a load costs is the time of 16 loads less
//! the time of none, divided by 16, with the code in the caches.

use boot_tests::guest::{Board, Code, Program, Result, Setting, core, layout, own_register, tile};
use iced_x86::code_asm::{dword_ptr, eax, esi};
use scc::address::{LutIndex, PhysAddr};
use scc::id::TileId;
use scc::lut::{LutEntry, SubDestination};
use scc::memory_type::MemoryType;
use scc::tile::{Gcbcfg, TileRegister};
use scc::timing::{MemoryClock, MeshClock};
use scc_emu::chip::clocks::Clocks;
use scc_emu::diagnostics::FindingKind;
use scc_emu::{Diagnostics, Machine};

const LOADS: u32 = 16;
/// The first page of each tile's message buffer, uncached; 4 KB per tile.
const BUFFERS: u32 = 0x0050_0000;
/// The own message buffer with the bypass bit in its LUT entry, uncached.
const BYPASS: u32 = 0x0060_0000;
/// A free LUT entry.
const BYPASS_ENTRY: LutIndex = LutIndex::new(0x70);

fn time_loads(code: &mut Code, slot: u32, at: u32, loads: u32) -> Result {
    code.repeat(2, |code| {
        // Waits for whatever is outstanding.
        code.read(layout::result(999))?;
        code.rdtsc()?;
        code.mov(esi, eax)?;
        (0..loads).try_for_each(|_| code.read(at))?;
        code.rdtsc()?;
        code.sub(eax, esi)?;
        code.result(slot, eax)
    })
}

/// Measures loads of each address with the divider of core 0's tile, and of the tiles in `others`; in cycles
/// of core 0.
fn measure<const N: usize>(addresses: [u32; N], divider: u8, others: &[(TileId, u8)]) -> [f64; N] {
    measure_on(Clocks::default(), addresses, divider, others)
}

/// As [`measure`], on a board brought up with `clocks`.
fn measure_on<const N: usize>(
    clocks: Clocks,
    addresses: [u32; N],
    divider: u8,
    others: &[(TileId, u8)],
) -> [f64; N] {
    let mut draft = Program::draft(Setting::Cached).map(BYPASS, BYPASS_ENTRY.base(), 1, MemoryType::Uncached);
    for tile in TileId::all() {
        let number = u32::from(tile.number());
        let buffer = PhysAddr::new(0xC000_0000 + (number << 24));
        draft = draft.map(BUFFERS + 0x1000 * number, buffer, 1, MemoryType::Uncached);
    }
    let program = draft.body(|code| {
        code.mov(eax, Gcbcfg::for_divider(divider, clocks.mesh()).into_bits() & !0x5)?;
        code.mov(dword_ptr(own_register(TileRegister::Gcbcfg)), eax)?;
        time_loads(code, 0, 0, 0)?;
        (1..).zip(addresses).try_for_each(|(slot, at)| time_loads(code, slot, at, LOADS))
    });
    let mut board = Board::with(Machine::builder().clocks(clocks).diagnostics(Diagnostics::Warn));
    let bypass = LutEntry::new(true, tile(0).route(), SubDestination::Mpb, 0);
    board.machine_mut().fabric_mut().set_lut(core(0), BYPASS_ENTRY, bypass);
    for &(tile, divider) in others {
        let value = Gcbcfg::for_divider(divider, clocks.mesh()).into_bits();
        board.host_write_tile(tile, TileRegister::Gcbcfg, value);
    }
    board.launch(core(0), &program);
    board.run();
    for report in board.machine().reports() {
        assert!(!matches!(report.finding.kind, FindingKind::BypassMisuse { .. }), "{report}");
    }
    let overhead = board.result(core(0), 0);
    let mut slot = 1..;
    addresses.map(|_| {
        let time = board.result(core(0), slot.next().expect("endless")) - overhead;
        f64::from(time) / f64::from(LOADS)
    })
}

fn buffer_of(tile: u32) -> u32 {
    BUFFERS + 0x1000 * tile
}

#[track_caller]
fn assert_near(found: f64, expected: f64) {
    assert!((found - expected).abs() <= 1.0, "{found} cycles, not {expected}");
}

/// Measured on silicon: 20 core cycles for the own buffer with bypass (U27), 102 for the buffer 8 hops away,
/// 97 for a word of the nearest memory controller.
#[test]
fn loads_take_as_long_as_on_silicon() {
    let [bypass, farthest, memory] = measure([BYPASS, buffer_of(23), 0x8000_0000], 2, &[]);
    assert_near(bypass, 20.0);
    assert_near(farthest, 102.0);
    assert_near(memory, 97.0);
}

/// Conformance item 76: the own buffer.
#[test]
fn own_message_buffer_takes_50_cycles_more_than_a_cache_hit() {
    let [buffer, hit] = measure([buffer_of(0), layout::DATA], 2, &[]);
    assert_near(hit, 1.0);
    assert_near(buffer - hit, 50.0);
}

/// Conformance item 76, (U58): each hop of a remote buffer costs 16/3 cycles.
#[test]
fn remote_message_buffers_take_five_and_a_third_cycles_per_hop() {
    // 1 to 8 hops: along the lowest row, then up the last column.
    let tiles = [1, 2, 3, 4, 5, 11, 17, 23];
    let times = measure(tiles.map(buffer_of), 2, &[]);
    for (hops, time) in (0..).zip(times) {
        assert_near(time - times[0], f64::from(hops) * 16.0 / 3.0);
    }
}

/// Conformance item 76: the four controllers are 0, 5, 2 and 7 hops away from core 0.
#[test]
fn memory_reads_grow_with_the_distance_of_the_controller() {
    let windows = [0x8000_0000, 0x8100_0000, 0x8200_0000, 0x8300_0000];
    let times = measure(windows, 2, &[]);
    for (time, hops) in times.into_iter().zip([0.0, 5.0, 2.0, 7.0]) {
        assert_near(time - times[0], hops * 16.0 / 3.0);
    }
}

/// Other clocks: a faster tile waits for less time but more of its cycles, because mesh and memory keep their
/// clocks; a slow tile far away makes its buffer slow.
#[test]
fn other_tile_clocks_change_only_their_own_share() {
    let addresses = [buffer_of(0), 0x8000_0000, layout::DATA];
    let [usual, fast, slow] = [2, 1, 15].map(|divider| measure(addresses, divider, &[]));
    let nanoseconds = |cycles: f64, divider: f64| cycles * (divider + 1.0) * 0.625;
    for access in [0, 1] {
        assert!(fast[access] > usual[access] && usual[access] > slow[access]);
        assert!(nanoseconds(fast[access], 1.0) < nanoseconds(usual[access], 2.0));
        assert!(nanoseconds(usual[access], 2.0) < nanoseconds(slow[access], 15.0));
    }
    for times in [usual, fast, slow] {
        assert_near(times[2], 1.0);
    }
    let [near] = measure([buffer_of(1)], 2, &[]);
    let [slowed] = measure([buffer_of(1)], 2, &[(tile(1), 15)]);
    assert!(slowed > near + 20.0, "{slowed} {near}");
}

/// Other clocks of mesh and memory. With c a tile cycle, m a mesh cycle and tiles no faster than the mesh, the
/// model's sums are 20 c for the bypass, 45 c + 8 m for the own buffer, 54 c + 72 m for the one 8 hops away, and
/// 40 c + 8 m + 95 ns for memory, 71.25 ns as DDR3-1066. Each divider is set once before power-up and once by
/// the running program.
#[test]
fn other_mesh_and_memory_clocks_follow_the_formula() {
    let addresses = [BYPASS, buffer_of(0), buffer_of(23), 0x8000_0000];
    for (mesh, memory, divider, expected) in [
        (MeshClock::Mhz800, MemoryClock::Ddr800, 2, [20.0, 50.33, 102.0, 96.0]),
        (MeshClock::Mhz800, MemoryClock::Ddr800, 1, [20.0, 53.0, 126.0, 124.0]),
        (MeshClock::Mhz1600, MemoryClock::Ddr800, 2, [20.0, 47.67, 78.0, 93.33]),
        (MeshClock::Mhz1600, MemoryClock::Ddr1066, 2, [20.0, 47.67, 78.0, 80.67]),
        (MeshClock::Mhz1600, MemoryClock::Ddr1066, 1, [20.0, 49.0, 90.0, 101.0]),
        (MeshClock::Mhz1600, MemoryClock::Ddr800, 1, [20.0, 49.0, 90.0, 120.0]),
        (MeshClock::Mhz1600, MemoryClock::Ddr1066, 15, [20.0, 45.5, 58.5, 47.63]),
    ] {
        let usual = Clocks::new(mesh, memory).expect("a legal pair");
        let mut set = usual;
        TileId::all().for_each(|tile| set.set_divider(tile, divider).expect("1 to 15"));
        let others: Vec<_> = TileId::all().skip(1).map(|tile| (tile, divider)).collect();
        for found in
            [measure_on(set, addresses, divider, &[]), measure_on(usual, addresses, divider, &others)]
        {
            for (found, expected) in found.into_iter().zip(expected) {
                assert!(
                    (found - expected).abs() <= 1.0,
                    "{mesh:?} {memory:?} d{divider}: {found} for {expected}"
                );
            }
        }
    }
}

/// (U63): a memory controller serves one line per 6 ns in order; 30 cores that read it without pause want more
/// than it has. A core that reads another controller notices only the few lines of code that neighbours of that
/// controller fetch from it when they start.
#[test]
fn a_busy_memory_controller_slows_its_own_readers_only() {
    let reader = |at: u32| {
        Program::with_body(Setting::Cached, |code| {
            // The second pass has its code in the caches.
            code.repeat(2, |code| {
                code.rdtsc()?;
                code.mov(esi, eax)?;
                (0..100).try_for_each(|_| code.read(at))?;
                code.rdtsc()?;
                code.sub(eax, esi)?;
                code.result(0, eax)
            })
        })
    };
    let (first, second) = (0x8000_0000, 0x8100_0000);
    let times = |others: u8| {
        let mut board = Board::new();
        board.launch(core(0), &reader(first));
        board.launch(core(47), &reader(second));
        for number in 1..=others {
            board.launch(core(number), &reader(first));
        }
        board.run();
        [0, 47].map(|number| board.result(core(number), 0))
    };
    let [near, other] = times(0);
    let [crowded, unmoved] = times(40);
    assert!(crowded > near * 11 / 10, "{crowded} cycles among 40 others, {near} alone");
    assert!(unmoved < other + other / 500, "{unmoved} cycles on another controller, {other} alone");
}
