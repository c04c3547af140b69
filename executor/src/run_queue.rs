//! The intrusive run queue of one class: pushed to by wakers in any context, emptied by one executor.
//!
//! ```text
//!   wakers ── push ──►  inbox: newest → … → oldest        (one pointer, changed by compare-and-exchange)
//!                          │ taken as a whole and reversed, when the batch is used up
//!                          ▼
//!   executor ◄── pop ── batch: oldest → … → newest        (the executor's own)
//! ```
//!
//! Tasks leave in the order in which they came: all of a batch came before what is in the inbox. So a task that
//! wakes itself is polled after all that were ready. Each task has one link and is in at most one queue; who sets
//! `QUEUED` in its state owns the link until the executor has popped it.
//!
//! A push is a load, a store and a compare-and-exchange. The exchange fails only if another push came in between: on
//! one core, only an interrupt handler's, so a handler that is not itself interrupted needs one try. A push is never
//! half done in the sight of the executor.
#![expect(unsafe_code, reason = "follows the links of tasks")]

use core::ptr::{self, NonNull};

use crate::atomic::{Link, const_except_loom};

/// An element of a queue.
///
/// # Safety
/// `link` returns the same link for the whole life of the element, and nothing but a queue changes it.
pub(crate) unsafe trait Linked: Sized {
    /// The link to the next element.
    fn link(&self) -> &Link<Self>;
}

/// Where wakers push; shared between contexts.
#[derive(Debug)]
pub(crate) struct Inbox<T> {
    newest: Link<T>,
}

/// Whether something was queued before a push.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Before {
    /// The inbox was empty: the executor may be idle.
    Empty,
    /// An earlier push has told the executor.
    Occupied,
}

impl<T: Linked> Inbox<T> {
    const_except_loom! {
        /// An empty inbox.
        pub(crate) const fn new() -> Self {
            Self { newest: Link::new(ptr::null_mut()) }
        }
    }

    /// Adds an element. Any context; see the module for its bound.
    ///
    /// # Safety
    /// The caller owns the element's link, and the element lives until it has been popped.
    #[inline]
    pub(crate) unsafe fn push(&self, element: NonNull<T>) -> Before {
        let before = self.newest.load_owned();
        // SAFETY: the element is alive, as the caller promises.
        unsafe { element.as_ref() }.link().store_owned(before);
        let before = match self.newest.exchange(before, element.as_ptr()) {
            Ok(()) => before,
            // SAFETY: the caller's promise, passed on.
            Err(found) => unsafe { self.push_again(element, found) },
        };
        if before.is_null() { Before::Empty } else { Before::Occupied }
    }

    /// Goes on with a push that another one came before; returns what the element came after.
    ///
    /// # Safety
    /// As for [`Inbox::push`].
    #[cold]
    unsafe fn push_again(&self, element: NonNull<T>, mut before: *mut T) -> *mut T {
        loop {
            // SAFETY: the element is alive, as the caller promises.
            unsafe { element.as_ref() }.link().store_owned(before);
            match self.newest.exchange(before, element.as_ptr()) {
                Ok(()) => return before,
                Err(found) => before = found,
            }
        }
    }

    /// Whether nothing was pushed since it was last taken. Any context.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.newest.load().is_null()
    }

    /// Takes everything; what came first.
    #[inline]
    fn take(&self) -> *mut T {
        let newest = self.newest.take();
        match NonNull::new(newest) {
            // SAFETY: whoever pushed the element promised that it lives until it is popped.
            Some(element) if !unsafe { element.as_ref() }.link().load_owned().is_null() => reverse(newest),
            _ => newest,
        }
    }
}

/// Turns a chain round; returns what was its end. Three pointers change their parts, so that none is copied.
fn reverse<T: Linked>(newest: *mut T) -> *mut T {
    let (mut first, mut second, mut third) = (ptr::null_mut(), newest, ptr::null_mut());
    if second.is_null() {
        return second;
    }
    loop {
        // SAFETY: whoever pushed the element promised that it lives until it is popped.
        if !unsafe { turn(&mut third, second, first) } {
            return second;
        }
        // SAFETY: as above.
        if !unsafe { turn(&mut first, third, second) } {
            return third;
        }
        // SAFETY: as above.
        if !unsafe { turn(&mut second, first, third) } {
            return first;
        }
    }
}

/// Links `element` to what came after it, and sets `rest` to what came before it; whether there is such.
///
/// # Safety
/// The element is alive.
#[inline(always)]
unsafe fn turn<T: Linked>(rest: &mut *mut T, element: *mut T, after: *mut T) -> bool {
    // SAFETY: the caller's promise.
    let link = unsafe { &*element }.link();
    *rest = link.load_owned();
    link.store_owned(after);
    !rest.is_null()
}

/// Elements that were taken out of an inbox, oldest first; the executor's own. It lies in memory, not in the executor's
/// registers, so that nothing of it is lost when a poll does not return.
#[derive(Debug)]
pub(crate) struct Batch<T> {
    oldest: Link<T>,
}

impl<T: Linked> Batch<T> {
    const_except_loom! {
        /// An empty batch.
        pub(crate) const fn new() -> Self {
            Self { oldest: Link::new(ptr::null_mut()) }
        }
    }

    /// Takes everything out of an inbox, while nothing is left here.
    #[inline]
    pub(crate) fn fill(&self, inbox: &Inbox<T>) {
        self.oldest.store_owned(inbox.take());
    }

    /// Takes out what came first. Its link is the caller's.
    #[inline]
    pub(crate) fn pop(&self) -> Option<NonNull<T>> {
        let element = NonNull::new(self.oldest.load_owned())?;
        // SAFETY: whoever pushed the element promised that it lives until it is popped.
        self.oldest.store_owned(unsafe { element.as_ref() }.link().load_owned());
        Some(element)
    }

    /// Whether nothing is left.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.oldest.load_owned().is_null()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::boxed::Box;
    use std::vec::Vec;

    use super::*;

    struct Item {
        link: Link<Self>,
        number: u32,
    }

    // SAFETY: the field is the link, and only queues use it.
    unsafe impl Linked for Item {
        fn link(&self) -> &Link<Self> {
            &self.link
        }
    }

    fn item(number: u32) -> NonNull<Item> {
        NonNull::from(Box::leak(Box::new(Item { link: Link::new(ptr::null_mut()), number })))
    }

    fn push(inbox: &Inbox<Item>, numbers: core::ops::Range<u32>) {
        for number in numbers {
            // SAFETY: the item is new and leaked.
            unsafe { inbox.push(item(number)) };
        }
    }

    fn numbers(batch: &Batch<Item>) -> Vec<u32> {
        // SAFETY: all items are leaked.
        core::iter::from_fn(|| batch.pop()).map(|item| unsafe { item.as_ref() }.number).collect()
    }

    #[test]
    fn elements_leave_in_the_order_they_came() {
        for count in 0..8 {
            let (inbox, batch) = (Inbox::new(), Batch::new());
            push(&inbox, 0..count);
            batch.fill(&inbox);
            assert_eq!(numbers(&batch), Vec::from_iter(0..count));
            assert!(inbox.is_empty());
        }
    }

    #[test]
    fn batch_is_apart_from_what_is_pushed_later() {
        let (inbox, batch) = (Inbox::new(), Batch::new());
        push(&inbox, 0..3);
        batch.fill(&inbox);
        assert!(batch.pop().is_some());
        push(&inbox, 3..5);
        assert_eq!(numbers(&batch), [1, 2]);
        assert!(batch.is_empty());
        batch.fill(&inbox);
        assert_eq!(numbers(&batch), [3, 4]);
    }

    #[test]
    fn push_tells_whether_the_inbox_was_empty() {
        let inbox = Inbox::new();
        // SAFETY: the items are new and leaked.
        let befores = unsafe { [inbox.push(item(0)), inbox.push(item(1))] };
        assert_eq!(befores, [Before::Empty, Before::Occupied]);
        inbox.take();
        // SAFETY: as above.
        assert_eq!(unsafe { inbox.push(item(2)) }, Before::Empty);
    }
}
