//! Barriers: all members of a group arrive before any goes on.
//!
//! [`FlagBarrier`] spreads arrival in log2 n rounds through flags in message buffers; [`CounterBarrier`] counts
//! arrivals in one FPGA counter, at about 600 cycles for every look.

mod counter;
mod flag;

pub use counter::CounterBarrier;
pub use flag::{BarrierError, FlagBarrier};
