//! One value from one sender, which may be an interrupt handler, to one task.
//!
//! The value goes through a [`Oneshot`], which lies where both sides reach it: in a static, in what both borrow, or
//! behind an `Arc`.
//!
//! ```
//! use executor::sync::oneshot::Oneshot;
//!
//! let mut place = Oneshot::new();
//! let (sender, receiver) = place.split();
//! sender.send(7);
//! assert_eq!(futures_util::FutureExt::now_or_never(receiver.receive()), Some(Ok(7)));
//! ```

use core::ops::Deref;

use crate::atomic::{Word, const_except_loom};
use crate::sync::channel::Channel;

/// Bit of the claim of a shared place.
const CLAIMED: u32 = 0;

/// Place of the value.
#[derive(Debug)]
pub struct Oneshot<T> {
    claim: Word,
    channel: Channel<Option<T>, 1>,
}

/// The sender was dropped without sending.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the sender is gone")]
pub struct Closed;

impl<T> Oneshot<T> {
    const_except_loom! {
        /// A place for one value.
        #[must_use]
        pub const fn new() -> Self {
            Self { claim: Word::new(0), channel: Channel::new() }
        }
    }

    /// Both sides, which borrow the place. It may be split again when both are gone.
    pub fn split(&mut self) -> (Sender<T, &Self>, Receiver<T, &Self>) {
        *self = Self::new();
        (Sender { place: &*self, told: Told::Nothing }, Receiver { place: &*self })
    }

    /// Both sides, which share the place by `pointer`, as a static reference or an `Arc`; the first time only.
    pub fn share<P: Deref<Target = Self> + Clone>(pointer: P) -> Option<(Sender<T, P>, Receiver<T, P>)> {
        if pointer.claim.set_bit::<CLAIMED>() {
            return None;
        }
        Some((Sender { place: pointer.clone(), told: Told::Nothing }, Receiver { place: pointer }))
    }
}

impl<T> Default for Oneshot<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// Sends the value. Dropped before that, it tells the receiver so.
#[derive(Debug)]
pub struct Sender<T, P: Deref<Target = Oneshot<T>>> {
    place: P,
    told: Told,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Told {
    Nothing,
    Everything,
}

/// Receives the value.
#[derive(Debug)]
pub struct Receiver<T, P: Deref<Target = Oneshot<T>>> {
    place: P,
}

impl<T, P: Deref<Target = Oneshot<T>>> Sender<T, P> {
    /// Sends the value. Any context, if the pointer to the place may be dropped there.
    pub fn send(mut self, value: T) {
        self.tell(Some(value));
    }

    fn tell(&mut self, message: Option<T>) {
        self.told = Told::Everything;
        assert!(self.place.channel.try_send(message).is_ok(), "a sender sends once, to an empty place");
    }
}

impl<T, P: Deref<Target = Oneshot<T>>> Drop for Sender<T, P> {
    fn drop(&mut self) {
        if self.told == Told::Nothing {
            self.tell(None);
        }
    }
}

impl<T, P: Deref<Target = Oneshot<T>>> Receiver<T, P> {
    /// Waits for the value.
    ///
    /// *Cancel safety*: the future owns the receiver; dropped, it drops the value that was or will be sent.
    ///
    /// # Errors
    /// [`Closed`] if the sender was dropped without sending.
    pub async fn receive(self) -> Result<T, Closed> {
        self.place.channel.receive().await.ok_or(Closed)
    }

    /// The value if it was sent.
    ///
    /// # Errors
    /// The receiver, if nothing was sent yet and the sender is still there.
    pub fn try_receive(self) -> Result<Result<T, Closed>, Self> {
        match self.place.channel.try_receive() {
            Some(message) => Ok(message.ok_or(Closed)),
            None => Err(self),
        }
    }
}
