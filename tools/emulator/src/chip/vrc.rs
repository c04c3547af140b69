//! Voltage regulator controller: the voltage of every domain.
//!
//! A command is decoded when it arrives and takes effect when the regulator has settled; both are called from
//! outside, which keeps time out of here.
//!
//! Source: SCC reference §6 (U38, U39), §7.9 (U55).

use scc::id::TileId;
use scc::vrc::{Vid, VoltageDomain, VrcCommand};

use super::lanes;

/// A command that the regulator carries out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct VoltageChange {
    /// The domain.
    pub(crate) domain: VoltageDomain,
    /// The voltage asked for.
    pub(crate) vid: Vid,
}

/// Decodes the low word of a write; `None` without the valid bit, which is acknowledged and ignored.
pub(crate) fn decode(written: u64) -> Option<VoltageChange> {
    let command = VrcCommand::from_bits(lanes::split(written)[0]);
    command.valid().then(|| VoltageChange {
        domain: VoltageDomain::from_number(command.domain()),
        vid: Vid::new(command.vid()),
    })
}

/// Voltages in force.
#[derive(Debug)]
pub(crate) struct Regulator {
    levels: [Vid; 8],
}

/// Domains in the order of the measurement registers; the last four registers follow.
const MEASURED: [VoltageDomain; 7] = [
    VoltageDomain::V0,
    VoltageDomain::V1,
    VoltageDomain::Mesh,
    VoltageDomain::V3,
    VoltageDomain::V4,
    VoltageDomain::V5,
    VoltageDomain::V7,
];

impl Regulator {
    /// Every domain at its voltage after the board's start.
    pub(crate) const fn new() -> Self {
        Self { levels: [Vid::BOOT; 8] }
    }

    /// Voltage of a domain.
    pub(crate) fn level(&self, domain: VoltageDomain) -> Vid {
        self.levels[usize::from(domain.number())]
    }

    /// Makes a commanded voltage the one in force.
    pub(crate) fn settle(&mut self, domain: VoltageDomain, vid: Vid) {
        self.levels[usize::from(domain.number())] = vid;
    }

    /// Highest frequency the voltage of a tile permits, in MHz.
    pub(crate) fn limit_megahertz(&self, tile: TileId) -> u16 {
        self.level(VoltageDomain::of_tile(tile)).frequency_limit_megahertz()
    }

    /// Measurement register `number`: voltages in millivolts, currents 0.
    pub(crate) fn measurement(&self, number: u8) -> u32 {
        match (MEASURED.get(usize::from(number)), number) {
            (Some(domain), _) => self.level(*domain).microvolts() / 1000,
            (None, 7) => 3300,
            (None, 8) => 1500,
            (None, _) => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checklist 74.
    #[test]
    fn a_command_without_the_valid_bit_is_ignored() {
        assert_eq!(decode(0x0_07A0), None);
        let change = decode(0x1_F8A0).expect("a valid command");
        assert_eq!(change, VoltageChange { domain: VoltageDomain::V0, vid: Vid::new(0xA0) });
    }

    #[test]
    fn domains_2_and_6_are_the_mesh() {
        assert_eq!(decode(0x1_02B0).map(|change| change.domain), Some(VoltageDomain::Mesh));
        assert_eq!(decode(0x1_06B0).map(|change| change.domain), Some(VoltageDomain::Mesh));
    }

    #[test]
    fn the_limit_follows_the_voltage_of_the_tiles_domain() {
        let mut regulator = Regulator::new();
        let tile = |number| TileId::new(number).expect("tile");
        regulator.settle(VoltageDomain::V4, Vid::new(0x80));
        assert_eq!(regulator.limit_megahertz(tile(0)), 598);
        assert_eq!(regulator.limit_megahertz(tile(2)), 875);
    }
}
