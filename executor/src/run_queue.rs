//! The intrusive run queue of one class: pushed to by wakers in any context, emptied by one executor.
//!
//! ```text
//!   wakers ── push ──►  inbox: newest → … → oldest        (one pointer, changed by compare-and-exchange)
//!                          │ taken as a whole and reversed, when the chain is used up
//!                          ▼
//!   executor ◄── pop ── chain: oldest → … → newest        (the executor's own; a batch while it is put aside)
//! ```
//!
//! Tasks leave in the order in which they came: all of a chain came before what is in the inbox. So a task that
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

    /// Takes everything, oldest first.
    #[inline]
    pub(crate) fn take(&self) -> Chain<T> {
        let newest = self.newest.take();
        let oldest = match NonNull::new(newest) {
            // SAFETY: whoever pushed the element promised that it lives until it is popped.
            Some(element) if !unsafe { element.as_ref() }.link().load_owned().is_null() => reverse(newest),
            _ => newest,
        };
        Chain { oldest }
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

/// Elements that were taken, oldest first; the executor's own.
#[derive(Debug)]
pub(crate) struct Chain<T> {
    oldest: *mut T,
}

impl<T: Linked> Chain<T> {
    /// Takes out what came first. Its link is the caller's.
    #[inline]
    pub(crate) fn pop(&mut self) -> Option<NonNull<T>> {
        let element = NonNull::new(self.oldest)?;
        // SAFETY: whoever pushed the element promised that it lives until it is popped.
        self.oldest = unsafe { element.as_ref() }.link().load_owned();
        Some(element)
    }

    /// Whether nothing is left.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.oldest.is_null()
    }

    /// What is left; nothing stays here.
    #[inline]
    pub(crate) fn rest(&mut self) -> Self {
        Self { oldest: core::mem::replace(&mut self.oldest, ptr::null_mut()) }
    }
}

/// What was taken and put aside for something more urgent. Executor only.
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

    /// Takes what was put aside.
    #[inline]
    pub(crate) fn take(&self) -> Chain<T> {
        let oldest = self.oldest.load_owned();
        if !oldest.is_null() {
            self.oldest.store_owned(ptr::null_mut());
        }
        Chain { oldest }
    }

    /// Puts aside what is left of a chain, while nothing is.
    #[inline]
    pub(crate) fn put(&self, chain: Chain<T>) {
        self.oldest.store_owned(chain.oldest);
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

    fn numbers(mut chain: Chain<Item>) -> Vec<u32> {
        // SAFETY: all items are leaked.
        core::iter::from_fn(|| chain.pop()).map(|item| unsafe { item.as_ref() }.number).collect()
    }

    #[test]
    fn elements_leave_in_the_order_they_came() {
        for count in 0..8 {
            let inbox = Inbox::new();
            push(&inbox, 0..count);
            assert_eq!(numbers(inbox.take()), Vec::from_iter(0..count));
            assert!(inbox.is_empty());
        }
    }

    #[test]
    fn batch_gives_back_what_was_put_aside() {
        let (inbox, batch) = (Inbox::new(), Batch::new());
        push(&inbox, 0..3);
        let mut chain = inbox.take();
        assert!(chain.pop().is_some());
        batch.put(chain.rest());
        push(&inbox, 3..5);
        assert!(chain.is_empty());
        assert_eq!(numbers(batch.take()), [1, 2]);
        assert!(batch.take().is_empty());
        assert_eq!(numbers(inbox.take()), [3, 4]);
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
