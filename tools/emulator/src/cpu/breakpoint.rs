//! Instruction breakpoints of a debugger attached from outside (the core's own DR0 to DR3 are in
//! [`super::system::debug`]).
//!
//! Memory is not patched. A block never runs across a breakpoint, so the run loop only has to look where a
//! block begins; without breakpoints nothing looks at all.

use super::state::{Attention, Core};

/// The breakpoints of one core, by linear address.
#[derive(Debug, Clone, Default)]
pub(crate) struct Breakpoints {
    linear: Vec<u32>,
    /// The breakpoint that the next instruction may pass.
    passing: Option<u32>,
}

impl Breakpoints {
    /// Whether a block must not run across the instruction at `linear`.
    ///
    /// A block serves every linear page that maps its physical page, so only the offset in the page counts.
    pub(crate) fn divides(&self, linear: u32) -> bool {
        self.linear.iter().any(|at| (at ^ linear).trailing_zeros() >= 12)
    }

    fn stops_at(&mut self, linear: u32) -> bool {
        if self.passing == Some(linear) {
            return false;
        }
        self.passing = None;
        self.linear.contains(&linear)
    }
}

impl Core {
    /// Replaces the breakpoints. The caller drops the core's decoded blocks.
    pub(crate) fn set_breakpoints(&mut self, linear: &[u32]) {
        self.attention.set(Attention::BREAKPOINTS, !linear.is_empty());
        self.breakpoints = Breakpoints { linear: linear.to_vec(), passing: None };
    }

    /// Lets the instruction at CS:EIP run although a breakpoint is on it, once.
    pub(crate) fn pass_breakpoint(&mut self) {
        self.breakpoints.passing = Some(self.linear_eip());
    }

    /// Whether to stop before the instruction at CS:EIP.
    #[cold]
    pub(crate) fn at_breakpoint(&mut self) -> bool {
        let linear = self.linear_eip();
        self.breakpoints.stops_at(linear)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_passed_breakpoint_stops_again_after_another_instruction() {
        let mut breakpoints = Breakpoints { linear: vec![0x1000], passing: Some(0x1000) };
        // The same instruction may be started several times before it completes.
        assert!(!breakpoints.stops_at(0x1000));
        assert!(!breakpoints.stops_at(0x1000));
        assert!(!breakpoints.stops_at(0x1004));
        assert!(breakpoints.stops_at(0x1000));
    }

    #[test]
    fn blocks_are_divided_at_every_alias_of_a_breakpoint() {
        let breakpoints = Breakpoints { linear: vec![0xC000_1234], passing: None };
        assert!(breakpoints.divides(0xC000_1234));
        assert!(breakpoints.divides(0x0000_5234));
        assert!(!breakpoints.divides(0xC000_1235));
    }
}
