//! The caches, the write-combining buffer and the memory unit of one core, glued together.
//!
//! `load`, `store` and `fetch_line` do what one access does on the chip: what is looked up, filled, evicted and
//! written, in which order, and how long the core waits. Each decides first whether anything will leave the
//! core; if so and the issuer may not leave yet, it is refused before any state has changed.
//!
//! An access lies inside one line; whoever issues a longer one splits it. Where the reference leaves a choice,
//! the item is named (`U05` ...). Choices beyond it:
//! - A store through a write-back mapping that hits a shared line writes through once and makes the line
//!   exclusive, as the P54C does; a store through a write-through mapping always goes out.
//! - CR0.CD stops fills of L1 and L2, but L2 is still looked up. TR12.CI stops fills of L1 only.
//! - A dirty data line that instruction fetch misses on is written back first and stays in L1 clean.
//! - The store of a locked operation to a message page goes to the write-combining buffer like any other.

mod control;
mod fetch;
mod inspect;
mod load;
mod locked;
mod maintenance;
mod store;
#[cfg(test)]
mod tests;

pub use control::CacheControl;
pub use fetch::{Fetch, FetchedLine};
pub use inspect::Copies;
use locked::LockedLines;

use super::l1_code::L1Code;
use super::l1_data::{L1Data, Slot};
use super::l2::{L2, L2Slot};
use super::line::{Line, LineBytes};
use super::memory_unit::{Issue, MemoryUnit};
use super::statistics::CacheStatistics;
use super::write_combine::WriteCombine;
use crate::chip::port::{LineWrite, MeshPort, Refusal};
use crate::diagnostics::{Finding, FindingKind};
use scc::address::PhysAddr;
use scc::timing::{LatencyParameters, Time};

/// Findings kept until they are taken; later ones are dropped.
const WARNING_LIMIT: usize = 64;

/// A completed access.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Access {
    /// The bytes read, right-aligned; 0 for anything but a load.
    pub value: u64,
    /// How long the core waits beyond the instruction's own cycles; 0 for an L1 hit.
    pub stall: Time,
    /// Whether anything left the core: it was visible to other agents.
    pub left: bool,
}

impl Access {
    /// Served by L1.
    const fn hit(value: u64) -> Self {
        Self { value, stall: Time::ZERO, left: false }
    }
}

/// One core's memory side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hierarchy {
    l1_data: L1Data,
    l1_code: L1Code,
    l2: L2,
    write_combine: WriteCombine,
    unit: MemoryUnit,
    control: CacheControl,
    l2_cycles: u64,
    /// Lines of the locked operation under way: its loads fill nothing.
    locked: Option<LockedLines>,
    statistics: CacheStatistics,
    warnings: Vec<Finding>,
}

impl Hierarchy {
    /// Returns the state after RESET of core and L2: everything empty, CR0.CD and CR0.NW set.
    #[must_use]
    pub fn new() -> Self {
        Self {
            l1_data: L1Data::new(),
            l1_code: L1Code::new(),
            l2: L2::new(),
            write_combine: WriteCombine::new(),
            unit: MemoryUnit::new(),
            control: CacheControl::default(),
            l2_cycles: LatencyParameters::default().l2_hit_cycles,
            locked: None,
            statistics: CacheStatistics::default(),
            warnings: Vec::new(),
        }
    }

    /// Sets the cost of an L2 access in core cycles ([`LatencyParameters::l2_hit_cycles`]): 0 for flat timing.
    pub fn set_l2_cycles(&mut self, cycles: u64) {
        self.l2_cycles = cycles;
    }

    /// Loads 1 to 8 bytes inside one line, through a cacheable mapping that is not MPBT, if they are in L1. It
    /// costs no time.
    #[inline]
    pub fn load_hit(&mut self, at: PhysAddr, bytes: u32) -> Option<u64> {
        let slot = self.l1_data.find(Line::of(at))?;
        self.l1_data.touch(slot);
        self.statistics.data_reads += 1;
        Some(self.l1_data.read(slot, at.offset_in_line(), bytes))
    }

    /// Stores 1 to 8 bytes inside one line, through a write-back mapping that is not MPBT, if that changes L1
    /// only. It costs no time. Returns whether it did; if not, nothing has changed.
    #[inline]
    pub fn store_hit(&mut self, at: PhysAddr, bytes: u32, value: u64) -> bool {
        let Some(slot) = self.l1_data.find(Line::of(at)) else {
            return false;
        };
        if !self.l1_data.takes_stores(slot) {
            return false;
        }
        self.l1_data.touch(slot);
        self.l1_data.set_dirty(slot);
        self.l1_data.write(slot, at.offset_in_line(), bytes, value);
        self.statistics.data_writes += 1;
        true
    }

    /// When the memory unit's latest transaction ends.
    #[must_use]
    pub fn busy_until(&self) -> Time {
        self.unit.busy_until()
    }

    /// Returns the event counts.
    #[must_use]
    pub const fn statistics(&self) -> &CacheStatistics {
        &self.statistics
    }

    /// Whether [`Self::take_warnings`] has anything to return.
    #[inline]
    #[must_use]
    pub const fn has_warnings(&self) -> bool {
        !self.warnings.is_empty()
    }

    /// Returns what software did that the chip answers with stale or lost data, since the last call.
    pub fn take_warnings(&mut self) -> Vec<Finding> {
        std::mem::take(&mut self.warnings)
    }

    /// Returns the byte at `at` as cached: from L1, else from L2. Without side effects, for debuggers.
    #[must_use]
    pub fn peek(&self, at: PhysAddr) -> Option<u8> {
        let line = Line::of(at);
        if let Some(slot) = self.l1_data.find(line) {
            return Some(self.l1_data.bytes(slot)[at.offset_in_line()]);
        }
        let slot = self.l2_hit(line)?;
        self.l2.peek(slot).map(|bytes| bytes[at.offset_in_line()])
    }

    /// Returns the line whose bytes wait in the write-combining buffer.
    #[must_use]
    pub fn combining(&self) -> Option<PhysAddr> {
        self.write_combine.held().map(Line::start)
    }

    /// Returns where L2 holds `line`, if L2 takes part.
    fn l2_hit(&self, line: Line) -> Option<L2Slot> {
        if self.control.l2_is_present() { self.l2.find(line) } else { None }
    }

    /// Whether writing back the line in `slot` uses the mesh.
    fn write_back_leaves(&self, slot: Slot) -> bool {
        self.l1_data.is_dirty(slot)
            && (self.l1_data.is_message(slot) || self.l2_hit(self.l1_data.line(slot)).is_none())
    }

    /// Writes the line in `slot` back if it is dirty; it stays valid and clean.
    ///
    /// Message lines go straight to their destination, others to L2 if they hit there, else to memory as one
    /// line (U06).
    fn write_back<P: MeshPort>(&mut self, port: &mut P, issue: Issue, slot: Slot) -> Result<(), Refusal> {
        if !self.l1_data.is_dirty(slot) {
            return Ok(());
        }
        let line = self.l1_data.line(slot);
        let below = if self.l1_data.is_message(slot) { None } else { self.l2_hit(line) };
        if let Some(below) = below {
            self.unit.occupy(issue, self.l2_cycles);
            self.l2.write_line(below, self.l1_data.bytes(slot));
            self.statistics.l2_hits += 1;
        } else {
            self.unit.write_line(port, issue, line, self.l1_data.bytes(slot), LineWrite::WriteBack)?;
        }
        self.l1_data.set_exclusive(slot);
        self.statistics.l1_write_backs += 1;
        Ok(())
    }

    /// Fetches a line from L2, or from memory into L2.
    fn line_from_below<P: MeshPort>(
        &mut self,
        port: &mut P,
        issue: Issue,
        line: Line,
    ) -> Result<LineBytes, Refusal> {
        if !self.control.l2_is_present() {
            return self.unit.read_line(port, issue, line);
        }
        if let Some(slot) = self.l2.find(line) {
            return Ok(self.read_l2(issue, slot));
        }
        let victim = self.l2.victim(line);
        if let Some((dirty, bytes)) = self.l2.dirty_line(victim) {
            self.unit.write_line(port, issue, dirty, &bytes, LineWrite::WriteBack)?;
            self.l2.set_clean(victim);
            self.statistics.l2_write_backs += 1;
        }
        let bytes = self.unit.read_line(port, issue, line)?;
        self.l2.install(victim, line, &bytes);
        self.statistics.l2_misses += 1;
        Ok(bytes)
    }

    /// Reads a line that L2 holds.
    fn read_l2(&mut self, issue: Issue, slot: L2Slot) -> LineBytes {
        self.unit.occupy(issue, self.l2_cycles);
        self.statistics.l2_hits += 1;
        *self.l2.read(slot)
    }

    /// Sends the write-combining buffer out: one line if complete, else one write per quadword (U15).
    fn flush_write_combine<P: MeshPort>(&mut self, port: &mut P, issue: Issue) -> Result<(), Refusal> {
        let Some(line) = self.write_combine.held() else {
            return Ok(());
        };
        if let Some(bytes) = self.write_combine.complete() {
            self.unit.write_line(port, issue, line, bytes, LineWrite::WriteCombined)?;
            self.write_combine.clear();
            self.statistics.combined_full += 1;
            return Ok(());
        }
        while let Some(partial) = self.write_combine.next_partial() {
            self.unit.write_partial(port, issue, line, partial)?;
            self.write_combine.retire(partial);
        }
        self.statistics.combined_partial += 1;
        Ok(())
    }

    /// Warns if an uncached access goes past a copy in L1 or L2 (U07).
    fn warn_if_cached(&mut self, at: PhysAddr) {
        let line = Line::of(at);
        if self.l1_data.find(line).is_some() || self.l2_hit(line).is_some() {
            self.warn(FindingKind::UncachedAccessToCachedLine, at);
        }
    }

    /// Returns the access that just ended with its answer, given the transaction count before it.
    fn answered(&self, issue: Issue, before: u64, value: u64) -> Access {
        let stall = self.unit.wait_for_answer(issue);
        Access { value, stall, left: self.unit.transactions() != before }
    }

    /// Keeps a finding that the machine made about this core's caches.
    pub(crate) fn report(&mut self, kind: FindingKind) {
        if self.warnings.len() < WARNING_LIMIT {
            self.warnings.push(Finding { kind, physical: None, system: None });
        }
    }

    fn warn(&mut self, kind: FindingKind, at: PhysAddr) {
        let finding = Finding { kind, physical: Some(at), system: None };
        if self.warnings.len() < WARNING_LIMIT && self.warnings.last() != Some(&finding) {
            self.warnings.push(finding);
        }
    }
}

impl Default for Hierarchy {
    fn default() -> Self {
        Self::new()
    }
}
