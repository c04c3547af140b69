//! A queue of messages with a fixed number of places.
#![expect(unsafe_code, reason = "keeps the duties of the ring of places")]

mod ring;

use core::fmt;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use futures_core::Stream;

use crate::atomic::const_except_loom;
use crate::waker::permits::{Acquire, Permits};
use ring::Ring;

/// A queue of up to `N` messages, a power of two, from any number of tasks and interrupt handlers to tasks.
pub struct Channel<T, const N: usize> {
    /// Empty places, less those that senders have.
    places: Permits,
    /// Messages, less those that receivers are about to read.
    messages: Permits,
    ring: Ring<T, N>,
}

/// There is no place: the message comes back.
#[derive(Clone, Copy, Eq, PartialEq, thiserror::Error)]
#[error("the channel is full")]
pub struct Full<T>(pub T);

impl<T, const N: usize> Channel<T, N> {
    /// As many places as fit the count of permits.
    #[expect(clippy::cast_possible_truncation, reason = "asserted by the ring; there is no const `TryFrom`")]
    const PLACES: u32 = N as u32;

    const_except_loom! {
        /// An empty channel.
        #[must_use]
        pub const fn new() -> Self {
            Self {
                places: Permits::new(Self::PLACES, Self::PLACES),
                messages: Permits::new(0, Self::PLACES),
                ring: Ring::new(),
            }
        }
    }

    /// Sends if there is a place. Any context; does not wait.
    ///
    /// # Errors
    /// [`Full`] with the message.
    pub fn try_send(&self, message: T) -> Result<(), Full<T>> {
        if !self.places.try_acquire() {
            return Err(Full(message));
        }
        self.put(message);
        Ok(())
    }

    /// Waits for a place, in the order of the first polls, and sends.
    ///
    /// *Cancel safety*: dropped before it is ready, the future has not sent, and its message is dropped with it.
    pub async fn send(&self, message: T) {
        self.places.acquire().await;
        self.put(message);
    }

    /// Waits for a message.
    ///
    /// *Cancel safety*: dropped before it is ready, the future has taken no message.
    pub async fn receive(&self) -> T {
        self.messages.acquire().await;
        self.get()
    }

    /// The next message if there is one. Tasks only.
    pub fn try_receive(&self) -> Option<T> {
        self.messages.try_acquire().then(|| self.get())
    }

    /// All messages, as a stream that does not end.
    ///
    /// *Cancel safety*: a message is taken by the poll that returns it.
    pub fn messages(&self) -> impl Stream<Item = T> {
        Messages { message: self.messages.acquire(), read: || self.get() }
    }

    /// Messages that nobody has received or was promised. Any context.
    #[must_use]
    pub fn len(&self) -> u32 {
        self.messages.available()
    }

    /// Whether there is no message. Any context.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Writes a message with the permit that the caller has acquired.
    fn put(&self, message: T) {
        // SAFETY: the caller has acquired a place; `get` gives it back.
        unsafe { self.ring.write(message) };
        self.messages.release(1);
    }

    /// Reads the message whose permit the caller has acquired.
    fn get(&self) -> T {
        // SAFETY: each permit for a message comes after its being written, and is used for one read.
        let message = unsafe { self.ring.read() };
        self.places.release(1);
        message
    }
}

impl<T, const N: usize> Default for Channel<T, N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T, const N: usize> fmt::Debug for Channel<T, N> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Channel")
            .field("len", &self.len())
            .field("places", &N)
            .finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for Full<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Full").finish_non_exhaustive()
    }
}

pin_project_lite::pin_project! {
    /// The messages of a channel.
    struct Messages<'a, F> {
        #[pin]
        message: Acquire<'a>,
        read: F,
    }
}

impl<T, F: FnMut() -> T> Stream for Messages<'_, F> {
    type Item = T;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T>> {
        let this = self.project();
        ready!(this.message.poll(context));
        Poll::Ready(Some((this.read)()))
    }
}
