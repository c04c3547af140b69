//! Where a guest program keeps its things in the core's private memory (core-physical addresses).
//!
//! ```text
//! 0x0000_1000  GDT        0x0000_2000  IDT       0x0000_3000  TSS
//! 0x0001_0000  code       .. 0x0007_0000 stack of CPL 3, .. 0x0007_8000 of faults, .. 0x0008_0000 of CPL 0 (downwards)
//! 0x0009_0000  results    0x0010_0000  page directory, then page tables
//! 0x0020_0000  test data  0x0030_0000  clean lines for evicting others
//! ```

/// Global descriptor table.
pub const GDT: u32 = 0x1000;
/// Interrupt descriptor table, 256 gates.
pub const IDT: u32 = 0x2000;
/// Task state segment: the stack for faults at CPL 3.
pub const TSS: u32 = 0x3000;
/// 32-bit code.
pub const CODE: u32 = 0x1_0000;
/// Top of the stack at CPL 3.
pub const USER_STACK: u32 = 0x7_0000;
/// Top of the stack that interrupts from CPL 3 use.
pub const TRAP_STACK: u32 = 0x7_8000;
/// Top of the stack at CPL 0.
pub const STACK: u32 = 0x8_0000;
/// Results page, uncached.
pub const RESULTS: u32 = 0x9_0000;
/// Page directory; page tables follow it.
pub const PAGE_DIRECTORY: u32 = 0x10_0000;
/// Memory for tests to read and write, write-back; 1 MB.
pub const DATA: u32 = 0x20_0000;
/// Memory that is only ever read, for evicting lines from the caches; 256 KB.
pub const CLEAN: u32 = 0x30_0000;
/// End of what the standard page map covers from address 0.
pub const LOW_END: u32 = 0x40_0000;

/// Code selector at CPL 0.
pub const CODE_SELECTOR: u16 = 0x08;
/// Data selector at CPL 0.
pub const DATA_SELECTOR: u16 = 0x10;
/// Code selector at CPL 3.
pub const USER_CODE_SELECTOR: u16 = 0x1B;
/// Data selector at CPL 3.
pub const USER_DATA_SELECTOR: u16 = 0x23;
/// Selector of the task state segment.
pub const TASK_SELECTOR: u16 = 0x28;

/// Address of result `slot`, 0 to 899.
#[must_use]
pub const fn result(slot: u32) -> u32 {
    RESULTS + 4 * slot
}

/// Words of the results page that the boot code and the board use.
pub(super) mod word {
    use super::result;

    /// Number of the hand-shake the guest waits in.
    pub(crate) const REACHED: u32 = result(1000);
    /// Number of the hand-shake the host has let go.
    pub(crate) const GO: u32 = result(1001);
    /// Vector of the last exception.
    pub(crate) const FAULT_VECTOR: u32 = result(1002);
    /// Its error code, or 0.
    pub(crate) const FAULT_CODE: u32 = result(1003);
    /// EIP it pushed.
    pub(crate) const FAULT_EIP: u32 = result(1004);
    /// CR2 at that time.
    pub(crate) const FAULT_ADDRESS: u32 = result(1005);
    /// Where to go on after an announced exception; 0 if none is announced.
    pub(crate) const RECOVERY: u32 = result(1006);
    /// 1 once an unannounced exception ended the program.
    pub(crate) const DIED: u32 = result(1007);
    /// Where CPL 0 goes on after code at CPL 3.
    pub(crate) const USER_RETURN: u32 = result(1008);
    /// ESP of CPL 0 meanwhile.
    pub(crate) const USER_RETURN_STACK: u32 = result(1009);
}
