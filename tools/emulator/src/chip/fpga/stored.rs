//! Registers of the bank that remember what was written: status and configuration, parameters for operating systems.
//!
//! Source: SCC reference §7.2, §7.3; reset values and stored bits are those of [`FpgaRegister`].

use scc::fpga::{Config, DimmSizes, FpgaRegister, defaults};
use scc::lut::BoardMemory;

use crate::chip::lanes::DwordLanes;

/// First register of the range kept here.
const FIRST: u32 = FpgaRegister::MacBaseHigh.offset();
/// Words from there to the last one.
const WORDS: usize = 0x200;

/// PLL locked, chip present, chip power on.
const BOARD_IS_UP: u32 = (1 << 14) | (1 << 9) | (1 << 8);

/// The registers' contents.
#[derive(Debug)]
pub(crate) struct StoredRegisters {
    words: [u32; WORDS],
}

impl StoredRegisters {
    /// Reset values, then what the host's tools write.
    pub(crate) fn new(memory: BoardMemory) -> Self {
        let mut registers = Self { words: [0; WORDS] };
        for (position, word) in (0..).zip(&mut registers.words) {
            *word = FpgaRegister::from_offset(FIRST + 4 * position).map_or(0, FpgaRegister::reset_value);
        }
        let [mac_low, mac_high] = crate::chip::lanes::split(defaults::MAC_BASE);
        let config = Config::from_bits(FpgaRegister::Config.reset_value()).with_chip_initialised(true);
        for (register, value) in [
            (FpgaRegister::MacBaseHigh, mac_high),
            (FpgaRegister::MacBaseLow, mac_low),
            (FpgaRegister::FirstIp, defaults::FIRST_IP),
            (FpgaRegister::HostIp, defaults::HOST_IP),
            (FpgaRegister::GatewayIp, defaults::GATEWAY_IP),
            (FpgaRegister::Config, config.into_bits()),
            (FpgaRegister::BmcPort, BOARD_IS_UP),
            (FpgaRegister::FastClock, defaults::FAST_CLOCK_MEGAHERTZ.into()),
            (FpgaRegister::DimmSizes, DimmSizes::of_board(memory).bits()),
            (FpgaRegister::DisplayWidth, defaults::DISPLAY_WIDTH.into()),
            (FpgaRegister::DisplayHeight, defaults::DISPLAY_HEIGHT.into()),
            (FpgaRegister::DisplayDepth, defaults::DISPLAY_DEPTH.into()),
        ] {
            registers.words[index(register)] = value;
        }
        registers
    }

    /// Contents of a register.
    pub(crate) fn get(&self, register: FpgaRegister) -> u32 {
        self.words[index(register)]
    }

    /// Writes the bits the register stores.
    pub(crate) fn write(&mut self, register: FpgaRegister, lanes: DwordLanes) {
        let word = &mut self.words[index(register)];
        let stored = register.stored_bits();
        *word = (*word & !stored) | (lanes.merge_into(*word) & stored);
    }
}

fn index(register: FpgaRegister) -> usize {
    usize::try_from((register.offset() - FIRST) / 4).expect("an offset in the bank")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored() -> StoredRegisters {
        StoredRegisters::new(BoardMemory::Gb64)
    }

    #[test]
    fn every_stored_register_has_a_word() {
        assert!(index(FpgaRegister::BoardMonitor(27)) < WORDS);
    }

    /// Checklist 63.
    #[test]
    fn test_registers_start_with_their_patterns_and_are_writable() {
        let mut registers = stored();
        assert_eq!(registers.get(FpgaRegister::Test0), 0xA5A5_A5A5);
        assert_eq!(registers.get(FpgaRegister::Test1), 0xDEAD_BEEF);
        assert_ne!(registers.get(FpgaRegister::BitstreamId), 0);
        registers.write(FpgaRegister::Test1, DwordLanes { enabled: 0xFF00, value: 0x1200 });
        assert_eq!(registers.get(FpgaRegister::Test1), 0xDEAD_12EF);
        registers.write(FpgaRegister::BitstreamId, DwordLanes::whole(0));
        assert_ne!(registers.get(FpgaRegister::BitstreamId), 0);
    }

    /// Checklist 66.
    #[test]
    fn the_host_leaves_clock_memory_and_addresses() {
        let registers = stored();
        assert_eq!(registers.get(FpgaRegister::FastClock), 1600);
        assert_eq!(registers.get(FpgaRegister::DimmSizes), 0xFFFF);
        assert_eq!(registers.get(FpgaRegister::MacBaseHigh), 0x0045);
        assert_eq!(registers.get(FpgaRegister::MacBaseLow), 0x4D41_4431);
        assert_eq!(registers.get(FpgaRegister::FirstIp), 0xC0A8_0301);
        assert_eq!(registers.get(FpgaRegister::HostIp), 0xC0A8_03FE);
    }

    #[test]
    fn read_only_configuration_bits_stay() {
        let mut registers = stored();
        registers.write(FpgaRegister::Config, DwordLanes::whole(0));
        assert_eq!(registers.get(FpgaRegister::Config), 0x8);
        registers.write(FpgaRegister::Content, DwordLanes::whole(u32::MAX));
        assert_eq!(registers.get(FpgaRegister::Content), 0x7FFF_0000);
    }
}
