//! The guest programs of package `bench-guest`, by number and name.

/// A guest program.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Guest {
    /// Its number in the parameter block.
    pub(super) number: u32,
    /// The name it prints.
    pub(super) name: &'static str,
    /// What it does, for the report.
    pub(super) title: &'static str,
    /// What is counted.
    pub(super) unit: Unit,
    /// Whether it also runs as an ordinary program, whose checksum is the reference.
    pub(super) portable: bool,
    /// Traffic at which the emulator is to be ahead of QEMU.
    pub(super) device_like: bool,
}

/// What a guest's speed is counted in, by the million per second.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Unit {
    /// Guest instructions, as counted by the emulator.
    Instructions,
    /// Words of four bytes moved by string instructions, so many per round.
    Words(u32),
}

impl Unit {
    /// Name of a million of them per second.
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Instructions => "MIPS",
            Self::Words(_) => "M words/s",
        }
    }
}

const fn guest(number: u32, name: &'static str, title: &'static str) -> Guest {
    Guest { number, name, title, unit: Unit::Instructions, portable: false, device_like: false }
}

impl Guest {
    const fn portable(mut self) -> Self {
        self.portable = true;
        self
    }

    const fn device_like(mut self) -> Self {
        self.device_like = true;
        self
    }

    const fn moving(mut self, words_per_round: u32) -> Self {
        self.unit = Unit::Words(words_per_round);
        self
    }
}

/// Starts and ends, nothing else.
pub(super) const NOTHING: Guest = guest(0, "nothing", "start and end").portable();
/// Waits for as many timer ticks as there are rounds, one a millisecond; forever without rounds.
pub(super) const IDLE: Guest = guest(13, "idle", "wait for ticks");
/// Arithmetic in registers.
pub(super) const INTEGER: Guest = guest(1, "integer", "integer loop").portable();
/// What compiled C does.
pub(super) const MIXED: Guest =
    guest(2, "mixed", "mixed C-like code (sort, CRC, list, state machine, matrix)").portable();

/// The guests whose speed is compared, in the order of the report.
pub(super) const GUESTS: &[Guest] = &[
    INTEGER,
    MIXED,
    guest(3, "block", "fill and copy memory without REP").portable(),
    guest(4, "chase", "dependent chase over 4,096 pages").portable(),
    guest(5, "chase-reload", "the same, CR3 reloaded every 256 hops").portable(),
    guest(6, "matrix", "x87 48x48 double matrix").portable(),
    guest(7, "trap", "ring 3 `int` to ring 0 and back").device_like(),
    guest(8, "port", "port I/O loop").device_like(),
    guest(9, "mmio", "MMIO read loop").device_like(),
    guest(10, "self-modifying", "self-modifying code").device_like(),
    guest(11, "string-move", "REP MOVSD of 64 KB").moving(16_384),
    guest(12, "cold", "fresh code, executed once"),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn numbers_and_names_are_unique() {
        let all = GUESTS.iter().chain([&NOTHING, &IDLE]);
        let numbers: BTreeSet<_> = all.clone().map(|guest| guest.number).collect();
        let names: BTreeSet<_> = all.clone().map(|guest| guest.name).collect();
        assert_eq!((numbers.len(), names.len()), (all.clone().count(), all.count()));
    }
}
