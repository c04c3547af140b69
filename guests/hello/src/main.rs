//! The smallest guest. It prints
//!
//! ```text
//! hello from ring 1 with 16 MB of memory
//! ```
//!
//! and powers off.
#![cfg_attr(target_arch = "x86", no_std, no_main)]

#[cfg(target_arch = "x86")]
mod guest {
    #![expect(unsafe_code, reason = "the macro defines a symbol, and CS is read by an instruction")]

    use core::arch::asm;

    use guest_runtime::println;
    use guest_runtime::start::Info;

    // ANCHOR: main
    guest_runtime::entry!(main);

    fn main(info: &Info) {
        println!("hello from ring {} with {} MB of memory", code_selector() & 3, info.memory_bytes >> 20);
    }
    // ANCHOR_END: main

    /// The selector in CS, whose low bits are the ring.
    fn code_selector() -> u32 {
        let selector: u32;
        // SAFETY: reading CS has no effect.
        unsafe { asm!("mov {:e}, cs", out(reg) selector, options(nomem, nostack, preserves_flags)) };
        selector
    }
}

/// Only the hypervisor starts a guest.
#[cfg(not(target_arch = "x86"))]
fn main() {
    eprintln!("this is a guest of the SCC's hypervisor; start it with `cargo run -- boot --guest`");
}
