//! Text that was typed for a guest and that the guest has not read yet.
//!
//! The terminal's side waits while there is no room ([`TypedText::poll_add`]), so that nothing is lost. The guest's side reads
//! by a hypercall ([`TypedText::take`]) when it has heard of text ([`TypedText::poll_arrival`]). One writer, one reader; task
//! context.

use alloc::collections::VecDeque;
use core::cell::{Cell, RefCell};
use core::task::{Context, Poll, Waker};

/// Whether the guest reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// It does, or will: the writer waits for room.
    Goes,
    /// It will at some time: what has no room is dropped.
    Rests,
    /// It will not: all is dropped.
    Over,
}

/// A bounded queue of bytes.
pub struct TypedText {
    capacity: usize,
    waiting: RefCell<VecDeque<u8>>,
    /// Text has come, or was left, since the guest was last told.
    arrived: Cell<bool>,
    reading: Cell<Reading>,
    reader: Cell<Option<Waker>>,
    writer: Cell<Option<Waker>>,
}

impl TypedText {
    /// A queue for `capacity` bytes.
    ///
    /// # Panics
    /// Without memory for them.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self {
            capacity,
            waiting: RefCell::new(VecDeque::with_capacity(capacity)),
            arrived: Cell::new(false),
            reading: Cell::new(Reading::Goes),
            reader: Cell::new(None),
            writer: Cell::new(None),
        }
    }

    /// Adds a byte and wakes the reader. Without room the task is woken when there is; a byte that nobody will read is
    /// dropped.
    pub fn poll_add(&self, byte: u8, context: &Context<'_>) -> Poll<()> {
        if self.reading.get() == Reading::Over {
            return Poll::Ready(());
        }
        let mut waiting = self.waiting.borrow_mut();
        if waiting.len() == self.capacity {
            if self.reading.get() == Reading::Rests {
                return Poll::Ready(());
            }
            self.writer.set(Some(context.waker().clone()));
            return Poll::Pending;
        }
        waiting.push_back(byte);
        drop(waiting);
        self.arrived.set(true);
        wake(&self.reader);
        Poll::Ready(())
    }

    /// Takes text, and gives its length; 0 if none waits. What is left counts as new.
    pub fn take(&self, into: &mut [u8]) -> usize {
        let mut waiting = self.waiting.borrow_mut();
        let count = into.len().min(waiting.len());
        for (place, byte) in into.iter_mut().zip(waiting.drain(..count)) {
            *place = byte;
        }
        self.arrived.set(!waiting.is_empty());
        drop(waiting);
        wake(&self.writer);
        count
    }

    /// Tells the writer whether the guest reads. What waits when it will not is dropped.
    pub fn set_reading(&self, reading: Reading) {
        self.reading.set(reading);
        if reading == Reading::Over {
            self.waiting.borrow_mut().clear();
            self.arrived.set(false);
        }
        wake(&self.writer);
    }

    /// Whether there is text of which the guest was not told; from now on it was.
    pub fn take_arrival(&self) -> bool {
        self.arrived.take()
    }

    /// The same; if there is none, the task is woken when there is.
    pub fn poll_arrival(&self, context: &Context<'_>) -> bool {
        let arrived = self.take_arrival();
        if !arrived {
            self.reader.set(Some(context.waker().clone()));
        }
        arrived
    }
}

fn wake(waker: &Cell<Option<Waker>>) {
    if let Some(waker) = waker.take() {
        waker.wake();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::task::Wake;

    use super::*;

    /// Adds bytes, and gives how many had room.
    fn add(text: &TypedText, bytes: &[u8]) -> usize {
        let context = Context::from_waker(Waker::noop());
        bytes.iter().take_while(|byte| text.poll_add(**byte, &context).is_ready()).count()
    }

    struct Count(AtomicU32);
    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn counter() -> (Waker, impl Fn() -> u32) {
        let count = Arc::new(Count(AtomicU32::new(0)));
        (Waker::from(Arc::clone(&count)), move || count.0.load(Ordering::Relaxed))
    }

    #[test]
    fn text_comes_out_in_order_and_the_writer_waits_for_room() {
        let text = TypedText::new(5);
        let (waker, woken) = counter();
        assert_eq!((add(&text, b"abcdefg"), add(&text, b"f")), (5, 0));
        assert!(text.poll_add(b'f', &Context::from_waker(&waker)).is_pending());
        let mut into = [0; 4];
        assert_eq!((text.take(&mut into), into, woken()), (4, *b"abcd", 1));
        assert_eq!(add(&text, b"fg"), 2);
        assert_eq!((text.take(&mut into), &into[..3]), (3, &b"efg"[..]));
        assert_eq!((text.take(&mut into), woken()), (0, 1));
    }

    #[test]
    fn end_of_the_guest_frees_the_writer() {
        let text = TypedText::new(1);
        let (waker, woken) = counter();
        assert_eq!(add(&text, b"a"), 1);
        assert!(text.poll_add(b'b', &Context::from_waker(&waker)).is_pending());
        text.set_reading(Reading::Over);
        assert_eq!((woken(), add(&text, b"bcd")), (1, 3));
        text.set_reading(Reading::Goes);
        let mut into = [0; 4];
        assert_eq!((add(&text, b"ef"), text.take(&mut into), into[0]), (1, 1, b'e'));
    }

    #[test]
    fn guest_that_rests_holds_up_nobody_and_finds_what_had_room() {
        let text = TypedText::new(2);
        text.set_reading(Reading::Rests);
        assert_eq!(add(&text, b"abc"), 3);
        text.set_reading(Reading::Goes);
        let mut into = [0; 4];
        assert_eq!((text.take_arrival(), text.take(&mut into), &into[..2]), (true, 2, &b"ab"[..]));
    }

    #[test]
    fn guest_is_told_once_of_new_text_and_of_text_that_it_has_left() {
        let text = TypedText::new(8);
        assert!(!text.take_arrival());
        add(&text, b"abc");
        assert_eq!([text.take_arrival(), text.take_arrival()], [true, false]);
        let mut into = [0; 2];
        text.take(&mut into);
        assert_eq!([text.take_arrival(), text.take_arrival()], [true, false]);
        add(&text, b"d");
        text.take(&mut into);
        assert!(!text.take_arrival(), "all was taken");
    }

    #[test]
    fn reader_that_waits_is_woken_once_by_text() {
        let text = TypedText::new(8);
        let (waker, woken) = counter();
        let context = Context::from_waker(&waker);
        assert!(!text.poll_arrival(&context));
        assert_eq!((add(&text, b"x"), add(&text, b"y"), woken()), (1, 1, 1));
        assert!(text.poll_arrival(&context));
        let mut into = [0; 8];
        assert_eq!((text.take(&mut into), &into[..2]), (2, &b"xy"[..]));
    }
}
