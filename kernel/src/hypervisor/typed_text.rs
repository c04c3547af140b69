//! Text that was typed for a guest and that the guest has not read yet.
//!
//! The terminal's side never waits: what does not fit is dropped and counted. The guest's side reads by a hypercall
//! ([`TypedText::take`]), or through its virtual terminal, whose task waits ([`TextSource`]). One reader; task context.

use alloc::collections::VecDeque;
use core::cell::{Cell, RefCell};
use core::future::poll_fn;
use core::task::{Poll, Waker};

use super::vdev::console::TextSource;

/// A bounded queue of bytes.
pub struct TypedText {
    capacity: usize,
    waiting: RefCell<VecDeque<u8>>,
    dropped: Cell<u32>,
    reader: Cell<Option<Waker>>,
}

impl TypedText {
    /// A queue for `capacity` bytes.
    ///
    /// # Panics
    /// Without memory for them.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        let waiting = RefCell::new(VecDeque::with_capacity(capacity));
        Self { capacity, waiting, dropped: Cell::new(0), reader: Cell::new(None) }
    }

    /// Adds text, and gives how many bytes of it fit. Wakes the reader.
    pub fn add(&self, text: &[u8]) -> usize {
        let mut waiting = self.waiting.borrow_mut();
        let (kept, rest) = text.split_at(text.len().min(self.capacity - waiting.len()));
        waiting.extend(kept);
        let dropped = u32::try_from(rest.len()).unwrap_or(u32::MAX);
        self.dropped.set(self.dropped.get().saturating_add(dropped));
        drop(waiting);
        if !kept.is_empty()
            && let Some(reader) = self.reader.take()
        {
            reader.wake();
        }
        kept.len()
    }

    /// Takes text, and gives its length; 0 if none waits.
    pub fn take(&self, into: &mut [u8]) -> usize {
        let mut waiting = self.waiting.borrow_mut();
        let count = into.len().min(waiting.len());
        for (place, byte) in into.iter_mut().zip(waiting.drain(..count)) {
            *place = byte;
        }
        count
    }

    /// Whether there is text to take: then the guest's console line is pending.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        !self.waiting.borrow().is_empty()
    }

    /// Bytes that did not fit.
    #[must_use]
    pub const fn dropped(&self) -> u32 {
        self.dropped.get()
    }
}

impl TextSource for &TypedText {
    /// *Cancel safety*: safe; text is taken in the poll that returns it.
    async fn read(&mut self, into: &mut [u8]) -> usize {
        poll_fn(|context| match self.take(into) {
            0 => {
                self.reader.set(Some(context.waker().clone()));
                Poll::Pending
            }
            count => Poll::Ready(count),
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::task::{Context, Wake};

    use super::*;

    #[test]
    fn text_comes_out_in_order_and_what_does_not_fit_is_counted() {
        let text = TypedText::new(5);
        assert_eq!((text.add(b"abc"), text.add(b"defg"), text.dropped()), (3, 2, 2));
        let mut into = [0; 4];
        assert_eq!((text.take(&mut into), into), (4, *b"abcd"));
        assert_eq!((text.add(b"hi"), text.is_waiting()), (2, true));
        assert_eq!((text.take(&mut into), &into[..3]), (3, &b"ehi"[..]));
        assert_eq!((text.take(&mut into), text.is_waiting()), (0, false));
    }

    #[test]
    fn reader_that_waits_is_woken_once_by_text_and_not_by_nothing() {
        struct Count(AtomicU32);
        impl Wake for Count {
            fn wake(self: Arc<Self>) {
                self.0.fetch_add(1, Ordering::Relaxed);
            }
        }
        let text = TypedText::new(8);
        let count = Arc::new(Count(AtomicU32::new(0)));
        let waker = Waker::from(Arc::clone(&count));
        let mut context = Context::from_waker(&waker);
        let mut into = [0; 8];
        let mut source = &text;
        {
            let mut read = pin!(source.read(&mut into));
            assert_eq!(read.as_mut().poll(&mut context), Poll::Pending);
            assert_eq!((text.add(b""), count.0.load(Ordering::Relaxed)), (0, 0));
            assert_eq!((text.add(b"x"), text.add(b"y"), count.0.load(Ordering::Relaxed)), (1, 1, 1));
            assert_eq!(read.as_mut().poll(&mut context), Poll::Ready(2));
        }
        assert_eq!(into[..2], *b"xy");
    }
}
