//! The lines of a trace.

use crate::chip::{BusEvent, BusTarget};
use crate::cpu::delivery::{Cause, Delivery};
use iced_x86::{Decoder, DecoderOptions, Formatter, IntelFormatter};
use scc::command::Command;
use scc::timing::Time;
use std::fmt::Write;

/// Longest instruction in bytes.
pub(super) const MAX_LENGTH: usize = 15;

const INFALLIBLE: &str = "writing to a string cannot fail";

/// Turns instructions into text.
pub(super) struct Disassembler {
    formatter: IntelFormatter,
    text: String,
}

impl Disassembler {
    pub(super) fn new() -> Self {
        let mut formatter = IntelFormatter::new();
        let options = formatter.options_mut();
        options.set_hex_prefix("0x");
        options.set_hex_suffix("");
        options.set_uppercase_hex(false);
        options.set_space_after_operand_separator(false);
        options.set_branch_leading_zeros(false);
        Disassembler { formatter, text: String::new() }
    }

    /// Appends bytes and text of the instruction at the start of `bytes`.
    pub(super) fn write(&mut self, out: &mut String, bytes: &[u8], eip: u32, wide: bool) {
        let bitness = if wide { 32 } else { 16 };
        let mut decoder = Decoder::with_ip(bitness, bytes, u64::from(eip), DecoderOptions::NO_INVALID_CHECK);
        let instruction = decoder.decode();
        self.text.clear();
        if instruction.is_invalid() {
            self.text.push_str("(bad)");
        } else {
            self.formatter.format(&instruction, &mut self.text);
        }
        let length = if instruction.is_invalid() { bytes.len().min(1) } else { instruction.len() };
        let start = out.len();
        for byte in &bytes[..length] {
            write!(out, "{byte:02x}").expect(INFALLIBLE);
        }
        let width = out.len() - start;
        write!(out, "{:1$} {2}", "", 20_usize.saturating_sub(width), self.text).expect(INFALLIBLE);
    }
}

/// `cycles core kind`, the beginning of every line.
pub(super) fn write_head(out: &mut String, cycles: u64, core: u8, kind: &str) {
    write!(out, "{cycles:>12} {core:02} {kind:4} ").expect(INFALLIBLE);
}

/// The rest of a `bus` line. `period` is the core's.
pub(super) fn write_transaction(out: &mut String, event: &BusEvent, period: Time) {
    write!(out, "{} {} ", name(event.command), event.bytes).expect(INFALLIBLE);
    match event.target {
        BusTarget::Memory { physical, system } => write!(out, "{:08x} {system}", physical.get()),
        BusTarget::Port(port) => write!(out, "port {port:#06x}"),
    }
    .expect(INFALLIBLE);
    out.push_str(" = ");
    for byte in event.data() {
        write!(out, "{byte:02x}").expect(INFALLIBLE);
    }
    match event.done {
        Some(done) => {
            let cycles = done.saturating_sub(event.issued).cycles_ceil(period);
            write!(out, "  {cycles} cycles").expect(INFALLIBLE);
        }
        None => out.push_str("  no answer"),
    }
}

/// The rest of an `int` or `exc` line.
pub(super) fn write_delivery(out: &mut String, delivery: &Delivery) {
    write!(out, "vector {:#04x}", delivery.vector).expect(INFALLIBLE);
    if let Some(code) = delivery.code {
        write!(out, " code {code:#06x}").expect(INFALLIBLE);
    }
    if let Some(address) = delivery.address {
        write!(out, " cr2 {address:08x}").expect(INFALLIBLE);
    }
    write!(out, " at {:08x}", delivery.before.linear_eip).expect(INFALLIBLE);
}

/// The kind of a delivery's line.
pub(super) fn kind(delivery: &Delivery) -> &'static str {
    match delivery.cause {
        Cause::Hardware | Cause::Software => "int",
        Cause::Exception => "exc",
    }
}

/// The reference's name of a command.
fn name(command: Command) -> &'static str {
    match command {
        Command::ReadLine => "RDO",
        Command::ReadPartial => "NCRD",
        Command::WritePartial => "NCWR",
        Command::WriteCombined => "WCWR",
        Command::WriteBack => "WBI",
        Command::PortRead => "NCIORD",
        Command::PortWrite => "NCIOWR",
        Command::LineData => "DATACMP",
        Command::PartialData => "NCDATACMP",
        Command::WriteComplete => "MEMCMP",
        Command::Abort => "ABORT",
    }
}
