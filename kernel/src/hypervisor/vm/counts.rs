//! Counters of what was done for a guest.

use core::fmt;

use guest_abi::Counter;

/// One number for each [`Counter`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts([u32; Counter::ALL.len()]);

impl Counts {
    /// Counts one more.
    #[inline]
    pub(super) const fn add(&mut self, counter: Counter) {
        let place = &mut self.0[counter.number() as usize];
        // A counter wraps, by its definition.
        *place = place.wrapping_add(1);
    }

    /// Raises a counter that holds the most of something.
    pub(super) fn raise(&mut self, counter: Counter, value: u32) {
        let place = &mut self.0[counter.number() as usize];
        *place = value.max(*place);
    }

    /// What a counter holds.
    pub(super) const fn get(&self, counter: Counter) -> u32 {
        self.0[counter.number() as usize]
    }
}

/// Names and numbers, as in `exits=7 tables=3`.
impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, counter) in Counter::ALL.into_iter().enumerate() {
            let blank = if index == 0 { "" } else { " " };
            write!(f, "{blank}{}={}", counter.name(), self.get(counter))?;
        }
        Ok(())
    }
}
