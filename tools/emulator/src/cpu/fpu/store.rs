//! Stores to memory in two phases, so that a page fault leaves the FPU untouched.
//!
//! ```text
//! prepare_store (FPU unchanged) -> core writes memory, may fault -> commit_store (flags, pop)
//! ```
//!
//! Source: Intel SDM vol. 1 §8.5, vol. 2 FST, FIST, FBSTP.

use super::control::StatusFlags;
use super::float80::Float80;
use super::integral::{Converted, DECIMAL_INDEFINITE, to_decimal, to_integer};
use super::narrow::{DOUBLE, SINGLE, to_double, to_single};
use super::operation::{Number, Operation};
use super::state::Fpu;

/// What a store instruction is about to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Store {
    /// The bytes to write, in the low bits; `None` if an unmasked exception prevents the write.
    pub bits: Option<u128>,
    flags: StatusFlags,
}

impl Fpu {
    /// Computes the memory image of [`Operation::StoreMemory`], [`Operation::StoreControlWord`] or
    /// [`Operation::StoreStatusWord`]; `None` for any other operation.
    #[inline]
    pub fn prepare_store(&self, operation: Operation) -> Option<Store> {
        let word = |word| Store { bits: Some(u128::from(word)), flags: StatusFlags::empty() };
        match operation {
            Operation::StoreMemory(number, _) => Some(self.prepare_number(number)),
            Operation::StoreControlWord => Some(word(self.control_word())),
            Operation::StoreStatusWord => Some(word(self.status_word())),
            _ => None,
        }
    }

    #[inline]
    fn prepare_number(&self, number: Number) -> Store {
        let Converted { bits, flags } = if self.is_empty(0) {
            Converted { bits: indefinite(number), flags: StatusFlags::STACK_UNDERFLOW }
        } else {
            convert(number, self)
        };
        let prevented = !self.control.unmasked(flags & StatusFlags::BEFORE_STORE).is_empty();
        Store { bits: (!prevented).then_some(bits), flags }
    }

    /// Completes a store once memory has been written, or was not to be written: records the exceptions and pops.
    #[inline]
    pub fn commit_store(&mut self, operation: Operation, store: Store) {
        if let Operation::StoreMemory(_, pops) = operation
            && self.settle_store(store.flags)
        {
            self.pops(pops);
        }
    }
}

fn indefinite(number: Number) -> u128 {
    match number {
        Number::Single => SINGLE.indefinite(),
        Number::Double => DOUBLE.indefinite(),
        Number::Extended => Float80::INDEFINITE.to_bits(),
        Number::Integer(width) => width.indefinite(),
        Number::Decimal => DECIMAL_INDEFINITE,
    }
}

#[inline]
fn convert(number: Number, fpu: &Fpu) -> Converted {
    let (value, control) = (fpu.register(0), fpu.control);
    match number {
        Number::Single => to_single(value, control),
        Number::Double => to_double(value, control),
        Number::Extended => Converted { bits: value.to_bits(), flags: StatusFlags::empty() },
        Number::Integer(width) => to_integer(value, width, control),
        Number::Decimal => to_decimal(value, control),
    }
}

#[cfg(test)]
mod tests {
    use super::super::operation::Pops;
    use super::*;
    use crate::fpu::Operation::LoadControlWord;

    const STORE_SINGLE: Operation = Operation::StoreMemory(Number::Single, Pops::One);

    #[test]
    fn unmasked_overflow_prevents_write_and_pop() {
        let mut fpu = Fpu::new();
        fpu.initialize();
        fpu.execute(LoadControlWord, 0x0377);
        fpu.push(Float80 { sign_exponent: 0x5000, significand: 1 << 63 });
        let before = fpu.clone();
        let store = fpu.prepare_store(STORE_SINGLE).unwrap();
        assert_eq!((store.bits, &fpu), (None, &before));
        fpu.commit_store(STORE_SINGLE, store);
        assert!(fpu.pending_error());
        assert!(!fpu.is_empty(0));
        assert_eq!(fpu.status_word() & 0x3F, 0x08);
    }

    #[test]
    fn empty_register_stores_the_indefinite_of_the_destination() {
        let mut fpu = Fpu::new();
        fpu.initialize();
        let store = fpu.prepare_store(STORE_SINGLE).unwrap();
        assert_eq!(store.bits, Some(0xFFC0_0000));
        fpu.commit_store(STORE_SINGLE, store);
        assert_eq!(fpu.status_word(), 0x0841);
    }
}
