//! Data loads that are not plain L1 hits (SCC reference §2.3, §2.5, §2.6).

use super::super::l1_data::FillState;
use super::super::line::{self, Line};
use super::super::memory_unit::Issue;
use super::{Access, Hierarchy};
use crate::chip::port::{MeshPort, Refusal};
use scc::address::PhysAddr;
use scc::memory_type::MemoryType;

/// What a load does that is not served by L1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Miss {
    /// Reads the bytes at their destination.
    Uncached,
    /// Reads the bytes at their destination, after its own combined stores (U16).
    MessageUncached,
    /// Fills L1 from the destination, past L2.
    MessageFill,
    /// Fills L1 from L2, and L2 from memory.
    Fill,
    /// Reads from L2, which is filled from memory.
    ThroughL2,
    /// Reads from L2 if it hits, else at the destination; fills nothing.
    NoFill,
}

impl Hierarchy {
    /// Loads 1 to 8 bytes that lie inside one line.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotYet`], without any effect, if the access leaves the core and may not;
    /// [`Refusal::NoAnswer`] if the destination never answers.
    #[inline]
    pub fn load<P: MeshPort>(
        &mut self,
        port: &mut P,
        issue: Issue,
        at: PhysAddr,
        bytes: u32,
        kind: MemoryType,
    ) -> Result<Access, Refusal> {
        if kind.is_cacheable()
            && let Some(value) = self.load_hit(at, bytes)
        {
            if kind.is_mpbt() {
                self.tag_as_message(at);
            }
            return Ok(Access::hit(value));
        }
        self.load_missing(port, issue, at, bytes, kind)
    }

    #[inline(never)]
    fn load_missing<P: MeshPort>(
        &mut self,
        port: &mut P,
        issue: Issue,
        at: PhysAddr,
        bytes: u32,
        kind: MemoryType,
    ) -> Result<Access, Refusal> {
        let line = Line::of(at);
        let miss = self.miss_of(line, kind);
        let before = self.unit.transactions();
        if !issue.may_leave && self.miss_leaves(miss, line) {
            return Err(Refusal::NotYet);
        }
        if kind.is_mpbt() && self.write_combine.held() == Some(line) {
            self.flush_write_combine(port, issue)?;
        }
        let value = match miss {
            Miss::Uncached => {
                let value = self.unit.read(port, issue, at, bytes)?;
                self.warn_if_cached(at);
                value
            }
            Miss::MessageUncached => self.unit.read(port, issue, at, bytes)?,
            Miss::MessageFill | Miss::Fill => self.fill(port, issue, at, bytes, kind)?,
            Miss::ThroughL2 => {
                line::read(&self.line_from_below(port, issue, line)?, at.offset_in_line(), bytes)
            }
            Miss::NoFill => self.read_below(port, issue, at, bytes)?,
        };
        self.statistics.data_reads += 1;
        if kind.is_cacheable() {
            self.statistics.data_read_misses += 1;
        } else {
            self.statistics.data_reads_uncached += 1;
        }
        Ok(self.answered(issue, before, value))
    }

    /// Sets the message tag of the L1 line at `at` (U13).
    pub(super) fn tag_as_message(&mut self, at: PhysAddr) {
        if let Some(slot) = self.l1_data.find(Line::of(at)) {
            self.l1_data.set_message(slot);
        }
    }

    fn miss_of(&self, line: Line, kind: MemoryType) -> Miss {
        let control = self.control;
        let locked = self.is_locked(line);
        let fills_l1 = !locked && !control.l1_is_closed();
        match (kind.is_mpbt(), kind.is_cacheable()) {
            (false, false) => Miss::Uncached,
            (true, true) if fills_l1 => Miss::MessageFill,
            (true, _) => Miss::MessageUncached,
            (false, true) if fills_l1 => Miss::Fill,
            (false, true) if !locked && !control.cache_disable && control.l2_is_present() => Miss::ThroughL2,
            (false, true) => Miss::NoFill,
        }
    }

    fn miss_leaves(&self, miss: Miss, line: Line) -> bool {
        match miss {
            Miss::Uncached | Miss::MessageUncached | Miss::MessageFill => true,
            Miss::ThroughL2 | Miss::NoFill => self.l2_hit(line).is_none(),
            Miss::Fill => self.l2_hit(line).is_none() || self.write_back_leaves(self.l1_data.victim(line)),
        }
    }

    /// Replaces an L1 line by the one at `at` and reads from it. The victim is written back first.
    fn fill<P: MeshPort>(
        &mut self,
        port: &mut P,
        issue: Issue,
        at: PhysAddr,
        bytes: u32,
        kind: MemoryType,
    ) -> Result<u64, Refusal> {
        let line = Line::of(at);
        let slot = self.l1_data.victim(line);
        self.write_back(port, issue, slot)?;
        let data = if kind.is_mpbt() {
            self.unit.read_line(port, issue, line)?
        } else {
            self.line_from_below(port, issue, line)?
        };
        let state = if kind.is_write_through() { FillState::Shared } else { FillState::Exclusive };
        self.l1_data.install(slot, line, &data, state);
        if kind.is_mpbt() {
            self.l1_data.set_message(slot);
            self.statistics.message_fills += 1;
        }
        if self.l1_code.find(line).is_some() {
            self.l1_data.set_code(slot);
        }
        Ok(self.l1_data.read(slot, at.offset_in_line(), bytes))
    }

    /// Reads from L2 if it holds the line, else at the destination; fills nothing.
    fn read_below<P: MeshPort>(
        &mut self,
        port: &mut P,
        issue: Issue,
        at: PhysAddr,
        bytes: u32,
    ) -> Result<u64, Refusal> {
        match self.l2_hit(Line::of(at)) {
            Some(slot) => Ok(line::read(&self.read_l2(issue, slot), at.offset_in_line(), bytes)),
            None => self.unit.read(port, issue, at, bytes),
        }
    }
}
