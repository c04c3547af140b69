//! Random numbers for a guest.
//!
//! A P54C has no source of randomness. What there is: the time stamp counter of the core and the timestamp of the FPGA, whose
//! clocks are made by different oscillators, so how far one advances while the other is read varies. Each reading crosses the
//! mesh, whose load varies as well. 64 readings make the seed, and the counter at the time of each request is mixed in.
//!
//! What that is worth: unverified on the chip; one would record the differences of a million readings and estimate their
//! min-entropy. It is honest to expect a few bits a reading at best, and none at all
//! - on the emulator, which is deterministic: the same run gives the same numbers;
//! - on a PC, where only the counter is read.
//!
//! So a guest's numbers are good for shuffling and identifiers. Keys that must be kept from others need another source.
//! Guests of one core, and of all, have different numbers: core and guest are part of the seed. The generator itself is
//! [`vdev::generator`](crate::hypervisor::vdev::generator).

use core::future::{Future, ready};

use crate::arch::i586::cpu;
use crate::hypervisor::vdev::entropy::Entropy;
use crate::hypervisor::vdev::generator::{Generator, KEY_WORDS};
use crate::platform::machine;

/// Readings of both clocks for each word of the seed.
const READINGS: u32 = 8;

/// A generator of a guest's own.
pub(super) struct Random(Generator);

impl Random {
    /// Reads the clocks for the guest with this number of this core.
    pub(super) fn new(number: u8) -> Self {
        let mut generator = Generator::new(
            [u32::from_le_bytes([machine::identity::core().number(), number, 0, 0]); KEY_WORDS],
        );
        let mut sample = [0_u32; KEY_WORDS];
        for word in &mut sample {
            for _ in 0..READINGS {
                // Without the second clock the first one is all there is.
                let far = machine::clocks::chip_time().unwrap_or(0);
                *word = word.rotate_left(5) ^ fold(far) ^ fold(cpu::time_stamp());
            }
        }
        generator.stir(sample);
        Self(generator)
    }
}

impl Entropy for Random {
    fn fill(&mut self, into: &mut [u8]) -> impl Future<Output = ()> {
        self.0.stir([fold(cpu::time_stamp()); KEY_WORDS]);
        self.0.fill(into);
        ready(())
    }
}

/// Both halves of a count.
const fn fold(count: u64) -> u32 {
    let [a, b, c, d, e, f, g, h] = count.to_le_bytes();
    u32::from_le_bytes([a, b, c, d]) ^ u32::from_le_bytes([e, f, g, h])
}
