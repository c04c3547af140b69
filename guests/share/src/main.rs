//! A guest that never gives the processor back by itself and says how much it gets of it. It prints
//!
//! ```text
//! spun 1
//! spun 2
//! ```
//!
//! and so on for ever, each time after the same number of turns of a loop: several of them on a core show what share each has.
#![cfg_attr(target_arch = "x86", no_std, no_main)]

#[cfg(target_arch = "x86")]
mod guest {
    use core::hint::spin_loop;

    use guest_runtime::println;
    use guest_runtime::start::Info;

    guest_runtime::entry!(main);

    /// Turns of the loop: about a millisecond. They write nothing, for how long a
    /// write takes depends on whether a cache has the line.
    const TURNS: u32 = 100_000;

    fn main(_: &Info) {
        for number in 1_u32.. {
            for _ in 0..TURNS {
                spin_loop();
            }
            println!("spun {number}");
        }
    }
}

/// Only the hypervisor starts a guest.
#[cfg(not(target_arch = "x86"))]
fn main() {
    eprintln!("this is a guest of the SCC's hypervisor; start it with `cargo run -- boot --guest`");
}
