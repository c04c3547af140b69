//! What a guest's devices do, within the task that runs the guest: so it is the guest's own time that its requests take.
//!
//! The services of a guest have one waker: who wakes one of them has all polled. There are few, and one that has nothing to
//! do says so at once.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::task::Wake;
use alloc::vec::Vec;
use core::convert::Infallible;
use core::pin::Pin;
use core::sync::atomic::{AtomicBool, Ordering};
use core::task::{Context, Poll, Waker};

/// The services of one guest.
#[derive(Default)]
pub struct Services {
    all: Vec<Pin<Box<dyn Future<Output = Infallible>>>>,
    /// Made in the first poll, which shows the task.
    call: Option<(Arc<Call>, Waker)>,
}

/// A call for a poll.
struct Call {
    is_made: AtomicBool,
    task: Waker,
}

impl Wake for Call {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.is_made.store(true, Ordering::Relaxed);
        self.task.wake_by_ref();
    }
}

impl Services {
    /// Adds a service, before the first poll.
    pub fn add(&mut self, service: impl Future<Output = Infallible> + 'static) {
        self.all.push(Box::pin(service));
    }

    /// Whether a service was woken since the last poll, or none was ever polled.
    #[must_use]
    pub fn are_ready(&self) -> bool {
        self.call.as_ref().is_none_or(|(call, _)| call.is_made.load(Ordering::Relaxed))
    }

    /// Polls every service once. If one is woken from then on, so is the task; always the same task.
    pub fn poll(&mut self, context: &Context<'_>) {
        let (call, waker) = self.call.get_or_insert_with(|| {
            let call = Arc::new(Call { is_made: AtomicBool::new(false), task: context.waker().clone() });
            (Arc::clone(&call), Waker::from(call))
        });
        call.is_made.store(false, Ordering::Relaxed);
        for service in &mut self.all {
            match service.as_mut().poll(&mut Context::from_waker(waker)) {
                Poll::Pending => {}
                Poll::Ready(never) => match never {},
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use core::cell::Cell;
    use core::future::{pending, poll_fn};
    use std::rc::Rc;

    use super::super::device::pause;
    use super::*;

    #[derive(Default)]
    struct Woken(AtomicBool);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.store(true, Ordering::Relaxed);
        }
    }

    #[test]
    fn service_that_pauses_is_polled_again_and_one_that_waits_is_not() {
        let polls = Rc::new(Cell::new(0));
        let count = Rc::clone(&polls);
        let mut services = Services::default();
        services.add(async move {
            count.set(count.get() + 1);
            pause().await;
            count.set(count.get() + 1);
            pending().await
        });
        let task = Arc::new(Woken::default());
        let waker = Waker::from(Arc::clone(&task));
        assert!(services.are_ready());
        services.poll(&Context::from_waker(&waker));
        assert!(services.are_ready() && task.0.swap(false, Ordering::Relaxed));
        services.poll(&Context::from_waker(&waker));
        assert!(!services.are_ready() && !task.0.load(Ordering::Relaxed));
        assert_eq!(polls.get(), 2);
    }

    #[test]
    fn wake_from_elsewhere_reaches_the_task() {
        let place: Rc<Cell<Option<Waker>>> = Rc::default();
        let given = Rc::clone(&place);
        let mut services = Services::default();
        services.add(poll_fn(move |context| {
            given.set(Some(context.waker().clone()));
            Poll::Pending
        }));
        let task = Arc::new(Woken::default());
        services.poll(&Context::from_waker(&Waker::from(Arc::clone(&task))));
        assert!(!services.are_ready());
        place.take().unwrap().wake();
        assert!(services.are_ready() && task.0.load(Ordering::Relaxed));
    }
}
