//! A gate before data that tasks, and now and then interrupt handlers, change.
//!
//! Tasks of one core never find it closed: a task holds it for a few instructions and never across an await, and an
//! interrupt handler that got in is out before the task goes on. Handlers therefore must not wait; they use
//! [`Gate::try_with`]. Between threads of a host, tasks wait for the thread inside.
#![expect(unsafe_code, reason = "hands out what the gate protects")]

use crate::atomic::{Guarded, Word, const_except_loom, spin};

/// Bit of the gate's word.
const CLOSED: u32 = 0;

/// Data behind a gate.
#[derive(Debug)]
pub(crate) struct Gate<T> {
    word: Word,
    inside: Guarded<T>,
}

// SAFETY: the data is reached by one context at a time.
unsafe impl<T: Send> Sync for Gate<T> {}

impl<T: Default> Default for Gate<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> Gate<T> {
    const_except_loom! {
        /// An open gate.
        pub(crate) const fn new(inside: T) -> Self {
            Self { word: Word::new(0), inside: Guarded::new(inside) }
        }
    }

    /// Calls `action` with the data. Tasks only; `action` does not use the same gate.
    #[inline]
    pub(crate) fn with<R>(&self, action: impl FnOnce(&mut T) -> R) -> R {
        while self.word.set_bit::<CLOSED>() {
            spin();
        }
        self.inside(action)
    }

    /// Calls `action` with the data if nobody is inside. Any context.
    #[inline]
    pub(crate) fn try_with<R>(&self, action: impl FnOnce(&mut T) -> R) -> Option<R> {
        (!self.word.set_bit::<CLOSED>()).then(|| self.inside(action))
    }

    #[inline]
    fn inside<R>(&self, action: impl FnOnce(&mut T) -> R) -> R {
        let result = self.inside.with_mut(|data| {
            // SAFETY: the caller has closed the gate, so nobody else is inside.
            action(unsafe { &mut *data })
        });
        // A read-modify-write, not a store: whoever found the gate closed did one before. So what that one wrote
        // before it knocked is seen by whoever opens, after this.
        self.word.clear_bits(1 << CLOSED);
        result
    }
}
