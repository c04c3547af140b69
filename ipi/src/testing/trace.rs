//! What happened on the fake mesh, for the report of a failure.

use std::collections::VecDeque;
use std::fmt;

use crate::mesh::MpbAddress;

/// One operation of a core, as the mesh did it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operation {
    /// Read this many bytes from memory.
    Read(MpbAddress, usize),
    /// Read this many bytes from the own cache.
    ReadCached(MpbAddress, usize),
    /// Stored this many bytes.
    Write(MpbAddress, usize),
    /// Read or stored this many bytes of a pool from this line on.
    Pool(crate::mesh::Pool, u16, usize),
    /// Had a window show the pool of this core, or nothing.
    Window(crate::mesh::PoolWindow, Option<u8>),
    /// Dropped cached lines.
    Invalidate(crate::mesh::Invalidate),
    /// Pushed the write-combining buffer.
    Push(crate::mesh::Push),
    /// Rang this core's doorbell; what became of it.
    Ring(u8, &'static str),
    /// Took an interrupt.
    Interrupted,
    /// Tried this core's test-and-set register.
    TestAndSet(u8),
    /// Freed this core's test-and-set register.
    Clear(u8),
    /// Came to a step of a call or lease.
    Step(crate::mesh::Step),
    /// Used an FPGA counter.
    Counter(u8),
    /// Was reset.
    Reset,
    /// Began a life.
    Start,
}

/// An operation with its core and time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Record {
    /// Time of the fake in cycles.
    pub at: u64,
    /// Core number.
    pub core: u8,
    /// What it did.
    pub operation: Operation,
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>10} core {:>2} ", self.at, self.core)?;
        match self.operation {
            Operation::Read(at, length) => write!(f, "read {length} of {at}"),
            Operation::ReadCached(at, length) => write!(f, "read {length} of {at}, cached"),
            Operation::Write(at, length) => write!(f, "write {length} to {at}"),
            other => write!(f, "{other:?}"),
        }
    }
}

/// The last records.
#[derive(Debug, Default)]
pub(super) struct Tracer(VecDeque<Record>);

const KEPT: usize = 400;

impl Tracer {
    pub(super) fn record(&mut self, record: Record) {
        if self.0.len() == KEPT {
            self.0.pop_front();
        }
        self.0.push_back(record);
    }

    pub(super) fn records(&self) -> impl Iterator<Item = &Record> {
        self.0.iter()
    }
}
