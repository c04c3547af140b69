//! Giving up after a while.

use core::pin::Pin;
use core::task::{Context, Poll};

use crate::time::Sleep;

/// The deadline came first.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the deadline passed")]
pub struct Elapsed;

pin_project_lite::pin_project! {
    /// Ready with the output of a future or at a deadline; see [`Timers::timeout`](crate::time::Timers::timeout). If
    /// both are ready, the output wins.
    ///
    /// *Cancel safety*: that of the future inside, which is dropped with this one, also after [`Elapsed`].
    #[derive(Debug)]
    #[must_use = "a future waits only when it is awaited"]
    pub struct Timeout<F> {
        #[pin]
        future: F,
        #[pin]
        sleep: Sleep,
    }
}

impl<F> Timeout<F> {
    pub(crate) fn new(sleep: Sleep, future: F) -> Self {
        Self { future, sleep }
    }
}

impl<F: Future> Future for Timeout<F> {
    type Output = Result<F::Output, Elapsed>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if let Poll::Ready(output) = this.future.poll(context) {
            return Poll::Ready(Ok(output));
        }
        this.sleep.poll(context).map(|()| Err(Elapsed))
    }
}
