//! Values of FPGA registers with several fields.
//!
//! Facts: SCC reference §7.2, §7.3.

use bitfield_struct::bitfield;

use crate::id::CoreId;
use crate::lut::{BoardMemory, MemoryController};

use super::EmacId;

/// Value of the configuration register (0x801C).
#[bitfield(u32)]
#[derive(PartialEq, Eq, Hash)]
pub struct Config {
    __: bool,
    /// The FPGA itself acknowledges writes to the host; if clear the host must.
    pub acknowledge_host_writes: bool,
    /// Completions coming from the chip are dropped.
    pub drop_completions: bool,
    /// The chip's initialisation is done; read only.
    pub chip_initialised: bool,
    /// Trigger: clears the router packet counters.
    pub clear_router_counters: bool,
    /// The host port retries.
    pub host_retry: bool,
    #[bits(26)]
    __: u32,
}

/// Value of the content register (0x822C): what the bitstream holds, what the host's tools enabled.
#[bitfield(u32)]
#[derive(PartialEq, Eq, Hash)]
pub struct Content {
    /// Size of the host buffer in KB; read only.
    #[bits(9)]
    pub host_buffer_kilobytes: u16,
    /// Ethernet controllers in the bitstream, bit n for eMAC n; read only.
    #[bits(4)]
    pub emac_present: u8,
    /// SATA controllers in the bitstream; read only.
    #[bits(2)]
    pub sata_present: u8,
    __: bool,
    /// Host buffer as enabled.
    #[bits(9)]
    pub host_buffer_enabled: u16,
    /// Ethernet controllers enabled, bit n for eMAC n.
    #[bits(4)]
    pub emac_enabled: u8,
    /// SATA controllers enabled.
    #[bits(2)]
    pub sata_enabled: u8,
    __: bool,
}

impl Content {
    /// Whether the host's tools enabled an Ethernet controller.
    pub const fn is_emac_enabled(self, emac: EmacId) -> bool {
        self.emac_enabled() >> emac.number() & 1 != 0
    }
}

/// Size of one memory module.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum DimmSize {
    /// No module.
    Empty,
    /// 2 GB.
    Gb2,
    /// 4 GB.
    Gb4,
    /// 8 GB.
    Gb8,
}

impl DimmSize {
    const fn bits(self) -> u32 {
        match self {
            Self::Empty => 0,
            Self::Gb2 => 1,
            Self::Gb4 => 2,
            Self::Gb8 => 3,
        }
    }
}

/// Value of the memory module register (0x8234): two bits per slot, two slots per controller.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct DimmSizes(u32);

impl DimmSizes {
    /// Wraps the register's contents; only 16 bits exist.
    pub const fn from_bits(bits: u32) -> Self {
        Self(bits & 0xFFFF)
    }

    /// Value for a board whose slots all hold equal modules.
    pub const fn of_board(memory: BoardMemory) -> Self {
        let module = match memory {
            BoardMemory::Gb16 => DimmSize::Gb2,
            BoardMemory::Gb32 => DimmSize::Gb4,
            BoardMemory::Gb64 => DimmSize::Gb8,
        };
        Self(module.bits() * 0x5555)
    }

    /// Register contents.
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Modules of a controller, slot 0 first.
    pub fn of_controller(self, controller: MemoryController) -> [DimmSize; 2] {
        let slots = self.0 >> (4 * controller.index());
        [slots, slots >> 2].map(|bits| match bits & 3 {
            0 => DimmSize::Empty,
            1 => DimmSize::Gb2,
            2 => DimmSize::Gb4,
            _ => DimmSize::Gb8,
        })
    }
}

/// MAC address of `core` on an Ethernet controller as the vendor's Linux derives it from the base in the
/// network parameters: base + (1 << emac) * 0x100 + core, in 48 bits.
pub const fn mac_address(base: u64, emac: EmacId, core: CoreId) -> u64 {
    let address = base.wrapping_add((0x100 << emac.number()) + core.number() as u64);
    address & ((1 << 48) - 1)
}

#[cfg(test)]
mod tests {
    use super::{Config, Content, DimmSize, DimmSizes, mac_address};
    use crate::fpga::{EmacId, FpgaRegister};
    use crate::id::CoreId;
    use crate::lut::{BoardMemory, MemoryController};

    #[test]
    fn configuration_starts_with_acknowledged_host_writes() {
        let reset = Config::from_bits(FpgaRegister::Config.reset_value());
        assert_eq!(reset, Config::new().with_acknowledge_host_writes(true));
        assert_eq!(Config::new().with_host_retry(true).into_bits(), 1 << 5);
    }

    #[test]
    fn enabled_ethernet_controllers_start_at_bit_25() {
        let first = EmacId::new(0).unwrap();
        let last = EmacId::new(3).unwrap();
        assert!(Content::from_bits(1 << 25).is_emac_enabled(first));
        assert!(Content::from_bits(1 << 28).is_emac_enabled(last));
        assert!(!Content::from_bits(1 << 9 | 1 << 12).is_emac_enabled(first));
        assert_eq!(Content::from_bits(1 << 9 | 1 << 12).emac_present(), 0b1001);
    }

    #[test]
    fn module_sizes_add_up_to_the_controller() {
        let sizes = DimmSizes::of_board(BoardMemory::Gb32);
        assert_eq!(sizes.bits(), 0xAAAA);
        assert_eq!(sizes.of_controller(MemoryController::Mc3), [DimmSize::Gb4; 2]);
        let uneven = DimmSizes::from_bits(0x1 << 12 | 0x3 << 14);
        assert_eq!(uneven.of_controller(MemoryController::Mc3), [DimmSize::Gb2, DimmSize::Gb8]);
        assert_eq!(uneven.of_controller(MemoryController::Mc2), [DimmSize::Empty; 2]);
    }

    #[test]
    fn mac_address_follows_controller_and_core() {
        let core = CoreId::new(5).unwrap();
        let address = mac_address(0x0045_4D41_4431, EmacId::new(1).unwrap(), core);
        assert_eq!(address, 0x0045_4D41_4636);
    }
}
