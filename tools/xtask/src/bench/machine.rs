//! The machines that are compared, and how each is started with a ROM image.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::bench::BenchError;
use crate::process;

/// A machine of the comparison.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Machine {
    /// `scc-emu --model fast --timing flat`
    FastFlat,
    /// `scc-emu --model strict --timing scc`
    StrictScc,
    /// QEMU's PC with a Pentium, TCG
    Qemu,
    /// Bochs with a Pentium
    Bochs,
}

/// Name of Bochs' program.
const BOCHS: &str = "bochs";
/// Name of QEMU's program.
const QEMU: &str = "qemu-system-i386";

/// Settings of Bochs: what a PC needs at least. No time is spent on a display that nobody sees, the clock is not
/// tied to the host's, and timers are rare in terms of instructions.
const BOCHS_SETTINGS: &str = "\
vgaromimage: file=vga.bin
cpu: model=pentium, count=1, ips=100000000, reset_on_triple_fault=0
memory: guest=32, host=32
display_library: rfb, options=\"timeout=0\"
vga: extension=none, update_freq=1
com1: enabled=1, mode=file, dev=console.txt
plugin_ctrl: unmapped=true, biosdev=false, speaker=false, extfpuirq=false, parallel=false, serial=true, gameport=false
sound: waveoutdrv=dummy, waveindrv=dummy, midioutdrv=dummy
pci: enabled=0
ata0: enabled=0
floppya: type=none
clock: sync=none
log: bochs.log
panic: action=fatal
";
/// Commands for a Bochs with a built-in debugger, as Debian's is: it stops before the first instruction.
const BOCHS_COMMANDS: &str = "c\nquit\n";

impl Machine {
    /// All of them, in the order of the report.
    pub(super) const ALL: [Self; 4] = [Self::FastFlat, Self::StrictScc, Self::Qemu, Self::Bochs];

    /// Name in tables.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::FastFlat => "fast/flat",
            Self::StrictScc => "strict/scc",
            Self::Qemu => "QEMU",
            Self::Bochs => "Bochs",
        }
    }

    /// Whether it is this project's emulator.
    pub(super) fn is_ours(self) -> bool {
        matches!(self, Self::FastFlat | Self::StrictScc)
    }

    /// What the parameter block calls it.
    pub(super) fn number(self) -> u32 {
        u32::from(!self.is_ours())
    }

    /// First line of what the program says about its version; `None` if it is not installed.
    pub(super) fn version(self) -> Option<String> {
        let (program, arguments, mark) = match self {
            Self::Qemu => (QEMU, &["--version"][..], "version"),
            Self::Bochs => (BOCHS, &["--help", "features"][..], "Bochs x86 Emulator"),
            _ => return Some("scc-emu of this workspace".to_owned()),
        };
        let text = said_by(Command::new(program).args(arguments))?;
        Some(text.lines().find(|line| line.contains(mark)).unwrap_or(program).trim().to_owned())
    }
}

/// Everything that the program wrote, whatever its exit status.
fn said_by(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).output().ok()?;
    let bytes = [output.stdout, output.stderr].concat();
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// A folder from which one machine is started; its files are written once.
#[derive(Debug)]
pub(super) struct Stand {
    machine: Machine,
    folder: PathBuf,
    emulator: PathBuf,
    rom_base: u64,
    bochs_has_debugger: bool,
}

impl Stand {
    /// Prepares `folder` for `machine`; `emulator` is the path of `scc-emu`, images begin at `rom_base`.
    pub(super) fn new(
        machine: Machine,
        folder: PathBuf,
        emulator: &Path,
        rom_base: u64,
    ) -> Result<Self, BenchError> {
        let broken = |source| BenchError::File { path: folder.clone(), source };
        std::fs::create_dir_all(&folder).map_err(broken)?;
        let mut bochs_has_debugger = false;
        if machine == Machine::Bochs {
            let help = said_by(Command::new(BOCHS).arg("--help")).unwrap_or_default();
            bochs_has_debugger = help.lines().any(|line| line.trim_start().starts_with("-rc "));
            let settings = format!("romimage: file=rom.bin, address={rom_base:#x}\n{BOCHS_SETTINGS}");
            std::fs::write(folder.join("bochsrc"), settings).map_err(broken)?;
            std::fs::write(folder.join("commands"), BOCHS_COMMANDS).map_err(broken)?;
            std::fs::write(folder.join("vga.bin"), empty_video_rom()).map_err(broken)?;
        }
        Ok(Self { machine, folder, emulator: emulator.to_path_buf(), rom_base, bochs_has_debugger })
    }

    /// Where the image goes.
    pub(super) fn rom_path(&self) -> PathBuf {
        self.folder.join("rom.bin")
    }

    /// Where the emulator writes its statistics.
    pub(super) fn statistics_path(&self) -> PathBuf {
        self.folder.join("statistics.json")
    }

    /// The command that boots the image on one core; its output goes to files.
    pub(super) fn command(&self) -> Result<Command, BenchError> {
        let mut command = match self.machine {
            Machine::FastFlat | Machine::StrictScc => self.emulator_command(&[("rom.bin", "0")], "0"),
            Machine::Qemu => qemu_command(),
            Machine::Bochs => self.bochs_command(),
        };
        self.write_to_files(&mut command)?;
        Ok(command)
    }

    /// The command that boots images on several cores: (file, cores) each, released in this order.
    pub(super) fn board_command(&self, loads: &[(&str, &str)], release: &str) -> Result<Command, BenchError> {
        let mut command = self.emulator_command(loads, release);
        self.write_to_files(&mut command)?;
        Ok(command)
    }

    /// Everything the program has written: standard output, and the serial port where that is a file.
    pub(super) fn output(&self) -> String {
        let read = |name| std::fs::read(self.folder.join(name)).unwrap_or_default();
        String::from_utf8_lossy(&[read("output.txt"), read("console.txt")].concat()).into_owned()
    }

    /// Folder of this stand.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    fn emulator_command(&self, loads: &[(&str, &str)], release: &str) -> Command {
        let (model, timing) = match self.machine {
            Machine::StrictScc => ("strict", "scc"),
            _ => ("fast", "flat"),
        };
        let mut command = Command::new(&self.emulator);
        command.args(["run", "--model", model, "--timing", timing, "--diagnostics", "off"]);
        for (file, cores) in loads {
            command.args(["--load".to_owned(), format!("{file}@{:#x}#{cores}", self.rom_base)]);
        }
        command.args(["--release", release, "--stats"]).arg(self.statistics_path());
        command
    }

    fn bochs_command(&self) -> Command {
        let mut command = Command::new(BOCHS);
        command.args(["-q", "-f", "bochsrc"]);
        if self.bochs_has_debugger {
            command.args(["-rc", "commands"]);
        }
        command
    }

    fn write_to_files(&self, command: &mut Command) -> Result<(), BenchError> {
        for name in ["output.txt", "console.txt", "statistics.json"] {
            let path = self.folder.join(name);
            match std::fs::remove_file(&path) {
                Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                    return Err(BenchError::File { path, source });
                }
                _ => {}
            }
        }
        let path = self.folder.join("output.txt");
        let broken = |source| BenchError::File { path: path.clone(), source };
        let file = File::create(&path).map_err(broken)?;
        let copy = file.try_clone().map_err(broken)?;
        command.current_dir(&self.folder).stdin(Stdio::null()).stdout(file).stderr(copy);
        Ok(())
    }
}

fn qemu_command() -> Command {
    let mut command = Command::new(QEMU);
    command.args(["-cpu", "pentium", "-accel", "tcg", "-m", "32", "-bios", "rom.bin", "-display", "none"]);
    command.args(["-no-reboot", "-monitor", "none", "-serial", "file:console.txt"]);
    command.args(["-device", "isa-debug-exit,iobase=0xf4,iosize=4"]);
    command
}

/// The shortest video ROM that Bochs takes: mark, length in blocks, and bytes that add up to zero.
fn empty_video_rom() -> Vec<u8> {
    let mut rom = vec![0; 512];
    rom[..3].copy_from_slice(&[0x55, 0xAA, 1]);
    let sum = rom.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
    rom[511] = sum.wrapping_neg();
    rom
}

/// The command as one would type it, for the report.
pub(super) fn shown(command: &Command) -> String {
    let mut short = Command::new(command.get_program());
    // The path of the statistics file is long and says nothing.
    short.args(command.get_args().map(|argument| {
        let path = Path::new(argument);
        path.file_name().filter(|_| path.is_absolute()).unwrap_or(argument)
    }));
    process::shown(&short)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn video_rom_adds_up_to_zero() {
        let sum = empty_video_rom().iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
        assert_eq!(sum, 0);
    }

    #[test]
    fn emulator_is_called_with_model_timing_and_image() {
        let folder = std::env::temp_dir().join("xtask-stand-test");
        let stand = Stand::new(Machine::StrictScc, folder, Path::new("/x/scc-emu"), 0xFFFE_0000);
        let text = shown(&stand.expect("prepared").command().expect("made"));
        assert_eq!(
            text,
            "scc-emu run --model strict --timing scc --diagnostics off --load rom.bin@0xfffe0000#0 --release 0 \
             --stats statistics.json"
        );
    }
}
