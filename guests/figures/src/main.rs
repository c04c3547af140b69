//! A guest that measures what the hypervisor takes. It prints a line for each figure, in cycles of the core,
//!
//! ```text
//! figure name=clock cold=8 median=6 most=6 count=64
//! figure name=call cold=565 median=260 most=260 count=64
//! figure name=exception cold=1500 median=700 most=700 count=64
//! figure name=deliver cold=1500 median=700 most=700 count=64
//! figure name=device cold=3000 median=1500 most=1500 count=64
//! ```
//!
//! the first one for two readings of the clock, which all others contain, and powers off. `cold` is the first time.
#![cfg_attr(target_arch = "x86", no_std, no_main)]

#[cfg(target_arch = "x86")]
mod guest {
    #![expect(unsafe_code, reason = "an exception and the read of a register are made by hand")]

    use core::arch::asm;
    use core::ptr::with_exposed_provenance;
    use core::sync::atomic::{AtomicU32, Ordering};

    use guest_runtime::abi::Call;
    use guest_runtime::abi::device::FIRST_WINDOW;
    use guest_runtime::call::{call, raw, set_timer};
    use guest_runtime::interrupts::{self, Frame};
    use guest_runtime::start::Info;
    use guest_runtime::{clock, println};

    guest_runtime::entry!(main);

    const COUNT: usize = 64;
    /// A hypercall that does nothing: no such number.
    const NOTHING: [u32; 4] = [u32::MAX, 0, 0, 0];
    const INVALID_OPCODE: u32 = 6;
    /// Status of the first device (VIRTIO 1.2 §4.2.2).
    const STATUS: u32 = FIRST_WINDOW.number() + 0x070;

    fn main(_: &Info) {
        interrupts::install(handle);
        measure("clock", clock);
        measure("call", || {
            let _: u32 = raw(NOTHING);
            clock()
        });
        measure("exception", || {
            // SAFETY: the handler goes on behind it.
            unsafe { asm!("ud2") };
            HANDLED.load(Ordering::Relaxed)
        });
        measure_with("deliver", make_pending, || {
            // It cannot fail: the table was loaded above.
            let _: Result<u32, _> = call(Call::Deliver);
            HANDLED.load(Ordering::Relaxed)
        });
        measure("device", || {
            let status = with_exposed_provenance::<u32>(STATUS as usize);
            // SAFETY: a register of the source of random numbers, which every guest has.
            let _: u32 = unsafe { status.read_volatile() };
            clock()
        });
    }

    /// When the handler was last called.
    static HANDLED: AtomicU32 = AtomicU32::new(0);

    fn handle(frame: &mut Frame) {
        HANDLED.store(clock(), Ordering::Relaxed);
        if frame.vector == INVALID_OPCODE {
            frame.eip += 2;
        }
    }

    /// Has the timer's line pending, with the interrupt flag set by nobody but the last instruction.
    fn make_pending() {
        interrupts::disable();
        set_timer(1).expect("this hypervisor has timers");
        // The wait ends as soon as the line is pending; the flag stays as it is.
        interrupts::wait_with_interrupts_off();
        interrupts::set_flag();
    }

    fn measure(name: &str, work: impl FnMut() -> u32) {
        measure_with(name, || {}, work);
    }

    /// Prints the times from before `work` to the reading of the clock that it returns, `prepare` not included.
    fn measure_with(name: &str, prepare: impl Fn(), mut work: impl FnMut() -> u32) {
        let mut time = || {
            prepare();
            let start = clock();
            work().wrapping_sub(start)
        };
        let cold = time();
        let mut cycles = [0; COUNT];
        cycles.iter_mut().for_each(|place| *place = time());
        cycles.sort_unstable();
        let [median, most] = [cycles[COUNT / 2], cycles[COUNT - 1]];
        println!("figure name={name} cold={cold} median={median} most={most} count={COUNT}");
    }
}

/// Only the hypervisor starts a guest.
#[cfg(not(target_arch = "x86"))]
fn main() {
    eprintln!("this is a guest of the SCC's hypervisor; start it with `cargo run -- boot --guest`");
}
