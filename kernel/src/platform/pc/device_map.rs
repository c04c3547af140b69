//! Where the kernel sees the PC's devices in memory: the local APIC, on the first page of the device windows.

use i586::apic;
use scc::address::PhysAddr;
use scc::memory_type::MemoryType;

use crate::layout;

/// Page of the local APIC.
const LOCAL_APIC_PAGE: u32 = 0;

/// Virtual address of the local APIC.
pub(super) const LOCAL_APIC: u32 = layout::DEVICES + LOCAL_APIC_PAGE * i586::page::PAGE_BYTES;

/// Calls `show` with each page of the device windows, 0 to 1023, and what it shows.
pub fn for_each_device_page(mut show: impl FnMut(u32, PhysAddr, MemoryType)) {
    show(LOCAL_APIC_PAGE, PhysAddr::new(apic::BASE), MemoryType::Uncached);
}
