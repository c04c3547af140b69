//! Counted permits, for which tasks queue and which any context gives: what all of [`sync`](crate::sync) is made of.
//!
//! ```text
//!   release ──► returned ──settle──┬──► the first who waits
//!                (atomic)          └──► available ──► try_acquire
//!                                        (atomic)
//! ```
//!
//! A release counts its permits in `returned` and then settles: whoever gets through the gate gives them to those
//! who wait, in order, and what is left becomes available. Who finds the gate closed leaves that to the one
//! inside, who looks at `returned` again after opening. So a release never waits, also not in an interrupt handler
//! that came while a task was inside. While somebody waits, nothing is available: nobody is overtaken.
#![expect(unsafe_code, reason = "keeps the duties of the lists of waiters")]

use core::pin::Pin;
use core::task::{Context, Poll, Waker};

use crate::atomic::{Word, const_except_loom};
use crate::waker::gate::Gate;
use crate::waker::wait_list::{Queue, Standing, Waiter};

/// In `returned`: as many permits as there are tasks that wait.
const TO_ALL: u32 = 1 << 31;
/// In `returned`: somebody was granted a permit and has not been woken.
const TO_WAKE: u32 = 1 << 30;
/// In `returned`: the number of permits.
const COUNT: u32 = TO_WAKE - 1;

/// Permits and who waits for them.
#[derive(Debug)]
pub(crate) struct Permits {
    available: Word,
    returned: Word,
    queue: Gate<Queue>,
    /// More than so many are never available.
    most: u32,
}

impl Permits {
    const_except_loom! {
        /// So many available permits; at any later time `most`, what is returned beyond that is lost.
        pub(crate) const fn new(available: u32, most: u32) -> Self {
            Self {
                available: Word::new(available),
                returned: Word::new(0),
                queue: Gate::new(Queue::new()),
                most,
            }
        }
    }

    /// Permits that anybody could take. Any context.
    pub(crate) fn available(&self) -> u32 {
        self.available.load()
    }

    /// Takes a permit if one is available. Any context; repeats only if interrupted by another change.
    pub(crate) fn try_acquire(&self) -> bool {
        let mut available = self.available.load();
        while available > 0 {
            match self.available.exchange(available, available - 1) {
                Ok(()) => return true,
                Err(found) => available = found,
            }
        }
        false
    }

    /// Waits for a permit. Tasks only.
    pub(crate) fn acquire(&self) -> Acquire<'_> {
        Acquire { permits: self, waiter: Waiter::new() }
    }

    /// Gives `count` permits, less than 2^30 before they are settled. Any context; does not wait.
    pub(crate) fn release(&self, count: u32) {
        self.returned.add(count);
        self.settle();
    }

    /// Gives a permit to each who waits. Any context; does not wait.
    pub(crate) fn release_to_all(&self) {
        self.returned.set_bits(TO_ALL);
        self.settle();
    }

    /// Distributes what was returned, unless somebody inside the gate is about to.
    #[inline]
    fn settle(&self) {
        while self.returned.load() != 0 {
            match self.queue.try_with(|queue| self.distribute(queue)) {
                // Wakers are called outside the gate. Who comes between finds the rest.
                Some(Some(waker)) => waker.wake(),
                Some(None) => {}
                None => return,
            }
        }
    }

    /// Gives what was returned to those who wait; what is left becomes available. Returns a waker of one of those.
    fn distribute(&self, queue: &mut Queue) -> Option<Waker> {
        let returned = self.returned.load();
        if returned & TO_ALL != 0 {
            self.returned.clear_bits(TO_ALL);
            while queue.grant_first() {}
        }
        let mut count = returned & COUNT;
        if count != 0 {
            self.returned.subtract(count);
            while count > 0 && queue.grant_first() {
                count -= 1;
            }
            // Only here, behind the gate, do available permits become more.
            let room = self.most.saturating_sub(self.available.load());
            self.available.add(count.min(room));
        }
        let waker = queue.take_waker();
        // The word is read again after this, so that nothing returned meanwhile is missed.
        if queue.all_woken() {
            self.returned.clear_bits(TO_WAKE);
        } else {
            self.returned.set_bits(TO_WAKE);
        }
        waker
    }

    /// Ready with a permit; else `waiter` waits.
    fn poll(&self, waiter: Pin<&Waiter>, waker: &Waker) -> Poll<()> {
        let (result, old) = self.queue.with(|queue| {
            // SAFETY: this is the waiter's queue: both are in one `Acquire`.
            let standing = unsafe { queue.standing(&waiter) };
            let is_ready = match standing {
                Standing::Granted => true,
                Standing::Out => queue.nobody_waits() && self.try_acquire(),
                Standing::Waiting => false,
            };
            if is_ready {
                // SAFETY: as above.
                return (Poll::Ready(()), unsafe { queue.leave(&waiter) }.1);
            }
            // SAFETY: as above; the drop of `Acquire` calls `leave`.
            unsafe { queue.wait(waiter, waker) };
            (Poll::Pending, None)
        });
        drop(old);
        self.settle();
        result
    }

    /// Ends the wait; a permit that was granted goes to the next.
    fn cancel(&self, waiter: &Waiter) {
        // SAFETY: this is the waiter's queue: both are in one `Acquire`.
        let (standing, waker) = self.queue.with(|queue| unsafe { queue.leave(waiter) });
        drop(waker);
        match standing {
            Standing::Granted => self.release(1),
            Standing::Out | Standing::Waiting => self.settle(),
        }
    }
}

pin_project_lite::pin_project! {
    /// Ready with a permit, in the order of the first polls.
    ///
    /// *Cancel safety*: dropped before it was ready, it loses its place in the queue and no permit. Polled after
    /// that, it acquires another.
    #[derive(Debug)]
    pub(crate) struct Acquire<'a> {
        permits: &'a Permits,
        #[pin]
        waiter: Waiter,
    }

    impl PinnedDrop for Acquire<'_> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            this.permits.cancel(&this.waiter);
        }
    }
}

impl Future for Acquire<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        this.permits.poll(this.waiter.as_ref(), context.waker())
    }
}
