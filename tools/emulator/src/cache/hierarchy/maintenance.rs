//! Cache maintenance instructions (SCC reference §2.4, §2.6). None of them touches L2's own state, and none
//! flushes the write-combining buffer (U17).

use super::super::l1_data::Slot;
use super::super::memory_unit::Issue;
use super::{Access, Hierarchy};
use crate::chip::port::{MeshPort, Refusal};
use crate::diagnostics::FindingKind;
use scc::address::LutIndex;

impl Hierarchy {
    /// WBINVD, or the FLUSH# pin: writes dirty L1 lines back, into L2 where they hit, and empties both L1
    /// caches. The core waits for the write-backs.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotYet`], without any effect, if a line leaves the core and may not;
    /// [`Refusal::NoAnswer`] if a destination never answers.
    pub fn wbinvd<P: MeshPort>(&mut self, port: &mut P, issue: Issue) -> Result<Access, Refusal> {
        if !issue.may_leave && Slot::all().any(|slot| self.write_back_leaves(slot)) {
            return Err(Refusal::NotYet);
        }
        let before = self.unit.transactions();
        let mut access = Access::hit(0);
        for slot in Slot::all() {
            if self.l1_data.is_dirty(slot) {
                self.write_back(port, issue, slot)?;
                access = self.answered(issue, before, 0);
            }
        }
        self.l1_data.invalidate_all();
        self.l1_code.invalidate_all();
        Ok(access)
    }

    /// INVD: empties both L1 caches; dirty lines are lost.
    pub fn invd(&mut self) {
        if let Some(lost) = self.l1_data.find_dirty(|_| true) {
            self.warn(FindingKind::InvalidateDiscardsDirtyLines, lost.start());
        }
        self.l1_data.invalidate_all();
        self.l1_code.invalidate_all();
    }

    /// CL1INVMB: drops the message lines of the L1 data cache; modified data is lost.
    pub fn cl1invmb(&mut self) {
        if let Some(lost) = self.l1_data.invalidate_messages() {
            self.warn(FindingKind::MessageInvalidateDiscardsDirtyLines, lost.start());
        }
    }

    /// Whether data not yet written to memory would go through LUT entry `index`: dirty
    /// lines of L1 and L2, and the write-combining buffer.
    #[must_use]
    pub fn dirty_lines_in(&self, index: LutIndex) -> bool {
        self.l1_data.find_dirty(|line| line.lut_index() == index).is_some()
            || self.l2.find_dirty(|line| line.lut_index() == index).is_some()
            || self.write_combine.held().is_some_and(|line| line.lut_index() == index)
    }
}
