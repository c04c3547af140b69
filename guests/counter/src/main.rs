//! A guest that counts milliseconds in three places: in a variable, in the floating-point unit, and on pages of its memory. It
//! prints
//!
//! ```text
//! count 1
//! count 2
//! ```
//!
//! and so on for ever. If one place is not as far as the others it says so: a guest that was paused, or restored from a state
//! that was kept, goes on with all that it had.
#![cfg_attr(target_arch = "x86", no_std, no_main)]

#[cfg(target_arch = "x86")]
mod guest {
    #![expect(unsafe_code, reason = "one of the counts is a register of the floating-point unit")]

    use core::arch::asm;
    use core::sync::atomic::{AtomicU32, Ordering};

    use guest_runtime::interrupts::{self, Frame};
    use guest_runtime::start::Info;
    use guest_runtime::{call, println};

    guest_runtime::entry!(main);

    const PERIOD_NANOSECONDS: u64 = 1_000_000;
    /// Vector of line 0, the timer.
    const TIMER: u32 = 0x30;
    /// Words of a page, and pages that hold the count.
    const PAGE_WORDS: usize = 1024;
    const PAGES: usize = 16;

    static TICKS: AtomicU32 = AtomicU32::new(0);
    static PLACES: [AtomicU32; PAGE_WORDS * PAGES] = [const { AtomicU32::new(0) }; PAGE_WORDS * PAGES];

    fn main(_: &Info) {
        interrupts::install(handle);
        // SAFETY: no code of this guest uses the unit otherwise.
        unsafe { asm!("fninit", "fldz", options(nomem, nostack, preserves_flags)) };
        for expected in 1.. {
            call::set_timer(PERIOD_NANOSECONDS).expect("this hypervisor has timers");
            while TICKS.load(Ordering::Relaxed) < expected {
                interrupts::wait();
            }
            interrupts::disable();
            let places = PLACES.iter().step_by(PAGE_WORDS);
            let on_pages = places.filter(|place| place.swap(expected, Ordering::Relaxed) == expected - 1);
            let is_whole = on_pages.count() == PAGES && count_in_unit() == expected;
            if is_whole && TICKS.load(Ordering::Relaxed) == expected {
                println!("count {expected}");
            } else {
                println!("count is not what it should be: {expected}");
            }
        }
    }

    /// Adds one to the register of the unit, and reads it.
    fn count_in_unit() -> u32 {
        let mut count = 0_u32;
        // SAFETY: as above; the word is writable.
        unsafe {
            asm!(
                "fld1", "faddp", "fist dword ptr [{}]",
                in(reg) &raw mut count, options(nostack, preserves_flags)
            );
        }
        count
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
