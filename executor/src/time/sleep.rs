//! Waiting for a deadline.

use core::pin::Pin;
use core::task::{Context, Poll};

use crate::time::queue::Timer;
use crate::time::{Instant, Timers};

pin_project_lite::pin_project! {
    /// Ready at its deadline, never before; see [`Timers::sleep_until`].
    ///
    /// *Cancel safety*: may be dropped at any time; the timer is then cancelled. Polled after it was ready, it is
    /// ready again.
    #[derive(Debug)]
    #[must_use = "a future waits only when it is awaited"]
    pub struct Sleep {
        timers: Timers,
        deadline: Instant,
        #[pin]
        timer: Timer,
    }

    impl PinnedDrop for Sleep {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            this.timer.cancel(this.timers.shared());
        }
    }
}

impl Sleep {
    pub(crate) fn new(timers: Timers, deadline: Instant) -> Self {
        Self { timers, deadline, timer: Timer::new() }
    }

    /// When it is ready.
    #[must_use]
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Waits for another deadline, from now on.
    pub fn reset(self: Pin<&mut Self>, deadline: Instant) {
        let this = self.project();
        this.timer.cancel(this.timers.shared());
        *this.deadline = deadline;
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        if this.timers.now() >= *this.deadline {
            // The drop, or a reset, cancels the timer if it is still set.
            return Poll::Ready(());
        }
        this.timer.as_ref().poll(this.timers.shared(), *this.deadline, context.waker())
    }
}
