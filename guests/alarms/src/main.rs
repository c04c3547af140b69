//! A guest that sets its timer to all lengths, and waits for it without giving the processor back. It prints
//!
//! ```text
//! 1000 timers of 0 to 10989 ns, all came
//! ```
//!
//! and powers off. Lengths differ by six cycles, so the core's alarm rings at all moments between setting the timer and the
//! guest's loop. An alarm that the hypervisor overlooks there is the last one: until it is served, no other is set.
#![cfg_attr(target_arch = "x86", no_std, no_main)]

#[cfg(target_arch = "x86")]
mod guest {
    use core::sync::atomic::{AtomicU32, Ordering};

    use guest_runtime::abi::interrupt::FIRST_LINE_VECTOR;
    use guest_runtime::interrupts::{self, Frame};
    use guest_runtime::start::Info;
    use guest_runtime::{call, clock, println};

    guest_runtime::entry!(main);

    const TIMERS: u32 = 1_000;
    const STEP_NANOSECONDS: u32 = 11;
    /// An alarm that was overlooked never comes. On a PC the time is that of the host, which may have others to serve.
    const PATIENCE_MILLISECONDS: u32 = 500;

    static CAME: AtomicU32 = AtomicU32::new(0);

    fn main(info: &Info) {
        interrupts::install(handle);
        interrupts::enable();
        for timer in 0..TIMERS {
            let nanoseconds = timer * STEP_NANOSECONDS;
            // Zero stops the timer.
            call::set_timer(nanoseconds.max(1).into()).expect("this hypervisor has timers");
            let start = clock();
            while CAME.load(Ordering::Relaxed) <= timer {
                let passed = clock().wrapping_sub(start);
                assert!(
                    passed < PATIENCE_MILLISECONDS * info.tsc_khz,
                    "the timer of {nanoseconds} ns did not come"
                );
            }
        }
        interrupts::disable();
        println!("{TIMERS} timers of 0 to {} ns, all came", (TIMERS - 1) * STEP_NANOSECONDS);
    }

    fn handle(frame: &mut Frame) {
        assert_eq!(frame.vector, FIRST_LINE_VECTOR.into(), "error {:#x} at {:#x}", frame.error, frame.eip);
        CAME.store(CAME.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    }
}

/// Only the hypervisor starts a guest.
#[cfg(not(target_arch = "x86"))]
fn main() {
    eprintln!("this is a guest of the SCC's hypervisor; start it with `cargo run -- boot --guest`");
}
