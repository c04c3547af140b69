//! A session with the guest: QEMU's PC boots it, commands are typed at its shell, answers are compared.
//!
//! The console is the PC's first serial port. After each command the shell is asked to print a mark with the command's
//! exit status; what stands before the mark is the answer. A guest that does not reach the next mark in time is ended.

use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use serde::Deserialize;

use super::Variant;
use super::places::Places;

/// QEMU's program for a 32-bit PC.
const QEMU: &str = "qemu-system-i386";
/// A Pentium without MMX, the closest that QEMU has to a P54C; TCG, so that no later processor executes the guest.
const MACHINE: &[&str] =
    &["-accel", "tcg", "-cpu", "pentium,-mmx", "-m", "32", "-nographic", "-no-reboot", "-net", "none"];
/// Time until the shell answers, and for each command.
const PATIENCE: Duration = Duration::from_secs(60);
/// What the shell prints after each command, before the exit status.
const MARK: &str = "session-status:";

/// The commands.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Script {
    command: Vec<Step>,
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
}

/// QEMU with the kernel for a PC, its console on this terminal.
pub(super) fn qemu(places: &Places) -> Command {
    let mut qemu = Command::new(QEMU);
    qemu.args(MACHINE);
    qemu.arg("-kernel").arg(places.kernel(Variant::Native).join("arch/x86/boot/bzImage"));
    qemu.arg("-initrd").arg(places.file_system()).args(["-append", "console=ttyS0 quiet panic=-1"]);
    qemu
}

/// Boots, types every command of `guests/linux/session.toml`, and ends the guest by its own `reboot`.
pub(super) fn run(places: &Places) -> Result<(), SessionError> {
    let path = places.own("session.toml");
    let text = std::fs::read_to_string(&path).map_err(|source| SessionError::File { path, source })?;
    let script: Script = toml::from_str(&text).map_err(|source| SessionError::Script(Box::new(source)))?;
    let started = Instant::now();
    let mut console = Console::start(qemu(places))?;
    console.boot()?;
    println!("session: shell after {:.1} s", started.elapsed().as_secs_f64());
    for step in &script.command {
        let answer = console.ask(&step.run)?;
        step.compare(&answer)?;
        println!("session: ok: {}", step.run);
    }
    console.end()?;
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

/// The guest's console.
struct Console {
    child: Child,
    input: ChildStdin,
    output: Receiver<Vec<u8>>,
    seen: String,
}

impl Console {
    fn start(mut qemu: Command) -> Result<Self, SessionError> {
        qemu.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = qemu.spawn().map_err(SessionError::Qemu)?;
        let (Some(input), Some(mut stream)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(SessionError::Qemu(std::io::ErrorKind::BrokenPipe.into()));
        };
        let (sender, output) = mpsc::channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(length @ 1..) = stream.read(&mut buffer) {
                if sender.send(buffer[..length].to_vec()).is_err() {
                    break;
                }
            }
        });
        Ok(Self { child, input, output, seen: String::new() })
    }

    /// Waits for the shell; its prompt is made empty, and it does not repeat what is typed.
    fn boot(&mut self) -> Result<(), SessionError> {
        self.wait_for("guest:")?;
        self.type_line("stty -echo; PS1=; PS2=")?;
        self.ask("true").map(drop)
    }

    fn ask(&mut self, command: &str) -> Result<Answer, SessionError> {
        self.seen.clear();
        self.type_line(command)?;
        self.type_line(&format!("echo \"{MARK}$?:\""))?;
        loop {
            if let Some(answer) = answer_in(&self.seen) {
                return Ok(answer);
            }
            self.read_more(Instant::now() + PATIENCE)?;
        }
    }

    /// Restarts the machine, which ends QEMU.
    fn end(mut self) -> Result<(), SessionError> {
        self.type_line("reboot -f")?;
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.read_more(deadline) {
                Ok(()) => {}
                Err(SessionError::Ended { .. }) => break,
                Err(error) => return Err(error),
            }
        }
        let status = self.child.wait().map_err(SessionError::Qemu)?;
        if status.success() { Ok(()) } else { Err(SessionError::Ended { seen: format!("{status}") }) }
    }

    fn type_line(&mut self, line: &str) -> Result<(), SessionError> {
        self.input
            .write_all(line.as_bytes())
            .and_then(|()| self.input.write_all(b"\n"))
            .map_err(SessionError::Qemu)
    }

    fn wait_for(&mut self, text: &str) -> Result<(), SessionError> {
        let deadline = Instant::now() + PATIENCE;
        while !self.seen.contains(text) {
            self.read_more(deadline)?;
        }
        Ok(())
    }

    fn read_more(&mut self, deadline: Instant) -> Result<(), SessionError> {
        let left = deadline.saturating_duration_since(Instant::now());
        match self.output.recv_timeout(left) {
            Ok(bytes) => self.seen.push_str(&String::from_utf8_lossy(&bytes)),
            Err(RecvTimeoutError::Timeout) => return Err(SessionError::Silent { seen: self.seen.clone() }),
            Err(RecvTimeoutError::Disconnected) => {
                return Err(SessionError::Ended { seen: self.seen.clone() });
            }
        }
        Ok(())
    }
}

impl Drop for Console {
    /// Ends QEMU if it still runs; that it has ended already is no error.
    fn drop(&mut self) {
        if self.child.kill().is_ok() {
            drop(self.child.wait());
        }
    }
}

/// The answer before the first whole mark.
fn answer_in(seen: &str) -> Option<Answer> {
    let (before, after) = seen.split_once(MARK)?;
    let status = after.split_once(':')?.0.parse().ok()?;
    Some(Answer { text: before.replace('\r', "").trim().to_owned(), status })
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
    #[error("{QEMU}: {0}")]
    Qemu(std::io::Error),
    /// The guest says nothing more.
    #[error("the guest did not answer within {} s; before that it said:\n{seen}", PATIENCE.as_secs())]
    Silent {
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
    fn answer_is_what_stands_before_a_whole_mark() {
        assert_eq!(answer_in("42\r\nsession-status:0:\r\n"), Some(Answer { text: "42".into(), status: 0 }));
        assert_eq!(answer_in("42\r\nsession-status:1"), None);
        assert_eq!(answer_in("42\r\n"), None);
    }

    #[test]
    fn other_answer_and_other_status_are_told() {
        let step = Step { run: "f".into(), says: Some("a".into()), status: 0 };
        let answer = |text: &str, status| Answer { text: text.into(), status };
        assert!(step.compare(&answer("a", 0)).is_ok());
        assert!(step.compare(&answer("b", 0)).is_err());
        assert!(step.compare(&answer("a", 1)).is_err());
    }

    #[test]
    fn machine_that_ends_early_is_told_with_what_it_said() {
        let mut shell = Command::new("sh");
        shell.args(["-c", "echo panic"]);
        let mut console = Console::start(shell).expect("sh starts");
        let error = console.wait_for("guest:").expect_err("no shell");
        assert!(matches!(error, SessionError::Ended { seen } if seen.contains("panic")));
    }
}
