//! Traces of the kernel's executors: what 48 cores did, as a file, as a report, as exports for other viewers and as a
//! page that needs no network.
//!
//! A recorder hands what it reads from the cores' rings to a [`Collector`], which writes a file; [`dump`] does so with
//! memory that was read from a board. [`read_file`] brings it
//! back as a [`Trace`]; [`walk`] tells what each core did as a sequence of [`Item`]s on one axis of time. Everything
//! else is made of that walk: [`report`], [`export`], [`html`], [`picture`], [`why`].
//!
//! The command line `scc-trace` is thin over these; `cargo run -- trace` records with it.
#![forbid(unsafe_code)]

mod clock;
mod collect;
mod dealing;
pub mod dump;
mod exit;
pub mod export;
mod file;
pub mod html;
mod item;
mod letters;
pub mod picture;
pub mod report;
mod ring_reader;
mod svg;
mod trace;
mod walk;
pub mod why;

pub use clock::{Anchor, Clock};
pub use collect::{Collector, Visit};
pub use exit::ExitReason;
pub use file::{About, Batch, Damage, ReadError, TraceWriter, WriteError, read_bytes, read_file};
pub use item::{Doing, GuestRun, Item, LogLine, Moment, Poll, Task, TaskId, Tasks, Wake, Waker};
pub use ring_reader::RingReader;
pub use trace::{Life, Trace};
pub use walk::walk;
