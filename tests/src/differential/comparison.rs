//! Running cases on all sides.

use super::effect::Effect;
use super::emulated::{EmulatedCpu, Path};
use super::report::Difference;
use super::{decode, undefined};
use crate::native::{NativeCpu, NativeError};
use native_runner::{BATCH, Case};

/// The judges and the judged of a comparison.
pub struct Comparison {
    native: NativeCpu,
    emulated: [(Path, EmulatedCpu); 3],
}

impl Comparison {
    /// Starts the native runner and builds a board for each path to memory.
    ///
    /// # Errors
    /// This machine cannot run the native runner.
    pub fn start() -> Result<Comparison, NativeError> {
        Ok(Comparison {
            native: NativeCpu::start()?,
            emulated: Path::ALL.map(|path| (path, EmulatedCpu::new(path))),
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
                let undefined = undefined::flags(case);
                for (path, cpu) in &mut self.emulated {
                    let emulated = cpu.run(case);
                    if !native.agrees_with(&emulated, undefined) {
                        let (case, native) = (case.clone(), native.clone());
                        differences.push(Difference { case, native, emulated, path: *path });
                    }
                }
            }
        }
        Ok(differences)
    }
}
