//! The test runners: which one this machine has, how it is called, and which of its lines is its verdict.
//!
//! cargo-nextest runs each test in its own process with the time limits of `.config/nextest.toml`; where it
//! is not installed, `cargo test` runs the same tests without limits.

use std::process::Command;

use crate::process::{self, CommandError};
use crate::workspace::{self, CORE_TARGET, Workspace};

/// A program that runs the unit and integration tests.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Runner {
    /// `cargo nextest run`
    Nextest,
    /// `cargo test`
    Cargo,
}

impl Runner {
    /// The best runner that is installed.
    pub(crate) fn installed(workspace: &Workspace) -> Self {
        if process::probe(process::cargo(workspace).args(["nextest", "--version"])) {
            Self::Nextest
        } else {
            Self::Cargo
        }
    }

    /// One line that says which runner it is and what follows from it.
    pub(crate) fn announcement(self) -> &'static str {
        match self {
            Self::Nextest => "runner: cargo-nextest, time limits from .config/nextest.toml",
            Self::Cargo => "runner: cargo test, without time limits, because cargo-nextest is not installed",
        }
    }

    /// All unit and integration tests of the workspace, or those whose name contains `filter`.
    pub(crate) fn command(self, workspace: &Workspace, filter: Option<&str>) -> Command {
        let mut command = process::cargo(workspace);
        match self {
            Self::Nextest => command.args(["nextest", "run", "--workspace"]),
            Self::Cargo => command.args(["test", "--workspace", "--lib", "--bins", "--tests", "--examples"]),
        };
        command.args(filter);
        command
    }
}

/// The examples in documentation, which nextest does not run.
pub(crate) fn documentation_examples(workspace: &Workspace) -> Command {
    let mut command = process::cargo(workspace);
    command.args(["test", "--workspace", "--doc"]);
    command
}

/// Unit tests of the chip packages as 32-bit programs.
///
/// The settings for [`CORE_TARGET`] in `.cargo/config.toml` are those of bare metal; a test is an ordinary
/// Linux program, so it is linked by gcc and without those flags.
pub(crate) fn chip_packages_in_32_bit(workspace: &Workspace) -> Command {
    let mut command = process::cargo(workspace);
    command
        .args(["test", "--lib", "--target", CORE_TARGET])
        .args(workspace::chip_package_arguments())
        .env("CARGO_TARGET_I586_UNKNOWN_LINUX_GNU_LINKER", "gcc")
        .env("CARGO_ENCODED_RUSTFLAGS", "");
    command
}

/// Builds and runs an empty 32-bit program; the error is why this machine cannot.
pub(crate) fn prove_32_bit_programs_run(workspace: &Workspace) -> Result<(), No32Bit> {
    let directory = workspace.scratch();
    std::fs::create_dir_all(&directory).map_err(No32Bit::Scratch)?;
    let (source, program) = (directory.join("empty.c"), directory.join("empty-32-bit"));
    std::fs::write(&source, "int main(void) { return 0; }\n").map_err(No32Bit::Scratch)?;
    if !process::probe(Command::new("gcc").args(["-m32", "-o"]).args([&program, &source])) {
        return Err(No32Bit::Link);
    }
    if process::probe(&mut Command::new(&program)) { Ok(()) } else { Err(No32Bit::Run) }
}

/// Why 32-bit programs do not work here.
#[derive(Debug, thiserror::Error)]
pub(crate) enum No32Bit {
    /// The probe could not be written.
    #[error("cannot write a probe program: {0}")]
    Scratch(std::io::Error),
    /// There is no 32-bit C library to link with.
    #[error("gcc cannot link 32-bit programs (Debian: package gcc-multilib)")]
    Link,
    /// The kernel refuses the program.
    #[error("this machine links 32-bit programs but does not run them")]
    Run,
}

/// Tells whether `line`, possibly with colours, is a runner's count of passed and failed tests.
pub(crate) fn is_verdict(line: &str) -> bool {
    line.starts_with("test result: ") || (line.contains("Summary") && line.contains(" tests run: "))
}

/// Runs the tests on this terminal, as `cargo xtask test` does.
pub(crate) fn run_by_hand(workspace: &Workspace, filter: Option<&str>) -> Result<(), CommandError> {
    let runner = Runner::installed(workspace);
    println!("{}", runner.announcement());
    process::run(&mut runner.command(workspace, filter))
}

#[cfg(test)]
mod behaviour {
    use super::*;

    #[test]
    fn verdicts_of_both_runners_are_recognised_with_and_without_colour() {
        assert!(is_verdict("     Summary [   3.221s] 104 tests run: 104 passed, 0 skipped"));
        assert!(is_verdict("\u{1b}[32;1m     Summary\u{1b}[0m [   0.014s] 2 tests run: 2 passed, 0 skipped"));
        assert!(is_verdict("test result: ok. 7 passed; 0 failed; 0 ignored"));
        assert!(!is_verdict("        PASS [   0.003s] scc lut::tests::entry"));
    }

    #[test]
    fn filter_is_the_last_argument() {
        let workspace = Workspace::locate().expect("tests run inside the workspace");
        for runner in [Runner::Nextest, Runner::Cargo] {
            let command = runner.command(&workspace, Some("reset"));
            assert_eq!(command.get_args().last(), Some("reset".as_ref()));
        }
    }
}
