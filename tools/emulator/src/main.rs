//! `scc-emu`, the command line of the emulator. Everything it does is in the modules of `cli`, on top of the
//! library's public interface.
#![forbid(unsafe_code)]

mod cli;

fn main() -> std::process::ExitCode {
    cli::run_command_line()
}
