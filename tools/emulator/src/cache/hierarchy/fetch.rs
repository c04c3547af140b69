//! Instruction fetch through the code cache (SCC reference §2.3; types of fetches: §2.5, U11).

use super::super::l1_code::CodeSlot;
use super::super::line::{Line, LineBytes};
use super::super::memory_unit::Issue;
use super::Hierarchy;
use crate::chip::port::{LINE, MeshPort, Refusal};
use scc::address::PhysAddr;
use scc::memory_type::MemoryType;
use scc::timing::Time;

/// Where the bytes of a fetched line are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FetchedLine {
    /// In the code cache, unchanged as long as the slot has this stamp.
    Cached {
        /// The slot.
        slot: CodeSlot,
        /// Its stamp now.
        stamp: u32,
    },
    /// Nowhere else: fetched past the code cache.
    Uncached([u8; LINE]),
}

/// What a fetch returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fetch {
    /// The line.
    pub line: FetchedLine,
    /// How long the core waits; 0 for a hit.
    pub stall: Time,
    /// Whether anything left the core.
    pub left: bool,
}

impl Hierarchy {
    /// Returns slot and stamp of the line that `at` lies in, if it is in the code cache. Not a use.
    #[inline]
    #[must_use]
    pub fn code_lookup(&self, at: PhysAddr) -> Option<(CodeSlot, u32)> {
        let slot = self.l1_code.find(Line::of(at))?;
        Some((slot, self.l1_code.stamp(slot)))
    }

    /// Returns the slot's stamp: while it is the same, so are the slot's line and bytes.
    #[inline]
    #[must_use]
    pub fn code_stamp(&self, slot: CodeSlot) -> u32 {
        self.l1_code.stamp(slot)
    }

    /// Returns the slot's bytes.
    #[inline]
    #[must_use]
    pub fn code_bytes(&self, slot: CodeSlot) -> &[u8; LINE] {
        self.l1_code.bytes(slot)
    }

    /// Records that instructions were taken from the slot.
    #[inline]
    pub fn code_touch(&mut self, slot: CodeSlot) {
        self.l1_code.touch(slot);
        self.statistics.code_reads += 1;
    }

    /// Records that instructions were taken `times` times more from slots that were touched last.
    pub fn code_read_again(&mut self, times: u64) {
        self.statistics.code_reads += times;
    }

    /// Fetches the line that `at` lies in. Of `kind` only cacheability counts: the message bit is for data.
    ///
    /// A line that may not be cached is read in four quadwords, low address first, as the prefetcher does.
    ///
    /// # Errors
    ///
    /// As [`Self::load`].
    pub fn fetch_line<P: MeshPort>(
        &mut self,
        port: &mut P,
        issue: Issue,
        at: PhysAddr,
        kind: MemoryType,
    ) -> Result<Fetch, Refusal> {
        if !kind.is_cacheable() {
            return self.fetch_uncached(port, issue, at);
        }
        if let Some((slot, stamp)) = self.code_lookup(at) {
            self.code_touch(slot);
            return Ok(Fetch { line: FetchedLine::Cached { slot, stamp }, stall: Time::ZERO, left: false });
        }
        self.fetch_missing(port, issue, Line::of(at))
    }

    fn fetch_uncached<P: MeshPort>(
        &mut self,
        port: &mut P,
        issue: Issue,
        at: PhysAddr,
    ) -> Result<Fetch, Refusal> {
        if !issue.may_leave {
            return Err(Refusal::NotYet);
        }
        let before = self.unit.transactions();
        let bytes = self.read_quadwords(port, issue, Line::of(at))?;
        self.warn_if_cached(at);
        self.statistics.code_reads += 1;
        self.statistics.code_reads_uncached += 1;
        Ok(self.fetched(issue, before, FetchedLine::Uncached(bytes)))
    }

    fn fetch_missing<P: MeshPort>(
        &mut self,
        port: &mut P,
        issue: Issue,
        line: Line,
    ) -> Result<Fetch, Refusal> {
        let data = self.l1_data.find(line);
        let below = self.l2_hit(line);
        let leaves = below.is_none() || data.is_some_and(|slot| self.write_back_leaves(slot));
        if leaves && !issue.may_leave {
            return Err(Refusal::NotYet);
        }
        let before = self.unit.transactions();
        if let Some(slot) = data {
            self.write_back(port, issue, slot)?;
        }
        let bytes = match below {
            Some(slot) => self.read_l2(issue, slot),
            None if self.control.cache_disable => self.read_quadwords(port, issue, line)?,
            None => self.line_from_below(port, issue, line)?,
        };
        let line = if self.control.l1_is_closed() {
            FetchedLine::Uncached(bytes)
        } else {
            let slot = self.l1_code.fill(line, &bytes);
            if let Some(data) = data {
                self.l1_data.set_code(data);
            }
            FetchedLine::Cached { slot, stamp: self.l1_code.stamp(slot) }
        };
        self.statistics.code_reads += 1;
        self.statistics.code_misses += 1;
        Ok(self.fetched(issue, before, line))
    }

    fn fetched(&self, issue: Issue, before: u64, line: FetchedLine) -> Fetch {
        let access = self.answered(issue, before, 0);
        Fetch { line, stall: access.stall, left: access.left }
    }

    fn read_quadwords<P: MeshPort>(
        &mut self,
        port: &mut P,
        issue: Issue,
        line: Line,
    ) -> Result<LineBytes, Refusal> {
        let mut bytes = [0; LINE];
        let (quadwords, _) = bytes.as_chunks_mut::<8>();
        for (offset, quadword) in (0..).step_by(8).zip(quadwords) {
            *quadword = self.unit.read(port, issue, line.byte(offset), 8)?.to_le_bytes();
        }
        Ok(bytes)
    }
}
