//! A word, a link and a readiness on any atomics: those of `core`, correct between any threads and interrupt handlers, or
//! loom's, which try every order that the memory model has.
#![expect(unsafe_code, reason = "follows the links of elements")]

use core::ptr::NonNull;
#[cfg(not(loom))]
use core::sync::atomic::{AtomicPtr, AtomicU32, Ordering};

#[cfg(loom)]
use loom::sync::atomic::{AtomicPtr, AtomicU32, Ordering};

use super::{AfterPoll, Wake, const_except_loom};

/// A word of 32 bits.
#[derive(Debug)]
pub(crate) struct Word(AtomicU32);

impl Word {
    const_except_loom! {
        /// A word holding `value`.
        pub(crate) const fn new(value: u32) -> Self {
            Self(AtomicU32::new(value))
        }
    }

    /// The value.
    pub(crate) fn load(&self) -> u32 {
        self.0.load(Ordering::Acquire)
    }

    /// Replaces the value.
    pub(crate) fn store(&self, value: u32) {
        self.0.store(value, Ordering::Release);
    }

    /// Sets bit number `BIT`, below 32; returns whether it was set before.
    pub(crate) fn set_bit<const BIT: u32>(&self) -> bool {
        self.0.fetch_or(1 << BIT, Ordering::AcqRel) & (1 << BIT) != 0
    }

    /// Sets every bit of `mask`.
    pub(crate) fn set_bits(&self, mask: u32) {
        self.0.fetch_or(mask, Ordering::AcqRel);
    }

    /// Clears every bit of `mask`; returns the old value.
    pub(crate) fn clear_bits(&self, mask: u32) -> u32 {
        self.0.fetch_and(!mask, Ordering::AcqRel)
    }

    /// Replaces the value; returns the old one.
    pub(crate) fn swap(&self, value: u32) -> u32 {
        self.0.swap(value, Ordering::AcqRel)
    }

    /// Adds, wrapping around; returns the old value.
    pub(crate) fn add(&self, amount: u32) -> u32 {
        self.0.fetch_add(amount, Ordering::AcqRel)
    }

    /// Subtracts, wrapping around; returns the old value.
    pub(crate) fn subtract(&self, amount: u32) -> u32 {
        self.0.fetch_sub(amount, Ordering::AcqRel)
    }

    /// Stores `new` if the value is `current`.
    ///
    /// # Errors
    /// The value found, if it is another.
    pub(crate) fn exchange(&self, current: u32, new: u32) -> Result<(), u32> {
        self.0.compare_exchange(current, new, Ordering::AcqRel, Ordering::Acquire).map(drop)
    }
}

/// A pointer.
#[derive(Debug)]
pub(crate) struct Link<T>(AtomicPtr<T>);

impl<T> Link<T> {
    const_except_loom! {
        /// A link holding `target`.
        pub(crate) const fn new(target: *mut T) -> Self {
            Self(AtomicPtr::new(target))
        }
    }

    /// The pointer.
    pub(crate) fn load(&self) -> *mut T {
        self.0.load(Ordering::Acquire)
    }

    /// The pointer, without ordering anything: for a link whose owner changes by other means.
    pub(crate) fn load_owned(&self) -> *mut T {
        self.0.load(Ordering::Relaxed)
    }

    /// Replaces the pointer, without ordering anything: for a link whose owner changes by other means.
    pub(crate) fn store_owned(&self, target: *mut T) {
        self.0.store(target, Ordering::Relaxed);
    }

    /// Makes `element` the target, and has the link that it holds at `OFFSET` lead to the target before, which is
    /// returned.
    ///
    /// # Safety
    /// The element is alive and has such a link, which is the caller's.
    pub(crate) unsafe fn push<const OFFSET: usize>(&self, element: NonNull<T>) -> *mut T {
        // SAFETY: as the caller promises.
        let link = unsafe { element.cast::<Self>().byte_add(OFFSET).as_ref() };
        let mut before = self.load_owned();
        loop {
            link.store_owned(before);
            match self.0.compare_exchange(before, element.as_ptr(), Ordering::AcqRel, Ordering::Acquire) {
                Ok(before) => return before,
                Err(found) => before = found,
            }
        }
    }

    /// Replaces the pointer by null and returns it. By one context only, so that it does not become null by others.
    pub(crate) fn take(&self) -> Option<NonNull<T>> {
        NonNull::new(self.load())?;
        NonNull::new(self.0.swap(core::ptr::null_mut(), Ordering::AcqRel))
    }
}

/// A wake has something to do.
const OPEN: u32 = 1 << 0;
/// A poll is under way.
const POLLED: u32 = 1 << 1;

/// Whether a task waits, is ready, or is being polled: see [`super`].
#[derive(Debug)]
pub(crate) struct Readiness(Word);

impl Readiness {
    const_except_loom! {
        /// Ready, or without a task: a wake has nothing to do.
        pub(crate) const fn ready() -> Self {
            Self(Word::new(0))
        }
    }

    const_except_loom! {
        /// Waiting for a wake.
        pub(crate) const fn waiting() -> Self {
            Self(Word::new(OPEN))
        }
    }

    /// Any context.
    #[inline]
    pub(crate) fn wake(&self) -> Wake {
        match self.0.clear_bits(OPEN) {
            OPEN => Wake::Push,
            word if word & OPEN != 0 => Wake::Note,
            _ => Wake::Nothing,
        }
    }

    /// Executor only, of a task that is ready. Not a store: what was done before a wake that came too late is seen in
    /// the poll.
    #[inline]
    pub(crate) fn begin_poll(&self) {
        self.0.swap(OPEN | POLLED);
    }

    /// Executor only, after a poll.
    #[inline]
    pub(crate) fn end_poll(&self) -> AfterPoll {
        if self.0.clear_bits(POLLED) & OPEN == 0 { AfterPoll::Ready } else { AfterPoll::Waiting }
    }

    /// Executor only, of a task that has ended: no wake has anything to do any more.
    #[inline]
    pub(crate) fn close(&self) {
        self.0.swap(0);
    }

    /// Whether a poll is to come, without there being a wake.
    pub(crate) fn is_ready(&self) -> bool {
        self.0.load() & OPEN == 0
    }
}
