//! What `monitor` commands say about a core that has run.

use super::{Listener, adding};
use crate::gdb::session::{Attachment, Session};
use crate::machine::flat_program::{core, start};
use crate::machine::{Limits, Machine};

/// Runs the adding program on core 5 and answers `command` for it.
fn answer(command: &str) -> String {
    let (code, ..) = adding();
    let mut machine = Machine::builder().build();
    start(&mut machine, core(5), &code);
    machine.run(&Limits::default());
    let mut supervisor = Listener::default();
    let attachment = Attachment {
        machine: &mut machine,
        supervisor: &mut supervisor,
        symbols: None,
        tracer: None,
        until: None,
    };
    Session::new(attachment).answer(command.parse().unwrap())
}

#[test]
fn caches_tell_where_a_line_is() {
    assert_eq!(answer("caches 0x1000 5"), "core 5 line 0x00001000 WriteBack: L1D -, L1I valid, L2 clean");
    // The store missed and allocated nothing; the load at the end filled the line.
    assert_eq!(answer("caches 0x2000 5"), "core 5 line 0x00002000 WriteBack: L1D E, L1I -, L2 clean");
}

#[test]
fn addresses_are_followed_to_the_mesh() {
    let text = answer("translate 0x1010 5");
    assert!(text.starts_with("linear 0x00001010 -> physical 0x00001010 WriteBack -> route 0x"), "{text}");
    assert_eq!(answer("tlb 5"), "data TLB: 0 translations\ncode TLB: 0 translations\n", "paging is off");
}

#[test]
fn registers_show_what_gdb_has_no_names_for() {
    let text = answer("registers 5");
    assert!(text.starts_with("core 05 tile (2,0) halted\ncore 5 at EIP 0x"), "{text}");
    assert!(text.contains("CS   0008 base 00000000 limit ffffffff access 9b 32-bit\n"), "{text}");
    assert!(text.contains("CR0 00000001 CR2 00000000"), "{text}");
}

#[test]
fn counts_are_json_and_nothing_has_stopped_yet() {
    let counts: serde_json::Value = serde_json::from_str(&answer("stats")).unwrap();
    assert_eq!(counts["cores"][0]["core"], 5);
    assert_eq!(answer("why"), "the machine has not run under this debugger yet");
    assert!(answer("help").contains("monitor tlb [CORE]"));
}
