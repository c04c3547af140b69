//! The few atomic operations that this crate needs, in siblings with one interface.
//!
//! ```text
//! native           core's atomics: LOCK-prefixed on x86, correct between threads      default
//! single_core_x86  one instruction without LOCK: atomic against interrupts only       feature single-core-x86
//! model            loom's atomics, which try every order that the memory model has    cfg(loom)
//! ```
//!
//! On a P54C a locked access writes back and invalidates its line of the first-level cache and then goes past that
//! cache, tens to hundreds of cycles; an interrupt, however, is only taken between instructions, so that a single
//! instruction is already atomic on one core.
//! Memory order is fixed per operation: loads acquire, stores release, read-modify-writes do both.
//! There are no 64-bit atomics: on 32-bit x86 their loads and stores go through the FPU.

#[cfg(loom)]
mod model;
#[cfg(not(loom))]
mod native;
#[cfg(all(not(loom), feature = "single-core-x86", any(target_arch = "x86", target_arch = "x86_64")))]
mod single_core_x86;

#[cfg(loom)]
pub(crate) use model::{Guarded, Link, Word, spin};
#[cfg(not(loom))]
pub(crate) use native::{Guarded, spin};
#[cfg(all(
    not(loom),
    not(all(feature = "single-core-x86", any(target_arch = "x86", target_arch = "x86_64")))
))]
pub(crate) use native::{Link, Word};
#[cfg(all(not(loom), feature = "single-core-x86", any(target_arch = "x86", target_arch = "x86_64")))]
pub(crate) use single_core_x86::{Link, Word};

/// Defines a function that is `const` except under loom, whose atomics cannot be made in constants.
macro_rules! const_except_loom {
    ($(#[$meta:meta])* $visibility:vis const fn $($rest:tt)*) => {
        #[cfg(not(loom))]
        $(#[$meta])*
        $visibility const fn $($rest)*

        #[cfg(loom)]
        $(#[$meta])*
        $visibility fn $($rest)*
    };
}
pub(crate) use const_except_loom;

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn set_bit_tells_whether_it_was_set() {
        let word = Word::new(0b100);
        assert!(!word.set_bit::<0>());
        assert!(word.set_bit::<0>());
        assert!(word.set_bit::<2>());
        assert_eq!(word.load(), 0b101);
    }

    #[test]
    fn clear_bit_tells_whether_it_was_set() {
        let word = Word::new(0b101);
        assert!(word.clear_bit::<2>());
        assert!(!word.clear_bit::<2>());
        assert!(!word.clear_bit::<1>());
        assert_eq!(word.load(), 0b001);
    }

    #[test]
    fn bits_are_set_and_cleared_together() {
        let word = Word::new(0b1000);
        word.set_bits(0b0110);
        assert_eq!(word.load(), 0b1110);
        word.clear_bits(0b1010);
        assert_eq!(word.load(), 0b0100);
    }

    #[test]
    fn add_and_subtract_return_the_old_value() {
        let word = Word::new(7);
        assert_eq!(word.add(5), 7);
        assert_eq!(word.subtract(2), 12);
        assert_eq!(word.load(), 10);
    }

    #[test]
    fn exchange_succeeds_only_from_the_expected_value() {
        let word = Word::new(1);
        assert_eq!(word.exchange(2, 3), Err(1));
        assert_eq!(word.exchange(1, 3), Ok(()));
        assert_eq!(word.load(), 3);
    }

    #[test]
    fn link_takes_what_was_exchanged_in() {
        let (mut one, mut two) = (1_u8, 2_u8);
        let (one, two) = (&raw mut one, &raw mut two);
        let link = Link::new(core::ptr::null_mut());
        assert_eq!(link.exchange(two, one), Err(core::ptr::null_mut()));
        assert_eq!(link.exchange(core::ptr::null_mut(), one), Ok(()));
        assert_eq!(link.take(), one);
        assert_eq!(link.take(), core::ptr::null_mut());
    }
}
