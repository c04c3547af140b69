//! Arithmetic in registers: add, multiply, shift, rotate, logic and a branch that depends on them.

/// Passes of the inner loop per round.
const PASSES: u32 = 10_000;

/// Runs the loop; the checksum is what the three registers hold.
pub(crate) fn run(rounds: u32, seed: u32) -> u32 {
    let (mut a, mut b, mut c) = (seed, seed ^ 0x9E37_79B9, 1_u32);
    for _ in 0..rounds {
        for pass in 0..PASSES {
            a = a.wrapping_mul(1_664_525).wrapping_add(pass);
            b ^= a.rotate_left(7);
            c = c.wrapping_add(b >> 3);
            if c & 0x40 != 0 {
                b = b.wrapping_sub(c << 2);
            }
        }
    }
    a ^ b.rotate_left(11) ^ c
}
