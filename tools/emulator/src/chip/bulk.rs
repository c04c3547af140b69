//! Bulk copies and fills inside pages of DRAM, for repeated string instructions in the fast model.

use super::dram::{Dram, PAGE, Page, PageIndex};

impl Dram {
    /// Copies `bytes` bytes from one page to another (or within one), in ascending order and as if they did
    /// not overlap. Refuses, doing nothing, if a range leaves its page or the target holds decoded code.
    pub(crate) fn copy(
        &mut self,
        source: PageIndex,
        from: usize,
        target: PageIndex,
        to: usize,
        bytes: usize,
    ) -> bool {
        if !self.is_plain(target, to, bytes) || from + bytes > PAGE {
            return false;
        }
        if source == target {
            return self
                .page_mut(target)
                .map(|page| page.bytes.copy_within(from..from + bytes, to))
                .is_some();
        }
        let Some(chunk) = self.page(source).map(|page| {
            let mut chunk = [0; PAGE];
            chunk[..bytes].copy_from_slice(&page.bytes[from..from + bytes]);
            chunk
        }) else {
            return false;
        };
        self.page_mut(target)
            .map(|page| page.bytes[to..to + bytes].copy_from_slice(&chunk[..bytes]))
            .is_some()
    }

    /// Fills `bytes` bytes with a repeated pattern of 1, 2 or 4 bytes. Refuses as [`Dram::copy`] does.
    pub(crate) fn fill(&mut self, target: PageIndex, to: usize, bytes: usize, pattern: &[u8]) -> bool {
        if !self.is_plain(target, to, bytes) {
            return false;
        }
        let Some(page) = self.page_mut(target) else { return false };
        for element in page.bytes[to..to + bytes].chunks_exact_mut(pattern.len()) {
            element.copy_from_slice(pattern);
        }
        true
    }

    /// Whether the range lies inside the page and no instruction was decoded from it.
    fn is_plain(&self, target: PageIndex, to: usize, bytes: usize) -> bool {
        bytes > 0
            && to + bytes <= PAGE
            && self.page(target).is_some_and(|page: &Page| {
                (to & !31..to + bytes).step_by(32).all(|line| !page.holds_code(line.max(to), 1))
            })
    }
}
