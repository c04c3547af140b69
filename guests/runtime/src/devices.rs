//! Virtual devices, for the drivers of crate virtio-drivers.
//!
//! Those drivers are others' work and run on real machines too. What they need of a guest is a way to a device's registers
//! and memory that device and driver share; with memory mapped one to one every address is good for both.
#![expect(unsafe_code, reason = "registers and shared memory are addresses")]

use core::cell::UnsafeCell;
use core::ptr::{NonNull, with_exposed_provenance_mut};
use core::sync::atomic::{AtomicUsize, Ordering};

use guest_abi::device::{Slot, WINDOW_BYTES};
use virtio_drivers::transport::mmio::{MmioError, MmioTransport, VirtIOHeader};
use virtio_drivers::{BufferDirection, PAGE_SIZE, PhysAddr};

pub use virtio_drivers as drivers;

/// Pages for all queues of a guest.
const PAGES: usize = 16;

/// Memory that is mapped one to one.
#[derive(Debug)]
pub struct OneToOne;

/// Only ever named by its address.
#[repr(C, align(4096))]
struct Arena(UnsafeCell<[[u8; PAGE_SIZE]; PAGES]>);

// SAFETY: each page has one owner, whom `GIVEN` has chosen.
unsafe impl Sync for Arena {}

static QUEUES: Arena = Arena(UnsafeCell::new([[0; PAGE_SIZE]; PAGES]));
/// Pages that were given out. They are never taken back: no guest makes drivers without end.
static GIVEN: AtomicUsize = AtomicUsize::new(0);

/// The registers of the device in `slot`.
///
/// # Errors
/// [`MmioError::InvalidDeviceID`] if the guest does not have it.
pub fn transport(slot: Slot) -> Result<MmioTransport<'static>, MmioError> {
    let window = slot.window().number() as usize;
    let registers = NonNull::new(with_exposed_provenance_mut::<VirtIOHeader>(window));
    let registers = registers.expect("no window is at address 0");
    // SAFETY: the window is the device's, as long as the guest runs.
    unsafe { MmioTransport::new(registers, WINDOW_BYTES as usize) }
}

// SAFETY: the pages of the arena are aligned, zero at first, and given out once. Addresses are physical ones.
unsafe impl virtio_drivers::Hal for OneToOne {
    fn dma_alloc(pages: usize, _: BufferDirection) -> (PhysAddr, NonNull<u8>) {
        let first = GIVEN.fetch_add(pages, Ordering::Relaxed);
        assert!(first + pages <= PAGES, "{pages} pages for queues, of {PAGES} in all");
        let arena = NonNull::new(QUEUES.0.get()).expect("a static is not at address 0").cast::<u8>();
        // SAFETY: within the arena, as asserted.
        let place = unsafe { arena.add(first * PAGE_SIZE) };
        (address(place), place)
    }

    /// # Safety
    /// As the trait says; nothing is given back.
    unsafe fn dma_dealloc(_: PhysAddr, _: NonNull<u8>, _: usize) -> i32 {
        0
    }

    /// # Safety
    /// As the trait says; never called.
    unsafe fn mmio_phys_to_virt(_: PhysAddr, _: usize) -> NonNull<u8> {
        unreachable!("only devices on a PCI bus are looked for like this")
    }

    /// # Safety
    /// As the trait says.
    unsafe fn share(buffer: NonNull<[u8]>, _: BufferDirection) -> PhysAddr {
        address(buffer.cast())
    }

    /// # Safety
    /// As the trait says; there is nothing to undo.
    unsafe fn unshare(_: PhysAddr, _: NonNull<[u8]>, _: BufferDirection) {}
}

fn address(place: NonNull<u8>) -> PhysAddr {
    place.as_ptr().expose_provenance() as PhysAddr
}
