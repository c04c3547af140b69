//! Memory of a guest that runs: frames of this core's private memory, taken when the guest is made and given back with it.
//!
//! A frame is cleared when it is first used, by the guest or for it, so that a guest costs what it touches.

use alloc::rc::Rc;
use alloc::vec::Vec;
use core::cell::Cell;

use guest_abi::GuestPhysAddr;
use i586::page::PAGE_BYTES;
use scc::address::PhysAddr;

use super::guest_memory::{GuestMemory, OutsideMemory};
use super::shadow_paging::GuestFrames;
use crate::mm::frame::Frame;
use crate::mm::{frame_access, kernel_space};

/// Pages that are copied between two turns of others.
const PAGES_AT_ONCE: usize = 8;
/// Bytes that are copied at once: frames beyond the direct map are not all shown at the same time.
const PIECE_BYTES: usize = 512;

/// Frames that stay with the kernel when guests take theirs: 4 MB.
const KERNEL_FRAMES: u32 = 1024;

/// Memory of one guest; a clone is the same memory, which is given back with the last one. Task context.
#[derive(Clone, Debug)]
pub struct Ram {
    pages: Rc<Pages>,
}

#[derive(Debug)]
struct Pages(Vec<Page>);

/// A frame's address, and [`USED`] in its lowest bit: packed, because there are thousands.
#[derive(Debug)]
struct Page(Cell<u32>);

/// The frame holds what the guest, or the hypervisor for it, has put there; otherwise what somebody else has left.
const USED: u32 = 1;

/// Why a guest does not get its memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RamError {
    /// A size that is no whole number of pages.
    #[error("{0:#x} bytes of memory, which is no whole number of pages")]
    Size(u32),
    /// The core has not got as much.
    #[error("{wanted} frames of memory, but {available} are free, of which the kernel keeps {KERNEL_FRAMES}")]
    TooLittle {
        /// Frames that the guest is to have.
        wanted: u32,
        /// Frames that are free.
        available: u32,
    },
}

impl Ram {
    /// Takes frames for `bytes` bytes.
    ///
    /// # Errors
    /// [`RamError`]; nothing is taken then.
    pub fn new(bytes: u32) -> Result<Self, RamError> {
        if !bytes.is_multiple_of(PAGE_BYTES) {
            return Err(RamError::Size(bytes));
        }
        let wanted = bytes / PAGE_BYTES;
        let available = kernel_space::available_frames();
        let too_little = RamError::TooLittle { wanted, available };
        let mut pages = Pages(Vec::new());
        if wanted > available.saturating_sub(KERNEL_FRAMES)
            || pages.0.try_reserve_exact(wanted as usize).is_err()
        {
            return Err(too_little);
        }
        let taken = kernel_space::allocate_frames(wanted, |frame| {
            pages.0.push(Page(Cell::new(frame.base().get())));
        });
        if taken == wanted { Ok(Self { pages: Rc::new(pages) }) } else { Err(too_little) }
    }

    /// The frame and the number of the word at `place`, with `words` words from there on in it.
    #[inline]
    fn words_at(&self, place: GuestPhysAddr, words: usize) -> Result<(Frame, u32), OutsideMemory> {
        let page = self.pages.0.get((place.number() / PAGE_BYTES) as usize).ok_or_else(|| OutsideMemory {
            first: place,
            bytes: u32::try_from(4 * words).unwrap_or(u32::MAX),
        })?;
        Ok((page.used(), place.number() % PAGE_BYTES / 4))
    }

    /// The same contents in frames of their own. Others have their turn in between, in which nobody may write to it.
    ///
    /// # Errors
    /// [`RamError`]; nothing is taken then.
    pub async fn duplicate(&self) -> Result<Self, RamError> {
        let copy = Self::new(self.bytes())?;
        for (index, (from, to)) in self.pages.0.iter().zip(&copy.pages.0).enumerate() {
            if from.is_used() {
                copy_frame(from.frame(), to.frame());
                to.0.set(to.0.get() | USED);
            }
            if index % PAGES_AT_ONCE == PAGES_AT_ONCE - 1 {
                executor::yield_now().await;
            }
        }
        Ok(copy)
    }

    /// How many frames it has.
    #[must_use]
    pub fn frames(&self) -> u32 {
        self.bytes() / PAGE_BYTES
    }

    /// Calls `touch` with each piece of a range that lies in one frame: frame, offset in it, offset in the range, bytes.
    fn for_each_piece(
        &self,
        first: GuestPhysAddr,
        length: usize,
        mut touch: impl FnMut(Frame, u32, usize, usize),
    ) -> Result<(), OutsideMemory> {
        self.check(first, u32::try_from(length).unwrap_or(u32::MAX))?;
        let mut address = first.number();
        let mut done = 0;
        while done < length {
            let offset = address % PAGE_BYTES;
            let bytes = ((PAGE_BYTES - offset) as usize).min(length - done);
            let page = &self.pages.0[(address / PAGE_BYTES) as usize];
            touch(page.used(), offset, done, bytes);
            done += bytes;
            address = address.wrapping_add(PAGE_BYTES - offset);
        }
        Ok(())
    }
}

fn copy_frame(from: Frame, to: Frame) {
    let mut piece = [0; PIECE_BYTES];
    for offset in (0..PAGE_BYTES).step_by(PIECE_BYTES) {
        frame_access::read(from, offset, &mut piece);
        frame_access::write(to, offset, &piece);
    }
}

impl Page {
    const fn frame(&self) -> Frame {
        Frame::containing(PhysAddr::new(self.0.get()))
    }

    const fn is_used(&self) -> bool {
        self.0.get() & USED != 0
    }

    /// Its frame, about to be used.
    #[inline]
    fn used(&self) -> Frame {
        if !self.is_used() {
            self.begin();
        }
        self.frame()
    }

    #[cold]
    fn begin(&self) {
        frame_access::clear(self.frame());
        self.0.set(self.0.get() | USED);
    }
}

impl GuestMemory for Ram {
    fn bytes(&self) -> u32 {
        u32::try_from(self.pages.0.len()).unwrap_or(u32::MAX).saturating_mul(PAGE_BYTES)
    }

    fn read(&self, from: GuestPhysAddr, into: &mut [u8]) -> Result<(), OutsideMemory> {
        self.for_each_piece(from, into.len(), |frame, offset, done, bytes| {
            frame_access::read(frame, offset, &mut into[done..done + bytes]);
        })
    }

    fn write(&self, to: GuestPhysAddr, bytes: &[u8]) -> Result<(), OutsideMemory> {
        self.for_each_piece(to, bytes.len(), |frame, offset, done, length| {
            frame_access::write(frame, offset, &bytes[done..done + length]);
        })
    }

    #[inline]
    fn read_words(&self, from: GuestPhysAddr, words: &mut [u32]) -> Result<(), OutsideMemory> {
        let (frame, index) = self.words_at(from, words.len())?;
        frame_access::load_all(frame, index, words);
        Ok(())
    }

    #[inline]
    fn write_words(&self, to: GuestPhysAddr, words: &[u32]) -> Result<(), OutsideMemory> {
        let (frame, index) = self.words_at(to, words.len())?;
        frame_access::store_all(frame, index, words);
        Ok(())
    }
}

impl GuestFrames for Ram {
    fn frame(&self, page: GuestPhysAddr) -> Option<Frame> {
        self.pages.0.get((page.number() / PAGE_BYTES) as usize).map(Page::used)
    }

    fn used_frame(&self, page: GuestPhysAddr) -> Option<Frame> {
        let page = self.pages.0.get((page.number() / PAGE_BYTES) as usize)?;
        page.is_used().then(|| page.frame())
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        kernel_space::free_frames(self.0.iter().map(Page::frame));
    }
}
