//! Where everything lies in a guest's memory, and the segments it begins with.
//!
//! Linear addresses are physical ones wherever the guest itself works.
//!
//! ```text
//! 00000  vector table of real mode
//! 01000  the monitor's variables      02000..04000  its stack      04000  task of the double fault's handler
//! 10000  arena: what a case may change, printed where it did
//!        10000 GDT   10800 IDT   11000 LDT   11100 stack of real mode   11200 task states
//!        12000 page directory    13000 page table of the first 4 MB     14000 stacks of rings 0 to 3
//!        15000, 16000, 17000 data pages
//! 18000  copy of the arena as it was when the case began
//! 20000  the image: monitor, code and data of all cases
//! 30000  the arena as it was before any case changed it
//! ```

/// First byte of the monitor's variables.
pub(super) const VARIABLES: u32 = 0x1000;
/// Top of the monitor's own stack.
pub(super) const MONITOR_STACK: u32 = 0x4000;

/// First byte of the memory that is compared before and after a case.
pub const ARENA: u32 = 0x1_0000;
/// Its length in bytes.
pub const ARENA_BYTES: u32 = 0x8000;
/// Distance from a byte of the arena to its copy.
pub(super) const COPY_DISTANCE: u32 = 0x8000;

/// Distance from a byte of the arena to what it is before any case changes it.
pub(super) const BASE_DISTANCE: u32 = 0x2_0000;

/// Global descriptor table.
pub const GDT: u32 = ARENA;
/// Its limit.
pub const GDT_LIMIT: u16 = 0x7FF;
/// Interrupt descriptor table.
pub const IDT: u32 = 0x1_0800;
/// Its limit.
pub const IDT_LIMIT: u16 = 0x7FF;
/// Local descriptor table.
pub const LDT: u32 = 0x1_1000;
/// Its limit.
pub const LDT_LIMIT: u32 = 0xFF;
/// Top of the stack of real-mode and V86 code, as an offset from the arena.
pub const REAL_STACK: u32 = 0x1200;
/// The current task's state segment.
pub const TASK: u32 = 0x1_1200;
/// Limit of the current task's state segment; the I/O permission map begins at its offset 0x68.
pub const TASK_LIMIT: u32 = 0xFF;
/// A second task's 32-bit state segment.
pub const TASK_32: u32 = 0x1_1300;
/// A third task's 16-bit state segment.
pub const TASK_16: u32 = 0x1_1400;
/// State of the task that handles double faults, outside the arena.
pub(super) const TASK_DOUBLE_FAULT: u32 = 0x4000;
/// Page directory.
pub const PAGE_DIRECTORY: u32 = 0x1_2000;
/// Page table of the first 4 MB.
pub const PAGE_TABLE: u32 = 0x1_3000;
/// A page of data whose page-table entry begins without accessed and dirty bits, as do the two behind it.
pub const DATA: u32 = 0x1_5000;
/// The page behind it.
pub const DATA_2: u32 = 0x1_6000;
/// The page behind that.
pub const DATA_3: u32 = 0x1_7000;
/// Where the image lies in RAM.
pub const IMAGE: u32 = 0x2_0000;
/// Bytes of a ROM.
pub(super) const ROM_BYTES: u32 = 0x1_0000;

/// Top of a ring's stack.
#[must_use]
pub const fn stack_top(ring: u8) -> u32 {
    0x1_4400 + 0x400 * ring as u32
}

/// Address of the page-table entry of a linear address below 4 MB.
#[must_use]
pub const fn page_entry(linear: u32) -> u32 {
    PAGE_TABLE + 4 * (linear >> 12)
}

/// Address of a descriptor in the GDT or LDT.
#[must_use]
pub const fn descriptor(selector: u16) -> u32 {
    let offset = (selector & !7) as u32;
    if selector & 4 == 0 { GDT + offset } else { LDT + offset }
}

/// Selectors of the segments that every case begins with.
pub mod selector {
    /// Flat 32-bit code of ring 0.
    pub const CODE: u16 = 0x08;
    /// Flat data of ring 0.
    pub const DATA: u16 = 0x10;
    /// Flat 32-bit code of ring 3.
    pub const CODE_3: u16 = 0x1B;
    /// Flat data of ring 3.
    pub const DATA_3: u16 = 0x23;
    /// The current task.
    pub const TASK: u16 = 0x28;
    /// The task that handles double faults.
    pub const TASK_DOUBLE_FAULT: u16 = 0x30;
    /// The local descriptor table.
    pub const LDT: u16 = 0x38;
    /// Flat 32-bit code of ring 1.
    pub const CODE_1: u16 = 0x41;
    /// Flat data of ring 1.
    pub const DATA_1: u16 = 0x49;
    /// Flat 32-bit code of ring 2.
    pub const CODE_2: u16 = 0x52;
    /// Flat data of ring 2.
    pub const DATA_2: u16 = 0x5A;
    /// 16-bit code of ring 0 from the image's first byte on.
    pub const CODE_16: u16 = 0x60;
    /// 16-bit code of ring 3 from the image's first byte on.
    pub const CODE_16_3: u16 = 0x6B;
    /// 16-bit data of ring 0, 64 KB from the arena's first byte on.
    pub const DATA_16: u16 = 0x70;
    /// 32-bit code of ring 0 from the image's first byte on: in reach of 16-bit gates.
    pub const CODE_LOW: u16 = 0x78;
    /// 16-bit data of ring 3, 64 KB from the arena's first byte on.
    pub const DATA_16_3: u16 = 0x83;
    /// The second task.
    pub const TASK_32: u16 = 0x88;
    /// The third task.
    pub const TASK_16: u16 = 0x90;
    /// The first selector that is free for cases; so are those behind it.
    pub const FREE: u16 = 0x98;
    /// The first selector of the LDT, which begins empty.
    pub const LOCAL: u16 = 0x04;
}

/// The flat code selector of a ring.
#[must_use]
pub const fn code_selector(ring: u8) -> u16 {
    match ring {
        0 => selector::CODE,
        1 => selector::CODE_1,
        2 => selector::CODE_2,
        _ => selector::CODE_3,
    }
}

/// The flat data selector of a ring.
#[must_use]
pub const fn data_selector(ring: u8) -> u16 {
    match ring {
        0 => selector::DATA,
        1 => selector::DATA_1,
        2 => selector::DATA_2,
        _ => selector::DATA_3,
    }
}
