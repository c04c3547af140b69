//! From protected mode to Rust with paging on.
//!
//! The platform's own entry ends with a far jump to `boot_protected_mode`: flat code with the selector 0x08, 0x10 for
//! flat data in the table, interrupts off, in ESI the low word of the time stamp at which it began. The code here lies
//! at core-physical 1 MB; it keeps a copy of the variables, clears `.bss`, makes page tables for the image (identity and direct map) and for the
//! stacks, sets CR4 as the platform wants it, turns paging on and calls Rust with the time stamps of the phases so far.
//! Caches may still be off: every access goes to memory. Nothing is assumed about memory's contents.
//! Facts: SCC reference §2.2, §9.1.
#![expect(unsafe_code, reason = "start code is assembly, and the page tables it leaves are memory")]

use core::arch::global_asm;

use i586::control::Cr0;
use i586::page::{ENTRIES, PAGE_BYTES, PageEntry, directory_index, table_index};

use scc::address::PhysAddr;
use scc::memory_type::MemoryType;

use super::descriptors::BOOT_DATA;
use crate::layout;
use crate::mm::address_space::flags_of;
use crate::mm::image;
use crate::platform::machine;

/// Bytes of core-physical memory that [`map_low_memory`] makes readable.
pub const LOW_BYTES: u32 = ENTRIES * PAGE_BYTES;

/// Flags of tables and of memory pages.
const MEMORY: PageEntry = PageEntry::PRESENT.union(PageEntry::WRITABLE);

/// Paging with read-only pages respected in ring 0, FPU errors as exceptions.
const CONTROL: Cr0 =
    Cr0::PAGING.union(Cr0::WRITE_PROTECT).union(Cr0::NUMERIC_ERROR).union(Cr0::MONITOR_COPROCESSOR);

// SAFETY: runs once, before any Rust; it sets up exactly what the compiler assumes of a program's start.
global_asm!(
    r#"
    .section .boot, "ax"
    .code32
    .global boot_protected_mode
    .type boot_protected_mode, @function
boot_protected_mode:
    mov ecx, {data_selector}
    mov ds, cx
    mov es, cx
    mov ss, cx
    mov fs, cx
    mov gs, cx
    rdtsc
    mov ebp, eax

    mov ebx, esi
    mov esi, offset data_start_physical
    mov edi, offset data_copy_physical
    mov ecx, offset data_end_physical
    sub ecx, esi
    shr ecx, 2
    rep movsd
    mov esi, ebx
    mov edi, offset bss_start_physical
    mov ecx, offset bss_end_physical
    sub ecx, edi
    shr ecx, 2
    xor eax, eax
    rep stosd

    // Directory, stack table and device table: nothing is mapped yet.
    mov edi, offset boot_tables - {direct_map}
    mov ecx, 3 * {entries}
    rep stosd
    // The table of the first 4 MB, up to the end of the image but without page 0. Uncached code is slow: no more.
    mov edi, offset boot_tables - {direct_map} + 3 * {page}
    stosd
    mov ebx, offset image_end_physical
    mov eax, {page} + {memory}
2:  stosd
    add eax, {page}
    cmp eax, ebx
    jb 2b
    // Its two places in the directory.
    mov ebx, offset boot_tables - {direct_map}
    lea eax, [ebx + 3 * {page} + {memory}]
    mov [ebx], eax
    mov [ebx + 4 * {direct_map_index}], eax
    lea eax, [ebx + {page} + {memory}]
    mov [ebx + 4 * {stacks_index}], eax
    lea eax, [ebx + 2 * {page} + {memory}]
    mov [ebx + 4 * {devices_index}], eax
    // Both stacks, one after the other in memory, with unmapped pages between them.
    mov eax, offset boot_stacks - {direct_map} + {memory}
    lea edi, [ebx + {page} + 4 * {boot_stack_page}]
    mov ecx, {boot_stack_pages}
3:  stosd
    add eax, {page}
    loop 3b
    lea edi, [ebx + {page} + 4 * {fault_stack_page}]
    mov ecx, {fault_stack_pages}
4:  stosd
    add eax, {page}
    loop 4b

    mov cr3, ebx
    mov eax, {extensions}
    mov cr4, eax
    mov eax, cr0
    or eax, {control}
    mov cr0, eax
    mov eax, offset boot_high
    jmp eax

    .section .text.boot_high, "ax"
    .type boot_high, @function
boot_high:
    mov esp, {stack_end}
    rdtsc
    sub esp, 4
    push eax
    push ebp
    push esi
    xor ebp, ebp
    call {start}

    .section .bss.uninitialised.boot, "aw", @nobits
    .balign 4096
    .global boot_tables
boot_tables:
    .skip 6 * {page}
    .global boot_stacks
boot_stacks:
    .skip {boot_stack_bytes} + {fault_stack_bytes}
    "#,
    data_selector = const BOOT_DATA.into_bits(),
    direct_map = const layout::DIRECT_MAP,
    entries = const ENTRIES,
    page = const PAGE_BYTES,
    memory = const MEMORY.bits(),
    direct_map_index = const directory_index(layout::DIRECT_MAP),
    stacks_index = const directory_index(layout::STACKS),
    devices_index = const directory_index(layout::DEVICES),
    boot_stack_page = const table_index(layout::BOOT_STACK),
    boot_stack_pages = const layout::BOOT_STACK_BYTES / PAGE_BYTES,
    boot_stack_bytes = const layout::BOOT_STACK_BYTES,
    fault_stack_page = const table_index(layout::FAULT_STACK),
    fault_stack_pages = const layout::FAULT_STACK_BYTES / PAGE_BYTES,
    fault_stack_bytes = const layout::FAULT_STACK_BYTES,
    extensions = const machine::EXTENSIONS.bits(),
    control = const CONTROL.bits(),
    stack_end = const layout::BOOT_STACK_END,
    start = sym crate::boot::enter,
);

/// Page tables in the order in which the start code lays them out: directory, stacks, devices, first 4 MB; then two that
/// it leaves alone.
type Tables = [[u32; ENTRIES as usize]; 6];

const DIRECTORY: usize = 0;
const DEVICE_TABLE: usize = 2;
const LOW_TABLE: usize = 3;
const SPARE_TABLES: [usize; 2] = [4, 5];

/// Bytes behind what the loader has left in which the final page tables find room.
const ROOM_BYTES: u32 = 1 << 20;

// SAFETY: defined above, in memory that is in nobody else's hands.
unsafe extern "C" {
    static boot_tables: Tables;
}

/// Maps the device windows. Once, first thing after the start code.
pub fn map_devices() {
    machine::for_each_early_page(map_device);
}

/// Maps all device windows. Once, with caches on.
pub fn map_all_devices() {
    machine::for_each_device_page(map_device);
}

fn map_device(index: u32, frame: PhysAddr, kind: MemoryType) {
    store(DEVICE_TABLE, index, flags_of(kind).union(MEMORY).with_frame(frame.get()));
}

/// Maps the rest of the first 4 MB, where the final page tables are made. Once, with caches on.
pub fn map_low_memory() {
    for index in (image::end() - layout::DIRECT_MAP) / PAGE_BYTES..ENTRIES {
        store(LOW_TABLE, index, MEMORY.with_frame(index * PAGE_BYTES));
    }
}

/// Maps the megabyte from `first` on in the direct map, as far as it lies above the first 4 MB. Once, after
/// [`map_low_memory`]: for what the loader has left behind the image may be longer than that.
pub fn map_room(first: PhysAddr) {
    let end = (first.get() + ROOM_BYTES).min(layout::DIRECT_MAP_BYTES);
    let mut next = first.get().max(LOW_BYTES) / PAGE_BYTES;
    for table in SPARE_TABLES {
        if next * PAGE_BYTES >= end {
            break;
        }
        (0..ENTRIES).for_each(|index| store(table, index, PageEntry::empty()));
        let row = next / ENTRIES;
        while next / ENTRIES == row && next * PAGE_BYTES < end {
            store(table, next % ENTRIES, MEMORY.with_frame(next * PAGE_BYTES));
            next += 1;
        }
        let place = table_address(table) - layout::DIRECT_MAP;
        store(DIRECTORY, directory_index(layout::DIRECT_MAP) + row, MEMORY.with_frame(place));
    }
}

fn table_address(table: usize) -> u32 {
    // SAFETY: only the address of a place in the tables is taken.
    let place = unsafe { &raw const boot_tables[table] };
    u32::try_from(place.addr()).expect("addresses have 32 bits")
}

/// Fills an entry that was not present, or showed the same: no other translation of it can be remembered.
fn store(table: usize, index: u32, entry: PageEntry) {
    // SAFETY: the place lies in the tables, for which there is no reference anywhere.
    let place = unsafe { &raw const boot_tables[table][index as usize] }.cast_mut();
    // SAFETY: as above.
    unsafe { place.write_volatile(entry.bits()) };
}
