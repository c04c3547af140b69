//! Intrusive lists of futures that wait.
//!
//! A waiter lies, pinned, in the future that waits, so that waiting needs no memory. It is in one of two lists of
//! the [`Queue`] it waits in, or in none:
//!
//! ```text
//!   out ──► waiting ──grant──► granted ──its waker is taken──► holding ──► out
//!             │ cancelled         │ polled or cancelled           │ polled or cancelled
//!             └─────────► out     └─────────► out                 └────► out
//! ```
//!
//! Granting and waking are two steps so that wakers, which may be anybody's, are called outside the gate.
#![expect(unsafe_code, reason = "links waiters that lie in futures")]

use core::marker::PhantomPinned;
use core::pin::Pin;
use core::ptr::NonNull;
use core::task::Waker;

use crate::atomic::{Guarded, const_except_loom};

type Place = NonNull<Node>;

/// One future that waits, or may. Used with one queue only.
#[derive(Debug)]
pub(crate) struct Waiter {
    node: Guarded<Node>,
    _pinned: PhantomPinned,
}

// SAFETY: the node is used behind the gate of the one queue that the waiter is used with.
unsafe impl Send for Waiter {}
// SAFETY: as above.
unsafe impl Sync for Waiter {}

#[derive(Debug)]
struct Node {
    before: Option<Place>,
    after: Option<Place>,
    state: State,
}

#[derive(Debug)]
enum State {
    Out,
    Waiting(Waker),
    Granted(Waker),
    Holding,
}

/// What a waiter has.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Standing {
    /// It is in no list and was granted nothing.
    Out,
    /// It waits.
    Waiting,
    /// It was granted what it waited for.
    Granted,
}

/// The waiters of one primitive, oldest first. Lies behind a gate.
#[derive(Debug)]
pub(crate) struct Queue {
    waiting: List,
    granted: List,
}

#[derive(Debug)]
struct List {
    first: Option<Place>,
    last: Option<Place>,
}

// SAFETY: the waiters that the places refer to may be used from any thread that is behind the gate.
unsafe impl Send for List {}

impl Waiter {
    const_except_loom! {
        /// A waiter in no list.
        pub(crate) const fn new() -> Self {
            let node = Node { before: None, after: None, state: State::Out };
            Self { node: Guarded::new(node), _pinned: PhantomPinned }
        }
    }
}

impl Queue {
    /// Nobody waits.
    pub(crate) const fn new() -> Self {
        Self { waiting: List::new(), granted: List::new() }
    }

    /// Whether nobody waits that was not granted something.
    pub(crate) fn nobody_waits(&self) -> bool {
        self.waiting.first.is_none()
    }

    /// Whether everybody who was granted something was woken or has left.
    pub(crate) fn all_woken(&self) -> bool {
        self.granted.first.is_none()
    }

    /// Has `waiter` wait behind all others, or if it waits already, has `waker` woken instead.
    ///
    /// # Safety
    /// This queue is the one that the waiter is used with, and the waiter's owner calls [`Queue::leave`] when it is
    /// dropped.
    pub(crate) unsafe fn wait(&mut self, waiter: Pin<&Waiter>, waker: &Waker) {
        waiter.node.with_mut(|node| {
            // SAFETY: the node is used behind this gate only.
            let state = unsafe { &mut (*node).state };
            if let State::Waiting(known) = state {
                known.clone_from(waker);
                return;
            }
            *state = State::Waiting(waker.clone());
            // SAFETY: a node pointer is not null; the waiter is pinned and leaves the list before it is gone.
            unsafe { self.waiting.push(NonNull::new_unchecked(node)) };
        });
    }

    /// Takes the waiter out of its list; returns what it had.
    ///
    /// # Safety
    /// This queue is the one that the waiter is used with.
    pub(crate) unsafe fn leave(&mut self, waiter: &Waiter) -> (Standing, Option<Waker>) {
        waiter.node.with_mut(|node| {
            // SAFETY: the node is used behind this gate only.
            let state = core::mem::replace(unsafe { &mut (*node).state }, State::Out);
            // SAFETY: a node pointer is not null.
            let place = unsafe { NonNull::new_unchecked(node) };
            match state {
                State::Out => (Standing::Out, None),
                State::Holding => (Standing::Granted, None),
                State::Waiting(waker) => {
                    // SAFETY: its state says that it is in this list.
                    unsafe { self.waiting.remove(place) };
                    (Standing::Waiting, Some(waker))
                }
                State::Granted(waker) => {
                    // SAFETY: its state says that it is in this list.
                    unsafe { self.granted.remove(place) };
                    (Standing::Granted, Some(waker))
                }
            }
        })
    }

    /// What the waiter has.
    ///
    /// # Safety
    /// This queue is the one that the waiter is used with.
    pub(crate) unsafe fn standing(&self, waiter: &Waiter) -> Standing {
        // SAFETY: the node is used behind this gate only.
        waiter.node.with_mut(|node| match unsafe { &(*node).state } {
            State::Out => Standing::Out,
            State::Waiting(_) => Standing::Waiting,
            State::Granted(_) | State::Holding => Standing::Granted,
        })
    }

    /// Grants to the waiter that came first; whether there was one.
    pub(crate) fn grant_first(&mut self) -> bool {
        let Some(place) = self.waiting.first else { return false };
        // SAFETY: it is the first of this list.
        unsafe { self.waiting.remove(place) };
        // SAFETY: waiters in a list are alive, and used behind this gate only.
        let state = unsafe { &mut (*place.as_ptr()).state };
        match core::mem::replace(state, State::Holding) {
            State::Waiting(waker) => *state = State::Granted(waker),
            State::Out | State::Granted(_) | State::Holding => unreachable!("only who waits is in the list"),
        }
        // SAFETY: it is in no list now.
        unsafe { self.granted.push(place) };
        true
    }

    /// The waker of who was granted something and has not been woken yet.
    pub(crate) fn take_waker(&mut self) -> Option<Waker> {
        let place = self.granted.first?;
        // SAFETY: it is the first of this list.
        unsafe { self.granted.remove(place) };
        // SAFETY: waiters in a list are alive, and used behind this gate only.
        match core::mem::replace(unsafe { &mut (*place.as_ptr()).state }, State::Holding) {
            State::Granted(waker) => Some(waker),
            State::Out | State::Waiting(_) | State::Holding => {
                unreachable!("only who was granted is in the list")
            }
        }
    }
}

impl List {
    const fn new() -> Self {
        Self { first: None, last: None }
    }

    /// Adds at the end.
    ///
    /// # Safety
    /// The node is in no list, and alive and in its place until it is removed.
    unsafe fn push(&mut self, mut place: Place) {
        // SAFETY: the node is alive and behind this gate.
        let node = unsafe { place.as_mut() };
        (node.before, node.after) = (self.last, None);
        match self.last.replace(place) {
            None => self.first = Some(place),
            // SAFETY: nodes in the list are alive.
            Some(mut last) => unsafe { last.as_mut() }.after = Some(place),
        }
    }

    /// Takes out.
    ///
    /// # Safety
    /// The node is in this list.
    unsafe fn remove(&mut self, mut place: Place) {
        // SAFETY: nodes in the list are alive.
        let node = unsafe { place.as_mut() };
        let (before, after) = (node.before.take(), node.after.take());
        match before {
            None => self.first = after,
            // SAFETY: as above.
            Some(mut before) => unsafe { before.as_mut() }.after = after,
        }
        match after {
            None => self.last = before,
            // SAFETY: as above.
            Some(mut after) => unsafe { after.as_mut() }.before = before,
        }
    }
}
