//! The intrusive run queue: pushed to by wakers in any context, emptied by one executor.
//!
//! ```text
//!   wakers ── push ──►  inbox: newest → … → oldest        (one pointer, changed by compare-and-exchange)
//!                          │ taken as a whole, when a poll has ended or nothing is ready
//!                          ▼
//!   executor ◄─────── lane of its class: oldest → … → newest → oldest   (the executor's own, a ring)
//! ```
//!
//! Tasks leave a lane in the order in which they became ready; one that is woken by itself, or by anybody during its
//! poll, comes after all that are ready at the end of the poll. Each task has one link and is in at most one queue; who
//! made it ready owns the link until the executor has taken it.
//!
//! A push is a load, a store and a compare-and-exchange. The exchange fails only if another push came in between: on
//! one core, only an interrupt handler's, so a handler that is not itself interrupted needs one try. A push is never
//! half done in the sight of the executor.
//!
//! A task stays the oldest of its lane while it is polled, so that nothing is lost if the poll does not return, and
//! putting it behind the others is one store.
#![expect(unsafe_code, reason = "follows the links of tasks")]

use core::cell::Cell;
use core::ptr::{self, NonNull};

use crate::atomic::{Link, const_except_loom};

/// An element of a queue.
///
/// # Safety
/// `link` returns the same link for the whole life of the element, and nothing but a queue changes it.
pub(crate) unsafe trait Linked: Sized {
    /// The link to the next element.
    fn link(&self) -> &Link<Self>;

    /// Pushes to an inbox, whose `newest` this is: [`Link::push`] with the place of the link.
    ///
    /// # Safety
    /// As there.
    unsafe fn push_to(newest: &Link<Self>, element: NonNull<Self>) -> *mut Self;
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
        // SAFETY: the element is alive, as the caller promises, and its type says where the link is.
        let before = unsafe { T::push_to(&self.newest, element) };
        if before.is_null() { Before::Empty } else { Before::Occupied }
    }

    /// Whether nothing was pushed since it was last taken. Any context.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.newest.load_owned().is_null()
    }

    /// Takes everything; the newest, whose link leads to the one before.
    #[inline]
    pub(crate) fn take(&self) -> Option<NonNull<T>> {
        self.newest.take()
    }

    /// Whether an element is there for which `is_wanted` is true. By the one who takes, who does not take meanwhile.
    pub(crate) fn has(&self, is_wanted: impl Fn(&T) -> bool) -> bool {
        let before = |element: &NonNull<T>| {
            // SAFETY: whoever pushed the element promised that it lives until it is popped.
            NonNull::new(unsafe { element.as_ref() }.link().load_owned())
        };
        // SAFETY: as above.
        core::iter::successors(NonNull::new(self.newest.load()), before)
            .any(|element| is_wanted(unsafe { element.as_ref() }))
    }
}

/// Elements that came out of an inbox, the oldest first.
///
/// # Safety
/// `newest` was taken out of an inbox, and nobody else uses the links of what it leads to.
pub(crate) unsafe fn oldest_first<T: Linked>(newest: NonNull<T>) -> impl Iterator<Item = NonNull<T>> {
    let mut oldest = NonNull::new(reverse(newest.as_ptr()));
    core::iter::from_fn(move || {
        let element = oldest?;
        // SAFETY: whoever pushed the element promised that it lives until it is popped.
        oldest = NonNull::new(unsafe { element.as_ref() }.link().load_owned());
        Some(element)
    })
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

/// Elements that are ready, oldest first; the executor's own. The link of the newest leads to the oldest.
#[derive(Debug)]
pub(crate) struct Lane<T> {
    newest: Cell<Option<NonNull<T>>>,
}

impl<T: Linked> Lane<T> {
    /// An empty lane.
    pub(crate) const fn new() -> Self {
        Self { newest: Cell::new(None) }
    }

    /// The element that came first; it stays.
    #[inline]
    pub(crate) fn oldest(&self) -> Option<NonNull<T>> {
        // SAFETY: the newest is in this lane.
        self.newest.get().map(|newest| unsafe { Self::after(newest) })
    }

    /// Adds an element behind the others.
    ///
    /// # Safety
    /// The caller owns the element's link, and the element lives until it is removed.
    #[inline]
    pub(crate) unsafe fn append(&self, element: NonNull<T>) {
        // SAFETY: as the caller promises, of this element and of the newest.
        let link = unsafe { element.as_ref() }.link();
        match self.newest.get() {
            None => link.store_owned(element.as_ptr()),
            Some(newest) => {
                // SAFETY: as above.
                let last = unsafe { newest.as_ref() }.link();
                link.store_owned(last.load_owned());
                last.store_owned(element.as_ptr());
            }
        }
        self.newest.set(Some(element));
    }

    /// Puts the oldest element, which is `oldest`, behind the others.
    #[inline]
    pub(crate) fn turn(&self, oldest: NonNull<T>) {
        self.newest.set(Some(oldest));
    }

    /// Removes the oldest element, which is `oldest`, and before `next`. Does not use its link.
    #[inline]
    pub(crate) fn remove(&self, oldest: NonNull<T>, next: NonNull<T>) {
        match self.newest.get() {
            Some(newest) if newest != oldest => {
                // SAFETY: the newest is in this lane and alive.
                unsafe { newest.as_ref() }.link().store_owned(next.as_ptr());
            }
            _ => self.newest.set(None),
        }
    }

    /// Whether nothing is in it.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.newest.get().is_none()
    }

    /// The element that came after this one, or the oldest after the newest.
    ///
    /// # Safety
    /// The element is in a lane, and nobody else uses its link.
    #[inline]
    pub(crate) unsafe fn after(element: NonNull<T>) -> NonNull<T> {
        // SAFETY: whoever appended the element promised that it lives until it is removed.
        let next = unsafe { element.as_ref() }.link().load_owned();
        // SAFETY: links of a lane lead round it. Said twice, because the compiler forgets what a pointer cannot be.
        unsafe { core::hint::assert_unchecked(!next.is_null()) };
        // SAFETY: as above.
        unsafe { NonNull::new_unchecked(next) }
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

        /// # Safety
        /// As the trait says.
        unsafe fn push_to(newest: &Link<Self>, element: NonNull<Self>) -> *mut Self {
            // SAFETY: as the caller promises.
            unsafe { newest.push::<{ core::mem::offset_of!(Self, link) }>(element) }
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

    fn number(item: NonNull<Item>) -> u32 {
        // SAFETY: all items are leaked.
        unsafe { item.as_ref() }.number
    }

    fn taken(inbox: &Inbox<Item>) -> Vec<u32> {
        // SAFETY: the items were taken here.
        inbox.take().map(|newest| unsafe { oldest_first(newest) }.map(number).collect()).unwrap_or_default()
    }

    #[test]
    fn elements_leave_in_the_order_they_came() {
        for count in 0..8 {
            let inbox = Inbox::new();
            push(&inbox, 0..count);
            assert_eq!(inbox.has(|item| item.number == 3), count > 3);
            assert_eq!(taken(&inbox), Vec::from_iter(0..count));
            assert!(inbox.is_empty());
        }
    }

    #[test]
    fn lane_turns_and_loses_its_oldest() {
        let lane = Lane::new();
        // SAFETY: the items are new and leaked.
        (0..4).for_each(|number| unsafe { lane.append(item(number)) });
        let mut order = Vec::new();
        while let Some(oldest) = lane.oldest() {
            order.push(number(oldest));
            // SAFETY: the element is in the lane.
            let next = unsafe { Lane::after(oldest) };
            if order.len() < 6 {
                lane.turn(oldest)
            } else {
                lane.remove(oldest, next)
            }
            assert!(lane.is_empty() || lane.oldest() == Some(next));
        }
        assert_eq!(order, [0, 1, 2, 3, 0, 1, 2, 3, 0]);
        // SAFETY: as above.
        unsafe { lane.append(item(9)) };
        assert_eq!(lane.oldest().map(number), Some(9));
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
