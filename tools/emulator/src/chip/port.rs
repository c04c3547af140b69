//! What a core's memory unit sees of the rest of the chip: one transaction at a time, answered or refused.
//!
//! The command names follow SCC reference §2.8. [`MeshPort`] is implemented by the whole chip and, in unit
//! tests of the cache hierarchy, by a plain array.

use scc::address::PhysAddr;
use scc::id::CoreId;
use scc::timing::Time;

/// Size of a cache line and of the largest mesh transaction, in bytes.
pub const LINE: usize = 32;

/// A transaction's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reply<T> {
    /// Data of a read, `()` of a write.
    pub value: T,
    /// When the answer is back at the core (absolute, picoseconds).
    pub done: Time,
}

/// Why a transaction was not carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The chip would never answer: the core hangs. Boxed: rare, and it keeps results small.
    NoAnswer(Box<crate::diagnostics::Finding>),
    /// The access must wait until every core with an earlier clock has caught up; repeat it later.
    NotYet,
}

/// Which line write a memory unit issues.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineWrite {
    /// WBI: a dirty line leaving L1 or L2.
    WriteBack,
    /// WCWR: a complete write-combining buffer.
    WriteCombined,
}

/// The mesh as one core's memory unit uses it.
///
/// `now` is the requesting core's clock in absolute picoseconds; callers issue in global time order.
pub trait MeshPort {
    /// Reads 1 to 8 bytes inside one aligned quadword (NCRD); the value is right-aligned.
    fn read(&mut self, core: CoreId, at: PhysAddr, bytes: u32, now: Time) -> Result<Reply<u64>, Refusal>;
    /// Writes 1 to 8 bytes inside one aligned quadword (NCWR).
    fn write(
        &mut self,
        core: CoreId,
        at: PhysAddr,
        bytes: u32,
        value: u64,
        now: Time,
    ) -> Result<Reply<()>, Refusal>;
    /// Reads the 32-byte line at `line` (RDO).
    fn read_line(&mut self, core: CoreId, line: PhysAddr, now: Time) -> Result<Reply<[u8; LINE]>, Refusal>;
    /// Writes the 32-byte line at `line`.
    fn write_line(
        &mut self,
        core: CoreId,
        line: PhysAddr,
        data: &[u8; LINE],
        command: LineWrite,
        now: Time,
    ) -> Result<Reply<()>, Refusal>;
}
