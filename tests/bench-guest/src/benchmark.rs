//! The benchmarks: numbers and names by which they are asked for.

use crate::executing;
use crate::workload::{block, chase, integer, matrix, mixed};

/// A benchmark of this image.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Benchmark {
    /// Start and end only.
    Nothing,
    /// Arithmetic in registers.
    Integer,
    /// What a C program does: sort, CRC, list walk, state machine, small matrix.
    Mixed,
    /// Fill and copy memory word by word, without REP.
    Block,
    /// Follow pointers over 4,096 pages, paging on.
    Chase,
    /// The same with a reload of CR3 every 256 hops.
    ChaseReload,
    /// Multiply 48 × 48 matrices of doubles.
    Matrix,
    /// `int` from ring 3 to ring 0 and back.
    Trap,
    /// Write and read a port.
    Port,
    /// Read a register through an uncached mapping.
    Mmio,
    /// Patch the instruction that comes next but one.
    SelfModifying,
    /// REP MOVSD of 64 KB.
    StringMove,
    /// Execute fresh code, each instruction once.
    Cold,
    /// Wait for as many ticks of a timer as there are rounds; forever if that is 0.
    Idle,
    /// The executor beside another one; prints its own figures.
    Executor,
}

/// Every benchmark with its number and name.
const TABLE: [(u32, &str, Benchmark); 15] = [
    (0, "nothing", Benchmark::Nothing),
    (1, "integer", Benchmark::Integer),
    (2, "mixed", Benchmark::Mixed),
    (3, "block", Benchmark::Block),
    (4, "chase", Benchmark::Chase),
    (5, "chase-reload", Benchmark::ChaseReload),
    (6, "matrix", Benchmark::Matrix),
    (7, "trap", Benchmark::Trap),
    (8, "port", Benchmark::Port),
    (9, "mmio", Benchmark::Mmio),
    (10, "self-modifying", Benchmark::SelfModifying),
    (11, "string-move", Benchmark::StringMove),
    (12, "cold", Benchmark::Cold),
    (13, "idle", Benchmark::Idle),
    (14, "executor", Benchmark::Executor),
];

impl Benchmark {
    /// The benchmark with this number in the parameter block.
    #[cfg(target_arch = "x86")]
    pub(crate) fn from_number(number: u32) -> Option<Self> {
        TABLE.iter().find(|row| row.0 == number).map(|row| row.2)
    }

    /// The benchmark with this name.
    #[cfg(not(target_arch = "x86"))]
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        TABLE.iter().find(|row| row.1 == name).map(|row| row.2)
    }

    /// Its name as printed.
    #[cfg(target_arch = "x86")]
    pub(crate) fn name(self) -> &'static str {
        TABLE.iter().find(|row| row.2 == self).map_or("", |row| row.1)
    }

    /// Runs it and returns its checksum; `None` if it needs a bare machine.
    ///
    /// Both chases have the checksum of the pages visited, which ordinary arithmetic gives as well.
    pub(crate) fn run_portably(self, rounds: u32, seed: u32) -> Option<u32> {
        match self {
            Self::Nothing => Some(seed),
            Self::Integer => Some(integer::run(rounds, seed)),
            Self::Mixed => Some(mixed::run(rounds, seed)),
            Self::Block => Some(block::run(rounds, seed)),
            Self::Matrix => Some(matrix::run(rounds, seed)),
            Self::Executor => Some(executing::run(rounds)),
            Self::Chase | Self::ChaseReload if cfg!(not(target_arch = "x86")) => {
                Some(chase::last_page(rounds, seed))
            }
            _ => None,
        }
    }
}
