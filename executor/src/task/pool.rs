//! Static storage for tasks.
#![expect(unsafe_code, reason = "places futures in bytes")]

use core::cell::{Cell, UnsafeCell};
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
    /// Where a free slot is looked for first.
    next: Word,
}

#[derive(Debug)]
#[repr(C)]
struct Slot<const BYTES: usize> {
    // First, so that a pointer to the header is one to the slot.
    task: Layout<UnsafeCell<MaybeUninit<[u8; BYTES]>>>,
    claim: Word,
    /// Where the pool looks first and this slot's index, for the return.
    origin: Cell<Option<(&'static Word, u32)>>,
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
        Self { slots: [const { Slot::new() }; COUNT], next: Word::new(0) }
    }

    /// A pool of free slots.
    #[cfg(loom)]
    #[must_use]
    pub fn new() -> Self {
        Self { slots: core::array::from_fn(|_| Slot::new()), next: Word::new(0) }
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
        let Some(slot) = self.claim() else {
            return Err(NoRoom { future });
        };
        let header = NonNull::from(slot).cast::<Header>();
        // SAFETY: the slot was claimed above; its bytes are large enough and aligned for the stage.
        unsafe { stage::stage::<F>(header).write(Stage { future: ManuallyDrop::new(future) }) };
        slot.task.header.describe(
            stage::poll::<F, waker::Static>,
            const { &slot_functions::<F, BYTES>() },
            identity,
        );
        // SAFETY: the slot is static, and the pointer was made from a reference to the whole slot.
        Ok(unsafe { TaskRef::new(header) })
    }

    /// Claims a free slot; tries first the one that was given back last, which is likely to be in the cache, or the
    /// one after the last that was claimed.
    fn claim(&'static self) -> Option<&'static Slot<BYTES>> {
        let first = usize::try_from(self.next.load()).unwrap_or(0).min(COUNT);
        let index =
            (first..COUNT).chain(0..first).find(|index| !self.slots[*index].claim.set_bit::<CLAIMED>())?;
        let slot = &self.slots[index];
        // In a pool too large for the word, the hint is lost.
        slot.origin.set(Some((&self.next, u32::try_from(index).unwrap_or(0))));
        self.next.store(u32::try_from(index + 1).unwrap_or(0));
        Some(slot)
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
                origin: Cell::new(None),
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
    }
}

/// Gives a slot back.
///
/// # Safety
/// `header` is that of a slot of so many bytes, whose task is finished and not in use.
unsafe fn release<const BYTES: usize>(header: NonNull<Header>) {
    // SAFETY: the header is the first field of a static slot, as the caller promises.
    let slot: &Slot<BYTES> = unsafe { header.cast().as_ref() };
    if let Some((next, index)) = slot.origin.get() {
        next.store(index);
    }
    slot.claim.clear_bits(1 << CLAIMED);
}

/// Static storage is never freed.
///
/// # Safety
/// None is needed.
unsafe fn keep(_: NonNull<Header>) {}
