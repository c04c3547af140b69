//! Bochs as Debian builds it: with its debugger, which is told to continue, and without a display for nobody,
//! so that it serves one over the network to whoever asks.

use super::process::{Directory, Running};
use super::{Judge, MachineError};
use crate::judged::volume::Rom;
use std::fs;
use std::process::Command;

const SERIAL: &str = "serial.txt";
const MESSAGES: &str = "messages.txt";

/// The slowest clock makes the serial port's characters the shortest in instructions.
const SETTINGS: &str = "\
config_interface: textconfig
display_library: rfb, options=\"timeout=0\"
cpu: model=pentium, count=1, ips=1000000, reset_on_triple_fault=0
memory: guest=16, host=16
romimage: file=rom.bin, address=0xffff0000
vgaromimage: file=vga.bin
vga: extension=none
com1: enabled=1, mode=file, dev=serial.txt
boot: disk
clock: sync=none
sound: driver=dummy
log: log.txt
panic: action=fatal
error: action=ignore
info: action=ignore
debug: action=ignore
";

/// Starts Bochs. It ends with a panic, as much after a shutdown as at its exit port.
pub(super) fn start(rom: &Rom) -> Result<Running, MachineError> {
    let judge = Judge::Bochs;
    let failed = |source| MachineError::Host { judge, source };
    let directory = Directory::new().map_err(failed)?;
    fs::write(directory.file("rom.bin"), &rom.bytes).map_err(failed)?;
    fs::write(directory.file("vga.bin"), no_display()).map_err(failed)?;
    fs::write(directory.file("settings"), SETTINGS).map_err(failed)?;
    fs::write(directory.file("debugger"), "c\n").map_err(failed)?;
    let mut command = Command::new("bochs");
    command.args(["-q", "-f", "settings", "-rc", "debugger"]);
    let child = Running::start(judge, "bochs", &mut command, &directory, MESSAGES)?;
    Ok(Running {
        judge,
        child,
        directory,
        serial: SERIAL,
        messages: MESSAGES,
        shutdown: Some("exception with no resolution"),
    })
}

/// An option ROM of 512 bytes without code, in place of the VGA BIOS that Bochs insists on.
fn no_display() -> Vec<u8> {
    let mut rom = vec![0; 512];
    rom[..3].copy_from_slice(&[0x55, 0xAA, 1]);
    rom
}
