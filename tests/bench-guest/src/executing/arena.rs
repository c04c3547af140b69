//! Memory that is handed out and never given back.
#![expect(unsafe_code, reason = "hands out parts of a static")]

use core::cell::UnsafeCell;
use core::mem::MaybeUninit;
use core::sync::atomic::{AtomicUsize, Ordering};

/// Enough for all programs, run once.
const BYTES: usize = (size_of::<usize>() * 178) << 10;

#[repr(align(16))]
struct Arena(UnsafeCell<[MaybeUninit<u8>; BYTES]>);

// SAFETY: each byte is handed out once.
unsafe impl Sync for Arena {}

// SAFETY: any bytes are a value of the type.
#[cfg_attr(target_arch = "x86", unsafe(link_section = ".bss.uninitialised"))]
static ARENA: Arena = Arena(UnsafeCell::new([MaybeUninit::uninit(); BYTES]));
static USED: AtomicUsize = AtomicUsize::new(0);

/// Keeps `count` values for the rest of the program.
///
/// # Panics
/// If there is no room.
pub(super) fn place<T>(count: usize, mut value: impl FnMut() -> T) -> &'static mut [T] {
    const { assert!(align_of::<T>() <= 16) };
    let size = (count * size_of::<T>()).next_multiple_of(16);
    let start = USED.fetch_add(size, Ordering::Relaxed);
    assert!(start + size <= BYTES, "the arena is too small: {} of {BYTES} bytes", start + size);
    // SAFETY: the offset is inside the arena.
    let first = unsafe { ARENA.0.get().cast::<u8>().add(start) }.cast::<T>();
    for index in 0..count {
        // SAFETY: inside the part that was reserved above for this caller.
        let target = unsafe { first.add(index) };
        // SAFETY: as above; the start is aligned.
        unsafe { target.write(value()) };
    }
    // SAFETY: the values were written above and nobody else refers to them.
    unsafe { core::slice::from_raw_parts_mut(first, count) }
}

/// Keeps one value for the rest of the program.
pub(super) fn place_one<T>(value: T) -> &'static T {
    let mut value = Some(value);
    &place(1, || value.take().expect("called once"))[0]
}
