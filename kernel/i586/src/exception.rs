//! Exceptions and the non-maskable interrupt: vectors 0 to 18.
//!
//! One closed enum whose discriminant is the vector, with the properties that delivery depends on: class, presence of
//! an error code, and membership in the contributory set of the double-fault rule. Vectors 15 and 19-31 are reserved.
//!
//! Source: Pentium manual vol. 3 ch. 14 (classes, double-fault table, each exception).

use bitfield_struct::bitfield;

/// What the saved instruction pointer of an exception means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ExceptionClass {
    /// Reported before the instruction; EIP points at it and it can be restarted.
    Fault,
    /// Reported after the instruction; EIP points behind it.
    Trap,
    /// The location is not reliable and the program cannot continue.
    Abort,
    /// Not caused by the instruction stream: the non-maskable interrupt.
    Interrupt,
}

/// An exception the core can deliver; the discriminant is the vector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Exception {
    /// #DE: division by zero or quotient overflow.
    DivideError = 0,
    /// #DB: breakpoint register, single step or task-switch trap. Trap; instruction breakpoints are faults.
    Debug = 1,
    /// NMI: the non-maskable interrupt.
    NonMaskable = 2,
    /// #BP: INT3.
    Breakpoint = 3,
    /// #OF: INTO with OF set.
    Overflow = 4,
    /// #BR: BOUND outside its limits.
    Bound = 5,
    /// #UD: undefined opcode, or LOCK where it is not allowed.
    InvalidOpcode = 6,
    /// #NM: floating-point instruction with CR0.EM or CR0.TS, or WAIT with MP and TS.
    DeviceNotAvailable = 7,
    /// #DF: an exception while another was being delivered.
    DoubleFault = 8,
    /// Vector 9: used by the 387 only; never raised by a core with the FPU on its die.
    CoprocessorSegmentOverrun = 9,
    /// #TS: a task-state segment, or a selector in it, is invalid.
    InvalidTss = 10,
    /// #NP: segment or gate not present.
    SegmentNotPresent = 11,
    /// #SS: limit or presence violation of the stack segment.
    StackFault = 12,
    /// #GP: any other protection violation.
    GeneralProtection = 13,
    /// #PF: page not present or access not permitted; CR2 holds the linear address.
    PageFault = 14,
    /// #MF: unmasked floating-point error, reported by the next waiting instruction.
    FloatingPoint = 16,
    /// #AC: misaligned access at CPL 3 with AM and AC set.
    AlignmentCheck = 17,
    /// #MC: machine check, with CR4.MCE set.
    MachineCheck = 18,
}

impl Exception {
    /// Every exception in ascending vector order.
    pub const ALL: [Self; 18] = [
        Self::DivideError,
        Self::Debug,
        Self::NonMaskable,
        Self::Breakpoint,
        Self::Overflow,
        Self::Bound,
        Self::InvalidOpcode,
        Self::DeviceNotAvailable,
        Self::DoubleFault,
        Self::CoprocessorSegmentOverrun,
        Self::InvalidTss,
        Self::SegmentNotPresent,
        Self::StackFault,
        Self::GeneralProtection,
        Self::PageFault,
        Self::FloatingPoint,
        Self::AlignmentCheck,
        Self::MachineCheck,
    ];

    /// Returns the vector, which selects the IDT entry.
    #[must_use]
    pub const fn vector(self) -> u8 {
        self as u8
    }

    /// Returns the exception with this vector; `None` for 15 and everything above 18.
    #[must_use]
    pub const fn from_vector(vector: u8) -> Option<Self> {
        Some(match vector {
            0 => Self::DivideError,
            1 => Self::Debug,
            2 => Self::NonMaskable,
            3 => Self::Breakpoint,
            4 => Self::Overflow,
            5 => Self::Bound,
            6 => Self::InvalidOpcode,
            7 => Self::DeviceNotAvailable,
            8 => Self::DoubleFault,
            9 => Self::CoprocessorSegmentOverrun,
            10 => Self::InvalidTss,
            11 => Self::SegmentNotPresent,
            12 => Self::StackFault,
            13 => Self::GeneralProtection,
            14 => Self::PageFault,
            16 => Self::FloatingPoint,
            17 => Self::AlignmentCheck,
            18 => Self::MachineCheck,
            _ => return None,
        })
    }

    /// Tells whether delivery pushes an error code behind EIP.
    #[must_use]
    pub const fn has_error_code(self) -> bool {
        matches!(
            self,
            Self::DoubleFault
                | Self::InvalidTss
                | Self::SegmentNotPresent
                | Self::StackFault
                | Self::GeneralProtection
                | Self::PageFault
                | Self::AlignmentCheck
        )
    }

    /// Tells whether this one makes a double fault of a second contributory exception.
    ///
    /// A page fault is not contributory: it doubles with itself and with contributory exceptions that follow it.
    #[must_use]
    pub const fn is_contributory(self) -> bool {
        matches!(
            self,
            Self::DivideError
                | Self::InvalidTss
                | Self::SegmentNotPresent
                | Self::StackFault
                | Self::GeneralProtection
        )
    }

    /// Returns the class. `Debug` counts as trap; its instruction breakpoints are faults.
    #[must_use]
    pub const fn class(self) -> ExceptionClass {
        match self {
            Self::Debug | Self::Breakpoint | Self::Overflow => ExceptionClass::Trap,
            Self::DoubleFault | Self::CoprocessorSegmentOverrun | Self::MachineCheck => ExceptionClass::Abort,
            Self::NonMaskable => ExceptionClass::Interrupt,
            _ => ExceptionClass::Fault,
        }
    }

    /// Returns the name in words, in lower case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::DivideError => "divide error",
            Self::Debug => "debug",
            Self::NonMaskable => "non-maskable interrupt",
            Self::Breakpoint => "breakpoint",
            Self::Overflow => "overflow",
            Self::Bound => "bound range exceeded",
            Self::InvalidOpcode => "invalid opcode",
            Self::DeviceNotAvailable => "device not available",
            Self::DoubleFault => "double fault",
            Self::CoprocessorSegmentOverrun => "coprocessor segment overrun",
            Self::InvalidTss => "invalid task-state segment",
            Self::SegmentNotPresent => "segment not present",
            Self::StackFault => "stack fault",
            Self::GeneralProtection => "general protection",
            Self::PageFault => "page fault",
            Self::FloatingPoint => "floating-point error",
            Self::AlignmentCheck => "alignment check",
            Self::MachineCheck => "machine check",
        }
    }
}

/// Error code of #TS, #NP, #SS and #GP when it names a descriptor; bits 31:16 of the pushed doubleword are undefined.
#[bitfield(u16)]
#[derive(PartialEq, Eq)]
pub struct SelectorErrorCode {
    /// EXT: an event outside the program caused the exception.
    pub external: bool,
    /// IDT: the index refers to a gate in the IDT.
    pub interrupt_table: bool,
    /// TI: the index refers to the LDT; meaningful with `interrupt_table` clear.
    pub local_table: bool,
    /// Descriptor index, or vector with `interrupt_table` set.
    #[bits(13)]
    pub index: u16,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_exception_round_trips_through_its_vector() {
        for exception in Exception::ALL {
            assert_eq!(Exception::from_vector(exception.vector()), Some(exception));
        }
        assert_eq!((0..=255).filter_map(Exception::from_vector).count(), Exception::ALL.len());
    }

    #[test]
    fn error_codes_and_contributory_set_match_the_manual() {
        let vectors = |predicate: fn(Exception) -> bool| {
            Exception::ALL
                .into_iter()
                .filter(|&exception| predicate(exception))
                .fold(0_u32, |set, exception| set | 1 << exception.vector())
        };
        assert_eq!(vectors(Exception::has_error_code), 0x0002_7D00);
        assert_eq!(vectors(Exception::is_contributory), 0x0000_3C01);
        assert_eq!(vectors(|exception| exception.class() == ExceptionClass::Trap), 0x0000_001A);
        assert_eq!(vectors(|exception| exception.class() == ExceptionClass::Abort), 0x0004_0300);
    }

    #[test]
    fn gate_error_code_holds_vector_times_eight_plus_two() {
        let code = SelectorErrorCode::new().with_interrupt_table(true).with_index(0x21);
        assert_eq!(code.into_bits(), 0x21 * 8 + 2);
    }
}
