//! A guest that never gives the processor back by itself. It prints
//!
//! ```text
//! spun for 20 ms
//! ```
//!
//! after it has read the clock for so long, with its interrupt flag off, and powers off.
#![cfg_attr(target_arch = "x86", no_std, no_main)]

#[cfg(target_arch = "x86")]
mod guest {
    use guest_runtime::start::Info;
    use guest_runtime::{clock, println};

    guest_runtime::entry!(main);

    const MILLISECONDS: u32 = 20;

    fn main(info: &Info) {
        let start = clock();
        while clock().wrapping_sub(start) < MILLISECONDS * info.tsc_khz {}
        println!("spun for {MILLISECONDS} ms");
    }
}

/// Only the hypervisor starts a guest.
#[cfg(not(target_arch = "x86"))]
fn main() {
    eprintln!("this is a guest of the SCC's hypervisor; start it with `cargo run -- boot --guest`");
}
