//! The host CPU as a judge: cases go to the native runner, outcomes come back.
//!
//! Trusted for everything but flags and results that the architecture leaves undefined: those are its maker's.

mod program;

pub use crate::core_program::BuildError;
pub use program::program;

use native_runner::{BATCH, CASE_BYTES, Case, GREETING, OUTCOME_BYTES, Outcome};
use std::io::{self, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// Environment variable that, set to `off`, leaves out the tests that need 32-bit programs on this machine.
pub const SWITCH: &str = "BOOT_TESTS_NATIVE";

/// Whether tests against the host CPU are to run; if not, says so.
pub fn is_wanted() -> bool {
    let wanted = std::env::var(SWITCH).as_deref() != Ok("off");
    if !wanted {
        eprintln!("left out: {SWITCH}=off, nothing was compared with this machine's CPU");
    }
    wanted
}

/// A running native runner. Dropping it ends the process.
#[derive(Debug)]
pub struct NativeCpu {
    process: Child,
    input: ChildStdin,
    output: ChildStdout,
}

impl NativeCpu {
    /// Builds and starts the runner.
    ///
    /// # Errors
    /// The runner cannot be built, or this machine does not run 32-bit programs.
    pub fn start() -> Result<NativeCpu, NativeError> {
        let path = program()?;
        let mut process = Command::new(path)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(NativeError::Start)?;
        let input = process.stdin.take().expect("standard input was asked to be a pipe");
        let output = process.stdout.take().expect("standard output was asked to be a pipe");
        let mut cpu = NativeCpu { process, input, output };
        let mut greeting = GREETING;
        greeting.fill(0);
        match cpu.output.read_exact(&mut greeting) {
            Ok(()) if greeting == GREETING => Ok(cpu),
            Ok(()) => Err(NativeError::Greeting(greeting)),
            Err(_) => Err(NativeError::Ended(cpu.process.wait().map_err(NativeError::Start)?.to_string())),
        }
    }

    /// Executes the cases and returns their outcomes in the same order.
    ///
    /// # Errors
    /// The runner ended early.
    pub fn run(&mut self, cases: &[Case]) -> Result<Vec<Outcome>, NativeError> {
        let mut outcomes = Vec::with_capacity(cases.len());
        for batch in cases.chunks(BATCH) {
            if let Err(error) = self.exchange(batch, &mut outcomes) {
                let status = self.process.wait().map_err(NativeError::Start)?;
                return Err(NativeError::Lost { error, status: status.to_string() });
            }
        }
        Ok(outcomes)
    }

    fn exchange(&mut self, batch: &[Case], outcomes: &mut Vec<Outcome>) -> io::Result<()> {
        let count = u32::try_from(batch.len()).expect("a batch is small");
        let mut request = count.to_le_bytes().to_vec();
        for case in batch {
            let start = request.len();
            request.resize(start + CASE_BYTES, 0);
            case.encode(&mut request[start..]);
        }
        self.input.write_all(&request)?;
        self.input.flush()?;
        let mut answer = vec![0; batch.len() * OUTCOME_BYTES];
        self.output.read_exact(&mut answer)?;
        let decoded = answer.chunks(OUTCOME_BYTES).filter_map(Outcome::decode);
        outcomes.extend(decoded);
        Ok(())
    }
}

impl Drop for NativeCpu {
    fn drop(&mut self) {
        // Either fails only if the process has ended already, which is what is wanted.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// Why the host CPU gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum NativeError {
    /// The runner could not be built.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The runner could not be started or waited for.
    #[error("this machine does not run 32-bit programs ({0}); {SWITCH}=off leaves these tests out")]
    Start(io::Error),
    /// The runner ended before it was ready.
    #[error("the native runner found this machine unsuitable ({0}); {SWITCH}=off leaves these tests out")]
    Ended(String),
    /// Something else than the runner answered.
    #[error("the native runner greeted with {0:?}")]
    Greeting([u8; 4]),
    /// The runner ended in the middle of a batch.
    #[error("the native runner was lost in the middle of a batch: {error} ({status})")]
    Lost {
        /// What the pipe said.
        error: io::Error,
        /// How the process ended.
        status: String,
    },
}
