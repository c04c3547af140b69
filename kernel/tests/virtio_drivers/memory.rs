//! The memory that drivers and devices share: one block of the host's, whose offsets are the guest-physical addresses.
//!
//! Nothing is ever freed in it; each test runs in a thread of its own and has a block of its own.

use std::alloc::{Layout, alloc_zeroed};
use std::cell::Cell;
use std::ptr::NonNull;

use guest_abi::GuestPhysAddr;
use kernel::hypervisor::guest_memory::{GuestMemory, OutsideMemory};
use virtio_drivers::{BufferDirection, Hal, PAGE_SIZE, PhysAddr};

/// Bytes of the block.
const BYTES: usize = 64 << 20;

/// The block of this thread, and how much of it is in use.
struct Block {
    first: NonNull<u8>,
    used: Cell<usize>,
}

thread_local! {
    static BLOCK: Block = {
        let layout = Layout::from_size_align(BYTES, PAGE_SIZE).expect("a power of two");
        // SAFETY: the layout has bytes.
        let first = NonNull::new(unsafe { alloc_zeroed(layout) }).expect("memory");
        // Address 0 means to the drivers that there is no memory.
        Block { first, used: Cell::new(PAGE_SIZE) }
    };
}

/// Takes `bytes` bytes at a multiple of `alignment`: offset and pointer.
fn take(bytes: usize, alignment: usize) -> (usize, NonNull<u8>) {
    BLOCK.with(|block| {
        let offset = block.used.get().next_multiple_of(alignment);
        let end = offset + bytes;
        assert!(end <= BYTES, "the tests need a larger block");
        block.used.set(end);
        // SAFETY: the offset lies in the block, which is never freed.
        (offset, unsafe { block.first.add(offset) })
    })
}

/// A pointer into the block to `bytes` bytes at `place`.
fn pointer(place: GuestPhysAddr, bytes: usize) -> Result<NonNull<u8>, OutsideMemory> {
    MEMORY.check(place, u32::try_from(bytes).unwrap_or(u32::MAX))?;
    // SAFETY: the range was found to lie in the block.
    Ok(BLOCK.with(|block| unsafe { block.first.add(place.number() as usize) }))
}

/// The devices' view of the block.
pub(crate) struct Shared;

/// It has no state: the block is the thread's.
pub(crate) static MEMORY: Shared = Shared;

impl GuestMemory for Shared {
    fn bytes(&self) -> u32 {
        u32::try_from(BYTES).expect("32 bits")
    }

    fn read(&self, from: GuestPhysAddr, into: &mut [u8]) -> Result<(), OutsideMemory> {
        let from = pointer(from, into.len())?;
        // SAFETY: both are valid for the length, and no slice handed out by anybody lies in the block.
        unsafe { from.as_ptr().copy_to_nonoverlapping(into.as_mut_ptr(), into.len()) };
        Ok(())
    }

    fn write(&self, to: GuestPhysAddr, bytes: &[u8]) -> Result<(), OutsideMemory> {
        let to = pointer(to, bytes.len())?;
        // SAFETY: as in `read`.
        unsafe { to.as_ptr().copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
        Ok(())
    }
}

/// The drivers' view of the block. Their buffers are copied into it and out of it.
pub(crate) struct Arena;

// SAFETY: memory is taken from the block once and never again, aligned as asked for, and zero.
unsafe impl Hal for Arena {
    fn dma_alloc(pages: usize, _: BufferDirection) -> (PhysAddr, NonNull<u8>) {
        let (offset, pointer) = take(pages * PAGE_SIZE, PAGE_SIZE);
        (offset as PhysAddr, pointer)
    }

    // SAFETY: nothing is done, so the caller has no duties.
    unsafe fn dma_dealloc(_: PhysAddr, _: NonNull<u8>, _: usize) -> i32 {
        0
    }

    // SAFETY: nothing is done, so the caller has no duties.
    unsafe fn mmio_phys_to_virt(_: PhysAddr, _: usize) -> NonNull<u8> {
        unreachable!("only transports with pointers to registers ask for this")
    }

    // SAFETY: the caller's duties are those of the trait: the buffer is valid.
    unsafe fn share(buffer: NonNull<[u8]>, _: BufferDirection) -> PhysAddr {
        let (offset, pointer) = take(buffer.len(), 16);
        // SAFETY: the caller vouches for the buffer; the block has as many bytes at the pointer.
        unsafe { buffer.cast::<u8>().copy_to_nonoverlapping(pointer, buffer.len()) };
        offset as PhysAddr
    }

    // SAFETY: the caller's duties are those of the trait: the buffer is valid, and the place comes from `share`.
    unsafe fn unshare(place: PhysAddr, buffer: NonNull<[u8]>, direction: BufferDirection) {
        if direction == BufferDirection::DriverToDevice {
            return;
        }
        let place = GuestPhysAddr::new(u32::try_from(place).expect("an offset"));
        let from = pointer(place, buffer.len()).expect("from `share`");
        // SAFETY: the caller vouches for the buffer; `share` took as many bytes at the place.
        unsafe { from.copy_to_nonoverlapping(buffer.cast::<u8>(), buffer.len()) };
    }
}
