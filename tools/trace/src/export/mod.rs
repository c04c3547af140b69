//! A trace for other viewers: Perfetto's own format, the JSON of Chrome's tracing, a table.
//!
//! Perfetto and Chrome show the same drawing ([`drawing`]): a process for each core; in it a thread for each task with its
//! polls and the interrupts in them, a thread for the core with what happens outside of polls, and the number of ready
//! tasks, and rows for calls and lent memory. Arrows lead from a wake to its poll, from a letter written to the letter read, and from a call
//! to its handler, from a block lent to its borrower, and back.

mod arrows;
pub mod chrome;
pub mod csv;
pub mod drawing;
mod lanes;
pub mod perfetto;
mod perfetto_schema;
