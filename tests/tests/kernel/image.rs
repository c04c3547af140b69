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

/// The patterns of hot functions' names in the linker script, without what every section's name begins with.
fn hot_patterns() -> impl Iterator<Item = &'static str> {
    let script = include_str!("../../../kernel/sections.ld");
    let hot = script.split_once("hot_text_start").and_then(|(_, rest)| rest.split_once("hot_text_end"));
    let (hot, _) = hot.expect("the script lays hot code out");
    hot.lines().filter_map(|line| line.trim().strip_prefix("*(.text.")?.strip_suffix(')'))
}

/// Whether a name consists of what lies between the stars of a pattern, in this order.
fn matches(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let rest = name.strip_prefix(first);
    rest.is_some_and(|rest| parts.try_fold(rest, |rest, part| Some(rest.split_once(part)?.1)).is_some())
}

#[test]
fn hot_code_is_together_and_takes_three_quarters_of_l1() {
    let file = object::File::parse(elf()).expect("the linker wrote a good file");
    let place = |name| file.symbol_by_name(name).expect("the linker script defines it").address();
    let (start, end) = (place("hot_text_start"), place("hot_text_end"));
    assert!((4 << 10..=13 << 10).contains(&(end - start)), "{} bytes", end - start);
    let names: Vec<&str> = file
        .symbols()
        .filter(|symbol| (start..end).contains(&symbol.address()))
        .filter_map(|symbol| symbol.name().ok())
        .collect();
    assert!(hot_patterns().count() > 10);
    for pattern in hot_patterns() {
        assert!(names.iter().any(|name| matches(pattern, name)), "nothing matches {pattern}");
    }
}

#[test]
fn places_that_tools_look_for_are_named() {
    let file = object::File::parse(elf()).expect("the linker wrote a good file");
    for name in ["TRACE_RING", "symbol_table", "boot_command_line", "boot_command_line_end", "reset_vector"] {
        assert!(file.symbol_by_name(name).is_some_and(|symbol| symbol.address() != 0), "{name}");
    }
}
