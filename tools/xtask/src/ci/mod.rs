//! `cargo xtask ci`: the whole gate, one step after the other, cheapest first.
//!
//! The first failing step ends it: its output is on the screen, followed by what to do next. At the end come
//! the times of all steps, what was left out and why, and last the test runners' own verdicts.

mod steps;

use crate::ci::steps::{STEPS, StepError};
use crate::reporter::Reporter;
use crate::workspace::Workspace;

/// Runs every step.
pub(crate) fn run(workspace: &Workspace) -> Result<(), CiError> {
    let mut reporter = Reporter::new("ci", STEPS.len());
    for step in STEPS {
        reporter.begin(step.name);
        match (step.run)(workspace, &mut reporter) {
            Ok(()) => reporter.succeed(),
            Err(source) => {
                reporter.fail();
                return Err(CiError { step: step.name, next: step.next, source });
            }
        }
    }
    reporter.summarise();
    Ok(())
}

/// The step at which the gate stopped.
#[derive(Debug, thiserror::Error)]
#[error("ci stopped at step `{step}`: {source}\n  next: {next}")]
pub(crate) struct CiError {
    step: &'static str,
    next: &'static str,
    source: StepError,
}
