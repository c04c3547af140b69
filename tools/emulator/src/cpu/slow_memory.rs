//! The part of a memory access that is not a plain hit: translation, page and line crossings, the local
//! APIC's page, message buffers and devices, code pages, watchpoints.
//!
//! Every page an access touches is translated before any byte is moved, so a fault leaves no half-done
//! store behind.

use super::fault::Stop;
use super::model::Model;
use super::op::Op;
use super::state::Core;
use super::system::debug;
use super::system::eflags::check_alignment;
use crate::cache::Issue;
use crate::chip::Fabric;
use crate::chip::port::{MeshPort, Reply};
use crate::mmu::tlb::{HOT_ENTRIES, HotEntry};
use crate::mmu::walk::{Intent, Mode, Translated, translate};
use scc::address::PhysAddr;
use scc::memory_type::MemoryType;
use scc::timing::Time;

const PAGE_BYTES: u32 = 0x1000;

/// Fast model: marks a hot entry whose place is the physical page number of a message buffer or a device. No
/// DRAM page has such an index, so the shortest paths pass it by.
const DEVICE: u32 = 1 << 31;

/// No ordinary access to memory, message buffers or registers takes longer.
const LONG_TRANSACTION_CYCLES: u64 = 20_000;

/// The pieces of an access on either side of a page boundary.
struct Pieces {
    low: Translated,
    low_bytes: u32,
    high: Option<Translated>,
}

impl Core {
    #[cold]
    #[inline(never)]
    pub(crate) fn load_slow<M: Model>(
        &mut self,
        fabric: &mut Fabric,
        op: &Op,
        linear: u32,
        bytes: u32,
        mode: Mode,
    ) -> Result<u64, Stop> {
        if !M::STRICT
            && let Some(at) = self.hot_device(linear, bytes, mode, Intent::Read)
        {
            return self.load_device(fabric, op, at, bytes);
        }
        let pieces = self.translate_pieces::<M>(fabric, op, linear, bytes, Intent::Read, mode)?;
        let Pieces { low, low_bytes, high } = pieces;
        let value = self.physical_load::<M>(fabric, op, PhysAddr::new(low.physical), low_bytes, low.kind)?;
        match high {
            None => Ok(value),
            Some(high) => {
                let rest = bytes - low_bytes;
                let upper =
                    self.physical_load::<M>(fabric, op, PhysAddr::new(high.physical), rest, high.kind)?;
                Ok(value | upper << (low_bytes * 8))
            }
        }
    }

    #[cold]
    #[inline(never)]
    pub(crate) fn store_slow<M: Model>(
        &mut self,
        fabric: &mut Fabric,
        op: &Op,
        linear: u32,
        bytes: u32,
        value: u64,
        mode: Mode,
    ) -> Result<(), Stop> {
        if !M::STRICT
            && let Some(at) = self.hot_device(linear, bytes, mode, Intent::Write)
        {
            return self.store_device(fabric, op, at, bytes, value);
        }
        let pieces = self.translate_pieces::<M>(fabric, op, linear, bytes, Intent::Write, mode)?;
        let Pieces { low, low_bytes, high } = pieces;
        let at = PhysAddr::new(low.physical);
        self.physical_store::<M>(fabric, op, at, low_bytes, value, low.kind)?;
        if let Some(high) = high {
            let at = PhysAddr::new(high.physical);
            let rest = value >> (low_bytes * 8);
            self.physical_store::<M>(fabric, op, at, bytes - low_bytes, rest, high.kind)?;
        }
        Ok(())
    }

    #[cold]
    #[inline(never)]
    pub(crate) fn probe_write_slow<M: Model>(
        &mut self,
        fabric: &mut Fabric,
        op: &Op,
        linear: u32,
        bytes: u32,
        mode: Mode,
    ) -> Result<(), Stop> {
        self.translate_pieces::<M>(fabric, op, linear, bytes, Intent::Write, mode).map(|_| ())
    }

    /// Fast model: where an access inside one quadword of a message buffer or device goes, if its page is hot.
    #[inline(always)]
    fn hot_device(&self, linear: u32, bytes: u32, mode: Mode, intent: Intent) -> Option<PhysAddr> {
        let slot = if mode == Mode::User { HOT_ENTRIES } else { 0 };
        let entry = self.hot.entry(linear, slot);
        let tag = if intent == Intent::Write { entry.write } else { entry.read };
        let known = tag == self.hot.tag(linear) && entry.place & DEVICE != 0;
        (known && (linear & 7) + bytes <= 8)
            .then(|| PhysAddr::new(entry.place << 12 | linear & (PAGE_BYTES - 1)))
    }

    /// Fast model: reads a message buffer or device, in global order.
    #[inline(always)]
    fn load_device(&mut self, fabric: &mut Fabric, op: &Op, at: PhysAddr, bytes: u32) -> Result<u64, Stop> {
        let issue = self.issue(op);
        self.order(&issue)?;
        if let Some(value) = fabric.quick_read(self.id, at, bytes, issue.now) {
            self.has_left(fabric);
            return Ok(value);
        }
        let reply = fabric.read(self.id, at, bytes, issue.now)?;
        self.answered(fabric, op, reply);
        Ok(reply.value)
    }

    /// Fast model: writes a message buffer or device, in global order.
    #[inline]
    fn store_device(
        &mut self,
        fabric: &mut Fabric,
        op: &Op,
        at: PhysAddr,
        bytes: u32,
        value: u64,
    ) -> Result<(), Stop> {
        let issue = self.issue(op);
        self.order(&issue)?;
        let reply = fabric.write(self.id, at, bytes, value, issue.now)?;
        self.post(fabric, reply.done);
        Ok(())
    }

    /// A locked read-modify-write takes the line out of L1 first (U19).
    #[cold]
    pub(crate) fn begin_locked<M: Model>(
        &mut self,
        fabric: &mut Fabric,
        op: &Op,
        linear: u32,
        bytes: u32,
    ) -> Result<(), Stop> {
        let mode = self.mode();
        let place = translate::<M>(self, fabric, op, linear, Intent::Write, mode)?;
        self.counters.locked_cycle();
        self.lock_line::<M>(fabric, op, place.physical, bytes)
    }

    /// Strict model: takes the line at a core-physical address out of L1 for a locked read-modify-write.
    pub(crate) fn lock_line<M: Model>(
        &mut self,
        fabric: &mut Fabric,
        op: &Op,
        physical: u32,
        bytes: u32,
    ) -> Result<(), Stop> {
        if M::STRICT {
            let issue = self.issue(op);
            let access = self.hierarchy.prepare_locked(fabric, issue, PhysAddr::new(physical), bytes)?;
            self.account(access.stall, access.left);
        }
        Ok(())
    }

    fn translate_pieces<M: Model>(
        &mut self,
        fabric: &mut Fabric,
        op: &Op,
        linear: u32,
        bytes: u32,
        intent: Intent,
        mode: Mode,
    ) -> Result<Pieces, Stop> {
        let low_bytes = bytes.min(PAGE_BYTES - linear % PAGE_BYTES);
        let low = self.translate_data::<M>(fabric, op, linear, intent, mode)?;
        let high = if low_bytes < bytes {
            let next = linear.wrapping_add(low_bytes);
            Some(self.translate_data::<M>(fabric, op, next, intent, mode)?)
        } else {
            None
        };
        if mode == Mode::User {
            check_alignment(self, linear, bytes)?;
        }
        if !self.watchpoints.is_empty() {
            self.check_watchpoints(linear, bytes, intent)?;
        }
        debug::note_data_access(self, linear, bytes, intent);
        Ok(Pieces { low, low_bytes, high })
    }

    fn translate_data<M: Model>(
        &mut self,
        fabric: &mut Fabric,
        op: &Op,
        linear: u32,
        intent: Intent,
        mode: Mode,
    ) -> Result<Translated, Stop> {
        let translated = translate::<M>(self, fabric, op, linear, intent, mode)?;
        self.remember_hot::<M>(fabric, linear, translated, mode);
        Ok(translated)
    }

    /// Enters a translation into the hot table if accesses through it need no more checks.
    fn remember_hot<M: Model>(&mut self, fabric: &mut Fabric, linear: u32, place: Translated, mode: Mode) {
        let page = place.physical & !(PAGE_BYTES - 1);
        let checked = mode == Mode::User && self.alignment_checks_on();
        if checked
            || self.apic.decodes(page)
            || self.is_watched_page(linear)
            || debug::watches_page(self, linear)
        {
            return;
        }
        let place_value = if M::STRICT {
            // Only plain hits bypass the hierarchy's own look at the memory type.
            if !matches!(place.kind, MemoryType::WriteBack | MemoryType::MpbtWriteBack) {
                return;
            }
            page
        } else {
            match fabric.dram_page(self.id, PhysAddr::new(page)) {
                Some(index) => index,
                None => DEVICE | page >> 12,
            }
        };
        let tag = self.hot.tag(linear);
        let slot = if mode == Mode::User { HOT_ENTRIES } else { 0 };
        // The MPBT tag of a line must follow the mapping it is touched through: no hot reads across types.
        let read = if M::STRICT && place.kind.is_mpbt() { 0 } else { tag };
        let write = if place.writable && read != 0 { tag } else { 0 };
        self.hot.insert(linear, slot, HotEntry { read, write, place: place_value });
    }

    /// Loads 1 to 8 bytes of one page.
    pub(crate) fn physical_load<M: Model>(
        &mut self,
        fabric: &mut Fabric,
        op: &Op,
        at: PhysAddr,
        bytes: u32,
        kind: MemoryType,
    ) -> Result<u64, Stop> {
        if self.apic.decodes(at.get()) {
            self.leave_block = true;
            let now = self.cycle_at(op);
            return Ok(self.apic.load(at.get(), bytes, now));
        }
        self.in_pieces(at, bytes, if M::STRICT { 32 } else { 8 }, |core, piece, size| {
            if M::STRICT {
                let issue = core.issue(op);
                core.finish_long_transaction(&issue)?;
                let access = core.hierarchy.load(fabric, issue, piece, size, kind)?;
                core.account(access.stall, access.left);
                return Ok(access.value);
            }
            if let Some(page) = fabric.dram_page(core.id, piece).and_then(|index| fabric.dram.page(index)) {
                return Ok(gather(&page.bytes, piece, size));
            }
            core.load_device(fabric, op, piece, size)
        })
    }

    /// Stores 1 to 8 bytes of one page.
    pub(crate) fn physical_store<M: Model>(
        &mut self,
        fabric: &mut Fabric,
        op: &Op,
        at: PhysAddr,
        bytes: u32,
        value: u64,
        kind: MemoryType,
    ) -> Result<(), Stop> {
        if self.apic.decodes(at.get()) {
            self.leave_block = true;
            let now = self.cycle_at(op);
            self.apic.store(at.get(), bytes, value, now);
            self.attention |= super::state::Attention::INTERRUPT;
            self.leave_slice = true;
            return Ok(());
        }
        let start = at.get();
        self.in_pieces(at, bytes, if M::STRICT { 32 } else { 8 }, |core, piece, size| {
            let part = value >> ((piece.get() - start) * 8);
            if M::STRICT {
                let issue = core.issue(op);
                core.finish_long_transaction(&issue)?;
                let access = core.hierarchy.store(fabric, issue, piece, size, part, kind)?;
                core.account(access.stall, access.left);
                return Ok(0);
            }
            if let Some(index) = fabric.dram_page(core.id, piece) {
                core.leave_block |= fabric.dram.store(index, piece.get() as usize % 4096, size, part);
                return Ok(0);
            }
            core.store_device(fabric, op, piece, size, part).map(|()| 0)
        })
        .map(|_| ())
    }

    /// Splits an access at multiples of `unit` and joins what the pieces return.
    fn in_pieces(
        &mut self,
        at: PhysAddr,
        bytes: u32,
        unit: u32,
        mut access: impl FnMut(&mut Self, PhysAddr, u32) -> Result<u64, Stop>,
    ) -> Result<u64, Stop> {
        let first = bytes.min(unit - at.get() % unit);
        let low = access(self, at, first)?;
        if first == bytes {
            return Ok(low);
        }
        let high = access(self, PhysAddr::new(at.get().wrapping_add(first)), bytes - first)?;
        Ok(low | high << (first * 8))
    }

    /// What the memory unit needs to know about the access `op` is about to make.
    pub(crate) fn issue(&self, op: &Op) -> Issue {
        Issue {
            core: self.id,
            now: self.time_at(op),
            may_leave: self.in_order || self.cycle_at(op) <= self.horizon,
            cycle: self.period,
        }
    }

    /// Fast model: refuses an access that other cores could observe out of order, and one that must wait for
    /// the acknowledge of the write before it.
    pub(crate) fn order(&mut self, issue: &Issue) -> Result<(), Stop> {
        if self.posted_until > issue.now {
            self.stall(self.posted_until - issue.now);
            return Err(Stop::NotYet);
        }
        if issue.may_leave { Ok(()) } else { Err(Stop::NotYet) }
    }

    /// Fast model: a write has left; the core goes on, its next access waits for the acknowledge.
    #[inline]
    fn post(&mut self, fabric: &Fabric, acknowledged: Time) {
        self.posted_until = acknowledged;
        self.has_left(fabric);
    }

    /// Strict model: lets the memory unit finish a transaction that takes so long (a voltage command) that
    /// later ones must not be made ahead of time.
    fn finish_long_transaction(&mut self, issue: &Issue) -> Result<(), Stop> {
        let wait = self.hierarchy.busy_until().saturating_sub(issue.now);
        if wait.as_picoseconds() > LONG_TRANSACTION_CYCLES * self.period.as_picoseconds() {
            self.stall(wait);
            return Err(Stop::NotYet);
        }
        Ok(())
    }

    /// Charges an answer from the mesh to an access that `op` made.
    #[inline]
    pub(crate) fn answered<T>(&mut self, fabric: &Fabric, op: &Op, reply: Reply<T>) {
        if !self.flat_timing {
            self.wait_for(op, reply.done);
        }
        self.has_left(fabric);
    }

    /// Charges an answer from the mesh to the fetch of the next instruction, which makes a block of its own.
    pub(crate) fn fetched<T>(&mut self, reply: Reply<T>) {
        self.wait_for(&Op::BOUNDARY, reply.done);
        self.account(Time::ZERO, true);
    }

    fn wait_for(&mut self, op: &Op, done: Time) {
        let now = self.time_at(op);
        if done > now + self.period {
            self.stall(done - now - self.period);
        }
    }

    /// Notes that an access was visible to others. The block ends with it if time has passed that was not
    /// foreseen, or if the chip has something for the machine to do.
    #[inline]
    fn has_left(&mut self, fabric: &Fabric) {
        self.in_order = true;
        self.leave_block |= !self.flat_timing || fabric.has_effects();
    }

    /// Charges a stall, and notes whether the access left the core.
    pub(crate) fn account(&mut self, stall: Time, left: bool) {
        self.stall(stall);
        self.in_order |= left;
        self.leave_block |= left;
    }
}

/// Reads up to 8 bytes of a page.
fn gather(page: &[u8; 4096], at: PhysAddr, bytes: u32) -> u64 {
    let offset = at.get() as usize % 4096;
    let mut word = [0; 8];
    let bytes = bytes as usize;
    word[..bytes].copy_from_slice(&page[offset..offset + bytes]);
    u64::from_le_bytes(word)
}
