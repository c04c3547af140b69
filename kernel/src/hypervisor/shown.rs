//! Words of a guest's kernel, found by what the processor would find: the shadow page tables, and the guest's own only where
//! those show nothing.
//!
//! What the shadow shows has been walked to before, and the guest has to say when it is no longer so. A page that it shows
//! writable is dirty in the guest's tables already. So a frame is delivered with four loads where a walk takes twenty.

use guest_abi::GuestVirtAddr;
use i586::page::PAGE_BYTES;

use super::control::Control;
use super::guest_paging::AccessKind;
use super::linear::{Linear, LinearError, Words};
use super::ram::Ram;
use super::shadow_paging::Shadow;
use super::tables::KernelTables;
use crate::mm::frame::Frame;
use crate::mm::frame_access;

/// The linear addresses of a guest that is stopped.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'a> {
    /// What the processor uses.
    pub shadow: &'a Shadow<KernelTables>,
    /// The memory that the guest's own tables lead to.
    pub ram: &'a Ram,
    /// Where its tables are.
    pub control: &'a Control,
}

impl Shown<'_> {
    /// The frame that is shown with all of some words, and the number of the first of them in it.
    #[inline(always)]
    fn place(&self, first: GuestVirtAddr, words: usize, kind: AccessKind) -> Option<(Frame, u32)> {
        let offset = first.number() % PAGE_BYTES;
        let within = offset.is_multiple_of(4) && 4 * words <= (PAGE_BYTES - offset) as usize;
        let frame = if within { self.shadow.shown(first, kind)? } else { return None };
        Some((frame, offset / 4))
    }

    #[cold]
    fn with_linear<R>(&self, work: impl FnOnce(&Linear<'_, Ram>) -> R) -> R {
        let paging = self.control.paging();
        work(&Linear { memory: self.ram, paging: paging.as_ref() })
    }
}

impl Words for Shown<'_> {
    #[inline(always)]
    fn words<const N: usize>(&self, from: GuestVirtAddr) -> Result<[u32; N], LinearError> {
        let Some((frame, index)) = self.place(from, N, AccessKind::Read) else {
            return self.with_linear(|linear| linear.words(from));
        };
        let mut words = [0; N];
        frame_access::load_all(frame, index, &mut words);
        Ok(words)
    }

    #[inline(always)]
    fn write_words<const N: usize>(&self, to: GuestVirtAddr, words: [u32; N]) -> Result<(), LinearError> {
        let Some((frame, index)) = self.place(to, N, AccessKind::Write) else {
            return self.with_linear(|linear| linear.write_words(to, words));
        };
        frame_access::store_all(frame, index, &words);
        Ok(())
    }
}
