//! A guest that measures what the hypervisor takes. It prints a line for each figure, in cycles of the core,
//!
//! ```text
//! figure name=clock cold=8 median=6 most=6 count=64
//! figure name=call cold=4000 median=300 most=400 count=64
//! ```
//!
//! the first one for two readings of the clock, which all others contain, and powers off. `cold` is the first time.
#![cfg_attr(target_arch = "x86", no_std, no_main)]

#[cfg(target_arch = "x86")]
mod guest {
    #![expect(unsafe_code, reason = "the macro defines a symbol, and the clock is read by an instruction")]

    use core::arch::asm;

    use guest_runtime::call::raw;
    use guest_runtime::println;
    use guest_runtime::start::Info;

    guest_runtime::entry!(main);

    const COUNT: usize = 64;
    /// A hypercall that does nothing: no such number.
    const NOTHING: [u32; 4] = [u32::MAX, 0, 0, 0];

    fn main(_: &Info) {
        measure("clock", || {});
        measure("call", || _ = raw(NOTHING));
    }

    fn measure(name: &str, mut work: impl FnMut()) {
        let mut time = || {
            let start = clock();
            work();
            clock().wrapping_sub(start)
        };
        let cold = time();
        let mut cycles = [0; COUNT];
        cycles.iter_mut().for_each(|place| *place = time());
        cycles.sort_unstable();
        let [median, most] = [cycles[COUNT / 2], cycles[COUNT - 1]];
        println!("figure name={name} cold={cold} median={median} most={most} count={COUNT}");
    }

    /// Low word of the time stamp counter.
    #[inline(always)]
    fn clock() -> u32 {
        let low;
        // SAFETY: the counter may be read in every ring.
        unsafe { asm!("rdtsc", out("eax") low, out("edx") _, options(nomem, nostack, preserves_flags)) };
        low
    }
}

/// Only the hypervisor starts a guest.
#[cfg(not(target_arch = "x86"))]
fn main() {
    eprintln!("this is a guest of the SCC's hypervisor; start it with `cargo run -- boot --guest`");
}
