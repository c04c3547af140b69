//! The parameter block in the ROM, by which whoever starts the image says what to run.
//!
//! Eight little-endian words, 64 bytes before the end of the image:
//!
//! ```text
//! 0  magic "BENC"    2  rounds    4  machine: 0 SCC, 1 PC
//! 1  benchmark       3  seed      5..8  zero
//! ```
#![expect(unsafe_code, reason = "the block lies at a fixed address")]

/// What to run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parameters {
    /// Number of the benchmark.
    pub(super) benchmark: u32,
    /// Rounds to run.
    pub(super) rounds: u32,
    /// Seed of the data.
    pub(super) seed: u32,
    /// Where this is.
    pub(super) machine: Machine,
}

/// Kinds of machines that need a difference.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Machine {
    /// A core of the SCC.
    Scc,
    /// QEMU's PC or Bochs.
    Pc,
}

/// Marks the block in the image.
const MAGIC: u32 = u32::from_le_bytes(*b"BENC");

/// The block as built: end at once, on the SCC.
#[used]
// SAFETY: the section is placed by rom.ld and holds nothing else.
#[unsafe(link_section = ".parameters")]
static BLOCK: [u32; 8] = [MAGIC, 0, 0, 0, 0, 0, 0, 0];

impl Parameters {
    /// Reads the block.
    pub(super) fn read() -> Self {
        // SAFETY: a reference is valid for a read. Volatile, because the image is patched after it was compiled.
        let [_, benchmark, rounds, seed, machine, ..] = unsafe { (&raw const BLOCK).read_volatile() };
        let machine = if machine == 0 { Machine::Scc } else { Machine::Pc };
        Self { benchmark, rounds, seed, machine }
    }
}
