//! Data stores that are not plain L1 hits (SCC reference §2.3, §2.5, §2.7).

use super::super::l1_data::Slot;
use super::super::line::Line;
use super::super::memory_unit::Issue;
use super::super::write_combine::StoreEffect;
use super::{Access, Hierarchy};
use crate::chip::port::{MeshPort, Refusal};
use scc::address::PhysAddr;
use scc::memory_type::MemoryType;
use scc::timing::Time;

impl Hierarchy {
    /// Stores 1 to 8 bytes that lie inside one line.
    ///
    /// The core goes on once the write has left; the memory unit stays busy until it is acknowledged (U62).
    ///
    /// # Errors
    ///
    /// [`Refusal::NotYet`], without any effect, if the access leaves the core and may not;
    /// [`Refusal::NoAnswer`] if the destination never answers.
    #[inline]
    pub fn store<P: MeshPort>(
        &mut self,
        port: &mut P,
        issue: Issue,
        at: PhysAddr,
        bytes: u32,
        value: u64,
        kind: MemoryType,
    ) -> Result<Access, Refusal> {
        if kind.is_cacheable() && !kind.is_write_through() && self.store_hit(at, bytes, value) {
            if kind.is_mpbt() {
                self.tag_as_message(at);
            }
            return Ok(Access::hit(0));
        }
        self.store_missing(port, issue, at, bytes, value, kind)
    }

    #[inline(never)]
    fn store_missing<P: MeshPort>(
        &mut self,
        port: &mut P,
        issue: Issue,
        at: PhysAddr,
        bytes: u32,
        value: u64,
        kind: MemoryType,
    ) -> Result<Access, Refusal> {
        let before = self.unit.transactions();
        let slot = if kind.is_cacheable() { self.l1_data.find(Line::of(at)) } else { None };
        let goes_out = slot.is_none_or(|slot| self.hit_goes_out(slot, kind));
        let stall =
            if goes_out { self.write_below(port, issue, at, bytes, value, kind)? } else { Time::ZERO };
        self.l1_code.invalidate(Line::of(at));
        if self.is_locked(Line::of(at)) {
            self.locked = None;
        }
        if let Some(slot) = slot {
            self.update(slot, at, bytes, value, kind, goes_out);
        }
        self.statistics.data_writes += 1;
        if !kind.is_cacheable() {
            self.statistics.data_writes_uncached += 1;
        } else if slot.is_none() {
            self.statistics.data_write_misses += 1;
        }
        Ok(Access { value: 0, stall, left: self.unit.transactions() != before })
    }

    /// Whether a store that hits L1 goes out as well: write-through pages and lines in state S (U05).
    fn hit_goes_out(&self, slot: Slot, kind: MemoryType) -> bool {
        !self.control.writes_stay() && (kind.is_write_through() || self.l1_data.is_shared(slot))
    }

    /// Brings the L1 line up to date with a store that hit it.
    fn update(&mut self, slot: Slot, at: PhysAddr, bytes: u32, value: u64, kind: MemoryType, went_out: bool) {
        self.l1_data.write(slot, at.offset_in_line(), bytes, value);
        self.l1_data.touch(slot);
        self.l1_data.clear_code(slot);
        if kind.is_mpbt() {
            self.l1_data.set_message(slot);
        }
        if went_out {
            if !kind.is_write_through() {
                self.l1_data.set_exclusive(slot);
            }
        } else if !self.l1_data.is_shared(slot) {
            self.l1_data.set_dirty(slot);
        }
    }

    /// Writes below L1: message stores into the write-combining buffer, cacheable ones into L2 if it holds the
    /// line, everything else to its destination.
    fn write_below<P: MeshPort>(
        &mut self,
        port: &mut P,
        issue: Issue,
        at: PhysAddr,
        bytes: u32,
        value: u64,
        kind: MemoryType,
    ) -> Result<Time, Refusal> {
        if kind.is_mpbt() {
            return self.combine(port, issue, at, bytes, value);
        }
        let below = if kind.is_cacheable() { self.l2_hit(Line::of(at)) } else { None };
        if let Some(below) = below {
            self.unit.occupy(issue, self.l2_cycles);
            self.l2.write(below, at.offset_in_line(), bytes, value);
            self.statistics.l2_hits += 1;
            return Ok(self.unit.wait_for_departure(issue));
        }
        if !issue.may_leave {
            return Err(Refusal::NotYet);
        }
        self.unit.write(port, issue, at, bytes, value)?;
        if !kind.is_cacheable() {
            self.warn_if_cached(at);
        } else if self.control.l2_is_present() {
            self.statistics.l2_misses += 1;
        }
        Ok(self.unit.wait_for_departure(issue))
    }

    /// Puts a store into the write-combining buffer.
    fn combine<P: MeshPort>(
        &mut self,
        port: &mut P,
        issue: Issue,
        at: PhysAddr,
        bytes: u32,
        value: u64,
    ) -> Result<Time, Refusal> {
        let line = Line::of(at);
        let effect = self.write_combine.effect(line, at.offset_in_line(), bytes);
        if effect != StoreEffect::Captured && !issue.may_leave {
            return Err(Refusal::NotYet);
        }
        match effect {
            StoreEffect::Captured => {
                self.write_combine.merge(line, at.offset_in_line(), bytes, value);
                return Ok(Time::ZERO);
            }
            StoreEffect::Completes => {
                self.write_combine.merge(line, at.offset_in_line(), bytes, value);
                self.flush_write_combine(port, issue)?;
            }
            StoreEffect::Replaces => {
                self.flush_write_combine(port, issue)?;
                self.write_combine.merge(line, at.offset_in_line(), bytes, value);
            }
        }
        Ok(self.unit.wait_for_departure(issue))
    }
}
