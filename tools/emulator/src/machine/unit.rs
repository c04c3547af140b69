//! One core as the machine runs it: its state, its decoded code, and what the chip does to it.

use crate::chip::Fabric;
use crate::chip::effects::{Pin, PinLevel, ResetLine};
use crate::cpu::block::CodeCache;
use crate::cpu::op::Op;
use crate::cpu::run::{Observer, Slice};
use crate::cpu::state::{Activity, Attention, Core};
use crate::diagnostics::{Finding, FindingKind};
use i586::flags::Eflags;
use scc::timing::Time;

/// Signature of [`crate::cpu::run::run`] for one memory model.
pub(super) type Run = fn(&mut Core, &mut CodeCache, &mut Fabric, u64, Option<&mut dyn Observer>) -> Slice;

/// A core with what the machine keeps about it.
#[derive(Debug, Clone)]
pub(super) struct Unit {
    pub(super) core: Core,
    pub(super) code: CodeCache,
    in_probe_mode: bool,
    clock_stopped: bool,
    init_active: bool,
}

impl Unit {
    pub(super) fn new(core: Core) -> Self {
        Unit { core, code: CodeCache::new(), in_probe_mode: false, clock_stopped: false, init_active: false }
    }

    /// When the core next has something to do; `None` if only the outside can change that.
    pub(super) fn ready_at(&self) -> Option<Time> {
        let core = &self.core;
        if core.is_running() {
            return Some(core.time());
        }
        if self.is_suspended() || core.activity != Activity::Halted {
            return None;
        }
        if core.attention.intersects(Attention::NMI | Attention::INIT) || self.has_deliverable_interrupt() {
            return Some(core.time());
        }
        let event = core.apic.next_event(core.cycle_at(&Op::BOUNDARY))?;
        Some(core.epoch + Time::from_cycles(event.max(core.cycles), core.period))
    }

    fn has_deliverable_interrupt(&self) -> bool {
        self.core.flags.has(Eflags::INTERRUPT) && self.core.apic.pending_vector().is_some()
    }

    fn is_suspended(&self) -> bool {
        self.in_probe_mode || self.clock_stopped || self.core.activity == Activity::Reset
    }

    /// Brings a waiting core up to `now`: timer expiry, then waking from HLT.
    pub(super) fn wake(&mut self, now: Time) {
        self.catch_up(now);
        let cycle = self.core.cycle_at(&Op::BOUNDARY);
        self.core.apic.advance(cycle);
        self.core.attention |= Attention::INTERRUPT;
        self.resume_if_due();
    }

    fn resume_if_due(&mut self) {
        let wakes = self.core.attention.intersects(Attention::NMI | Attention::INIT)
            || self.core.activity == Activity::Halted && self.has_deliverable_interrupt();
        if wakes && matches!(self.core.activity, Activity::Halted | Activity::Shutdown) {
            self.core.activity = Activity::Running;
        }
        self.refresh_running();
    }

    /// Works out [`Attention::NOT_RUNNING`] from everything that can stop the core.
    pub(super) fn refresh_running(&mut self) {
        let running = self.core.activity == Activity::Running && !self.is_suspended();
        self.core.attention.set(Attention::NOT_RUNNING, !running);
    }

    /// Lets idle time pass on the core's own clock.
    fn catch_up(&mut self, now: Time) {
        if now > self.core.time() {
            self.core.cycles = (now - self.core.epoch).cycles_ceil(self.core.period);
        }
    }

    /// RESC of the core changed.
    pub(super) fn set_reset(&mut self, line: ResetLine, apic_enabled: bool, now: Time) {
        match line {
            ResetLine::Asserted => {
                self.core.activity = Activity::Reset;
                self.core.hierarchy.reset();
            }
            ResetLine::Released if self.core.activity == Activity::Reset => {
                self.core.epoch = now;
                self.core.cycles = 0;
                self.core.reset(self.init_active);
                self.core.apic.reset(apic_enabled);
                self.core.posted_until = Time::ZERO;
                self.core.activity = Activity::Running;
                self.code.clear();
            }
            ResetLine::Released => {}
        }
        self.refresh_running();
    }

    /// The tile's clock changed.
    pub(super) fn set_period(&mut self, period: Time) {
        let core = &mut self.core;
        core.epoch = core.time();
        core.tsc_base = core.tsc_base.wrapping_add(core.cycles);
        core.apic.rebase(core.cycles);
        core.cycles = 0;
        core.period = period;
    }

    /// A pin of the core changed level at `now`.
    pub(super) fn set_pin(&mut self, pin: Pin, level: PinLevel, now: Time) {
        let active = level == PinLevel::Active;
        match pin {
            Pin::Intr | Pin::Nmi => {
                self.catch_up_if_waiting(now);
                let input = if pin == Pin::Intr {
                    crate::cpu::apic::Pin::Lint0
                } else {
                    crate::cpu::apic::Pin::Lint1
                };
                let cycle = self.core.cycle_at(&Op::BOUNDARY);
                self.core.apic.set_pin(input, active, cycle);
                if self.core.apic.take_nmi() {
                    self.core.attention |= Attention::NMI;
                }
                if self.core.apic.take_smi() {
                    self.stop_at_smi();
                }
                self.core.attention |= Attention::INTERRUPT;
                self.resume_if_due();
            }
            Pin::Init => {
                if active && !self.init_active {
                    self.catch_up_if_waiting(now);
                    self.core.attention |= Attention::INIT;
                    self.resume_if_due();
                }
                self.init_active = active;
            }
            Pin::ProbeMode => {
                if self.in_probe_mode && !active && now > self.core.time() {
                    // The time-stamp counter stands still in probe mode [U32].
                    self.core.epoch += now - self.core.time();
                }
                self.in_probe_mode = active;
                self.refresh_running();
            }
            Pin::StopClock => {
                if self.clock_stopped && !active {
                    self.catch_up(now);
                }
                self.clock_stopped = active;
                self.refresh_running();
            }
            Pin::A20Mask => {
                self.core.address_mask = if active { !(1 << 20) } else { u32::MAX };
                self.core.forget_hot_translations();
            }
            Pin::IgnoreNumericError => self.core.ignores_numeric_errors = active,
            // The machine deals with these: they need the chip.
            Pin::Flush | Pin::Smi => {}
        }
    }

    /// System management mode is not modelled: the core stops, with a finding.
    pub(super) fn stop_at_smi(&mut self) {
        let kind = FindingKind::SystemManagementNotModelled;
        self.core.activity = Activity::Hung(Box::new(Finding { kind, physical: None, system: None }));
        self.refresh_running();
    }

    fn catch_up_if_waiting(&mut self, now: Time) {
        if !self.core.is_running() && !self.is_suspended() {
            self.catch_up(now);
        }
    }
}
