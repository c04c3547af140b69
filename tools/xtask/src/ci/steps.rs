//! The steps of the gate: what each runs and what to do when it fails.

use crate::guest;
use crate::guide::{self, GuideOptions};
use crate::lint;
use crate::pictures;
use crate::process::{self, CommandError};
use crate::reporter::Reporter;
use crate::setup::{self, Purpose};
use crate::tests::{self, Runner};
use crate::workspace::{self, CORE_TARGET, Workspace};

/// One step.
pub(super) struct Step {
    /// What is checked.
    pub(super) name: &'static str,
    /// What to do when it fails.
    pub(super) next: &'static str,
    /// Does it.
    pub(super) run: fn(&Workspace, &mut Reporter) -> Result<(), StepError>,
}

/// All steps in order.
pub(super) const STEPS: &[Step] = &[
    Step { name: "setup", next: "follow the hint above, then `cargo xtask setup`", run: set_up },
    Step { name: "format", next: "`cargo xtask fmt`, then look at the diff", run: format },
    Step {
        name: "house rules",
        next: "mend the lines named above; `cargo xtask lint` repeats this step",
        run: lint,
    },
    Step {
        name: "clippy, this machine",
        next: "mend the warnings above; a lint that is wrong here is silenced with #[expect] and a reason",
        run: clippy_host,
    },
    Step {
        name: "clippy, bare metal",
        next: "mend the warnings above; these crates must build without std for the SCC's cores",
        run: clippy_chip,
    },
    Step {
        name: "tests",
        next: "`cargo xtask test NAME` repeats the tests whose name contains NAME",
        run: tests,
    },
    Step {
        name: "documentation examples",
        next: "`cargo test --doc -p CRATE` repeats one crate's",
        run: doc_tests,
    },
    Step {
        name: "tests as 32-bit programs",
        next: "look for arithmetic that relies on a 64-bit usize",
        run: tests_in_32_bit,
    },
    Step {
        name: "models of concurrency",
        next: "`RUSTFLAGS=\"--cfg loom\" cargo test -p executor --release --test loom` repeats them",
        run: models,
    },
    Step {
        name: "interrupts between instructions",
        next: "`cargo test --release -p executor --features single-core-x86 --test interrupted` repeats it",
        run: interrupts,
    },
    Step {
        name: "Linux guest",
        next: "`cargo xtask guest session` and `guest storm --short` repeat it; guests/linux/README.md says what it does",
        run: linux_guest,
    },
    Step {
        name: "guide",
        next: "`cargo xtask guide CHAPTER` repeats one chapter; mend it, or what it tells of",
        run: guide,
    },
    Step {
        name: "pictures",
        next: "`cargo xtask pictures` draws them anew; look at them before they go in",
        run: pictures,
    },
    Step { name: "documentation", next: "mend the links and warnings named above", run: documentation },
];

fn set_up(workspace: &Workspace, reporter: &mut Reporter) -> Result<(), StepError> {
    reporter.release_terminal();
    for shortcoming in setup::ensure(workspace, Purpose::Ci)?.shortcomings() {
        reporter.leave_out(shortcoming);
    }
    Ok(())
}

fn format(workspace: &Workspace, reporter: &mut Reporter) -> Result<(), StepError> {
    Ok(reporter.quietly(process::cargo(workspace).args(["fmt", "--all", "--check"]))?)
}

fn lint(workspace: &Workspace, reporter: &mut Reporter) -> Result<(), StepError> {
    reporter.note(lint::check(workspace)?);
    Ok(())
}

fn clippy_host(workspace: &Workspace, reporter: &mut Reporter) -> Result<(), StepError> {
    let mut command = process::cargo(workspace);
    command.args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]);
    Ok(reporter.quietly(&mut command)?)
}

fn clippy_chip(workspace: &Workspace, reporter: &mut Reporter) -> Result<(), StepError> {
    let packages: Vec<_> = workspace::chip_package_arguments().collect();
    let programs = workspace::CHIP_PROGRAMS.iter().map(|program| vec!["-p", program]);
    let on_a_pc = vec!["-p", "kernel", "--no-default-features", "--features", "pc"];
    let with_trials = vec!["-p", "kernel", "--features", "trials"];
    let both = vec!["-p", "kernel", "--no-default-features", "--features", "pc,trials"];
    let untraced = vec!["-p", "kernel", "--features", "trials,untraced"];
    let kernels = [on_a_pc, with_trials, both, untraced];
    for subject in std::iter::once(packages).chain(programs).chain(kernels) {
        let mut command = process::cargo(workspace);
        command.arg("clippy").args(subject).args(["--target", CORE_TARGET, "--", "-D", "warnings"]);
        reporter.quietly(&mut command)?;
    }
    Ok(())
}

fn tests(workspace: &Workspace, reporter: &mut Reporter) -> Result<(), StepError> {
    let runner = Runner::installed(workspace);
    reporter.note(runner.announcement().to_owned());
    Ok(reporter.aloud(&mut runner.command(workspace, None))?)
}

fn doc_tests(workspace: &Workspace, reporter: &mut Reporter) -> Result<(), StepError> {
    Ok(reporter.aloud(&mut tests::documentation_examples(workspace))?)
}

fn tests_in_32_bit(workspace: &Workspace, reporter: &mut Reporter) -> Result<(), StepError> {
    if let Err(reason) = tests::prove_32_bit_programs_run(workspace) {
        reporter.leave_out(format!("tests as 32-bit programs are off: {reason}"));
        return Ok(());
    }
    Ok(reporter.aloud(&mut tests::chip_packages_in_32_bit(workspace))?)
}

/// Loom's models are built apart: their flag changes every crate.
fn models(workspace: &Workspace, reporter: &mut Reporter) -> Result<(), StepError> {
    let mut command = process::cargo(workspace);
    command.args(["test", "--package", "executor", "--release", "--test", "loom"]);
    command
        .env("CARGO_ENCODED_RUSTFLAGS", "--cfg\u{1f}loom")
        .env("CARGO_TARGET_DIR", workspace.scratch().join("loom"));
    Ok(reporter.aloud(&mut command)?)
}

/// A feature that no host program asks for. Optimised, because the number of runs is that of the instructions.
fn interrupts(workspace: &Workspace, reporter: &mut Reporter) -> Result<(), StepError> {
    let mut command = process::cargo(workspace);
    command.args(["test", "--package", "executor", "--release"]);
    command.args(["--features", "single-core-x86", "--test", "interrupted"]);
    Ok(reporter.aloud(&mut command)?)
}

/// The guest is built anew if its inputs have changed, booted, and stopped and started beside another.
fn linux_guest(workspace: &Workspace, reporter: &mut Reporter) -> Result<(), StepError> {
    for variant in [guest::Variant::Native, guest::Variant::Guest] {
        let mut commands = guest::gate(workspace, variant);
        if commands.is_empty() {
            let name = variant.name();
            let build = format!("`cargo xtask guest build --variant {name}`");
            reporter.leave_out(format!("the Linux guest, variant {name}, was never built here: {build}"));
        }
        for command in &mut commands {
            reporter.quietly(command)?;
        }
    }
    Ok(())
}

fn guide(workspace: &Workspace, reporter: &mut Reporter) -> Result<(), StepError> {
    reporter.release_terminal();
    let everything = GuideOptions { name: None, no_run: false };
    guide::check(workspace, &everything)
        .map_err(Box::new)?
        .into_iter()
        .for_each(|text| reporter.leave_out(format!("guide: {text}")));
    Ok(())
}

fn pictures(workspace: &Workspace, reporter: &mut Reporter) -> Result<(), StepError> {
    reporter.release_terminal();
    Ok(pictures::check(workspace).map_err(Box::new)?)
}

fn documentation(workspace: &Workspace, reporter: &mut Reporter) -> Result<(), StepError> {
    let mut command = process::cargo(workspace);
    command.args(["doc", "--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings");
    Ok(reporter.quietly(&mut command)?)
}

/// Why a step failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum StepError {
    #[error(transparent)]
    Command(#[from] CommandError),
    #[error(transparent)]
    Setup(#[from] setup::SetupError),
    #[error(transparent)]
    Lint(#[from] lint::LintError),
    #[error(transparent)]
    Guide(#[from] Box<guide::GuideError>),
    #[error(transparent)]
    Pictures(#[from] Box<pictures::PictureError>),
}
