//! The kernel's image: its size, and what tools find in it.

use boot_tests::kernel::{elf, pc};
use object::{Object, ObjectSection, ObjectSymbol, SectionKind};

/// Code, constants and initialised data together: decision 0006.
const MOST_BYTES: u64 = 640 << 10;

#[test]
fn text_and_data_stay_below_640_kilobytes() {
    for image in [elf(), &pc::elf()] {
        let file = object::File::parse(image).expect("the linker wrote a good file");
        let kinds =
            [SectionKind::Text, SectionKind::Data, SectionKind::ReadOnlyData, SectionKind::ReadOnlyString];
        let sections =
            file.sections().filter(|section| kinds.contains(&section.kind()) && section.address() != 0);
        let bytes: u64 = sections.map(|section| section.size()).sum();
        assert!((4 << 10..MOST_BYTES).contains(&bytes), "{bytes} bytes");
    }
}

#[test]
fn places_that_tools_look_for_are_named() {
    let file = object::File::parse(elf()).expect("the linker wrote a good file");
    for name in ["TRACE_RING", "symbol_table", "boot_command_line", "boot_command_line_end", "reset_vector"] {
        assert!(file.symbol_by_name(name).is_some_and(|symbol| symbol.address() != 0), "{name}");
    }
}
