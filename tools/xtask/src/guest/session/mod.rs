//! A session with the guest: commands for its shell, and their answers compared.
//!
//! The kernel for a PC is [`typed`] at on QEMU's PC. Below the hypervisor the commands are a script, [`scripted`]. After
//! each command the shell prints a mark with the command's exit status; what stands before the mark is the answer.

mod bare_core;
mod scripted;
mod typed;

use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Instant;

use guest_terminal::{Machine, Script, ScriptError};
use serde::Deserialize;

use super::Variant;
use super::places::Places;
use crate::boot::Platform;

pub(super) use self::bare_core::measured as measured_natively;
pub(super) use self::scripted::measured;
pub(crate) use self::scripted::printed;
pub(super) use self::typed::qemu;

/// What the commands may cost below the hypervisor: the rest of the script's file.
#[derive(Debug, Deserialize)]
struct Budgets {
    budget: Vec<Budget>,
}

/// The most that a figure may be. The guest prints it as `figure NAME VALUE`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Budget {
    /// Its name.
    figure: String,
    /// The most.
    most: f64,
}

/// Runs all commands of `guests/linux/session.toml` in a variant, the one for the hypervisor on `platform`.
pub(super) fn run(places: &Places, variant: Variant, platform: Platform) -> Result<(), SessionError> {
    let path = places.own("session.toml");
    let machine = match (variant, platform) {
        (Variant::Guest, Platform::Scc) => Machine::Scc,
        (Variant::Native, _) | (_, Platform::Pc) => Machine::Pc,
    };
    let guests = usize::from(variant == Variant::Guest);
    let script = Script::read(&path, machine, guests)?;
    let commands = script.command.len();
    let started = Instant::now();
    match variant {
        Variant::Native => typed::run(places, script)?,
        Variant::Guest => {
            let text =
                std::fs::read_to_string(&path).map_err(|source| SessionError::File { path, source })?;
            let budgets: Budgets =
                toml::from_str(&text).map_err(|source| SessionError::Budgets(Box::new(source)))?;
            scripted::run(places, &script, &budgets.budget, platform)?;
        }
    }
    println!("session: {commands} commands, {:.1} s", started.elapsed().as_secs_f64());
    Ok(())
}

/// Why the session failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SessionError {
    /// There is no script.
    #[error(transparent)]
    Script(#[from] ScriptError),
    /// The budgets are not of the form of this module.
    #[error("guests/linux/session.toml: {0}")]
    Budgets(Box<toml::de::Error>),
    /// The guest did not answer as it should.
    #[error(transparent)]
    Guest(#[from] guest_terminal::SessionError),
    /// A file cannot be read.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// QEMU does not run or does not listen.
    #[error("qemu-system-i386: {0}")]
    Qemu(std::io::Error),
    /// QEMU ended with an error.
    #[error("qemu-system-i386 ended with {0}")]
    Status(ExitStatus),
    /// The kernel with the hypervisor was not started.
    #[error("boot: {0}")]
    Boot(std::io::Error),
    /// Boot or guest ended otherwise than by the script.
    #[error("boot ended with {status}, and the guest did not power off by itself; it said:\n{seen}")]
    Broken {
        /// How it ended.
        status: ExitStatus,
        /// What kernel and guest said.
        seen: String,
    },
    /// The kernel without a hypervisor did not come to its end on the emulated core.
    #[error(
        "scc-emu ended with {status}, and the kernel for a processor of its own did not measure; it said:\n{seen}"
    )]
    Native {
        /// How it ended.
        status: ExitStatus,
        /// What it said.
        seen: String,
    },
    /// The script has not answered all of its commands.
    #[error("{found} of {wanted} commands were answered; the guest said:\n{seen}")]
    Unanswered {
        /// Answers.
        found: usize,
        /// Commands.
        wanted: usize,
        /// What the guest said.
        seen: String,
    },
    /// Figures are above their budgets, or missing.
    #[error("budgets of guests/linux/session.toml:\n  {lines}")]
    Budget {
        /// One line for each.
        lines: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_budgets_are_well_formed() {
        let workspace = crate::workspace::Workspace::locate().expect("a workspace");
        let text =
            std::fs::read_to_string(workspace.root().join("guests/linux/session.toml")).expect("readable");
        let budgets: Budgets = toml::from_str(&text).expect("well formed");
        assert!(!budgets.budget.is_empty());
    }
}
