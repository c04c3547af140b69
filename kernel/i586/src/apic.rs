//! The local APIC: register map, reset values and register layouts.
//!
//! Decoded inside the core at a fixed physical address, 32-bit registers on 16-byte boundaries. Interrupt pins: LINT0
//! is the core's INTR, LINT1 its NMI. There is no APIC bus, so commands reach the issuing core only.
//!
//! Source: SCC reference §2.10; Pentium manual vol. 3 ch. 19 (register layouts).

use bitfield_struct::bitfield;

/// Physical address of the first register.
pub const BASE: u32 = 0xFEE0_0000;

/// Bytes of the decoded window.
pub const SIZE: u32 = 0x1000;

/// 32-bit words of each of the three 256-bit vector registers.
pub const VECTOR_WORDS: u8 = 8;

/// A register of the local APIC. The word number of a 256-bit register is 0..=7; word `n` holds vectors 32n..32n+31.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ApicRegister {
    /// APIC identification, bits 27:24.
    Id,
    /// Version and number of local vectors; read-only.
    Version,
    /// TPR: interrupts of this priority class and below are held back.
    TaskPriority,
    /// APR: arbitration priority; read-only.
    ArbitrationPriority,
    /// PPR: the higher of task priority and in-service priority; read-only.
    ProcessorPriority,
    /// EOI: a write ends the interrupt in service.
    EndOfInterrupt,
    /// LDR: logical identification.
    LogicalDestination,
    /// DFR: model of logical destinations.
    DestinationFormat,
    /// SVR: software enable and spurious vector, see [`SpuriousVector`].
    SpuriousVector,
    /// ISR: vectors in service, one bit each; read-only.
    InService(u8),
    /// TMR: accepted vectors that were level triggered; read-only.
    TriggerMode(u8),
    /// IRR: vectors accepted and waiting; read-only.
    InterruptRequest(u8),
    /// ESR: errors seen.
    ErrorStatus,
    /// ICR low: a write sends an interrupt, see [`CommandLow`].
    CommandLow,
    /// ICR high: destination of the command in bits 31:24.
    CommandHigh,
    /// Local vector of the timer, see [`LocalVector`].
    LvtTimer,
    /// Local vector of pin LINT0 (INTR).
    LvtLint0,
    /// Local vector of pin LINT1 (NMI).
    LvtLint1,
    /// Local vector of APIC errors.
    LvtError,
    /// Start value of the timer; a write starts it.
    TimerInitialCount,
    /// Present value of the timer; read-only.
    TimerCurrentCount,
    /// Divisor of the timer's clock, see [`divide_of`].
    TimerDivide,
}

impl ApicRegister {
    const IN_SERVICE: u32 = 0x100;
    const TRIGGER_MODE: u32 = 0x180;
    const INTERRUPT_REQUEST: u32 = 0x200;

    /// Returns the byte offset from [`BASE`]. Word numbers are taken modulo 8.
    #[must_use]
    pub const fn offset(self) -> u32 {
        match self {
            Self::Id => 0x020,
            Self::Version => 0x030,
            Self::TaskPriority => 0x080,
            Self::ArbitrationPriority => 0x090,
            Self::ProcessorPriority => 0x0A0,
            Self::EndOfInterrupt => 0x0B0,
            Self::LogicalDestination => 0x0D0,
            Self::DestinationFormat => 0x0E0,
            Self::SpuriousVector => 0x0F0,
            Self::InService(word) => Self::IN_SERVICE + word_offset(word),
            Self::TriggerMode(word) => Self::TRIGGER_MODE + word_offset(word),
            Self::InterruptRequest(word) => Self::INTERRUPT_REQUEST + word_offset(word),
            Self::ErrorStatus => 0x280,
            Self::CommandLow => 0x300,
            Self::CommandHigh => 0x310,
            Self::LvtTimer => 0x320,
            Self::LvtLint0 => 0x350,
            Self::LvtLint1 => 0x360,
            Self::LvtError => 0x370,
            Self::TimerInitialCount => 0x380,
            Self::TimerCurrentCount => 0x390,
            Self::TimerDivide => 0x3E0,
        }
    }

    /// Returns the register at a byte offset from [`BASE`]; `None` for offsets between registers.
    #[must_use]
    pub const fn from_offset(offset: u32) -> Option<Self> {
        Some(match offset {
            0x020 => Self::Id,
            0x030 => Self::Version,
            0x080 => Self::TaskPriority,
            0x090 => Self::ArbitrationPriority,
            0x0A0 => Self::ProcessorPriority,
            0x0B0 => Self::EndOfInterrupt,
            0x0D0 => Self::LogicalDestination,
            0x0E0 => Self::DestinationFormat,
            0x0F0 => Self::SpuriousVector,
            0x100..=0x270 if offset.is_multiple_of(16) => {
                let word = (offset >> 4).to_le_bytes()[0] & (VECTOR_WORDS - 1);
                match offset {
                    Self::INTERRUPT_REQUEST.. => Self::InterruptRequest(word),
                    Self::TRIGGER_MODE.. => Self::TriggerMode(word),
                    _ => Self::InService(word),
                }
            }
            0x280 => Self::ErrorStatus,
            0x300 => Self::CommandLow,
            0x310 => Self::CommandHigh,
            0x320 => Self::LvtTimer,
            0x350 => Self::LvtLint0,
            0x360 => Self::LvtLint1,
            0x370 => Self::LvtError,
            0x380 => Self::TimerInitialCount,
            0x390 => Self::TimerCurrentCount,
            0x3E0 => Self::TimerDivide,
            _ => return None,
        })
    }

    /// Returns the value after RESET; 0 for the write-only end-of-interrupt register.
    #[must_use]
    pub const fn reset_value(self) -> u32 {
        match self {
            Self::Version => VERSION,
            Self::DestinationFormat => u32::MAX,
            Self::SpuriousVector => SpuriousVector::RESET.into_bits(),
            Self::LvtTimer | Self::LvtLint0 | Self::LvtLint1 | Self::LvtError => {
                LocalVector::RESET.into_bits()
            }
            _ => 0,
        }
    }
}

/// Byte offset of a word inside a 256-bit register.
const fn word_offset(word: u8) -> u32 {
    u32::from_le_bytes([word & (VECTOR_WORDS - 1), 0, 0, 0]) << 4
}

/// Version register: version 0x10, highest local vector number 3.
pub const VERSION: u32 = 0x0003_0010;

/// How an interrupt is delivered to the core: a three-bit field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum DeliveryMode {
    /// The vector field, as a maskable interrupt.
    #[default]
    Fixed = 0,
    /// Like `Fixed`, to the destination of lowest priority; commands only.
    LowestPriority = 1,
    /// System management interrupt.
    SystemManagement = 2,
    /// Reserved encoding 3.
    Reserved = 3,
    /// Non-maskable interrupt, vector 2.
    NonMaskable = 4,
    /// INIT; commands only.
    Init = 5,
    /// STARTUP; commands only.
    StartUp = 6,
    /// The vector comes from an interrupt controller outside; local vectors only.
    External = 7,
}

impl DeliveryMode {
    /// Returns the mode for the low three bits of `bits`.
    #[must_use]
    pub const fn from_bits(bits: u8) -> Self {
        match bits & 7 {
            0 => Self::Fixed,
            1 => Self::LowestPriority,
            2 => Self::SystemManagement,
            3 => Self::Reserved,
            4 => Self::NonMaskable,
            5 => Self::Init,
            6 => Self::StartUp,
            _ => Self::External,
        }
    }

    /// Returns the three-bit encoding.
    #[must_use]
    pub const fn into_bits(self) -> u8 {
        self as u8
    }
}

/// Which destinations a command goes to without looking at the destination field: a two-bit field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Shorthand {
    /// The destination field decides.
    #[default]
    None = 0,
    /// The issuing core.
    Myself = 1,
    /// All cores on the APIC bus with the issuing one, which is alone here.
    AllIncludingSelf = 2,
    /// All cores on the APIC bus but the issuing one: nobody here.
    AllExcludingSelf = 3,
}

impl Shorthand {
    /// Returns the shorthand for the low two bits of `bits`.
    #[must_use]
    pub const fn from_bits(bits: u8) -> Self {
        match bits & 3 {
            0 => Self::None,
            1 => Self::Myself,
            2 => Self::AllIncludingSelf,
            _ => Self::AllExcludingSelf,
        }
    }

    /// Returns the two-bit encoding.
    #[must_use]
    pub const fn into_bits(self) -> u8 {
        self as u8
    }
}

/// An entry of the local vector table. The timer has `periodic` and no pin fields, the error entry has neither.
#[bitfield(u32)]
#[derive(PartialEq, Eq)]
pub struct LocalVector {
    /// Vector to deliver in fixed mode.
    pub vector: u8,
    /// Delivery mode; pins only.
    #[bits(3)]
    pub delivery_mode: DeliveryMode,
    __: bool,
    /// Delivery status: the interrupt was sent and not yet accepted; read-only.
    pub status: bool,
    /// The pin is active low.
    pub polarity: bool,
    /// Remote IRR: a level interrupt was accepted and not yet ended; read-only.
    pub remote_irr: bool,
    /// The pin is level triggered instead of edge triggered.
    pub level: bool,
    /// The entry is masked.
    pub mask: bool,
    /// The timer reloads itself.
    pub periodic: bool,
    #[bits(14)]
    __: u32,
}

impl LocalVector {
    /// Value after RESET: masked, 0x0001_0000.
    pub const RESET: Self = Self::new().with_mask(true);
}

/// SVR: software enable and vector of spurious interrupts.
#[bitfield(u32)]
#[derive(PartialEq, Eq)]
pub struct SpuriousVector {
    /// Vector; the low four bits read 1 whatever was written.
    pub vector: u8,
    /// The APIC is enabled by software.
    pub enable: bool,
    /// Focus checking is off.
    pub focus_disable: bool,
    #[bits(22)]
    __: u32,
}

impl SpuriousVector {
    /// Value after RESET: disabled, 0x0000_00FF.
    pub const RESET: Self = Self::new().with_vector(0xFF);

    /// Bits of `vector` that read 1 always.
    pub const VECTOR_ONES: u8 = 0x0F;
}

/// ICR low: what to send.
#[bitfield(u32)]
#[derive(PartialEq, Eq)]
pub struct CommandLow {
    /// Vector to deliver in fixed mode.
    pub vector: u8,
    /// Delivery mode.
    #[bits(3)]
    pub delivery_mode: DeliveryMode,
    /// The destination is a logical one.
    pub logical: bool,
    /// Delivery status: the command is on its way; read-only, always 0 here.
    pub status: bool,
    __: bool,
    /// The level to send is "assert".
    pub assert: bool,
    /// Level triggered instead of edge triggered.
    pub level: bool,
    #[bits(2)]
    __: u8,
    /// Destination shorthand.
    #[bits(2)]
    pub shorthand: Shorthand,
    #[bits(12)]
    __: u16,
}

/// Returns how many bus clocks (tile clocks on this chip) make one timer tick: 1 to 128.
///
/// `configuration` is the divide register; bits 3, 1 and 0 count, the others are ignored.
#[must_use]
pub const fn divide_of(configuration: u32) -> u32 {
    match configuration & 0b1011 {
        0b0000 => 2,
        0b0001 => 4,
        0b0010 => 8,
        0b0011 => 16,
        0b1000 => 32,
        0b1001 => 64,
        0b1010 => 128,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_offset_with_a_register_round_trips() {
        let mut found = 0;
        for offset in 0..SIZE {
            if let Some(register) = ApicRegister::from_offset(offset) {
                assert_eq!(register.offset(), offset, "{register:?}");
                found += 1;
            }
        }
        assert_eq!(found, 19 + 3 * u32::from(VECTOR_WORDS));
    }

    #[test]
    fn vector_words_are_sixteen_bytes_apart() {
        assert_eq!(ApicRegister::from_offset(0x170), Some(ApicRegister::InService(7)));
        assert_eq!(ApicRegister::from_offset(0x180), Some(ApicRegister::TriggerMode(0)));
        assert_eq!(ApicRegister::from_offset(0x270), Some(ApicRegister::InterruptRequest(7)));
        assert_eq!(ApicRegister::from_offset(0x104), None);
    }

    #[test]
    fn reset_values_are_masked_and_disabled() {
        assert_eq!(ApicRegister::LvtTimer.reset_value(), 0x0001_0000);
        assert_eq!(ApicRegister::SpuriousVector.reset_value(), 0x0000_00FF);
        assert_eq!(ApicRegister::DestinationFormat.reset_value(), 0xFFFF_FFFF);
    }

    #[test]
    fn periodic_timer_entry_has_bit_17() {
        let entry = LocalVector::new().with_vector(0x20).with_periodic(true);
        assert_eq!(entry.into_bits(), 0x0002_0020);
    }

    #[test]
    fn level_triggered_external_pin_entry_matches_the_layout() {
        let entry = LocalVector::from_bits(0x0001_E731);
        assert_eq!(entry.vector(), 0x31);
        assert_eq!(entry.delivery_mode(), DeliveryMode::External);
        assert!(entry.polarity() && entry.remote_irr() && entry.level() && entry.mask());
        assert!(!entry.status() && !entry.periodic());
    }

    #[test]
    fn self_command_uses_shorthand_bits_19_and_18() {
        let command = CommandLow::new().with_vector(0x42).with_shorthand(Shorthand::Myself).with_assert(true);
        assert_eq!(command.into_bits(), 0x0004_4042);
    }

    #[test]
    fn enums_of_bit_fields_round_trip() {
        assert!((0..8).all(|bits| DeliveryMode::from_bits(bits).into_bits() == bits));
        assert!((0..4).all(|bits| Shorthand::from_bits(bits).into_bits() == bits));
    }

    #[test]
    fn divide_ignores_bit_2() {
        assert_eq!([0, 1, 2, 3, 8, 9, 10, 11].map(divide_of), [2, 4, 8, 16, 32, 64, 128, 1]);
        assert_eq!(divide_of(0xFFFF_FFFF), 1);
        assert_eq!(divide_of(4), 2);
    }
}
