//! What page tables of the guest add, and what is about them.
#![expect(unsafe_code, reason = "page tables are memory, and control registers are instructions")]

use core::arch::asm;
use core::ptr::with_exposed_provenance_mut;

use guest_runtime::abi::call::TagMemory;
use guest_runtime::abi::{Call, GuestPhysAddr};
use guest_runtime::call::call;
use guest_runtime::clock;

use crate::exits::exception;
use crate::guest::{handled, measure, measure_with};

/// Directories of two address spaces, and the table of the first 4 MB, behind the image.
const DIRECTORIES: [u32; 2] = [0x20_0000, 0x20_1000];
const TABLE: u32 = 0x20_2000;
/// Present, writable, for programs too, accessed, dirty.
const FLAGS: u32 = 0x67;
const ENTRIES: u32 = 1024;
const PAGE_BYTES: u32 = 0x1000;
/// A page that no table has.
const ABSENT: usize = 0x80_0000;

pub(crate) fn measure_all() {
    for index in 0..ENTRIES {
        write(TABLE + 4 * index, (index * PAGE_BYTES) | FLAGS);
    }
    for directory in DIRECTORIES {
        write(directory, TABLE | FLAGS);
    }
    // SAFETY: all memory stays where it is.
    unsafe {
        asm!("mov cr3, {}", in(reg) DIRECTORIES[0]);
        asm!("mov {0}, cr0", "or {0}, 0x80000000", "mov cr0, {0}", out(reg) _);
    }
    measure("paged-exception", exception);
    measure("page-fault", || {
        // SAFETY: the handler goes on behind it; the instruction has the length that the handler knows.
        unsafe { asm!("mov eax, [eax]", inout("eax") ABSENT => _, options(nostack)) };
        handled()
    });
    switch(1, TagMemory::Forgotten);
    measure_with(
        "switch",
        || switch(1, TagMemory::Kept),
        || {
            switch(0, TagMemory::Kept);
            clock()
        },
    );
}

/// Goes on in another address space.
fn switch(space: u32, memory: TagMemory) {
    let table = GuestPhysAddr::new(DIRECTORIES[space as usize]);
    call(Call::Switch { table, tag: space, memory }).expect("this hypervisor has tags");
}

fn write(address: u32, word: u32) {
    // SAFETY: memory behind the image, which nothing else uses.
    unsafe { with_exposed_provenance_mut::<u32>(address as usize).write_volatile(word) };
}
