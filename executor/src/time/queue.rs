//! The queue of timers: an intrusive leftist heap.
//!
//! Each timer lies in the future that waits for it, so that setting one needs no memory and cannot fail. The heap
//! has the earliest deadline at its root; of equal deadlines the one that was set first comes first. A node's rank is
//! the length of the rightmost path below it, and the left child's rank is never less than the right one's; so a
//! rightmost path of n timers has at most log2(n + 1) of them. Setting, cancelling and firing walk such paths: at
//! most log2(n + 1) steps each in the worst case, fewer as a rule, and no memory but that of the timers touched.
//! The root's deadline is exact, which is what a tickless alarm wants; a timer wheel would ring for its cascades too.
#![expect(unsafe_code, reason = "links timers that lie in futures")]

use core::marker::PhantomPinned;
use core::pin::Pin;
use core::ptr::NonNull;
use core::task::{Poll, Waker};

use crate::atomic::{Guarded, const_except_loom};
use crate::core_state::Shared;
use crate::time::Instant;
#[cfg(feature = "trace")]
use crate::trace::Event;
use crate::waker::gate::Gate;

/// Timers fired in one step of the executor at most, so that tasks come in between.
const BATCH: usize = 16;

/// A timer; in the heap from its being set until it fires or is cancelled.
#[derive(Debug)]
pub(crate) struct Timer {
    node: Guarded<Node>,
    _pinned: PhantomPinned,
}

// SAFETY: the node is used behind the gate of the one queue that the timer is used with.
unsafe impl Send for Timer {}
// SAFETY: as above.
unsafe impl Sync for Timer {}

#[derive(Debug)]
struct Node {
    deadline: Instant,
    order: u32,
    rank: u32,
    parent: Option<Place>,
    left: Option<Place>,
    right: Option<Place>,
    state: State,
}

#[derive(Debug)]
enum State {
    /// Never set, or cancelled.
    Unset,
    /// In the heap; who is to be woken.
    Set(Waker),
    /// Its time has come.
    Fired,
}

type Place = NonNull<Node>;

/// All timers that are set.
#[derive(Debug)]
pub(crate) struct TimerQueue {
    heap: Gate<Heap>,
}

#[derive(Debug)]
struct Heap {
    root: Option<Place>,
    next_order: u32,
}

// SAFETY: the timers that the places refer to may be used from any thread that is behind the gate.
unsafe impl Send for Heap {}

/// What setting a timer changed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Change {
    /// There is a new earliest deadline.
    Earliest,
    /// Nothing that the platform must know.
    Nothing,
}

impl Timer {
    const_except_loom! {
        /// A timer that is not set.
        pub(crate) const fn new() -> Self {
            let node = Node {
                deadline: Instant::NEVER,
                order: 0,
                rank: 1,
                parent: None,
                left: None,
                right: None,
                state: State::Unset,
            };
            Self { node: Guarded::new(node), _pinned: PhantomPinned }
        }
    }

    /// Ready when the timer has fired. Sets it for `deadline` if it is not set, and has `waker` woken.
    ///
    /// The timer is only ever used with one queue.
    pub(crate) fn poll(self: Pin<&Self>, shared: &Shared, deadline: Instant, waker: &Waker) -> Poll<()> {
        let change = shared.timers.heap.with(|heap| {
            self.node.with_mut(|node| {
                // SAFETY: the node is used behind the gate only, which is closed.
                let timer = unsafe { &mut *node };
                match &mut timer.state {
                    State::Fired => return Poll::Ready(()),
                    State::Set(known) => {
                        known.clone_from(waker);
                        return Poll::Pending;
                    }
                    State::Unset => {}
                }
                timer.state = State::Set(waker.clone());
                timer.deadline = deadline;
                // SAFETY: node pointers come from references. The timer is pinned, and its drop cancels it; so it
                // stays where it is while it is in the heap.
                let change = unsafe { heap.insert(NonNull::new_unchecked(node)) };
                if change == Change::Earliest {
                    shared.platform.set_alarm(Some(deadline));
                }
                Poll::Pending
            })
        });
        #[cfg(feature = "trace")]
        if change.is_pending() {
            shared.trace(Event::TimerSet(deadline));
        }
        change
    }

    /// Takes the timer out of the heap, if it is in it; it may be set again.
    pub(crate) fn cancel(&self, shared: &Shared) {
        let waker = shared.timers.heap.with(|heap| {
            self.node.with_mut(|node| {
                // SAFETY: the node is used behind the gate only, which is closed.
                let state = core::mem::replace(unsafe { &mut (*node).state }, State::Unset);
                match state {
                    State::Set(waker) => {
                        // SAFETY: a timer that is set is in the heap.
                        unsafe { heap.remove(NonNull::new_unchecked(node)) };
                        Some(waker)
                    }
                    State::Unset | State::Fired => None,
                }
            })
        });
        drop(waker);
    }
}

impl TimerQueue {
    const_except_loom! {
        /// No timers.
        pub(crate) const fn new() -> Self {
            Self { heap: Gate::new(Heap { root: None, next_order: 0 }) }
        }
    }

    /// Takes out the earliest timer, if its time has come, else returns the earliest deadline.
    fn pop(&self, now: Instant) -> Result<(Waker, Instant), Option<Instant>> {
        self.heap.with(|heap| {
            let root = heap.root.ok_or(None)?;
            // SAFETY: timers in the heap are alive.
            let deadline = unsafe { root.as_ref() }.deadline;
            if deadline > now {
                return Err(Some(deadline));
            }
            // SAFETY: the root is in the heap.
            unsafe { heap.remove(root) };
            // SAFETY: the timer is alive until its drop, which must pass the gate.
            let state = core::mem::replace(unsafe { &mut (*root.as_ptr()).state }, State::Fired);
            match state {
                State::Set(waker) => Ok((waker, deadline)),
                State::Unset | State::Fired => unreachable!("a timer in the heap is set"),
            }
        })
    }
}

/// Fires timers whose time has come and asks for the next alarm. Executor only; bounded.
pub(crate) fn expire(shared: &Shared) {
    let now = shared.platform.now();
    for _ in 0..BATCH {
        match shared.timers.pop(now) {
            Ok((waker, _deadline)) => {
                #[cfg(feature = "trace")]
                shared.trace(Event::TimerFire(_deadline));
                waker.wake();
            }
            Err(next) => {
                shared.platform.set_alarm(next);
                return;
            }
        }
    }
    // There may be more; tasks come first.
    shared.ring();
}

/// Whether the first of two timers comes before the second.
///
/// # Safety
/// Both are alive and nobody changes them.
unsafe fn precedes(first: Place, second: Place) -> bool {
    // SAFETY: as the caller promises.
    let (first, second) = unsafe { (first.as_ref(), second.as_ref()) };
    let earlier_set = || first.order.wrapping_sub(second.order) > u32::MAX / 2;
    first.deadline < second.deadline || (first.deadline == second.deadline && earlier_set())
}

/// Rank of a subtree.
///
/// # Safety
/// Its root is alive and nobody changes it.
unsafe fn rank(tree: Option<Place>) -> u32 {
    // SAFETY: as the caller promises.
    tree.map_or(0, |node| unsafe { node.as_ref() }.rank)
}

/// Puts the child of the larger rank to the left and sets the rank; returns the old one.
///
/// # Safety
/// The node and its children are alive, and the caller alone uses them.
unsafe fn settle(mut place: Place) -> u32 {
    // SAFETY: as the caller promises.
    let node = unsafe { place.as_mut() };
    // SAFETY: as the caller promises.
    let (left, right) = unsafe { (rank(node.left), rank(node.right)) };
    if left < right {
        core::mem::swap(&mut node.left, &mut node.right);
    }
    core::mem::replace(&mut node.rank, left.min(right) + 1)
}

/// Joins two heaps; the parent of the result is unspecified.
///
/// # Safety
/// All nodes are alive, the caller alone uses them, and no node is in both.
unsafe fn merge(first: Option<Place>, second: Option<Place>) -> Option<Place> {
    let (mut one, mut other) = match (first, second) {
        (None, tree) | (tree, None) => return tree,
        (Some(one), Some(other)) => (one, other),
    };
    // Down the two rightmost paths, always on with the earlier node ...
    let mut above: Option<Place> = None;
    loop {
        // SAFETY: both nodes are alive.
        if unsafe { precedes(other, one) } {
            core::mem::swap(&mut one, &mut other);
        }
        // SAFETY: the node is alive and the caller's alone.
        let node = unsafe { one.as_mut() };
        node.parent = above;
        if let Some(mut above) = above {
            // SAFETY: as for the node.
            unsafe { above.as_mut() }.right = Some(one);
        }
        above = Some(one);
        match node.right {
            Some(right) => one = right,
            None => {
                node.right = Some(other);
                // SAFETY: as for the node.
                unsafe { other.as_mut() }.parent = above;
                break;
            }
        }
    }
    // ... and up again, to restore the ranks.
    let mut top = one;
    let mut next = above;
    while let Some(place) = next {
        // SAFETY: the nodes of the path are alive and the caller's alone.
        unsafe { settle(place) };
        top = place;
        // SAFETY: as above.
        next = unsafe { place.as_ref() }.parent;
    }
    Some(top)
}

impl Heap {
    /// Adds a timer.
    ///
    /// # Safety
    /// The node is in no heap, and stays alive and in its place until it is removed.
    unsafe fn insert(&mut self, mut place: Place) -> Change {
        // SAFETY: the node is alive and behind this gate.
        let node = unsafe { place.as_mut() };
        (node.order, node.rank) = (self.next_order, 1);
        (node.parent, node.left, node.right) = (None, None, None);
        self.next_order = self.next_order.wrapping_add(1);
        // SAFETY: the nodes of the heap are alive until they are removed, and the new one is not among them.
        self.root = unsafe { merge(self.root, Some(place)) };
        if self.root == Some(place) { Change::Earliest } else { Change::Nothing }
    }

    /// Takes a timer out.
    ///
    /// # Safety
    /// The node is in this heap.
    unsafe fn remove(&mut self, mut place: Place) {
        // SAFETY: the node is alive and behind this gate.
        let node = unsafe { place.as_mut() };
        let (parent, left, right) = (node.parent.take(), node.left.take(), node.right.take());
        for mut child in [left, right].into_iter().flatten() {
            // A merge goes up until there is no parent.
            // SAFETY: children of a node in the heap are alive.
            unsafe { child.as_mut() }.parent = None;
        }
        // SAFETY: the two subtrees are disjoint.
        let merged = unsafe { merge(left, right) };
        if let Some(mut merged) = merged {
            // SAFETY: the merged nodes are alive.
            unsafe { merged.as_mut() }.parent = parent;
        }
        let Some(mut above) = parent else {
            self.root = merged;
            return;
        };
        // SAFETY: the parent of a node in the heap is alive.
        let above_node = unsafe { above.as_mut() };
        if above_node.left == Some(place) {
            above_node.left = merged;
        } else {
            above_node.right = merged;
        }
        let mut next = Some(above);
        while let Some(place) = next {
            // SAFETY: nodes on the path to the root are alive.
            let old = unsafe { settle(place) };
            // SAFETY: as above.
            let node = unsafe { place.as_ref() };
            if node.rank == old {
                break;
            }
            next = node.parent;
        }
    }
}

#[cfg(all(test, not(loom)))]
#[path = "queue_tests.rs"]
mod tests;
