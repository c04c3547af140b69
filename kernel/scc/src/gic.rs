//! Global interrupt controller in the FPGA: offsets and bit layouts.
//!
//! Each core has a 64-bit status, mask, reset and request register, two words each, low word first. Status,
//! mask and reset share one layout:
//!
//! ```text
//! low  [3:0] eMAC0..3   [5:4] SATA0..1   [31:6] IPI from core 0..25
//! high [21:0] IPI from core 26..47       [22] host (MCPC)
//! ```
//!
//! The request register is *not* shifted: bit n stands for core n, 0 to 31 in the low word, 32 to 47 in the
//! high one. Its index is the receiving core, the bit the sender. Unverified: only that reading fits all
//! register tables, but no program at hand exercises it. Facts: SCC reference §7.5.

use crate::id::CoreId;

/// Word of a 64-bit register.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Word {
    /// Bits 31 to 0, at the lower offset.
    Low,
    /// Bits 63 to 32.
    High,
}

impl Word {
    /// Distance of the word from the register's offset, in bytes.
    pub const fn offset(self) -> u32 {
        match self {
            Self::Low => 0,
            Self::High => 4,
        }
    }

    /// This word of a 64-bit value.
    pub const fn of(self, value: u64) -> u32 {
        let bytes = value.to_le_bytes();
        match self {
            Self::Low => u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]),
            Self::High => u32::from_le_bytes([bytes[4], bytes[5], bytes[6], bytes[7]]),
        }
    }

    /// 64-bit value with `word` in this half and zero in the other.
    pub const fn place(self, word: u32) -> u64 {
        match self {
            Self::Low => word as u64,
            Self::High => (word as u64) << 32,
        }
    }
}

/// Register of the interrupt controller.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum GicRegister {
    /// Events of the core, read only; set also while masked.
    Status(CoreId, Word),
    /// Disabled sources of the core: 1 = disabled.
    Mask(CoreId, Word),
    /// Clears status bits of the core by writing 1; reads 0.
    Reset(CoreId, Word),
    /// Interrupts the core on behalf of the senders whose bits are written 1; reads 0.
    IpiRequest(CoreId, Word),
    /// Pin of the core: bit 0 = 0 for LINT0 (INTR), 1 for LINT1 (NMI).
    Config(CoreId),
    /// Host's request: bit n of the 64 sets the host bit in the status of core n.
    HostRequest(Word),
}

const STATUS: u32 = 0xD000;
const MASK: u32 = 0xD200;
const RESET: u32 = 0xD400;
const IPI_REQUEST: u32 = 0xD600;
const CONFIG: u32 = 0xD800;
const HOST_REQUEST: u32 = 0xD900;

impl GicRegister {
    /// Byte offset in the register bank of the FPGA.
    pub const fn offset(self) -> u32 {
        const fn pair(base: u32, core: CoreId, word: Word) -> u32 {
            base + 8 * core.number() as u32 + word.offset()
        }
        match self {
            Self::Status(core, word) => pair(STATUS, core, word),
            Self::Mask(core, word) => pair(MASK, core, word),
            Self::Reset(core, word) => pair(RESET, core, word),
            Self::IpiRequest(core, word) => pair(IPI_REQUEST, core, word),
            Self::Config(core) => CONFIG + 4 * core.number() as u32,
            Self::HostRequest(word) => HOST_REQUEST + word.offset(),
        }
    }

    /// Register at a byte offset in the register bank; `None` if there is none or the offset is not aligned
    /// to 4.
    pub const fn from_offset(offset: u32) -> Option<Self> {
        const fn pair(distance: u32) -> Option<(CoreId, Word)> {
            let word = if distance & 4 == 0 { Word::Low } else { Word::High };
            match core_at(distance / 8) {
                Some(core) => Some((core, word)),
                None => None,
            }
        }
        if !offset.is_multiple_of(4) {
            return None;
        }
        match offset {
            STATUS..MASK => match pair(offset - STATUS) {
                Some((core, word)) => Some(Self::Status(core, word)),
                None => None,
            },
            MASK..RESET => match pair(offset - MASK) {
                Some((core, word)) => Some(Self::Mask(core, word)),
                None => None,
            },
            RESET..IPI_REQUEST => match pair(offset - RESET) {
                Some((core, word)) => Some(Self::Reset(core, word)),
                None => None,
            },
            IPI_REQUEST..CONFIG => match pair(offset - IPI_REQUEST) {
                Some((core, word)) => Some(Self::IpiRequest(core, word)),
                None => None,
            },
            CONFIG..HOST_REQUEST => match core_at((offset - CONFIG) / 4) {
                Some(core) => Some(Self::Config(core)),
                None => None,
            },
            HOST_REQUEST => Some(Self::HostRequest(Word::Low)),
            0xD904 => Some(Self::HostRequest(Word::High)),
            _ => None,
        }
    }
}

/// Core with the given number, which must be below 256 for any to exist.
pub(crate) const fn core_at(number: u32) -> Option<CoreId> {
    if number < 256 { CoreId::new(number.to_le_bytes()[0]) } else { None }
}

/// Bits of status, mask and reset that stand for a source; the others read 0.
pub const SOURCES: u64 = (1 << 55) - 1;

/// Bits of the request registers that stand for a core.
pub const REQUESTABLE: u64 = (1 << 48) - 1;

/// Mask after the FPGA's reset: everything disabled.
pub const MASK_RESET: u64 = SOURCES;

/// Status bit of the host's request.
pub const STATUS_BIT_OF_HOST: u8 = 54;

/// Status bit of Ethernet controller `emac`, 0 to 3; of other values the low 2 bits count.
pub const fn status_bit_of_emac(emac: u8) -> u8 {
    emac & 3
}

/// Status bit an interrupt from `sender` sets in the receiving core's registers: 6 + sender.
pub const fn status_bit_of_ipi(sender: CoreId) -> u8 {
    6 + sender.number()
}

/// Sender whose interrupt a status bit reports; `None` for other sources.
pub const fn ipi_of_status_bit(bit: u8) -> Option<CoreId> {
    match bit.checked_sub(6) {
        Some(number) => CoreId::new(number),
        None => None,
    }
}

/// Register and value with which `sender` interrupts `target`.
pub const fn ipi_request(sender: CoreId, target: CoreId) -> (GicRegister, u32) {
    let request = 1u64 << sender.number();
    let word = if sender.number() < 32 { Word::Low } else { Word::High };
    (GicRegister::IpiRequest(target, word), word.of(request))
}

/// Status bits that a write of `value` to a word of a core's request register sets.
pub const fn status_of_request(word: Word, value: u32) -> u64 {
    (word.place(value) & REQUESTABLE) << 6
}

#[cfg(test)]
mod tests {
    use super::{GicRegister, Word, ipi_of_status_bit, ipi_request, status_bit_of_ipi, status_of_request};
    use crate::id::CoreId;

    #[test]
    fn every_register_is_found_at_its_offset() {
        let mut registers = 0;
        for offset in 0..0x1_0000 {
            if let Some(register) = GicRegister::from_offset(offset) {
                assert_eq!(register.offset(), offset);
                registers += 1;
            }
        }
        assert_eq!(registers, 48 * (4 * 2 + 1) + 2);
        assert_eq!(GicRegister::Config(CoreId::new(47).unwrap()).offset(), 0xD8BC);
        assert_eq!(GicRegister::from_offset(0xD180), None);
    }

    #[test]
    fn request_bits_are_shifted_by_six_in_the_status() {
        for (sender, word, bit) in
            [(0, Word::Low, 6), (25, Word::Low, 31), (26, Word::High, 0), (47, Word::High, 21)]
        {
            let sender = CoreId::new(sender).unwrap();
            let target = CoreId::new(5).unwrap();
            let (register, value) = ipi_request(sender, target);
            let GicRegister::IpiRequest(receiver, request_word) = register else {
                panic!("an interrupt goes through the request register, not {register:?}");
            };
            assert_eq!(receiver, target);
            let status = status_of_request(request_word, value);
            assert_eq!(status, word.place(1 << bit));
            assert_eq!(status, 1 << status_bit_of_ipi(sender));
            assert_eq!(ipi_of_status_bit(status_bit_of_ipi(sender)), Some(sender));
        }
        assert_eq!(status_of_request(Word::High, 0xFFFF_0000), 0);
        assert_eq!(ipi_of_status_bit(5), None);
        assert_eq!(ipi_of_status_bit(54), None);
    }
}
