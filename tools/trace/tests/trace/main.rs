//! What a trace says, from the file to what is shown, for a chip whose every record is known.

mod command;
mod damage;
mod figures;
mod inside;
mod log;
mod perfetto;
mod picture;
mod synthetic;
mod why;

use std::io::Cursor;

use scc::id::CoreId;
use scc_trace::{About, Anchor, Collector, Trace, Visit, read_bytes};
use trace_format::record::{Event, Stamped};

/// The bytes of a trace of the synthetic chip.
fn bytes(cores: u8, rounds: u64, lose: Option<(u8, u64)>) -> Vec<u8> {
    let mut out = Cursor::new(Vec::new());
    synthetic::write(&mut out, cores, rounds, lose).expect("memory is written without fail");
    out.into_inner()
}

/// A trace of the synthetic chip.
fn trace(cores: u8, rounds: u64) -> Trace {
    read_bytes(&bytes(cores, rounds, None), false, |_, _| {}).expect("the file is whole")
}

/// A trace of cores 0, 1, ... with these records, each with its cycles. Cycles are microseconds.
fn made_of(cores: &[Vec<(u64, Event)>]) -> Trace {
    let mut out = Cursor::new(Vec::new());
    let mut collector = Collector::new(&mut out, &About::default()).expect("memory is written without fail");
    for (core, events) in CoreId::all().zip(cores) {
        let records: Vec<_> =
            events.iter().map(|(cycles, event)| Stamped { cycles: *cycles, event: *event }).collect();
        for cycles in [0, records.last().map_or(0, |last| last.cycles)] {
            let records = if cycles == 0 { &[] } else { records.as_slice() };
            let anchor = Anchor { cycles, picoseconds: 1 + cycles * 1_000_000 };
            let visit = Visit { anchor, lost: 0, unknown: 0, kilohertz: 1_000, records };
            let text = |place: trace_format::record::TextPlace| format!("task {}", place.address);
            collector.take(core, &visit, text).expect("memory is written without fail");
        }
    }
    collector.finish("made").expect("memory is written without fail");
    read_bytes(&out.into_inner(), false, |_, _| {}).expect("the file is whole")
}
