//! The places of a channel's messages.
//!
//! Who writes has a permit for a place, takes the next position by one addition, writes the message and marks the
//! place as full. Messages are read in order, behind a gate. Because permits are given back in the order of reading,
//! the place at a position that was taken with a permit is empty.
//!
//! On one core nobody reads while a message is being written: an interrupt handler that writes in the middle of a
//! task's writing only adds a later one. On threads the reader may come to a place that is not full yet; it waits for
//! the writer, who is a few instructions away.
#![expect(unsafe_code, reason = "places hold messages now and then")]

use core::mem::MaybeUninit;

use crate::atomic::{Guarded, Word, const_except_loom, spin};
use crate::waker::gate::Gate;

/// `N` places, a power of two.
#[derive(Debug)]
pub(super) struct Ring<T, const N: usize> {
    places: [Place<T>; N],
    written: Word,
    read: Gate<u32>,
}

#[derive(Debug)]
struct Place<T> {
    full: Word,
    message: Guarded<MaybeUninit<T>>,
}

// SAFETY: a message is written by who took the position and read by who is behind the gate, after it is marked.
unsafe impl<T: Send, const N: usize> Sync for Ring<T, N> {}

impl<T, const N: usize> Ring<T, N> {
    /// Bits of a position that name the place.
    #[expect(clippy::cast_possible_truncation, reason = "asserted; there is no const `TryFrom`")]
    const MASK: u32 = {
        assert!(N.is_power_of_two() && N < 1 << 31, "a channel's capacity is a power of two below 2^31");
        (N - 1) as u32
    };

    const_except_loom! {
        /// All places empty.
        pub(super) const fn new() -> Self {
            Self { places: empty(), written: Word::new(0), read: Gate::new(0) }
        }
    }

    /// Writes a message. Any context, wait-free.
    ///
    /// # Safety
    /// The caller has a permit for a place, given back only after the message was read.
    pub(super) unsafe fn write(&self, message: T) {
        let place = self.place(self.written.add(1));
        // SAFETY: the place is this caller's, by permit and position, until it is marked.
        place.message.with_mut(|target| unsafe { (*target).write(message) });
        place.full.store(1);
    }

    /// Reads the next message. Tasks only.
    ///
    /// # Safety
    /// The caller knows that a message was written that nobody has read or will read.
    pub(super) unsafe fn read(&self) -> T {
        self.read.with(|position| {
            let place = self.place(*position);
            *position = position.wrapping_add(1);
            while place.full.load() == 0 {
                spin();
            }
            // SAFETY: the place is full, and this caller alone reads it, behind the gate.
            let message = place.message.with_mut(|source| unsafe { (*source).assume_init_read() });
            place.full.store(0);
            message
        })
    }

    fn place(&self, position: u32) -> &Place<T> {
        let index = usize::try_from(position & Self::MASK).expect("less than the number of places");
        &self.places[index]
    }
}

impl<T, const N: usize> Drop for Ring<T, N> {
    fn drop(&mut self) {
        for place in &self.places {
            if place.full.load() != 0 {
                // SAFETY: the place is full, and nobody else has the ring.
                place.message.with_mut(|message| unsafe { (*message).assume_init_drop() });
            }
        }
    }
}

#[cfg(not(loom))]
const fn empty<T, const N: usize>() -> [Place<T>; N] {
    [const { Place { full: Word::new(0), message: Guarded::new(MaybeUninit::uninit()) } }; N]
}

#[cfg(loom)]
fn empty<T, const N: usize>() -> [Place<T>; N] {
    core::array::from_fn(|_| Place { full: Word::new(0), message: Guarded::new(MaybeUninit::uninit()) })
}
