//! Trace files: written by a recorder, read whole into memory.
//!
//! What stands where says [`trace_format::file`]; container, checksums and index are MCAP's.

mod read;
mod write;

pub use read::{Damage, ReadError, read_bytes, read_file};
pub use write::{About, Batch, TraceWriter, WriteError};
