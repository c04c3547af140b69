//! Fills and copies of 64 KB, word by word as a loop in C does it, without REP.
//!
//! The accesses are volatile: otherwise the compiler recognises the loops and calls `memset` and `memcpy`, which are
//! REP instructions here.
#![expect(unsafe_code, reason = "volatile accesses keep the loops as they are written")]

/// Words of each buffer.
const WORDS: usize = 16_384;

/// Words handled by one pass of the loops.
const UNROLLED: usize = 4;

/// One fill and one copy per round; the checksum is taken over the copy after the last.
pub(crate) fn run(rounds: u32, seed: u32) -> u32 {
    let mut source = [seed; WORDS];
    let mut target = [0; WORDS];
    let mut checksum = seed;
    for round in 0..rounds {
        fill(&mut source, checksum ^ round);
        copy(&mut target, &source);
        checksum = checksum.rotate_left(3) ^ target[WORDS - 1] ^ target[WORDS / 2];
    }
    target.iter().fold(checksum, |sum, word| sum.wrapping_mul(31).wrapping_add(*word))
}

/// Sets every word to `value`, one store each.
#[inline(never)]
fn fill(words: &mut [u32; WORDS], value: u32) {
    for chunk in words.chunks_exact_mut(UNROLLED) {
        for word in chunk {
            // SAFETY: a reference is valid for a write.
            unsafe { (word as *mut u32).write_volatile(value) };
        }
    }
}

/// Copies every word, one load and one store each.
#[inline(never)]
fn copy(target: &mut [u32; WORDS], source: &[u32; WORDS]) {
    for (to, from) in target.chunks_exact_mut(UNROLLED).zip(source.chunks_exact(UNROLLED)) {
        for (to, from) in to.iter_mut().zip(from) {
            // SAFETY: a reference is valid for a read.
            let value = unsafe { (from as *const u32).read_volatile() };
            // SAFETY: a reference is valid for a write.
            unsafe { (to as *mut u32).write_volatile(value) };
        }
    }
}
