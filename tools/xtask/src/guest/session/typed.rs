//! A session that is typed: QEMU's PC boots the kernel that runs on a processor of its own, its console is a serial port.

use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use guest_terminal::{Dialogue, Script};

use super::super::Variant;
use super::super::places::Places;
use super::SessionError;

/// QEMU's program for a 32-bit PC.
const QEMU: &str = "qemu-system-i386";
/// A Pentium without MMX, the closest that QEMU has to a P54C; TCG, so that no later processor executes the guest.
const MACHINE: &[&str] =
    &["-accel", "tcg", "-cpu", "pentium,-mmx", "-m", "32", "-nographic", "-no-reboot", "-net", "none"];
/// Time between two looks at the clock.
const STEP: Duration = Duration::from_millis(100);
/// Restarts the machine, which ends QEMU; such a kernel cannot turn it off.
const END: &str = "reboot -f";

/// QEMU with the kernel for a PC, its console on this terminal.
pub(in super::super) fn qemu(places: &Places) -> Command {
    let mut qemu = Command::new(QEMU);
    qemu.args(MACHINE);
    qemu.arg("-kernel").arg(places.kernel(Variant::Native).join("arch/x86/boot/bzImage"));
    qemu.arg("-initrd").arg(places.file_system()).args(["-append", "console=ttyS0 quiet panic=-1"]);
    qemu
}

/// Boots, types every command, and ends the guest.
pub(super) fn run(places: &Places, script: Script) -> Result<(), SessionError> {
    talk(qemu(places), Script { end: END.to_owned(), ..script })
}

/// Types at a machine what the script says, until it ends.
fn talk(mut machine: Command, script: Script) -> Result<(), SessionError> {
    machine.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut machine = Child(machine.spawn().map_err(SessionError::Qemu)?);
    let (Some(mut input), Some(mut stream)) = (machine.0.stdin.take(), machine.0.stdout.take()) else {
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
    let (mut dialogue, mut told) = (Dialogue::new(script, Duration::ZERO), 0);
    let started = Instant::now();
    loop {
        let heard = match output.recv_timeout(STEP) {
            Ok(bytes) => bytes,
            Err(RecvTimeoutError::Timeout) => Vec::new(),
            Err(RecvTimeoutError::Disconnected) => break,
        };
        let typed = dialogue.hear(&heard, started.elapsed())?;
        input.write_all(typed.as_bytes()).map_err(SessionError::Qemu)?;
        for answered in &dialogue.answered()[told..] {
            println!("session: ok: {}", answered.run);
        }
        told = dialogue.answered().len();
    }
    dialogue.ended()?;
    let status = machine.0.wait().map_err(SessionError::Qemu)?;
    if status.success() { Ok(()) } else { Err(SessionError::Status(status)) }
}

/// QEMU.
struct Child(std::process::Child);

impl Drop for Child {
    /// Ends QEMU if it still runs; that it has ended already is no error.
    fn drop(&mut self) {
        if self.0.kill().is_ok() {
            drop(self.0.wait());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machine_that_ends_early_is_told_with_what_it_said() {
        let mut shell = Command::new("sh");
        shell.args(["-c", "echo panic"]);
        let script = toml::from_str("command = []").expect("well formed");
        let error = talk(shell, script).expect_err("no shell");
        assert!(error.to_string().contains("panic"), "{error}");
    }
}
