//! Several doublewords at once, where the fast model has them on one page of DRAM.
//!
//! An interrupt touches some twenty-five doublewords in six places; looking each place up once halves its cost.
//! The strict model and everything unusual takes one access per doubleword.

use crate::chip::Fabric;
use crate::chip::port::LINE;
use crate::cpu::model::Model;
use crate::cpu::segment::SegmentName;
use crate::cpu::state::Core;
use crate::mmu::tlb::HOT_ENTRIES;
use crate::mmu::walk::Mode;

/// Slot of the hot table for paging rights.
fn slot(mode: Mode) -> usize {
    match mode {
        Mode::Supervisor => 0,
        Mode::User => HOT_ENTRIES,
    }
}

impl Core {
    /// The doublewords from `linear` on, if they can be read without side effects.
    #[inline(always)]
    pub(crate) fn quick_words<M: Model, const N: usize>(
        &self,
        fabric: &Fabric,
        linear: u32,
        mode: Mode,
    ) -> Option<[u32; N]> {
        if M::STRICT {
            return None;
        }
        let entry = self.hot.entry(linear, slot(mode));
        if entry.read != self.hot.tag(linear) {
            return None;
        }
        let offset = (linear & 0xFFF) as usize;
        let bytes = fabric.dram.page(entry.place)?.bytes.get(offset..offset + 4 * N)?;
        let mut words = [0; N];
        for (word, chunk) in words.iter_mut().zip(bytes.chunks_exact(4)) {
            *word = u32::from_le_bytes(chunk.try_into().ok()?);
        }
        Some(words)
    }

    /// The doublewords from `depth` bytes above the top of a flat 32-bit stack on, if they can be read without
    /// side effects.
    #[inline(always)]
    pub(crate) fn quick_stack_words<M: Model, const N: usize>(
        &self,
        fabric: &Fabric,
        depth: u32,
    ) -> Option<[u32; N]> {
        if !self.segment(SegmentName::Ss).flat.read || self.stack_mask != u32::MAX {
            return None;
        }
        self.quick_words::<M, N>(fabric, self.regs[4].wrapping_add(depth), self.mode())
    }

    /// Stores `values`, the last one at `linear` and the others above it, if that has no side effects. False,
    /// with nothing stored, otherwise.
    #[inline(always)]
    pub(crate) fn quick_push_words<M: Model>(
        &self,
        fabric: &mut Fabric,
        linear: u32,
        values: &[u32],
        mode: Mode,
    ) -> bool {
        if M::STRICT {
            return false;
        }
        let entry = self.hot.entry(linear, slot(mode));
        if entry.write != self.hot.tag(linear) {
            return false;
        }
        let Some(page) = fabric.dram.page_mut(entry.place) else { return false };
        let (offset, length) = ((linear & 0xFFF) as usize, 4 * values.len());
        // The look for code under the write takes in two lines.
        if length > LINE || offset + length > page.bytes.len() || page.holds_code(offset, length) {
            return false;
        }
        let slots = page.bytes[offset..offset + length].chunks_exact_mut(4);
        for (chunk, value) in slots.zip(values.iter().rev()) {
            chunk.copy_from_slice(&value.to_le_bytes());
        }
        true
    }
}
