//! What a debugger or a trace attached to the machine may do to it.

use super::Machine;
use crate::cpu::fpu::Fpu;
use crate::cpu::state::Core;
use crate::cpu::watch::Watchpoint;
use scc::id::CoreId;

/// Which cores a debugger holds still, one bit per core.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Held(u64);

impl Held {
    /// Holds every core but those in `running`.
    pub(crate) fn all_but(running: impl IntoIterator<Item = CoreId>) -> Self {
        Held(!running.into_iter().fold(0_u64, |mask, core| mask | 1 << core.index()))
    }

    pub(crate) const fn contains(self, core: CoreId) -> bool {
        self.0 >> core.number() & 1 != 0
    }
}

impl Machine {
    pub(crate) fn core(&self, core: CoreId) -> &Core {
        &self.units[core.index()].core
    }

    /// Replaces the breakpoints of all cores.
    pub(crate) fn set_breakpoints(&mut self, linear: &[u32]) {
        for unit in &mut self.units {
            unit.core.set_breakpoints(linear);
        }
    }

    /// Lets a core execute the instruction at its EIP although a breakpoint is on it.
    pub(crate) fn pass_breakpoint(&mut self, core: CoreId) {
        self.units[core.index()].core.pass_breakpoint();
    }

    /// Replaces the watchpoints of all cores.
    pub(crate) fn set_watchpoints(&mut self, watchpoints: &[Watchpoint]) {
        for unit in &mut self.units {
            unit.core.set_watchpoints(watchpoints.to_vec());
        }
    }

    /// The watchpoint that stopped a core before its access.
    pub(crate) fn take_watch_hit(&mut self, core: CoreId) -> Option<Watchpoint> {
        self.units[core.index()].core.watch_hit.take()
    }

    /// Makes a core's accesses pass its watchpoints, or stop at them again.
    pub(crate) fn ignore_watchpoints(&mut self, core: CoreId, ignore: bool) {
        self.units[core.index()].core.pass_watchpoints = ignore;
    }

    /// Holds cores still until the next call. The others go on as if they were alone on the chip, so their
    /// clocks get ahead; the held ones catch up first when they are let go.
    pub(crate) fn hold(&mut self, held: Held) {
        self.held = held;
    }

    /// Cores that were stopped inside a decoded block decode anew: what they were to execute may have changed.
    pub(super) fn forget_places_in_blocks(&mut self) {
        for unit in &mut self.units {
            unit.core.midway = None;
        }
    }

    /// Starts recording what a trace shows besides instructions.
    pub(crate) fn record_for_trace(&mut self) {
        self.fabric.record_transactions();
        for unit in &mut self.units {
            unit.core.deliveries.get_or_insert_default();
        }
    }

    /// Forgets what was recorded.
    pub(crate) fn forget_records(&mut self) {
        self.fabric.forget_transactions();
        for deliveries in self.units.iter_mut().filter_map(|unit| unit.core.deliveries.as_mut()) {
            deliveries.clear();
        }
    }

    /// A core's FPU, for changes.
    pub(crate) fn fpu_mut(&mut self, core: CoreId) -> &mut Fpu {
        &mut self.units[core.index()].core.fpu
    }
}
