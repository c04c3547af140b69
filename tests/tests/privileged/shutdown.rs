//! Third faults: the processor shuts down, and prints nothing any more.

use boot_tests::judged::layout::{DATA, IDT, selector};
use boot_tests::judged::{Case, Result, Suite, gate};
use i586::page::PageEntry;
use i586::segment::{Descriptor, SystemKind};
use iced_x86::code_asm::{eax, fword_ptr};
use std::path::Path;

/// A case before, so that there is something to compare, then one that must not come back.
fn shuts_down(name: &str, describe: impl FnOnce(&mut Case) -> Result) {
    let mut suite = Suite::new();
    suite.case("before", |case| case.ring(3).probe(|a| a.mov(eax, 5)));
    suite.case("shutdown", describe);
    suite.case("after", |case| case.probe(|_| Ok(())));
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("privileged");
    boot_tests::judged::assert_shutdown(&directory, name, suite);
}

#[test]
fn empty_interrupt_table_shuts_down() {
    shuts_down("shutdown_empty_table", |case| {
        case.words(DATA, &[0, 0]);
        case.prepare(|a| a.lidt(fword_ptr(DATA)))?;
        case.probe(|a| a.ud2())
    });
}

#[test]
fn fault_of_the_double_fault_handler_shuts_down() {
    shuts_down("shutdown_handler", |case| {
        for vector in [8, 13] {
            case.vector_contents(vector, Descriptor::NULL);
        }
        case.ring(3).probe(|a| a.cli())
    });
}

#[test]
fn page_fault_on_the_handlers_stack_shuts_down() {
    shuts_down("shutdown_stack", |case| {
        let handler = gate(SystemKind::InterruptGate32, selector::CODE, 0, 0);
        case.vector(8, handler).paging().page(0x1_4000, PageEntry::empty());
        // Ring 0's stack is gone, the table still there.
        case.words(IDT, &[0, 0]).stack(selector::DATA, 0x1_4300).probe(|a| a.nop())
    });
}

#[test]
fn absent_interrupt_table_shuts_down() {
    shuts_down("shutdown_absent_table", |case| {
        case.words(DATA, &[0x0FFF, DATA >> 16]).paging().page(DATA, PageEntry::empty());
        case.words(DATA, &[0x07FF | DATA << 16, DATA >> 16]);
        case.prepare(|a| a.lidt(fword_ptr(DATA)))?;
        case.probe(|a| a.int(0x40))
    });
}
