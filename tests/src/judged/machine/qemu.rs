//! QEMU's PC with the ROM in place of its BIOS.

use super::process::{Directory, Running};
use super::{Judge, MachineError};
use crate::judged::volume::Rom;
use std::fs;
use std::process::Command;

const SERIAL: &str = "serial.txt";
const MESSAGES: &str = "messages.txt";

/// Starts QEMU. With `-no-reboot` a shutdown of the processor ends it with status 0, the exit device never does.
pub(super) fn start(rom: &Rom) -> Result<Running, MachineError> {
    let judge = Judge::Qemu;
    let failed = |source| MachineError::Host { judge, source };
    let directory = Directory::new().map_err(failed)?;
    fs::write(directory.file("rom.bin"), &rom.bytes).map_err(failed)?;
    let mut command = Command::new("qemu-system-i386");
    command
        .args(["-cpu", "pentium,-mmx", "-accel", "tcg", "-m", "16", "-bios", "rom.bin"])
        .args(["-nodefaults", "-display", "none", "-monitor", "none", "-no-reboot"])
        .args(["-device", "isa-debug-exit,iobase=0xf4,iosize=4", "-serial", "file:serial.txt"]);
    let child = Running::start(judge, "qemu-system-x86", &mut command, &directory, MESSAGES)?;
    Ok(Running { judge, child, directory, serial: SERIAL, messages: MESSAGES, shutdown: None })
}
