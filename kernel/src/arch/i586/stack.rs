//! Words of the kernel's stacks, for those who look at frames that are not theirs.
#![expect(unsafe_code, reason = "reads stacks by address")]

use core::ptr::with_exposed_provenance;

use crate::layout;

/// Reads an aligned word of one of the kernel's stacks; `None` for any other address.
#[must_use]
pub fn word(address: u32) -> Option<u32> {
    let stacks = [layout::BOOT_STACK..layout::BOOT_STACK_END, layout::FAULT_STACK..layout::FAULT_STACK_END];
    let inside = address.is_multiple_of(4) && stacks.iter().any(|stack| stack.contains(&address));
    // SAFETY: the stacks are mapped from the start on and for ever, and any word of them is a number.
    inside.then(|| unsafe { with_exposed_provenance::<u32>(address as usize).read_volatile() })
}

/// EBP of the function that this is inlined into.
#[inline(always)]
#[must_use]
pub fn frame_pointer() -> u32 {
    let value: u32;
    // SAFETY: reading a register has no effect.
    unsafe { core::arch::asm!("mov {}, ebp", out(reg) value, options(nomem, nostack, preserves_flags)) };
    value
}
