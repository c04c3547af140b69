//! Read-modify-write in one instruction without LOCK prefix: atomic against this core's interrupts, nothing else.
//!
//! `xchg` with memory is left out because it always locks. A swap is `cmpxchg` in a loop, which repeats only if an
//! interrupt handler changed the word between the load and the `cmpxchg`; in a handler that is not itself
//! interrupted it never does. Each assembly block has the default memory clobber, so the compiler moves no access
//! across it, and x86 needs no fence for a core's own order.
#![expect(unsafe_code, reason = "instructions that the compiler does not emit without LOCK")]

use core::arch::asm;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicPtr, AtomicU32, Ordering};

use super::{AfterPoll, Wake};

/// A word of 32 bits.
#[derive(Debug)]
pub(crate) struct Word(AtomicU32);

impl Word {
    /// A word holding `value`.
    pub(crate) const fn new(value: u32) -> Self {
        Self(AtomicU32::new(value))
    }

    /// The value.
    #[inline]
    pub(crate) fn load(&self) -> u32 {
        self.0.load(Ordering::Acquire)
    }

    /// Replaces the value.
    #[inline]
    pub(crate) fn store(&self, value: u32) {
        self.0.store(value, Ordering::Release);
    }

    /// Sets bit number `BIT`, below 32; returns whether it was set before.
    #[inline]
    pub(crate) fn set_bit<const BIT: u32>(&self) -> bool {
        bts::<BIT>(&self.0)
    }

    /// Sets every bit of `mask`.
    #[inline]
    pub(crate) fn set_bits(&self, mask: u32) {
        or(&self.0, mask);
    }

    /// Clears every bit of `mask`.
    #[inline]
    pub(crate) fn clear_bits(&self, mask: u32) {
        and(&self.0, !mask);
    }

    /// Adds, wrapping around; returns the old value.
    #[inline]
    pub(crate) fn add(&self, amount: u32) -> u32 {
        xadd(&self.0, amount)
    }

    /// Subtracts, wrapping around; returns the old value.
    #[inline]
    pub(crate) fn subtract(&self, amount: u32) -> u32 {
        xadd(&self.0, amount.wrapping_neg())
    }

    /// Stores `new` if the value is `current`.
    ///
    /// # Errors
    /// The value found, if it is another.
    #[inline]
    pub(crate) fn exchange(&self, current: u32, new: u32) -> Result<(), u32> {
        let found = cmpxchg(&self.0, current, new);
        if found == current { Ok(()) } else { Err(found) }
    }
}

/// A pointer.
#[derive(Debug)]
pub(crate) struct Link<T>(AtomicPtr<T>);

impl<T> Link<T> {
    /// A link holding `target`.
    pub(crate) const fn new(target: *mut T) -> Self {
        Self(AtomicPtr::new(target))
    }

    /// The pointer.
    #[inline]
    pub(crate) fn load(&self) -> *mut T {
        self.0.load(Ordering::Acquire)
    }

    /// The pointer, without ordering anything: for a link whose owner changes by other means.
    #[inline]
    pub(crate) fn load_owned(&self) -> *mut T {
        self.0.load(Ordering::Relaxed)
    }

    /// Replaces the pointer, without ordering anything: for a link whose owner changes by other means.
    #[inline]
    pub(crate) fn store_owned(&self, target: *mut T) {
        self.0.store(target, Ordering::Relaxed);
    }

    /// Makes `element` the target, and has the link that it holds at `OFFSET` lead to the target before, which is
    /// returned.
    ///
    /// # Safety
    /// The element is alive and has such a link, which is the caller's.
    #[inline]
    pub(crate) unsafe fn push<const OFFSET: usize>(&self, element: NonNull<T>) -> *mut T {
        // SAFETY: as the caller promises.
        unsafe { push::<T, OFFSET>(&self.0, element.as_ptr()) }
    }

    /// Replaces the pointer by null and returns it. By one context only, so that it does not become null by others.
    #[inline]
    pub(crate) fn take(&self) -> Option<NonNull<T>> {
        NonNull::new(self.load_owned()).map(|current| take(&self.0, current))
    }
}

/// Whether a task waits, is ready, or is being polled: see [`super`]. The values are such that each transition is one
/// instruction, whose flags tell what was before:
///
/// ```text
///              wake: sar 1     end of a poll: xor -1
/// waiting   1 →  0  CF ZF
/// ready     0 →  0     ZF
/// polled   -2 → -1            → 1
/// woken    -1 → -1  CF        → 0  ZF
/// ```
#[derive(Debug)]
pub(crate) struct Readiness(AtomicU32);

const READY: u32 = 0;
const WAITING: u32 = 1;
const POLLED: u32 = 2_u32.wrapping_neg();
const POLLED_AND_WOKEN: u32 = 1_u32.wrapping_neg();

impl Readiness {
    /// Ready, or without a task: a wake has nothing to do.
    pub(crate) const fn ready() -> Self {
        Self(AtomicU32::new(READY))
    }

    /// Waiting for a wake.
    pub(crate) const fn waiting() -> Self {
        Self(AtomicU32::new(WAITING))
    }

    /// Any context.
    #[inline(always)]
    pub(crate) fn wake(&self) -> Wake {
        // Nobody but the instruments cares for the first wake of a polled task.
        #[cfg(any(feature = "accounting", feature = "trace"))]
        // SAFETY: the word is valid for reads and writes and may change under shared references.
        unsafe {
            asm!("sar dword ptr [{word}], 1", "ja {polled}", "jnc {nothing}", "jnz {nothing}",
                 word = in(reg) self.0.as_ptr(), polled = label { return Wake::Note },
                 nothing = label { return Wake::Nothing }, options(nostack));
        }
        #[cfg(not(any(feature = "accounting", feature = "trace")))]
        // SAFETY: as above.
        unsafe {
            asm!("sar dword ptr [{word}], 1", "jnc {nothing}", "jnz {nothing}", word = in(reg) self.0.as_ptr(),
                 nothing = label { return Wake::Nothing }, options(nostack));
        }
        Wake::Push
    }

    /// Executor only, of a task that is ready.
    #[inline(always)]
    pub(crate) fn begin_poll(&self) {
        self.0.store(POLLED, Ordering::Release);
    }

    /// Executor only, after a poll.
    #[inline(always)]
    pub(crate) fn end_poll(&self) -> AfterPoll {
        // SAFETY: the word is valid for reads and writes and may change under shared references.
        unsafe {
            asm!("xor dword ptr [{word}], -1", "jz {woken}", word = in(reg) self.0.as_ptr(),
                 woken = label { return AfterPoll::Ready }, options(nostack));
        }
        AfterPoll::Waiting
    }

    /// Executor only, of a task that has ended: no wake has anything to do any more.
    #[inline]
    pub(crate) fn close(&self) {
        self.0.store(READY, Ordering::Release);
    }

    /// Whether a poll is to come, without there being a wake.
    pub(crate) fn is_ready(&self) -> bool {
        matches!(self.0.load(Ordering::Acquire), READY | POLLED_AND_WOKEN)
    }
}

/// `bts`: sets a bit of the word, returns its old value.
#[inline(always)]
fn bts<const BIT: u32>(word: &AtomicU32) -> bool {
    const { assert!(BIT < 32, "a bit of another word") };
    // SAFETY: the word is valid for reads and writes and may change under shared references.
    unsafe {
        asm!("bts dword ptr [{word}], {bit}", "jc {was_set}", word = in(reg) word.as_ptr(), bit = const BIT,
             was_set = label { return true }, options(nostack));
    }
    false
}

/// `or` to memory.
#[inline(always)]
fn or(word: &AtomicU32, mask: u32) {
    // SAFETY: the word is valid for reads and writes and may change under shared references.
    unsafe {
        asm!("or dword ptr [{word}], {mask:e}", word = in(reg) word.as_ptr(), mask = in(reg) mask, options(nostack));
    }
}

/// `and` to memory.
#[inline(always)]
fn and(word: &AtomicU32, mask: u32) {
    // SAFETY: the word is valid for reads and writes and may change under shared references.
    unsafe {
        asm!("and dword ptr [{word}], {mask:e}", word = in(reg) word.as_ptr(), mask = in(reg) mask,
             options(nostack));
    }
}

/// `xadd`: adds to the word, returns its old value.
#[inline(always)]
fn xadd(word: &AtomicU32, amount: u32) -> u32 {
    let old: u32;
    // SAFETY: the word is valid for reads and writes and may change under shared references.
    unsafe {
        asm!("xadd dword ptr [{word}], {value:e}", word = in(reg) word.as_ptr(),
             value = inout(reg) amount => old, options(nostack));
    }
    old
}

/// `cmpxchg` of a word: returns what was found.
#[inline(always)]
fn cmpxchg(word: &AtomicU32, current: u32, new: u32) -> u32 {
    let found: u32;
    // SAFETY: the word is valid for reads and writes and may change under shared references.
    unsafe {
        asm!("cmpxchg dword ptr [{word}], {new:e}", word = in(reg) word.as_ptr(), new = in(reg) new,
             inout("eax") current => found, options(nostack));
    }
    found
}

/// A load, a store to the element's link and a `cmpxchg`, until no handler has come in between; returns what was loaded
/// last.
///
/// # Safety
/// The element is alive and has a link at `OFFSET`, which is the caller's.
#[inline(always)]
unsafe fn push<T, const OFFSET: usize>(target: &AtomicPtr<T>, element: *mut T) -> *mut T {
    let before: *mut T;
    #[cfg(target_arch = "x86")]
    // SAFETY: both are valid for reads and writes and may change under shared references.
    unsafe {
        asm!("mov eax, [{target}]", "2:", "mov [{element} + {offset}], eax", "cmpxchg [{target}], {element}", "jne 2b",
             target = in(reg) target.as_ptr(), element = in(reg) element, offset = const OFFSET, out("eax") before,
             options(nostack));
    }
    #[cfg(target_arch = "x86_64")]
    // SAFETY: as above.
    unsafe {
        asm!("mov rax, [{target}]", "2:", "mov [{element} + {offset}], rax", "cmpxchg [{target}], {element}", "jne 2b",
             target = in(reg) target.as_ptr(), element = in(reg) element, offset = const OFFSET, out("rax") before,
             options(nostack));
    }
    before
}

/// A `cmpxchg` with null, until no handler has come in between; returns what was there. That is not null, because
/// nobody else takes.
#[inline(always)]
fn take<T>(target: &AtomicPtr<T>, current: NonNull<T>) -> NonNull<T> {
    let taken: *mut T;
    #[cfg(target_arch = "x86")]
    // SAFETY: the pointer is valid for reads and writes and may change under shared references.
    unsafe {
        asm!("2:", "cmpxchg [{target}], {null}", "jne 2b", target = in(reg) target.as_ptr(), null = in(reg) 0,
             inout("eax") current.as_ptr() => taken, options(nostack));
    }
    #[cfg(target_arch = "x86_64")]
    // SAFETY: as above.
    unsafe {
        asm!("2:", "cmpxchg [{target}], {null}", "jne 2b", target = in(reg) target.as_ptr(), null = in(reg) 0_u64,
             inout("rax") current.as_ptr() => taken, options(nostack));
    }
    // SAFETY: it was not null, and the caller is the only one who makes it so.
    unsafe { NonNull::new_unchecked(taken) }
}
