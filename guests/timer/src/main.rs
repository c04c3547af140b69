//! A guest that sleeps and is woken by its timer. It prints
//!
//! ```text
//! tick 1 after 1 ms
//! tick 2 after 2 ms
//! tick 3 after 3 ms
//! ```
//!
//! and powers off. Between two ticks the guest's task is not ready, and other tasks have the core.
#![cfg_attr(target_arch = "x86", no_std, no_main)]

#[cfg(target_arch = "x86")]
mod guest {
    use core::sync::atomic::{AtomicU32, Ordering};

    use guest_runtime::interrupts::{self, Frame};
    use guest_runtime::start::Info;
    use guest_runtime::{call, clock, println};

    guest_runtime::entry!(main);

    const PERIOD_NANOSECONDS: u64 = 1_000_000;
    /// Vector of line 0, the timer.
    const TIMER: u32 = 0x30;

    static TICKS: AtomicU32 = AtomicU32::new(0);

    fn main(info: &Info) {
        interrupts::install(handle);
        let start = clock();
        for expected in 1..=3 {
            call::set_timer(PERIOD_NANOSECONDS).expect("this hypervisor has timers");
            while TICKS.load(Ordering::Relaxed) < expected {
                interrupts::wait();
            }
            interrupts::disable();
            let passed = clock().wrapping_sub(start) / info.tsc_khz;
            println!("tick {expected} after {passed} ms");
        }
    }

    fn handle(frame: &mut Frame) {
        assert_eq!(frame.vector, TIMER, "nothing else happens here");
        TICKS.store(TICKS.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    }
}

/// Only the hypervisor starts a guest.
#[cfg(not(target_arch = "x86"))]
fn main() {
    eprintln!("this is a guest of the SCC's hypervisor; start it with `cargo run -- boot --guest`");
}
