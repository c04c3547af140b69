//! What a trace says, from the file to what is shown, for a chip whose every record is known.

mod damage;
mod figures;
mod perfetto;
mod synthetic;
mod why;

use std::io::Cursor;

use scc_trace::{Trace, read_bytes};

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
