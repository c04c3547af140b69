//! The kernel's image: its size, and what tools find in it.

use boot_tests::kernel::{elf, pc};
use object::{Object, ObjectSection, ObjectSymbol, SectionKind, SymbolKind};

/// Code, constants and initialised data of the whole image.
const MOST_BYTES: u64 = 384 << 10;

/// The same without the functions that belong to guests: the kernel proper.
const MOST_BYTES_OF_KERNEL: u64 = 256 << 10;

/// What the name of a function of the guests' part holds. Functions inlined elsewhere count as the kernel's.
const GUESTS: [&str; 2] = ["hypervisor", "guest_abi"];

#[test]
fn image_and_kernel_proper_keep_their_sizes() {
    for image in [elf(), &pc::elf()] {
        let file = object::File::parse(image).expect("the linker wrote a good file");
        let kinds =
            [SectionKind::Text, SectionKind::Data, SectionKind::ReadOnlyData, SectionKind::ReadOnlyString];
        let sections =
            file.sections().filter(|section| kinds.contains(&section.kind()) && section.address() != 0);
        let whole: u64 = sections.map(|section| section.size()).sum();
        let of_guests = |symbol: &object::Symbol<'_, '_>| {
            symbol.kind() == SymbolKind::Text
                && symbol.name().is_ok_and(|name| GUESTS.iter().any(|part| name.contains(part)))
        };
        let guests: u64 = file.symbols().filter(of_guests).map(|symbol| symbol.size()).sum();
        assert!((4 << 10..MOST_BYTES).contains(&whole), "{whole} bytes");
        assert!(guests > 4 << 10, "only {guests} bytes of functions are named after guests");
        let kernel = whole - guests;
        assert!(kernel < MOST_BYTES_OF_KERNEL, "{kernel} bytes without the {guests} of guests");
    }
}

#[test]
fn places_that_tools_look_for_are_named() {
    let file = object::File::parse(elf()).expect("the linker wrote a good file");
    for name in ["TRACE_RING", "symbol_table", "boot_command_line", "boot_command_line_end", "reset_vector"] {
        assert!(file.symbol_by_name(name).is_some_and(|symbol| symbol.address() != 0), "{name}");
    }
}
