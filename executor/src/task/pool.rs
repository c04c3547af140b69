//! Static storage for tasks.
#![expect(unsafe_code, reason = "places futures in bytes")]

use core::cell::UnsafeCell;
use core::mem::{ManuallyDrop, MaybeUninit};
use core::ptr::NonNull;

use crate::atomic::{Word, const_except_loom};
use crate::task::NoRoom;
use crate::task::header::{Header, Identity, TaskRef, VTable};
use crate::task::stage::{self, Aligned, Layout, Stage};
use crate::waker;

/// Room for `COUNT` tasks whose futures and outputs take up to `BYTES` bytes each, for a static.
///
/// Any futures that fit may share a pool; one that does not fit is an error of compilation. A slot is free again
/// when its task has ended and its handle is gone. A waker of an ended task may wake the slot's next task for
/// nothing.
#[derive(Debug)]
pub struct TaskPool<const BYTES: usize, const COUNT: usize> {
    slots: [Slot<BYTES>; COUNT],
}

#[derive(Debug)]
#[repr(C)]
struct Slot<const BYTES: usize> {
    // First, so that a pointer to the header is one to the slot.
    task: Layout<UnsafeCell<MaybeUninit<[u8; BYTES]>>>,
    claim: Word,
}

// SAFETY: a slot is given to one executor at a time, by an atomic claim, and only its core uses what is not atomic.
// Futures that must stay on their thread stay there, because `Spawner` does.
unsafe impl<const BYTES: usize, const COUNT: usize> Sync for TaskPool<BYTES, COUNT> {}

/// Bit of a slot's claim.
const CLAIMED: u32 = 0;

impl<const BYTES: usize, const COUNT: usize> TaskPool<BYTES, COUNT> {
    /// A pool of free slots.
    #[cfg(not(loom))]
    #[must_use]
    pub const fn new() -> Self {
        Self { slots: [const { Slot::new() }; COUNT] }
    }

    /// A pool of free slots.
    #[cfg(loom)]
    #[must_use]
    pub fn new() -> Self {
        Self { slots: core::array::from_fn(|_| Slot::new()) }
    }

    /// Places a task; the caller starts it.
    pub(crate) fn place<F: Future + 'static>(
        &'static self,
        identity: Identity,
        future: F,
    ) -> Result<TaskRef, NoRoom<F>> {
        const {
            assert!(
                size_of::<Stage<F>>() <= BYTES,
                "the future or its output is larger than a slot of the pool"
            );
        }
        // Most slots are free or most are taken: trying each costs little in the first case, and spawning into a
        // nearly full pool is rare.
        let Some(slot) = self.slots.iter().find(|slot| !slot.claim.set_bit(CLAIMED)) else {
            return Err(NoRoom { future });
        };
        let header = NonNull::from(slot).cast::<Header>();
        // SAFETY: the slot was claimed above; its bytes are large enough and aligned for the stage.
        unsafe { stage::stage::<F>(header).write(Stage { future: ManuallyDrop::new(future) }) };
        slot.task.header.describe(stage::poll::<F>, const { &slot_functions::<F, BYTES>() }, identity);
        // SAFETY: the slot is static, and the pointer was made from a reference to the whole slot.
        Ok(unsafe { TaskRef::new(header) })
    }
}

impl<const BYTES: usize, const COUNT: usize> Default for TaskPool<BYTES, COUNT> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const BYTES: usize> Slot<BYTES> {
    const_except_loom! {
        const fn new() -> Self {
            Self {
                task: Layout {
                    header: Header::free(),
                    storage: Aligned(UnsafeCell::new(MaybeUninit::uninit())),
                },
                claim: Word::new(0),
            }
        }
    }
}

const fn slot_functions<F: Future, const BYTES: usize>() -> VTable {
    VTable {
        drop_future: stage::drop_future::<F>,
        drop_output: stage::drop_output::<F>,
        release: release::<BYTES>,
        deallocate: keep,
        waker: &waker::STATIC,
    }
}

/// Gives a slot back.
///
/// # Safety
/// `header` is that of a slot of so many bytes, whose task is finished and not in use.
unsafe fn release<const BYTES: usize>(header: NonNull<Header>) {
    // SAFETY: the header is the first field of a static slot, as the caller promises.
    let slot: &Slot<BYTES> = unsafe { header.cast().as_ref() };
    slot.claim.clear_bits(1 << CLAIMED);
}

/// Static storage is never freed.
///
/// # Safety
/// None is needed.
unsafe fn keep(_: NonNull<Header>) {}
