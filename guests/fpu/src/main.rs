//! A guest that keeps numbers in the floating-point unit while others of its core run. It prints
//!
//! ```text
//! 3 other turns, all numbers kept
//! ```
//!
//! and powers off. The numbers, the rounding and the precision follow from the size of its memory, so that each of several
//! guests has others. It never leaves its loop by itself: only the end of its turns lets others run.
#![cfg_attr(target_arch = "x86", no_std, no_main)]

#[cfg(target_arch = "x86")]
mod guest {
    #![expect(unsafe_code, reason = "what is kept are registers")]

    use core::arch::asm;

    use guest_runtime::start::Info;
    use guest_runtime::{clock, println};

    guest_runtime::entry!(main);

    /// Turns of others to see.
    const TURNS: u32 = 3;
    /// A longer time between two readings of the clock is a turn of somebody else.
    const GAP_MICROSECONDS: u32 = 1_000;
    /// Time after which nobody else is there.
    const PATIENCE_MILLISECONDS: u32 = 100;

    /// Image of FSAVE: control, status and tag word, four words of the last instruction, eight numbers of ten bytes.
    #[derive(Clone, Copy, PartialEq, Eq)]
    #[repr(C, align(4))]
    struct Image([u32; 27]);

    fn main(info: &Info) {
        let seed = info.memory_bytes >> 12;
        load(&image_of(seed));
        // As this unit shows them: units differ in bits that mean nothing.
        let first = save();
        let gap = GAP_MICROSECONDS * (info.tsc_khz / 1_000);
        let (begin, mut last, mut turns) = (clock(), clock(), 0);
        load(&first);
        while turns < TURNS && last.wrapping_sub(begin) / info.tsc_khz < PATIENCE_MILLISECONDS {
            let now = clock();
            turns += u32::from(now.wrapping_sub(last) > gap);
            last = now;
        }
        let kept = save();
        let verdict =
            if kept.0[..3] == first.0[..3] && kept.0[7..] == first.0[7..] { "all" } else { "not all" };
        println!("{turns} other turns, {verdict} numbers kept");
    }

    /// Eight numbers, all valid, with rounding and precision chosen by the seed.
    fn image_of(seed: u32) -> Image {
        let mut image = Image([0; 27]);
        let [rounding, precision] = [seed & 3, [0, 2, 3][seed as usize % 3]];
        image.0[0] = 0xFFFF_007F | rounding << 10 | precision << 8; // not an address: exceptions masked
        image.0[1] = 0xFFFF_0000; // not an address: register 0 on top
        image.0[2] = 0xFFFF_0000; // not an address: all valid
        image.0[6] = 0xFFFF_0000; // not an address: unused half
        let mut numbers = [0_u8; 80];
        for (index, number) in (1..).zip(numbers.as_chunks_mut::<10>().0) {
            let significand = 1_u64 << 63 | u64::from(seed) << 32 | u64::from(index * 0x0101_0101_u32); // not an address
            number[..8].copy_from_slice(&significand.to_le_bytes());
            number[8..].copy_from_slice(&(0x3FFF_u16 + seed.to_le_bytes()[0] as u16).to_le_bytes()); // not an address
        }
        for (word, bytes) in image.0[7..].iter_mut().zip(numbers.as_chunks::<4>().0) {
            *word = u32::from_le_bytes(*bytes);
        }
        image
    }

    fn load(image: &Image) {
        // SAFETY: an image of the unit; no code of this guest uses the unit otherwise.
        unsafe { asm!("frstor [{}]", in(reg) image, options(readonly, nostack, preserves_flags)) };
    }

    fn save() -> Image {
        let mut image = Image([0; 27]);
        // SAFETY: room for an image.
        unsafe { asm!("fnsave [{}]", in(reg) &raw mut image, options(nostack, preserves_flags)) };
        image
    }
}

/// Only the hypervisor starts a guest.
#[cfg(not(target_arch = "x86"))]
fn main() {
    eprintln!("this is a guest of the SCC's hypervisor; start it with `cargo run -- boot --guest`");
}
