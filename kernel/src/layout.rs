//! The kernel's part of every virtual address space.
//!
//! ```text
//! 0xF000_0000  direct map of core-physical 0 to 128 MB, write-back; the image is linked into it
//! 0xF800_0000  device windows, 4 MB: tile registers, FPGA registers, message buffers, local APIC
//! 0xF840_0000  window onto memory behind a rewritten LUT entry, 16 MB
//! 0xF940_0000  memory that is lent to other cores, 4 MB, and four windows of 4 MB onto that of others
//! 0xFB00_0000  256 KB for frames beyond the direct map
//! 0xFC00_0000  stacks, each with an unmapped guard page below
//! 0xFF00_0000  unused
//! ```
//!
//! The kernel lives at the top of every address space, so that one that belongs to somebody else leaves the same hole.
//! All are virtual addresses; those of the chip come from [`scc::map`].

use i586::page::PAGE_BYTES;

/// First address of the direct map: core-physical address plus this is the virtual one.
pub const DIRECT_MAP: u32 = 0xF000_0000; // not an address: virtual
/// Where a guest's address space has its trap page; the kernel's has nothing there.
pub const TRAP_PAGE: u32 = DIRECT_MAP;
/// First address above the trap page.
pub const TRAP_PAGE_END: u32 = TRAP_PAGE + PAGE_BYTES;
/// Bytes of the direct map.
pub const DIRECT_MAP_BYTES: u32 = 128 << 20;
/// First address of the device windows.
pub const DEVICES: u32 = DIRECT_MAP + DIRECT_MAP_BYTES;
/// Bytes of the device windows: what one page table maps.
pub const DEVICES_BYTES: u32 = 4 << 20;
/// First address of the window onto memory behind a rewritten LUT entry.
pub const REACH: u32 = DEVICES + DEVICES_BYTES;
/// Bytes of that window.
pub const REACH_BYTES: u32 = 16 << 20;
/// First address of the memory that this core lends to others; windows onto that of others follow.
pub const POOL: u32 = REACH + REACH_BYTES;
/// Bytes of that memory, and of each window.
pub const POOL_BYTES: u32 = 4 << 20;
/// Number of windows.
pub const POOL_WINDOWS: u32 = 4;
/// First address behind the windows.
pub const POOLS_END: u32 = POOL + POOL_BYTES * (1 + POOL_WINDOWS);
/// First of the pages that show frames beyond the direct map while somebody copies from or to them.
pub const FRAME_WINDOWS: u32 = 0xFB00_0000; // not an address: virtual
/// Number of these pages.
pub const FRAME_WINDOW_COUNT: usize = 64;
/// Bytes of these pages.
pub const FRAME_WINDOWS_BYTES: u32 = 64 * PAGE_BYTES;
/// First address of the stacks.
pub const STACKS: u32 = 0xFC00_0000; // not an address: virtual

/// Bytes of the stack on which the kernel boots and the executor runs.
pub const BOOT_STACK_BYTES: u32 = 64 << 10;
/// First address of the boot stack; the page below is never mapped.
pub const BOOT_STACK: u32 = STACKS + PAGE_BYTES;
/// First address above the boot stack.
pub const BOOT_STACK_END: u32 = BOOT_STACK + BOOT_STACK_BYTES;
/// Bytes of the stack on which a double fault is reported.
pub const FAULT_STACK_BYTES: u32 = 16 << 10;
/// First address of the double fault's stack; the page below is never mapped.
pub const FAULT_STACK: u32 = BOOT_STACK_END + PAGE_BYTES;
/// First address above the double fault's stack.
pub const FAULT_STACK_END: u32 = FAULT_STACK + FAULT_STACK_BYTES;

const _: () = assert!(POOLS_END <= FRAME_WINDOWS && FRAME_WINDOWS + FRAME_WINDOWS_BYTES <= STACKS);
const _: () = assert!(DIRECT_MAP.is_multiple_of(4 << 20) && DEVICES.is_multiple_of(4 << 20));
const _: () = assert!(DIRECT_MAP == guest_abi::HOLE);
const _: () = assert!(STACKS.is_multiple_of(4 << 20));

/// What a guard page protects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guard {
    /// The boot stack has overflowed.
    BootStack,
    /// The double fault's stack has overflowed.
    FaultStack,
}

/// Tells which guard page holds `address`.
#[must_use]
pub const fn guard_at(address: u32) -> Option<Guard> {
    match address - address % PAGE_BYTES {
        STACKS => Some(Guard::BootStack),
        BOOT_STACK_END => Some(Guard::FaultStack),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_below_each_stack_is_its_guard() {
        assert_eq!(guard_at(BOOT_STACK - 1), Some(Guard::BootStack));
        assert_eq!(guard_at(BOOT_STACK), None);
        assert_eq!(guard_at(FAULT_STACK - 4096), Some(Guard::FaultStack));
        assert_eq!(guard_at(FAULT_STACK_END), None);
    }
}
