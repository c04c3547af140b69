//! The debugger's door: gdb connects over TCP and sees all cores as threads 1 to 48.
//!
//! ```text
//!  gdb ── TCP ── gdbstub ── target ── session ─┬─ points          breakpoints, watchpoints
//!                                              ├─ run             until something stops the machine
//!                                              ├─ register_file   registers in gdb's order
//!                                              └─ monitor         `monitor` commands
//! ```
//!
//! All-stop: whatever stops one core stops the machine, at one point of its deterministic order. Looking never
//! disturbs it: no TLB entry, accessed bit, cache line, lock or counter changes.
//!
//! - *Memory* is linear memory of the selected thread's core, through its TLB, page tables and caches.
//! - *continue* lets all cores run. *step* executes one instruction of one core; the others run meanwhile, in
//!   global order, unless gdb asks for scheduler locking (`set scheduler-locking step`, and by itself when it
//!   steps off a breakpoint). Then they stand still, the stepped core's clock gets ahead of theirs by what it
//!   used, and they catch up first afterwards; latencies of accesses during locked steps are approximate. An
//!   interrupt that is due is taken by the step: it ends at the handler's first instruction.
//! - *Breakpoints* compare linear addresses of all cores; software and hardware ones are the same, memory is not
//!   patched, and without any the machine runs at full speed.
//! - *Watchpoints* are reported after the instruction that made the access.

mod architecture;
mod monitor;
mod points;
mod register_file;
mod run;
mod server;
mod session;
mod stop;
mod target;
#[cfg(test)]
mod tests;

pub use server::{GdbError, Server, SessionEnd};
pub use session::{Attachment, Supervisor};
