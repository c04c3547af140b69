//! Runs a machine with a trace.

use super::tracer::{Both, Tracer};
use crate::cpu::run::Observer;
use crate::machine::{Limits, Machine, RunEnd};
use scc::id::CoreId;

impl Machine {
    /// As [`Machine::run`], with a trace. If the trace fails, the run ends with [`RunEnd::Observed`]; see
    /// [`Tracer::finish`].
    pub fn run_traced(&mut self, limits: &Limits, tracer: &mut Tracer) -> RunEnd {
        self.run_traced_observed(limits, tracer, None)
    }

    /// As [`Machine::run_traced`], with a second observer that is asked first.
    pub(crate) fn run_traced_observed(
        &mut self,
        limits: &Limits,
        tracer: &mut Tracer,
        other: Option<&mut dyn Observer>,
    ) -> RunEnd {
        self.record_for_trace();
        let mut both = Both { tracer: &mut *tracer, other };
        let slice = Limits { slices: Some(1), ..*limits };
        let mut slices = limits.slices.unwrap_or(u64::MAX);
        while slices > 0 {
            slices -= 1;
            let end = self.run_observed(&slice, Some(&mut both));
            // One slice, so one core at most.
            for core in CoreId::all().map(|core| self.core(core)) {
                both.tracer.end_slice(core, self.fabric());
            }
            self.forget_records();
            if end != RunEnd::Paused {
                return end;
            }
        }
        RunEnd::Paused
    }
}
