//! A guest that notes when it has the processor, for the time that passes between the turns of two guests of one core. It
//! prints a line for each of its turns but the first,
//!
//! ```text
//! turn begin=3411223344 end=3416556677
//! ```
//!
//! in low words of the time stamp counter, which all guests of a core read, and powers off. Started twice on a core, the end
//! of a turn and the beginning of the other guest's next one are the last and the first instruction around a world switch.
#![cfg_attr(target_arch = "x86", no_std, no_main)]

#[cfg(target_arch = "x86")]
mod guest {
    use guest_runtime::abi::Call;
    use guest_runtime::call::{call, set_timer};
    use guest_runtime::interrupts;
    use guest_runtime::start::Info;
    use guest_runtime::{clock, println};

    guest_runtime::entry!(main);

    const TURNS: usize = 18;
    /// A longer time between two readings of the clock is a turn of somebody else.
    const GAP_MICROSECONDS: u32 = 1_000;
    /// Time after which nobody else is there.
    const PATIENCE_MILLISECONDS: u32 = 100;

    /// Waits of which the kernel keeps records, more than there is room for.
    const WAITS: u32 = 150;
    /// Long enough that the guest does wait: a deadline that is past when it is set costs no records.
    const WAIT_NANOSECONDS: u64 = 20_000;

    fn main(info: &Info) {
        // The kernel's records are in the caches once it has gone round their memory, as it has after a second.
        for _ in 0..WAITS {
            set_timer(WAIT_NANOSECONDS).expect("this hypervisor has timers");
            interrupts::wait_with_interrupts_off();
            call(Call::Take).expect("every hypervisor has lines");
        }
        let gap = GAP_MICROSECONDS * (info.tsc_khz / 1_000);
        let patience = PATIENCE_MILLISECONDS * info.tsc_khz;
        let mut turns = [(0, 0); TURNS];
        let (mut done, mut begin) = (0, clock());
        let mut last = begin;
        while done < TURNS && last.wrapping_sub(begin) < patience {
            let now = clock();
            if now.wrapping_sub(last) > gap {
                turns[done] = (begin, last);
                done += 1;
                begin = now;
            }
            last = now;
        }
        // The first turn began before this function, and memory was touched for the first time in it.
        for (begin, end) in turns.iter().take(done).skip(1) {
            println!("turn begin={begin} end={end}");
        }
    }
}

/// Only the hypervisor starts a guest.
#[cfg(not(target_arch = "x86"))]
fn main() {
    eprintln!("this is a guest of the SCC's hypervisor; start it with `cargo run -- boot --guest`");
}
