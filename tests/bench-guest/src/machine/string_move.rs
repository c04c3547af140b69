//! REP MOVSD of 64 KB at a time.
#![expect(unsafe_code, reason = "string instruction between fixed addresses")]

use core::arch::asm;
use core::ptr::with_exposed_provenance_mut;

use super::layout;
use crate::workload::Random;

/// Words per move.
const WORDS: usize = 16_384;

/// One move per round. Each starts from the last word that the one before moved.
pub(super) fn run(rounds: u32, seed: u32) -> u32 {
    let source = with_exposed_provenance_mut::<u32>(layout::MOVE_SOURCE);
    let target = with_exposed_provenance_mut::<u32>(layout::MOVE_TARGET);
    let mut random = Random::new(seed);
    for index in 0..WORDS {
        // SAFETY: both blocks are RAM set aside for this, aligned.
        unsafe { source.wrapping_add(index).write_volatile(random.next()) };
        // SAFETY: as above.
        unsafe { target.wrapping_add(index).write_volatile(0) };
    }
    let mut checksum = seed;
    for round in 0..rounds {
        // SAFETY: as above.
        unsafe { source.write_volatile(checksum ^ round) };
        // SAFETY: both blocks have this many words and do not overlap; the direction flag is clear.
        unsafe {
            asm!(
                "xchg esi, {from}",
                "rep movsd",
                "xchg esi, {from}",
                from = inout(reg) source => _,
                inout("edi") target => _,
                inout("ecx") WORDS => _,
                options(nostack, preserves_flags)
            );
        };
        // SAFETY: as above.
        checksum = checksum.rotate_left(3) ^ unsafe { target.read_volatile() };
    }
    (0..WORDS).fold(checksum, |sum, index| {
        // SAFETY: as above.
        sum.rotate_left(1) ^ unsafe { target.wrapping_add(index).read_volatile() }
    })
}
