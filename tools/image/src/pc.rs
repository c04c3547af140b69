//! Booting a kernel on a PC that QEMU emulates: what QEMU is given, and what its exit status says.
//!
//! QEMU loads the kernel as a multiboot program, with the table of function names as its first module and the list of
//! guests, if there are any, as its second. The kernel's
//! console is QEMU's standard output; its end is QEMU's exit status, see [`trace_format::debug_exit`].

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use trace_format::debug_exit;

use crate::{KernelFile, name_table};

/// The program that emulates the PC.
pub const QEMU: &str = "qemu-system-i386";
/// Debian's package of it.
pub const QEMU_PACKAGE: &str = "qemu-system-x86";
/// Memory of the PC in MB.
const MEGABYTES: &str = "64";

/// Contents of the module that a kernel on a PC takes for its symbol table.
#[must_use]
pub fn symbol_module(kernel: &KernelFile) -> Vec<u8> {
    name_table(&kernel.functions)
}

/// QEMU with a Pentium without MMX, as the SCC's cores are. `modules` are files with [`symbol_module`] and,
/// if there are guests, with [`guest_list`](crate::guest_list). QEMU ends when the kernel does or when it shuts the
/// processor down.
#[must_use]
pub fn qemu(kernel: &Path, modules: &[PathBuf], command_line: &str) -> Command {
    let mut command = Command::new(QEMU);
    command
        .args(["-cpu", "pentium,-mmx", "-accel", "tcg", "-m", MEGABYTES, "-nodefaults", "-no-reboot"])
        .args(["-display", "none", "-monitor", "none", "-serial", "stdio", "-device"])
        .arg(format!("isa-debug-exit,iobase={:#x},iosize=1", debug_exit::PORT))
        .arg("-kernel")
        .arg(kernel)
        .arg("-initrd")
        .arg(list_value(modules))
        .args(["-append", command_line]);
    command
}

/// Gives the PC a second serial port, which is the guests' terminal: QEMU connects it to the Unix socket at `socket`, on
/// which somebody must listen.
pub fn with_terminal(qemu: &mut Command, socket: &Path) {
    let mut device = OsString::from("socket,id=terminal,path=");
    device.push(list_value(&[socket.to_owned()]));
    qemu.arg("-chardev").arg(device).args(["-serial", "chardev:terminal"]);
}

/// Modules are separated by commas; a comma in a name is written twice.
fn list_value(paths: &[PathBuf]) -> OsString {
    let mut list = OsString::new();
    for (number, path) in paths.iter().enumerate() {
        if number != 0 {
            list.push(",");
        }
        list.push(path.to_str().map_or_else(|| path.into(), |text| OsString::from(text.replace(',', ",,"))));
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn qemu_is_given_kernel_modules_and_words() {
        let modules = ["/k/a,b", "/k/c"].map(PathBuf::from);
        let command = qemu(Path::new("/k/kernel-pc"), &modules, "selftest log=debug");
        let words: Vec<_> = command.get_args().map(|word| word.to_string_lossy().into_owned()).collect();
        let tail = ["-kernel", "/k/kernel-pc", "-initrd", "/k/a,,b,/k/c", "-append", "selftest log=debug"];
        assert_eq!(words[words.len() - 6..], tail);
        assert!(words.contains(&"isa-debug-exit,iobase=0xf4,iosize=1".to_owned()));
    }
}
