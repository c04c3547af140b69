//! What is typed at a guest's shell, and what it answers: a TOML file.
//!
//! ```text
//! prompt = "guest:"                        written when the shell reads its first line
//! prepare = ["stty -echo; PS1=; PS2="]     lines after which the shell shows neither prompts nor what is typed
//! end = "poweroff -f"                      line that ends the guest
//! seconds = 60                             time until the shell asks, and for each command
//!
//! [[command]]
//! run = "echo $((6 * 7))"
//! says = "42"                              whole answer, without blanks at its ends; anything if left out
//! status = 0                               exit status
//! seconds = 5                              time for this command
//! only = "scc"                             machine that it is typed on, all if left out: scc, pc
//! guests = 2                               guests of the hypervisor that it needs at least
//! ```

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

/// What the shell prints after each command, before the exit status.
pub const MARK: &str = "session-status:";

/// A script. What is left out is as the shell of the Linux guest wants it; further tables are for other readers.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub struct Script {
    /// Written when the shell reads its first line.
    #[serde(default = "prompt")]
    pub prompt: String,
    /// Lines after which the shell shows neither prompts nor what is typed.
    #[serde(default = "prepare")]
    pub prepare: Vec<String>,
    /// Line that ends the guest.
    #[serde(default = "end")]
    pub end: String,
    /// Seconds of the guest's time until the shell asks, and for each command.
    #[serde(default = "seconds")]
    pub seconds: u32,
    /// The commands.
    pub command: Vec<Step>,
}

/// A command and its answer.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// What is typed.
    pub run: String,
    /// Whole answer, without blanks at its ends.
    #[serde(default)]
    pub says: Option<String>,
    /// Exit status.
    #[serde(default)]
    pub status: u8,
    /// Seconds of the guest's time for it, if others than the script's.
    #[serde(default)]
    pub seconds: Option<u32>,
    /// Machine that it is for, if not for all.
    #[serde(default)]
    pub only: Option<Machine>,
    /// Guests of the hypervisor that must be there: 1 for what only a guest has, 2 for what takes another one.
    #[serde(default)]
    pub guests: usize,
}

/// What a guest's hypervisor runs on.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Machine {
    /// The SCC.
    Scc,
    /// A PC.
    Pc,
}

fn prompt() -> String {
    "guest:".to_owned()
}

fn prepare() -> Vec<String> {
    vec!["stty -echo; PS1=; PS2=".to_owned()]
}

fn end() -> String {
    "poweroff -f".to_owned()
}

const fn seconds() -> u32 {
    60
}

/// Why a file is no script.
#[derive(Debug, thiserror::Error)]
pub enum ScriptError {
    /// It cannot be read.
    #[error("{file}: {source}", file = file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It is of another form.
    #[error("{file}: {source}", file = file.display())]
    Form {
        /// The file.
        file: PathBuf,
        /// Where and what.
        source: Box<toml::de::Error>,
    },
    /// It has no command, or one that prints the mark between answers.
    #[error("{file}: a script has commands, and none of them prints `{MARK}`", file = file.display())]
    Commands {
        /// The file.
        file: PathBuf,
    },
}

impl Script {
    /// Reads a script, with the commands for a machine with so many guests.
    ///
    /// # Errors
    /// [`ScriptError`] with the file.
    pub fn read(file: &Path, machine: Machine, guests: usize) -> Result<Self, ScriptError> {
        let text = std::fs::read_to_string(file)
            .map_err(|source| ScriptError::Read { file: file.to_owned(), source })?;
        let mut script: Self = toml::from_str(&text)
            .map_err(|source| ScriptError::Form { file: file.to_owned(), source: Box::new(source) })?;
        script.command.retain(|step| step.only.is_none_or(|only| only == machine) && step.guests <= guests);
        if script.command.is_empty() || script.command.iter().any(|step| step.run.contains(MARK)) {
            return Err(ScriptError::Commands { file: file.to_owned() });
        }
        Ok(script)
    }

    /// The script that only ends the guest.
    #[must_use]
    pub fn farewell(&self) -> Self {
        Self { command: Vec::new(), ..self.clone() }
    }

    /// The guest's time for a step, or until the shell asks.
    pub(crate) fn patience(&self, step: Option<&Step>) -> Duration {
        let seconds = step.and_then(|step| step.seconds).unwrap_or(self.seconds);
        Duration::from_secs(seconds.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_of_the_guests_are_well_formed() {
        for file in ["../../guests/linux/session.toml", "../../guests/shell/session.toml"] {
            let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
            let script = Script::read(&file, Machine::Pc, 1);
            assert!(script.is_ok(), "{}: {script:?}", file.display());
        }
    }

    #[test]
    fn commands_for_more_guests_or_another_machine_are_left_out() {
        let file = std::env::temp_dir().join(format!("script-{}.toml", std::process::id()));
        let text = "[[command]]\nrun = \"any\"\n[[command]]\nrun = \"ping\"\nguests = 2\n\
                    [[command]]\nrun = \"chip\"\nonly = \"scc\"\n";
        std::fs::write(&file, text).expect("writable");
        let commands = |machine, guests| {
            let script = Script::read(&file, machine, guests).expect("well formed");
            script.command.into_iter().map(|step| step.run).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(commands(Machine::Pc, 1), "any");
        assert_eq!(commands(Machine::Pc, 2), "any ping");
        assert_eq!(commands(Machine::Scc, 48), "any ping chip");
        std::fs::remove_file(&file).expect("a file of this test");
    }

    #[test]
    fn what_is_left_out_is_as_linux_wants_it() {
        let script: Script =
            toml::from_str("[[command]]\nrun = \"true\"\nseconds = 5\n").expect("well formed");
        assert_eq!((script.prompt.as_str(), script.end.as_str()), ("guest:", "poweroff -f"));
        assert_eq!(script.patience(None), Duration::from_secs(60));
        assert_eq!(script.patience(script.command.first()), Duration::from_secs(5));
        assert!(toml::from_str::<Script>("[[command]]\nrun = \"true\"\nanswers = \"\"\n").is_err());
    }
}
