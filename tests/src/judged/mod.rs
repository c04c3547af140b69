//! Privileged behaviour judged by three machines: cases, the ROM they run in, and the comparison.
//!
//! A [`Suite`] of cases becomes 64 KB ROMs that boot unchanged on scc-emu, on QEMU's PC and on Bochs. For
//! every case they print one line: the exception that ended it and everything that changed. The lines must
//! agree, except where a table of [`Difference`]s says who differs and why.
//!
//! ```text
//! layout     where everything lies
//! monitor    the program around the cases, and the lines it prints
//! case       what a case begins with and what it probes
//! volume     cases put together to a ROM; base: what all of them begin with
//! suite      as many ROMs as the cases need
//! boot       from the reset vector to the ROM's copy in RAM
//! machine    boots a ROM on each of the machines
//! compare    lines against lines, differences against the table
//! ```

mod base;
mod boot;
mod case;
mod compare;
pub mod layout;
mod machine;
mod monitor;
mod suite;
mod volume;

pub use case::{Case, DataSegment, Register, gate};
pub use compare::{Difference, assert_agreement, assert_shutdown};
pub use machine::{Judge, Outcome, Transcript};
pub use monitor::{OPEN_VECTOR, Result, stub, stub_16};
pub use suite::Suite;
