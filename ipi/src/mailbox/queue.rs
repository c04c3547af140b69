//! Letters of one channel that wait for their receiver.

use scc::id::CoreId;

use super::{Mode, Received};
use crate::mesh::CoreSet;

/// Letters a channel holds.
pub(super) const CAPACITY: usize = 8;

/// Queue of a channel; closed while nobody receives.
pub(super) struct Queue {
    letters: [Option<Received>; CAPACITY],
    length: usize,
    mode: Option<Mode>,
    /// Senders turned away since the queue was last half empty.
    refused: CoreSet,
}

impl Queue {
    pub(super) const fn new() -> Self {
        Self { letters: [None; CAPACITY], length: 0, mode: None, refused: CoreSet::EMPTY }
    }

    /// Whether no letter waits.
    #[inline]
    pub(super) const fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Mode of the receiver; `None` without one.
    #[inline]
    pub(super) const fn mode(&self) -> Option<Mode> {
        self.mode
    }

    pub(super) const fn set_mode(&mut self, mode: Option<Mode>) {
        self.mode = mode;
    }

    /// Appends a letter; `false` if the queue is full.
    pub(super) fn push(&mut self, letter: Received) -> bool {
        if self.length == CAPACITY {
            self.refused = self.refused.with(letter.from);
            return false;
        }
        self.letters[self.length] = Some(letter);
        self.length += 1;
        true
    }

    /// Takes the first letter, of `from` only if that is given.
    pub(super) fn pop(&mut self, from: Option<CoreId>) -> Option<Received> {
        let wanted = |letter: &Option<Received>| {
            letter.is_some_and(|letter| from.is_none_or(|core| core == letter.from))
        };
        let index = self.letters[..self.length].iter().position(wanted)?;
        let letter = self.letters[index].take();
        self.letters[index..self.length].rotate_left(1);
        self.length -= 1;
        letter
    }

    /// Senders to be told that there is room: once the queue is half empty.
    pub(super) fn welcome(&mut self) -> CoreSet {
        if self.length * 2 > CAPACITY { CoreSet::EMPTY } else { core::mem::take(&mut self.refused) }
    }

    /// Drops all letters.
    pub(super) fn clear(&mut self) {
        self.letters = [None; CAPACITY];
        self.length = 0;
    }
}
