//! Locked read-modify-writes (SCC reference §2.9, U19).
//!
//! A locked operation takes its line out of L1 and then reads and writes below it, in two separate steps.
//! Nothing holds off other cores in between: the mesh has no lock command.

use super::super::line::Line;
use super::super::memory_unit::Issue;
use super::{Access, Hierarchy};
use crate::chip::port::{MeshPort, Refusal};
use scc::address::PhysAddr;

/// The one or two lines that a locked operation touches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LockedLines {
    first: Line,
    last: Line,
}

impl Hierarchy {
    /// Begins a locked operation on `bytes` (1 to 8) at `at`: writes the L1 line back if it is dirty and drops
    /// it. The operation's load then reads L2 if it hits, else the destination, and fills nothing; its store
    /// finds no L1 line. The first store to the line ends the operation.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotYet`], without any effect, if the write-back or the operation's load or store leaves the
    /// core and may not; [`Refusal::NoAnswer`] if the line's destination never answers.
    pub fn prepare_locked<P: MeshPort>(
        &mut self,
        port: &mut P,
        issue: Issue,
        at: PhysAddr,
        bytes: u32,
    ) -> Result<Access, Refusal> {
        let end = PhysAddr::new(at.get().wrapping_add(bytes - 1));
        let lines = LockedLines { first: Line::of(at), last: Line::of(end) };
        if !issue.may_leave && lines.each().any(|line| self.locked_line_leaves(line)) {
            return Err(Refusal::NotYet);
        }
        let before = self.unit.transactions();
        let mut access = Access::hit(0);
        for line in lines.each() {
            if let Some(slot) = self.l1_data.find(line) {
                if self.l1_data.is_dirty(slot) {
                    self.write_back(port, issue, slot)?;
                    access = self.answered(issue, before, 0);
                }
                self.l1_data.invalidate(slot);
            }
        }
        self.locked = Some(lines);
        Ok(access)
    }

    /// Whether `line` belongs to the locked operation under way.
    pub(super) fn is_locked(&self, line: Line) -> bool {
        self.locked.is_some_and(|lines| lines.first == line || lines.last == line)
    }

    fn locked_line_leaves(&self, line: Line) -> bool {
        let written_back = self.l1_data.find(line).is_some_and(|slot| self.write_back_leaves(slot));
        written_back || self.l2_hit(line).is_none()
    }
}

impl LockedLines {
    /// Each line once, low address first.
    fn each(self) -> impl Iterator<Item = Line> {
        let last = (self.last != self.first).then_some(self.last);
        std::iter::once(self.first).chain(last)
    }
}
