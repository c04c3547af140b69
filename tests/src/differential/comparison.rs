//! Running cases on all sides.

use super::effect::Effect;
use super::emulated::EmulatedCpu;
use super::report::Difference;
use super::{decode, undefined};
use crate::native::{NativeCpu, NativeError};
use native_runner::{BATCH, Case};
use scc_emu::MemoryModel;

/// The judges and the judged of a comparison.
pub struct Comparison {
    native: NativeCpu,
    emulated: [(&'static str, EmulatedCpu); 2],
}

impl Comparison {
    /// Starts the native runner and builds a board in each memory model.
    ///
    /// # Errors
    /// This machine cannot run the native runner.
    pub fn start() -> Result<Comparison, NativeError> {
        Ok(Comparison {
            native: NativeCpu::start()?,
            emulated: [
                ("fast", EmulatedCpu::new(MemoryModel::Fast)),
                ("strict", EmulatedCpu::new(MemoryModel::Strict)),
            ],
        })
    }

    /// Runs the cases on all and returns what differs.
    ///
    /// # Errors
    /// The native runner was lost.
    ///
    /// # Panics
    /// If a case wrote outside the scratch memory: the group that made it is wrong.
    pub fn differences(&mut self, cases: &[Case]) -> Result<Vec<Difference>, NativeError> {
        let mut differences = Vec::new();
        for batch in cases.chunks(BATCH) {
            let outcomes = self.native.run(batch)?;
            for (case, outcome) in batch.iter().zip(&outcomes) {
                let instruction = decode(case);
                assert_eq!(outcome.strayed, 0, "{instruction} wrote outside the scratch memory: {case:x?}");
                let native = Effect::of_native(case, outcome);
                let undefined = undefined::flags(&instruction, case);
                for (model, cpu) in &mut self.emulated {
                    let emulated = cpu.run(case);
                    if !native.agrees_with(&emulated, undefined) {
                        let (case, native) = (case.clone(), native.clone());
                        differences.push(Difference { case, native, emulated, model });
                    }
                }
            }
        }
        Ok(differences)
    }
}
