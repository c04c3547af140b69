//! The default LUT as a whole: worked examples, every index, and the tools' variants.
//!
//! Source: SCC reference §3.3, §3.4.

use scc::address::{LutIndex, PhysAddr, SystemAddr};
use scc::fpga::{FpgaPort, FpgaRegister};
use scc::id::{CoreId, TileId};
use scc::lut::{
    BoardMemory, MemoryController, SubDestination, default_entry, default_entry_one_slot, filler_entry,
};
use scc::map;
use scc::tile::TileRegister;

const BOARD: BoardMemory = BoardMemory::Gb32;

fn core(number: u8) -> CoreId {
    CoreId::new(number).expect("tests name existing cores")
}

/// Entry and routed address of a core physical address on a 32 GB board.
fn decode(number: u8, address: u32) -> (u32, SystemAddr) {
    let address = PhysAddr::new(address);
    let entry = default_entry(BOARD, core(number), address.lut_index()).expect("the address is mapped");
    (entry.bits(), entry.translate(address))
}

#[test]
fn memory_examples_reach_the_right_byte_of_the_right_controller() {
    let examples = [
        (0, 0x0010_0000, 0x01800, MemoryController::Mc0, 0x0_0010_0000),
        (1, 0x0010_0000, 0x01829, MemoryController::Mc0, 0x0_2910_0000),
        (47, 0xFFFF_FFF0, 0x4B1FF, MemoryController::Mc3, 0x1_FFFF_FFF0),
        (20, 0x8100_0040, 0x0B1EC, MemoryController::Mc1, 0x1_EC00_0040),
        (0, 0xFFFF_FFF0, 0x019F4, MemoryController::Mc0, 0x1_F4FF_FFF0),
    ];
    for (number, address, bits, controller, byte) in examples {
        let (entry, system) = decode(number, address);
        assert_eq!(entry, bits);
        assert_eq!(MemoryController::at(system.route, system.sub), Some(controller));
        assert_eq!(system.controller_addr().get(), byte);
    }
}

#[test]
fn register_examples_reach_the_right_register() {
    let (entry, system) = decode(30, 0xF900_8224);
    assert_eq!(entry, 0x07500);
    assert_eq!((system.route, system.sub, system.address), (0x03, SubDestination::South, 0x1_0000_8224));
    assert_eq!(FpgaPort::of(system.address), FpgaPort::Registers);
    assert!(matches!(FpgaRegister::from_offset(0x8224), Some(FpgaRegister::Timestamp(_))));

    let (entry, system) = decode(30, 0xE100_0200);
    assert_eq!(entry, 0x02800);
    assert_eq!((system.route, system.sub), (core(2).tile().route(), SubDestination::Crb));
    assert_eq!(TileRegister::from_offset(0x200), Some(TileRegister::Lock(core(2).slot())));

    let (entry, system) = decode(13, 0xF800_17F8);
    assert_eq!(entry, 0x20800);
    assert_eq!((system.route, system.sub), (0x10, SubDestination::Crb));
    assert_eq!(TileRegister::from_offset(0x17F8), Some(TileRegister::Lut(1, LutIndex::new(255))));

    assert_eq!(decode(30, 0xFB00_0000).0, 0x01400);
    assert_eq!(decode(30, 0xFA00_0000).0, 0x07600);
    assert_eq!(FpgaPort::of(decode(30, 0xFA00_0000).1.address), FpgaPort::HostWindow);
    assert_eq!(decode(30, 0xFC00_0000).0, 0x07580);
    assert_eq!(FpgaPort::of(decode(30, 0xFC00_0000).1.address), FpgaPort::Memory);
}

#[test]
fn message_buffer_examples_reach_the_right_half() {
    let (entry, system) = decode(30, 0xC700_2010);
    assert_eq!(entry, 0x22C00);
    let tile = TileId::from_route(system.route).expect("the example names a tile");
    let offset = system.mpb_offset();
    assert_eq!((offset.get(), offset.offset_in_line()), (0x2010, 0x10));
    assert_eq!(CoreId::from_tile(tile, offset.slot()), Some(core(15)));

    let (entry, system) = decode(10, 0xD800_0000);
    assert_eq!(entry, 0x0AC00);
    assert_eq!(TileId::from_route(system.route), Some(core(10).tile()));
    assert!(!system.bypass);
}

#[test]
fn private_slots_are_consecutive_and_never_shared() {
    for board in BoardMemory::ALL {
        let mut taken = std::collections::HashSet::new();
        for core in CoreId::all() {
            let indices = (0..board.private_slots()).chain([0xFF]);
            for index in indices {
                let entry = default_entry(board, core, LutIndex::new(index)).expect("private memory");
                assert!(taken.insert(entry.bits()), "slot {entry} of core {core} has a second owner");
                assert!(u64::from(entry.extension()) << 24 < board.bytes_per_controller());
            }
        }
        for controller in MemoryController::ALL {
            let shared = decode_shared(board, controller);
            assert!(taken.insert(shared), "shared slot {shared:#x} is private too");
        }
    }
}

fn decode_shared(board: BoardMemory, controller: MemoryController) -> u32 {
    let index = map::shared_dram_of(controller).lut_index();
    default_entry(board, core(0), index).expect("shared memory is mapped").bits()
}

#[test]
fn unwritten_indices_are_the_gaps_of_the_map() {
    for board in BoardMemory::ALL {
        for index in LutIndex::all() {
            let number = index.get();
            let written = number < board.private_slots()
                || (0x80..=0x83).contains(&number)
                || (0xC0..=0xD8).contains(&number)
                || (0xE0..=0xFC).contains(&number)
                || number == 0xFF;
            assert_eq!(default_entry(board, core(17), index).is_some(), written, "index {index}");
        }
    }
}

#[test]
fn tool_options_change_entry_zero_and_fill_the_gaps() {
    for core in CoreId::all() {
        let boot = default_entry(BOARD, core, map::index::BOOT_SLOT);
        assert_eq!(default_entry_one_slot(BOARD, core, LutIndex::new(0)), boot);
        for index in LutIndex::all().skip(1) {
            assert_eq!(default_entry_one_slot(BOARD, core, index), default_entry(BOARD, core, index));
        }
        let filler = filler_entry(BOARD, core);
        assert_eq!(filler.extension(), 0x1ED);
        assert_eq!(
            MemoryController::at(filler.route(), filler.sub_destination()),
            Some(MemoryController::of_core(core))
        );
    }
}
