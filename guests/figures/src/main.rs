//! A guest that measures what the hypervisor takes. It prints a line for each figure, in cycles of the core,
//!
//! ```text
//! figure name=clock cold=8 median=6 most=6 count=64
//! figure name=call cold=565 median=260 most=260 count=64
//! figure name=exception cold=1500 median=700 most=700 count=64
//! ```
//!
//! the first one for two readings of the clock, which all but `system-call` contain, and powers off. `cold` is the first
//! time. What the names mean is in `cargo xtask bench guest`.
#![cfg_attr(target_arch = "x86", no_std, no_main)]

#[cfg(target_arch = "x86")]
mod exits;
#[cfg(target_arch = "x86")]
mod own_tables;
#[cfg(target_arch = "x86")]
mod trips;

#[cfg(target_arch = "x86")]
mod guest {
    use core::sync::atomic::{AtomicU32, Ordering};

    use guest_runtime::interrupts::{self, Frame};
    use guest_runtime::start::Info;
    use guest_runtime::{clock, println};

    use crate::{exits, own_tables, trips};

    guest_runtime::entry!(main);

    const COUNT: usize = 64;
    /// Vectors of exceptions that are raised by an instruction of two bytes.
    const INVALID_OPCODE: u32 = 6;
    const PAGE_FAULT: u32 = 14;

    fn main(info: &Info) {
        interrupts::install(handle);
        measure("clock", clock);
        exits::measure_all(info);
        trips::measure();
        own_tables::measure_all();
    }

    static HANDLED: AtomicU32 = AtomicU32::new(0);

    /// When the handler was last called.
    pub(crate) fn handled() -> u32 {
        HANDLED.load(Ordering::Relaxed)
    }

    fn handle(frame: &mut Frame) {
        HANDLED.store(clock(), Ordering::Relaxed);
        match frame.vector {
            INVALID_OPCODE if frame.cs & 3 == 3 => trips::leave(frame),
            INVALID_OPCODE | PAGE_FAULT => frame.eip += 2,
            _ => {}
        }
    }

    pub(crate) fn measure(name: &str, work: impl FnMut() -> u32) {
        measure_with(name, || {}, work);
    }

    /// Prints the times from before `work` to the reading of the clock that it returns, `prepare` not included.
    pub(crate) fn measure_with(name: &str, prepare: impl Fn(), mut work: impl FnMut() -> u32) {
        report(name, || {
            prepare();
            let start = clock();
            work().wrapping_sub(start)
        });
    }

    /// Prints times.
    pub(crate) fn report(name: &str, mut time: impl FnMut() -> u32) {
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
