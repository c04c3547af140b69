//! Atomic counters of the FPGA: 96 counters in two banks of 48.
//!
//! Each has two words. The counter word returns the old value and adds 1 when read, subtracts 1 when
//! written; the init word returns the value when read and sets it when written. Facts: SCC reference §7.6.

/// Number of an atomic counter, 0 to 95.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct CounterId(u8);

const PER_BANK: u8 = 48;
const FIRST_BANK: u32 = 0xE000;
const SECOND_BANK: u32 = 0xF000;
/// Offset behind the last counter of a bank, relative to the bank.
const BANK_BYTES: u32 = 8 * PER_BANK as u32;

impl CounterId {
    /// Number of counters.
    pub const COUNT: usize = 96;

    /// Accepts counter numbers 0 to 95.
    pub const fn new(number: u8) -> Option<Self> {
        if (number as usize) < Self::COUNT { Some(Self(number)) } else { None }
    }

    /// Counter number, 0 to 95.
    pub const fn number(self) -> u8 {
        self.0
    }

    /// Index for tables with one entry per counter.
    pub const fn index(self) -> usize {
        self.0 as usize
    }

    const fn base(self) -> u32 {
        if self.0 < PER_BANK {
            FIRST_BANK + 8 * self.0 as u32
        } else {
            SECOND_BANK + 8 * (self.0 - PER_BANK) as u32
        }
    }
}

/// Word of an atomic counter.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum CounterRegister {
    /// Counts: a read increments, a write decrements.
    Count(CounterId),
    /// Reads and sets the value without counting.
    Init(CounterId),
}

impl CounterRegister {
    /// Byte offset in the register bank.
    pub const fn offset(self) -> u32 {
        match self {
            Self::Count(counter) => counter.base(),
            Self::Init(counter) => counter.base() + 4,
        }
    }

    /// Word at a byte offset in the register bank; `None` if there is none or the offset is not aligned to 4.
    pub const fn from_offset(offset: u32) -> Option<Self> {
        if !offset.is_multiple_of(4) {
            return None;
        }
        let (first, distance) = match offset {
            FIRST_BANK..SECOND_BANK => (0, offset - FIRST_BANK),
            SECOND_BANK.. => (PER_BANK, offset - SECOND_BANK),
            _ => return None,
        };
        if distance >= BANK_BYTES {
            return None;
        }
        let counter = CounterId(first + (distance / 8).to_le_bytes()[0]);
        Some(if distance & 4 == 0 { Self::Count(counter) } else { Self::Init(counter) })
    }
}

#[cfg(test)]
mod tests {
    use super::{CounterId, CounterRegister};

    #[test]
    fn counters_lie_in_two_banks_of_48() {
        let offset = |number| CounterRegister::Count(CounterId::new(number).unwrap()).offset();
        assert_eq!([offset(0), offset(47), offset(48), offset(95)], [0xE000, 0xE178, 0xF000, 0xF178]);
        assert_eq!(CounterId::new(96), None);
        assert_eq!(CounterRegister::from_offset(0xE180), None);
        assert_eq!(CounterRegister::from_offset(0xF180), None);
        let first = CounterId::new(0).unwrap();
        assert_eq!(CounterRegister::from_offset(0xE004), Some(CounterRegister::Init(first)));
    }
}
