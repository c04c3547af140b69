//! Why a guest was left.

use std::fmt;

use guest_abi::CallNumber;
use guest_abi::call::{CALL_VECTOR, RETURN_VECTOR};
use i586::exception::Exception;

/// First vector of interrupts.
const INTERRUPTS: u8 = 32;

/// Why a guest was left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ExitReason {
    /// A hypercall of a number.
    Call(u32),
    /// The hypercall that takes the place of an IRET.
    Return,
    /// An exception of a vector.
    Exception(u8),
    /// An interrupt of a vector, which is the core's and not the guest's.
    Interrupt(u8),
}

impl ExitReason {
    /// Reason of a way out through the gate of `vector`; `value` is EAX if that is the gate of hypercalls.
    pub const fn of(vector: u8, value: u32) -> Self {
        match vector {
            CALL_VECTOR => Self::Call(value),
            RETURN_VECTOR => Self::Return,
            INTERRUPTS.. => Self::Interrupt(vector),
            _ => Self::Exception(vector),
        }
    }
}

impl fmt::Display for ExitReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Call(number) => match CallNumber::from_number(number) {
                Some(call) => write!(f, "call {}", call.name()),
                None => write!(f, "call {number}"),
            },
            Self::Return => f.write_str("return from interrupt"),
            Self::Exception(vector) => match Exception::from_vector(vector) {
                Some(exception) => f.write_str(exception.name()),
                None => write!(f, "exception {vector}"),
            },
            Self::Interrupt(vector) => write!(f, "interrupt {vector:#04x}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ExitReason;

    #[test]
    fn reasons_are_told_in_words() {
        let words = |vector, value| ExitReason::of(vector, value).to_string();
        assert_eq!(words(0x82, 1), "call console_write");
        assert_eq!(words(0x82, 99), "call 99");
        assert_eq!(words(0x83, 1), "return from interrupt");
        assert_eq!(words(14, 0), "page fault");
        assert_eq!(words(15, 0), "exception 15");
        assert_eq!(words(0x40, 0), "interrupt 0x40");
    }
}
