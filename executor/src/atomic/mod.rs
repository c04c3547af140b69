//! The few atomic operations that this crate needs, in siblings with one interface.
//!
//! ```text
//! portable         core's atomics: LOCK-prefixed on x86, correct between threads      default
//!                  loom's atomics, which try every order that the memory model has    cfg(loom)
//! single_core_x86  one instruction without LOCK: atomic against interrupts only       feature single-core-x86
//! native, model    what is beside them on a processor, and under loom
//! ```
//!
//! On a P54C a locked access writes back and invalidates its line of the first-level cache and then goes past that
//! cache, tens to hundreds of cycles; an interrupt, however, is only taken between instructions, so that a single
//! instruction is already atomic on one core.
//! Memory order is fixed per operation: loads acquire, stores release, read-modify-writes do both.
//!
//! `Readiness` of a task is a word of its own, which any context wakes:
//!
//! ```text
//!          wake: push            begin_poll             wake: note
//! waiting ────────────► ready ───────────────► polled ────────────► polled, woken
//!    ▲                    ▲                       │                      │
//!    └────────────────────┼──────── end_poll ─────┘                      │
//!                         └──────────────────────────────── end_poll ────┘
//! ```
//!
//! Who brings it from waiting to ready owns the task's queue link until the executor has taken the task. A task that
//! is woken while it is polled stays with the executor, which polls it again. Ready is also storage without a task and
//! a task that has ended: a wake finds nothing to do.
//! There are no 64-bit atomics: on 32-bit x86 their loads and stores go through the FPU.

#[cfg(loom)]
mod model;
#[cfg(not(loom))]
mod native;
#[cfg(any(loom, not(all(feature = "single-core-x86", any(target_arch = "x86", target_arch = "x86_64")))))]
mod portable;
#[cfg(all(not(loom), feature = "single-core-x86", any(target_arch = "x86", target_arch = "x86_64")))]
mod single_core_x86;

#[cfg(loom)]
pub(crate) use model::{Guarded, spin};
#[cfg(not(loom))]
pub(crate) use native::{Guarded, spin};
#[cfg(any(
    loom,
    not(all(feature = "single-core-x86", any(target_arch = "x86", target_arch = "x86_64")))
))]
pub(crate) use portable::{Link, Readiness, Word};
#[cfg(all(not(loom), feature = "single-core-x86", any(target_arch = "x86", target_arch = "x86_64")))]
pub(crate) use single_core_x86::{Link, Readiness, Word};

/// What a wake leaves to do.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Wake {
    /// The task has become ready: push it; its link is the caller's.
    Push,
    /// The task will be polled again after the poll that is under way.
    #[cfg_attr(
        all(
            not(any(loom, feature = "accounting", feature = "trace")),
            feature = "single-core-x86",
            any(target_arch = "x86", target_arch = "x86_64")
        ),
        expect(dead_code, reason = "nobody but the instruments cares")
    )]
    Note,
    /// A poll was to come already, or none ever will.
    Nothing,
}

/// What is found after a poll.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum AfterPoll {
    /// The task waits.
    Waiting,
    /// It was woken during the poll.
    Ready,
}

/// Defines a function that is `const` except under loom, whose atomics cannot be made in constants.
macro_rules! const_except_loom {
    ($(#[$meta:meta])* $visibility:vis const fn $($rest:tt)*) => {
        #[cfg(not(loom))]
        $(#[$meta])*
        $visibility const fn $($rest)*

        #[cfg(loom)]
        $(#[$meta])*
        $visibility fn $($rest)*
    };
}
pub(crate) use const_except_loom;

#[cfg(all(test, not(loom)))]
#[expect(unsafe_code, reason = "pushes elements")]
mod tests {
    use super::*;

    #[test]
    fn set_bit_tells_whether_it_was_set() {
        let word = Word::new(0b100);
        assert!(!word.set_bit::<0>());
        assert!(word.set_bit::<0>());
        assert!(word.set_bit::<2>());
        assert_eq!(word.load(), 0b101);
    }

    #[test]
    fn first_wake_of_a_waiting_task_pushes() {
        let readiness = Readiness::waiting();
        assert!(!readiness.is_ready());
        assert_eq!([readiness.wake(), readiness.wake()], [Wake::Push, Wake::Nothing]);
        assert!(readiness.is_ready());
    }

    #[test]
    fn wakes_during_a_poll_are_noted_once() {
        let readiness = Readiness::ready();
        for wakes in 0..40 {
            readiness.begin_poll();
            assert!(!readiness.is_ready());
            for wake in 0..wakes {
                assert_eq!(readiness.wake(), if wake == 0 { Wake::Note } else { Wake::Nothing });
                assert!(readiness.is_ready());
            }
            match readiness.end_poll() {
                AfterPoll::Ready => assert!(wakes > 0),
                AfterPoll::Waiting => {
                    assert_eq!(wakes, 0);
                    assert_eq!(readiness.wake(), Wake::Push);
                }
            }
            assert_eq!(readiness.wake(), Wake::Nothing);
        }
    }

    #[test]
    fn task_that_has_ended_cannot_be_woken() {
        for wakes in 0..2 {
            let readiness = Readiness::ready();
            readiness.begin_poll();
            (0..wakes).for_each(|_| _ = readiness.wake());
            readiness.close();
            assert_eq!(readiness.wake(), Wake::Nothing);
        }
    }

    #[test]
    fn bits_are_set_and_cleared_together() {
        let word = Word::new(0b1000);
        word.set_bits(0b0110);
        assert_eq!(word.load(), 0b1110);
        word.clear_bits(0b1010);
        assert_eq!(word.load(), 0b0100);
    }

    #[test]
    fn add_and_subtract_return_the_old_value() {
        let word = Word::new(7);
        assert_eq!(word.add(5), 7);
        assert_eq!(word.subtract(2), 12);
        assert_eq!(word.load(), 10);
    }

    #[test]
    fn exchange_succeeds_only_from_the_expected_value() {
        let word = Word::new(1);
        assert_eq!(word.exchange(2, 3), Err(1));
        assert_eq!(word.exchange(1, 3), Ok(()));
        assert_eq!(word.load(), 3);
    }

    #[test]
    fn link_takes_what_was_pushed_last() {
        struct Element {
            _number: usize,
            link: Link<Self>,
        }
        const OFFSET: usize = core::mem::offset_of!(Element, link);
        let elements =
            [0, 1].map(|number| Element { _number: number, link: Link::new(core::ptr::null_mut()) });
        let [one, two] = elements.each_ref().map(core::ptr::NonNull::from);
        let target = Link::new(core::ptr::null_mut());
        // SAFETY: the elements are alive, and this is where their links are.
        let before = [one, two].map(|element| unsafe { target.push::<OFFSET>(element) });
        assert_eq!(before, [core::ptr::null_mut(), one.as_ptr()]);
        assert_eq!(elements.each_ref().map(|element| element.link.load()), before);
        assert_eq!([target.take(), target.take()], [Some(two), None]);
    }
}
