//! Instructions that a kernel must never execute, for those who want to see what happens.
#![expect(unsafe_code, reason = "each function does something fatal, which ends the core with a report")]

use core::arch::asm;

use super::descriptors::TASK;

/// A vector that nothing is set up for.
const UNUSED_VECTOR: u8 = 0x99;

/// Reads the page at address 0, which is never mapped.
#[inline(never)]
pub fn read_page_zero() {
    // SAFETY: the page is not mapped: the read faults, and the fault ends the core.
    unsafe { asm!("mov eax, [0x10]", out("eax") _, options(nostack)) };
}

/// Writes to the kernel's own code, which is mapped read-only.
#[inline(never)]
pub fn write_to_code() {
    // SAFETY: the page is read-only and CR0.WP is set: the write faults, and the fault ends the core.
    unsafe { asm!("mov byte ptr [{}], 0x90", in(reg) write_to_code as *const (), options(nostack)) };
}

/// Takes an interrupt that nobody expects.
#[inline(never)]
pub fn raise_unexpected_interrupt() {
    // SAFETY: the handler of every vector keeps all registers; that of this one ends the core.
    unsafe { asm!("int {}", const UNUSED_VECTOR) };
}

/// Pushes onto a stack that is not there: the fault cannot be delivered on it, which is a double fault.
#[inline(never)]
pub fn lose_the_stack() -> ! {
    // SAFETY: nothing runs on the lost stack; the double fault has its own and ends the core.
    unsafe { asm!("mov esp, 0x100", "push eax", options(noreturn)) };
}

/// Loads a data segment register with the selector of a task.
#[inline(never)]
pub fn load_wrong_selector() {
    // SAFETY: the selector names no data segment: the load faults, and the fault ends the core.
    unsafe { asm!("mov es, {:x}", in(reg) u32::from(TASK.into_bits()), options(nostack)) };
}
