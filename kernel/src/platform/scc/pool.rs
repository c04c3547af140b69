//! Memory that this core lends to others, and windows onto that of others: see [`ipi::lend`].
//!
//! The last 4 MB of private memory are the pool. Neither the frame allocator nor anything else touches them before, so no
//! cache has ever held a line of them through another mapping, and theirs is of message type: no L2 will. A window is an
//! entry of the own LUT that no default map uses, pointed at the slot of 16 MB in which the other core's pool is the last
//! part, as is the own one. Facts: SCC reference §2.4, §2.5, §3.2, §3.3.

use ipi::mesh::{POOL_BYTES, Pool, PoolBase, PoolWindow};
use scc::address::{LUT_WINDOW_BYTES, LutIndex, PhysAddr};
use scc::id::CoreId;
use scc::lut::LutEntry;
use scc::map::index;
use scc::memory_type::MemoryType;

use super::window::TileWindow;
use super::{core_start, identity};
use crate::arch::i586::interrupt_cell::InterruptCell;
use crate::layout;
use crate::mm::address_space::MapError;
use crate::mm::kernel_space;

/// Entry of the own LUT for the first window: behind the one through which images are installed.
const FIRST: u8 = core_start::REACH.get() + 1;
/// Where a pool is in its slot.
const OFFSET: u32 = LUT_WINDOW_BYTES - POOL_BYTES;

const _: () = assert!(POOL_BYTES == layout::POOL_BYTES && PoolWindow::COUNT == layout::POOL_WINDOWS as usize);

/// Whether own pool and windows are mapped.
static MAPPED: InterruptCell<bool> = InterruptCell::new(false);

/// Entry of the own LUT behind a window.
const fn entry_of(window: PoolWindow) -> LutIndex {
    LutIndex::new(FIRST + window.number())
}

/// Virtual address of the first byte of a pool.
pub(super) fn first_byte(pool: Pool) -> u32 {
    match pool {
        Pool::Own => layout::POOL,
        Pool::Behind(window) => layout::POOL + POOL_BYTES * (1 + u32::from(window.number())),
    }
}

/// Where the own pool is, mapped; `None` if the memory is too small for one, or there is none for page tables.
pub(super) fn open() -> Option<PoolBase> {
    let base = kernel_space::pool()?;
    is_mapped().then(|| PoolBase::new(base.get())).flatten()
}

fn is_mapped() -> bool {
    if !MAPPED.with(|mapped| *mapped) {
        if let Err(error) = map() {
            log::error!(target: "lend", "no windows: {error}");
            return false;
        }
        MAPPED.with(|mapped| *mapped = true);
    }
    true
}

fn map() -> Result<(), MapError> {
    let show = |pool, shown| {
        kernel_space::map_window(first_byte(pool), POOL_BYTES, shown, MemoryType::MpbtWriteThrough)
    };
    if let Some(base) = kernel_space::pool() {
        show(Pool::Own, base)?;
    }
    PoolWindow::all()
        .try_for_each(|window| show(Pool::Behind(window), entry_of(window).base().wrapping_add(OFFSET)))
}

/// Points a window at the pool of another core; false if no private memory is there, or the windows are not mapped.
pub(super) fn show(window: PoolWindow, owner: CoreId, base: PoolBase) -> bool {
    let place = PhysAddr::new(base.address());
    let is_private = place.lut_index().get() < index::SHARED_DRAM.get();
    if place.offset_in_window() != OFFSET || !is_private || !is_mapped() {
        return false;
    }
    let Ok(memory) = core_start::memory_behind(owner, place.lut_index()) else { return false };
    point(window, memory);
    true
}

/// Points a window at nothing: whoever uses it now stops for good.
pub(super) fn hide(window: PoolWindow) {
    point(window, LutEntry::RESET);
}

fn point(window: PoolWindow, memory: LutEntry) {
    TileWindow::own().write_reach(identity::core().slot(), entry_of(window), memory);
}
