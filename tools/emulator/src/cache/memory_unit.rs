//! The memory unit's clock: one transaction at a time (SCC reference §2.8, §10.3, U62).
//!
//! Every mesh transaction and every L2 access starts when the one before it has been answered. A read makes the
//! core wait for its end, a write only for its start; the unit stays busy until the acknowledge.

use super::line::{Line, LineBytes};
use super::write_combine::PartialWrite;
use crate::chip::port::{LineWrite, MeshPort, Refusal, Reply};
use scc::address::PhysAddr;
use scc::id::CoreId;
use scc::timing::Time;

/// Who issues an access, when, and whether it may be seen outside the core.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Issue {
    /// The core.
    pub core: CoreId,
    /// The core's clock.
    pub now: Time,
    /// Whether the access may use the mesh; if not, an access that needs it is refused without any effect.
    pub may_leave: bool,
    /// Period of the core's clock.
    pub cycle: Time,
}

/// When the unit was and will be busy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MemoryUnit {
    /// Start of the latest transaction.
    started: Time,
    /// End of the latest transaction: its answer or acknowledge.
    busy_until: Time,
    /// Mesh transactions so far.
    transactions: u64,
}

impl MemoryUnit {
    /// Returns an idle unit.
    pub(crate) const fn new() -> Self {
        Self { started: Time::ZERO, busy_until: Time::ZERO, transactions: 0 }
    }

    /// Returns when the latest transaction ends.
    pub(crate) const fn busy_until(&self) -> Time {
        self.busy_until
    }

    /// Returns the number of mesh transactions so far; it tells whether an access has left the core.
    pub(crate) const fn transactions(&self) -> u64 {
        self.transactions
    }

    /// Returns how long the core waits for the answer of the access just made, beyond the cycle that an L1 hit
    /// would have taken.
    pub(crate) fn wait_for_answer(&self, issue: Issue) -> Time {
        self.busy_until.saturating_sub(issue.now + issue.cycle)
    }

    /// Returns how long the core waits until the write just made has left.
    pub(crate) fn wait_for_departure(&self, issue: Issue) -> Time {
        self.started.saturating_sub(issue.now)
    }

    /// Spends `cycles` core cycles on an L2 access.
    pub(crate) fn occupy(&mut self, issue: Issue, cycles: u64) {
        self.started = self.start(issue);
        self.busy_until = self.started + Time::from_cycles(cycles, issue.cycle);
    }

    /// Reads 1 to 8 bytes, as two transactions if they cross a quadword, low address first.
    pub(crate) fn read<P: MeshPort>(
        &mut self,
        port: &mut P,
        issue: Issue,
        at: PhysAddr,
        bytes: u32,
    ) -> Result<u64, Refusal> {
        let low = bytes_in_first_quadword(at, bytes);
        let reply = port.read(issue.core, at, low, self.start(issue))?;
        let mut value = self.finish(issue, reply);
        if low < bytes {
            let reply = port.read(issue.core, after(at, low), bytes - low, self.start(issue))?;
            value |= self.finish(issue, reply) << (8 * low);
        }
        Ok(value)
    }

    /// Writes 1 to 8 bytes, as two transactions if they cross a quadword, low address first.
    pub(crate) fn write<P: MeshPort>(
        &mut self,
        port: &mut P,
        issue: Issue,
        at: PhysAddr,
        bytes: u32,
        value: u64,
    ) -> Result<(), Refusal> {
        let low = bytes_in_first_quadword(at, bytes);
        let reply = port.write(issue.core, at, low, low_bytes(value, low), self.start(issue))?;
        self.finish(issue, reply);
        if low < bytes {
            let high = bytes - low;
            let value = low_bytes(value >> (8 * low), high);
            let reply = port.write(issue.core, after(at, low), high, value, self.start(issue))?;
            self.finish(issue, reply);
        }
        Ok(())
    }

    /// Writes the enabled bytes of one quadword as one transaction.
    ///
    /// The port knows no byte enables: bytes with gaps between them go as several writes at the same time.
    pub(crate) fn write_partial<P: MeshPort>(
        &mut self,
        port: &mut P,
        issue: Issue,
        line: Line,
        partial: PartialWrite,
    ) -> Result<(), Refusal> {
        let start = self.start(issue);
        let mut done = start;
        let mut left = u32::from(partial.enables);
        while left != 0 {
            let first = left.trailing_zeros();
            let bytes = (left >> first).trailing_ones();
            left &= left.wrapping_add(1 << first);
            let at = line.byte(partial.offset + first);
            let value = low_bytes(partial.value >> (8 * first), bytes);
            done = done.max(port.write(issue.core, at, bytes, value, start)?.done);
        }
        self.finish(issue, Reply { value: (), done });
        Ok(())
    }

    /// Reads a line.
    pub(crate) fn read_line<P: MeshPort>(
        &mut self,
        port: &mut P,
        issue: Issue,
        line: Line,
    ) -> Result<LineBytes, Refusal> {
        let reply = port.read_line(issue.core, line.start(), self.start(issue))?;
        Ok(self.finish(issue, reply))
    }

    /// Writes a line.
    pub(crate) fn write_line<P: MeshPort>(
        &mut self,
        port: &mut P,
        issue: Issue,
        line: Line,
        bytes: &LineBytes,
        command: LineWrite,
    ) -> Result<(), Refusal> {
        let reply = port.write_line(issue.core, line.start(), bytes, command, self.start(issue))?;
        self.finish(issue, reply);
        Ok(())
    }

    fn start(&self, issue: Issue) -> Time {
        issue.now.max(self.busy_until)
    }

    fn finish<T>(&mut self, issue: Issue, reply: Reply<T>) -> T {
        self.started = self.start(issue);
        self.busy_until = reply.done;
        self.transactions += 1;
        reply.value
    }
}

/// Returns how many of the bytes lie in the quadword that the access starts in.
fn bytes_in_first_quadword(at: PhysAddr, bytes: u32) -> u32 {
    bytes.min(8 - at.get() % 8)
}

/// Returns the address `bytes` further on; accesses lie inside one line, so it cannot overflow.
fn after(at: PhysAddr, bytes: u32) -> PhysAddr {
    Line::of(at).byte(at.get() % 32 + bytes)
}

fn low_bytes(value: u64, bytes: u32) -> u64 {
    value & (u64::MAX >> (64 - 8 * bytes))
}
