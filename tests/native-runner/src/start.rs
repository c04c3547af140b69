//! Where the program begins, and where it ends when something in it is wrong.
#![expect(unsafe_code, reason = "the entry point is called by the operating system, not by Rust")]

use crate::{linux, session};
use core::arch::naked_asm;

/// Exit status of a runner that found a fault in itself.
const BROKEN: u32 = 101;

/// Aligns the stack as Rust expects it and goes on in [`begin`].
// SAFETY: the symbol is what the linker looks for as the entry point, and no other package defines it.
#[unsafe(no_mangle)]
#[unsafe(naked)]
extern "C" fn _start() -> ! {
    naked_asm!("and esp, -16", "xor ebp, ebp", "call {begin}", "ud2", begin = sym begin)
}

extern "C" fn begin() -> ! {
    session::run()
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    linux::exit(BROKEN)
}
