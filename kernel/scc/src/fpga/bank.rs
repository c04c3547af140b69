//! Regions of the FPGA's register bank.
//!
//! Facts: SCC reference §7.1. Access to an offset outside every region may hang the requesting core.

/// Ethernet controller (eMAC) of the FPGA, 0 to 3.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct EmacId(u8);

impl EmacId {
    /// Number of Ethernet controllers a bitstream can hold.
    pub const COUNT: usize = 4;

    /// Accepts numbers 0 to 3.
    pub const fn new(number: u8) -> Option<Self> {
        if number < 4 { Some(Self(number)) } else { None }
    }

    /// Controller number, 0 to 3.
    pub const fn number(self) -> u8 {
        self.0
    }

    /// Index for tables with one entry per controller.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// Region of the register bank.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Bank {
    /// PCIe endpoint and DMA of the host's side; not for cores.
    PcieEndpoint,
    /// Physical link to the chip: training and capture; for the host only.
    SifLink,
    /// Configuration of a MAC core.
    MacConfiguration(EmacId),
    /// Statistics of a MAC core.
    MacStatistics(EmacId),
    /// Drop flags and FIFO states of an Ethernet controller.
    EmacStatus(EmacId),
    /// Parameters the host's tools leave for operating systems.
    NetworkParameters,
    /// Status and configuration of the FPGA.
    Status,
    /// Voltages and currents of the chip.
    Measurement,
    /// Board supplies and temperatures; meant for the board controller.
    BoardMonitor,
    /// Ring control of an Ethernet controller.
    EmacRing(EmacId),
    /// Global interrupt controller.
    InterruptController,
    /// Atomic counters.
    AtomicCounters,
    /// No register; on silicon an access may get no answer.
    Undefined,
}

impl Bank {
    /// Region of a byte offset in the register bank. Whether a register exists there is a second question:
    /// regions have holes.
    pub const fn of(offset: u32) -> Self {
        let offset = match offset {
            0..0x1_0000 => offset,
            _ => return Self::Undefined,
        };
        match offset {
            0x0000..0x0300 => Self::PcieEndpoint,
            0x3200..0x7000 => Self::of_mac(offset),
            0x7000..0x7400 => Self::EmacStatus(EmacId(offset.to_le_bytes()[1] & 3)),
            0x7E00..0x7E14 => Self::NetworkParameters,
            0x8000..0x8400 => Self::Status,
            0x8400..0x8430 => Self::Measurement,
            0x8500..0x8570 => Self::BoardMonitor,
            0x9000..0xD000 => Self::EmacRing(EmacId((offset.to_le_bytes()[1] >> 4) - 9)),
            0xD000..0xE000 => Self::InterruptController,
            0xE000..0xE180 | 0xF000..0xF180 => Self::AtomicCounters,
            _ => Self::Undefined,
        }
    }

    /// The four MAC cores lie 0x1000 apart; the second one's block also holds the link registers.
    const fn of_mac(offset: u32) -> Self {
        let emac = EmacId((offset.to_le_bytes()[1] >> 4) - 3);
        match offset & 0xFFF {
            0x000..0x200 if emac.0 == 1 => Self::SifLink,
            0x200..0x400 => Self::MacConfiguration(emac),
            0x400..0x600 => Self::MacStatistics(emac),
            _ => Self::Undefined,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Bank, EmacId};

    #[test]
    fn regions_match_the_bank_map() {
        let emac = |number| EmacId::new(number).unwrap();
        let regions = [
            (0x0000, 0x02FF, Bank::PcieEndpoint),
            (0x0300, 0x31FF, Bank::Undefined),
            (0x3200, 0x33FF, Bank::MacConfiguration(emac(0))),
            (0x3400, 0x35FF, Bank::MacStatistics(emac(0))),
            (0x3600, 0x3FFF, Bank::Undefined),
            (0x4000, 0x41FF, Bank::SifLink),
            (0x4200, 0x43FF, Bank::MacConfiguration(emac(1))),
            (0x5000, 0x51FF, Bank::Undefined),
            (0x5400, 0x55FF, Bank::MacStatistics(emac(2))),
            (0x6200, 0x63FF, Bank::MacConfiguration(emac(3))),
            (0x7200, 0x72FF, Bank::EmacStatus(emac(2))),
            (0x7E00, 0x7E13, Bank::NetworkParameters),
            (0x7E14, 0x7FFF, Bank::Undefined),
            (0x8000, 0x83FF, Bank::Status),
            (0x842C, 0x842F, Bank::Measurement),
            (0x8430, 0x84FF, Bank::Undefined),
            (0x8500, 0x856F, Bank::BoardMonitor),
            (0x9000, 0x9FFF, Bank::EmacRing(emac(0))),
            (0xC000, 0xCFFF, Bank::EmacRing(emac(3))),
            (0xD000, 0xDFFF, Bank::InterruptController),
            (0xE000, 0xE17F, Bank::AtomicCounters),
            (0xE180, 0xEFFF, Bank::Undefined),
            (0xF000, 0xF17F, Bank::AtomicCounters),
            (0xF180, 0x1_0100, Bank::Undefined),
        ];
        for (first, last, bank) in regions {
            assert_eq!(Bank::of(first), bank, "{first:#x}");
            assert_eq!(Bank::of(last), bank, "{last:#x}");
        }
    }
}
