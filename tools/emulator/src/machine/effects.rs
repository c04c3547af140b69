//! Carries what the chip does over to the cores: resets, pins, clocks, cache control, LUT changes.

use super::Machine;
use crate::cache::CacheControl;
use crate::chip::effects::{Effect, L2Mode, Pin, PinLevel, ResetLine, Signal};
use crate::cpu::state::Activity;
use crate::diagnostics::FindingKind;
use scc::address::LutIndex;
use scc::id::{CoreId, TileId};
use scc::timing::Time;

impl Machine {
    /// Applies everything the chip has queued.
    pub(super) fn apply_effects(&mut self) {
        while self.fabric.has_effects() {
            let effects: Vec<_> = self.fabric.take_effects().collect();
            for (at, effect) in effects {
                self.apply(at, effect);
            }
        }
    }

    fn apply(&mut self, at: Time, effect: Effect) {
        match effect {
            Effect::CoreReset(core, line) => {
                let apic_enabled = self.fabric.glcfg(core).apic_enabled(core.slot());
                self.units[core.index()].set_reset(line, apic_enabled, at);
            }
            Effect::L2Reset(core, line) => {
                let hierarchy = &mut self.units[core.index()].core.hierarchy;
                let mut control = hierarchy.control();
                control.l2_reset = line == ResetLine::Asserted;
                hierarchy.set_control(control);
            }
            Effect::L2(core, mode) => {
                let hierarchy = &mut self.units[core.index()].core.hierarchy;
                let mut control = hierarchy.control();
                control.l2_way_disable = mode == L2Mode::WaysDisabled;
                control.l2_clock_stopped = mode == L2Mode::ClockStopped;
                hierarchy.set_control(control);
            }
            Effect::Pin(core, Pin::Flush, PinLevel::Active) => self.flush_l1(core),
            Effect::Pin(core, Pin::Smi, PinLevel::Active) => self.refuse_smi(core),
            Effect::Pin(core, pin, level) => {
                if pin == Pin::ProbeMode {
                    self.fabric.core_signal(core, Signal::ProbeReady(level));
                }
                let unit = &mut self.units[core.index()];
                unit.set_pin(pin, level, at);
                if matches!(unit.core.activity, Activity::Hung(_)) {
                    self.found_by_effects.push(core);
                }
            }
            Effect::TileClock(tile, period) => self.set_clock(tile, period),
            Effect::Lut(core, index) => self.change_window(core, index),
            Effect::PowerLost(tile) => {
                for core in cores_of(tile) {
                    let unit = &mut self.units[core.index()];
                    unit.core.activity = Activity::Reset;
                    unit.core.hierarchy.reset();
                    let control = unit.core.hierarchy.control();
                    unit.core.hierarchy.set_control(CacheControl { l2_reset: true, ..control });
                    unit.refresh_running();
                }
            }
        }
    }

    /// Lines cached through the window keep their old contents; dirty ones go to the new target.
    fn change_window(&mut self, core: CoreId, index: LutIndex) {
        let state = &mut self.units[core.index()].core;
        state.forget_hot_translations();
        if state.hierarchy.dirty_lines_in(index) {
            state.hierarchy.report(FindingKind::LutChangedUnderDirtyLines { index });
            self.found_by_effects.push(core);
        }
    }

    fn set_clock(&mut self, tile: TileId, period: Time) {
        for core in cores_of(tile) {
            self.units[core.index()].set_period(period);
        }
    }
}

fn cores_of(tile: TileId) -> impl Iterator<Item = CoreId> {
    CoreId::all().filter(move |core| core.tile() == tile)
}
