//! A session with the guest: commands for its shell, and their answers compared.
//!
//! The kernel for a PC is [`typed`] at on QEMU's PC. Below the hypervisor the commands are a script, [`scripted`]. After
//! each command the shell prints a mark with the command's exit status; what stands before the mark is the answer.

mod scripted;
mod typed;

use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Instant;

use serde::Deserialize;

use super::Variant;
use super::places::Places;
use crate::boot::Platform;

pub(super) use self::typed::qemu;

/// What the shell prints after each command, before the exit status.
const MARK: &str = "session-status:";

/// The commands, and what they may cost below the hypervisor.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Script {
    command: Vec<Step>,
    budget: Vec<Budget>,
}

/// A command and its answer.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    /// What is typed.
    run: String,
    /// Whole answer, without blanks at its ends.
    #[serde(default)]
    says: Option<String>,
    /// Exit status.
    #[serde(default)]
    status: u8,
    /// The only machine on which it is run.
    #[serde(default)]
    only: Option<Machine>,
    /// Guests of the hypervisor that it needs at least.
    #[serde(default)]
    guests: usize,
}

/// A machine that does what others do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Machine {
    /// The emulated SCC.
    Scc,
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
    let text = std::fs::read_to_string(&path).map_err(|source| SessionError::File { path, source })?;
    let mut script: Script =
        toml::from_str(&text).map_err(|source| SessionError::Script(Box::new(source)))?;
    let on_the_chip = variant == Variant::Guest && platform == Platform::Scc;
    let guests = usize::from(variant == Variant::Guest);
    script.command.retain(|step| (step.only != Some(Machine::Scc) || on_the_chip) && step.guests <= guests);
    let started = Instant::now();
    match variant {
        Variant::Native => typed::run(places, &script)?,
        Variant::Guest => scripted::run(places, &script, platform)?,
    }
    println!("session: {} commands, {:.1} s", script.command.len(), started.elapsed().as_secs_f64());
    Ok(())
}

impl Step {
    fn compare(&self, answer: &Answer) -> Result<(), SessionError> {
        let fits = self.says.as_ref().is_none_or(|says| *says == answer.text);
        if fits && answer.status == self.status {
            return Ok(());
        }
        Err(SessionError::Answer {
            run: self.run.clone(),
            wanted: self.says.clone().unwrap_or_default(),
            wanted_status: self.status,
            answer: answer.text.clone(),
            status: answer.status,
        })
    }
}

/// What a command printed, and its exit status.
#[derive(Debug, PartialEq, Eq)]
struct Answer {
    text: String,
    status: u8,
}

/// Why the session failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SessionError {
    /// The script is not of the form of this module.
    #[error("guests/linux/session.toml: {0}")]
    Script(Box<toml::de::Error>),
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
    /// The guest says nothing more.
    #[error("the guest did not answer within {patience} s; before that it said:\n{seen}")]
    Silent {
        /// Seconds that were waited.
        patience: u64,
        /// What it said.
        seen: String,
    },
    /// QEMU ended too early, or with an error.
    #[error("QEMU ended; before that the guest said:\n{seen}")]
    Ended {
        /// What it said.
        seen: String,
    },
    /// A command's answer is another one.
    #[error(
        "`{run}`\n  should say `{wanted}` with status {wanted_status}\n  says       `{answer}` with status {status}"
    )]
    Answer {
        /// The command.
        run: String,
        /// What it should have said.
        wanted: String,
        /// Status it should have had.
        wanted_status: u8,
        /// What it said.
        answer: String,
        /// Its status.
        status: u8,
    },
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
    fn own_script_is_well_formed() {
        let workspace = crate::workspace::Workspace::locate().expect("a workspace");
        let text =
            std::fs::read_to_string(workspace.root().join("guests/linux/session.toml")).expect("readable");
        let script: Script = toml::from_str(&text).expect("well formed");
        assert!(!script.command.is_empty() && script.command.iter().all(|step| !step.run.contains(MARK)));
    }

    #[test]
    fn other_answer_and_other_status_are_told() {
        let step = Step { run: "f".into(), says: Some("a".into()), status: 0, only: None, guests: 0 };
        let answer = |text: &str, status| Answer { text: text.into(), status };
        assert!(step.compare(&answer("a", 0)).is_ok());
        assert!(step.compare(&answer("b", 0)).is_err());
        assert!(step.compare(&answer("a", 1)).is_err());
    }
}
