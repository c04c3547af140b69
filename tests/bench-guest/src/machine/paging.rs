//! Identity paging with 4 KB pages: the RAM that [`layout`](super::layout) names, plus single uncached pages.
#![expect(unsafe_code, reason = "page tables lie at fixed addresses; control registers")]

use core::arch::asm;

use i586::control::Cr0;
use i586::page::{ENTRIES, PAGE_BYTES, PageEntry, directory_index, table_index};

use super::layout;

/// Tables for RAM: 4 MiB each.
const RAM_TABLES: usize = layout::END >> 22;

/// Flags of every entry for RAM.
const RAM: PageEntry = PageEntry::PRESENT.union(PageEntry::WRITABLE);

/// Maps RAM and switches paging on.
pub(super) fn enable() {
    for index in 0..ENTRIES as usize {
        let entry = if index < RAM_TABLES { RAM.with_frame(word(table(index))) } else { PageEntry::empty() };
        store(layout::PAGE_DIRECTORY, index, entry);
    }
    for page in 0..RAM_TABLES * ENTRIES as usize {
        store(layout::PAGE_TABLES, page, RAM.with_frame(word(page) * PAGE_BYTES));
    }
    reload();
    // SAFETY: everything that this program touches is mapped where it is; the ROM is left behind.
    unsafe {
        asm!(
            "mov {0}, cr0",
            "or {0}, {paging}",
            "mov cr0, {0}",
            "jmp 2f",
            "2:",
            out(reg) _,
            paging = const Cr0::PAGING.bits(),
            options(nostack)
        );
    };
}

/// Maps the page of `address`, which lies above RAM, uncached; one such page at a time.
pub(super) fn map_uncached(address: u32) {
    let flags = RAM.union(PageEntry::CACHE_DISABLE).union(PageEntry::WRITE_THROUGH);
    store(table(RAM_TABLES), table_index(address) as usize, flags.with_frame(address));
    store(layout::PAGE_DIRECTORY, directory_index(address) as usize, RAM.with_frame(word(table(RAM_TABLES))));
    reload();
}

/// Loads CR3, which empties the TLB.
pub(super) fn reload() {
    // SAFETY: the directory maps everything that this program touches, or paging is off.
    unsafe { asm!("mov cr3, {}", in(reg) layout::PAGE_DIRECTORY, options(nostack, preserves_flags)) };
}

/// Address of a page table.
const fn table(index: usize) -> usize {
    layout::PAGE_TABLES + index * PAGE_BYTES as usize
}

fn store(table: usize, index: usize, entry: PageEntry) {
    let slot = core::ptr::with_exposed_provenance_mut::<PageEntry>(table).wrapping_add(index);
    // SAFETY: the slot is RAM set aside for page tables, aligned.
    unsafe { slot.write_volatile(entry) };
}

/// An address as the 32-bit word it is on this machine.
fn word(address: usize) -> u32 {
    u32::try_from(address).expect("addresses have 32 bits")
}
