//! A session that is typed: QEMU's PC boots the kernel that runs on a processor of its own, its console is a serial port.

use std::io::{Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use super::super::Variant;
use super::super::places::Places;
use super::{Answer, MARK, Script, SessionError};

/// QEMU's program for a 32-bit PC.
const QEMU: &str = "qemu-system-i386";
/// A Pentium without MMX, the closest that QEMU has to a P54C; TCG, so that no later processor executes the guest.
const MACHINE: &[&str] =
    &["-accel", "tcg", "-cpu", "pentium,-mmx", "-m", "32", "-nographic", "-no-reboot", "-net", "none"];
/// Time until the shell answers, and for each command.
const PATIENCE: Duration = Duration::from_secs(60);

/// QEMU with the kernel for a PC, its console on this terminal.
pub(in super::super) fn qemu(places: &Places) -> Command {
    let mut qemu = Command::new(QEMU);
    qemu.args(MACHINE);
    qemu.arg("-kernel").arg(places.kernel(Variant::Native).join("arch/x86/boot/bzImage"));
    qemu.arg("-initrd").arg(places.file_system()).args(["-append", "console=ttyS0 quiet panic=-1"]);
    qemu
}

/// Boots, types every command, and ends the guest by its own `reboot`.
pub(super) fn run(places: &Places, script: &Script) -> Result<(), SessionError> {
    let started = Instant::now();
    let mut console = Console::start(qemu(places))?;
    console.boot()?;
    println!("session: shell after {:.1} s", started.elapsed().as_secs_f64());
    for step in &script.command {
        let answer = console.ask(&step.run)?;
        step.compare(&answer)?;
        println!("session: ok: {}", step.run);
    }
    console.end()
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
            Err(RecvTimeoutError::Timeout) => {
                return Err(SessionError::Silent { seen: self.seen.clone(), patience: PATIENCE.as_secs() });
            }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answer_is_what_stands_before_a_whole_mark() {
        assert_eq!(answer_in("42\r\nsession-status:0:\r\n"), Some(Answer { text: "42".into(), status: 0 }));
        assert_eq!(answer_in("42\r\nsession-status:1"), None);
        assert_eq!(answer_in("42\r\n"), None);
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
