//! Another machine as a child process with a directory of its own.

use super::{Judge, Outcome, Transcript};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// How long a machine may take for a ROM.
const BOUND: Duration = Duration::from_secs(40);
/// How often it is looked at.
const STEP: Duration = Duration::from_millis(5);

/// Why a judge gave no transcript.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MachineError {
    /// The program is not there.
    #[error("{judge} is not installed: run `cargo xtask setup`, or `apt-get install {package}`")]
    NotInstalled {
        /// Which one.
        judge: Judge,
        /// Debian's name of its package.
        package: &'static str,
    },
    /// Its files or its process made trouble.
    #[error("{judge}: {source}")]
    Host {
        /// Which one.
        judge: Judge,
        /// What the host says.
        source: io::Error,
    },
}

/// A directory that is removed with its contents.
#[derive(Debug)]
pub(super) struct Directory {
    path: PathBuf,
}

impl Directory {
    pub(super) fn new() -> io::Result<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("judged-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path)?;
        Ok(Directory { path })
    }

    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        // A directory that stays behind harms nobody.
        drop(fs::remove_dir_all(&self.path));
    }
}

/// A running machine.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) judge: Judge,
    pub(super) child: Child,
    pub(super) directory: Directory,
    /// File with the output of the serial port.
    pub(super) serial: &'static str,
    /// File with the machine's own messages.
    pub(super) messages: &'static str,
    /// What a message says when the processor shut down; `None` if the process just ends then.
    pub(super) shutdown: Option<&'static str>,
}

impl Running {
    /// Starts `command` in `directory`, its messages into a file.
    pub(super) fn start(
        judge: Judge,
        package: &'static str,
        command: &mut Command,
        directory: &Directory,
        messages: &str,
    ) -> Result<Child, MachineError> {
        let failed = |source: io::Error| match source.kind() {
            io::ErrorKind::NotFound => MachineError::NotInstalled { judge, package },
            _ => MachineError::Host { judge, source },
        };
        let file = fs::File::create(directory.file(messages)).map_err(failed)?;
        let again = file.try_clone().map_err(failed)?;
        let command = command.current_dir(directory.path()).stdin(Stdio::null()).stdout(file).stderr(again);
        command.spawn().map_err(failed)
    }

    /// Waits for the end, for a limited time.
    pub(super) fn finish(mut self) -> Result<Transcript, MachineError> {
        let judge = self.judge;
        self.wait().map_err(|source| MachineError::Host { judge, source })
    }

    fn wait(&mut self) -> io::Result<Transcript> {
        let deadline = Instant::now() + BOUND;
        let mut ended = None;
        while ended.is_none() && Instant::now() < deadline {
            ended = self.child.try_wait()?;
            if ended.is_none() {
                thread::sleep(STEP);
            }
        }
        let messages = fs::read(self.directory.file(self.messages))?;
        let messages = String::from_utf8_lossy(&messages);
        let otherwise = match (ended, self.shutdown) {
            (None, _) => {
                self.child.kill()?;
                self.child.wait()?;
                Outcome::Stuck("it did not end".to_owned())
            }
            (Some(status), None) if status.success() => Outcome::Shutdown,
            (Some(_), Some(text)) if messages.contains(text) => Outcome::Shutdown,
            (Some(status), _) => Outcome::Stuck(format!("{status}; {}", tail(&messages))),
        };
        // A machine that never printed has no file.
        let serial = fs::read(self.directory.file(self.serial)).unwrap_or_default();
        Ok(Transcript::new(&serial, otherwise))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Errors say that it has ended.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn tail(messages: &str) -> String {
    let lines: Vec<&str> = messages.lines().collect();
    lines[lines.len().saturating_sub(12)..].join(" | ")
}
