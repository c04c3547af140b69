//! `--gdb` and `--trace`: where the debugger and the trace are hooked into a run.

use std::path::Path;

use scc_emu::Machine;

use super::exit::CommandError;

/// Begins a trace of the machine.
pub(crate) fn start_trace(_machine: &mut Machine, _file: &Path) -> Result<(), CommandError> {
    Err(CommandError::NotAvailable("--trace"))
}

/// Hands the machine to a debugger that connects to `address`, until it lets go.
pub(crate) fn serve_debugger(_machine: &mut Machine, _address: &str) -> Result<(), CommandError> {
    Err(CommandError::NotAvailable("--gdb"))
}
