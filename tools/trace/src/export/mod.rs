//! A trace for other viewers: Perfetto's own format, the JSON of Chrome's tracing, a table.
//!
//! Perfetto and Chrome show the same drawing ([`drawing`]): a process for each core; in it a thread for each task with its
//! polls and the interrupts in them, a thread for the core with what happens outside of polls, and the number of ready
//! tasks. Arrows lead from a wake to its poll and from a letter written to the letter read.

pub mod chrome;
pub mod csv;
pub mod drawing;
pub mod perfetto;
mod perfetto_schema;
