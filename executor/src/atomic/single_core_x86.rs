//! Read-modify-write in one instruction without LOCK prefix: atomic against this core's interrupts, nothing else.
//!
//! `xchg` with memory is left out because it always locks. A swap is `cmpxchg` in a loop, which repeats only if an
//! interrupt handler changed the word between the load and the `cmpxchg`; in a handler that is not itself
//! interrupted it never does. Each assembly block has the default memory clobber, so the compiler moves no access
//! across it, and x86 needs no fence for a core's own order.
#![expect(unsafe_code, reason = "instructions that the compiler does not emit without LOCK")]

use core::arch::asm;
use core::sync::atomic::{AtomicPtr, AtomicU32, Ordering};

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

    /// Clears bit number `BIT`, below 32; returns whether it was set before.
    #[inline]
    pub(crate) fn clear_bit<const BIT: u32>(&self) -> bool {
        btr::<BIT>(&self.0)
    }

    /// Sets every bit of `mask`.
    #[inline]
    pub(crate) fn set_bits(&self, mask: u32) {
        or(&self.0, mask);
    }

    /// Sets every bit of `MASK`.
    #[inline]
    pub(crate) fn set_constant<const MASK: u32>(&self) {
        or_constant::<MASK>(&self.0);
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

    /// Stores `new` if the pointer is `current`.
    ///
    /// # Errors
    /// The pointer a moment later, if it was another.
    #[inline]
    pub(crate) fn exchange(&self, current: *mut T, new: *mut T) -> Result<(), *mut T> {
        cmpxchg_pointer(&self.0, current, new)
    }

    /// Replaces the pointer by null and returns it.
    #[inline]
    pub(crate) fn take(&self) -> *mut T {
        let current = self.load_owned();
        if current.is_null() {
            return current;
        }
        match self.exchange(current, core::ptr::null_mut()) {
            Ok(()) => current,
            Err(found) => self.take_again(found),
        }
    }

    /// Goes on with taking a pointer that changed meanwhile.
    #[cold]
    fn take_again(&self, mut current: *mut T) -> *mut T {
        while let Err(found) = self.exchange(current, core::ptr::null_mut()) {
            current = found;
        }
        current
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

/// `btr`: clears a bit of the word, returns its old value.
#[inline(always)]
fn btr<const BIT: u32>(word: &AtomicU32) -> bool {
    const { assert!(BIT < 32, "a bit of another word") };
    // SAFETY: the word is valid for reads and writes and may change under shared references.
    unsafe {
        asm!("btr dword ptr [{word}], {bit}", "jc {was_set}", word = in(reg) word.as_ptr(), bit = const BIT,
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

/// `or` of a constant to memory.
#[inline(always)]
fn or_constant<const MASK: u32>(word: &AtomicU32) {
    // SAFETY: the word is valid for reads and writes and may change under shared references.
    unsafe {
        asm!("or dword ptr [{word}], {mask}", word = in(reg) word.as_ptr(), mask = const MASK, options(nostack));
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

/// `cmpxchg` of a pointer: if that is not `current`, what it is a moment later.
#[inline(always)]
fn cmpxchg_pointer<T>(link: &AtomicPtr<T>, current: *mut T, new: *mut T) -> Result<(), *mut T> {
    #[cfg(target_arch = "x86")]
    // SAFETY: the link is valid for reads and writes and may change under shared references.
    unsafe {
        asm!("cmpxchg dword ptr [{link}], {new}", "jne {other}", link = in(reg) link.as_ptr(), new = in(reg) new,
             inout("eax") current => _, other = label { return Err(link.load(Ordering::Acquire)) },
             options(nostack));
    }
    #[cfg(target_arch = "x86_64")]
    // SAFETY: as above.
    unsafe {
        asm!("cmpxchg qword ptr [{link}], {new}", "jne {other}", link = in(reg) link.as_ptr(), new = in(reg) new,
             inout("rax") current => _, other = label { return Err(link.load(Ordering::Acquire)) },
             options(nostack));
    }
    Ok(())
}
