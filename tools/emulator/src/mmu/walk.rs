//! Page-table walks (SCC reference §2.5; the P54C's two-level tables).
//!
//! A walk reads both levels through the core's own data caches, checks permissions, and only then sets the
//! accessed and dirty bits. What it found stays in the TLB with its permission bits. Setting bits is a locked
//! read-modify-write as an instruction's: a read and a write below L1, between which other cores may change the
//! entry and lose their change (SCC reference §2.9, U19; that the P54C's locked table updates are treated like
//! its locked instructions is inferred).

use crate::chip::Fabric;
use crate::cpu::fault::Stop;
use crate::cpu::half_modify::WalkPlace;
use crate::cpu::model::Model;
use crate::cpu::op::Op;
use crate::cpu::state::Core;
use i586::control::{Cr0, Cr4};
use i586::exception::Exception;
use i586::page::{PageEntry, PageFaultCode};
use scc::address::PhysAddr;
use scc::memory_type::MemoryType;

/// What an access wants to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Intent {
    Read,
    Write,
    Fetch,
}

/// Who makes an access: paging treats CPL 0 to 2 alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Supervisor,
    User,
}

/// A translated address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Translated {
    pub(crate) physical: u32,
    pub(crate) kind: MemoryType,
    /// A later write by the same mode needs no further check: writable and already dirty.
    pub(crate) writable: bool,
}

const PRESENT: u32 = PageEntry::PRESENT.bits();
const WRITABLE: u32 = PageEntry::WRITABLE.bits();
const USER: u32 = PageEntry::USER.bits();
const WRITE_THROUGH: u32 = PageEntry::WRITE_THROUGH.bits();
const CACHE_DISABLE: u32 = PageEntry::CACHE_DISABLE.bits();
const ACCESSED: u32 = PageEntry::ACCESSED.bits();
const DIRTY: u32 = PageEntry::DIRTY.bits();
/// Bit 7: page size in a directory entry, message buffer in a table entry.
const BIT7: u32 = PageEntry::MESSAGE_BUFFER.bits();
const FRAME: u32 = 0xFFFF_F000;

/// Translates `linear` for one access inside its page.
///
/// # Errors
/// #PF, with CR2 set; or what the page tables' own memory answers.
pub(crate) fn translate<M: Model>(
    core: &mut Core,
    fabric: &mut Fabric,
    op: &Op,
    linear: u32,
    intent: Intent,
    mode: Mode,
) -> Result<Translated, Stop> {
    if core.cr0 & Cr0::PAGING.bits() == 0 {
        let physical = linear & core.address_mask;
        return Ok(Translated { physical, kind: MemoryType::WriteBack, writable: true });
    }
    let tlb = if intent == Intent::Fetch { &core.code_tlb } else { &core.data_tlb };
    let entry = match tlb.lookup(linear) {
        Some(entry) if intent != Intent::Write || entry & DIRTY != 0 => {
            check(core, linear, entry, intent, mode)?;
            entry
        }
        _ => {
            core.counters.tlb_miss(intent);
            walk::<M>(core, fabric, op, linear, intent, mode)?
        }
    };
    Ok(Translated {
        physical: ((entry & FRAME) | (linear & !FRAME)) & core.address_mask,
        kind: memory_type(core, entry, intent),
        writable: entry & DIRTY != 0 && permits(core, entry, Intent::Write, mode),
    })
}

/// PMB applies to data accesses only, and only with CR4.MPE set and PSE clear (U11).
pub(crate) fn memory_type(core: &Core, entry: u32, intent: Intent) -> MemoryType {
    let message_buffer = entry & BIT7 != 0
        && core.cr4 & Cr4::MESSAGE_PASSING.bits() != 0
        && core.cr4 & Cr4::PAGE_SIZE.bits() == 0
        && intent != Intent::Fetch;
    MemoryType::from_page_bits(entry & CACHE_DISABLE != 0, entry & WRITE_THROUGH != 0, message_buffer)
}

fn permits(core: &Core, entry: u32, intent: Intent, mode: Mode) -> bool {
    let user = mode == Mode::User;
    if user && entry & USER == 0 {
        return false;
    }
    intent != Intent::Write || entry & WRITABLE != 0 || !user && core.cr0 & Cr0::WRITE_PROTECT.bits() == 0
}

fn check(core: &mut Core, linear: u32, entry: u32, intent: Intent, mode: Mode) -> Result<(), Stop> {
    if permits(core, entry, intent, mode) {
        Ok(())
    } else {
        Err(page_fault(core, linear, intent, mode, PageFaultCode::PROTECTION))
    }
}

/// Raises #PF; the faulting page leaves the TLBs so that the restarted access walks again.
fn page_fault(core: &mut Core, linear: u32, intent: Intent, mode: Mode, cause: PageFaultCode) -> Stop {
    let mut code = cause;
    code.set(PageFaultCode::WRITE, intent == Intent::Write);
    code.set(PageFaultCode::USER, mode == Mode::User);
    core.cr2 = linear;
    core.data_tlb.invalidate(linear);
    core.code_tlb.invalidate(linear);
    core.hot.forget(linear);
    Stop::coded(Exception::PageFault, code.bits())
}

fn walk<M: Model>(
    core: &mut Core,
    fabric: &mut Fabric,
    op: &Op,
    linear: u32,
    intent: Intent,
    mode: Mode,
) -> Result<u32, Stop> {
    let large_pages = core.cr4 & Cr4::PAGE_SIZE.bits() != 0;
    let directory_kind = table_type(core.cr3);
    let directory_at = (core.cr3 & FRAME) | ((linear >> 20) & 0xFFC);
    let begun = core.begun_walk(op, linear, intent, mode);
    // What the instruction has accessed before must not be accessed again.
    let may_wait = !core.in_order;
    let mut directory = match begun {
        Some((place, _)) => place.directory,
        None => read_entry::<M>(core, fabric, op, directory_at, directory_kind)?,
    };
    if directory & PRESENT == 0 {
        return Err(page_fault(core, linear, intent, mode, PageFaultCode::empty()));
    }
    let large = large_pages && directory & BIT7 != 0;
    let (entry_at, entry_kind, raw) = if large {
        if directory & 0x003F_F000 != 0 {
            let cause = PageFaultCode::PROTECTION | PageFaultCode::RESERVED;
            return Err(page_fault(core, linear, intent, mode, cause));
        }
        (directory_at, directory_kind, directory)
    } else {
        let at = (directory & FRAME) | ((linear >> 10) & 0xFFC);
        let kind = table_type(directory);
        let raw = match begun {
            Some((place, value)) if place.at == at => value,
            Some((place, _)) => place.raw,
            None => read_entry::<M>(core, fabric, op, at, kind)?,
        };
        if raw & PRESENT == 0 {
            return Err(page_fault(core, linear, intent, mode, PageFaultCode::empty()));
        }
        if large_pages && raw & BIT7 != 0 {
            let cause = PageFaultCode::PROTECTION | PageFaultCode::RESERVED;
            return Err(page_fault(core, linear, intent, mode, cause));
        }
        (at, kind, raw)
    };
    let permissions = directory | !(WRITABLE | USER);
    check(core, linear, raw & permissions, intent, mode)?;

    let mut place = WalkPlace { intent, mode, directory, raw, at: directory_at };
    let marking = Marking { linear, may_wait };
    if !large && directory & ACCESSED == 0 {
        directory = marking.mark::<M>(core, fabric, op, place, directory_kind, ACCESSED)?;
        place.directory = directory;
    }
    let wanted = ACCESSED | if intent == Intent::Write { DIRTY } else { 0 };
    let marked = if raw & wanted == wanted {
        raw
    } else {
        place.at = entry_at;
        marking.mark::<M>(core, fabric, op, place, entry_kind, wanted)?
    };
    let frame = if large { (marked & 0xFFC0_0000) | (linear & 0x003F_F000) } else { marked & FRAME };
    let flags = marked & permissions & !FRAME & if large { !BIT7 } else { u32::MAX };
    let entry = frame | flags;
    let tlb = if intent == Intent::Fetch { &mut core.code_tlb } else { &mut core.data_tlb };
    if let Some(displaced) = tlb.insert(linear, entry, large) {
        if intent == Intent::Fetch {
            core.forget_code_mappings();
        } else {
            core.hot.forget(displaced);
        }
    }
    Ok(entry)
}

/// How a walk sets bits.
struct Marking {
    linear: u32,
    /// The write may be made to wait after the read.
    may_wait: bool,
}

impl Marking {
    /// Sets `bits` in the entry at `place`, and returns what is written.
    fn mark<M: Model>(
        &self,
        core: &mut Core,
        fabric: &mut Fabric,
        op: &Op,
        place: WalkPlace,
        kind: MemoryType,
        bits: u32,
    ) -> Result<u32, Stop> {
        let begun = core.begun_walk(op, self.linear, place.intent, place.mode);
        let value = match begun {
            Some((begun, value)) if begun.at == place.at => value,
            _ => {
                core.lock_line::<M>(fabric, op, place.at, 4)?;
                let value = read_entry::<M>(core, fabric, op, place.at, kind)?;
                if value & PRESENT == 0 {
                    let none = PageFaultCode::empty();
                    return Err(page_fault(core, self.linear, place.intent, place.mode, none));
                }
                if self.may_wait && core.must_wait_between(op) {
                    return Err(core.wait_in_walk(op, self.linear, value, place));
                }
                value
            }
        };
        write_entry::<M>(core, fabric, op, place.at, kind, value | bits)?;
        core.half_walk = None;
        Ok(value | bits)
    }
}

/// Cacheability of the table that `entry` (CR3 or a directory entry) points to.
pub(crate) fn table_type(entry: u32) -> MemoryType {
    MemoryType::from_page_bits(entry & CACHE_DISABLE != 0, entry & WRITE_THROUGH != 0, false)
}

fn read_entry<M: Model>(
    core: &mut Core,
    fabric: &mut Fabric,
    op: &Op,
    at: u32,
    kind: MemoryType,
) -> Result<u32, Stop> {
    let value = core.physical_load::<M>(fabric, op, PhysAddr::new(at), 4, kind)?;
    Ok(low_word(value))
}

fn write_entry<M: Model>(
    core: &mut Core,
    fabric: &mut Fabric,
    op: &Op,
    at: u32,
    kind: MemoryType,
    entry: u32,
) -> Result<(), Stop> {
    core.physical_store::<M>(fabric, op, PhysAddr::new(at), 4, u64::from(entry), kind)
}

/// The low half of a 64-bit value read from memory.
#[expect(clippy::cast_possible_truncation, reason = "the low word is what is asked for")]
pub(crate) const fn low_word(value: u64) -> u32 {
    value as u32
}
