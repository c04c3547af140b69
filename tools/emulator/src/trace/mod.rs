//! A text trace of what cores do: one line per instruction, mesh transaction, interrupt and exception.
//!
//! ```text
//! cycles core kind
//!   1234 05 exec 00100000 0008:00100000 b801000000           mov eax,1  ; eax=00000001
//!   1240 05 bus  NCRD 4 f8000100 route 0x00 CRB address 0x000000100 = 01000000  102 cycles
//!   1310 05 int  vector 0x20 at 00100005
//!   1402 05 exc  vector 0x0e code 0x0002 cr2 00400000 at 00100020
//! ```
//!
//! - *cycles* is the core's time-stamp counter, in decimal; `exec` shows it before the instruction.
//! - `exec`: linear address, CS:EIP, bytes, disassembly, and after `;` what the instruction changed: registers,
//!   selectors and control registers with their new values. An instruction that faulted shows no changes. A
//!   repeated string instruction that was interrupted appears once for every resumption.
//! - `bus`: command of the transaction (SCC reference §2.8), bytes, core-physical and system address or port,
//!   data in address order, and the round trip in core cycles. In the fast model DRAM is no transaction.
//! - `int` and `exc`: vector, error code, CR2 of page faults, and the linear address that was interrupted.
//!
//! Lines are in the order in which the emulator runs cores: per core by time, between cores by slice. Identical
//! runs give identical bytes.
//!
//! A traced core executes the same blocks as an untraced one, so times and everything else are
//! those of the same run without a trace.

mod delta;
mod options;
mod run;
#[cfg(test)]
mod tests;
mod text;
mod tracer;

pub use options::{Events, TraceFilter, TraceOptionError, TraceOptions};
pub use tracer::{TraceError, Tracer};
