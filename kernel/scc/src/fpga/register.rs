//! Registers of the FPGA's register bank, without those of the Ethernet controllers.
//!
//! 32-bit registers on 4-byte spacing. Facts: SCC reference §7.2 to §7.6, §7.9.

use super::counter::CounterRegister;
use crate::gic::{self, GicRegister, Word};

/// Register of the bank. Numbers in variants count the words of an array; those beyond its end name no
/// register and must not be constructed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum FpgaRegister {
    /// MAC address base, bits 47 to 32.
    MacBaseHigh,
    /// MAC address base, bits 31 to 0.
    MacBaseLow,
    /// IP address of core 0.
    FirstIp,
    /// IP address of the host.
    HostIp,
    /// IP address of the gateway.
    GatewayIp,
    /// Copies of PCI link and device control, words 0 to 2.
    PciStatus(u8),
    /// Sticky errors: FIFO almost full, packet error.
    Debug,
    /// Date of the bitstream in BCD; 0 means none is loaded.
    BitstreamId,
    /// Scratch.
    Test0,
    /// Scratch.
    Test1,
    /// Acknowledges and retries of the host port: [`Config`](super::Config).
    Config,
    /// Router enables and out-of-order responses.
    Status0,
    /// Forwarding of router traffic and Ethernet frames to the host, for debugging.
    Status1,
    /// FIFO level.
    FifoLevel,
    /// Packets of router ports 0 to 3, in and out: words 0 to 7.
    RouterPackets(u8),
    /// Requests under way, one byte per core: words 0 to 15.
    RequestMonitor(u8),
    /// Highest and present level of the receive FIFO.
    ReceiveFifo,
    /// Last packets seen: words 0 to 47.
    LastPackets(u8),
    /// Signals of the board controller.
    BmcPort,
    /// Capture control.
    PortLog,
    /// Reset triggers of the Ethernet controllers.
    MacReset,
    /// Enables of the debug register's errors.
    DebugEnables,
    /// Captured incoming packet: words 0 to 11.
    CapturedIn(u8),
    /// Captured outgoing packet: words 0 to 11.
    CapturedOut(u8),
    /// Global timestamp at 125 MHz.
    Timestamp(Word),
    /// What the bitstream holds and the host enabled: [`Content`](super::Content).
    Content,
    /// Rate of the global clock grid in MHz.
    FastClock,
    /// Sizes of the memory modules: [`DimmSizes`](super::DimmSizes).
    DimmSizes,
    /// Width of the virtual display in pixels.
    DisplayWidth,
    /// Height of the virtual display in pixels.
    DisplayHeight,
    /// Bits per pixel of the virtual display.
    DisplayDepth,
    /// Private LUT slots an operating system may use; 0 means the default.
    PrivateSlots,
    /// SATA tile, port, interrupted core, high memory address, reset: words 0 to 4.
    Sata(u8),
    /// Measured voltages and currents: words 0 to 10.
    Measurement(u8),
    /// Measurement enables and mode.
    MeasurementEnable,
    /// Board supplies, temperatures and watchdog: words 0 to 27.
    BoardMonitor(u8),
    /// Register of the interrupt controller.
    Gic(GicRegister),
    /// Atomic counter.
    Counter(CounterRegister),
}

/// Who may do what with a register.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Access {
    /// Writes are ignored.
    ReadOnly,
    /// Writes store [`FpgaRegister::stored_bits`].
    ReadWrite,
    /// Writes act, reads return 0.
    WriteOnly,
    /// Reads act too.
    Counting,
}

impl FpgaRegister {
    /// Byte offset in the register bank. Inlined: which register it is is known where it is used, as a rule.
    #[inline(always)]
    pub const fn offset(self) -> u32 {
        const fn word(base: u32, number: u8) -> u32 {
            base + 4 * number as u32
        }
        match self {
            Self::MacBaseHigh => 0x7E00,
            Self::MacBaseLow => 0x7E04,
            Self::FirstIp => 0x7E08,
            Self::HostIp => 0x7E0C,
            Self::GatewayIp => 0x7E10,
            Self::PciStatus(number) => word(0x8000, number),
            Self::Debug => 0x800C,
            Self::BitstreamId => 0x8010,
            Self::Test0 => 0x8014,
            Self::Test1 => 0x8018,
            Self::Config => 0x801C,
            Self::Status0 => 0x8020,
            Self::Status1 => 0x8024,
            Self::FifoLevel => 0x8028,
            Self::RouterPackets(number) => word(0x802C, number),
            Self::RequestMonitor(number) => word(0x804C, number),
            Self::ReceiveFifo => 0x8090,
            Self::LastPackets(number) => word(0x8094, number),
            Self::BmcPort => 0x8154,
            Self::PortLog => 0x8158,
            Self::MacReset => 0x815C,
            Self::DebugEnables => 0x81C0,
            Self::CapturedIn(number) => word(0x81C4, number),
            Self::CapturedOut(number) => word(0x81F4, number),
            Self::Timestamp(half) => 0x8224 + half.offset(),
            Self::Content => 0x822C,
            Self::FastClock => 0x8230,
            Self::DimmSizes => 0x8234,
            Self::DisplayWidth => 0x8238,
            Self::DisplayHeight => 0x823C,
            Self::DisplayDepth => 0x8240,
            Self::PrivateSlots => 0x8244,
            Self::Sata(number) => word(0x8248, number),
            Self::Measurement(number) => word(0x8400, number),
            Self::MeasurementEnable => 0x842C,
            Self::BoardMonitor(number) => word(0x8500, number),
            Self::Gic(register) => register.offset(),
            Self::Counter(register) => register.offset(),
        }
    }

    /// Register at a byte offset in the register bank; `None` if none is defined there, if it belongs to an
    /// Ethernet controller, or if the offset is not aligned to 4.
    pub const fn from_offset(offset: u32) -> Option<Self> {
        const fn number(distance: u32) -> u8 {
            (distance / 4).to_le_bytes()[0]
        }
        if !offset.is_multiple_of(4) {
            return None;
        }
        Some(match offset {
            0x7E00 => Self::MacBaseHigh,
            0x7E04 => Self::MacBaseLow,
            0x7E08 => Self::FirstIp,
            0x7E0C => Self::HostIp,
            0x7E10 => Self::GatewayIp,
            0x8000..0x800C => Self::PciStatus(number(offset - 0x8000)),
            0x800C => Self::Debug,
            0x8010 => Self::BitstreamId,
            0x8014 => Self::Test0,
            0x8018 => Self::Test1,
            0x801C => Self::Config,
            0x8020 => Self::Status0,
            0x8024 => Self::Status1,
            0x8028 => Self::FifoLevel,
            0x802C..0x804C => Self::RouterPackets(number(offset - 0x802C)),
            0x804C..0x808C => Self::RequestMonitor(number(offset - 0x804C)),
            0x8090 => Self::ReceiveFifo,
            0x8094..0x8154 => Self::LastPackets(number(offset - 0x8094)),
            0x8154 => Self::BmcPort,
            0x8158 => Self::PortLog,
            0x815C => Self::MacReset,
            0x81C0 => Self::DebugEnables,
            0x81C4..0x81F4 => Self::CapturedIn(number(offset - 0x81C4)),
            0x81F4..0x8224 => Self::CapturedOut(number(offset - 0x81F4)),
            0x8224 => Self::Timestamp(Word::Low),
            0x8228 => Self::Timestamp(Word::High),
            0x822C => Self::Content,
            0x8230 => Self::FastClock,
            0x8234 => Self::DimmSizes,
            0x8238 => Self::DisplayWidth,
            0x823C => Self::DisplayHeight,
            0x8240 => Self::DisplayDepth,
            0x8244 => Self::PrivateSlots,
            0x8248..0x825C => Self::Sata(number(offset - 0x8248)),
            0x8400..0x842C => Self::Measurement(number(offset - 0x8400)),
            0x842C => Self::MeasurementEnable,
            0x8500..0x8570 => Self::BoardMonitor(number(offset - 0x8500)),
            0xD000..0xE000 => match GicRegister::from_offset(offset) {
                Some(register) => Self::Gic(register),
                None => return None,
            },
            0xE000..0x1_0000 => match CounterRegister::from_offset(offset) {
                Some(register) => Self::Counter(register),
                None => return None,
            },
            _ => return None,
        })
    }

    /// Contents after the FPGA was configured, before the host's tools wrote their parameters. Registers
    /// without a documented default are 0; [`FpgaRegister::BitstreamId`] is the date of a known bitstream.
    pub const fn reset_value(self) -> u32 {
        match self {
            Self::BitstreamId => 0x2011_0308,
            Self::Test0 => 0xA5A5_A5A5,
            Self::Test1 => 0xDEAD_BEEF,
            Self::Config => 0x2,
            Self::DebugEnables => 0x3,
            Self::PrivateSlots => 0x14,
            Self::Gic(GicRegister::Mask(_, word)) => word.of(gic::MASK_RESET),
            _ => 0,
        }
    }

    /// Kind of access.
    pub const fn access(self) -> Access {
        match self {
            Self::MacReset
            | Self::Gic(GicRegister::Reset(..) | GicRegister::IpiRequest(..) | GicRegister::HostRequest(_)) => {
                Access::WriteOnly
            }
            Self::Counter(CounterRegister::Count(_)) => Access::Counting,
            _ if self.stored_bits() == 0 => Access::ReadOnly,
            _ => Access::ReadWrite,
        }
    }

    /// Bits a write stores; triggers and write-only bits are not among them.
    ///
    /// Unverified for [`FpgaRegister::Sata`] (no widths documented, all bits assumed).
    pub const fn stored_bits(self) -> u32 {
        match self {
            Self::MacBaseHigh
            | Self::FastClock
            | Self::DimmSizes
            | Self::DisplayWidth
            | Self::DisplayHeight => 0xFFFF,
            Self::MacBaseLow
            | Self::FirstIp
            | Self::HostIp
            | Self::GatewayIp
            | Self::Test0
            | Self::Test1
            | Self::Sata(_)
            | Self::Counter(CounterRegister::Init(_)) => u32::MAX,
            Self::Debug | Self::DebugEnables => 0x3,
            Self::Config => 0x26,
            Self::Status1 => 0x1_FFFF,
            Self::PortLog => 0x1,
            Self::Content => 0x7FFF_0000,
            Self::DisplayDepth | Self::PrivateSlots => 0xFF,
            Self::MeasurementEnable => 0xFFF,
            Self::Gic(GicRegister::Mask(_, word)) => word.of(gic::SOURCES),
            Self::Gic(GicRegister::Config(_)) => 0x1,
            _ => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Access, FpgaRegister};
    use crate::fpga::Bank;
    use crate::gic::Word;

    #[test]
    fn every_register_is_found_at_its_offset_and_inside_a_bank() {
        for offset in 0..0x1_0100 {
            if let Some(register) = FpgaRegister::from_offset(offset) {
                assert_eq!(register.offset(), offset, "{register:?}");
                assert_ne!(Bank::of(offset), Bank::Undefined, "{register:?}");
            }
        }
        assert_eq!(FpgaRegister::from_offset(0x808C), None);
        assert_eq!(FpgaRegister::from_offset(0x8226), None);
        assert_eq!(FpgaRegister::from_offset(0x8228), Some(FpgaRegister::Timestamp(Word::High)));
    }

    #[test]
    fn access_follows_from_the_register_tables() {
        assert_eq!(FpgaRegister::Timestamp(Word::Low).access(), Access::ReadOnly);
        assert_eq!(FpgaRegister::MacReset.access(), Access::WriteOnly);
        assert_eq!(FpgaRegister::Config.access(), Access::ReadWrite);
        assert_eq!(FpgaRegister::from_offset(0xE000).map(FpgaRegister::access), Some(Access::Counting));
        assert_eq!(FpgaRegister::from_offset(0xD400).map(FpgaRegister::access), Some(Access::WriteOnly));
    }

    #[test]
    fn masks_start_with_every_source_disabled() {
        let mask = |offset| FpgaRegister::from_offset(offset).unwrap().reset_value();
        assert_eq!((mask(0xD200), mask(0xD204)), (0xFFFF_FFFF, 0x007F_FFFF));
    }
}
