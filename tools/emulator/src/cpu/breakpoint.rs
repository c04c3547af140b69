//! Instruction breakpoints of a debugger attached from outside (the core's own DR0 to DR3 are in
//! [`super::system::debug`]).
//!
//! Memory is not patched, and blocks are the same with and without breakpoints. A block that holds one is run
//! an instruction at a time ([`super::observed`]); without breakpoints nothing looks at all.

use super::state::{Attention, Core};

/// The breakpoints of one core, by linear address.
#[derive(Debug, Clone, Default)]
pub(crate) struct Breakpoints {
    linear: Vec<u32>,
    /// The breakpoint that the next instruction may pass.
    passing: Option<u32>,
}

impl Breakpoints {
    /// Whether one of them lies in the `bytes` bytes from `linear`.
    pub(crate) fn any_within(&self, linear: u32, bytes: u32) -> bool {
        self.linear.iter().any(|at| at.wrapping_sub(linear) < bytes)
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
    /// Replaces the breakpoints.
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
    fn a_range_of_addresses_may_wrap() {
        let breakpoints = Breakpoints { linear: vec![0x1234, 2], passing: None };
        assert!(breakpoints.any_within(0x1230, 5));
        assert!(!breakpoints.any_within(0x1230, 4));
        assert!(!breakpoints.any_within(0x1235, 100));
        assert!(breakpoints.any_within(0xFFFF_FFF0, 0x13));
    }
}
