//! Memory by linear address, as one core sees it and without disturbing anything.
//!
//! Translation takes what the core's TLB holds, stale or not, and else walks the page tables; no accessed or
//! dirty bit is set and nothing is entered anywhere. Bytes come from where the core would get them: its caches,
//! the write-combining buffer, the local APIC, and last what the LUT leads to; test-and-set registers and
//! counters keep their values.

use super::{HostAccessError, Machine};
use crate::chip::Fabric;
use crate::cpu::state::Core;
use crate::mmu::walk::{Intent, memory_type, table_type};
use i586::control::{Cr0, Cr4};
use i586::page::{LARGE_PAGE_BYTES, PAGE_BYTES, PageEntry, directory_index, table_index};
use scc::address::PhysAddr;
use scc::id::CoreId;
use scc::memory_type::MemoryType;

/// Bytes of a page-table entry.
const ENTRY_BYTES: u32 = 4;

/// Why a debugger cannot get at a linear address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unmapped {
    /// No page is present there.
    #[error("core {core}: no page is present at linear {linear:#010x}")]
    NotPresent {
        /// Whose page tables.
        core: CoreId,
        /// The address.
        linear: u32,
    },
    /// The page tables or the page lie where nothing can be read.
    #[error("core {core}: linear {linear:#010x} leads to {physical}, where nothing can be read")]
    Unreadable {
        /// The core.
        core: CoreId,
        /// The address.
        linear: u32,
        /// Where translation led to.
        physical: PhysAddr,
    },
    /// The page lies in registers or nowhere; a debugger writes memory only.
    #[error("core {core}: linear {linear:#010x} is not memory ({cause})")]
    NotMemory {
        /// The core.
        core: CoreId,
        /// The address.
        linear: u32,
        /// What is there instead.
        cause: HostAccessError,
    },
}

impl Machine {
    /// Fills `bytes` from linear address `linear` (wrapping at 4 GB) as `core` would load them, ignoring page
    /// permissions.
    ///
    /// # Errors
    /// At the first byte that cannot be read; those before it are filled in.
    pub fn peek_linear(&self, core: CoreId, linear: u32, bytes: &mut [u8]) -> Result<(), Unmapped> {
        peek(self.core(core), &self.fabric, linear, bytes, Intent::Read)
    }

    /// Writes `bytes` at linear address `linear` as a debugger does: into memory and into every copy that
    /// `core` has in its caches, ignoring page permissions. Other cores' caches keep what they have.
    ///
    /// # Errors
    /// At the first byte that is not memory; those before it are written.
    pub fn poke_linear(&mut self, core: CoreId, linear: u32, bytes: &[u8]) -> Result<(), Unmapped> {
        let mut at = linear;
        self.forget_places_in_blocks();
        for byte in bytes {
            let (physical, _) = translate(self.core(core), &self.fabric, at, Intent::Read)?;
            self.write_core_memory(core, physical, std::slice::from_ref(byte))
                .map_err(|cause| Unmapped::NotMemory { core, linear: at, cause })?;
            self.units[core.index()].core.hierarchy.patch(physical, *byte);
            at = at.wrapping_add(1);
        }
        Ok(())
    }

    /// Translates a linear address as a load of `core` would.
    ///
    /// # Errors
    /// If no page is present there, or the page tables cannot be read.
    pub fn translate_linear(&self, core: CoreId, linear: u32) -> Result<(PhysAddr, MemoryType), Unmapped> {
        translate(self.core(core), &self.fabric, linear, Intent::Read)
    }
}

/// Fills `bytes` as `core` would get them by a load, or by a fetch.
pub(crate) fn peek(
    core: &Core,
    fabric: &Fabric,
    linear: u32,
    bytes: &mut [u8],
    intent: Intent,
) -> Result<(), Unmapped> {
    let mut at = linear;
    let mut page = None;
    for byte in bytes {
        let (physical, kind) = match page {
            Some((base, kind)) if !at.is_multiple_of(PAGE_BYTES) => (within(base, at), kind),
            _ => translate(core, fabric, at, intent)?,
        };
        page = Some((physical, kind));
        *byte = peek_physical(core, fabric, physical, kind, intent).ok_or(Unmapped::Unreadable {
            core: core.id,
            linear: at,
            physical,
        })?;
        at = at.wrapping_add(1);
    }
    Ok(())
}

/// The address in the page of `page` that has the offset of `linear`.
fn within(page: PhysAddr, linear: u32) -> PhysAddr {
    PhysAddr::new(page.get() & !(PAGE_BYTES - 1) | linear & (PAGE_BYTES - 1))
}

fn peek_physical(core: &Core, fabric: &Fabric, at: PhysAddr, kind: MemoryType, intent: Intent) -> Option<u8> {
    if core.apic.decodes(at.get()) && intent != Intent::Fetch {
        let lane = at.get() % 4;
        let register = core.apic.clone().load(at.get() - lane, 4, core.cycles);
        return Some(register.to_le_bytes()[lane as usize]);
    }
    let cached = match intent {
        Intent::Fetch => core.hierarchy.seen_by_fetch(at, kind),
        Intent::Read | Intent::Write => core.hierarchy.seen_by_load(at, kind),
    };
    cached.or_else(|| {
        let mut byte = [0];
        (fabric.peek_core(core.id, at, &mut byte) == 1).then_some(byte[0])
    })
}

pub(crate) fn translate(
    core: &Core,
    fabric: &Fabric,
    linear: u32,
    intent: Intent,
) -> Result<(PhysAddr, MemoryType), Unmapped> {
    if core.cr0 & Cr0::PAGING.bits() == 0 {
        return Ok((PhysAddr::new(linear), MemoryType::WriteBack));
    }
    let tlb = if intent == Intent::Fetch { &core.code_tlb } else { &core.data_tlb };
    let entry = match tlb.lookup(linear) {
        Some(entry) => entry,
        None => walk(core, fabric, linear)?,
    };
    let page = PhysAddr::new(PageEntry::from_bits_retain(entry).frame());
    Ok((within(page, linear), memory_type(core, entry, intent)))
}

fn walk(core: &Core, fabric: &Fabric, linear: u32) -> Result<u32, Unmapped> {
    let directory_at =
        PageEntry::from_bits_retain(core.cr3).frame() | (directory_index(linear) * ENTRY_BYTES);
    let directory = entry(core, fabric, linear, directory_at, core.cr3)?;
    let large = core.cr4 & Cr4::PAGE_SIZE.bits() != 0 && directory.contains(PageEntry::PAGE_SIZE);
    if large {
        let flags = directory.difference(PageEntry::PAGE_SIZE);
        return Ok(flags.with_frame(directory.large_frame() | (linear & (LARGE_PAGE_BYTES - 1))).bits());
    }
    let table_at = directory.frame() | (table_index(linear) * ENTRY_BYTES);
    Ok(entry(core, fabric, linear, table_at, directory.bits())?.bits())
}

/// Reads a present entry at physical `at` of the table that `parent` (CR3 or a directory entry) names.
fn entry(core: &Core, fabric: &Fabric, linear: u32, at: u32, parent: u32) -> Result<PageEntry, Unmapped> {
    let mut bytes = [0; 4];
    for (offset, byte) in (0..).zip(&mut bytes) {
        let physical = PhysAddr::new(at).wrapping_add(offset);
        *byte = peek_physical(core, fabric, physical, table_type(parent), Intent::Read)
            .ok_or(Unmapped::Unreadable { core: core.id, linear, physical })?;
    }
    let entry = PageEntry::from_bits_retain(u32::from_le_bytes(bytes));
    if entry.contains(PageEntry::PRESENT) {
        Ok(entry)
    } else {
        Err(Unmapped::NotPresent { core: core.id, linear })
    }
}
