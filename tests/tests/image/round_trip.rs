//! Memory after loading an image is what the segments of the ELF file say, on every core and board.

use scc::address::{LutIndex, PhysAddr};
use scc::id::CoreId;
use scc::lut::{BoardMemory, default_entry};
use scc_boot::load_image;
use scc_emu::Machine;
use scc_image::{BootFrom, Image, KernelFile, Recipe, write_folder};
use trace_format::symbols::SymbolTable;

use crate::elf::{Label, Segment, executable};
use crate::folder;

/// Bytes that differ from their neighbours and from those of other seeds.
fn bytes(seed: usize, length: usize) -> Vec<u8> {
    (0..length).map(|at| (at * 7 + seed * 31 + at / 256).to_le_bytes()[0]).collect()
}

fn kernel() -> Vec<u8> {
    let segment = |physical, linked, seed, length, zeroes| Segment {
        physical,
        linked,
        bytes: bytes(seed, length),
        zeroes,
    };
    executable(
        &[
            segment(0x0010_0000, 0x0010_0000, 1, 100, 0),
            // Neither begins nor ends with a line, and crosses from one 16 MB window into the next.
            segment(0x00FF_FFF3, 0xF0FF_FFF3, 2, 0x1234, 0x100),
            segment(0x0200_0001, 0xF200_0001, 3, 1, 0),
            segment(0xFFFF_F000, 0xFFFF_F000, 4, 0x1000, 0),
        ],
        &[
            Label { name: "_ZN6kernel4mainE", value: 0xF0FF_FFF3, size: 16 },
            Label { name: "boot_command_line", value: 0x1000, size: 0 },
            Label { name: "symbol_table", value: 0xF200_0020, size: 0 },
        ],
    )
}

fn loaded(name: &str, recipe: Recipe) -> (Machine, Vec<CoreId>) {
    let (memory, folder) = (recipe.memory, folder(name));
    let kernel = KernelFile::parse(&kernel()).expect("an ELF file");
    write_folder(&Image::new(&kernel, recipe).expect("fits"), &folder).expect("writable");
    let mut machine = Machine::builder().memory(memory).poison(true).build();
    let cores = load_image(&mut machine, memory, &folder).expect("what was written loads");
    (machine, cores)
}

fn memory(machine: &Machine, core: CoreId, at: u32, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    machine.read_core_memory(core, PhysAddr::new(at), &mut bytes).expect("memory");
    bytes
}

#[test]
fn every_core_gets_the_segments_on_every_board() {
    for board in BoardMemory::ALL {
        let recipe = Recipe { memory: board, ..Recipe::default() };
        let (machine, cores) = loaded(&format!("{board:?}"), recipe);
        assert!(cores.into_iter().eq(CoreId::all()));
        for core in CoreId::all() {
            assert_eq!(memory(&machine, core, 0x0010_0000, 100), bytes(1, 100), "core {core}");
            assert_eq!(memory(&machine, core, 0x00FF_FFF3, 0x1234), bytes(2, 0x1234), "core {core}");
            assert_eq!(memory(&machine, core, 0x0200_0001, 1), bytes(3, 1), "core {core}");
            assert_eq!(memory(&machine, core, 0xFFFF_F000, 0x1000), bytes(4, 0x1000), "core {core}");
        }
    }
}

#[test]
fn rest_of_touched_lines_is_zero_and_other_memory_is_left_alone() {
    let (machine, _) = loaded("lines", Recipe::default());
    let core = CoreId::new(31).expect("a core");
    assert_eq!(memory(&machine, core, 0x00FF_FFE0, 0x13), [0; 0x13]);
    assert_eq!(memory(&machine, core, 0x00FF_FFDF, 1), [0xA5]);
    assert_eq!(memory(&machine, core, 0x0010_0064, 28), [0; 28]);
    assert_eq!(memory(&machine, core, 0x0010_0080, 2), [0xA5; 2]);
}

#[test]
fn command_line_and_names_lie_where_the_kernel_looks_for_them() {
    let recipe = Recipe { command_line: Some("selftest".to_owned()), ..Recipe::default() };
    let (machine, _) = loaded("extras", recipe);
    let core = CoreId::new(5).expect("a core");
    assert_eq!(memory(&machine, core, 0x1000, 9), b"selftest\0");
    let table = memory(&machine, core, 0x0200_0020, 0x100);
    let place = SymbolTable::parse(&table).expect("a table").lookup(0xF0FF_FFF4).expect("named");
    assert_eq!(place.to_string(), "kernel::main+0x1");
}

#[test]
fn luts_are_written_for_the_used_cores_and_no_others() {
    let cores = "0,3,47".parse().expect("cores");
    let boot_from = BootFrom::FirstCore;
    let (machine, loaded) = loaded("luts", Recipe { cores, boot_from, ..Recipe::default() });
    assert_eq!(loaded.iter().map(|core| core.number()).collect::<Vec<_>>(), [0]);
    for core in CoreId::all() {
        let used = [0, 3, 47].contains(&core.number());
        for index in LutIndex::all() {
            let entry = default_entry(BoardMemory::Gb32, core, index).filter(|_| used);
            let expected = entry.map_or(0, |entry| entry.bits());
            assert_eq!(machine.fabric().lut(core, index).bits(), expected, "core {core}, entry {index}");
        }
    }
}
