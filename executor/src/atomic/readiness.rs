//! Readiness on any atomics: two bits, changed by read-modify-writes.

use super::{AfterPoll, Wake, Word, const_except_loom};

/// A wake has something to do.
const OPEN: u32 = 1 << 0;
/// A poll is under way.
const POLLED: u32 = 1 << 1;

/// Whether a task waits, is ready, or is being polled: see [`super`].
#[derive(Debug)]
pub(crate) struct Readiness(Word);

impl Readiness {
    const_except_loom! {
        /// Ready, or without a task: a wake has nothing to do.
        pub(crate) const fn ready() -> Self {
            Self(Word::new(0))
        }
    }

    const_except_loom! {
        /// Waiting for a wake.
        pub(crate) const fn waiting() -> Self {
            Self(Word::new(OPEN))
        }
    }

    /// Any context.
    #[inline]
    pub(crate) fn wake(&self) -> Wake {
        match self.0.clear_bits(OPEN) {
            OPEN => Wake::Push,
            word if word & OPEN != 0 => Wake::Note,
            _ => Wake::Nothing,
        }
    }

    /// Executor only, of a task that is ready. Not a store: what was done before a wake that came too late is seen in
    /// the poll.
    #[inline]
    pub(crate) fn begin_poll(&self) {
        self.0.swap(OPEN | POLLED);
    }

    /// Executor only, after a poll.
    #[inline]
    pub(crate) fn end_poll(&self) -> AfterPoll {
        if self.0.clear_bits(POLLED) & OPEN == 0 { AfterPoll::Ready } else { AfterPoll::Waiting }
    }

    /// Executor only, of a task that has ended: no wake has anything to do any more.
    #[inline]
    pub(crate) fn close(&self) {
        self.0.swap(0);
    }

    /// Whether a poll is to come, without there being a wake.
    pub(crate) fn is_ready(&self) -> bool {
        self.0.load() & OPEN == 0
    }
}
