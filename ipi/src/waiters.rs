//! Tasks of this core that wait for a change.
//!
//! Whoever waits looks at what it waits for, registers, and looks again when woken. Any number may wait: a list takes
//! memory from the heap when more wait than ever before, and keeps it. Without memory a task is woken at once and so
//! polls until there is some: slower, never lost.

use alloc::vec::Vec;
use core::cell::{Cell, RefCell};
use core::future::poll_fn;
use core::task::{Context, Poll, Waker};

/// Waiting tasks.
pub(crate) struct Waiters {
    waiting: RefCell<Vec<(Ticket, Waker)>>,
    next: Cell<Ticket>,
}

/// Tells those apart that wait at once; wraps.
type Ticket = u32;

impl Waiters {
    pub(crate) const fn new() -> Self {
        Self { waiting: RefCell::new(Vec::new()), next: Cell::new(0) }
    }

    /// Wakes everybody, in the order of registration.
    #[inline]
    pub(crate) fn wake_all(&self) {
        if !self.waiting.borrow().is_empty() {
            self.wake_some();
        }
    }

    #[inline(never)]
    fn wake_some(&self) {
        let mut woken = self.waiting.take();
        woken.drain(..).for_each(|(_, waker)| waker.wake());
        let mut waiting = self.waiting.borrow_mut();
        if waiting.is_empty() {
            *waiting = woken;
        }
    }

    /// A place in the list for one future.
    #[inline]
    pub(crate) const fn place(&self) -> Place<'_> {
        Place { waiters: self, ticket: None }
    }

    fn fresh_ticket(&self) -> Ticket {
        let ticket = self.next.get();
        self.next.set(ticket.wrapping_add(1));
        ticket
    }

    /// Completes with what `check` finds: at once, or after a later [`wake_all`](Self::wake_all).
    ///
    /// *Cancel safety*: nothing is lost that `check` did not take.
    pub(crate) async fn until<T>(&self, mut check: impl FnMut() -> Option<T>) -> T {
        let mut place = self.place();
        poll_fn(|context| match check() {
            Some(found) => Poll::Ready(found),
            None => {
                place.register(context);
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

/// Where one future registers; nobody is woken for it any more once it is dropped.
pub(crate) struct Place<'w> {
    waiters: &'w Waiters,
    /// `None` until it first registers.
    ticket: Option<Ticket>,
}

impl Place<'_> {
    /// Has the task woken by the next [`wake_all`](Waiters::wake_all).
    pub(crate) fn register(&mut self, context: &Context<'_>) {
        let own = *self.ticket.get_or_insert_with(|| self.waiters.fresh_ticket());
        let mut waiting = self.waiters.waiting.borrow_mut();
        let found = waiting.iter().position(|(ticket, _)| *ticket == own);
        match found {
            Some(index) => waiting[index].1.clone_from(context.waker()),
            None if waiting.try_reserve(1).is_ok() => waiting.push((own, context.waker().clone())),
            None => context.waker().wake_by_ref(),
        }
    }

    fn leave(&self, own: Ticket) -> Option<(Ticket, Waker)> {
        let mut waiting = self.waiters.waiting.borrow_mut();
        if let [(ticket, _)] = waiting[..] {
            return if ticket == own { waiting.pop() } else { None };
        }
        let index = waiting.iter().position(|(ticket, _)| *ticket == own)?;
        Some(waiting.remove(index))
    }
}

impl Drop for Place<'_> {
    #[inline]
    fn drop(&mut self) {
        if let Some(own) = self.ticket {
            // The list is no longer borrowed when the waker goes, and perhaps the rest of its task with it.
            drop(self.leave(own));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Waiters;
    use core::pin::pin;
    use core::sync::atomic::{AtomicUsize, Ordering};
    use core::task::Context;
    use futures_util::FutureExt;
    use futures_util::task::{ArcWake, noop_waker, waker};
    use std::boxed::Box;
    use std::sync::Arc;
    use std::vec::Vec;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl ArcWake for Count {
        fn wake_by_ref(count: &Arc<Self>) {
            count.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn waiting_task_looks_again_after_a_change() {
        let waiters = Waiters::new();
        let there = core::cell::Cell::new(false);
        let mut waiting = pin!(waiters.until(|| there.get().then_some(5)));
        let waker = noop_waker();
        let mut context = Context::from_waker(&waker);
        assert!(waiting.poll_unpin(&mut context).is_pending());
        there.set(true);
        waiters.wake_all();
        assert!(waiting.poll_unpin(&mut context).is_ready());
    }

    #[test]
    fn many_tasks_wait_without_being_woken_and_each_is_woken_once() {
        let waiters = Waiters::new();
        let counts: Vec<_> = (0..100).map(|_| Arc::new(Count::default())).collect();
        let wakes = || counts.iter().map(|count| count.0.load(Ordering::Relaxed)).collect::<Vec<_>>();
        let mut tasks: Vec<_> = counts.iter().map(|_| Box::pin(waiters.changed())).collect();
        for (task, count) in tasks.iter_mut().zip(&counts) {
            assert!(task.poll_unpin(&mut Context::from_waker(&waker(count.clone()))).is_pending());
        }
        assert_eq!(wakes(), [0; 100]);
        waiters.wake_all();
        assert_eq!(wakes(), [1; 100]);
    }

    #[test]
    fn dropped_futures_leave_nothing_behind() {
        let waiters = Waiters::new();
        let count = Arc::new(Count::default());
        for _ in 0..3 {
            let mut task = Box::pin(waiters.changed());
            assert!(task.poll_unpin(&mut Context::from_waker(&waker(count.clone()))).is_pending());
        }
        assert!(waiters.waiting.borrow().is_empty());
        waiters.wake_all();
        assert_eq!(count.0.load(Ordering::Relaxed), 0);
    }
}
