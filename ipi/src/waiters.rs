//! Tasks of this core that wait for a change, without allocation.
//!
//! Whoever waits looks at what it waits for, registers, and looks again when woken. A task that finds no place
//! is woken at once and so polls until there is one: slower, never lost.

use core::cell::RefCell;
use core::future::poll_fn;
use core::task::{Context, Poll, Waker};

/// Up to `N` waiting tasks.
pub(crate) struct Waiters<const N: usize>(RefCell<[Option<Waker>; N]>);

impl<const N: usize> Waiters<N> {
    pub(crate) const fn new() -> Self {
        Self(RefCell::new([const { None }; N]))
    }

    /// Wakes everybody, in the order of registration.
    pub(crate) fn wake_all(&self) {
        let woken = self.0.replace([const { None }; N]);
        woken.into_iter().flatten().for_each(Waker::wake);
    }

    /// Has the task woken by the next [`wake_all`](Self::wake_all).
    pub(crate) fn register(&self, context: &Context<'_>) {
        let mut places = self.0.borrow_mut();
        if places.iter().flatten().any(|waker| waker.will_wake(context.waker())) {
            return;
        }
        match places.iter_mut().find(|place| place.is_none()) {
            Some(place) => *place = Some(context.waker().clone()),
            None => context.waker().wake_by_ref(),
        }
    }

    /// Completes with what `check` finds: at once, or after a later [`wake_all`](Self::wake_all).
    ///
    /// *Cancel safety*: nothing is lost that `check` did not take.
    pub(crate) async fn until<T>(&self, mut check: impl FnMut() -> Option<T>) -> T {
        poll_fn(|context| match check() {
            Some(found) => Poll::Ready(found),
            None => {
                self.register(context);
                Poll::Pending
            }
        })
        .await
    }

    /// Completes after the next [`wake_all`](Self::wake_all) that follows the first poll.
    pub(crate) async fn changed(&self) {
        let mut is_first = true;
        self.until(|| (!core::mem::take(&mut is_first)).then_some(())).await;
    }
}

#[cfg(test)]
mod tests {
    use super::Waiters;
    use core::pin::pin;
    use core::task::Context;
    use futures_util::FutureExt;
    use futures_util::task::noop_waker;

    #[test]
    fn waiting_task_looks_again_after_a_change() {
        let waiters = Waiters::<1>::new();
        let there = core::cell::Cell::new(false);
        let mut waiting = pin!(waiters.until(|| there.get().then_some(5)));
        let waker = noop_waker();
        let mut context = Context::from_waker(&waker);
        assert!(waiting.poll_unpin(&mut context).is_pending());
        there.set(true);
        waiters.wake_all();
        assert!(waiting.poll_unpin(&mut context).is_ready());
    }
}
