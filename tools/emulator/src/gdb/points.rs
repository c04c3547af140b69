//! Breakpoints and watchpoints that gdb has set, and their transfer to the machine.
//!
//! gdb takes them all out whenever the machine stops and puts them back before it goes on; only what is
//! different in the end reaches the cores.

use crate::cpu::watch::Watchpoint;
use crate::machine::Machine;

/// How gdb asked for a breakpoint; both are the same to the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BreakKind {
    Software,
    Hardware,
}

/// What gdb has set, and what the machine has.
#[derive(Debug, Default)]
pub(super) struct Points {
    breakpoints: Vec<(u32, BreakKind)>,
    watchpoints: Vec<Watchpoint>,
    installed_breakpoints: Vec<u32>,
    installed_watchpoints: Vec<Watchpoint>,
}

impl Points {
    pub(super) fn add_breakpoint(&mut self, linear: u32, kind: BreakKind) {
        if !self.breakpoints.contains(&(linear, kind)) {
            self.breakpoints.push((linear, kind));
        }
    }

    /// Returns whether it was set.
    pub(super) fn remove_breakpoint(&mut self, linear: u32, kind: BreakKind) -> bool {
        let before = self.breakpoints.len();
        self.breakpoints.retain(|point| *point != (linear, kind));
        self.breakpoints.len() != before
    }

    pub(super) fn add_watchpoint(&mut self, watchpoint: Watchpoint) {
        if !self.watchpoints.contains(&watchpoint) {
            self.watchpoints.push(watchpoint);
        }
    }

    /// Returns whether it was set.
    pub(super) fn remove_watchpoint(&mut self, watchpoint: Watchpoint) -> bool {
        let before = self.watchpoints.len();
        self.watchpoints.retain(|point| *point != watchpoint);
        self.watchpoints.len() != before
    }

    /// How the breakpoint at a linear address was asked for.
    pub(super) fn breakpoint_at(&self, linear: u32) -> Option<BreakKind> {
        self.breakpoints.iter().find(|(at, _)| *at == linear).map(|(_, kind)| *kind)
    }

    pub(super) fn clear(&mut self) {
        self.breakpoints.clear();
        self.watchpoints.clear();
    }

    /// Brings the machine up to date.
    pub(super) fn install(&mut self, machine: &mut Machine) {
        let mut wanted: Vec<u32> = self.breakpoints.iter().map(|(linear, _)| *linear).collect();
        wanted.sort_unstable();
        wanted.dedup();
        if wanted != self.installed_breakpoints {
            machine.set_breakpoints(&wanted);
            self.installed_breakpoints = wanted;
        }
        if self.watchpoints != self.installed_watchpoints {
            machine.set_watchpoints(&self.watchpoints);
            self.installed_watchpoints.clone_from(&self.watchpoints);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::watch::WatchKind;

    #[test]
    fn points_are_sets() {
        let mut points = Points::default();
        points.add_breakpoint(0x1000, BreakKind::Software);
        points.add_breakpoint(0x1000, BreakKind::Software);
        points.add_breakpoint(0x1000, BreakKind::Hardware);
        assert_eq!(points.breakpoint_at(0x1000), Some(BreakKind::Software));
        assert!(points.remove_breakpoint(0x1000, BreakKind::Software));
        assert!(!points.remove_breakpoint(0x1000, BreakKind::Software));
        assert_eq!(points.breakpoint_at(0x1000), Some(BreakKind::Hardware));
        let watch = Watchpoint { linear: 0x2000, bytes: 4, kind: WatchKind::Write };
        points.add_watchpoint(watch);
        assert!(!points.remove_watchpoint(Watchpoint { kind: WatchKind::Read, ..watch }));
        assert!(points.remove_watchpoint(watch));
    }
}
